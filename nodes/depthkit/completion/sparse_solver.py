"""Smooth fields over an image, cut at its edges: sparse linear systems for SciPy's solvers.

A field between measured values is the membrane that minimises the sum over neighbouring pixels of
w (f_i - f_j)^2, where w falls with the difference of their colours (Levin et al. 2004,
"Colorization using optimization"; Grady 2006, "Random walks for image segmentation").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Stiffness", "Weights", "held_field", "smooth_field"]

Plane = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Between two sides of the strongest edge something is left, or a region without any measurement
# would make the system singular.
_FAINT = 1e-4
_MOST_ROUNDS = 200
_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class Weights:
    """What separates two neighbouring pixels: a difference of colour (0..1, over all channels),
    and a difference of the logarithm of the depth that is assumed."""

    colour: float
    log_depth: float = np.inf

    def between(self, first: Plane, second: Plane) -> Plane:
        """Weights of pairs of pixels, planes of (..., 4): three colours and the log depth."""
        apart = first - second
        colour = (apart[..., :3] ** 2).sum(-1) / (2 * self.colour**2)
        return np.exp(-colour - apart[..., 3] ** 2 / (2 * self.log_depth**2)) + _FAINT


def held_field(values: Plane, free: Mask, features: Plane, weights: Weights) -> Plane:
    """The membrane through the pixels that are not `free`.

    values: (H, W), where free the field to begin with; features: (H, W, 4), see `Weights`. Only
    the free pixels are unknowns (conjugate gradients, Jacobi preconditioner); those without any
    way to a held one keep what they have.
    """
    from scipy import sparse
    from scipy.sparse.linalg import cg

    count = int(free.sum())
    if not count:
        return values
    number = np.full(free.shape, -1, np.int64)
    number[free] = np.arange(count)
    total, held = np.zeros(count), np.zeros(count)
    rows: list[NDArray[np.int64]] = []
    columns: list[NDArray[np.int64]] = []
    pulls: list[Plane] = []
    for here, there in _neighbours():
        a, b = number[here], number[there]
        pair = (a >= 0) | (b >= 0)
        a, b = a[pair], b[pair]
        pull = weights.between(features[here][pair], features[there][pair])
        for one, other, level in ((a, b, values[there][pair]), (b, a, values[here][pair])):
            mine, rim = one >= 0, (one >= 0) & (other < 0)
            total += np.bincount(one[mine], pull[mine], count)
            held += np.bincount(one[rim], pull[rim] * level[rim], count)
        inner = (a >= 0) & (b >= 0)
        rows += [a[inner], b[inner]]
        columns += [b[inner], a[inner]]
        pulls += [-pull[inner], -pull[inner]]
    ends = np.arange(count)
    system: Any = sparse.csr_matrix(
        (np.concatenate([*pulls, total]), (np.concatenate([*rows, ends]),
                                           np.concatenate([*columns, ends]))),
        shape=(count, count),
    )  # fmt: skip
    known = np.abs(values[~free])
    slack = 1e-4 * float(known.max() if known.size else 0.0) * float(np.sqrt(count))
    found, _ = cg(
        system, held, x0=values[free], rtol=_TOLERANCE, atol=_TOLERANCE * slack,
        maxiter=_MOST_ROUNDS, M=sparse.diags(1 / np.maximum(total, 1e-12)),
    )  # fmt: skip
    field = values.copy()
    field[free] = found
    return field


@dataclass(frozen=True, slots=True)
class Stiffness:
    """firm: how firmly a coarse field is held at the measurements. rounding: a lone measurement
    raises a spike; where bending costs too, it is rounded off over the root of so many cells."""

    firm: float
    rounding: float


def smooth_field(
    y: Plane, x: Plane, values: Plane, features: Plane, weights: Weights, stiffness: Stiffness
) -> Plane:
    """The rounded membrane near all measurements.

    y, x: (N,) places in cells of the field, the centre of the first cell at 0; values: (N,);
    features: (h, w, 4), see `Weights` -> (h, w). Direct solution (SuperLU).
    """
    from scipy import sparse
    from scipy.sparse.linalg import splu

    height, width = features.shape[:2]
    count = height * width
    number = np.arange(count).reshape(height, width)
    rows: list[Any] = []
    pulls: list[Any] = []
    for here, there in _neighbours():
        ends = np.stack([number[here].ravel(), number[there].ravel()], 1)
        rows.append(ends)
        pulls.append(weights.between(features[here], features[there]).ravel())
    ends, pull = np.concatenate(rows), np.concatenate(pulls)
    steps = np.arange(len(ends)).repeat(2)
    difference: Any = sparse.csr_matrix(
        (np.tile([1.0, -1.0], len(ends)), (steps, ends.ravel())), shape=(len(ends), count)
    )
    bend: Any = difference.T @ sparse.diags(pull) @ difference
    reading = _readings(y, x, height, width)
    # As many measurements in a cell as there are weigh no more than one.
    crowd = np.maximum(reading.T @ np.ones(len(values)), 1e-12)
    share = stiffness.firm / np.maximum(reading @ crowd, 1.0)
    system = reading.T @ sparse.diags(share) @ reading + bend + stiffness.rounding * (bend.T @ bend)
    solver: Any = splu(
        system.tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )  # fmt: skip
    return solver.solve(reading.T @ (share * values)).reshape(height, width)


def _neighbours() -> tuple[tuple[tuple[slice, slice], tuple[slice, slice]], ...]:
    everything, first, second = slice(None), slice(None, -1), slice(1, None)
    return (
        ((everything, first), (everything, second)),
        ((first, everything), (second, everything)),
    )


def _readings(y: Plane, x: Plane, height: int, width: int) -> Any:
    """(N, height * width): bilinear reading of the field at each place."""
    from scipy import sparse

    y, x = y.clip(0, height - 1), x.clip(0, width - 1)
    top = np.floor(y).astype(np.int64).clip(0, max(height - 2, 0))
    left = np.floor(x).astype(np.int64).clip(0, max(width - 2, 0))
    bottom, right = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
    down, across = y - top, x - left
    corners = [(top, left, (1 - down) * (1 - across)), (top, right, (1 - down) * across),
               (bottom, left, down * (1 - across)), (bottom, right, down * across)]  # fmt: skip
    rows = np.tile(np.arange(len(y)), 4)
    columns = np.concatenate([row * width + column for row, column, _ in corners])
    shares = np.concatenate([share for _, _, share in corners])
    return sparse.csr_matrix((shares, (rows, columns)), shape=(len(y), height * width))
