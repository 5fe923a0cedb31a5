"""Depth over time: what frames show alike ties them, what moves in the scene does not."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from genvr_depth.nodes.depthkit.estimators import EstimateOptions, estimate
from genvr_depth.nodes.depthkit.maps.align import fit_affine
from genvr_depth.nodes.depthkit.maps.shot_scales import (
    OFFSETS,
    Tie,
    key_frames,
    solve_shot,
    tied_before,
)
from genvr_depth.nodes.depthkit.maps.temporal import align_clip, flicker
from genvr_depth.nodes.depthkit.scenes import load_scene


def clip(frames=12, mover=True, size=48):
    """A textured wall with a square that walks across it: images and true disparity."""
    random = torch.Generator().manual_seed(0)
    wall = torch.rand(size, size, 3, generator=random)
    slope = torch.linspace(0.2, 0.6, size)[None, :].expand(size, size)
    images, depths = (
        wall.expand(frames, size, size, 3).clone(),
        slope.expand(frames, -1, -1).clone(),
    )
    for t in range(frames if mover else 0):
        left = 2 * t
        images[t, 10:25, left : left + 12] = torch.rand(15, 12, 3, generator=random)
        depths[t, 10:25, left : left + 12] = 1.0
    return images, depths


def moods(frames):
    random = torch.Generator().manual_seed(3)
    return 0.6 + 0.8 * torch.rand(frames, generator=random), torch.rand(frames, generator=random)


def drift(values, truth, valid=None):
    """Slope of every frame against the truth, as a share of the first frame's."""
    slopes = []
    for index, (frame, wanted) in enumerate(zip(values, truth, strict=True)):
        keep = torch.ones_like(frame).bool() if valid is None else valid[index]
        slopes.append(fit_affine(wanted, frame, keep).scale)
    return torch.tensor(slopes) / slopes[0]


def test_every_frame_of_a_shot_comes_to_one_scale():
    images, truth = clip()
    scale, shift = moods(12)
    values = truth * scale[:, None, None] + shift[:, None, None]
    done = align_clip(values, torch.ones_like(values).bool(), images, "disparity")
    fit = fit_affine(truth, values)
    assert (values - fit(truth)).abs().max() < 0.02 * fit.scale
    assert sorted(one.scale for one in done.fits)[5] <= 1 <= sorted(f.scale for f in done.fits)[6]
    assert not done.cuts
    assert len(done.fits) == 12


def test_a_long_noisy_clip_does_not_fade():
    images, truth = clip(30, mover=False)
    noisy = truth + 0.05 * torch.randn(truth.shape, generator=torch.Generator().manual_seed(5))
    before = noisy[0].std()
    align_clip(noisy, torch.ones_like(noisy).bool(), images, "disparity")
    assert abs(noisy[-1].std() / before - 1) < 0.1


def test_metric_depth_gets_a_scale_and_no_shift():
    images, truth = clip()
    scale, _ = moods(12)
    values = truth * scale[:, None, None]
    done = align_clip(values, torch.ones_like(values).bool(), images, "metric")
    assert all(fit.shift == 0 for fit in done.fits)
    # The median of the frames' own scales, so that one bad frame does not spoil the metres.
    assert (values - truth * scale.quantile(0.5)).abs().max() < 0.02


def test_another_shot_starts_anew_and_is_reported():
    images, truth = clip(4, mover=False)
    images[2:] = 1 - images[2:]
    values = truth.clone()
    values[2:] = 5 + 3 * values[2:]
    kept = values[2].clone()
    done = align_clip(values, torch.ones_like(values).bool(), images, "disparity")
    assert done.cuts == (2,)
    assert torch.equal(values[2], kept)
    assert "new shots at frames 2" in done.note()


def test_invalid_pixels_take_no_part_and_stay_zero():
    images, truth = clip(3, mover=False)
    valid = torch.ones_like(truth).bool()
    valid[:, :20] = False
    values = truth.clone()
    values[1] = 2 * values[1] + 1
    values[~valid] = 0
    align_clip(values, valid, images, "disparity")
    assert (values[~valid] == 0).all()
    assert torch.allclose(values[1][valid[1]], values[0][valid[0]], atol=1e-3)


def test_flicker_is_zero_for_a_still_clip_and_grows_with_the_unrest():
    images, truth = clip(6)
    valid = torch.ones_like(truth).bool()
    wobble = torch.tensor([0.0, 1, 0, 1, 0, 1])[:, None, None]
    still = flicker(truth, valid, images)
    small = flicker(truth + 0.01 * wobble, valid, images)
    large = flicker(truth + 0.1 * wobble, valid, images)
    assert still is not None
    assert small is not None
    assert large is not None
    # Not 0: the square that walks hides and shows some wall.
    assert still < 0.005 < small < large


def test_flicker_has_no_answer_without_a_static_part():
    random = torch.rand(3, 32, 32, 3, generator=torch.Generator().manual_seed(0))
    values = random[..., 0].contiguous()
    assert flicker(values, torch.ones_like(values).bool(), random) is None


