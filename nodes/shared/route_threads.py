"""Work for a route in threads of its own, with a deadline.

ComfyUI serves its pages and images from the threads that `asyncio.to_thread` uses; a handful of
slow answers there and the whole page stands still.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

__all__ = ["Busy", "RouteThreads"]

_LOOK_S = 0.05


class Busy(Exception):
    """The work did not end, or found no free thread, by its deadline."""


class RouteThreads:
    """At most `count` at once, each caller waiting `seconds` in all."""

    def __init__(self, count: int, seconds: float) -> None:
        self.seconds = seconds
        self._free = threading.Semaphore(count)

    async def run(self, work: Callable[[Callable[[], bool]], Any]) -> Any:
        """What `work(should_stop)` gives or raises; Busy at the deadline, which also tells it."""
        from ..depthkit.genvr.beside import beside

        deadline, late = time.monotonic() + self.seconds, threading.Event()
        while not self._free.acquire(blocking=False):
            if time.monotonic() > deadline:
                raise Busy
            await asyncio.sleep(_LOOK_S)
        outcome = beside(lambda: work(late.is_set), "genvr-depth-route")
        # A thread that is late keeps its place until it is over.
        outcome.add_done_callback(lambda _: self._free.release())
        waited = asyncio.wrap_future(outcome)
        waited.add_done_callback(lambda future: future.cancelled() or future.exception())
        await asyncio.wait({waited}, timeout=max(deadline - time.monotonic(), _LOOK_S))
        late.set()
        if not waited.done():
            raise Busy
        return waited.result()
