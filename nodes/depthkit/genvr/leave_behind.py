"""A paid call that goes on when its run leaves, because its answer names what was paid for."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["LeftBehind", "leave_behind"]

_TICK_S = 0.05
_GRACE_S = 0.5


class LeftBehind(Exception):
    """The run has left; the call goes on in a thread of its own."""


def leave_behind(
    call: Callable[[], str],
    should_stop: Callable[[], bool],
    on_late_end: Callable[[str, BaseException | None], None],
) -> str:
    """What `call` returns, or raises.

    After Stop it has a moment to end, then LeftBehind is raised and `on_late_end` gets what it
    returns, or ("", what it raises). The thread is a daemon: a program that ends does not wait for
    the answer.
    """
    flight = _Flight(call, on_late_end)
    flight.start()
    while not flight.over.wait(_TICK_S):
        if should_stop():
            break
    if not flight.over.wait(_GRACE_S) and flight.leave():
        raise LeftBehind
    return flight.answer()


class _Flight(threading.Thread):
    def __init__(
        self, call: Callable[[], str], on_late_end: Callable[[str, BaseException | None], None]
    ) -> None:
        super().__init__(name="genvr-paid-call", daemon=True)
        self.over = threading.Event()
        self._call = call
        self._on_late_end = on_late_end
        self._turn = threading.Lock()
        self._left = False
        self._answer = ""
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._answer = self._call()
        except BaseException as error:  # handed to the run as it is
            self._error = error
        with self._turn:
            self.over.set()
            late = self._left
        if late:
            self._on_late_end(self._answer, self._error)

    def leave(self) -> bool:
        """Whether the run leaves before the answer."""
        with self._turn:
            self._left = not self.over.is_set()
            return self._left

    def answer(self) -> str:
        if self._error is not None:
            raise self._error
        return self._answer
