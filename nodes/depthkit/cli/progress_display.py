"""How far a run is: a bar or a status line on a terminal, else a plain line once in a while."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from ..progress import Progress

__all__ = ["progress_bar", "status_line"]

# Without a terminal: a short run prints nothing, a long one a few lines a minute.
_FIRST_S = 2.0
_EVERY_S = 10.0


class _Sparse:
    """Plain lines on stderr, few enough for a log file."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _FIRST_S

    def say(self, text: str) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _EVERY_S
            sys.stderr.write(f"{text}\n")


@contextmanager
def progress_bar(title: str, unit: str = "it") -> Generator[Progress, None, None]:
    """Shows progress(done, total). unit: "B" counts bytes."""
    if not sys.stderr.isatty():
        lines, scale, word = _Sparse(), *((10**6, " MB") if unit == "B" else (1, ""))
        yield lambda done, total: lines.say(f"{title}: {done // scale} of {total // scale}{word}")
        return
    from tqdm import tqdm

    bar = tqdm(desc=title, unit=unit, unit_scale=unit == "B", leave=False, delay=0.2)

    def progress(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)

    try:
        yield progress
    finally:
        bar.close()


@contextmanager
def status_line() -> Generator[Callable[[str], None], None, None]:
    """Shows say(text), each text in the place of the one before."""
    if not sys.stderr.isatty():
        yield _Sparse().say
        return

    def say(text: str) -> None:
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()

    try:
        yield say
    finally:
        sys.stderr.write("\n")
