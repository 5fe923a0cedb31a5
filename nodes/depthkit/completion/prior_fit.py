"""An estimated map brought to the metres of the measurements, as the logarithm of its depth."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from ..depth_map import DepthMap
from ..errors import InvalidInput
from ..maps.align import Affine, fit_affine, fit_affine_robust

__all__ = ["fit_prior"]

# Fewer points than this are all taken at their word.
_FEW = 8
# Correlation from which on near and far are swapped, and not only unrelated.
_AGAINST = 0.3
# Nothing is nearer, or farther, than the measured range by more than this factor.
_BEYOND = 2.0
# How far apart two measurements are whose difference is compared with the estimate's, as a share
# of the longer side, and how many are looked at.
_APART, _PAIRED = 0.12, 2000
_FEWEST_PAIRS = 50
_POSSIBLE_SLOPE = (0.25, 1.5)


def fit_prior(estimate: DepthMap, row: Tensor, column: Tensor, metres: Tensor) -> Tensor:
    """(H, W) float32: natural logarithm of the estimate's depth in metres.

    estimate: one frame of any kind; row, column: (N,) pixels; metres: (N,). Relative disparity is
    fitted to 1 / metres, relative depth to metres (scale and shift), metric depth by a factor;
    wrong points do not drag the fit. Then the log depth is stretched about its middle by the
    slope that makes differences between measurements come out right: an estimate that is worth
    little is flattened. Raises InvalidInput where too few points are given for the kind, or
    near and far contradict the estimate.
    """
    values, valid = estimate.values[0], estimate.valid[0]
    at, usable = values[row, column], valid[row, column]
    at, known = at[usable], metres[usable]
    if estimate.kind == "metric":
        log = _by_factor(values, at, known)
    else:
        log = _by_affine(estimate, values, at, known)
    slope = _log_slope(log[row, column], metres.log(), row, column, max(values.shape))
    middle = log[row, column].median()
    return middle + slope * (log - middle)


def _by_factor(values: Tensor, at: Tensor, metres: Tensor) -> Tensor:
    if not len(at):
        raise InvalidInput(
            "No measured point lies where the estimate has a depth. Measure other points, or use "
            "another model."
        )
    factor = (metres.log() - at.log()).median()
    return values.clamp_min(1e-3).log() + factor


def _by_affine(estimate: DepthMap, values: Tensor, at: Tensor, metres: Tensor) -> Tensor:
    inverse = estimate.near_is_large
    target = 1 / metres if inverse else metres
    spread = (at.max() - at.min()).item() if len(at) else 0.0
    if len(at) < 2 or spread <= 1e-6 * (values.max() - values.min()).item():
        raise InvalidInput(
            f"{len(at)} measured point{'' if len(at) == 1 else 's'} cannot tell the scale of a "
            "relative map from its shift. Give at least two points at different distances, three "
            "or more are better; a metric model in 'model' needs one only."
        )
    fit = _fit(at, target)
    if fit is None:
        raise InvalidInput(
            "The measured points say far where the photo shows near. Check that they belong to "
            "this photo, that x is counted from the left and y from the top, and that they are "
            "distances in metres; a disparity is no distance."
        )
    low, high = target.min() / _BEYOND, target.max() * _BEYOND
    fitted = fit(values).clamp(low, high)
    return -fitted.log() if inverse else fitted.log()


def _fit(at: Tensor, target: Tensor) -> Affine | None:
    """None where target and estimate run against each other."""
    plain = fit_affine(at, target)
    fit = plain if len(at) < _FEW else fit_affine_robust(at, target)
    # A wall that is most of what was measured makes the few other points look wrong.
    if fit.scale <= 0:
        fit = plain
    if fit.scale > 0:
        return fit
    against = torch.corrcoef(torch.stack([at, target]))[0, 1].nan_to_num(0.0)
    return None if against < -_AGAINST else Affine(0.0, target.median().item())


def _log_slope(base: Tensor, truth: Tensor, row: Tensor, column: Tensor, side: int) -> float:
    """How much of a difference of the estimate's log depth is one of the measurements'."""
    from scipy.spatial import KDTree

    step = math.ceil(len(base) / _PAIRED)
    places = torch.stack([row, column], 1)[::step].numpy()
    pairs = KDTree(places).query_pairs(_APART * side, output_type="ndarray")
    if len(pairs) < _FEWEST_PAIRS:
        return 1.0
    said, measured = (
        plane[::step].numpy()[pairs[:, 0]] - plane[::step].numpy()[pairs[:, 1]]
        for plane in (base, truth)
    )
    # Pairs that do not agree at all count little.
    weight = 1 / (np.abs(measured - said) + 0.05)
    total = float((weight * said * said).sum())
    slope = float((weight * said * measured).sum()) / total if total > 0 else 1.0
    return min(max(slope, _POSSIBLE_SLOPE[0]), _POSSIBLE_SLOPE[1])
