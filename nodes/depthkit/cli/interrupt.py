"""Ctrl-C ends a command within two seconds, whatever it is doing, with one line.

Python hears Ctrl-C in its main thread and between two steps of its own: not inside one long
computation of torch. At the end it waits for threads that wait for a server, and takes its modules
apart, which takes seconds with torch. So a thread watches and ends the process where a command does
not come back, and a command that does come back leaves without the usual end. Files appear whole or
not at all, and the payment journal is written before a request leaves, so nothing is lost by that.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from types import FrameType

from ..connections import SocketEnd, socket_pair

__all__ = ["EXIT_CODE", "Ending", "ending_at_ctrl_c"]

EXIT_CODE = 130
# What a command gets to store what it has.
_PATIENCE_S = 1.0


class Ending:
    """Says once that the program was stopped. program: its name in that line."""

    def __init__(self, program: str) -> None:
        self.program = program
        self._said = False
        self._lock = threading.Lock()

    def say_stopped(self) -> int:
        """The exit code."""
        with self._lock:
            if not self._said:
                self._said = True
                start = "\r\x1b[K" if sys.stderr.isatty() else ""
                sys.stderr.write(f"{start}{self.program}: stopped\n")
        return EXIT_CODE

    def leave(self) -> None:
        """End the process as soon as its threads have noted what they know; see `watch`."""
        self.say_stopped()
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join(_PATIENCE_S)
        os._exit(EXIT_CODE)

    def watch(self, pressed: SocketEnd) -> None:
        """Wait for the first Ctrl-C; end the process at the second, or when patience is over."""
        with pressed:
            while (number := _next_signal(pressed)) != signal.SIGINT:
                if number is None:
                    return
            pressed.settimeout(_PATIENCE_S)
            with suppress(TimeoutError):
                while _next_signal(pressed) != signal.SIGINT:
                    pass
            os._exit(self.say_stopped())


def _next_signal(pressed: SocketEnd) -> int | None:
    """Its number; None when the command has ended without it."""
    got = pressed.recv(1)
    return got[0] if got else None


@contextmanager
def ending_at_ctrl_c(program: str) -> Generator[Ending, None, None]:
    """Inside, the rules of this module hold; after a Ctrl-C nothing comes behind it."""
    ending = Ending(program)
    if threading.current_thread() is not threading.main_thread():
        yield ending
        return
    told, pressed = socket_pair()
    told.setblocking(False)
    presses: list[int] = []

    def on_ctrl_c(number: int, frame: FrameType | None) -> None:
        presses.append(number)
        if len(presses) == 1:
            raise KeyboardInterrupt

    threading.Thread(target=ending.watch, args=(pressed,), daemon=True).start()
    before = signal.signal(signal.SIGINT, on_ctrl_c)
    told_before = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    try:
        yield ending
    finally:
        if presses:
            ending.leave()
        signal.set_wakeup_fd(told_before)
        signal.signal(signal.SIGINT, before)
        told.close()
