"""What two eyes meet on a screen: how far things stand out, what strains, what the frame cuts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["EYES_MM", "SCREENS", "Screen", "Violation", "comfort_report", "window_violation"]

EYES_MM = 63.0
# Eyes turn towards a point and focus on the screen: one degree of difference is comfortable
# (Lambooij et al. 2009, "Visual discomfort and visual fatigue of stereoscopic displays").
_DEGREE = 1.0
# A border cuts a thing that stands out by more than this share of the width, on this share of its
# rows, within this share of the width from it.
_OUT, _ROWS, _BORDER = 0.002, 0.02, 0.01


@dataclass(frozen=True, slots=True)
class Screen:
    """width_mm: of the image on it; away_mm: from the viewer."""

    width_mm: float
    away_mm: float


SCREENS: dict[str, Screen] = {
    "desk screen": Screen(600, 700),
    "laptop": Screen(310, 500),
    "phone": Screen(150, 300),
    "television": Screen(1220, 2500),
    "projector": Screen(2500, 4000),
    "cinema": Screen(12000, 14000),
}


@dataclass(frozen=True, slots=True)
class Violation:
    """Things before the screen that its left or right border cuts: the most they stand out there,
    in pixels, 0 where nothing does."""

    left: float
    right: float

    def __bool__(self) -> bool:
        return self.left > 0 or self.right > 0


def window_violation(parallax: Tensor) -> Violation:
    """parallax: (H, W) pixels between both eyes, larger than 0 before the screen."""
    width = parallax.shape[1]
    strip = max(1, round(_BORDER * width))
    cut: list[float] = []
    for border in (parallax[:, :strip], parallax[:, -strip:]):
        most = border.amax(1)
        out = most[most > _OUT * width]
        cut.append(out.max().item() if len(out) > _ROWS * len(most) else 0.0)
    return Violation(*cut)


def comfort_report(parallax: Tensor, width: int, screen: str = "desk screen") -> str:
    """Parallax in percent and millimetres at a named screen, and what it means for the eyes.

    parallax: any shape, pixels. By similar triangles a point with parallax p on the screen
    (crossed: p > 0) appears at eyes * away / (eyes + p) from the viewer.
    """
    seen = SCREENS[screen]
    low, high = (end.item() / width for end in torch.aminmax(parallax))
    behind, front = -low * seen.width_mm, high * seen.width_mm
    lines = [
        f"parallax {100 * low:+.2f} % to {100 * high:+.2f} % of the width; on a {screen} "
        f"({seen.width_mm / 10:g} cm wide, {seen.away_mm / 10:g} cm away) {-behind:+.1f} to "
        f"{front:+.1f} mm: {_nearest_surface(front, seen)}, {_farthest(behind, seen)}"
    ]
    angle = math.degrees(max(abs(front), abs(behind)) / seen.away_mm)
    if angle > _DEGREE:
        most = 100 * math.radians(_DEGREE) * seen.away_mm / seen.width_mm
        lines.append(
            f"{angle:.1f} degrees between where the eyes turn and what they focus on: more than "
            f"the {_DEGREE:g} that is comfortable; keep the parallax within {most:.1f} % there"
        )
    return "\n".join(lines)


def _nearest_surface(front: float, seen: Screen) -> str:
    out = seen.away_mm - EYES_MM * seen.away_mm / (EYES_MM + max(front, 0.0))
    return f"the nearest point stands {out / 10:.0f} cm in front"


def _farthest(behind: float, seen: Screen) -> str:
    if behind >= EYES_MM:
        return "the farthest lies beyond infinity: eyes would have to turn outwards"
    depth = EYES_MM * seen.away_mm / (EYES_MM - max(behind, 0.0)) - seen.away_mm
    return f"the farthest lies {depth / 10:.0f} cm behind it"
