"""What has been spent, read from the journal. Credits at the price of the time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .journal import Entry
from .retry import local_time

__all__ = ["Day", "Totals", "totals"]


@dataclass(frozen=True, slots=True)
class Day:
    """One day in local time, ISO form."""

    day: str
    credits: float
    images: int


@dataclass(frozen=True, slots=True)
class Totals:
    """credits: certain; possible: unclear requests; unpriced: tasks whose price we assumed."""

    credits: float
    possible: float
    images: int
    unpriced: int
    days: tuple[Day, ...]

    @property
    def text(self) -> str:
        perhaps = f" and perhaps {self.possible:g} more" if self.possible else ""
        assumed = f" (the price of {self.unpriced} is assumed)" if self.unpriced else ""
        tasks = "1 task" if self.images == 1 else f"{self.images} tasks"
        return f"{self.credits:g} credits{perhaps} for {tasks}{assumed}"


def totals(entries: Iterable[Entry]) -> Totals:
    """A task id is proof of a charge; an unclear call, or an intent without one, may be one."""
    credits = possible = 0.0
    images = unpriced = 0
    days: dict[str, tuple[float, int]] = {}
    for entry in entries:
        if entry.task:
            credits += entry.credits
            images += 1
            unpriced += not entry.published
            day = local_time(entry.created, "%Y-%m-%d")
            spent, count = days.get(day, (0.0, 0))
            days[day] = (spent + entry.credits, count + 1)
        elif entry.state in ("ambiguous", "prepared"):
            possible += entry.credits
    listed = tuple(Day(day, *days[day]) for day in sorted(days, reverse=True))
    return Totals(credits, possible, images, unpriced, listed)
