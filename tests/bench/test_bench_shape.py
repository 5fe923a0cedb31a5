"""Long crops beside the same pixels seen in the whole image: AbsRel against the exact depth.

Before such images were looked at in several shapes: upright crops 2.43 x, wide ones 1.23 x, all
1.82 x (ratio of the means over the sample scenes).
"""

from __future__ import annotations

import sys

import pytest
import torch
from genvr_depth.nodes.depthkit.estimators import builtin_estimator, estimate
from genvr_depth.nodes.depthkit.maps.align import align_depth_to
from genvr_depth.nodes.depthkit.scenes import SCENE_NAMES, load_scene

pytestmark = pytest.mark.bench


def absrel(found, truth, valid):
    depth = align_depth_to(found, truth, valid, space="disparity")
    return ((depth - truth).abs() / truth)[valid].mean().item()


def crops(height, width):
    """Three upright ones of 1:3, three wide ones of 3:1."""
    upright, wide = height // 3, width // 3
    for share in (0, 0.5, 1):
        left, top = (round(share * n) for n in (width - upright, height - wide))
        yield slice(0, height), slice(left, left + upright)
        yield slice(top, top + wide), slice(0, width)


def test_long_crops_of_the_scenes(capsys):
    pairs = {"1:3": [], "3:1": []}
    for name in SCENE_NAMES:
        scene = load_scene(name)
        truth, valid = scene.depth.values[0], scene.depth.valid[0]
        whole = estimate(builtin_estimator(), scene.image).depth.values[0]
        for crop in crops(*truth.shape):
            if valid[crop].float().mean() < 0.3:
                continue
            part = scene.image[:, crop[0], crop[1]]
            own = estimate(builtin_estimator(), part).depth.values[0]
            key = "1:3" if own.shape[0] > own.shape[1] else "3:1"
            errors = [absrel(found, truth[crop], valid[crop]) for found in (own, whole[crop])]
            pairs[key].append(errors)
    pairs["all"] = [*pairs["1:3"], *pairs["3:1"]]
    means = {key: torch.tensor(errors).mean(0).tolist() for key, errors in pairs.items()}
    with capsys.disabled():
        for key, (own, whole) in means.items():
            sys.stdout.write(
                f"\n{key}: AbsRel {own:.3f}, in the whole {whole:.3f}, {own / whole:.2f} x"
            )
    assert means["all"][0] <= 1.3 * means["all"][1]
