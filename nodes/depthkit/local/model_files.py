"""Where each family's models are: one table for the error messages, the notes in the sample
workflows and the help page. Nothing here is ever downloaded by this pack."""

from __future__ import annotations

from dataclasses import dataclass

from .family import Family

__all__ = ["MODEL_FILES", "ModelFile", "files_of", "suggestion"]

_HUB = "https://huggingface.co"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file the user downloads into `models/<folder>`."""

    family: str
    role: str  # checkpoint, model, clip, vae, control net, model patch, lora
    name: str
    folder: str
    url: str
    licence: str


def _file(
    family: str, role: str, folder: str, path: str, licence: str, name: str = ""
) -> ModelFile:
    repository, _, inner = path.partition(":")
    url = f"{_HUB}/{repository}/resolve/main/{inner}"
    return ModelFile(family, role, name or inner.rsplit("/", 1)[-1], folder, url, licence)


_OPENRAIL = "CreativeML OpenRAIL-M"
_FLUX = "FLUX.1 [dev] Non-Commercial License"
_STABILITY = "Stability AI Community License"
_APACHE = "Apache-2.0"
_SEE_PAGE = "see its page"
_LTX = "LTX-2 Community License"
_WAN21 = "Comfy-Org/Wan_2.1_ComfyUI_repackaged"
_WAN22 = "Comfy-Org/Wan_2.2_ComfyUI_Repackaged"

MODEL_FILES: tuple[ModelFile, ...] = (
    _file(
        "sd15",
        "checkpoint",
        "checkpoints",
        "Comfy-Org/stable-diffusion-v1-5-archive:v1-5-pruned-emaonly-fp16.safetensors",
        _OPENRAIL,
    ),
    _file(
        "sd15",
        "control net",
        "controlnet",
        "comfyanonymous/ControlNet-v1-1_fp16_safetensors:"
        "control_v11f1p_sd15_depth_fp16.safetensors",
        "OpenRAIL",
    ),
    _file(
        "sd2",
        "control net",
        "controlnet",
        "thibaud/controlnet-sd21:control_v11p_sd21_depth.safetensors",
        "other: those of the preprocessors, see its page",
    ),
    _file(
        "sdxl",
        "checkpoint",
        "checkpoints",
        "stabilityai/stable-diffusion-xl-base-1.0:sd_xl_base_1.0.safetensors",
        "CreativeML OpenRAIL++-M",
    ),
    _file(
        "sdxl",
        "control net",
        "controlnet",
        "xinsir/controlnet-union-sdxl-1.0:diffusion_pytorch_model_promax.safetensors",
        _APACHE,
        "controlnet-union-sdxl-promax.safetensors",
    ),
    _file(
        "sd3",
        "control net",
        "controlnet",
        "Comfy-Org/stable-diffusion-3.5-controlnets_ComfyUI_repackaged:split_files/controlnet/"
        "sd3.5_large_controlnet_depth.safetensors",
        _STABILITY,
    ),
    _file(
        "flux",
        "control net",
        "controlnet",
        "Shakker-Labs/FLUX.1-dev-ControlNet-Union-Pro-2.0:diffusion_pytorch_model.safetensors",
        _FLUX,
        "flux1-dev-controlnet-union-pro-2.safetensors",
    ),
    _file(
        "flux_depth",
        "model",
        "diffusion_models",
        "black-forest-labs/FLUX.1-Depth-dev:flux1-depth-dev.safetensors",
        _FLUX,
    ),
    _file(
        "flux_depth",
        "lora",
        "loras",
        "black-forest-labs/FLUX.1-Depth-dev-lora:flux1-depth-dev-lora.safetensors",
        _FLUX,
    ),
    _file(
        "flux_depth",
        "clip",
        "text_encoders",
        "comfyanonymous/flux_text_encoders:clip_l.safetensors",
        "MIT",
    ),
    _file(
        "flux_depth",
        "clip",
        "text_encoders",
        "comfyanonymous/flux_text_encoders:t5xxl_fp8_e4m3fn_scaled.safetensors",
        _APACHE,
    ),
    _file(
        "flux_depth",
        "vae",
        "vae",
        "Comfy-Org/Lumina_Image_2.0_Repackaged:split_files/vae/ae.safetensors",
        _APACHE,
    ),
    _file(
        "qwen_image",
        "control net",
        "controlnet",
        "Comfy-Org/Qwen-Image-InstantX-ControlNets:split_files/controlnet/"
        "Qwen-Image-InstantX-ControlNet-Union.safetensors",
        _APACHE,
    ),
    _file(
        "qwen_image",
        "model patch",
        "model_patches",
        "Comfy-Org/Qwen-Image-DiffSynth-ControlNets:split_files/model_patches/"
        "qwen_image_depth_diffsynth_controlnet.safetensors",
        _APACHE,
    ),
    _file(
        "z_image",
        "model patch",
        "model_patches",
        "alibaba-pai/Z-Image-Turbo-Fun-Controlnet-Union:"
        "Z-Image-Turbo-Fun-Controlnet-Union.safetensors",
        _APACHE,
    ),
    _file(
        "qwen_image_21",
        "model patch",
        "model_patches",
        "alibaba-pai/Qwen-Image-2.1-Fun-Controlnet-Union:"
        "Qwen-Image-2.1-Fun-Controlnet-Union.safetensors",
        "Qwen Research License, not for commercial use",
    ),
    _file(
        "anima",
        "model patch",
        "model_patches",
        "Comfy-Org/Anima-LLLite:model_patches/anima-lllite-depth-1.safetensors",
        _SEE_PAGE,
    ),
    _file(
        "moss_image",
        "depth lora",
        "loras",
        "darask0/MOSS-Image-color-depth-control:moss-control.safetensors",
        _APACHE,
    ),
    _file(
        "flux2",
        "control net",
        "controlnet",
        "alibaba-pai/FLUX.2-dev-Fun-Controlnet-Union:FLUX.2-dev-Fun-Controlnet-Union.safetensors",
        _SEE_PAGE,
    ),
    _file(
        "krea2",
        "depth lora",
        "loras",
        "Patil/Krea-2-depth-controlnet:depth-control-lora.safetensors",
        _SEE_PAGE,
    ),
    _file(
        "wan_vace",
        "model",
        "diffusion_models",
        f"{_WAN21}:split_files/diffusion_models/wan2.1_vace_14B_fp16.safetensors",
        _APACHE,
    ),
    _file(
        "wan_vace",
        "model",
        "diffusion_models",
        f"{_WAN21}:split_files/diffusion_models/wan2.1_vace_1.3B_fp16.safetensors",
        _APACHE,
    ),
    _file(
        "wan21_fun",
        "model",
        "diffusion_models",
        f"{_WAN21}:split_files/diffusion_models/wan2.1_fun_control_1.3B_bf16.safetensors",
        _APACHE,
    ),
    _file(
        "wan22_fun",
        "model",
        "diffusion_models",
        f"{_WAN22}:split_files/diffusion_models/"
        "wan2.2_fun_control_high_noise_14B_fp8_scaled.safetensors",
        _APACHE,
    ),
    _file(
        "wan22_fun",
        "model",
        "diffusion_models",
        f"{_WAN22}:split_files/diffusion_models/"
        "wan2.2_fun_control_low_noise_14B_fp8_scaled.safetensors",
        _APACHE,
    ),
    _file(
        "wan_vace",
        "clip",
        "text_encoders",
        f"{_WAN21}:split_files/text_encoders/umt5_xxl_fp8_e4m3fn_scaled.safetensors",
        _APACHE,
    ),
    _file("wan_vace", "vae", "vae", f"{_WAN21}:split_files/vae/wan_2.1_vae.safetensors", _APACHE),
    _file(
        "ltx",
        "checkpoint",
        "checkpoints",
        "Lightricks/LTX-2:ltx-2-19b-dev-fp8.safetensors",
        _LTX,
    ),
    _file(
        "ltx",
        "lora",
        "loras",
        "Lightricks/LTX-2-19b-IC-LoRA-Depth-Control:ltx-2-19b-ic-lora-depth-control.safetensors",
        _LTX,
    ),
    _file(
        "ltx",
        "clip",
        "text_encoders",
        "Comfy-Org/ltx-2:split_files/text_encoders/gemma_3_12B_it_fp4_mixed.safetensors",
        "Gemma Terms of Use",
    ),
    _file(
        "minimax_h3",
        "model patch",
        "model_patches",
        "Comfy-Org/MiniMax-H3:model_patches/"
        "minimax_h3_fun_controlnet_union_pruned_int8_convrot.safetensors",
        _SEE_PAGE,
    ),
)

_SHARED = {"flux_schnell": "flux"}
_LOADERS = {
    "control net": "Load ControlNet Model",
    "model patch": "Load Model Patch",
    "depth lora": "LoRA loader",
}
# Nodes of other packs, where core's loader does not read the file.
_OTHER_LOADERS = {"flux2": "Load Flux2 Fun ControlNet", "krea2": "Krea2ControlLoRALoader"}


def files_of(family: str) -> tuple[ModelFile, ...]:
    """The files of one family, in the order in which they are loaded."""
    key = _SHARED.get(family, family)
    return tuple(file for file in MODEL_FILES if file.family == key)


def suggestion(family: Family) -> str:
    """One sentence: which node and file would bring the depth to this family."""
    if family.uncontrolled:
        return (
            f"No depth ControlNet, model patch or LoRA for {family.title} is known. Use another "
            "model, or set strength to 0 to paint without the depth."
        )
    for file in files_of(family.key):
        if file.role in _LOADERS:
            loader = _OTHER_LOADERS.get(family.key, _LOADERS[file.role])
            return f"Connect a {loader} node with a depth model such as {file.name}."
    if family.concat:
        return "This model takes the depth through its own input: disconnect the other one."
    return "Connect a depth ControlNet that was trained for this model."
