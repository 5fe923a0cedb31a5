"""Runs inside ComfyUI's own Python path: writes Z-Image and Qwen-Image with model patches.

    python patch_models.py <checkout> <base folder>

The widths and counts of a patch are fixed in ComfyUI, so these files cannot be small: one layer of
each model, every layer of the patches, in fp8, about 4 GB. One block of random numbers is laid out
again and again.
"""

from __future__ import annotations

# ruff: noqa: E402, TID253 - ComfyUI can be imported only after its path and arguments are set
import sys
from pathlib import Path

CHECKOUT, BASE = Path(sys.argv[1]), Path(sys.argv[2])
sys.argv = [sys.argv[0], "--cpu"]
sys.path.insert(0, str(CHECKOUT))

import comfy.options

comfy.options.enable_args_parsing()

import comfy.ldm.lumina.controlnet
import comfy.ldm.lumina.model
import comfy.ldm.qwen_image.model
import comfy.ldm.wan.vae
import comfy.ops
import torch
from comfy_extras.nodes_model_patch import QwenImageBlockWiseControlNet
from safetensors.torch import save_file

META = {"device": "meta", "dtype": torch.float8_e4m3fn, "operations": comfy.ops.disable_weight_init}
NOISE = torch.randn(1 << 20, generator=torch.Generator().manual_seed(1))
Z_IMAGE = {
    "patch_size": 2, "in_channels": 16, "dim": 3840, "n_layers": 1, "n_refiner_layers": 2,
    "n_heads": 30, "n_kv_heads": 30, "qk_norm": True, "cap_feat_dim": 2560, "multiple_of": 256,
    "ffn_dim_multiplier": 8 / 3, "axes_dims": [32, 48, 48], "axes_lens": [1536, 512, 512],
    "rope_theta": 256.0, "z_image_modulation": True, "time_scale": 1000.0,
    "pad_tokens_multiple": 32,
}  # fmt: skip


def drawn(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Weights of the network's names and shapes: noise of unit gain, norms are the identity."""
    weights = {}
    for name, tensor in network.state_dict().items():
        shape, count = tensor.shape, tensor.numel()
        if len(shape) <= 1 or "norm" in name:
            make = torch.zeros if name.endswith("bias") else torch.ones
            weights[name] = make(shape).to(torch.float8_e4m3fn)
            continue
        block = (NOISE * shape[1:].numel() ** -0.5).to(torch.float8_e4m3fn).view(torch.uint8)
        repeats = -(-count // len(block))
        flat = block.repeat(repeats)[:count].clone()
        weights[name] = flat.view(torch.float8_e4m3fn).view(shape)
    return weights


def write(folder: str, name: str, weights: dict[str, torch.Tensor]) -> None:
    path = BASE / "models" / folder / f"{name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(weights, path)


def z_image_patch() -> dict[str, torch.Tensor]:
    """As published: one matrix for queries, keys and values is three in the file."""
    control = comfy.ldm.lumina.controlnet.ZImage_Control(**META)
    weights = {}
    for name, value in drawn(control).items():
        if ".attention.qkv." in name:
            for part, piece in zip("qkv", value.view(torch.uint8).chunk(3), strict=True):
                at = name.replace(".attention.qkv.", f".attention.to_{part}.")
                weights[at] = piece.clone().view(torch.float8_e4m3fn)
        else:
            weights[name] = value
    return weights


def main() -> None:
    write("diffusion_models", "z_image", drawn(comfy.ldm.lumina.model.NextDiT(**Z_IMAGE, **META)))
    write("model_patches", "z_image", z_image_patch())
    qwen = comfy.ldm.qwen_image.model.QwenImageTransformer2DModel(num_layers=1, **META)
    write("diffusion_models", "qwen_image", drawn(qwen))
    write("model_patches", "qwen_image", drawn(QwenImageBlockWiseControlNet(**META)))
    vae = comfy.ldm.wan.vae.WanVAE(dim=16, z_dim=16, temperal_downsample=[False, True, True])
    write("vae", "wan_vae", {name: w.float() for name, w in drawn(vae).items()})


main()
