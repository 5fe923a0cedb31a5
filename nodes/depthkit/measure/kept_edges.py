"""Where an image still has the edges of the photo it was made after.

An estimator reads another depth from a night view or a pencil drawing of the same photo, though
nothing moved. Where the photo's own edges are still in their places, whatever their colours, the
depth behind them is taken to be the photo's too; where they are not, the estimates decide.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..conversions import to_disparity
from ..depth_map import DepthMap
from ..kernels import area_mean, box_mean, resample
from ..maps.align import fit_affine_robust
from ..maps.motion import correlation, structure_of

__all__ = ["kept_edges", "with_kept_depth"]

# Longer side of the thumbnails; half a window of the mean, in their pixels.
_SIDE = 128
_RADIUS = 3
# Correlation of the edges from which on nothing, or everything, is kept. Set on the sample scenes:
# unrelated edges correlate by less than the first, edges in other colours by more than the second.
_NOTHING, _ALL = 0.25, 0.5


def kept_edges(before: Tensor, after: Tensor, height: int, width: int) -> Tensor:
    """before, after: (H, W, 3) each, of one aspect -> (height, width), 0 where other edges stand
    in the place of the photo's, 1 where they are the same; inverted edges are the same."""
    share = _SIDE / max(height, width)
    size = (max(round(height * share), 1), max(round(width * share), 1))
    first, second = (
        structure_of(area_mean(x.movedim(-1, 0)[None], *size)[0].movedim(0, -1))
        for x in (before, after)
    )
    weight = first[1:].square()
    same = correlation(first[:1], second[:1]).abs().clamp(0, 1)[None]
    mean = box_mean(same * weight, _RADIUS) / box_mean(weight, _RADIUS).clamp_min(1e-4)
    kept = ((mean - _NOTHING) / (_ALL - _NOTHING)).clamp(0, 1)
    return resample(kept[None], height, width, antialias=False)[0, 0]


def with_kept_depth(target: DepthMap, found: DepthMap, before: Tensor, after: Tensor) -> DepthMap:
    """`found` in the disparity of `target`, and the target's own where the photo's edges are kept.

    target: what the estimator reads from the photo `before`; found: from the image `after`; one
    frame each, of one aspect. A found map that can only be fitted upside down stays as it is.
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
    kept = kept_edges(before, after, goal.height, goal.width)
    return goal.with_values(torch.lerp(fitted, goal.values, kept), valid=both)
