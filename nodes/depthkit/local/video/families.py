"""One row per video family: how depth goes in, which lengths and sizes it can sample, and what an
expert would set. Rows are tried from the top."""

from __future__ import annotations

from dataclasses import dataclass

from ..facts import ModelFacts

__all__ = ["VIDEO_FAMILIES", "VideoFamily", "video_family_of"]


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


_WAN = frozenset({"WAN21_T2V"})

VIDEO_FAMILIES: tuple[VideoFamily, ...] = (
    VideoFamily(
        "wan_vace",
        "Wan VACE",
        route="vace",
        node="WanVaceToVideo",
        classes=frozenset({"WAN21_Vace"}),
        latent_channels=16,
        step=4,
        first=1,
        multiple=16,
        megapixels=0.4,
        frame_rate=16.0,
        experts=(1, 2),
        reference=True,
        first_frame=True,
        last_frame=True,
        inpaint=True,
        shift=8.0,
    ),
    VideoFamily(
        "wan22_fun",
        "Wan 2.2 Fun Control",
        route="fun22",
        node="Wan22FunControlToVideo",
        classes=_WAN,
        latent_channels=16,
        concat=36,
        step=4,
        first=1,
        multiple=16,
        megapixels=0.4,
        frame_rate=16.0,
        experts=(2, 2),
        reference=True,
        guidance=3.5,
        sampler="euler",
        shift=8.0,
    ),
    VideoFamily(
        "wan22_fun_5b",
        "Wan 2.2 Fun Control 5B",
        route="fun22",
        node="Wan22FunControlToVideo",
        classes=_WAN,
        latent_channels=48,
        concat=100,
        step=4,
        first=1,
        multiple=32,
        megapixels=0.86,
        frame_rate=24.0,
        reference=True,
        guidance=5.0,
        shift=8.0,
    ),
    VideoFamily(
        "wan21_fun",
        "Wan 2.1 Fun Control",
        route="fun21",
        node="WanFunControlToVideo",
        classes=_WAN,
        latent_channels=16,
        concat=32,
        step=4,
        first=1,
        multiple=16,
        megapixels=0.4,
        frame_rate=16.0,
        first_frame=True,
        shift=8.0,
    ),
    VideoFamily(
        "ltx",
        "LTX-2 with IC-LoRA",
        route="ltx",
        node="LTXVAddGuide",
        classes=frozenset({"LTXV"}),
        latent_channels=128,
        step=8,
        first=1,
        multiple=32,
        megapixels=0.86,
        frame_rate=24.0,
        lora=True,
        first_frame=True,
        last_frame=True,
        guidance=4.0,
        sampler="euler",
        scheduler="LTXVScheduler",
        notes=(
            "Settings are those of the dev model; a distilled one wants guidance 1 and 8 steps.",
        ),
    ),
    VideoFamily(
        "minimax_h3",
        "MiniMax H3 with Fun ControlNet",
        route="h3",
        node="MiniMaxH3FunControlNetApply",
        classes=frozenset({"MiniMaxH3"}),
        latent_channels=0,
        step=17,
        first=5,
        multiple=32,
        megapixels=0.4,
        frame_rate=24.0,
        patch="minimax-h3",
        start_end=True,
        first_frame=True,
        last_frame=True,
        inpaint=True,
        guidance=1.0,
        sampler="euler",
        notes=(
            "This route is planned from ComfyUI's documentation (0.35 and newer; read, not run). "
            "Its 20 steps are those of ComfyUI's own templates; a Turbo LoRA wants 4 to 8.",
            "MiniMax H3 makes sound too: it is in the latent, and its audio VAE decodes it.",
        ),
    ),
)


def video_family_of(model: ModelFacts) -> VideoFamily | None:
    """The row of the table, or None for a model that takes no depth clip."""
    return next((row for row in VIDEO_FAMILIES if row.matches(model)), None)
