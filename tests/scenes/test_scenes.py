"""The bundled scenes: there, small, and with depth that is exactly what their camera says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from genvr_depth.nodes.depthkit import scenes
from genvr_depth.nodes.depthkit.errors import InvalidInput
from genvr_depth.nodes.depthkit.scenes import SCENE_NAMES, image_path, load_scene, scene_titles
from PIL import Image


@pytest.fixture(scope="module", params=SCENE_NAMES)
def scene(request):
    return load_scene(request.param)


def test_every_scene_has_a_title_and_an_image_file():
    assert len(SCENE_NAMES) >= 4
    assert tuple(scene_titles()) == SCENE_NAMES
    for name in SCENE_NAMES:
        with Image.open(image_path(name)) as opened:
            assert max(opened.size) == 1024


def test_all_scenes_together_stay_under_six_megabytes():
    assert sum(path.stat().st_size for path in scenes.FOLDER.iterdir() if path.is_file()) < 6e6


def test_an_unknown_scene_is_refused_with_the_known_names():
    with pytest.raises(InvalidInput, match="furnished_room"):
        load_scene("nowhere")


def test_image_and_depth_fit_each_other(scene):
    assert scene.image.dtype == torch.float32
    assert scene.image.shape == (*scene.depth.values.shape, 3)
    assert 0 <= scene.image.min() < 0.1 < 0.8 < scene.image.max() <= 1
    assert scene.depth.kind == "metric"
    assert scene.depth.valid.float().mean() > 0.5
    assert not scene.depth.values[~scene.depth.valid].any()


def test_distances_are_those_of_the_subject(scene):
    near, far = np.quantile(scene.depth.values[scene.depth.valid].numpy(), (0.01, 0.99))
    assert 0.3 < near < 5
    assert 1.5 * near < far < 200


def _ground_points(scene):
    """(H, W) metres below the eye of every pixel's surface, for a camera that is only pitched."""
    depth, camera = scene.depth, scene.depth.camera
    z = depth.values[0].double().numpy()
    rows = np.arange(0.5, depth.height)[:, None]
    pitch = np.arctan((scene.horizon - camera.cy) / camera.fy)
    return (rows - camera.cy) / camera.fy * z * np.cos(pitch) - z * np.sin(pitch)


def test_the_ground_is_one_level_plane_below_the_horizon(scene):
    valid = scene.depth.valid[0].numpy()
    below, z = _ground_points(scene)[valid], scene.depth.values[0].numpy()[valid]
    counts, edges = np.histogram(below, np.arange(0.05, 3, 0.002))
    near = np.abs(below - edges[counts.argmax()] - 0.001) < 0.004
    error = np.abs(below[near] - np.median(below[near])) / z[near]
    assert near.mean() > 0.04
    assert np.median(error) < 1e-4


def test_nothing_above_the_horizon_row_lies_below_the_eye(scene):
    rows = np.arange(0.5, scene.depth.height)
    assert _ground_points(scene)[rows < scene.horizon].max() < 1e-3


def test_neighbouring_codes_differ_by_a_ten_thousandth_or_less():
    for entry in scenes._read_listing().values():
        step = (entry["far"] / entry["near"]) ** (1 / 65534) - 1
        assert step < 1.1e-4


def test_code_one_is_near_and_the_last_code_is_far():
    metres = scenes._decoded_metres(np.array([[1, 65535]], np.uint16), 0.5, 40.0)
    np.testing.assert_allclose(metres, [[0.5, 40.0]], rtol=1e-6)
