"""Settings with every "auto" filled in from the family's row."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import PlanError
from .facts import Settings
from .family import Family

__all__ = ["Choice", "resolve"]

_LARGEST_SEED = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Choice:
    """What will be used."""

    seed: int
    steps: int
    guidance: float
    cfg: float  # of the sampler: the guidance, or 1 where guidance is an input of the network
    strength: float
    start: float
    end: float
    sampler: str
    scheduler: str
    count: int


def resolve(family: Family, settings: Settings) -> Choice:
    """Raises PlanError for a number no sampler could use."""
    _check_settings(settings)
    guidance = family.guidance if settings.guidance is None else settings.guidance
    end = family.end if settings.end is None else settings.end
    if settings.end is None and settings.start >= end:
        end = 1.0
    if settings.start >= end:
        raise PlanError(
            f"The depth would start at {settings.start:g} and end at {end:g} of the run, so it "
            "would never act. Set start below end."
        )
    return Choice(
        seed=settings.seed,
        steps=family.steps if settings.steps is None else settings.steps,
        guidance=guidance,
        cfg=1.0 if family.guided_inside else guidance,
        strength=family.strength if settings.strength is None else settings.strength,
        start=settings.start,
        end=end,
        sampler=settings.sampler or family.sampler,
        scheduler=settings.scheduler or family.scheduler,
        count=settings.count,
    )


def _check_settings(settings: Settings) -> None:
    ranges: dict[str, tuple[float | None, float, float]] = {
        "seed": (settings.seed, 0, _LARGEST_SEED),
        "steps": (settings.steps, 1, 10000),
        "guidance": (settings.guidance, 0, 100),
        "strength": (settings.strength, 0, 10),
        "start": (settings.start, 0, 1),
        "end": (settings.end, 0, 1),
        "count": (settings.count, 1, 4096),
        "denoise": (settings.denoise, 0.01, 1),
        "second_pass": (settings.second_pass, 1, 8),
        "second_denoise": (settings.second_denoise, 0.01, 1),
    }
    for name, (value, low, high) in ranges.items():
        if value is not None and not low <= value <= high:
            raise PlanError(f"{name} is {value:g}; it must be between {low} and {high}.")
