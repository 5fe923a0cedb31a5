"""Depth models of the real architectures, tiny and with random weights, saved to disk by tests.

`TINY` maps a folder name to the function that builds the network; `save_tiny(name, root)` writes it
the way a downloaded model lies on disk.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

HIDDEN = {"hidden_size": 32, "num_hidden_layers": 4, "num_attention_heads": 2}
NECK = {"neck_hidden_sizes": [8, 8, 16, 16], "fusion_hidden_size": 16}


def _dinov2(**extra):
    from transformers import Dinov2Config

    return Dinov2Config(**HIDDEN, image_size=56, patch_size=14, out_indices=[1, 2, 3, 4], **extra)


def _depth_anything(kind="relative", max_depth=1):
    from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation

    backbone = _dinov2(apply_layernorm=True, reshape_hidden_states=False)
    config = DepthAnythingConfig(
        backbone_config=backbone,
        patch_size=14,
        reassemble_hidden_size=32,
        head_hidden_size=8,
        depth_estimation_type=kind,
        max_depth=max_depth,
        **NECK,
    )
    return DepthAnythingForDepthEstimation(config)


def _dpt():
    from transformers import DPTConfig, DPTForDepthEstimation

    config = DPTConfig(
        **HIDDEN,
        **NECK,
        intermediate_size=64,
        image_size=64,
        patch_size=16,
        backbone_out_indices=[0, 1, 2, 3],
    )
    return DPTForDepthEstimation(config)


def _dpt_dinov2():
    from transformers import DPTConfig, DPTForDepthEstimation

    backbone = _dinov2(apply_layernorm=False, reshape_hidden_states=False)
    config = DPTConfig(backbone_config=backbone, reassemble_factors=[4, 2, 1, 0.5], **NECK)
    return DPTForDepthEstimation(config)


def _beit():
    from transformers import BeitConfig

    return BeitConfig(
        **HIDDEN,
        intermediate_size=64,
        image_size=64,
        patch_size=16,
        out_indices=[1, 2, 3, 4],
        use_relative_position_bias=True,
        reshape_hidden_states=False,
        use_mask_token=False,
        add_fpn=False,
    )


def _dpt_beit():
    from transformers import DPTConfig, DPTForDepthEstimation

    config = DPTConfig(backbone_config=_beit(), reassemble_factors=[4, 2, 1, 0.5], **NECK)
    return DPTForDepthEstimation(config)


def _dpt_hybrid():
    """A convolutional backbone in front of the transformer, as in dpt-hybrid-midas."""
    from transformers import BitConfig, DPTConfig, DPTForDepthEstimation

    backbone = BitConfig(
        embedding_size=8,
        hidden_sizes=[8, 8, 16],
        depths=[1, 1, 1],
        num_groups=4,
        layer_type="bottleneck",
        embedding_dynamic_padding=True,
        global_padding="same",
        out_features=["stage1", "stage2", "stage3"],
    )
    config = DPTConfig(
        **HIDDEN,
        **NECK,
        intermediate_size=64,
        image_size=64,
        patch_size=16,
        is_hybrid=True,
        backbone_config=backbone,
        backbone_featmap_shape=[1, 16, 4, 4],
        backbone_out_indices=[0, 1, 2, 3],
        neck_ignore_stages=[0, 1],
        readout_type="project",
    )
    return DPTForDepthEstimation(config)


def _zoedepth():
    from transformers import ZoeDepthConfig, ZoeDepthForDepthEstimation

    config = ZoeDepthConfig(
        backbone_config=_beit(),
        **NECK,
        bottleneck_features=16,
        num_relative_features=8,
        bin_embedding_dim=16,
        num_attractors=[4, 2, 2, 1],
        bin_configurations=[{"n_bins": 8, "min_depth": 0.001, "max_depth": 10.0, "name": "nyu"}],
        num_patch_transformer_layers=1,
        patch_transformer_hidden_size=16,
        patch_transformer_intermediate_size=32,
        patch_transformer_num_attention_heads=2,
    )
    return ZoeDepthForDepthEstimation(config)


def _depth_pro(lens=True):
    from transformers import DepthProConfig, DepthProForDepthEstimation

    encoder = {
        "model_type": "dinov2",
        "hidden_size": 16,
        "num_hidden_layers": 4,
        "num_attention_heads": 2,
        "image_size": 32,
        "patch_size": 4,
        "intermediate_size": 32,
    }
    config = DepthProConfig(
        patch_size=32,
        fusion_hidden_size=16,
        intermediate_hook_ids=[3, 1],
        intermediate_feature_dims=[8, 8],
        scaled_images_ratios=[0.25, 0.5, 1.0],
        scaled_images_overlap_ratios=[0.0, 0.5, 0.25],
        scaled_images_feature_dims=[16, 16, 8],
        merge_padding_value=1,
        use_fov_model=lens,
        image_model_config=dict(encoder),
        patch_model_config=dict(encoder),
        fov_model_config=dict(encoder),
    )
    return DepthProForDepthEstimation(config)


def _glpn():
    from transformers import GLPNConfig, GLPNForDepthEstimation

    config = GLPNConfig(
        depths=[1, 1, 1, 1],
        hidden_sizes=[8, 8, 16, 16],
        num_attention_heads=[1, 1, 2, 2],
        decoder_hidden_size=8,
    )
    return GLPNForDepthEstimation(config)


def _prompt_depth_anything():
    from transformers import PromptDepthAnythingConfig, PromptDepthAnythingForDepthEstimation

    backbone = _dinov2(apply_layernorm=True, reshape_hidden_states=False)
    config = PromptDepthAnythingConfig(
        backbone_config=backbone,
        patch_size=14,
        reassemble_hidden_size=32,
        head_hidden_size=8,
        depth_estimation_type="metric",
        max_depth=1,
        **NECK,
    )
    return PromptDepthAnythingForDepthEstimation(config)


def _tipsv2_dpt():
    import transformers

    if not hasattr(transformers, "Tipsv2DptConfig"):
        pytest.skip("this transformers does not know TIPSv2")
    vision = {**HIDDEN, "mlp_ratio": 2, "image_size": 56, "patch_size": 14}
    options = {"out_indices": [1, 2, 3, 4], "apply_layernorm": True}
    backbone = transformers.Tipsv2VisionConfig(**vision, **options, reshape_hidden_states=False)
    config = transformers.Tipsv2DptConfig(
        backbone_config=backbone, num_depth_bins=8, max_depth=10.0, **NECK
    )
    return transformers.Tipsv2DptForDepthEstimation(config)


TINY = {
    "depth-anything-v2-small": _depth_anything,
    "depth-anything-v2-metric-indoor-small": lambda: _depth_anything("metric", 20),
    "dpt-large": _dpt,
    "zoedepth-nyu-kitti": _zoedepth,
    "depth-pro": _depth_pro,
    "own-dpt-beit": _dpt_beit,
    "own-dpt-dinov2": _dpt_dinov2,
    "own-dpt-hybrid": _dpt_hybrid,
    "own-glpn": _glpn,
    "glpn-nyu": _glpn,
    "glpn-kitti": _glpn,
    "zoedepth-nyu": _zoedepth,
    "dpt-hybrid-midas": _dpt_hybrid,
    "dpt-dinov2-base-nyu": _dpt_dinov2,
    "dpt-dinov2-small-kitti": _dpt_dinov2,
    "prompt-depth-anything-small": _prompt_depth_anything,
    "tipsv2-dpt-base": _tipsv2_dpt,
    "own-depth-pro-without-lens": lambda: _depth_pro(lens=False),
}


def save_tiny(name: str, root: Path, folder: str | None = None) -> Path:
    """`root/<folder or name>` with config.json, preprocessor_config.json and model.safetensors."""
    try:
        import transformers.modeling_utils  # noqa: F401
    except (ImportError, RuntimeError) as fault:
        pytest.skip(f"transformers cannot be imported here: {str(fault).splitlines()[0]}")
    target = root / (folder or name)
    torch.manual_seed(0)
    TINY[name]().save_pretrained(target)
    prepare = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.25, 0.25, 0.25]}
    (target / "preprocessor_config.json").write_text(json.dumps(prepare))
    return target
