"""What is known about a family of image models: how depth reaches it, what an expert would set."""

from __future__ import annotations

from dataclasses import dataclass

from .facts import ControlFacts, ModelFacts

__all__ = ["CONTROL_KINDS", "UNION_DEPTH", "Family"]

CONTROL_KINDS: dict[str, str] = {
    "unet": "ControlNet for UNets (SD 1.5, SD 2, SDXL)",
    "control-lora": "Control-LoRA for UNets",
    "t2i": "T2I adapter",
    "sd3": "SD 3 ControlNet",
    "sd35": "SD 3.5 ControlNet (Stability AI)",
    "flux": "FLUX.1 ControlNet",
    "qwen": "Qwen-Image ControlNet",
    "hunyuan-dit": "HunyuanDiT ControlNet",
    "flux2-fun": "FLUX.2 Fun ControlNet",
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
    latent_channels: int = 4  # 0 = not known
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
    encoder: str = ""  # the node that encodes both prompts, where CLIPTextEncode does not
    route: str = ""  # a key of own_routes.OWN_ROUTES, where depth has a way of its own
    lora: bool = False  # the depth needs a LoRA on the model
    latent_node: str = ""  # where the usual empty latent does not fit
    needs: tuple[str, ...] = ()  # nodes that not every ComfyUI has
    pack: str = ""  # the node pack that brings them; "" = a newer ComfyUI
    uncontrolled: bool = False  # nothing brings depth to it
    notes: tuple[str, ...] = ()

    def matches(self, model: ModelFacts) -> bool:
        known = not self.classes.isdisjoint(model.lineage)
        concat = model.concat_channels == self.latent_channels
        fits = self.latent_channels in (0, model.latent_channels)
        return known and fits and concat >= self.concat

    @property
    def empty_latent(self) -> str:
        usual = "EmptySD3LatentImage" if self.latent_channels == 16 else "EmptyLatentImage"
        return self.latent_node or usual

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
            loras=self.lora,
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
