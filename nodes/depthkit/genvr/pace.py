"""When to look at a running task."""

from __future__ import annotations

import threading

__all__ = ["Pace"]


class Pace:
    """When to look at a running task: rarely, but soon after it is likely done.

    Learns the shortest duration seen, so that the many tasks of a run are not polled while they
    cannot be ready. All in seconds.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shortest: float | None = None

    def saw(self, seconds: float) -> None:
        with self._lock:
            self._shortest = min(seconds, self._shortest or seconds)

    def next_wait(self, elapsed: float) -> float:
        with self._lock:
            expected = self._shortest
        if expected is not None and elapsed < 0.85 * expected:
            return 0.85 * expected - elapsed
        step = 0.12 if expected is None else 0.05
        return min(max(step * elapsed, 0.1 if expected is not None else 0.25), 5.0)
