"""What a plan for a clip needs to know, and what the user asks for."""

from __future__ import annotations

from dataclasses import dataclass

from ..facts import Extent, ModelFacts, PatchFacts, VaeFacts

__all__ = ["ClipConnected", "ClipSettings"]


@dataclass(frozen=True, slots=True)
class ClipConnected:
    """Everything plugged into the node; None and False = not connected.

    low_noise: the second expert of a pair. depth_rate: frames per second of the depth, where its
    source says so. nodes: ids of the nodes this ComfyUI has; None = not known, all are taken to be
    there.
    """

    model: ModelFacts
    vae: VaeFacts | None
    depth: Extent
    depth_rate: float | None = None
    low_noise: ModelFacts | None = None
    patch: PatchFacts | None = None
    clip: bool = False
    positive: bool = False
    negative: bool = False
    first: Extent | None = None
    last: Extent | None = None
    reference: Extent | None = None
    source: Extent | None = None
    mask: Extent | None = None
    nodes: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class ClipSettings:
    """None = the family's own default, or what the depth gives."""

    prompt: str = ""
    negative_prompt: str = ""
    seed: int = 0
    length: int | None = None  # frames
    frame_rate: float | None = None  # of the clip that comes out
    depth_rate: float | None = None  # of the depth, where its source does not say
    size: str = "megapixels"  # or "from depth"
    megapixels: float | None = None  # of 1024 x 1024 pixels each
    steps: int | None = None
    guidance: float | None = None
    strength: float | None = None
    start: float = 0.0  # share of the run, 0..1
    end: float = 1.0
    shift: float | None = None
    sampler: str | None = None
    scheduler: str | None = None
