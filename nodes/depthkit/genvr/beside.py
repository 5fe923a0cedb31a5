"""Work in a daemon thread of its own, with its outcome in a future."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, TypeVar

__all__ = ["beside", "ended"]

Result = TypeVar("Result")


def beside(work: Callable[[], Result], name: str) -> Future[Result]:
    """Start `work`; a program that ends does not wait for it, unlike for an executor's threads."""
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # handed to whoever asks for the result
            future.set_exception(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future


def ended(future: Future[Any], seconds: float) -> bool:
    """Whether the work is over within so many seconds."""
    return bool(wait([future], seconds).done)