class Moody:
    name, kind, multiple, inner_size, licence = "moody", "disparity", 8, 48, "MIT"

    def __init__(self):
        self.calls = 0

    def __call__(self, images):
        self.calls += 1
        return images.mean(1) * (1 + 0.3 * (self.calls % 3)) + 0.2 * (self.calls % 2)


def test_consistency_clip_takes_the_flicker_out_and_reports_it():
    images = torch.rand(1, 48, 48, 3, generator=torch.Generator().manual_seed(0)).expand(
        6, -1, -1, -1
    )
    single = estimate(Moody(), images)
    tied = estimate(Moody(), images, EstimateOptions(consistency="clip"))
    assert single.flicker is not None
    assert tied.flicker is not None
    assert tied.flicker < 0.05 * single.flicker
    assert any(note.startswith("clip: 6 frames aligned") for note in tied.notes)
    assert any(note.startswith("flicker:") for note in tied.notes)


def test_one_image_has_no_flicker():
    assert estimate(Moody(), torch.rand(1, 20, 20, 3)).flicker is None


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 1), (2, 2)])
@pytest.mark.parametrize("kind", ["metric", "depth", "disparity"])
def test_the_tiniest_clip_is_aligned_without_nan(size, kind):
    values = 1 + torch.rand(4, *size, generator=torch.Generator().manual_seed(1))
    align_clip(values, torch.ones_like(values).bool(), torch.full((4, *size, 3), 0.5), kind)
    assert values.isfinite().all()
    assert size == (1, 1) or (values.amax((1, 2)) > values.amin((1, 2))).all()


def pan(name, frames, start=0.0, end=1.0):
    """A crop of 60 % that walks across a sample scene: images, exact disparity, valid."""
    scene = load_scene(name)
    depth = scene.depth.resized(96, round(96 * scene.depth.width / scene.depth.height))
    size = (depth.height, depth.width)
    image = F.interpolate(scene.image.movedim(-1, 1), size, mode="area").movedim(1, -1)[0]
    disparity = torch.where(depth.valid, 1 / depth.values.clamp_min(1e-3), 0.0)[0]
    width = round(0.6 * size[1])
    shares = [start + (end - start) * t / max(frames - 1, 1) for t in range(frames)]
    lefts = [round(share * (size[1] - width)) for share in shares]
    parts = ([x[:, left : left + width] for left in lefts] for x in (image, disparity))
    return *(torch.stack(x) for x in parts), torch.stack(
        [depth.valid[0][:, left : left + width] for left in lefts]
    )


def swing(images, amount, period=5):
    """The light of a clip going up and down by that share."""
    phase = 2 * math.pi * torch.arange(len(images)) / period
    return (images * (1 + amount * phase.sin())[:, None, None, None]).clamp(0, 1)


def test_a_pan_in_changing_light_does_not_drift_and_has_no_cuts():
    images, truth, valid = pan("furnished_room", 16)
    scale, shift = moods(16)
    values = torch.where(valid, truth * scale[:, None, None] + shift[:, None, None], 0.0)
    done = align_clip(values, valid, swing(images, 0.3), "disparity")
    assert not done.cuts
    assert (drift(values, truth, valid) - 1).abs().max() < 0.03


def test_every_cut_between_two_scenes_is_found_in_changing_light():
    first, _, _ = pan("street", 3, 0, 0.1)
    second, _, _ = pan("product_table", 3, 0, 0.1)
    images = swing(torch.cat([first, second, first]), 0.3)
    values = images.mean(-1)
    assert align_clip(values, torch.ones_like(values).bool(), images, "disparity").cuts == (3, 6)


def test_a_flash_is_no_cut():
    images, truth, valid = pan("street", 5, 0, 0.1)
    images[2] = 1.0
    assert not align_clip(truth.clone(), valid, images, "disparity").cuts


def ties(pairs, truth, bias):
    """As if measured: log scales `truth`, every step to the next frames too long by `bias`."""
    return [
        Tie(a, b, truth[a] - truth[b] + (bias if b - a < 9 else 0), 0.003, 1.0, 1.0, 1.0)
        for a, b in pairs
    ]


def test_small_errors_of_near_ties_do_not_add_up_over_a_long_clip():
    count = 200
    truth = np.sin(np.arange(count) / 9) * 0.2
    keys = key_frames(count)
    pairs = [(first, frame) for frame in range(count) for first in tied_before(frame, keys)]
    near = [pair for pair in pairs if pair[1] - pair[0] in OFFSETS]
    found = {}
    for name, given in {"keys": pairs, "near": near}.items():
        fits = solve_shot(count, ties(given, truth, 0.001), free_shift=False)
        left = np.log([fit.scale for fit in fits]) - truth
        found[name] = abs(left[-1] - left[0])
    assert found["keys"] < 0.01
    assert found["keys"] < 0.5 * found["near"]


@pytest.mark.parametrize("count", [1, 2, 9, 30, 300])
def test_key_frames_reach_from_the_first_to_the_last(count):
    keys = key_frames(count)
    assert (keys[0], keys[-1]) == (0, count - 1)
    assert len(keys) <= 10
    assert {0, *keys[:-1]} - {count - 1} <= set(tied_before(count - 1, keys))
