"""How far two disparities of one frame agree: the four factors of the Structure Score.

Both are in units of the control's range, the second aligned to the first; see `structure` for what
each factor asks and for the formula they make. Each is 1 where the two are the same.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ..depth_map import DepthMap
from ..kernels import box_mean, resample
from .metrics import spearman

__all__ = ["WorstPlace", "layout", "outlines", "ranking", "worst_place"]

_SCALES = (1, 2, 4)
# Deviations of this share of the range mean nothing: two maps without any layout agree in it.
_LAYOUT_NOISE = 0.03
# Half a window of the worst place at the coarsest scale: 5 x 5 pixels, 8 % of the longer side.
# At full size a thin post that stands a pixel beside its place would be a worst place.
_PLACE_RADIUS = 2
# Deviations of this share of the range within a window mean nothing: other light does as much.
_PLACE_NOISE = 0.07
# The same where the photo is known: where its edges stand as they do elsewhere, and are gone.
_NOISE_KEPT, _NOISE_LOST = 0.15, 0.02


def ranking(first: Tensor, second: Tensor, other: DepthMap) -> float:
    """rho of the score, -1..1; first, second: (1, h, w), second being `other` after alignment.

    A flat control has no ranks to keep: only a flat map agrees.
    """
    if all(x.min() == x.max() for x in (first[other.valid], other.values[other.valid])):
        return 1.0
    return spearman(first, second, other.valid)


def outlines(first: Tensor, second: Tensor, valid: Tensor) -> float:
    """G of the score; first, second, valid: (1, h, w). Two maps without any difference agree: 1."""
    total = 0.0
    for scale in _SCALES:
        a, b, common = _at_scale(first, second, valid, scale)
        both = power = 0.0
        for axis in (1, 2):
            keep = common.narrow(axis, 1, max(0, common.shape[axis] - 1))
            keep = keep & common.narrow(axis, 0, keep.shape[axis])
            da, db = a.diff(dim=axis)[keep], b.diff(dim=axis)[keep]
            both += 2 * (da * db).sum().item()
            power += (da.square() + db.square()).sum().item()
        total += both / power if power > 1e-12 else 1.0
    return total / len(_SCALES)


def layout(first: Tensor, second: Tensor, valid: Tensor) -> float:
    """L of the score; first, second, valid: (1, h, w)."""
    height = torch.linspace(-1, 1, first.shape[1], dtype=torch.float64)[:, None]
    rows = height.expand(first.shape)[valid]
    trend = torch.stack([torch.ones_like(rows), rows, rows.square()], -1)
    both = torch.stack([first[valid], second[valid]], -1).double()
    a, b = (both - trend @ torch.linalg.lstsq(trend, both).solution).unbind(-1)
    slack = _LAYOUT_NOISE**2
    power = a.square().mean() + b.square().mean() + slack
    return ((2 * (a * b).mean() + slack) / power).item()


class WorstPlace(NamedTuple):
    """agreement: W of the score, -1..1. across, down: the middle of the window, 0..1 of the width
    and the height."""

    agreement: float
    across: float
    down: float


def worst_place(
    first: Tensor, second: Tensor, valid: Tensor, lost: Tensor | None = None
) -> WorstPlace:
    """Where the two agree least; first, second, valid: (1, h, w). lost: (h', w') 0..1 as in
    `EdgeWitness`, None where the photo is not known."""
    a, b, common = _at_scale(first, second, valid, _SCALES[-1])
    if not bool(common.any()):
        return WorstPlace(1.0, 0.5, 0.5)
    weight = common.to(a.dtype)
    count = box_mean(weight, _PLACE_RADIUS)[common]

    def spread(x: Tensor) -> Tensor:
        """Variance over the valid pixels of every window."""
        mean, square = (box_mean(weight * y, _PLACE_RADIUS)[common] for y in (x, x.square()))
        return (square / count - (mean / count).square()).clamp_min(0)

    # 2 cov(a, b) + slack over var a + var b + slack, with var(a - b) in place of the covariance.
    noise = torch.tensor(_PLACE_NOISE)
    if lost is not None:
        there = resample(lost[None, None], *common.shape[1:])[0]
        noise = torch.lerp(torch.tensor(_NOISE_KEPT), torch.tensor(_NOISE_LOST), there[common])
    slack = noise.square()
    apart = spread(a - b) / (spread(a) + spread(b) + slack)
    worst = int(apart.argmax())
    _, row, column = common.nonzero()[worst].tolist()
    height, width = common.shape[1:]
    return WorstPlace(1 - apart[worst].item(), (column + 0.5) / width, (row + 0.5) / height)


def _at_scale(
    first: Tensor, second: Tensor, valid: Tensor, scale: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Both maps at 1 / scale of their size, and where both have a value: all (1, h, w)."""
    size = [max(1, side // scale) for side in valid.shape[1:]]
    a, b = (DepthMap.make(x, "depth", valid).resized(*size) for x in (first, second))
    return a.values, b.values, a.valid & b.valid
