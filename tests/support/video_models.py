"""Runs inside ComfyUI's own Python path: writes small random video models in their real formats.

    python video_models.py <checkout> <base folder>

Names and shapes are those of ComfyUI's own networks, as narrow as detection accepts; ComfyUI has to
recognise the files. Layers that begin at zero get random weights too, so that control
shows.
"""

from __future__ import annotations

# ruff: noqa: E402, TID253 - ComfyUI can be imported only after its path and arguments are set
import importlib
import importlib.util
import json
import math
import sys
from pathlib import Path
from typing import Any

CHECKOUT, BASE = Path(sys.argv[1]), Path(sys.argv[2])
sys.argv = [sys.argv[0], "--cpu"]
sys.path.insert(0, str(CHECKOUT))

import comfy.options

comfy.options.enable_args_parsing()

import comfy.ldm.lightricks.av_model
import comfy.ldm.lightricks.model
import comfy.ldm.lightricks.vae.causal_video_autoencoder
import comfy.ldm.wan.model
import comfy.ldm.wan.vae
import comfy.ops
import torch
from safetensors.torch import save_file

META = {"device": "meta", "dtype": torch.float32, "operations": comfy.ops.disable_weight_init}
WAN = {"dim": 128, "ffn_dim": 128, "num_heads": 1, "num_layers": 2, "freq_dim": 256}
LTX = {"num_attention_heads": 32, "attention_head_dim": 8, "cross_attention_dim": 256}
# LTX-2: pictures and sound in one network. Text arrives behind its connectors, twice this wide.
LTX_AV = LTX | {
    "audio_num_attention_heads": 16,
    "audio_attention_head_dim": 8,
    "audio_cross_attention_dim": 128,
    "caption_channels": 64,
    "connector_num_attention_heads": 2,
    "connector_attention_head_dim": 32,
}
LTX_VAE = {
    "dims": 3,
    "in_channels": 3,
    "out_channels": 3,
    "latent_channels": 128,
    "blocks": [
        ["res_x", 1],
        ["compress_all", 1],
        ["compress_all", 1],
        ["compress_all", 1],
        ["res_x", 1],
    ],
    "norm_layer": "pixel_norm",
    "patch_size": 4,
    "latent_log_var": "uniform",
    "causal_decoder": False,
    "encoder_base_channels": 16,
    "decoder_base_channels": 16,
}


def drawn(network: torch.nn.Module, seed: int) -> dict[str, torch.Tensor]:
    """Random weights of the network's names and shapes; norms are the identity."""
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, tensor in network.state_dict().items():
        shape = tensor.shape
        if len(shape) <= 1 or "norm" in name or name.endswith("gamma"):
            make = torch.zeros if name.endswith("bias") else torch.ones
            weights[name] = make(shape)
        else:
            fan_in = math.prod(shape[1:])
            weights[name] = torch.randn(shape, generator=generator) / math.sqrt(fan_in)
    return weights


def write(folder: str, name: str, weights: dict[str, torch.Tensor], config: Any = None) -> None:
    path = BASE / "models" / folder / f"{name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"config": json.dumps(config)} if config else None
    save_file({key: value.contiguous() for key, value in weights.items()}, path, metadata)


def lora(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A LoRA of rank 2 on the first attention."""
    at = "transformer_blocks.0.attn1.to_q"
    width = weights[f"{at}.weight"].shape[0]
    generator = torch.Generator().manual_seed(9)
    return {
        f"diffusion_model.{at}.lora_A.weight": torch.randn(2, width, generator=generator) / 10,
        f"diffusion_model.{at}.lora_B.weight": torch.randn(width, 2, generator=generator) / 10,
    }


def uni3c() -> None:
    """An image to video model and its camera control, where this ComfyUI knows the latter."""
    if importlib.util.find_spec("comfy.ldm.wan.uni3c") is None:
        return
    network = comfy.ldm.wan.model.WanModel(model_type="i2v", in_dim=36, **WAN, **META)
    write("diffusion_models", "wan21_i2v", drawn(network, 10))
    control = importlib.import_module("comfy.ldm.wan.uni3c").WanUni3CControlnet(
        conv_out_dim=64, dim=192, ffn_dim=64, num_layers=2, time_embed_dim=WAN["dim"],
        out_proj_dim=WAN["dim"], mid_channels=16, **META,
    )  # fmt: skip
    write("model_patches", "uni3c", drawn(control, 11))


def main() -> None:
    uni3c()
    wan, vace = comfy.ldm.wan.model.WanModel, comfy.ldm.wan.model.VaceWanModel
    write(
        "diffusion_models", "wan_vace", drawn(vace(vace_layers=1, vace_in_dim=96, **WAN, **META), 1)
    )
    write(
        "diffusion_models", "wan21_fun", drawn(wan(model_type="t2v", in_dim=48, **WAN, **META), 2)
    )
    for seed, name in ((3, "wan22_fun_high"), (4, "wan22_fun_low")):
        network = wan(model_type="t2v", in_dim=52, in_dim_ref_conv=16, **WAN, **META)
        write("diffusion_models", name, drawn(network, seed))
    vae = comfy.ldm.wan.vae.WanVAE(dim=16, z_dim=16, temperal_downsample=[False, True, True])
    write("vae", "wan_vae", drawn(vae, 5))
    ltx = drawn(comfy.ldm.lightricks.model.LTXVModel(num_layers=1, **LTX, **META), 6)
    write("diffusion_models", "ltx", ltx, {"transformer": LTX})
    write("loras", "ltx_depth", lora(ltx))
    autoencoder = comfy.ldm.lightricks.vae.causal_video_autoencoder
    ltx_vae = drawn(autoencoder.VideoVAE(config=LTX_VAE), 7)
    write("vae", "ltx_vae", ltx_vae, {"vae": LTX_VAE})
    audio_video = comfy.ldm.lightricks.av_model.LTXAVModel(num_layers=1, **LTX_AV, **META)
    parts = {"model.diffusion_model.": drawn(audio_video, 8), "vae.": ltx_vae}
    whole = {prefix + name: w for prefix, part in parts.items() for name, w in part.items()}
    write("checkpoints", "ltx2", whole, {"transformer": LTX_AV, "vae": LTX_VAE})


main()
