"""Settings with every "auto" filled in from the family's row."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import PlanError
from ..facts import Extent
from .facts import ClipSettings
from .timing import Timing
from .video_family import VideoFamily

__all__ = ["ClipChoice", "resolve_clip"]


@dataclass(frozen=True, slots=True)
class ClipChoice:
    """What will be used."""

    seed: int
    size: Extent
    timing: Timing
    steps: int
    guidance: float
    strength: float
    start: float
    end: float
    shift: float | None
    sampler: str
    scheduler: str


def resolve_clip(
    family: VideoFamily, settings: ClipSettings, size: Extent, timing: Timing
) -> ClipChoice:
    """Raises PlanError for a number no sampler could use."""
    choice = ClipChoice(
        seed=settings.seed,
        size=size,
        timing=timing,
        steps=family.steps if settings.steps is None else settings.steps,
        guidance=family.guidance if settings.guidance is None else settings.guidance,
        strength=family.strength if settings.strength is None else settings.strength,
        start=settings.start,
        end=settings.end,
        shift=family.shift if settings.shift is None else settings.shift,
        sampler=settings.sampler or family.sampler,
        scheduler=settings.scheduler or family.scheduler,
    )
    ranges: dict[str, tuple[float, float, float]] = {
        "seed": (choice.seed, 0, 2**64 - 1),
        "steps": (choice.steps, 2 if family.experts[0] > 1 else 1, 10000),
        "guidance": (choice.guidance, 0, 100),
        "strength": (choice.strength, 0, 10),
        "start": (choice.start, 0, 1),
        "end": (choice.end, 0, 1),
        "shift": (choice.shift or 0, 0, 100),
    }
    for name, (value, low, high) in ranges.items():
        if not low <= value <= high:
            raise PlanError(f"{name} is {value:g}; it must be between {low} and {high}.")
    if choice.start >= choice.end:
        raise PlanError(
            f"The depth would start at {choice.start:g} and end at {choice.end:g} of the run, so "
            "it would never act. Set start below end."
        )
    return choice
