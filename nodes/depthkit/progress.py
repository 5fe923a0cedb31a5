"""One bar over several passes."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Progress", "no_progress", "part"]

Progress = Callable[[int, int], None]
"""progress(done, total); what it raises ends the work, which is how Stop is heard."""


def no_progress(done: int, total: int) -> None:
    """For callers without a bar."""


def part(on_progress: Progress | None, which: int, passes: int) -> Progress | None:
    """The bar of pass `which` (0 first) of `passes` that all count to the same total."""
    if on_progress is None:
        return None
    return lambda done, total: on_progress(which * total + done, passes * total)
