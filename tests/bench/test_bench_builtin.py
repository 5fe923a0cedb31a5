"""The built-in model beside the architecture of Depth Anything V2 Small at its default size.

Both go the whole way from a photograph to a depth map of its size. The rival's weights are random:
they do not matter for time.
"""

from __future__ import annotations

import statistics
import sys
import time

import pytest
import torch
from alternation import in_turns
from genvr_depth.nodes.depthkit.estimators import builtin_estimator, estimate, resident
from genvr_depth.nodes.depthkit.estimators.builtin import load_builtin
from genvr_depth.nodes.depthkit.estimators.loading import BUILTIN_WEIGHTS
from genvr_depth.nodes.depthkit.estimators.transformers_family import load_folder

pytestmark = pytest.mark.bench

ROUNDS = 7


@pytest.fixture
def small_depth_anything(tmp_path):
    """An estimator of the layout of Depth Anything V2 Small, loaded like any model folder."""
    transformers = pytest.importorskip("transformers")
    backbone = transformers.Dinov2Config(
        hidden_size=384, num_hidden_layers=12, num_attention_heads=6, image_size=518, patch_size=14,
        out_indices=[3, 6, 9, 12], apply_layernorm=True, reshape_hidden_states=False,
    )  # fmt: skip
    config = transformers.DepthAnythingConfig(
        backbone_config=backbone, reassemble_hidden_size=384, patch_size=14,
        neck_hidden_sizes=[48, 96, 192, 384], fusion_hidden_size=64, head_in_channels=64,
    )  # fmt: skip
    torch.manual_seed(0)
    transformers.DepthAnythingForDepthEstimation(config).save_pretrained(tmp_path / "small")
    return load_folder(tmp_path / "small", resident())


@pytest.fixture(params=[2, 1], ids=["two threads", "one thread"])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_one_photograph_against_depth_anything_small(small_depth_anything, threads, capsys):
    photo = torch.rand(1, 768, 1024, 3, generator=torch.Generator().manual_seed(0))
    builtin = builtin_estimator()
    found = in_turns(
        lambda: estimate(builtin, photo), lambda: estimate(small_depth_anything, photo)
    )
    with capsys.disabled():
        sys.stdout.write(
            f"\n1024x768, {threads} threads: built-in {found.ours:.3f} s, Depth Anything V2 Small "
            f"architecture at 518 px {found.theirs:.3f} s; rival / ours {found}\n"
        )
    assert found.ratio >= 6


def test_loading(capsys):
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        load_builtin(BUILTIN_WEIGHTS)
        seconds.append(time.perf_counter() - start)
    with capsys.disabled():
        sys.stdout.write(f"\nloading the built-in model: {statistics.median(seconds):.3f} s\n")
    assert statistics.median(seconds) < 0.2
