"""The built-in model beside the architecture of Depth Anything V2 Small at its default size.

Prints seconds and their ratio; the weights do not matter for time, so the rival's are random.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from genvr_depth.nodes.depthkit.estimators import builtin
from genvr_depth.nodes.depthkit.estimators.builtin import INNER_SIZE, load_builtin
from genvr_depth.nodes.depthkit.estimators.sizes import inner_shape

pytestmark = pytest.mark.bench

WEIGHTS = Path(builtin.__file__).parents[1] / "weights" / "builtin.safetensors"
ROUNDS = 3


def _small_depth_anything() -> torch.nn.Module:
    transformers = pytest.importorskip("transformers")
    backbone = transformers.Dinov2Config(
        hidden_size=384, num_hidden_layers=12, num_attention_heads=6, image_size=518, patch_size=14,
        out_indices=[3, 6, 9, 12], apply_layernorm=True, reshape_hidden_states=False,
    )  # fmt: skip
    config = transformers.DepthAnythingConfig(
        backbone_config=backbone, reassemble_hidden_size=384, patch_size=14,
        neck_hidden_sizes=[48, 96, 192, 384], fusion_hidden_size=64, head_in_channels=64,
    )  # fmt: skip
    return transformers.DepthAnythingForDepthEstimation(config).eval()


def _end_to_end(run: Callable[[torch.Tensor], torch.Tensor], short: int, multiple: int) -> float:
    """Best of a few: seconds for one 1024x768 photograph, both resizes included."""
    photo = torch.rand(1, 3, 768, 1024)
    inner = inner_shape(768, 1024, short, multiple)
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        with torch.no_grad():
            small = F.interpolate(photo, inner, mode="bicubic", antialias=True)
            F.interpolate(run(small)[:, None], (768, 1024), mode="bilinear")
        best = min(best, time.perf_counter() - start)
    return best


def test_one_photograph_against_depth_anything_small(capsys):
    ours, rival = load_builtin(WEIGHTS), _small_depth_anything()
    mine = _end_to_end(ours, INNER_SIZE * 3 // 4, builtin.MULTIPLE)
    theirs = _end_to_end(lambda x: rival(pixel_values=x).predicted_depth, 518, 14)
    with capsys.disabled():
        sys.stdout.write(
            f"\nbuilt-in {mine:.3f} s, Depth Anything V2 Small architecture {theirs:.3f} s: "
            f"{theirs / mine:.1f} x faster ({torch.get_num_threads()} threads)\n"
        )
    assert mine < theirs


def test_loading(capsys):
    load_builtin(WEIGHTS)
    start = time.perf_counter()
    load_builtin(WEIGHTS)
    with capsys.disabled():
        sys.stdout.write(f"\nloading the built-in model: {time.perf_counter() - start:.3f} s\n")
    assert WEIGHTS.exists()
