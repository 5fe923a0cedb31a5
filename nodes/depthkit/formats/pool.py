"""Encoding a batch on all cores, in order, with bounded memory, and Stop within a moment."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

from ..errors import Stopped
from ..progress import Progress

__all__ = ["in_order"]

T = TypeVar("T")
_LOOK_S = 0.1


def in_order(
    jobs: Iterable[Callable[[], T]],
    take: Callable[[T], None],
    *,
    total: int,
    discard: Callable[[T], None] = lambda result: None,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
    workers: int | None = None,
) -> None:
    """Run the jobs in threads and hand each result to `take`, in the order of the jobs.

    At most `workers` + 1 jobs are begun and not yet taken, which bounds the memory. `discard` gets
    the results that will not be taken. Raises Stopped within 0.1 s of `should_stop` (a job that is
    running finishes, its result is discarded); whatever a job, `take` or `on_progress` raises
    ends the run.
    """
    cores = os.cpu_count() or 1
    workers = min(workers or cores, cores)
    pending: deque[Future[T]] = deque()
    done = 0
    executor = ThreadPoolExecutor(min(workers, max(total, 1)), thread_name_prefix="encode")
    try:
        for job in jobs:
            pending.append(executor.submit(job))
            if len(pending) > workers:
                done = _take_first(pending, take, should_stop, done)
                _tell(on_progress, done, total)
        while pending:
            done = _take_first(pending, take, should_stop, done)
            _tell(on_progress, done, total)
    finally:
        for future in pending:
            if not future.cancel():
                future.add_done_callback(lambda f: _drop(f, discard))
        executor.shutdown(wait=False, cancel_futures=True)


def _take_first(
    pending: deque[Future[T]],
    take: Callable[[T], None],
    should_stop: Callable[[], bool] | None,
    done: int,
) -> int:
    # It stays in the queue until it is ours, so that a stopped run discards it like the others.
    result = _result(pending[0], should_stop)
    pending.popleft()
    take(result)
    return done + 1


def _result(future: Future[T], should_stop: Callable[[], bool] | None) -> T:
    while should_stop is not None and not future.done():
        if should_stop():
            raise Stopped("Saving was stopped.")
        wait([future], timeout=_LOOK_S)
    if should_stop is not None and should_stop():
        raise Stopped("Saving was stopped.")
    return future.result()


def _tell(on_progress: Progress | None, done: int, total: int) -> None:
    if on_progress is not None:
        on_progress(done, total)


def _drop(future: Future[T], discard: Callable[[T], None]) -> None:
    if not future.cancelled() and future.exception() is None:
        discard(future.result())
