"""What a plan needs to know about the things that are connected: plain numbers and names.

The node reads them off ComfyUI's objects, the command line takes a family's typical ones, tests
write them down. Nothing here refers to a ComfyUI class.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..generation_request import GenerationRequest

__all__ = [
    "Connected",
    "ControlFacts",
    "Extent",
    "ModelFacts",
    "PatchFacts",
    "Settings",
    "VaeFacts",
]


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A diffusion model."""

    name: str  # ComfyUI's name of the architecture: SD15, SDXL, Flux, QwenImage...
    lineage: tuple[str, ...] = ()  # that name, its base classes', and that in its unet_config
    latent_channels: int = 4  # 0 = not known
    downscale: int = 8  # pixels per latent
    latent_dimensions: int = 2  # 3 where the latent has a time axis (Qwen-Image)
    width: int | None = None  # UNet: width of the text features; transformer: hidden size
    concat_channels: int = 0  # latent channels it expects beside the noisy ones
    shifted: bool = False  # a ModelSampling node was placed before us
    by_lora: bool = False  # the extra input channels come from a LoRA
    loras: bool = False  # any LoRA is on the model
    guide_downscale: int = 1  # how much smaller an IC-LoRA wants its guides


@dataclass(frozen=True, slots=True)
class ControlFacts:
    """A CONTROL_NET. kind is a key of `families.CONTROL_KINDS`."""

    kind: str
    name: str
    width: int | None = None  # in the same terms as ModelFacts.width
    union_types: int = 0  # how many control types a union net knows; 0 = not a union net
    needs_vae: bool = False


@dataclass(frozen=True, slots=True)
class PatchFacts:
    """A MODEL_PATCH. kind is a value of `_PATCH_CLASSES` in `local_facts`, or "unknown".

    node: the id of the node that applies it, found by its class; "" = none found. inputs: name and
    type of what that node declares; empty = not known.
    """

    kind: str
    name: str
    node: str = ""
    inputs: tuple[tuple[str, str], ...] = ()

    @property
    def guessed(self) -> bool:
        """Whether only its node is known, and not the patch."""
        return self.kind == "unknown" and bool(self.node)


@dataclass(frozen=True, slots=True)
class VaeFacts:
    latent_channels: int  # 0 = not known
    latent_dimensions: int = 2


@dataclass(frozen=True, slots=True)
class Extent:
    """Pixels and images of a batch."""

    width: int
    height: int
    frames: int = 1

    def __str__(self) -> str:
        count = f", {self.frames} images" if self.frames > 1 else ""
        return f"{self.width}x{self.height}{count}"


@dataclass(frozen=True, slots=True)
class Connected:
    """Everything plugged into the node; None and False = not connected."""

    model: ModelFacts
    vae: VaeFacts | None
    depth: Extent
    control: ControlFacts | None = None
    patch: PatchFacts | None = None
    clip: bool = False
    positive: bool = False
    guided: bool = False  # the ready conditioning already carries a guidance value
    negative: bool = False
    reference: Extent | None = None
    mask: Extent | None = None
    color_map: Extent | None = None
    nodes: frozenset[str] | None = None  # ids of this ComfyUI's nodes; None = not known

    @property
    def by_prompt(self) -> bool:
        """Whether depth can only go in beside the prompt: no net, no patch, an encoder for it."""
        return self.control is None and self.patch is None and self.clip and not self.positive


@dataclass(frozen=True, slots=True)
class Settings(GenerationRequest):
    """A request with what only local sampling has; None = the family's own default."""

    strength: float | None = None
    start: float = 0.0  # share of the run, 0..1
    end: float | None = None
    sampler: str | None = None
    scheduler: str | None = None
    size: str = "from depth"  # or "megapixels"
    megapixels: float | None = None  # of 1024 x 1024 pixels each
    denoise: float = 1.0
    second_pass: float = 1.0  # scale of the second pass; 1 = none
    second_denoise: float = 0.5
