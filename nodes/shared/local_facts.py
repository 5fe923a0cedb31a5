"""Facts about ComfyUI's MODEL, CONTROL_NET, MODEL_PATCH and VAE objects.

Read from their attributes and weight shapes only: nothing of ComfyUI is imported, an object from
another loader that lacks an attribute gives a fact less, and tests can use plain stand-ins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from .on_demand import local

__all__ = ["control_facts", "is_guided", "model_facts", "patch_facts", "vae_facts"]

# Class of the control network, as "module tail.class" -> our kind.
_CONTROL_CLASSES = {
    "cldm.cldm.ControlNet": "unet",
    "cldm.mmdit.ControlNet": "sd3",
    "cldm.dit_embedder.ControlNetEmbedder": "sd35",
    "ldm.flux.controlnet.ControlNetFlux": "flux",
    "ldm.qwen_image.controlnet.QwenImageControlNetModel": "qwen",
    "ldm.qwen_image.controlnet.QwenImageFunControlNetModel": "qwen",
    "ldm.hydit.controlnet.HunYuanControlNet": "hunyuan-dit",
}
_ADAPTER_CLASSES = ("Adapter", "Adapter_light")
_PATCH_CLASSES = {
    "QwenImageBlockWiseControlNet": "qwen",
    "ZImage_Control": "z-image",
    "MiniMaxH3FunControl": "minimax-h3",
    "QwenImage21FunControl": "qwen-2.1",
    "AnimaLLLite": "anima-lllite",
}

_PATCH_NODES = {
    "qwen": "QwenImageDiffsynthControlnet",
    "qwen-2.1": "QwenImageDiffsynthControlnet",
    "z-image": "ZImageFunControlnet",
    "anima-lllite": "AnimaLLLiteApply",
}
_ALIKE = 5  # letters

# End of a weight's name -> the axis of its shape that equals the model's width.
_WIDTH_WEIGHTS = {
    "attn2.to_k.weight": 1,
    "attn2.to_k.down": 1,
    "pos_embed_input.proj.weight": 0,
    "pos_embed_input.weight": 0,
    "controlnet_x_embedder.weight": 0,
    "control_img_in.weight": 0,
}
_FLUX_INPUT = "diffusion_model.img_in.weight"
_RESHAPE = 5  # place of the new shape in a LoRA adapter's weights


def model_facts(model: object) -> local.ModelFacts:
    """Facts of a MODEL."""
    base = getattr(model, "model", None)
    config = getattr(base, "model_config", None)
    latent = getattr(base, "latent_format", None)
    unet: Mapping[str, Any] = getattr(config, "unet_config", None) or {}
    channels = getattr(latent, "latent_channels", 0)
    lora_inputs = _lora_inputs(model)
    inputs = lora_inputs or unet.get("in_channels") or unet.get("in_dim") or channels
    return local.ModelFacts(
        name=type(config).__name__ if config is not None else type(model).__name__,
        lineage=() if config is None else (*_class_names(config), str(unet.get("image_model"))),
        latent_channels=channels,
        latent_dimensions=getattr(latent, "latent_dimensions", 2),
        downscale=getattr(latent, "spacial_downscale_ratio", 8),
        width=_model_width(unet),
        concat_channels=max(inputs - channels, 0) if channels and _counts_latents(unet) else 0,
        shifted="model_sampling" in (getattr(model, "object_patches", None) or {}),
        by_lora=lora_inputs is not None,
        loras=bool(getattr(model, "patches", None)),
        guide_downscale=_guide_downscale(model),
    )


def _class_names(thing: object) -> list[str]:
    return [cls.__name__ for cls in type(thing).__mro__]


def control_facts(control: object) -> local.ControlFacts:
    """Facts of a CONTROL_NET."""
    network = getattr(control, "control_model", None)
    return local.ControlFacts(
        kind=_control_kind(control, network),
        name=type(control).__name__,
        width=_control_width(control, network),
        union_types=_union_types(network),
        needs_vae=getattr(control, "latent_format", None) is not None,
    )


def patch_facts(patch: object, nodes: Mapping[str, Any] | None = None) -> local.PatchFacts:
    """Facts of a MODEL_PATCH. nodes: the classes of ComfyUI's own nodes by id."""
    name = type(getattr(patch, "model", patch)).__name__
    kind = _PATCH_CLASSES.get(name, "unknown")
    core = nodes or {}
    node = _PATCH_NODES.get(kind) or _patch_node(name, core)
    inputs = _declared(core[node]) if node in core else {}
    return local.PatchFacts(kind, name, node, tuple(inputs.items()))


