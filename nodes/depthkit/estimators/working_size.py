"""The size a model works at: aspect ratio kept, both sides a multiple, cost bounded."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["MAX_ASPECT", "SIZE_RULES", "inner_shape", "nearest_multiple"]

MAX_ASPECT = 4
"""Longer images are worked on at `MAX_ASPECT` times the inner size: a 1-pixel-high strip whose
short side were brought to 518 would otherwise be half a million pixels long."""


def inner_shape(height: int, width: int, short_side: int, multiple: int) -> tuple[int, int]:
    """(height, width) to run at: the shorter side near `short_side`, each side rounded to the
    nearest multiple and at least one multiple (the rule the DPT family was trained with).
    """
    scale = min(short_side / min(height, width), MAX_ASPECT * short_side / max(height, width))
    return nearest_multiple(height * scale, multiple), nearest_multiple(width * scale, multiple)


def nearest_multiple(length: float, multiple: int) -> int:
    """The multiple nearest to a length, at least one."""
    return max(round(length / multiple), 1) * multiple


def _square(_height: int, _width: int, short_side: int, multiple: int) -> tuple[int, int]:
    side = nearest_multiple(short_side, multiple)
    return side, side


def _fixed(_height: int, _width: int, _short_side: int, multiple: int) -> tuple[int, int]:
    return multiple, multiple


SIZE_RULES: dict[str, Callable[[int, int, int, int], tuple[int, int]]] = {
    "free": inner_shape,
    # Plain vision transformers of the DPT family fold their tokens into a square.
    "square": _square,
    # One size only, whatever is asked for.
    "fixed": _fixed,
}
"""How an architecture wants its images: height, width, short_side, multiple -> height, width."""
