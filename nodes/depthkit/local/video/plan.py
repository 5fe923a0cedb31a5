"""From facts and settings to a plan for a clip: the core nodes an expert would have wired."""

from __future__ import annotations

from dataclasses import dataclass

from ..facts import Extent
from ..steps import Draft, Given, Ref, Step
from .facts import ClipConnected, ClipSettings
from .pairing import check_clip, known_family
from .resolve import ClipChoice, resolve_clip
from .routes import ROUTES, Wiring
from .size import clip_size
from .timing import Timing, clip_timing
from .video_family import VideoFamily

__all__ = ["VideoPlan", "make_video_plan"]


@dataclass(frozen=True, slots=True)
class VideoPlan:
    family: VideoFamily
    choice: ClipChoice
    steps: tuple[Step, ...]
    image: Ref
    latent: Ref
    video: Ref
    notes: tuple[str, ...]

    @property
    def size(self) -> Extent:
        return self.choice.size

    @property
    def timing(self) -> Timing:
        return self.choice.timing


def make_video_plan(connected: ClipConnected, settings: ClipSettings) -> VideoPlan:
    """The plan, or PlanError with a remedy where the connected things cannot work together."""
    family = known_family(connected)
    check_clip(family, connected)
    timing = clip_timing(family, connected, settings)
    size, notes = clip_size(family, connected, settings)
    choice = resolve_clip(family, settings, size, timing)
    draft = Draft()
    draft.notes += [*family.notes, *timing.notes, *notes, *_ignored(family, connected, settings)]
    latent = ROUTES[family.route](Wiring(draft, family, connected, settings, choice))
    image = draft.add("image", "VAEDecode", samples=latent, vae=Given("vae"))
    video = draft.add("video", "CreateVideo", images=image, fps=timing.frame_rate)
    return VideoPlan(family, choice, tuple(draft.steps), image, latent, video, tuple(draft.notes))


def _ignored(family: VideoFamily, connected: ClipConnected, settings: ClipSettings) -> list[str]:
    """What was set and has no effect."""
    notes: list[str] = []
    if connected.positive and settings.prompt:
        notes.append("The prompt is not used: ready conditioning is connected to positive.")
    if not family.start_end and (settings.start, settings.end) != (0.0, 1.0):
        notes.append(f"{family.title} has no start and end: the depth acts through the whole run.")
    if settings.strength is not None and family.route in ("fun21", "fun22"):
        notes.append(f"{family.title} has no strength: the depth always acts fully.")
    if settings.shift is not None and family.shift is None:
        notes.append(f"{family.title} sets the shift itself: the one given has no effect.")
    if settings.negative_prompt and family.route == "h3":
        notes.append(f"{family.title} has no negative prompt.")
    return notes
