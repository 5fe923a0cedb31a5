"""Runs inside ComfyUI's own Python path: builds real networks without memory, prints our facts.

    python facts_probe.py <checkout>

Keeps `nodes/shared/local_facts.py` honest about class names, attributes and weight names of
families whose smallest checkpoint is too large to make up for a test.
"""

from __future__ import annotations

# ruff: noqa: E402, TID253 - ComfyUI can be imported only after its path and arguments are set
import dataclasses
import importlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

CHECKOUT = Path(sys.argv[1])
sys.argv = [sys.argv[0], "--cpu"]
sys.path.insert(0, str(CHECKOUT))

import comfy.options

comfy.options.enable_args_parsing()

import comfy.cldm.cldm
import comfy.cldm.dit_embedder
import comfy.cldm.mmdit
import comfy.controlnet
import comfy.latent_formats
import comfy.ldm.lumina.controlnet
import comfy.ldm.qwen_image.controlnet
import comfy.ops
import comfy.supported_models as supported
import comfy.t2i_adapter.adapter
import torch
from load_pack import load_pack

PLACE = {"device": "meta", "dtype": torch.float32, "operations": comfy.ops.disable_weight_init}


def local_facts() -> Any:
    # Without this our own `nodes` package would register itself as inside a server.
    sys.modules.pop("folder_paths", None)
    load_pack()
    return importlib.import_module("genvr_depth.nodes.shared.local_facts")


def unet(text: int, vector: int | None, union: int | None) -> Any:
    return comfy.cldm.cldm.ControlNet(
        image_size=32,
        in_channels=4,
        model_channels=320,
        hint_channels=3,
        num_res_blocks=[1, 1],
        channel_mult=[1, 2],
        transformer_depth=[0, 1],
        transformer_depth_middle=1,
        context_dim=text,
        num_heads=-1,
        num_head_channels=64,
        use_spatial_transformer=True,
        use_linear_in_transformer=True,
        adm_in_channels=vector,
        num_classes="sequential" if vector else None,
        union_controlnet_num_control_type=union,
        **PLACE,
    )


def sd3() -> Any:
    return comfy.cldm.mmdit.ControlNet(
        num_blocks=1, control_latent_channels=16, depth=24, patch_size=2, in_channels=16,
        adm_in_channels=2048, pos_embed_max_size=192, num_patches=192 * 192,
        context_embedder_config={
            "target": "torch.nn.Linear", "params": {"in_features": 4096, "out_features": 1536},
        },
        **PLACE,
    )  # fmt: skip


def sd35() -> Any:
    return comfy.cldm.dit_embedder.ControlNetEmbedder(
        img_size=None, patch_size=2, in_chans=16, attention_head_dim=64, num_attention_heads=38,
        adm_in_channels=2048, num_layers=1, main_model_double=38, double_y_emb=True, **PLACE,
    )  # fmt: skip


def qwen() -> Any:
    return comfy.ldm.qwen_image.controlnet.QwenImageControlNetModel(num_layers=1, **PLACE)


def qwen_fun() -> Any:
    return comfy.ldm.qwen_image.controlnet.QwenImageFunControlNetModel(**PLACE)


def adapter(cin: int, *, xl: bool) -> Any:
    made = comfy.t2i_adapter.adapter.Adapter(cin=cin, sk=True, use_conv=False, xl=xl)
    return comfy.controlnet.T2IAdapter(made, made.input_channels, 8, "nearest-exact")


def control(network: Any, latent: Any = None) -> Any:
    wrapped = comfy.controlnet.ControlNet(None, latent_format=latent)
    wrapped.control_model = network
    return wrapped


def models() -> dict[str, Any]:
    """Our family key -> a MODEL stand-in around ComfyUI's real model config."""
    flux_config = {"image_model": "flux", "hidden_size": 3072, "in_channels": 16}
    configs = {
        "sd15": supported.SD15({"in_channels": 4, "context_dim": 768}),
        "sd2": supported.SD20({"in_channels": 4, "context_dim": 1024}),
        "sdxl": supported.SDXL({"in_channels": 4, "context_dim": 2048}),
        "sd3": supported.SD3({"in_channels": 16, "depth": 38, "pos_embed_scaling_factor": None}),
        "flux": supported.Flux(flux_config),
        "flux_depth": supported.Flux(flux_config | {"in_channels": 32}),
        "flux_schnell": supported.FluxSchnell(flux_config),
        "qwen_image": supported.QwenImage({"image_model": "qwen_image", "in_channels": 64}),
        "z_image": supported.ZImage({"image_model": "lumina2", "dim": 3840, "in_channels": 16}),
        "flux2": supported.Flux2(flux_config | {"in_channels": 128}),
        "generic": supported.AuraFlow({"cond_seq_dim": 2048}),
    }
    return {
        key: SimpleNamespace(
            model=SimpleNamespace(model_config=config, latent_format=config.latent_format),
            patches={},
            object_patches={},
        )
        for key, config in configs.items()
    }


def controls() -> dict[str, Any]:
    latents = comfy.latent_formats
    fun = {}
    if hasattr(comfy.ldm.qwen_image.controlnet, "QwenImageFunControlNetModel"):
        fun["qwen fun"] = control(qwen_fun(), latents.Wan21())
    return fun | {
        "sd15": control(unet(768, None, None)),
        "sdxl union": control(unet(2048, 2816, 8)),
        "sd3": control(sd3(), latents.SD3()),
        "sd35": control(sd35(), latents.SD3()),
        "qwen": control(qwen(), latents.Wan21()),
        "adapter": adapter(64 * 3, xl=False),
        "adapter xl": adapter(256 * 3, xl=True),
        "control-lora": comfy.controlnet.ControlLora(
            {"input_blocks.4.1.transformer_blocks.0.attn2.to_k.down": torch.empty(8, 2048)}
        ),
    }


def patches() -> dict[str, Any]:
    from comfy_extras.nodes_model_patch import QwenImageBlockWiseControlNet

    made = {
        "qwen": QwenImageBlockWiseControlNet(num_layers=1, **PLACE),
        "z-image": comfy.ldm.lumina.controlnet.ZImage_Control(n_control_layers=1, **PLACE),
    }
    return {key: SimpleNamespace(model=network) for key, network in made.items()}


def main() -> int:
    built = models(), controls(), patches()
    facts = local_facts()
    from genvr_depth.nodes.depthkit.local import family_of

    answer = {
        "families": {key: family_of(facts.model_facts(m)).key for key, m in built[0].items()},
        "widths": {key: facts.model_facts(m).width for key, m in built[0].items()},
        "controls": {
            key: dataclasses.asdict(facts.control_facts(c)) for key, c in built[1].items()
        },
        "patches": {key: facts.patch_facts(p).kind for key, p in built[2].items()},
    }
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
