"""One row per model family: which route the depth takes, and what an expert would set.

A row holds facts about the architecture (channels, widths, size multiple) and working defaults;
`files.py` says where the models are. Rows are tried from the top: the first whose conditions hold.
"""

from __future__ import annotations

from dataclasses import dataclass

from .facts import ControlFacts, ModelFacts

__all__ = ["CONTROL_KINDS", "FAMILIES", "GENERIC", "UNION_DEPTH", "Family", "family_of"]

CONTROL_KINDS: dict[str, str] = {
    "unet": "ControlNet for UNets (SD 1.5, SD 2, SDXL)",
    "control-lora": "Control-LoRA for UNets",
    "t2i": "T2I adapter",
    "sd3": "SD 3 ControlNet",
    "sd35": "SD 3.5 ControlNet (Stability AI)",
    "flux": "FLUX.1 ControlNet",
    "qwen": "Qwen-Image ControlNet",
    "hunyuan-dit": "HunyuanDiT ControlNet",
    "unknown": "ControlNet of an unknown kind",
}

# Kind of a union net -> (the index its files use for depth, the name under which core's
# SetUnionControlNetType sends that index). Core's names are SDXL's numbering; FLUX unions count
# canny 0, tile 1, depth 2, so that core's "depth" would select tile there.
UNION_DEPTH: dict[str, tuple[int, str]] = {
    "unet": (1, "depth"),
    "flux": (2, "hed/pidi/scribble/ted"),
}

_UNET_CONTROLS = frozenset({"unet", "control-lora", "t2i"})


@dataclass(frozen=True, slots=True)
class Family:
    key: str
    title: str
    classes: frozenset[str]  # ComfyUI's architecture names, base classes included
    controls: frozenset[str]  # kinds of CONTROL_NET it takes
    latent_channels: int = 4
    latent_dimensions: int = 2
    patches: frozenset[str] = frozenset()  # kinds of MODEL_PATCH it takes
    concat: bool = False  # depth goes in as extra latent channels
    width: int | None = None  # of the text features (UNet) or hidden size; for `typical` facts
    multiple: int = 8  # pixels the sampling size is a multiple of
    megapixels: float = 1.0  # what it was trained at, in 1024 x 1024 pixels
    steps: int = 30
    sampler: str = "euler"
    scheduler: str = "simple"
    guidance: float = 1.0
    guided_inside: bool = False  # guidance is an input of the network (FLUX), cfg stays 1
    strength: float = 1.0
    end: float = 1.0
    shift: float | None = None  # timestep shift to set where the model's own is not the usual one
    patch_node: str = ""  # the core node that applies its model patch
    editor: str = ""  # the core node that encodes the prompt with images, where it has one
    notes: tuple[str, ...] = ()

    def matches(self, model: ModelFacts) -> bool:
        known = not self.classes.isdisjoint(model.lineage)
        concat = model.concat_channels == self.latent_channels
        return known and self.latent_channels == model.latent_channels and concat >= self.concat

    @property
    def empty_latent(self) -> str:
        return "EmptySD3LatentImage" if self.latent_channels == 16 else "EmptyLatentImage"

    @property
    def typical(self) -> ModelFacts:
        """Facts of an ordinary model of this family, for plans without a model at hand."""
        return ModelFacts(
            name=self.title,
            lineage=tuple(sorted(self.classes)),
            latent_channels=self.latent_channels,
            latent_dimensions=self.latent_dimensions,
            width=self.width,
            concat_channels=self.latent_channels if self.concat else 0,
        )

    def typical_control(self, kind: str, *, union: bool = False) -> ControlFacts:
        """Facts of an ordinary ControlNet for this family."""
        return ControlFacts(
            kind=kind,
            name=CONTROL_KINDS[kind],
            width=self.width,
            union_types={"unet": 8, "flux": 7}.get(kind, 0) if union else 0,
            needs_vae=kind not in _UNET_CONTROLS,
        )


