"""Scale and shift of every frame of a shot, solved at once from ties between frames.

With log scales s and ties of measured log ratio m (second = exp(m) * first) the scales minimise

    sum over ties of w (s_first - s_second - m)^2  +  sum over frames of (s / SPREAD)^2

re-weighted against wrong ties (Huber). The second term says that a model is right on average: it
keeps the sum of many small errors from drifting, and is too weak to bring back any flicker. Shifts
follow by the same sum, of the mean depths that a tie has in common. Each frame is tied to a few
before it and a few key frames of the clip to all of each other, so that small errors cannot add up
from the first frame to the last. The normal equations are sparse: time is linear in the frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .align import Affine

__all__ = ["OFFSETS", "Tie", "key_frames", "solve_shot", "tied_before"]

OFFSETS = (1, 2, 8, 24)
"""How many frames apart two tied frames are."""
# As few that all pairs of them cost less than the other ties of 30 frames, whatever the length.
_KEYS = 10

# How far a model's own scale may be off in one frame: standard deviation of the logarithm.
_SPREAD = 0.25
# Ties are never better than this: what two answers differ in is no scale.
_FLOOR = 0.003
# Stands for an infinite error.
_NO_RATIO = 1e3
_HUBER = 2.0
_ROUNDS = 8

_Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tie:
    """log_ratio: of the second frame's values to the first's; error: its standard deviation,
    infinite where only the means are known. first_mean, second_mean, spread: of the depth that
    both frames share."""

    first: int
    second: int
    log_ratio: float
    error: float
    first_mean: float
    second_mean: float
    spread: float

    def moved(self, frames: int) -> Tie:
        """The same tie in a count of frames that starts elsewhere."""
        return replace(self, first=self.first + frames, second=self.second + frames)


def key_frames(count: int) -> tuple[int, ...]:
    """Frames of a clip, the first and the last among them, that are tied to all of each other."""
    keys = min(_KEYS, count)
    return tuple(sorted({round(k * (count - 1) / max(keys - 1, 1)) for k in range(keys)}))


def tied_before(frame: int, keys: Sequence[int]) -> tuple[int, ...]:
    """The earlier frames that `frame` is to be tied to; keys: as from `key_frames`."""
    near = {frame - offset for offset in OFFSETS if offset <= frame}
    far = {key for key in keys if key < frame} if frame in keys else set[int]()
    return tuple(sorted(near | far))


def solve_shot(count: int, ties: Sequence[Tie], *, free_shift: bool) -> list[Affine]:
    """One Affine per frame, 0 <= frame < count; the median of the scales is 1."""
    if not ties:
        return [Affine(1.0, 0.0)] * count
    pairs = np.array([(tie.first, tie.second) for tie in ties])
    error = np.hypot([min(tie.error, _NO_RATIO) for tie in ties], _FLOOR)
    ratio = np.array([tie.log_ratio for tie in ties])
    logs = _differences(pairs, -ratio, error, np.zeros(count), _SPREAD)
    scale = np.exp(logs - np.median(logs))
    if not free_shift:
        return [Affine(one, 0.0) for one in scale.tolist()]
    means = np.array([(tie.first_mean, tie.second_mean) for tie in ties])
    unit = max(float(np.median([tie.spread for tie in ties])), 1e-9)
    step = scale[pairs[:, 0]] * means[:, 0] - scale[pairs[:, 1]] * means[:, 1]
    # A scale turns about the middle of the depth, not about zero, which means nothing.
    middle = np.median(means) * (1 - scale)
    shift = _differences(pairs, step, np.minimum(error, 1) * unit, middle, _SPREAD * unit)
    return [Affine(a, b) for a, b in zip(scale.tolist(), shift.tolist(), strict=True)]


def _differences(
    pairs: NDArray[np.int64], step: _Vector, error: _Vector, middle: _Vector, spread: float
) -> _Vector:
    """u, one per frame, with u[second] - u[first] near `step` and u near `middle`."""
    from scipy import sparse
    from scipy.sparse.linalg import splu

    places = np.arange(len(pairs)).repeat(2), pairs.ravel()
    difference: Any = sparse.csr_matrix(
        (np.tile([-1.0, 1.0], len(pairs)), places), shape=(len(pairs), len(middle))
    )
    weight = 1 / error**2
    anchor = 1 / spread**2
    found = middle
    for _ in range(_ROUNDS):
        residual = np.abs(difference @ found - step) / error
        now = weight * np.minimum(1, _HUBER / np.maximum(residual, 1e-12))
        weighted: Any = difference.multiply(now[:, None])
        normal: Any = difference.T @ weighted + anchor * sparse.eye(len(middle))
        found = splu(normal.tocsc()).solve(weighted.T @ step + anchor * middle)
    return found
