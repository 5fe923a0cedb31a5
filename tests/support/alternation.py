"""Times of two rivals, taken in turns: what else the machine does slows both alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Ratio", "in_turns"]

LEAST, MOST = 5, 15
STEADY = 0.1  # of the median: how far apart the quartiles of the ratios may lie


@dataclass(frozen=True)
class Ratio:
    """Medians over all rounds. ratio: theirs / ours of each round, above 1 where ours is faster;
    spread: between the quartiles of these ratios, as a share of the median."""

    ours: float
    theirs: float
    ratio: float
    spread: float
    rounds: int

    def __str__(self) -> str:
        return f"{self.ratio:.2f} (median of {self.rounds} rounds, quartiles {self.spread:.0%})"


def in_turns(
    ours: Callable[[], object],
    theirs: Callable[[], object],
    *,
    clock: Callable[[], float] = time.perf_counter,
    least: int = LEAST,
    most: int = MOST,
) -> Ratio:
    """A B A B, after one round that only warms up, until the ratios are steady or `most` rounds."""

    def seconds(work: Callable[[], object]) -> float:
        start = clock()
        work()
        return clock() - start

    ours()
    theirs()
    pairs: list[tuple[float, float]] = []
    while len(pairs) < most:
        pairs.append((seconds(ours), seconds(theirs)))
        if len(pairs) >= least and _spread(pairs) <= STEADY:
            break
    own, other = (statistics.median(column) for column in zip(*pairs, strict=True))
    middle = statistics.median(b / a for a, b in pairs)
    return Ratio(own, other, middle, _spread(pairs), len(pairs))


def _spread(pairs: list[tuple[float, float]]) -> float:
    ratios = [b / a for a, b in pairs]
    if len(ratios) < 2:
        return float("inf")
    low, middle, high = statistics.quantiles(ratios, n=4)
    return (high - low) / middle
