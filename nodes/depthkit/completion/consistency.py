"""Which measurements to believe: against their neighbours, and against a map made without them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

__all__ = [
    "ErrorModel",
    "agree_with_neighbours",
    "agree_within_map",
    "contradicted",
    "left_out",
]

Plane = NDArray[np.float64]
Mask = NDArray[np.bool_]

_NEIGHBOURS = 12
_ROWS = 256  # at once: memory
_EXACT = 3e-3  # no sensor is better, as a share of the depth
_FEWEST = 20
# Robust standard deviations from the neighbours' median, and from the second-nearest of them: at
# an outline there are two populations, and a point of either has company.
_FAR, _ALONE = 3.5, 1.5
# In a map, thin things and single leaves differ from all around them, and are no accident while
# two samples nearby are like them in log depth.
_LIKE = 0.05
_TO_SIGMA = 1.4826
# Of what a map made without a point says of it.
_CONTRADICTED = 10.0
_ROUNDS, _SHARE = 5, 0.2
_BINS = 8
_ONE_SIGMA = 68.27


def agree_with_neighbours(y: Plane, x: Plane, residual: Plane) -> Mask:
    """(N,): points whose log residual to the estimate is like that of points around them."""
    from scipy.spatial import KDTree

    if len(residual) < _FEWEST:
        return np.ones(len(residual), np.bool_)
    places = np.stack([y, x], 1)
    near: Any = KDTree(places).query(places, k=_NEIGHBOURS + 1)[1]
    around = residual[near[:, 1:]]
    middle = np.median(around, 1)
    spread = np.median(np.abs(around - middle[:, None]), 1) * _TO_SIGMA
    company = np.partition(np.abs(around - residual[:, None]), 1, axis=1)[:, 1]
    return _believable(np.abs(residual - middle), spread, company)


def agree_within_map(residual: Tensor, known: Tensor) -> Tensor:
    """(h, w) bool: `agree_with_neighbours` for a map most of which is known, against the 5 x 5
    pixels around each."""
    padded = F.pad(
        torch.where(known, residual, torch.nan)[None, None], (2, 2, 2, 2), value=torch.nan
    )
    agrees = torch.zeros_like(known)
    for row in range(0, len(known), _ROWS):
        band = padded[:, :, row : row + _ROWS + 4]
        around = F.unfold(band, 5)[0].T
        around = torch.cat([around[:, :12], around[:, 13:]], 1)
        here = residual[row : row + _ROWS].flatten()
        middle = around.nanmedian(1).values
        spread = (around - middle[:, None]).abs().nanmedian(1).values * _TO_SIGMA
        apart = (around - here[:, None]).abs().nan_to_num(nan=torch.inf)
        company = apart.kthvalue(2, 1).values
        planes = ((here - middle).abs(), spread, company)
        # A pixel with no neighbour at all has nobody to contradict it.
        alone = middle.isnan()
        found = _believable(
            *(plane.nan_to_num(nan=0.0).double().numpy() for plane in planes), like=_LIKE
        )
        agrees[row : row + _ROWS] = (torch.from_numpy(found) | alone).view(-1, known.shape[1])
    return agrees & known


def _believable(apart: Plane, spread: Plane, company: Plane, like: float = 0.0) -> Mask:
    """From the distance to the neighbours' median, their spread, and the distance to the
    second-nearest value among them, which is company below `like` in any case."""
    typical = max(float(np.median(spread)), _EXACT)
    return (apart < _FAR * np.maximum(spread, typical)) | (company < max(_ALONE * typical, like))


@dataclass(frozen=True, slots=True)
class ErrorModel:
    """One-sigma error of the log depth by the distance in cells to the nearest measurement."""

    distance: Plane
    sigma: Plane

    @classmethod
    def of(cls, distance: Plane, error: Plane) -> ErrorModel:
        """From errors at left-out points; rising with the distance."""
        order = np.argsort(distance)
        parts = np.array_split(order, max(1, min(_BINS, len(order) // 20)))
        levels = np.array([np.percentile(np.abs(error[part]), _ONE_SIGMA) for part in parts])
        places = np.array([float(np.median(distance[part])) for part in parts])
        places, index = np.unique(places, return_index=True)
        return cls(places, np.maximum.accumulate(levels[index]))

    def at(self, distance: Plane) -> Plane:
        """The error there; beyond the farthest point that was left out it stays as it is."""
        return np.interp(distance, np.r_[0.0, self.distance], np.r_[0.0, self.sigma])


Predict = Callable[[Mask], Plane]
"""From the points that may be used, (N,) bool, to the log residual said of every point."""


def left_out(
    y: Plane, x: Plane, residual: Plane, believed: Mask, predict: Predict, reach: float
) -> tuple[Plane, Plane, Mask]:
    """What a map made without a point says of it.

    reach: cells; with a point all others closer are left out, so that as little is known of it as
    of a typical unmeasured pixel. Returns the errors (said minus measured) and the distances to
    the nearest point that was used, both (N,), and which points were tried.
    """
    from scipy.spatial import KDTree

    count = len(residual)
    rng = np.random.default_rng(0)
    order = rng.permutation(count)
    error, distance, tried = np.zeros(count), np.zeros(count), np.zeros(count, np.bool_)
    places = np.stack([y, x], 1)
    tree = KDTree(places)
    for number in range(_ROUNDS):
        out = np.zeros(count, np.bool_)
        if reach <= 1:
            out[order[number::_ROUNDS]] = True
        else:
            for centre in order[number::_ROUNDS]:
                out[tree.query_ball_point(places[centre], reach)] = True
                if out.mean() > _SHARE:
                    break
        used = believed & ~out
        if used.sum() < 2:
            continue
        error[out] = predict(used)[out] - residual[out]
        distance[out], _ = KDTree(places[used]).query(places[out])
        tried |= out
    return error, distance, tried


def contradicted(error: Plane, distance: Plane, tried: Mask, model: ErrorModel) -> Mask:
    """(N,): points that a map made without them contradicts far beyond its usual error."""
    return tried & (np.abs(error) > _CONTRADICTED * np.maximum(model.at(distance), _EXACT))
