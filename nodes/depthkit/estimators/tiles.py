"""Fine detail from overlapping tiles, without seams.

A tile knows edges better and the scene worse than the whole-image pass: its scale and shift are
its own. Each tile is therefore fitted to the whole-image pass where both know the same thing (at
the whole pass's own resolution), takes its large-scale shape from there, and is then blended with
a smooth window.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..kernels import area_mean, resample
from ..maps.align import fit_affine

__all__ = ["MAX_TILES_PER_SIDE", "Box", "TileBlend", "strip_boxes", "tile_boxes"]

MAX_TILES_PER_SIDE = 4
"""Along the shorter side. Smaller tiles see so little of the scene that they invent depth."""

_OVERLAP = 0.3
# A tile of bare floor guesses its slope; features larger than one of so many cells along its
# longer side come from the whole-image pass.
_CELLS = 8
# The whole-image pass's share where no tile reaches or a tile was refused.
_FLOOR = 1e-3


@dataclass(frozen=True, slots=True)
class Box:
    """Rows top..bottom and columns left..right of an image."""

    top: int
    left: int
    bottom: int
    right: int


def tile_boxes(height: int, width: int, tile_side: int) -> list[Box]:
    """Square tiles of at least `tile_side` pixels that cover the image and overlap by 30 %.

    Empty where the image is hardly larger than the model's own resolution.
    """
    short = min(height, width)
    if short < 1.25 * tile_side:
        return []
    # n tiles of side s that overlap by a share r cover s * (1 + (n - 1) * (1 - r)).
    smallest = short / (1 + (MAX_TILES_PER_SIDE - 1) * (1 - _OVERLAP))
    side = math.ceil(max(tile_side, smallest))
    return [
        Box(top, left, min(top + side, height), min(left + side, width))
        for top in _starts(height, side)
        for left in _starts(width, side)
    ]


def strip_boxes(height: int, width: int, length: int) -> list[Box]:
    """Windows of that length along the longer side, as wide as the shorter, 30 % in common."""
    if height > width:
        return [Box(top, 0, min(top + length, height), width) for top in _starts(height, length)]
    return [Box(0, left, height, min(left + length, width)) for left in _starts(width, length)]


def _starts(length: int, side: int) -> list[int]:
    if length <= side:
        return [0]
    count = math.ceil((length - side) / (side * (1 - _OVERLAP)) - 1e-6) + 1
    return [round(i * (length - side) / (count - 1)) for i in range(count)]


class TileBlend:
    """Gathers the tiles of one image.

    whole: (H, W) values of the whole-image pass, not finite where it has none; image: (3, H, W);
    inner: the (height, width) the whole pass was worked at.
    """

    def __init__(
        self, whole: Tensor, image: Tensor, boxes: list[Box], inner: tuple[int, int]
    ) -> None:
        self.unknown = ~torch.isfinite(whole)
        self.whole, self.image = whole.masked_fill(self.unknown, 0.0), image
        self.shrink = min(inner[0] / whole.shape[0], inner[1] / whole.shape[1], 1.0)
        self.total = self.whole * _FLOOR
        self.weight = torch.full_like(whole, _FLOOR)
        self.margin = max((1, *(_tile_margin(box) for box in boxes)))

    def add(self, box: Box, infer: Callable[[Tensor], Tensor]) -> None:
        """Run one tile, fit it to the whole-image pass, and lay it in where it knows something."""
        rows, columns = slice(box.top, box.bottom), slice(box.left, box.right)
        tile, whole = infer(self.image[:, rows, columns]), self.whole[rows, columns]
        known = torch.isfinite(tile) & ~self.unknown[rows, columns]
        tile = tile.masked_fill(~known, 0.0)
        shared = self._coarse(known.float()) > 0.99
        if not bool(shared.any()):
            return
        fit = fit_affine(self._coarse(tile), self._coarse(whole), shared)
        if fit.scale <= 0:
            return
        window = self._window(box) * known
        detail = fit(tile)
        self.total[rows, columns] += window * (detail + _large_scale(whole - detail, known))
        self.weight[rows, columns] += window

    def result(self) -> Tensor:
        """(H, W) blended values in the scale of the whole-image pass, NaN where that had none."""
        return (self.total / self.weight).masked_fill(self.unknown, torch.nan)

    def _coarse(self, values: Tensor) -> Tensor:
        height, width = (max(round(side * self.shrink), 1) for side in values.shape)
        return resample(values[None, None], height, width)[0, 0]

    def _window(self, box: Box) -> Tensor:
        height, width = self.whole.shape
        vertical = _ramp(box.top, box.bottom, height, self.margin)
        horizontal = _ramp(box.left, box.right, width, self.margin)
        return vertical[:, None] * horizontal


def _large_scale(values: Tensor, known: Tensor) -> Tensor:
    """(h, w) known values, smoothed to `_CELLS` cells along the longer side."""
    cell = max(values.shape) / _CELLS
    height, width = (max(round(side / cell), 1) for side in values.shape)
    stack = torch.stack([values * known, known.float()])[None]
    total, share = torch.split(area_mean(stack, height, width), 1, 1)
    coarse = total / share.clamp_min(1e-6)
    return F.interpolate(coarse, values.shape, mode="bicubic", align_corners=False)[0, 0]


def _tile_margin(box: Box) -> int:
    return int(_OVERLAP * max(box.bottom - box.top, box.right - box.left))


def _ramp(start: int, end: int, length: int, margin: int) -> Tensor:
    """Raised cosine over `margin` pixels at both ends; none where the tile meets the border."""
    position = torch.arange(end - start) + 0.5
    before = torch.ones(()) if start == 0 else (position / margin).clamp(0, 1)
    after = torch.ones(()) if end == length else ((end - start - position) / margin).clamp(0, 1)
    smooth = 0.5 - 0.5 * torch.cos(math.pi * before * torch.ones(end - start))
    return smooth * (0.5 - 0.5 * torch.cos(math.pi * after * torch.ones(end - start)))
