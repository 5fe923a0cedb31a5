"""One frame on the grid of its measurements: fit, correction, what is believed, error bars."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..depth_map import DepthMap
from ..errors import InvalidInput
from ..kernels import dilate, resample
from .consistency import (
    ErrorModel,
    agree_with_neighbours,
    agree_within_map,
    contradicted,
    left_out,
)
from .points import PARTIAL, Measured
from .prior_fit import fit_prior
from .sparse_solver import Stiffness, Weights, held_field, smooth_field

__all__ = ["FrameSolution", "error_bars", "solve_frame"]

_WEIGHTS = Weights(0.05, 0.03)
_SIDE, _TRIAL_SIDE = 160, 96
# Each of a few points is right where it lies. In a map, points beside a soft outline of the
# estimate are far from it on either side, and must not tilt what goes on into a hole.
_POINTS, _MAP = Stiffness(1e3, 2.0), Stiffness(3.0, 0.2)
# So many measurements, evenly spread, say all that the coarse field can hold.
_ENOUGH = 20_000
_FEWEST_FOR_ERRORS = 4
# The fit of a few points follows each of them, and is made anew without those left out.
_FEW = 50
# What the coarse field leaves of a measurement is spread over so many pixels around it.
_LOCAL, _LEFT = 16, 1e-3
# More wrong measurements than this share are no accident.
_MOST_WRONG = 0.4
# Nor is a map that tells measurements left out of it to no better than this factor.
_MOST_OFF = 2.0
_TYPICAL_GAP = 80  # percentile of the distances to the nearest measurement


@dataclass(frozen=True, slots=True, eq=False)
class FrameSolution:
    """log_depth: (h, w); kept: (h, w) bool, the measurements that are believed; errors: by the
    distance in pixels of this grid, None where too few points were measured to know."""

    log_depth: Tensor
    kept: Tensor
    errors: ErrorModel | None


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    """image: (h, w, 3); estimate: one frame of that size; row, column, metres: all points."""

    image: Tensor
    estimate: DepthMap
    row: Tensor
    column: Tensor
    metres: Tensor
    stiffness: Stiffness

    @property
    def count(self) -> int:
        return len(self.metres)

    def prior(self, used: Tensor) -> Tensor:
        return fit_prior(self.estimate, self.row[used], self.column[used], self.metres[used])

    def residual(self, prior: Tensor) -> Tensor:
        return self.metres.log() - prior[self.row, self.column]

    def correction(self, prior: Tensor, used: Tensor, side: int) -> Tensor:
        """(h', w') field of log factors near the residuals, `side` cells along the longer side."""
        height, width = prior.shape
        share = min(1.0, side / max(height, width))
        size = (max(2, round(height * share)), max(2, round(width * share)))
        planes = torch.cat([self.image.movedim(-1, 0), prior[None]])[None]
        features = resample(planes, *size)[0].movedim(0, -1).double().numpy()
        chosen = used.nonzero()[:, 0]
        chosen = chosen[:: math.ceil(len(chosen) / _ENOUGH)]
        y, x = (
            (place[chosen].double().numpy() + 0.5) * cells / length - 0.5
            for place, cells, length in zip(
                (self.row, self.column), size, (height, width), strict=True
            )
        )
        values = self.residual(prior)[chosen].double().numpy()
        return torch.from_numpy(
            smooth_field(y, x, values, features, _WEIGHTS, self.stiffness)
        ).float()

    def said(self, prior: Tensor, used: Tensor, side: int) -> NDArray[np.float64]:
        """(N,) log factors that a map made from the `used` points says of every point."""
        field = resample(self.correction(prior, used, side)[None, None], *prior.shape)[0, 0]
        return field[self.row, self.column].double().numpy()


def solve_frame(image: Tensor, estimate: DepthMap, taken: Measured) -> FrameSolution:
    """image: (h, w, 3) and estimate of the size of the measurements' grid.

    Raises InvalidInput where most measurements contradict each other, and as `fit_prior` does.
    """
    row, column = taken.known.nonzero(as_tuple=True)
    stiffness = _MAP if _is_map(taken) else _POINTS
    problem = _Problem(image, estimate, row, column, taken.metres[row, column], stiffness)
    everything = torch.ones(problem.count, dtype=torch.bool)
    prior = problem.prior(_evenly(everything))
    believed = _first_belief(problem, prior, taken)
    gap = _distance(taken.known)
    errors, wrong = _on_trial(problem, prior, believed, gap, taken)
    believed &= ~wrong
    _check_belief(believed, errors)
    if not bool(believed.all()):
        prior = problem.prior(_evenly(believed))
    field = problem.correction(prior, believed, _SIDE)
    log_depth = prior + resample(field[None, None], *prior.shape)[0, 0]
    kept = taken.known.clone()
    kept[row, column] = believed
    log_depth = _through(log_depth, kept, taken.metres, image)
    return FrameSolution(log_depth, kept, errors)


def _is_map(taken: Measured) -> bool:
    return bool(taken.known.float().mean() >= PARTIAL)


def _evenly(used: Tensor) -> Tensor:
    """At most _ENOUGH of the points that may be used: (N,) bool."""
    chosen = used.nonzero()[:, 0]
    some = torch.zeros_like(used)
    some[chosen[:: math.ceil(max(len(chosen), 1) / _ENOUGH)]] = True
    return some


def _first_belief(problem: _Problem, prior: Tensor, taken: Measured) -> Tensor:
    residual = problem.residual(prior)
    if _is_map(taken):
        plane = torch.zeros_like(prior)
        plane[problem.row, problem.column] = residual
        return agree_within_map(plane, taken.known)[problem.row, problem.column]
    y, x = problem.row.double().numpy(), problem.column.double().numpy()
    return torch.from_numpy(agree_with_neighbours(y, x, residual.double().numpy()))


def _distance(known: Tensor) -> Tensor:
    """(h, w) pixels to the nearest measurement."""
    from scipy import ndimage

    return torch.from_numpy(ndimage.distance_transform_edt(~known.numpy())).float()


def _on_trial(
    problem: _Problem, prior: Tensor, believed: Tensor, gap: Tensor, taken: Measured
) -> tuple[ErrorModel | None, Tensor]:
    """The error by distance, and which believed points are contradicted."""
    wrong = torch.zeros_like(believed)
    if believed.sum() < _FEWEST_FOR_ERRORS:
        return None, wrong
    chosen = _evenly(torch.ones_like(believed)).nonzero()[:, 0]
    some = _Problem(
        problem.image, problem.estimate, problem.row[chosen], problem.column[chosen],
        problem.metres[chosen], problem.stiffness,
    )  # fmt: skip
    missing = gap[~taken.known]
    dense = _is_map(taken)
    reach = torch.quantile(missing[:: 1 + len(missing) // 100_000], _TYPICAL_GAP / 100).item() if (
        dense and len(missing)
    ) else 0.0  # fmt: skip

    def predict(used: NDArray[np.bool_]) -> NDArray[np.float64]:
        mask = torch.from_numpy(used)
        base = some.prior(mask) if some.count < _FEW else prior
        drift = (base - prior)[some.row, some.column].double().numpy()
        return some.said(base, mask, _TRIAL_SIDE) + drift

    y, x = some.row.double().numpy(), some.column.double().numpy()
    error, distance, tried = left_out(
        y, x, some.residual(prior).double().numpy(), believed[chosen].numpy(), predict, reach
    )
    good = tried & believed[chosen].numpy()
    if not good.any():
        return None, wrong
    model = ErrorModel.of(distance[good], error[good])
    if not dense and some.count >= _FEW:
        wrong[chosen] = torch.from_numpy(contradicted(error, distance, tried, model))
    return model, wrong & believed


def _check_belief(believed: Tensor, errors: ErrorModel | None) -> None:
    share = 1 - believed.float().mean().item()
    off = 0.0 if errors is None else math.exp(float(errors.sigma[0]))
    if share > _MOST_WRONG or off > _MOST_OFF:
        found = f"{share:.0%} of them are unlike their neighbours"
        if off > _MOST_OFF:
            found = f"a map made of most of them misses the others by a factor of {off:.1f}"
        raise InvalidInput(
            f"The {len(believed)} measurements contradict each other: {found}. Check that "
            "they are metres (Load Depth with unit_scale 0.001 reads millimetres), and that "
            "map and photo are of the same moment and not turned or mirrored."
        )


def _through(log_depth: Tensor, kept: Tensor, metres: Tensor, image: Tensor) -> Tensor:
    """Exactly through the kept measurements; what is left of each fades around it."""
    log_metres = torch.where(kept, metres, 1.0).log()
    left = torch.where(kept, log_metres - log_depth, 0.0)
    far_off = kept & (left.abs() > _LEFT)
    if bool(far_off.any()):
        free = dilate(far_off, _LOCAL) & ~kept
        features = torch.cat([image, log_depth[..., None]], -1).double().numpy()
        spread = held_field(left.double().numpy(), free.numpy(), features, _WEIGHTS)
        log_depth = log_depth + torch.from_numpy(spread).float()
    return torch.where(kept, log_metres, log_depth)


def error_bars(errors: ErrorModel | None, held: Tensor, pixels: float) -> Tensor:
    """(H, W) one-sigma error of the log depth, 0 where `held`, at most 1.

    pixels: of this grid that make one of the grid on which the measurements were solved.
    """
    if errors is None:
        return torch.ones(held.shape).masked_fill(held, 0.0)
    found = errors.at(_distance(held).double().numpy() / pixels)
    return torch.from_numpy(found).float().clamp_max(1.0)
