"""Depth over time: static parts tie neighbouring frames, moving parts do not."""

from __future__ import annotations

import pytest
import torch
from genvr_depth.nodes.depthkit.estimators import EstimateOptions, estimate
from genvr_depth.nodes.depthkit.maps.temporal import align_clip, flicker


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


def test_every_frame_comes_to_the_scale_of_the_first():
    images, truth = clip()
    scale, shift = moods(12)
    values = truth * scale[:, None, None] + shift[:, None, None]
    wanted = truth * scale[0] + shift[0]
    done = align_clip(values, torch.ones_like(values).bool(), images, "disparity")
    assert (values - wanted).abs().max() < 0.02
    assert not done.cuts
    assert len(done.fits) == 12


def test_a_long_noisy_clip_does_not_fade():
    images, truth = clip(120, mover=False)
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
    assert (values - truth * scale[0]).abs().max() < 0.02


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
    assert torch.allclose(values[1][valid[1]], truth[0][valid[0]], atol=1e-3)


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
    assert still < 0.001 < small < large


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
