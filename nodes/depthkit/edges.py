"""Edges of depth and of photos, and whether they lie on each other."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["edge_map", "grown", "shifted_correlation", "solid"]


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


def shifted_correlation(first: Tensor, second: Tensor, reach: int = 16) -> Tensor:
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
