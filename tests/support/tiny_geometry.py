"""Small random models in the file format of ComfyUI's own depth nodes.

    COMFYUI_PATH=<checkout> python tests/support/tiny_geometry.py FOLDER

Needs ComfyUI's classes, so tests run it in ComfyUI's interpreter. Depth Anything 3 has backbones of
four sizes only; the smallest is taken, in half precision.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import torch

DA3, DA3_METRIC = "tiny_da3_small.safetensors", "tiny_da3_metric.safetensors"
MOGE_1, MOGE_2 = "tiny_moge_1.safetensors", "sub/tiny_moge_2.safetensors"


_MASK_BIASES = ("head.output_block.1.2.bias", "mask_head.output_blocks.4.bias")


def _randomised(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    """As created, many of ComfyUI's layers hold whatever lay in memory. Most pixels are kept."""
    generator = torch.Generator().manual_seed(0)
    state = {}
    for name, value in network.state_dict().items():
        if value.ndim < 2 or "image_" in name:
            state[name] = value if "image_" in name else torch.ones_like(value) * 0.1
        else:
            scale = value[0].numel() ** -0.5
            state[name] = torch.randn(value.shape, generator=generator) * scale
        if name in _MASK_BIASES:
            state[name] = torch.ones_like(value)
    return state


def _depth_anything_3(metric: bool) -> torch.nn.Module:
    import comfy.ops
    from comfy.ldm.depth_anything_3.model import DepthAnything3Net

    shared = {
        "backbone_name": "vits",
        "out_layers": (5, 7, 9, 11),
        "head_features": 16,
        "head_out_channels": (16, 16, 16, 16),
        "operations": comfy.ops.manual_cast,
        "dtype": torch.float32,
        "device": "cpu",
    }
    if metric:
        head = {"head_type": "dpt", "head_dim_in": 384, "head_output_dim": 1}
        return DepthAnything3Net(**shared, **head, head_use_sky_head=True)
    head = {"head_type": "dualdpt", "head_dim_in": 768, "head_output_dim": 2}
    turns = {"alt_start": 4, "qknorm_start": 4, "rope_start": 4, "cat_token": True}
    return DepthAnything3Net(**shared, **head, **turns)


_BACKBONE = {
    "hidden_size": 64,
    "num_attention_heads": 1,
    "num_hidden_layers": 4,
    "layer_norm_eps": 1e-6,
    "use_swiglu_ffn": False,
}


def _moge_1() -> torch.nn.Module:
    from comfy.ldm.moge.model import MoGeModelV1

    return MoGeModelV1(dict(_BACKBONE), dim_upsample=[8, 8, 8], dtype=torch.float32)


def _moge_2() -> torch.nn.Module:
    from comfy.ldm.moge.model import MoGeModelV2

    def stack(first: int, out: int | None) -> dict[str, object]:
        return {
            "dim_in": [first, 2, 2, 2, 2] if out is None else [8] * 5,
            "dim_res_blocks": [8] * 5,
            "dim_out": [out] * 5 if out else [None] * 5,
            "num_res_blocks": [1] * 5,
            "resamplers": ["bilinear"] * 4,
        }

    encoder = {"backbone": dict(_BACKBONE), "intermediate_layers": [0, 1, 2, 3], "dim_out": 8}
    heads = {f"{name}_head": stack(8, out) for name, out in (("points", 3), ("mask", 1))}
    return MoGeModelV2(
        encoder, stack(10, None), **heads, scale_head={"dims": [64, 16, 1]}, dtype=torch.float32
    )


def main(folder: Path) -> None:
    from safetensors.torch import save_file

    makers = {
        DA3: lambda: _depth_anything_3(metric=False),
        DA3_METRIC: lambda: _depth_anything_3(metric=True),
        MOGE_1: _moge_1,
        MOGE_2: _moge_2,
    }
    for name, make in makers.items():
        torch.manual_seed(0)
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        state = {k: v.half().contiguous() for k, v in _randomised(make()).items()}
        save_file(state, path)


if __name__ == "__main__":
    sys.path.insert(0, os.environ["COMFYUI_PATH"])
    target, sys.argv = Path(sys.argv[1]), [sys.argv[0], "--cpu"]
    import comfy.options

    comfy.options.enable_args_parsing()
    main(target)
