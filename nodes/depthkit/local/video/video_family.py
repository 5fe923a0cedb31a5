"""What is known about a family of video models: how depth reaches it, what it can sample."""

from __future__ import annotations

from dataclasses import dataclass

from ..facts import ModelFacts

__all__ = ["VideoFamily"]


@dataclass(frozen=True, slots=True)
class VideoFamily:
    """length = first + step * n frames. concat: latent channels the model expects beside the noisy
    ones, None = any. experts: how many models sample one after the other, at least and at most.
    inpaint: whether it keeps a source video outside a mask.
    shift: None = the family's scheduler sets it."""

    key: str
    title: str
    route: str  # a key of routes.ROUTES
    node: str  # the core node that takes the depth
    classes: frozenset[str]  # ComfyUI's architecture names, base classes included
    latent_channels: int
    step: int
    first: int
    multiple: int
    megapixels: float
    frame_rate: float
    concat: int | None = None
    experts: tuple[int, int] = (1, 1)
    patch: str = ""  # kind of MODEL_PATCH it needs
    lora: bool = False  # the depth needs a LoRA on the model
    start_end: bool = False
    reference: bool = False
    first_frame: bool = False
    last_frame: bool = False
    inpaint: bool = False
    steps: int = 20
    guidance: float = 6.0
    shift: float | None = None
    sampler: str = "uni_pc"
    scheduler: str = "simple"
    strength: float = 1.0
    notes: tuple[str, ...] = ()

    def matches(self, model: ModelFacts) -> bool:
        known = not self.classes.isdisjoint(model.lineage)
        beside = self.concat is None or self.concat == model.concat_channels
        return known and beside and model.latent_channels in (0, self.latent_channels)

    @property
    def typical(self) -> ModelFacts:
        """Facts of an ordinary model of this family, for plans without a model at hand."""
        return ModelFacts(
            name=self.title,
            lineage=tuple(sorted(self.classes)),
            latent_channels=self.latent_channels,
            latent_dimensions=3,
            concat_channels=self.concat or 0,
            loras=self.lora,
        )
