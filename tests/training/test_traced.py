"""What becomes of a rendered view, and the path-traced places themselves where Blender is there."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from genvr_depth.training.data import load_relit, load_shard
from genvr_depth.training.develop import develop, inverse, usable

ROOT = Path(__file__).parents[2]


def _floor(nearest: float = 1.0) -> np.ndarray:
    """(60, 80) distances of a level floor below a horizon, 0 above it."""
    rows = np.arange(60)[:, None] - 20.0
    seen = np.where(rows > 0, nearest * 39 / np.maximum(rows, 1e-6), 0.0)
    return np.broadcast_to(seen, (60, 80)).copy()


def test_a_floor_to_the_horizon_is_usable():
    assert usable(_floor())


@pytest.mark.parametrize(
    "distance",
    [np.zeros((60, 80)), np.full((60, 80), 3.0), _floor(0.15)],
    ids=["sky", "one wall", "too near"],
)
def test_views_that_teach_nothing_are_left_out(distance):
    assert not usable(distance)


def test_nothing_stays_nothing_and_the_rest_is_inverted():
    found = inverse(np.array([0.0, 0.5, 2.0]))
    assert found.dtype == np.float16
    np.testing.assert_allclose(found, [0.0, 2.0, 0.5])


@pytest.mark.parametrize("gain", [0.01, 100.0])
def test_the_exposure_follows_the_views_own_brightness(gain):
    radiance = np.random.default_rng(0).uniform(0.1, 1.0, (20, 30, 3))
    expected = develop(random.Random(1), radiance)
    found = develop(random.Random(1), radiance * gain)
    assert found.dtype == np.uint8
    assert expected.min() < 130 < expected.max()
    assert np.abs(found.astype(int) - expected).max() <= 3


TRACED = """
import sys
sys.path[:0] = [sys.argv[1] + "/training/scenes", sys.argv[1]]
import traced
from pathlib import Path
traced.SHARD = traced.VIEWS_PER_PLACE = 2
traced.SIZES = ((96, 72),)
out, kind = Path(sys.argv[2]), sys.argv[3]
for folder in ("first", "again"):
    (out / folder).mkdir()
    traced.main(["--out", str(out / folder), "--shards", "7:8", "--kind", kind])
"""


@pytest.mark.blender
@pytest.mark.parametrize("kind", ["room", "street", "table"])
def test_a_traced_shard_is_one_that_training_reads_and_the_same_again(kind, tmp_path):
    python = os.environ.get("BPY_PYTHON", sys.executable)
    if subprocess.run([python, "-c", "import bpy, OpenEXR"], capture_output=True).returncode:
        pytest.skip("set BPY_PYTHON to a Python with the wheels bpy and OpenEXR")
    command = [python, "-c", TRACED, str(ROOT), str(tmp_path), kind]
    subprocess.run(command, check=True, timeout=300, stdout=subprocess.DEVNULL)
    images, disparity = load_shard(tmp_path / "first", 7)
    assert images.shape == (2, 72, 96, 3)
    assert images.dtype == np.uint8
    assert disparity.shape == (2, 72, 96)
    assert np.array_equal(load_relit(tmp_path / "first", 7)[1], disparity)
    for view, seen in zip(images, disparity, strict=True):
        assert view.std() > 10  # lit, and more than one surface
        assert usable(np.where(seen > 0, 1 / np.maximum(seen.astype(float), 1e-6), 0.0))
    assert np.array_equal(load_shard(tmp_path / "again", 7)[1], disparity)
