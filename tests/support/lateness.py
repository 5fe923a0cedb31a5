"""How much of a span of time the machine's other work took, so that a bar in seconds means ours."""

from __future__ import annotations

import threading
import time

__all__ = ["Lateness"]

_STEP_S = 0.01


class Lateness:
    """Inside, a thread of this process sleeps in short steps and notes how late it wakes up.

    Whoever waits beside it is kept from running about as long. What our own code waits for, a lock
    or an answer, does not make the sleeper late.
    """

    def __enter__(self) -> Lateness:
        self._notes: list[tuple[float, float]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sleep, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _sleep(self) -> None:
        while not self._over.is_set():
            before = time.monotonic()
            time.sleep(_STEP_S)
            after = time.monotonic()
            self._notes.append((after, max(after - before - _STEP_S, 0.0)))

    def own_seconds(self, since: float, until: float | None = None) -> float:
        """Of the time since that moment, what was not the machine's lateness."""
        end = time.monotonic() if until is None else until
        return end - since - sum(late for at, late in list(self._notes) if since < at <= end)
