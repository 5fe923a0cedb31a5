"""Edges of depth and of photos, and whether they lie on each other."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["EdgeFit", "edge_map", "grown", "solid", "strongest_near"]

# How far the fit of two edge maps is searched, in pixels each way.
_REACH = 16


def grown(mask: Tensor) -> Tensor:
    """(H, W) bool, and all pixels beside it."""
    return F.max_pool2d(mask[None, None].float(), 3, 1, 1)[0, 0] > 0


def solid(mask: Tensor) -> Tensor:
    """Valid, with valid neighbours all around."""
    return ~grown(~mask)


def edge_map(plane: Tensor, valid: Tensor | None) -> Tensor:
    """(h, w) length of the gradient in values per pixel, 0 beside invalid pixels."""
    padded = F.pad(plane[None, None], (1, 1, 1, 1), mode="replicate")[0, 0]
    dx = (padded[1:-1, 2:] - padded[1:-1, :-2]) / 2
    dy = (padded[2:, 1:-1] - padded[:-2, 1:-1]) / 2
    length = (dx.square() + dy.square()).sqrt()
    return length if valid is None else length * solid(valid)


def strongest_near(edges: Tensor) -> Tensor:
    """(h, w): the strongest edge within three pixels."""
    return F.max_pool2d(edges[None, None], 7, 1, 3)[0, 0]


@dataclass(frozen=True, slots=True)
class EdgeFit:
    """How the edges of a depth lie on those of a photo.

    here, best: correlation as they are, and moved by dx, dy. here_stands, best_stands: how many
    standard deviations these stand above the correlations farther away: the right place is a
    sharp peak. density: photo edges at the depth edges against the whole photo. share: pixels at
    a depth edge. The limits are measured: 57 right pairs of photographs, renders and their crops,
    with exact and with estimated depth, raise no alarm; of 590 wrong pairs 77 % do, and of shifts
    by 3 % of the side 85 %. A depth without clear edges says too little to accuse it.
    """

    here: float
    best: float
    dx: int
    dy: int
    here_stands: float
    best_stands: float
    density: float
    share: float

    @classmethod
    def of(cls, depth_edges: Tensor, photo_edges: Tensor, valid: Tensor) -> EdgeFit:
        table = _shifted_correlation(depth_edges, photo_edges)
        reach = table.shape[0] // 2
        peak = int(table.argmax())
        dy, dx = peak // table.shape[1] - reach, peak % table.shape[1] - reach
        strong = depth_edges > 0.02
        crowd = strongest_near(photo_edges)
        density = crowd[strong].mean() / crowd[valid].mean().clamp_min(1e-6)
        return cls(
            table[reach, reach].item(),
            table.max().item(),
            dx,
            dy,
            _stands_out(table, 0, 0),
            _stands_out(table, dx, dy),
            density.nan_to_num(0.0).item(),
            strong.float().mean().item(),
        )

    def is_shift(self) -> bool:
        # At the rim of what was searched there may be a slope and no peak.
        moved = 2 <= max(abs(self.dx), abs(self.dy)) < _REACH
        clear = self.best_stands > 4 and self.best > 0.1
        return moved and clear and self.best > 1.2 * self.here + 0.02

    def is_foreign(self) -> bool:
        alike = self.here_stands >= 2 or self.best_stands >= 4 or self.density >= 1.25
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


def _stands_out(table: Tensor, dx: int, dy: int) -> float:
    """How many standard deviations the entry stands above those more than 8 pixels from it."""
    reach = table.shape[0] // 2
    line = torch.arange(-reach, reach + 1)
    away = (line[:, None] - dy).square() + (line - dx).square() > 64
    rest = table[away]
    return ((table[reach + dy, reach + dx] - rest.mean()) / rest.std().clamp_min(1e-12)).item()
