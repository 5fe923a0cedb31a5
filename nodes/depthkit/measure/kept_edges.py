"""Where an image still has the edges of the photo it was made after, and where it lost them.

An estimator reads another depth from a night view or a pencil drawing of the same photo, though
nothing moved. Where the photo's own edges are still in their places, whatever their colours, the
depth behind them is taken to be the photo's too; where they are not, the estimates decide. Where
they are gone though most others are not, something is new or missing, and small differences of
the estimates count.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..conversions import to_disparity
from ..depth_map import DepthMap
from ..kernels import area_mean, box_mean, resample
from ..maps.align import fit_affine_robust
from ..maps.motion import correlation, structure_of

__all__ = ["EdgeWitness", "uprightness", "with_kept_depth"]

# Longer side of the thumbnails.
_SIDE = 128
# Half windows of the mean, in their pixels: what is kept, what is lost and how even that is.
_RADIUS, _LOST_RADIUS, _EVEN = 3, 4, 2
# Correlation of the edges from which on nothing, or everything, is kept. Set on the sample scenes:
# unrelated edges correlate by less than the first, edges in other colours by more than the second.
_NOTHING, _ALL = 0.25, 0.5
# How far below the image's median the correlation lies where edges may be, and surely are, lost.
_FEWER, _GONE = 0.5, 0.85
# Windows with less structure have no edges to lose; with fewer other windows nothing is usual.
_STRUCTURED, _ENOUGH = 0.08, 20
# How much better the edges of a turned photo must fit, and how well, to say that the image is.
_TURNED, _FITS = 1.5, 0.4


@dataclass(frozen=True, slots=True, eq=False)
class EdgeWitness:
    """What the photo's edges say, (h, w) each. kept: 0 where other edges stand in the place of the
    photo's, 1 where they are the same, inverted ones too. lost: 1 where they are gone though those
    of most of the image are not, 0 where they are no worse than elsewhere."""

    kept: Tensor
    lost: Tensor

    @classmethod
    def of(cls, before: Tensor, after: Tensor, height: int, width: int) -> EdgeWitness:
        """before, after: (H, W, 3) each, of one aspect; both answers are (height, width)."""
        first, second = _structures(before, after, height, width)
        weight = first[1:].square()
        same = correlation(first[:1], second[:1]).abs().clamp(0, 1)[None]
        mean = box_mean(same * weight, _RADIUS) / box_mean(weight, _RADIUS).clamp_min(1e-4)
        kept = ((mean - _NOTHING) / (_ALL - _NOTHING)).clamp(0, 1)
        both = torch.stack([kept, _lost(same, weight)], 1)
        large = resample(both, height, width, antialias=False)[0]
        return cls(large[0], large[1])


def uprightness(before: Tensor, after: Tensor) -> float:
    """How much less the edges of the photo fit the image as they stand than mirrored, upside down
    or both: 1 where they fit best as they stand, or none fit; below 2 / 3 where the image is
    turned. Depth alone cannot tell a corridor from one upside down.

    before, after: (H, W, 3) each, of one aspect.
    """
    first, second = _structures(before, after, *before.shape[:2])
    here, *turned = (
        _edges_fit(first.flip(axes) if axes else first, second) for axes in ((), (1,), (2,), (1, 2))
    )
    best = max(turned)
    return here / best if best > max(_FITS, _TURNED * here) else 1.0


def _edges_fit(first: Tensor, second: Tensor) -> float:
    """0..1: mean agreement of the edges; first, second: (2, h, w) as of `structure_of`."""
    weight = first[1].square()
    same = correlation(first[:1], second[:1]).abs().clamp(0, 1)
    return ((same * weight).sum() / weight.sum().clamp_min(1e-4)).item()


def _structures(before: Tensor, after: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    share = _SIDE / max(height, width)
    size = (max(round(height * share), 1), max(round(width * share), 1))
    first, second = (
        structure_of(area_mean(x.movedim(-1, 0)[None], *size)[0].movedim(0, -1))
        for x in (before, after)
    )
    return first, second


def _lost(same: Tensor, weight: Tensor) -> Tensor:
    """same, weight: (1, h, w) -> (1, h, w) 0..1."""
    around = box_mean(weight, _LOST_RADIUS)
    mean = box_mean(same * weight, _LOST_RADIUS) / around.clamp_min(1e-4)
    structured = around > _STRUCTURED
    if int(structured.sum()) < _ENOUGH:
        return torch.zeros_like(mean)
    below = (mean[structured].median() - mean).clamp(0, 1) * structured
    return ((box_mean(below, _EVEN) - _FEWER) / (_GONE - _FEWER)).clamp(0, 1)


def with_kept_depth(target: DepthMap, found: DepthMap, kept: Tensor) -> DepthMap:
    """`found` in the disparity of `target`, and the target's own where the photo's edges are kept.

    target: what the estimator reads from the photo; found: from the image; one frame each, of one
    aspect. kept: (h, w) 0..1 of the size of `target`. A found map that can only be fitted upside
    down stays as it is.
    """
    goal = to_disparity(target)
    other = to_disparity(found).resized(goal.height, goal.width)
    both = goal.valid & other.valid
    if not bool(both.any()):
        return found
    fit = fit_affine_robust(other.values, goal.values, both)
    if fit.scale <= 0:
        fitted = torch.full_like(goal.values, goal.values[both].mean().item())
    else:
        fitted = fit(other.values)
    return goal.with_values(torch.lerp(fitted, goal.values, kept), valid=both)
