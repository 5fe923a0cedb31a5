"""Small randomly initialised models in the published file formats.

Only names and shapes of weights are written here; ComfyUI's own detection has to recognise them.
The networks are the narrowest that detection accepts, so a sampling step takes a moment on a CPU.
Zero-initialised layers of real ControlNets get random weights too, so that control shows.
"""

from __future__ import annotations

import math
from pathlib import Path

import torch
from safetensors.torch import save_file

Shapes = dict[str, tuple[int, ...]]

CHANNELS = 320  # the width by which ComfyUI knows Stable Diffusion
EMBEDDING = 4 * CHANNELS
HIDDEN = 128  # one attention head of FLUX
FLUX_TEXT = 768  # so that CLIP-L's own features fit
HINT_CHANNELS = (16, 16, 32, 32, 96, 96, 256)


def write(shapes: Shapes, path: Path, seed: int, prefix: str = "") -> Path:
    """Draw every weight (norms are the identity) and save as half-precision safetensors."""
    generator = torch.Generator().manual_seed(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {prefix + name: _draw(name, shape, generator) for name, shape in shapes.items()}
    save_file(tensors, path)
    return path


def _draw(name: str, shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    if len(shape) <= 1:
        plain = torch.zeros if name.endswith(("bias", "shift")) else torch.ones
        return plain(shape, dtype=torch.float16)
    fan_in = math.prod(shape[1:])
    return (torch.randn(shape, generator=generator) / math.sqrt(fan_in)).half()


def _layer(name: str, *shape: int, bias: bool = True) -> Shapes:
    layer: Shapes = {f"{name}.weight": shape}
    return layer | {f"{name}.bias": shape[:1]} if bias else layer


def _norm(name: str, width: int) -> Shapes:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


def _joined(*parts: Shapes) -> Shapes:
    return {name: shape for part in parts for name, shape in part.items()}


# --- UNets: Stable Diffusion 1.5 and the SDXL class --------------------------------------------


def _residual(at: str, inside: int) -> Shapes:
    skip = _layer(f"{at}.skip_connection", CHANNELS, inside, 1, 1) if inside != CHANNELS else {}
    return _joined(
        _norm(f"{at}.in_layers.0", inside),
        _layer(f"{at}.in_layers.2", CHANNELS, inside, 3, 3),
        _layer(f"{at}.emb_layers.1", CHANNELS, EMBEDDING),
        _norm(f"{at}.out_layers.0", CHANNELS),
        _layer(f"{at}.out_layers.3", CHANNELS, CHANNELS, 3, 3),
        skip,
    )


def _attention(at: str, inside: int) -> Shapes:
    return _joined(
        _layer(f"{at}.to_q", CHANNELS, CHANNELS, bias=False),
        _layer(f"{at}.to_k", CHANNELS, inside, bias=False),
        _layer(f"{at}.to_v", CHANNELS, inside, bias=False),
        _layer(f"{at}.to_out.0", CHANNELS, CHANNELS),
    )


def _transformer(at: str, text: int, depth: int, *, linear: bool) -> Shapes:
    square = (CHANNELS, CHANNELS) if linear else (CHANNELS, CHANNELS, 1, 1)
    blocks = [
        _joined(
            _attention(f"{at}.transformer_blocks.{i}.attn1", CHANNELS),
            _attention(f"{at}.transformer_blocks.{i}.attn2", text),
            _layer(f"{at}.transformer_blocks.{i}.ff.net.0.proj", 8 * CHANNELS, CHANNELS),
            _layer(f"{at}.transformer_blocks.{i}.ff.net.2", CHANNELS, 4 * CHANNELS),
            *(_norm(f"{at}.transformer_blocks.{i}.norm{n}", CHANNELS) for n in (1, 2, 3)),
        )
        for i in range(depth)
    ]
    edges = (_norm(f"{at}.norm", CHANNELS), _layer(f"{at}.proj_in", *square))
    return _joined(*edges, *blocks, _layer(f"{at}.proj_out", *square))


def _encoder(text: int, depths: tuple[int, ...], *, linear: bool, vector: int) -> Shapes:
    """Time embedding, input blocks and middle block: what a UNet and its ControlNet share."""
    shapes = _joined(
        _layer("time_embed.0", EMBEDDING, CHANNELS),
        _layer("time_embed.2", EMBEDDING, EMBEDDING),
        _layer("input_blocks.0.0", CHANNELS, 4, 3, 3),
    )
    if vector:
        shapes |= _layer("label_emb.0.0", EMBEDDING, vector)
        shapes |= _layer("label_emb.0.2", EMBEDDING, EMBEDDING)
    index = 1
    for level, depth in enumerate(depths):
        if level:
            shapes |= _layer(f"input_blocks.{index}.0.op", CHANNELS, CHANNELS, 3, 3)
            index += 1
        shapes |= _residual(f"input_blocks.{index}.0", CHANNELS)
        if depth:
            shapes |= _transformer(f"input_blocks.{index}.1", text, depth, linear=linear)
        index += 1
    return shapes | _residual("middle_block.0", CHANNELS)


def unet(text: int, depths: tuple[int, ...], *, linear: bool, vector: int = 0) -> Shapes:
    """An LDM UNet with one residual block per level; depths: transformer blocks of each level."""
    shapes = _encoder(text, depths, linear=linear, vector=vector)
    index = 0
    for level in reversed(range(len(depths))):
        for block in range(2):
            shapes |= _residual(f"output_blocks.{index}.0", 2 * CHANNELS)
            if level and block:
                shapes |= _layer(f"output_blocks.{index}.1.conv", CHANNELS, CHANNELS, 3, 3)
            index += 1
    return shapes | _norm("out.0", CHANNELS) | _layer("out.2", 4, CHANNELS, 3, 3)


def unet_control(text: int, depths: tuple[int, ...], *, linear: bool, vector: int = 0) -> Shapes:
    """The ControlNet of such a UNet, in lllyasviel's format."""
    shapes = _encoder(text, depths, linear=linear, vector=vector)
    for index in range(2 * len(depths)):
        shapes |= _layer(f"zero_convs.{index}.0", CHANNELS, CHANNELS, 1, 1)
    shapes |= _layer("middle_block_out.0", CHANNELS, CHANNELS, 1, 1)
    inside = 3
    for index, outside in enumerate((*HINT_CHANNELS, CHANNELS)):
        shapes |= _layer(f"input_hint_block.{2 * index}", outside, inside, 3, 3)
        inside = outside
    return shapes


SD15 = {"text": 768, "depths": (1,), "linear": False}
SDXL = {"text": 2048, "depths": (0, 2, 5), "linear": True, "vector": 2816}


# --- FLUX.1 ------------------------------------------------------------------------------------


def flux(latent_channels: int) -> Shapes:
    """FLUX.1 in Black Forest Labs' format: one double and one single block of one head.

    latent_channels: 16, or 32 for FLUX.1 Depth.
    """
    embedders = {"time_in": 256, "vector_in": 768, "guidance_in": 256}
    shapes = _layer("img_in", HIDDEN, 4 * latent_channels) | _layer("txt_in", HIDDEN, FLUX_TEXT)
    for name, inside in embedders.items():
        shapes |= _layer(f"{name}.in_layer", HIDDEN, inside)
        shapes |= _layer(f"{name}.out_layer", HIDDEN, HIDDEN)
    for stream in ("img", "txt"):
        at = f"double_blocks.0.{stream}"
        shapes |= _joined(
            _layer(f"{at}_mod.lin", 6 * HIDDEN, HIDDEN),
            _layer(f"{at}_attn.qkv", 3 * HIDDEN, HIDDEN),
            {f"{at}_attn.norm.query_norm.scale": (128,), f"{at}_attn.norm.key_norm.scale": (128,)},
            _layer(f"{at}_attn.proj", HIDDEN, HIDDEN),
            _layer(f"{at}_mlp.0", 4 * HIDDEN, HIDDEN),
            _layer(f"{at}_mlp.2", HIDDEN, 4 * HIDDEN),
        )
    at = "single_blocks.0"
    return shapes | _joined(
        _layer(f"{at}.linear1", 7 * HIDDEN, HIDDEN),
        _layer(f"{at}.linear2", HIDDEN, 5 * HIDDEN),
        {f"{at}.norm.query_norm.scale": (128,), f"{at}.norm.key_norm.scale": (128,)},
        _layer(f"{at}.modulation.lin", 3 * HIDDEN, HIDDEN),
        _layer("final_layer.linear", 64, HIDDEN),
        _layer("final_layer.adaLN_modulation.1", 2 * HIDDEN, HIDDEN),
    )


def flux_control(modes: int) -> Shapes:
    """A FLUX.1 ControlNet in diffusers' format, with `modes` union types (0 = not a union)."""
    shapes = _joined(
        _layer("x_embedder", HIDDEN, 64),
        _layer("controlnet_x_embedder", HIDDEN, 64),
        _layer("context_embedder", HIDDEN, FLUX_TEXT),
        _layer("controlnet_blocks.0", HIDDEN, HIDDEN),
        _layer("controlnet_single_blocks.0", HIDDEN, HIDDEN),
        {"controlnet_mode_embedder.weight": (modes, HIDDEN)} if modes else {},
    )
    for name, inside in {"timestep": 256, "text": 768, "guidance": 256}.items():
        at = f"time_text_embed.{name}_embedder"
        shapes |= _layer(f"{at}.linear_1", HIDDEN, inside)
        shapes |= _layer(f"{at}.linear_2", HIDDEN, HIDDEN)
    at = "transformer_blocks.0"
    for name in ("to_q", "to_k", "to_v", "to_out.0"):
        shapes |= _layer(f"{at}.attn.{name}", HIDDEN, HIDDEN)
    for name in ("add_q_proj", "add_k_proj", "add_v_proj", "to_add_out"):
        shapes |= _layer(f"{at}.attn.{name}", HIDDEN, HIDDEN)
    for name in ("norm_q", "norm_k", "norm_added_q", "norm_added_k"):
        shapes[f"{at}.attn.{name}.weight"] = (128,)
    for suffix in ("", "_context"):
        shapes |= _layer(f"{at}.norm1{suffix}.linear", 6 * HIDDEN, HIDDEN)
        shapes |= _layer(f"{at}.ff{suffix}.net.0.proj", 4 * HIDDEN, HIDDEN)
        shapes |= _layer(f"{at}.ff{suffix}.net.2", HIDDEN, 4 * HIDDEN)
    at = "single_transformer_blocks.0"
    for name in ("to_q", "to_k", "to_v"):
        shapes |= _layer(f"{at}.attn.{name}", HIDDEN, HIDDEN)
    for name in ("norm_q", "norm_k"):
        shapes[f"{at}.attn.{name}.weight"] = (128,)
    return shapes | _joined(
        _layer(f"{at}.norm.linear", 3 * HIDDEN, HIDDEN),
        _layer(f"{at}.proj_mlp", 4 * HIDDEN, HIDDEN),
        _layer(f"{at}.proj_out", HIDDEN, 5 * HIDDEN),
    )


def flux_depth_lora(rank: int = 4) -> Shapes:
    """The part of the FLUX.1 Depth LoRA that widens the input to 32 latent channels."""
    return {
        "img_in.lora_A.weight": (rank, 128),
        "img_in.lora_B.weight": (HIDDEN, rank),
        "single_blocks.0.norm.key_norm.scale": (128,),
    }


# --- Text encoder and autoencoder --------------------------------------------------------------


def clip_l() -> Shapes:
    """CLIP-L of its real size; ComfyUI accepts no smaller one."""
    width = 768
    at = "text_model"
    shapes: Shapes = {
        f"{at}.embeddings.token_embedding.weight": (49408, width),
        f"{at}.embeddings.position_embedding.weight": (77, width),
    }
    for index in range(12):
        layer = f"{at}.encoder.layers.{index}"
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            shapes |= _layer(f"{layer}.self_attn.{name}", width, width)
        shapes |= _layer(f"{layer}.mlp.fc1", 4 * width, width)
        shapes |= _layer(f"{layer}.mlp.fc2", width, 4 * width)
        shapes |= _norm(f"{layer}.layer_norm1", width) | _norm(f"{layer}.layer_norm2", width)
    return shapes | _norm(f"{at}.final_layer_norm", width)


def tiny_vae(latent_channels: int) -> Shapes:
    """The tiny autoencoder (TAESD, TAEF1), which ComfyUI takes in place of the full VAE."""
    encoder, decoder = "taesd_encoder", "taesd_decoder"
    shapes: Shapes = {"vae_scale": (), "vae_shift": ()}
    for at, plain, strided, blocks, last in (
        (encoder, {0: 3}, (2, 6, 10), (1, 3, 4, 5, 7, 8, 9, 11, 12, 13), (14, latent_channels)),
        (decoder, {1: latent_channels}, (7, 12, 17), (3, 4, 5, 8, 9, 10, 13, 14, 15, 18), (19, 3)),
    ):
        for index, inside in plain.items():
            shapes |= _layer(f"{at}.{index}", 64, inside, 3, 3)
        for index in strided:
            shapes |= _layer(f"{at}.{index}", 64, 64, 3, 3, bias=False)
        for index in blocks:
            for conv in (0, 2, 4):
                shapes |= _layer(f"{at}.{index}.conv.{conv}", 64, 64, 3, 3)
        shapes |= _layer(f"{at}.{last[0]}", last[1], 64, 3, 3)
    return shapes
