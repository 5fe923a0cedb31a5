"""Images longer than 2:1, which no model was trained on.

Shown such a strip, a model takes it for another scene. It is looked at three times instead, each
time in a shape that it knows better: whole but small, squeezed along its longer side, and widened
by its own mirror image. The mean of the three says where everything is; overlapping windows of a
common shape, fitted to it and blended like tiles, say where its outlines are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..depth_map import Kind
from ..maps.align import fit_affine_robust
from .tiles import Box, strip_boxes

__all__ = ["View", "is_long", "long_views", "mean_of_views", "mirror_padded", "window_boxes"]

_LONG = 2.0
_COMMON = 1.5
# Shares of the model's own size: larger, and a strip is taken for a close-up.
_NARROW, _LEAST_NARROW, _SMALL = 1.125, 0.25, 0.75
# Very long strips get longer windows rather than more of them.
_MOST_WINDOWS = 8


@dataclass(frozen=True, slots=True)
class View:
    """One look at a whole image. rows, columns: of mirror image on either side. shape: (height,
    width) whose ratio the image is brought to. short_side: as in `EstimateOptions.inner_size`."""

    rows: int
    columns: int
    shape: tuple[int, int]
    short_side: int


def is_long(height: int, width: int) -> bool:
    return max(height, width) > _LONG * min(height, width)


def long_views(height: int, width: int, short_side: int) -> tuple[View, ...]:
    """The three looks; the first shows the image as it is, and its scale is the map's."""
    short, long = min(height, width), max(height, width)
    ratio = long / short
    common = max(_COMMON, ratio / 2)
    margin = max(round((long / common - short) / 2), 0)
    small = max(round(_SMALL * short_side), 1)
    narrow = max(round(short_side * max(_NARROW / ratio, _LEAST_NARROW)), 1)
    squeezed, mirrored = (max(round(common * short), 1), short), (long, short + 2 * margin)
    looks = (
        View(0, 0, (long, short), narrow),
        View(0, 0, squeezed, small),
        View(0, margin, mirrored, small),
    )
    return looks if height > width else tuple(_transposed(look) for look in looks)


def _transposed(view: View) -> View:
    """Of the image with rows and columns exchanged."""
    height, width = view.shape
    return View(view.columns, view.rows, (width, height), view.short_side)


def window_boxes(height: int, width: int) -> list[Box]:
    """Windows of a common ratio along the longer side, as high or wide as the image."""
    short, long = min(height, width), max(height, width)
    return strip_boxes(height, width, math.ceil(max(_COMMON * short, long / _MOST_WINDOWS)))


def mirror_padded(images: Tensor, rows: int, columns: int) -> Tensor:
    """(B, C, h, w) in a frame of its own mirror image, which may be wider than the image."""
    for axis, margin in ((2, rows), (3, columns)):
        side = images.shape[axis]
        period = max(2 * side - 2, 1)
        place = torch.arange(-margin, side + margin).remainder(period)
        images = images.index_select(axis, torch.where(place >= side, period - place, place))
    return images


def mean_of_views(answers: Sequence[Tensor], kind: Kind) -> Tensor:
    """(H, W) values of one image each -> their mean in the scale of the first, not finite where
    that is not. Metres are averaged as 1 / z, in which scenes are spread evenly; an answer that
    contradicts the first is left out."""
    first, *others = (1 / one if kind == "metric" else one for one in answers)
    total, count = first.clone(), torch.ones_like(first)
    for other in others:
        known = torch.isfinite(first) & torch.isfinite(other)
        if not bool(known.any()):
            continue
        fit = fit_affine_robust(other, first, known)
        if fit.scale <= 0:
            continue
        fitted = fit(other)
        if kind == "metric":
            known &= fitted > 0
        total += torch.where(known, fitted, 0.0)
        count += known
    mean = total / count
    return 1 / mean if kind == "metric" else mean
