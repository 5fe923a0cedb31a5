"""The vanishing point of an image, where it has one.

Straight edges that run into the depth of a scene meet in one point; its row is the horizon of a
level camera. Every strong, straight edge pixel votes for the points its line runs through.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..images import luminance
from ..kernels import resample

__all__ = ["VanishingPoint", "vanishing_point"]

_SIDE = 384
_VOTERS = 1500
# An edge supports a point if its line passes it within this angle (sine), first and last.
_COARSE, _FINE = 0.04, 0.015
# Upright and level edges meet at infinity, not in this point.
_OBLIQUE = 0.14
# A second candidate is another point if it lies this far away, as a share of the image.
_APART = 0.2
# Without this share of the oblique edges behind it, the best point is only the best of noise.
_SHARE = 0.12


@dataclass(frozen=True, slots=True)
class VanishingPoint:
    """x, y: fractions of the width and the height, may lie outside the image.

    confidence: 0..1, how far the best point's votes stand above those of the next best elsewhere.
    """

    x: float
    y: float
    confidence: float


def vanishing_point(image: Tensor, least: float = 0.25) -> VanishingPoint | None:
    """The dominant vanishing point of one image (H, W, 3), or None below `least` confidence."""
    place, direction, weight, size = _oblique_edges(image)
    if len(place) < 50:
        return None
    extent = torch.tensor([size[1], size[0]], dtype=torch.float32)
    grid = extent * (0.5 + torch.tensor([0.9, 0.7]) * _starting_points())
    votes = _support(grid, place, direction, _COARSE) @ weight / weight.sum()
    first = int(votes.argmax())
    elsewhere = ((grid - grid[first]) / extent).norm(dim=-1) > _APART
    confidence = 1 - votes[elsewhere].max().item() / max(votes[first].item(), 1e-12)
    if confidence < least or votes[first] < _SHARE:
        return None
    x, y = (_refined(grid[first], place, direction, weight) / extent).tolist()
    return VanishingPoint(x, y, confidence)


def _refined(point: Tensor, place: Tensor, direction: Tensor, weight: Tensor) -> Tensor:
    """The point nearest to all the lines that support it, in angle; re-weighted least squares."""
    normal = torch.stack([-direction[:, 1], direction[:, 0]], -1)
    level = (normal * place).sum(-1)
    for within in torch.linspace(_COARSE, _FINE, 8).tolist():
        support = _support(point[None], place, direction, within)[0] * weight
        power = support / (point - place).square().sum(-1).clamp_min(1)
        left = (power[:, None, None] * normal[:, :, None] * normal[:, None, :]).sum(0)
        right = (power * level) @ normal
        # Not "above the limit": of a matrix of zeros the condition number is NaN.
        if not torch.linalg.cond(left) <= 1e6:
            break
        point = torch.linalg.solve(left, right)
    return point


def _starting_points(count: int = 33) -> Tensor:
    line = torch.linspace(-1, 1, count)
    y, x = torch.meshgrid(line, line, indexing="ij")
    return torch.stack([x, y], -1).reshape(-1, 2)


def _oblique_edges(image: Tensor) -> tuple[Tensor, Tensor, Tensor, tuple[int, int]]:
    """Positions (N, 2), unit directions (N, 2) and weights (N,) of straight, oblique edges."""
    share = _SIDE / max(image.shape[:2])
    size = (max(8, round(image.shape[0] * share)), max(8, round(image.shape[1] * share)))
    plane = luminance(image)[None, None]
    plane = resample(plane, *size)
    # Differences of a hard step lean towards the axes; of a soft one they do not.
    padded = F.pad(plane, (3, 3, 3, 3), mode="replicate")
    padded = F.avg_pool2d(F.avg_pool2d(padded, 3, 1), 3, 1)
    dx = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    dy = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    xx, yy, xy = (F.avg_pool2d(t, 5, 1, 2)[0, 0] for t in (dx * dx, dy * dy, dx * dy))
    spread = ((xx - yy).square() + 4 * xy.square()).sqrt()
    straight = spread / (xx + yy).clamp_min(1e-8)
    across = 0.5 * torch.atan2(2 * xy, xx - yy)
    along = torch.stack([-across.sin(), across.cos()], -1)
    strength = (dx.square() + dy.square())[0, 0].sqrt() * (straight > 0.9)
    strength = strength * (along.abs().amin(-1) > _OBLIQUE)
    top = strength.flatten().topk(min(_VOTERS, strength.numel()))
    keep = top.indices[top.values > 0.02]
    place = torch.stack([keep % size[1] + 0.5, keep // size[1] + 0.5], -1)
    # The root keeps a few glaring edges from outvoting many plain ones.
    return place, along.reshape(-1, 2)[keep], strength.flatten()[keep].sqrt(), size


def _support(points: Tensor, place: Tensor, direction: Tensor, within: float) -> Tensor:
    """(P, N) 0..1: how well edge n points at candidate p."""
    offset = points[:, None] - place[None]
    distance = offset.norm(dim=-1).clamp_min(1e-6)
    sine = (offset[..., 0] * direction[:, 1] - offset[..., 1] * direction[:, 0]) / distance
    # Edges right at the candidate point everywhere and prove nothing.
    return torch.exp(-(sine / within).square()) * (distance > 12)
