"""Edges of depth and of photos, and whether they lie on each other."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..kernels import box_sum, components, dilate, erode, local_max

__all__ = ["EdgeFit", "Patch", "edge_map", "lone_patches"]

# A photo edge accounts for a depth edge within so many pixels.
_NEAR = 3
# How far the fit of two edge maps is searched for a shift, and for any likeness, in pixels.
_REACH, _ALIKE_REACH = 24, 16
# Half a circle in so many directions; edges within 32 degrees of each other run the same way.
_WAYS, _SAME_WAY = 8, 0.85
# A depth step that ought to be seen, and the weakest photo edge that accounts for one.
_STEP, _SEEN = 0.08, 0.02
# Depth edges are judged in windows of this share of the longer side; in a bad one, lone edges are
# half as many pixels as it is wide and most of its edges. Texture and thin things stay below.
_WINDOW, _LONE_LENGTH, _LONE_SHARE = 0.15, 0.5, 0.6


def edge_map(plane: Tensor, valid: Tensor | None) -> Tensor:
    """(h, w) length of the gradient in values per pixel, 0 beside invalid pixels."""
    dx, dy = _slopes(plane)
    length = (dx.square() + dy.square()).sqrt()
    return length if valid is None else length * erode(valid)


def _slopes(plane: Tensor) -> tuple[Tensor, Tensor]:
    padded = F.pad(plane[None, None], (1, 1, 1, 1), mode="replicate")[0, 0]
    dx = (padded[1:-1, 2:] - padded[1:-1, :-2]) / 2
    dy = (padded[2:, 1:-1] - padded[:-2, 1:-1]) / 2
    return dx, dy


def _strongest_along(near: Tensor, grey: Tensor) -> Tensor:
    """(h, w): the strongest edge of `grey` within three pixels that runs as `near`'s own does."""
    dx, dy = _slopes(near)
    way = (torch.atan2(dy, dx) / math.pi * _WAYS).round().long() % _WAYS
    (gx, gy), edges = _slopes(grey), edge_map(grey, None)
    strongest = torch.zeros_like(edges)
    for index in range(_WAYS):
        angle = index * math.pi / _WAYS
        across = (gx * math.cos(angle) + gy * math.sin(angle)).abs()
        alike = edges * (across >= _SAME_WAY * edges)
        strongest = torch.where(way == index, local_max(alike[None], _NEAR)[0], strongest)
    return strongest


@dataclass(frozen=True, slots=True)
class Patch:
    """A place whose depth edges are mostly without an edge in the photo.

    left, top, right, bottom: the box around these edges, in shares of the image. share: how many
    of the depth edges in the box are without one. size: pixels of edge without one.
    """

    left: float
    top: float
    right: float
    bottom: float
    share: float
    size: int


def lone_patches(near: Tensor, valid: Tensor, grey: Tensor) -> list[Patch]:
    """Where depth has edges that the photo lacks, largest first; all three (h, w).

    near: 0 far .. 1 near. An edge of the photo accounts for a depth edge within three pixels that
    runs the same way. Photo edges without a depth edge are texture, and no fault.
    """
    strong = edge_map(near, valid) > _STEP
    lone = strong & (_strongest_along(near, grey) < _SEEN)
    radius = (round(_WINDOW * max(near.shape)) | 1) // 2
    width = 2 * radius + 1
    count, all_edges = box_sum(torch.stack([lone, strong]).float(), radius)
    bad = (count >= _LONE_LENGTH * width) & (count >= _LONE_SHARE * all_edges)
    labels = components(dilate(bad, radius)) * lone
    patches = [_patch_of(labels == number, strong) for number in labels.unique().tolist() if number]
    return sorted(patches, key=lambda patch: -patch.size)


def _patch_of(lone: Tensor, strong: Tensor) -> Patch:
    rows, columns = lone.nonzero(as_tuple=True)
    top, bottom = int(rows.min()), int(rows.max()) + 1
    left, right = int(columns.min()), int(columns.max()) + 1
    height, width = lone.shape
    edges = int(strong[top:bottom, left:right].sum())
    box = left / width, top / height, right / width, bottom / height
    return Patch(*box, len(rows) / edges, len(rows))


