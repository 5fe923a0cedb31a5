"""One map, the same view, other numbers: holes, noise, range, gamma, polarity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch

from ..depth_map import DepthMap
from ..errors import InvalidInput
from ..progress import Progress, part
from ..ranges import Window, find_window
from .fill import HOLES, fill_holes
from .smooth import smooth, smooth_clip

__all__ = ["HOLES", "Adjustments", "adjust"]


@dataclass(frozen=True, slots=True)
class Adjustments:
    """What to do, in this order: fill, smooth, smooth over time, window, gamma, invert.

    window: None keeps the range; values beyond it are clipped to its ends.
    gamma: above 1 spends more of the range on near things, below 1 on far ones.
    invert: swap near and far.
    smooth: radius in pixels. smooth_time: frames before and after.
    """

    window: Window | None = None
    gamma: float = 1.0
    invert: bool = False
    smooth: int = 0
    smooth_time: int = 0
    holes: str = "off"
    largest_hole: float = 0.05

    def __post_init__(self) -> None:
        if not 0.05 <= self.gamma <= 20:
            raise InvalidInput(f"gamma = {self.gamma} is out of range; use 0.05 to 20 (1 = off).")
        if self.holes not in HOLES:
            raise InvalidInput(f"Unknown way to fill holes {self.holes!r}.")


def adjust(
    depth: DepthMap, changes: Adjustments, *, on_progress: Progress | None = None
) -> DepthMap:
    """Apply `changes`; nothing asked for is nothing changed.

    Metric depth that is bent by gamma or inverted holds no metres any more and becomes relative
    "depth"; clipping to a window keeps the unit. Raises InvalidInput on a window of metres that
    ends behind the camera.
    """
    passes = _wanted(changes)
    for index, change in enumerate(passes):
        depth = change(depth, on_progress=part(on_progress, index, len(passes)))
    bends = changes.gamma != 1 or changes.invert
    if changes.window is None and not bends:
        return depth
    _check_metres(depth, changes.window)
    ends = find_window(depth, changes.window or Window("min-max"))
    low, high = ends.amin(1)[:, None, None], ends.amax(1)[:, None, None]
    values = torch.maximum(torch.minimum(depth.values, high), low)
    if not bends:
        return depth.with_values(values)
    kind = "depth" if depth.kind == "metric" else depth.kind
    span = (high - low).clamp_min(1e-12)
    share = (values - low) / span
    nearness = (share if depth.near_is_large else 1 - share) ** changes.gamma
    forward = depth.near_is_large != changes.invert
    values = low + (nearness if forward else 1 - nearness) * (high - low)
    return depth.with_values(values, kind=kind)


def _wanted(changes: Adjustments) -> list[Callable[..., DepthMap]]:
    """What takes a while for each frame and was asked for."""
    table = (
        (
            changes.holes != "off",
            partial(fill_holes, mode=changes.holes, largest=changes.largest_hole),
        ),
        (changes.smooth != 0, partial(smooth, radius=changes.smooth)),
        (changes.smooth_time != 0, partial(smooth_clip, frames=changes.smooth_time)),
    )
    return [change for wanted, change in table if wanted]


def _check_metres(depth: DepthMap, window: Window | None) -> None:
    if depth.kind == "metric" and window and window.method == "fixed":
        end = max(window.low, window.high)
        if end <= 0:
            raise InvalidInput(
                f"The window ends at {end:g} metres: nothing lies in front of the camera there. "
                "Give low and high in metres above 0."
            )
