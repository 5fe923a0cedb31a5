"""The weights that sample workflows load: name, folder below models, address, size, licence."""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "CLIP_L",
    "FLUX",
    "FLUX_VAE",
    "GEMMA",
    "LTX",
    "LTX_DEPTH",
    "QWEN_3",
    "SD15",
    "SD15_DEPTH",
    "SDXL",
    "SDXL_UNION",
    "T5",
    "UMT5",
    "VACE",
    "WAN_VAE",
    "Z_IMAGE",
    "Z_IMAGE_UNION",
    "File",
]


class File(NamedTuple):
    name: str
    folder: str
    repository: str
    path: str
    gigabytes: float
    licence: str

    @property
    def url(self) -> str:
        return f"https://huggingface.co/{self.repository}/resolve/main/{self.path}"

    def line(self) -> str:
        """For a note: where it goes, a link, its size and licence."""
        renamed = self.name != self.path.rpartition("/")[2]
        saved_as = f"; save it as *{self.name}*" if renamed else ""
        stem = self.name.removesuffix(".safetensors")
        size = f"{self.gigabytes:g} GB"
        return f"- {self.folder}: [{stem}]({self.url}), {size}, {self.licence}{saved_as}"


def _file(
    folder: str, repository: str, path: str, gigabytes: float, licence: str, name: str = ""
) -> File:
    return File(name or path.rpartition("/")[2], folder, repository, path, gigabytes, licence)


SD15 = _file(
    "checkpoints",
    "Comfy-Org/stable-diffusion-v1-5-archive",
    "v1-5-pruned-emaonly-fp16.safetensors",
    2.1,
    "CreativeML OpenRAIL-M",
)
SD15_DEPTH = _file(
    "controlnet",
    "comfyanonymous/ControlNet-v1-1_fp16_safetensors",
    "control_v11f1p_sd15_depth_fp16.safetensors",
    0.7,
    "OpenRAIL",
)
SDXL = _file(
    "checkpoints",
    "stabilityai/stable-diffusion-xl-base-1.0",
    "sd_xl_base_1.0.safetensors",
    6.9,
    "CreativeML OpenRAIL++-M",
)
SDXL_UNION = _file(
    "controlnet",
    "xinsir/controlnet-union-sdxl-1.0",
    "diffusion_pytorch_model_promax.safetensors",
    2.5,
    "Apache-2.0",
    "controlnet-union-sdxl-promax.safetensors",
)
FLUX = _file(
    "diffusion_models",
    "black-forest-labs/FLUX.1-Depth-dev",
    "flux1-depth-dev.safetensors",
    23.8,
    "non-commercial; accept it on its page",
)
CLIP_L = _file(
    "text_encoders", "comfyanonymous/flux_text_encoders", "clip_l.safetensors", 0.2, "MIT"
)
T5 = _file(
    "text_encoders",
    "comfyanonymous/flux_text_encoders",
    "t5xxl_fp8_e4m3fn_scaled.safetensors",
    5.2,
    "Apache-2.0",
)
FLUX_VAE = _file(
    "vae",
    "Comfy-Org/Lumina_Image_2.0_Repackaged",
    "split_files/vae/ae.safetensors",
    0.3,
    "Apache-2.0",
)
VACE = _file(
    "diffusion_models",
    "Comfy-Org/Wan_2.1_ComfyUI_repackaged",
    "split_files/diffusion_models/wan2.1_vace_1.3B_fp16.safetensors",
    4.3,
    "Apache-2.0",
)
UMT5 = _file(
    "text_encoders",
    "Comfy-Org/Wan_2.1_ComfyUI_repackaged",
    "split_files/text_encoders/umt5_xxl_fp8_e4m3fn_scaled.safetensors",
    6.7,
    "Apache-2.0",
)
WAN_VAE = _file(
    "vae",
    "Comfy-Org/Wan_2.1_ComfyUI_repackaged",
    "split_files/vae/wan_2.1_vae.safetensors",
    0.3,
    "Apache-2.0",
)
LTX = _file(
    "checkpoints",
    "Lightricks/LTX-2",
    "ltx-2-19b-dev-fp8.safetensors",
    27.1,
    "LTX-2 Community",
)
LTX_DEPTH = _file(
    "loras",
    "Lightricks/LTX-2-19b-IC-LoRA-Depth-Control",
    "ltx-2-19b-ic-lora-depth-control.safetensors",
    0.7,
    "LTX-2 Community",
)
GEMMA = _file(
    "text_encoders",
    "Comfy-Org/ltx-2",
    "split_files/text_encoders/gemma_3_12B_it_fp4_mixed.safetensors",
    9.4,
    "Gemma terms",
)
Z_IMAGE = _file(
    "diffusion_models",
    "Comfy-Org/z_image_turbo",
    "split_files/diffusion_models/z_image_turbo_bf16.safetensors",
    12.3,
    "Apache-2.0",
)
QWEN_3 = _file(
    "text_encoders",
    "Comfy-Org/z_image_turbo",
    "split_files/text_encoders/qwen_3_4b.safetensors",
    8.0,
    "Apache-2.0",
)
Z_IMAGE_UNION = _file(
    "model_patches",
    "alibaba-pai/Z-Image-Turbo-Fun-Controlnet-Union",
    "Z-Image-Turbo-Fun-Controlnet-Union.safetensors",
    3.1,
    "Apache-2.0",
)
