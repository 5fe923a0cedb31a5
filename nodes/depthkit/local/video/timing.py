"""How many frames are sampled, and which frame of the depth each of them shows."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import PlanError
from .facts import ClipConnected, ClipSettings
from .video_family import VideoFamily

__all__ = ["Timing", "clip_timing"]

_LONGEST = 4096
_SLOWEST, _FASTEST = 1.0, 120.0  # of core's CreateVideo


@dataclass(frozen=True, slots=True)
class Timing:
    """sources: for each frame that comes out the index of the depth's frame."""

    frame_rate: float
    sources: tuple[int, ...]
    notes: tuple[str, ...]

    @property
    def length(self) -> int:
        return len(self.sources)


def clip_timing(family: VideoFamily, connected: ClipConnected, settings: ClipSettings) -> Timing:
    """The depth at the family's frame rate and on its grid of lengths; PlanError on nonsense."""
    rate = _rate(
        "frame_rate",
        family.frame_rate if settings.frame_rate is None else settings.frame_rate,
    )
    known = connected.depth_rate if settings.depth_rate is None else settings.depth_rate
    depth_rate = rate if known is None else _rate("depth_rate", known)
    if settings.length is not None and not 1 <= settings.length <= _LONGEST:
        raise PlanError(
            f"A length of {settings.length} frames is not possible; type 1 to {_LONGEST}, or "
            "leave it at auto: as long as the depth."
        )
    frames = connected.depth.frames
    available = max(1, int((frames - 1) / depth_rate * rate + 1e-6) + 1)
    length, notes = _clip_length(family, settings.length, available, still=frames == 1)
    places = [index * depth_rate / rate for index in range(length)]
    if frames > 1 and places[-1] > frames - 0.5:
        notes.append(
            f"The depth has {frames} frames, the clip needs {places[-1] + 1:.0f} of them: it is "
            "slowed down to last that long."
        )
        places = [index * (frames - 1) / max(length - 1, 1) for index in range(length)]
    elif frames > 1 and places[-1] < frames - 1.5:
        notes.append(f"The depth is cut after frame {places[-1] + 1:.0f} of {frames}.")
    if frames > 1 and abs(depth_rate - rate) > 1e-3:
        notes.append(
            f"The depth runs at {depth_rate:g} frames a second, the clip at {rate:g}: the nearest "
            "frame in time is taken."
        )
    sources = tuple(min(frames - 1, max(0, round(place))) for place in places)
    return Timing(rate, sources, tuple(notes))


def _rate(name: str, value: float) -> float:
    if not _SLOWEST <= value <= _FASTEST:
        raise PlanError(
            f"{name} is {value:g} frames a second; it must be between {_SLOWEST:g} and "
            f"{_FASTEST:g}."
        )
    return value


def _clip_length(
    family: VideoFamily, wanted: int | None, available: int, *, still: bool
) -> tuple[int, list[str]]:
    if wanted is None and still:
        length = _sampled_length(family, _STILL)
        return length, [f"The depth is one image: it is held for {length} frames. Set a length."]
    exact = available if wanted is None else wanted
    # What was asked for goes to the nearest length; a clip of depth is never made longer.
    length = _sampled_length(family, exact, down=wanted is None)
    if length == exact:
        return length, []
    rule = f"{family.first} + {family.step}n"
    return length, [f"{exact} frames become {length}: {family.title} samples {rule} frames."]


_STILL = 81


def _sampled_length(family: VideoFamily, frames: int, *, down: bool = False) -> int:
    steps = (frames - family.first) / family.step
    return family.first + family.step * max(0, int(steps + 1e-9) if down else round(steps))
