"""What a user chooses of a stereo image, and the tables of the choices."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import InvalidInput
from .comfort import SCREENS
from .stereo_layouts import LAYOUTS

__all__ = ["LAYOUTS", "PATHS", "SCREENS", "SOURCE_EYES", "WINDOWS", "StereoOptions"]

# The share of the parallax by which each eye's view is moved: (left, right).
SOURCE_EYES: dict[str, tuple[float, float]] = {
    "between both eyes": (0.5, -0.5),
    "left eye": (0.0, -1.0),
    "right eye": (1.0, 0.0),
}
WINDOWS = ("report", "move back", "floating window")
# A path gives the camera's place, in half-widths of the sway, at time 0..1 of the loop.
PATHS: dict[str, Callable[[float], tuple[float, float]]] = {
    "sway": lambda t: (math.sin(2 * math.pi * t), 0.0),
    "orbit": lambda t: (math.sin(2 * math.pi * t), 0.5 * math.cos(2 * math.pi * t)),
    "slide": lambda t: (2 * t - 1, 0.0),
}


@dataclass(frozen=True, slots=True)
class StereoOptions:
    """How far apart the eyes are, and what sits at the screen.

    strength: parallax between the farthest and the nearest point, percent of the image's width;
    2 to 3 is comfortable, 0 gives two equal images. screen: the nearness (0 farthest, 1 nearest)
    that appears at the screen: nearer things stand out of it. eye_distance_mm: above 0, a metric
    map with a camera is seen with eyes really that far apart (63 is human) and strength is ignored.
    fill: close what was hidden from the background side; else it stays black. source: where the
    photo was taken from; a single eye's image is the photo bit for bit. window: what is done where
    a border cuts things before the screen. snap: bring soft outlines of the depth to those of the
    photo first. viewed_on: the screen of the report.
    """

    layout: str = "side by side"
    strength: float = 2.5
    screen: float = 0.5
    eye_distance_mm: float = 0.0
    fill: bool = True
    source: str = "between both eyes"
    window: str = "report"
    snap: bool = True
    viewed_on: str = "desk screen"

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("layout", self.layout, LAYOUTS),
            ("source", self.source, SOURCE_EYES),
            ("window", self.window, WINDOWS),
            ("screen", self.viewed_on, SCREENS),
        ):
            if value not in allowed:
                raise InvalidInput(f"Unknown {name} {value!r}; use one of {', '.join(allowed)}.")
        if not 0 <= self.strength <= 50 or not 0 <= self.screen <= 1 or self.eye_distance_mm < 0:
            raise InvalidInput(
                "strength is 0 to 50 percent of the width, screen 0 (farthest) to 1 (nearest), and "
                "the eye distance not negative."
            )