@dataclass(frozen=True, slots=True)
class EdgeFit:
    """How the edges of a depth lie on those of a photo.

    here, best: correlation as they are, and moved by dx, dy. here_stands, best_stands: how many
    standard deviations these stand above the correlations farther away: the right place is a
    sharp peak; near_stands: the same of the best within 16 pixels. density: photo edges at the
    depth edges against the whole photo. share: pixels at a depth edge. The limits are measured: 57
    right pairs of photographs, renders and their crops, with exact and with estimated depth, raise
    no alarm; of 590 wrong pairs 77 % do, and of 48 shifts by 2 to 5 % of the width 45. A depth
    without clear edges says too little to accuse it.
    """

    here: float
    best: float
    dx: int
    dy: int
    here_stands: float
    best_stands: float
    near_stands: float
    density: float
    share: float

    @classmethod
    def of(cls, depth_edges: Tensor, photo_edges: Tensor, valid: Tensor) -> EdgeFit:
        table = _shifted_correlation(depth_edges, photo_edges)
        reach = table.shape[0] // 2
        dx, dy = _peak(table)
        rim = reach - _ALIKE_REACH
        near = table[rim:-rim, rim:-rim]
        strong = depth_edges > 0.02
        crowd = local_max(photo_edges[None], _NEAR)[0]
        density = crowd[strong].mean() / crowd[valid].mean().clamp_min(1e-6)
        return cls(
            table[reach, reach].item(),
            table.max().item(),
            dx,
            dy,
            _stands_out(near, 0, 0),
            _stands_out(table, dx, dy),
            _stands_out(near, *_peak(near)),
            density.nan_to_num(0.0).item(),
            strong.float().mean().item(),
        )

    def is_shift(self) -> bool:
        # At the rim of what was searched there may be a slope and no peak.
        moved = 2 <= max(abs(self.dx), abs(self.dy)) < _REACH
        clear = self.best_stands > 4 and self.best > 0.1
        return moved and clear and self.best > 1.2 * self.here + 0.02

    def may_be_shift(self) -> bool:
        """Enough to say so only where depth edges without one in the photo say it too."""
        moved = 2 <= max(abs(self.dx), abs(self.dy)) < _REACH
        return moved and self.best > 1.1 * self.here and self.best_stands > self.here_stands + 1.5

    def is_foreign(self) -> bool:
        alike = self.here_stands >= 2 or self.near_stands >= 4 or self.density >= 1.25
        return self.share > 0.005 and not alike

    def numbers(self) -> dict[str, float]:
        return {
            "correlation": self.here,
            "best": self.best,
            "dx": float(self.dx),
            "dy": float(self.dy),
            "stands_out": self.here_stands,
            "density": self.density,
        }


def _shifted_correlation(first: Tensor, second: Tensor, reach: int = _REACH) -> Tensor:
    """(2 reach + 1)^2 correlations; entry (reach + dy, reach + dx): `first` moved by (dx, dy)."""
    a, b = first.clamp_max(0.1), second.clamp_max(0.2)
    a, b = F.avg_pool2d(a[None], 3, 1, 1)[0], F.avg_pool2d(b[None], 3, 1, 1)[0]
    a, b = a - a.mean(), b - b.mean()
    size = [s + reach for s in a.shape]
    product = torch.fft.irfft2(
        torch.fft.rfft2(a, s=size).conj() * torch.fft.rfft2(b, s=size), s=size
    )
    table = product.roll((reach, reach), (0, 1))[: 2 * reach + 1, : 2 * reach + 1]
    return table / (a.norm() * b.norm()).clamp_min(1e-12)


def _peak(table: Tensor) -> tuple[int, int]:
    """(dx, dy) of the largest entry."""
    reach, row, column = table.shape[0] // 2, *divmod(int(table.argmax()), table.shape[1])
    return column - reach, row - reach


def _stands_out(table: Tensor, dx: int, dy: int) -> float:
    """How many standard deviations the entry stands above those more than 8 pixels from it."""
    reach = table.shape[0] // 2
    line = torch.arange(-reach, reach + 1)
    away = (line[:, None] - dy).square() + (line - dx).square() > 64
    rest = table[away]
    return ((table[reach + dy, reach + dx] - rest.mean()) / rest.std().clamp_min(1e-12)).item()
