"""The weights that sample workflows load: name, folder below models, address, licence."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CLIP_L", "FLUX", "FLUX_VAE", "SD15", "SD15_DEPTH", "SDXL", "SDXL_UNION", "T5", "File"]


class File(NamedTuple):
    name: str
    folder: str
    repository: str
    path: str
    licence: str

    @property
    def url(self) -> str:
        return f"https://huggingface.co/{self.repository}/resolve/main/{self.path}"

    def line(self) -> str:
        """For a note: where it goes, a link, its licence."""
        renamed = self.name != self.path.rpartition("/")[2]
        saved_as = f"; save it as *{self.name}*" if renamed else ""
        stem = self.name.removesuffix(".safetensors")
        return f"- {self.folder}: [{stem}]({self.url}), {self.licence}{saved_as}"


def _file(folder: str, repository: str, path: str, licence: str, name: str = "") -> File:
    return File(name or path.rpartition("/")[2], folder, repository, path, licence)


SD15 = _file(
    "checkpoints",
    "Comfy-Org/stable-diffusion-v1-5-archive",
    "v1-5-pruned-emaonly-fp16.safetensors",
    "CreativeML OpenRAIL-M",
)
SD15_DEPTH = _file(
    "controlnet",
    "comfyanonymous/ControlNet-v1-1_fp16_safetensors",
    "control_v11f1p_sd15_depth_fp16.safetensors",
    "OpenRAIL",
)
SDXL = _file(
    "checkpoints",
    "stabilityai/stable-diffusion-xl-base-1.0",
    "sd_xl_base_1.0.safetensors",
    "CreativeML OpenRAIL++-M",
)
SDXL_UNION = _file(
    "controlnet",
    "xinsir/controlnet-union-sdxl-1.0",
    "diffusion_pytorch_model_promax.safetensors",
    "Apache-2.0",
    "controlnet-union-sdxl-promax.safetensors",
)
FLUX = _file(
    "diffusion_models",
    "black-forest-labs/FLUX.1-Depth-dev",
    "flux1-depth-dev.safetensors",
    "non-commercial; accept it on its page",
)
CLIP_L = _file("text_encoders", "comfyanonymous/flux_text_encoders", "clip_l.safetensors", "MIT")
T5 = _file(
    "text_encoders",
    "comfyanonymous/flux_text_encoders",
    "t5xxl_fp8_e4m3fn_scaled.safetensors",
    "Apache-2.0",
)
FLUX_VAE = _file(
    "vae",
    "Comfy-Org/Lumina_Image_2.0_Repackaged",
    "split_files/vae/ae.safetensors",
    "Apache-2.0",
)
