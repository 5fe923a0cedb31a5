"""Bytes from a server while the user may press Stop, and one process at a time in a folder."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Event, Thread
from time import sleep
from typing import TYPE_CHECKING, Any

from ..connections import stream
from ..errors import Stopped

if TYPE_CHECKING:
    from ..connections import Response

__all__ = ["alone", "arriving"]

_BLOCK = 1 << 18
_TIMEOUT_S = (10, 60)
_LOOK_S = 0.2


@contextmanager
def arriving(
    url: str, headers: Mapping[str, str], should_stop: Callable[[], bool]
) -> Generator[tuple[Response, Iterator[bytes]], None, None]:
    """The head of the answer to a GET, and its body in blocks.

    A thread of its own does the waiting: a server that is slow or has gone silent would hold up
    Stop for as long as the timeouts are. Raises Stopped, and what requests raises.
    """
    items: Queue[Any] = Queue(maxsize=4)
    left = Event()
    Thread(target=_read_answer, args=(url, headers, items, left), daemon=True).start()
    try:
        yield _next(items, should_stop), _blocks(items, should_stop)
    finally:
        left.set()


def _blocks(items: Queue[Any], should_stop: Callable[[], bool]) -> Iterator[bytes]:
    while (block := _next(items, should_stop)) is not None:
        yield block


def _next(items: Queue[Any], should_stop: Callable[[], bool]) -> Any:
    while True:
        if should_stop():
            raise Stopped
        try:
            item = items.get(timeout=_LOOK_S)
        except Empty:
            continue
        if isinstance(item, Exception):
            raise item
        return item


def _read_answer(url: str, headers: Mapping[str, str], items: Queue[Any], left: Event) -> None:
    """Put the answer, its blocks and None, or the exception that ended it, until `left` is set."""
    try:
        with stream(url, headers, _TIMEOUT_S) as answer:
            for item in _parts(answer):
                if not _handed_over(item, items, left):
                    return
    except Exception as error:  # whatever it is, it belongs to the thread that waits
        _handed_over(error, items, left)


def _parts(answer: Response) -> Iterator[Response | bytes | None]:
    yield answer
    yield from answer.iter_content(_BLOCK)
    yield None


def _handed_over(item: object, items: Queue[Any], left: Event) -> bool:
    while not left.is_set():
        try:
            items.put(item, timeout=_LOOK_S)
        except Full:
            continue
        return True
    return False


@contextmanager
def alone(target: Path, should_stop: Callable[[], bool]) -> Generator[None, None, None]:
    """Wait until no other process fetches into the folder `target`: two would mix their bytes.

    The system frees the lock of a process that dies; a disk that knows no locks goes without.
    """
    import filelock

    path = target.with_name(f".{target.name}.lock")
    lock = filelock.FileLock(path, thread_local=False)
    with suppress(OSError, NotImplementedError):
        while not _acquired(lock):
            if should_stop():
                raise Stopped
            sleep(_LOOK_S)
    try:
        yield
        # Nothing is left to fetch for whoever waits: the file is no longer needed.
        with suppress(OSError):
            path.unlink()
    finally:
        lock.release()


def _acquired(lock: Any) -> bool:
    from filelock import Timeout

    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    return True
