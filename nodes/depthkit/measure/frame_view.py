"""One frame of a depth map and its photo, as the quality checks look at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from ..depth_map import DepthMap
from ..images import luminance
from ..kernels import resample
from ..ranges import Window, normalise

__all__ = ["Checks", "Found", "FrameView", "prepared"]

_SIDE = 384


@dataclass(frozen=True, slots=True, eq=False)
class FrameView:
    """One frame, prepared for all checks.

    near: (h, w) 0 far .. 1 near at no more than _SIDE pixels; valid: (h, w); full: the frame
    itself; grey: (h, w) luminance of the photo or None; target: shorter side to be steered, or 0;
    shape_ratio: the larger of the aspects of depth and photo over the smaller, 1 without a photo.
    """

    near: Tensor
    valid: Tensor
    full: DepthMap
    grey: Tensor | None
    target: int
    shape_ratio: float


Found = tuple[str, str, dict[str, float]]
"""What is wrong, what to do, and the numbers."""
Checks = dict[str, tuple[str, Callable[[FrameView], Found | None]]]
"""Code -> severity, and the function that looks at a frame."""


def prepared(frame: DepthMap, photo: Tensor | None, target: int) -> FrameView:
    """frame: one frame; photo: (H, W, C) or None; target: see `FrameView`."""
    share = min(1.0, _SIDE / max(frame.height, frame.width))
    size = (max(1, round(frame.height * share)), max(1, round(frame.width * share)))
    small = frame.resized(*size)
    near = normalise(small, Window())
    if not frame.near_is_large:
        near = (1 - near).masked_fill(~small.valid, 0.0)
    grey, ratio = None, 1.0
    if photo is not None:
        grey = resample(luminance(photo)[None, None], *size, antialias=True)[0, 0]
        ratio = (photo.shape[1] * frame.height) / (photo.shape[0] * frame.width)
    return FrameView(near[0], small.valid[0], frame, grey, target, max(ratio, 1 / ratio))
