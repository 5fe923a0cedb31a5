"""Check Depth where a model saw through a pane: false depth in a part of the image."""

from __future__ import annotations

import random
from dataclasses import astuple

import pytest
import torch
from genvr_depth.nodes.depthkit.conversions import to_disparity
from genvr_depth.nodes.depthkit.depth_map import DepthMap
from genvr_depth.nodes.depthkit.measure.edges import lone_patches
from genvr_depth.nodes.depthkit.measure.frame_view import prepared
from genvr_depth.nodes.depthkit.measure.quality import check_depth
from genvr_depth.nodes.depthkit.ranges import Window, normalise
from genvr_depth.nodes.depthkit.scenes import SCENE_NAMES, load_scene

_PANES = 8


def _panes(depth: DepthMap, seed: int):
    """Maps with a pane of false depth, and its box: another part of the scene, or a plane."""
    dice = random.Random(seed)
    shares, height, width = normalise(depth, Window())[0], depth.height, depth.width
    for index in range(_PANES):
        h, w = int(height * dice.uniform(0.2, 0.4)), int(width * dice.uniform(0.2, 0.4))
        y, x = dice.randrange(height - h), dice.randrange(width - w)
        there, left = dice.randrange(height - h), dice.randrange(width - w)
        level = torch.tensor(dice.uniform(0.05, 0.95))
        values, valid = shares.clone(), depth.valid[0].clone()
        part = shares[there : there + h, left : left + w]
        values[y : y + h, x : x + w] = level if index % 2 else part
        valid[y : y + h, x : x + w] = True
        box = (x / width, y / height, (x + w) / width, (y + h) / height)
        yield DepthMap.make(values[None] + 0.01, "disparity", valid[None]), box


def _glass(depth, photo):
    return [f for f in check_depth(depth, photo).findings if f.code == "transparent"]


def _box(finding, number=1):
    return tuple(finding.numbers[f"{side}_{number}"] for side in ("left", "top", "right", "bottom"))


def _touch(first, second):
    return all(min(first[i + 2], second[i + 2]) > max(first[i], second[i]) - 0.02 for i in (0, 1))


def test_most_panes_of_false_depth_are_found_where_they_are():
    found, elsewhere = 0, 0
    for seed, name in enumerate(SCENE_NAMES):
        scene = load_scene(name)
        for depth, box in _panes(to_disparity(scene.depth), seed):
            view = prepared(depth, scene.image[0], target=0)
            patches = [astuple(p)[:4] for p in lone_patches(view.near, view.valid, view.grey)]
            found += any(_touch(box, patch) for patch in patches)
            elsewhere += not all(_touch(box, patch) for patch in patches)
    assert found >= 0.65 * _PANES * len(SCENE_NAMES)
    assert elsewhere == 0


@pytest.mark.parametrize("name", SCENE_NAMES)
def test_right_depth_exact_or_estimated_has_no_glass(name, built_in):
    scene = load_scene(name)
    assert _glass(scene.depth, scene.image) == []
    assert _glass(built_in[1][name], scene.image) == []


def test_every_pane_gets_its_place_in_words_and_a_box():
    photo = torch.full((1, 200, 300, 3), 0.5)
    values = torch.full((1, 200, 300), 1.0)
    values[:, 20:60, 15:85] = 2
    values[:, 130:185, 200:280] = 3
    values[:, 40:190, 120:150] = 2
    photo[:, 40:190, 120:150] = 0.9
    (finding,) = _glass(DepthMap.make(values, "disparity"), photo)
    assert finding.numbers["patches"] == 2
    assert _box(finding) == pytest.approx((200 / 300, 0.65, 280 / 300, 0.925), abs=0.02)
    assert _box(finding, 2) == pytest.approx((0.05, 0.1, 85 / 300, 0.3), abs=0.02)
    assert "at the bottom right (6" in finding.text
    assert "at the top left (" in finding.text
    assert finding.severity == "note"


def test_a_texture_without_depth_is_no_glass():
    photo = torch.rand(1, 200, 300, 3, generator=torch.Generator().manual_seed(0))
    smooth = torch.linspace(1, 2, 200)[None, :, None].expand(1, 200, 300)
    assert _glass(DepthMap.make(smooth, "disparity"), photo) == []


def test_an_edge_that_runs_another_way_does_not_account_for_a_depth_edge():
    columns = (torch.arange(300) // 3 % 2).float()
    values = torch.ones(1, 200, 300)
    values[:, 100:] = 2
    depth = DepthMap.make(values, "disparity")
    stripes = columns[None, None, :, None].expand(1, 200, 300, 3)
    assert len(_glass(depth, stripes)) == 1
    assert _glass(depth, (values[..., None] / 2).expand(1, 200, 300, 3)) == []


def test_a_shifted_map_is_called_shifted_and_not_glass():
    scene = load_scene(SCENE_NAMES[0])
    step = scene.depth.width // 25
    moved = scene.depth.with_values(
        scene.depth.values.roll(step, 2), valid=scene.depth.valid.roll(step, 2)
    )
    codes = {finding.code for finding in check_depth(moved, scene.image).findings}
    assert "misaligned" in codes
    assert "transparent" not in codes