FAMILIES: tuple[Family, ...] = (
    Family(
        "sd15",
        "Stable Diffusion 1.5",
        classes=frozenset({"SD15"}),
        controls=_UNET_CONTROLS,
        width=768,
        megapixels=0.25,
        steps=25,
        sampler="dpmpp_2m",
        scheduler="karras",
        guidance=7.0,
    ),
    Family(
        "sd2",
        "Stable Diffusion 2",
        classes=frozenset({"SD20"}),
        controls=_UNET_CONTROLS,
        width=1024,
        megapixels=0.5625,
        steps=25,
        sampler="dpmpp_2m",
        scheduler="karras",
        guidance=7.0,
    ),
    Family(
        "sdxl",
        "SDXL",
        classes=frozenset({"SDXL"}),
        controls=_UNET_CONTROLS,
        width=2048,
        sampler="dpmpp_2m",
        scheduler="karras",
        guidance=6.0,
        strength=0.8,
        end=0.9,
    ),
    Family(
        "sd3",
        "Stable Diffusion 3 / 3.5",
        classes=frozenset({"SD3"}),
        controls=frozenset({"sd3", "sd35"}),
        latent_channels=16,
        width=2432,
        multiple=16,
        steps=40,
        sampler="dpmpp_2m",
        scheduler="sgm_uniform",
        guidance=4.5,
        strength=0.7,
    ),
    Family(
        "flux_depth",
        "FLUX.1 Depth [dev]",
        classes=frozenset({"Flux"}),
        controls=frozenset(),
        latent_channels=16,
        concat=True,
        width=3072,
        multiple=16,
        scheduler="normal",
        guidance=10.0,
        guided_inside=True,
        notes=("FLUX.1 Canny [dev] has the same shape and cannot be told apart from Depth.",),
    ),
    Family(
        "flux_schnell",
        "FLUX.1 [schnell]",
        classes=frozenset({"FluxSchnell"}),
        controls=frozenset({"flux"}),
        latent_channels=16,
        width=3072,
        multiple=16,
        steps=4,
        strength=0.6,
        notes=("ControlNets are trained on FLUX.1 [dev]; with [schnell] they hold less well.",),
    ),
    Family(
        "flux",
        "FLUX.1 [dev]",
        classes=frozenset({"Flux"}),
        controls=frozenset({"flux"}),
        latent_channels=16,
        width=3072,
        multiple=16,
        steps=28,
        guidance=3.5,
        guided_inside=True,
        strength=0.6,
        end=0.8,
    ),
    Family(
        "qwen_image",
        "Qwen-Image",
        classes=frozenset({"QwenImage"}),
        controls=frozenset({"qwen"}),
        patches=frozenset({"qwen"}),
        latent_channels=16,
        latent_dimensions=3,
        width=3072,
        multiple=16,
        steps=20,
        guidance=2.5,
        shift=3.1,
        patch_node="QwenImageDiffsynthControlnet",
        editor="TextEncodeQwenImageEditPlus",
    ),
    Family(
        "z_image",
        "Z-Image",
        classes=frozenset({"ZImage"}),
        controls=frozenset(),
        patches=frozenset({"z-image"}),
        latent_channels=16,
        width=3840,
        multiple=16,
        steps=8,
        sampler="res_multistep",
        patch_node="ZImageFunControlnet",
        notes=("Steps and guidance are Z-Image-Turbo's; the base model wants about 30 and 4.",),
    ),
)

GENERIC = Family(
    "generic",
    "Unknown family",
    classes=frozenset(),
    controls=frozenset(CONTROL_KINDS),
    multiple=16,
    guidance=4.0,
)


def family_of(model: ModelFacts) -> Family:
    """The row of the table, or GENERIC for an architecture it does not know."""
    return next((row for row in FAMILIES if row.matches(model)), GENERIC)
