"""Depth as an image, and an image as depth: the conventions of other tools, both ways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..conversions import NEAR_FRACTION, to_depth
from ..depth_map import DepthMap
from ..errors import InvalidInput
from ..images import FrameSequence, Images, frames, is_grey, luminance, resize
from ..ranges import Window, as_disparity, normalised
from ..white import LOGARITHMIC, OFFERED, White
from .colour_map import colorize

__all__ = ["MEANINGS", "SCALES", "RenderOptions", "from_image", "render"]

SCALES: tuple[str, ...] = ("disparity", "depth")
METRES = "values are metres"
MEANINGS: tuple[str, ...] = (*(white.value for white in (*OFFERED, *LOGARITHMIC)), METRES)


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """How depth becomes an image.

    colormap: one of COLORMAPS. near_is: "white" or "black" (the start or the end of a colour map).
    scale: "disparity" spreads the near part, as ControlNets expect; "depth" is linear in distance.
    multiple: both sides of the image are rounded to a multiple of it; 1 keeps the size.
    """

    colormap: str = "grey"
    near_is: str = "white"
    scale: str = "disparity"
    multiple: int = 1


def render(depth: DepthMap, options: RenderOptions, window: Window) -> Tensor:
    """(B, H', W', 3) float32 in 0..1. Invalid pixels are black. Raises InvalidInput on an option
    that does not exist."""
    if options.scale not in SCALES or options.near_is not in ("white", "black"):
        raise InvalidInput(
            f"Unknown scale {options.scale!r} or end {options.near_is!r}; use disparity or depth, "
            "white or black."
        )
    convert = as_disparity if options.scale == "disparity" else _as_distance
    shown, shown_window = convert(depth, window)
    white = White.of(near=options.near_is == "white", disparity=shown.near_is_large)
    height, width = (_to_multiple(side, options.multiple) for side in (depth.height, depth.width))
    out = torch.empty(depth.batch, height, width, 3)
    # A frame at a time: painting needs five times the memory of the image.
    for index, plane in enumerate(normalised(shown, shown_window)):
        valid = depth.valid[index]
        grey = plane if white.is_larger else torch.where(valid, white.turned(plane), plane)
        out[index] = resize(colorize(grey, options.colormap, valid)[None], height, width)[0]
    return out


def _as_distance(depth: DepthMap, window: Window) -> tuple[DepthMap, Window]:
    """Distance, and the same window on it; a window is in the map's own values."""
    window = window.ordered()
    if depth.kind != "disparity" or window.method == "min-max":
        return to_depth(depth), window
    if window.method == "percentile":
        return to_depth(depth), replace(window, low=100 - window.high, high=100 - window.low)
    shown = replace(window, low=NEAR_FRACTION, high=1.0)
    return to_depth(depth, ends=(window.low, window.high)), shown


def _to_multiple(side: int, multiple: int) -> int:
    return max(round(side / multiple), 1) * multiple


def from_image(
    image: Images, meaning: str, near: float = 0.0, far: float = 0.0, *, name: str = "image"
) -> DepthMap:
    """The depth an image stands for.

    image: (B, H, W, C); grey, or three equal channels; alpha below one half marks invalid pixels.
    meaning: one of MEANINGS. near, far: metres that the near and the far end of the 0..1 range
    stand for; 0 and 0 leave the depth relative. name: of the input, for errors. Raises
    InvalidInput on a coloured image and on a range that is none.
    """
    if meaning not in MEANINGS:
        raise InvalidInput(f"Unknown meaning {meaning!r}; use one of: {'; '.join(MEANINGS)}.")
    if not isinstance(image, Tensor):
        return _read_in_turn(image, lambda one: from_image(one, meaning, near, far, name=name))
    stack = frames(image, name).detach().to("cpu", torch.float32)
    valid = stack[..., 3] >= 0.5 if stack.shape[-1] == 4 else torch.ones(stack.shape[:3]).bool()
    values = _one_channel(stack, name)
    source = f"image, {meaning}"
    if meaning == METRES:
        return DepthMap.make(values, "metric", valid, source=source)
    values = torch.where(torch.isfinite(values), values.clamp(0, 1), values)
    white = White(meaning)
    if near == 0 and far == 0:
        kind, values = white.relative(values)
        return DepthMap.make(values, kind, valid, source=source)
    _check_range(near, far)
    return DepthMap.make(white.metres(values, near, far), "metric", valid, source=source)


def _read_in_turn(images: FrameSequence, read: Callable[[Tensor], DepthMap]) -> DepthMap:
    """One map of all frames; no more than one image is held."""
    first = read(images[:1])
    values = torch.empty(len(images), first.height, first.width)
    valid = torch.empty(values.shape, dtype=torch.bool)
    for index in range(len(images)):
        one = read(images[index : index + 1]) if index else first
        values[index], valid[index] = one.values[0], one.valid[0]
    return replace(first, values=values, valid=valid)


def _one_channel(stack: Tensor, name: str) -> Tensor:
    if stack.shape[-1] == 1:
        return stack[..., 0]
    colour = stack[..., :3]
    if not is_grey(colour.numpy()):
        raise InvalidInput(
            f"The input '{name}' is coloured, so its values are not depth (a colour map cannot be "
            "undone, a photograph needs Depth Estimation). Connect a grey depth image."
        )
    return luminance(colour)


def _check_range(near: float, far: float) -> None:
    if not 0 < near < far:
        raise InvalidInput(
            f"near = {near} and far = {far} metres do not make a range; near must be above 0 "
            "and below far. Leave both at 0 for relative depth."
        )
