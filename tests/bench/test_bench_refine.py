"""Refine Depth Edges against a bicubic upsample and kornia's guided blur: cost and accuracy."""

from __future__ import annotations

import statistics
import sys
import time

import pytest
import torch
import torch.nn.functional as F
from genvr_depth.nodes.depthkit.depth_map import DepthMap
from genvr_depth.nodes.depthkit.maps.refine import refine
from genvr_depth.nodes.depthkit.scenes import SCENE_NAMES, load_scene

pytestmark = pytest.mark.bench
HEIGHT, WIDTH = 2160, 3840
COARSE = (292, 518)
RADII = (8, 16, 64)
ROUNDS = 5


@pytest.fixture(autouse=True)
def _one_thread():
    """Processor time on one thread: comparable on a machine that is busy with other things."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def _seconds(call):
    """The median of a few."""
    call()
    taken = []
    for _ in range(ROUNDS):
        start = time.process_time()
        call()
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def _say(line):
    sys.stderr.write(f"\n{line}")


def _guided(photo, depth, radius):
    kornia = pytest.importorskip("kornia")
    guide = photo.movedim(-1, 1)
    return kornia.filters.guided_blur(guide, depth[:, None], 2 * radius + 1, 1e-3, subsample=4)[
        :, 0
    ]


def _at(image, height, width):
    planes = image.movedim(-1, 1)
    resized = F.interpolate(planes, (height, width), mode="bilinear", antialias=True)
    return resized.movedim(1, -1).contiguous()


@pytest.fixture(scope="module")
def large():
    """(coarse depth, photograph 3840x2160, the coarse values enlarged to it)."""
    scene = load_scene(SCENE_NAMES[0])
    coarse = scene.depth.resized(*COARSE)
    depth = DepthMap.make(coarse.values, "metric", coarse.valid)
    return depth, _at(scene.image, HEIGHT, WIDTH), _bicubic(depth)


def _bicubic(depth):
    return F.interpolate(depth.values[None], (HEIGHT, WIDTH), mode="bicubic")[0]


def test_refining_to_4k_costs_at_most_three_bicubic_upsamples(large):
    depth, photo, _ = large
    bicubic, ours = _seconds(lambda: _bicubic(depth)), _seconds(lambda: refine(depth, photo))
    _say(
        f"518 -> 3840x2160, one thread: bicubic {1000 * bicubic:.0f} ms, refine "
        f"{1000 * ours:.0f} ms ({ours / bicubic:.2f} x bicubic)"
    )
    assert refine(depth, photo).values.shape == (1, HEIGHT, WIDTH)
    assert ours <= 3 * bicubic


@pytest.mark.parametrize("radius", RADII)
def test_refining_to_4k_is_eight_times_faster_than_kornia(large, radius):
    depth, photo, enlarged = large
    kornia = _seconds(lambda: _guided(photo, enlarged, radius))
    ours = _seconds(lambda: refine(depth, photo))
    _say(
        f"kornia guided_blur, subsample 4, radius {radius}: {1000 * kornia:.0f} ms "
        f"({kornia / ours:.1f} x refine)"
    )
    assert kornia >= 8 * ours


@pytest.mark.parametrize("name", SCENE_NAMES)
def test_refined_depth_is_closer_to_the_truth(name):
    scene = load_scene(name)
    truth = scene.depth
    photo = _at(scene.image, truth.height, truth.width)
    for factor in (2, 4, 7):
        coarse = truth.resized(truth.height // factor, truth.width // factor)
        size = (truth.height, truth.width)
        bicubic = F.interpolate(coarse.values[None], size, mode="bicubic")[0]
        ours = refine(coarse, photo).values
        kornia = _guided(photo, bicubic, 2 * factor)
        # Where the coarse map knows depth all around: sky would punish the rivals, not us.
        known = -F.max_pool2d(-coarse.valid.float(), 5, 1, 2)
        known = F.interpolate(known[None], size, mode="nearest-exact")[0] > 0
        known &= truth.valid

        def error(values, known=known):
            return ((values - truth.values).abs() / truth.values.clamp_min(0.01))[known].mean()

        ratios = [float(error(ours) / error(rival)) for rival in (bicubic, kornia)]
        _say(
            f"{name} /{factor}: AbsRel refine {error(ours):.5f}, {ratios[0]:.2f} of bicubic, "
            f"{ratios[1]:.2f} of kornia"
        )
        assert max(ratios) < 1
