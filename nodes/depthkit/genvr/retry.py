"""How long to wait: back-off with full jitter, Retry-After with a cap, waits that Stop can end."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from ..errors import Stopped

__all__ = ["RETRY_AFTER_CAP_S", "Pacing", "backoff", "local_time", "never_stop", "retry_after"]

RETRY_AFTER_CAP_S = 120.0
_TICK_S = 0.2


def never_stop() -> bool:
    return False


def backoff(attempt: int, base_s: float = 0.5, cap_s: float = 15.0) -> float:
    """Full jitter: a random time between 0 and min(cap, base * 2 ** attempt)."""
    return random.uniform(0, min(cap_s, base_s * 2 ** min(attempt, 16)))


def retry_after(header: str | None, now: float) -> float | None:
    """Seconds the server asks us to wait, 0..RETRY_AFTER_CAP_S; None where it says nothing usable.

    header: seconds, or an HTTP date read against `now` (Unix time).
    """
    if not header or not header.isascii():
        return None
    text = header.strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=timezone.utc)
            seconds = (moment - datetime.fromtimestamp(now, timezone.utc)).total_seconds()
        except (TypeError, ValueError, IndexError, OverflowError, OSError):
            return None
    if math.isnan(seconds):
        return None
    return min(max(seconds, 0.0), RETRY_AFTER_CAP_S)


def local_time(moment: float, form: str) -> str:
    """A Unix time as local text; a clock that ran away has no date."""
    try:
        return datetime.fromtimestamp(moment).strftime(form)
    except (ValueError, OverflowError, OSError):
        return "an unknown date"


@dataclass(frozen=True, slots=True)
class Pacing:
    """The clocks and waits of a run; tests put their own in.

    `clock` is Unix time (may jump), `monotonic` measures durations, `sleep` waits.
    """

    clock: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def wait(self, seconds: float, should_stop: Callable[[], bool]) -> None:
        """Wait in short steps; raises Stopped as soon as Stop is pressed."""
        left = seconds
        while True:
            if should_stop():
                raise Stopped
            if left <= 0:
                return
            step = min(left, _TICK_S)
            self.sleep(step)
            left -= step