def _patch_node(name: str, core: Mapping[str, object]) -> str:
    """The node that applies a patch of this class: it takes a model, the patch and an image, and
    its id begins like the class. "" where none does."""
    alike = {node: _letters_shared(node, name) for node in core}
    best = sorted((node for node in alike if alike[node] >= _ALIKE), key=lambda n: -alike[n])
    wanted = {"MODEL", "MODEL_PATCH", "IMAGE"}
    return next((node for node in best if wanted <= set(_declared(core[node]).values())), "")


def _letters_shared(one: str, other: str) -> int:
    """How many letters both begin with."""
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _declared(node: Any) -> dict[str, str]:
    """Name -> type of every input."""
    groups = node.INPUT_TYPES()
    return {
        name: str(given[0])
        for group in ("required", "optional")
        for name, given in groups.get(group, {}).items()
    }


def is_guided(conditioning: Any) -> bool:
    """Whether a CONDITIONING carries a guidance value (a FluxGuidance node was placed)."""
    return any("guidance" in options for _, options in conditioning or ())


def vae_facts(vae: object) -> local.VaeFacts:
    return local.VaeFacts(getattr(vae, "latent_channels", 0), getattr(vae, "latent_dim", 2))


def _counts_latents(unet: Mapping[str, Any]) -> bool:
    """Whether in_channels counts latent channels; Qwen-Image and Z-Image count patched ones."""
    return unet.get("image_model") in (None, "flux", "wan2.1")


def _guide_downscale(model: object) -> int:
    """What the file of an IC-LoRA says of the size of its guides, as core's GetICLoRAParameters
    reads it; 1 where it says nothing."""
    attachment = getattr(model, "get_attachment", None)
    metadata: Any = attachment("lora_metadata") if callable(attachment) else None
    if not isinstance(metadata, Mapping):
        return 1
    said = cast("Mapping[Any, Any]", metadata)
    texts = (v for k, v in said.items() if str(k).endswith("reference_downscale_factor"))
    try:
        return max(1, round(float(next(texts, 1))))
    except (TypeError, ValueError):
        return 1


def _model_width(unet: Mapping[str, Any]) -> int | None:
    for name in ("context_dim", "hidden_size"):
        if isinstance(unet.get(name), int):
            return unet[name]
    depth = unet.get("depth")
    # An SD 3 transformer is 64 wide per block; only its configuration has this key.
    return 64 * depth if "pos_embed_scaling_factor" in unet and isinstance(depth, int) else None


def _lora_inputs(model: object) -> int | None:
    """Latent channels after a LoRA that widens FLUX's input (FLUX.1 Depth [dev] LoRA), or None."""
    patches: Mapping[str, Any] = getattr(model, "patches", None) or {}
    for patch in patches.get(_FLUX_INPUT, ()):
        weights: Any = getattr(patch[1], "weights", None) or []
        if len(weights) > _RESHAPE and weights[_RESHAPE] is not None:
            return weights[_RESHAPE][1] // 4  # patches of 2 x 2 latents
    return None


def _control_kind(control: object, network: object) -> str:
    if hasattr(control, "control_weights"):
        return "control-lora"
    if type(control).__name__.startswith("Flux2Fun"):
        return "flux2-fun"
    if type(getattr(control, "t2i_model", None)).__name__ in _ADAPTER_CLASSES:
        return "t2i"
    name = f"{type(network).__module__}.{type(network).__name__}".removeprefix("comfy.")
    return _CONTROL_CLASSES.get(name, "unknown")


def _control_width(control: Any, network: Any) -> int | None:
    adapter = getattr(control, "t2i_model", None)
    if type(adapter).__name__ in _ADAPTER_CLASSES:
        return 2048 if getattr(adapter, "xl", False) else 768
    for name, weight in _weights(control, network):
        for ending, axis in _WIDTH_WEIGHTS.items():
            if name.endswith(ending):
                return weight.shape[axis]
    return None


def _weights(control: Any, network: Any) -> Iterable[tuple[str, Any]]:
    if hasattr(control, "control_weights"):
        return control.control_weights.items()
    whole = network or control
    return whole.named_parameters() if hasattr(whole, "named_parameters") else ()


def _union_types(network: object) -> int:
    count = getattr(network, "num_control_type", None) or getattr(network, "num_union_modes", None)
    return count or 0
