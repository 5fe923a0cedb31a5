"""Two eyes, or a moving camera, from one image and its depth."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..conversions import to_disparity
from ..depth_map import DepthMap
from ..errors import InvalidInput, MissingInformation, Stopped
from ..images import at_frame, check_pixels, luminance
from ..kernels import local_max
from ..progress import Progress
from ..ranges import Window, normalise
from .warp import fill_from_background, forward_warp

__all__ = ["LAYOUTS", "PATHS", "StereoOptions", "StereoResult", "parallax_clip", "stereo"]

EYES_MM = 63.0
# One more pixel of an outline is soft for each so many pixels of width: lens and sharpening.
_SOFT_EDGE = 2048
_RED_CYAN = (True, False, False)


@dataclass(frozen=True, slots=True)
class StereoOptions:
    """How far apart the eyes are, and what sits at the screen.

    strength: parallax between the farthest and the nearest point, percent of the image's width;
    2 to 3 is comfortable, 0 gives two equal images. screen: the nearness (0 farthest, 1 nearest)
    that appears at the screen: nearer things stand out of it. eye_distance_mm: above 0, a metric
    map with a camera is seen with eyes really that far apart (63 is human) and strength is ignored.
    fill: close what was hidden from the background side; else it stays black.
    """

    layout: str = "side by side"
    strength: float = 2.5
    screen: float = 0.5
    eye_distance_mm: float = 0.0
    fill: bool = True

    def __post_init__(self) -> None:
        if self.layout not in LAYOUTS:
            raise InvalidInput(f"Unknown layout {self.layout!r}; use one of {', '.join(LAYOUTS)}.")
        if not 0 <= self.strength <= 50 or not 0 <= self.screen <= 1 or self.eye_distance_mm < 0:
            raise InvalidInput(
                "strength is 0 to 50 percent of the width, screen 0 (farthest) to 1 (nearest), and "
                "the eye distance not negative."
            )


@dataclass(frozen=True, slots=True, eq=False)
class StereoResult:
    """images: (N, H', W', 3); holes: (N, H', W') float32, 1 = nothing was seen; report: words."""

    images: Tensor
    holes: Tensor
    report: str


def stereo(
    depth: DepthMap,
    image: Tensor,
    options: StereoOptions,
    *,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> StereoResult:
    """One stereo image per frame.

    image: (B or 1, H, W, 3) of the map's size. Raises InvalidInput where the two do not fit,
    MissingInformation where an eye distance is asked of a map without metres or camera.
    """
    near, parallax = _parallax(depth, image, options)

    def pair(index: int) -> tuple[Tensor, Tensor]:
        eyes = [
            _seen_from(
                at_frame(image, index),
                near[index],
                side * parallax[index],
                None,
                options.fill,
            )
            for side in (0.5, -0.5)
        ]
        (left, left_hole), (right, right_hole) = eyes
        return LAYOUTS[options.layout](left, right, left_hole, right_hole)

    images, holes = _gathered(pair, depth.batch, on_progress, should_stop)
    return StereoResult(images, holes, _viewing_report(parallax, depth.width))


def _gathered(
    frame: Callable[[int], tuple[Tensor, Tensor]],
    count: int,
    on_progress: Progress | None,
    should_stop: Callable[[], bool] | None,
) -> tuple[Tensor, Tensor]:
    """All frames in one tensor each, written in place: a list and its stack need twice as much."""
    images, holes = torch.empty(0), torch.empty(0)
    for index in range(count):
        if should_stop is not None and should_stop():
            raise Stopped
        image, hole = frame(index)
        if index == 0:
            images, holes = torch.empty(count, *image.shape), torch.empty(count, *hole.shape)
        images[index], holes[index] = image, hole
        if on_progress is not None:
            on_progress(index + 1, count)
    return images, holes


# A path gives the camera's place, in half-widths of the sway, at time 0..1 of the loop.
PATHS: dict[str, Callable[[float], tuple[float, float]]] = {
    "sway": lambda t: (math.sin(2 * math.pi * t), 0.0),
    "orbit": lambda t: (math.sin(2 * math.pi * t), 0.5 * math.cos(2 * math.pi * t)),
    "slide": lambda t: (2 * t - 1, 0.0),
}


def parallax_clip(
    depth: DepthMap,
    image: Tensor,
    options: StereoOptions,
    frames: int,
    path: str = "sway",
    *,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> StereoResult:
    """A short clip of a small camera move around the first image; sway and orbit loop.

    Raises InvalidInput on an unknown path or less than two frames, and as `stereo` does.
    """
    if path not in PATHS or frames < 2:
        raise InvalidInput(
            f"A clip needs at least 2 frames and a path of {', '.join(PATHS)}, not {frames} and "
            f"{path!r}."
        )
    near, parallax = _parallax(depth.frame(0), image[:1], options)

    def view(index: int) -> tuple[Tensor, Tensor]:
        time = index / (frames - 1) if path == "slide" else index / frames
        x, y = PATHS[path](time)
        return _seen_from(
            image[0], near[0], -0.5 * x * parallax[0], -0.5 * y * parallax[0], options.fill
        )

    images, holes = _gathered(view, frames, on_progress, should_stop)
    return StereoResult(images, holes, _viewing_report(parallax, depth.width))


def _parallax(depth: DepthMap, image: Tensor, options: StereoOptions) -> tuple[Tensor, Tensor]:
    """(B, H, W) nearness 0..1 and signed parallax in pixels, 0 at the screen, + in front of it."""
    check_pixels(image, depth.batch, depth.height, depth.width)
    disparity = to_disparity(depth)
    if options.eye_distance_mm == 0:
        near = _dilated(normalise(disparity, Window()))
        return near, (near - options.screen).mul_(options.strength / 100 * depth.width)
    if depth.kind != "metric" or depth.camera is None:
        raise MissingInformation(
            "An eye distance in millimetres needs depth in metres and its camera; use a metric "
            "model, or set the eye distance to 0 and choose a strength."
        )
    pixels = _dilated(disparity.values) * (depth.camera.fx * options.eye_distance_mm / 1000)
    # The parallax is not cut at percentiles here, and so the order must not be.
    near = pixels / pixels.max().clamp_min(1e-12)
    whole = replace(depth, values=pixels, valid=depth.valid | ~depth.valid.any())
    low, high = torch.tensor(whole.extremes())
    return near, pixels - (low + options.screen * (high - low))


def _dilated(near: Tensor) -> Tensor:
    """(B, H, W), near things wider by the pixels that carry a share of their colour.

    Left behind on the background they would stand there as a ghost of the outline.
    """
    radius = 1 + near.shape[2] // _SOFT_EDGE
    dilated = torch.empty_like(near)
    # The places of the maxima, which max_pool2d keeps too, are twice as large as the frame.
    for frame, wider in zip(near, dilated, strict=True):
        wider.copy_(local_max(frame[None], radius)[0])
    return dilated


def _seen_from(
    image: Tensor, near: Tensor, shift_x: Tensor, shift_y: Tensor | None, fill: bool
) -> tuple[Tensor, Tensor]:
    down = torch.zeros_like(shift_x) if shift_y is None else shift_y
    warped, depth, hole = forward_warp(image, near, shift_x, down)
    return (fill_from_background(warped, depth, hole) if fill else warped), hole


def _side_by_side(a: Tensor, b: Tensor, u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    return torch.cat([a, b], 1), torch.cat([u, v], 1)


def _over_under(a: Tensor, b: Tensor, u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    return torch.cat([a, b], 0), torch.cat([u, v], 0)


def _red_cyan(a: Tensor, b: Tensor, u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    return torch.where(torch.tensor(_RED_CYAN), a, b), u | v


def _half_colour(a: Tensor, b: Tensor, u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """The left eye sees brightness only: less rivalry on saturated reds."""
    grey = luminance(a)[..., None].expand_as(a)
    return torch.where(torch.tensor(_RED_CYAN), grey, b), u | v


_Layout = Callable[[Tensor, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
LAYOUTS: dict[str, _Layout] = {
    "side by side": _side_by_side,
    "side by side, cross-eyed": lambda a, b, u, v: _side_by_side(b, a, v, u),
    "over under": _over_under,
    "anaglyph": _red_cyan,
    "anaglyph, half colour": _half_colour,
}


def _viewing_report(
    parallax: Tensor, width: int, screen_mm: float = 600.0, away_mm: float = 700.0
) -> str:
    """What a viewer with 63 mm between the eyes meets on a desk screen 600 mm wide, 700 mm away.

    By similar triangles a point with parallax p on the screen (crossed: p > 0) appears at
    eyes * away / (eyes + p) from the viewer.
    """
    front = parallax.max().item() / width * screen_mm
    behind = -parallax.min().item() / width * screen_mm
    nearest = away_mm - EYES_MM * away_mm / (EYES_MM + max(front, 0.0))
    text = (
        f"parallax {100 * parallax.min().item() / width:+.2f} % to "
        f"{100 * parallax.max().item() / width:+.2f} % of the width; on a desk screen (60 cm wide, "
        f"70 cm away) the nearest point stands {nearest / 10:.0f} cm in front, "
    )
    if behind >= EYES_MM:
        return text + "the farthest lies beyond infinity: eyes would have to turn outwards."
    farthest = EYES_MM * away_mm / (EYES_MM - max(behind, 0.0)) - away_mm
    return text + f"the farthest {farthest / 10:.0f} cm behind it."
