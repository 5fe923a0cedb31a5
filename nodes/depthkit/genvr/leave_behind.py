"""A paid call that goes on when its run leaves, because its answer names what was paid for."""

from __future__ import annotations

from collections.abc import Callable

from .beside import beside, ended

__all__ = ["LeftBehind", "leave_behind"]

_TICK_S = 0.05
_GRACE_S = 0.5


class LeftBehind(Exception):
    """The run has left; the call goes on in a thread of its own."""


def leave_behind(
    call: Callable[[], str],
    should_stop: Callable[[], bool],
    on_leave: Callable[[], None],
    on_late_end: Callable[[str, BaseException | None], None],
) -> str:
    """What `call` returns, or raises.

    After Stop it has a moment to end, then `on_leave` is called and LeftBehind raised; what the
    call returns goes to `on_late_end`, or ("", what it raises). That is never called before
    `on_leave` is over, so that a note of leaving does not replace the answer.
    """
    flight = beside(call, "genvr-paid-call")
    while not ended(flight, _TICK_S):
        if should_stop():
            break
    if ended(flight, _GRACE_S):
        return flight.result()
    on_leave()
    flight.add_done_callback(
        lambda over: on_late_end("" if over.exception() else over.result(), over.exception())
    )
    raise LeftBehind
