"""Places of an image in words."""

from __future__ import annotations

__all__ = ["place_name"]

_PLACES = (
    ("at the top left", "at the top", "at the top right"),
    ("at the left", "in the middle", "at the right"),
    ("at the bottom left", "at the bottom", "at the bottom right"),
)


def place_name(across: float, down: float) -> str:
    """Which ninth of the image a point lies in; across, down: 0..1 of width and height."""
    return _PLACES[min(2, int(3 * down))][min(2, int(3 * across))]
