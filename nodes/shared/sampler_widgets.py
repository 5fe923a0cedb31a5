"""Widgets of the local generators that are left to the model family until the user sets them."""

from __future__ import annotations

from collections.abc import Callable

from . import host
from .declared import Float, Int, Widget

__all__ = ["AUTO", "auto_number", "sampler_names"]

AUTO = -1


def sampler_names(place: int) -> Callable[[], list[str]]:
    """ "auto" and ComfyUI's samplers (place 0) or schedulers (place 1)."""
    return lambda: ["auto", *host.current().samplers()[place]]


def auto_number(kind: type[Int] | type[Float], tooltip: str, most: int) -> Widget:
    """A number that is left to the model family until the user types one."""
    return kind(tooltip, AUTO, AUTO, most, auto=AUTO)
