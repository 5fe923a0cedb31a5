from __future__ import annotations

import pytest
import torch
from genvr_depth.nodes.depthkit.depth_map import DepthMap
from genvr_depth.nodes.depthkit.errors import InvalidInput, Stopped
from genvr_depth.nodes.depthkit.kernels import components
from genvr_depth.nodes.depthkit.maps.adjust import Adjustments, adjust
from genvr_depth.nodes.depthkit.maps.fill import fill_holes, push_pull
from genvr_depth.nodes.depthkit.maps.smooth import smooth, smooth_clip
from genvr_depth.nodes.depthkit.ranges import Window
from hypothesis import given, settings
from hypothesis import strategies as st


def _noise(batch=1, height=20, width=30, seed=0):
    return torch.rand(batch, height, width, generator=torch.Generator().manual_seed(seed)) + 1


def _with_hole(top, bottom, left, right):
    values = torch.ones(1, 40, 40)
    values[..., 20:] = 3.0
    valid = torch.ones_like(values, dtype=torch.bool)
    valid[:, top:bottom, left:right] = False
    return DepthMap.make(values, "metric", valid)


def test_nothing_asked_for_is_nothing_changed():
    depth = DepthMap.make(_noise(), "metric")
    assert adjust(depth, Adjustments()) is depth


def test_a_window_clips_and_keeps_the_metres():
    depth = DepthMap.make(_noise() * 10, "metric")
    clipped = adjust(depth, Adjustments(window=Window("fixed", 12.0, 15.0)))
    assert clipped.kind == "metric"
    assert clipped.values.min() == 12
    assert clipped.values.max() == 15


@pytest.mark.parametrize("kind", ["metric", "depth", "disparity"])
def test_inverting_twice_gives_the_map_back(kind):
    depth = DepthMap.make(_noise(), kind)
    once = adjust(depth, Adjustments(invert=True))
    twice = adjust(once, Adjustments(invert=True))
    assert torch.allclose(twice.values, depth.values, atol=1e-5)
    assert once.values.flatten().argmax() == depth.values.flatten().argmin()
    assert once.kind == ("depth" if kind == "metric" else kind)


@pytest.mark.parametrize("kind", ["depth", "disparity"])
def test_gamma_keeps_the_ends_and_opens_up_the_near_range(kind):
    values = torch.linspace(1, 3, 101)[None, None]
    bent = adjust(DepthMap.make(values, kind), Adjustments(gamma=2.0)).values[0, 0]
    assert bent[0] == pytest.approx(1)
    assert bent[-1] == pytest.approx(3)
    step = (bent[1:] - bent[:-1]).abs()
    near, far = (step[-10:], step[:10]) if kind == "disparity" else (step[:10], step[-10:])
    assert near.mean() > 5 * far.mean()


def test_a_flat_map_survives_every_adjustment():
    depth = DepthMap.make(torch.full((2, 5, 5), 4.0), "metric")
    changes = Adjustments(Window(), 3.0, True, 2, 2, "all")
    assert torch.isfinite(adjust(depth, changes).values).all()


@settings(max_examples=25, deadline=None)
@given(value=st.floats(1e-3, 1e4), radius=st.integers(0, 12), size=st.integers(1, 9))
def test_smoothing_keeps_constants(value, radius, size):
    depth = DepthMap.make(torch.full((2, size, 7), value), "metric")
    assert torch.equal(smooth(depth, radius).values, depth.values)
    assert torch.equal(smooth_clip(depth, radius).values, depth.values)


def test_smoothing_levels_noise_and_keeps_the_step():
    clean = torch.ones(1, 40, 40)
    clean[..., 20:] = 3.0
    noisy = clean + 0.02 * torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    smoothed = smooth(DepthMap.make(noisy, "metric"), 4).values
    assert (smoothed - clean).abs().mean() < 0.5 * (noisy - clean).abs().mean()
    assert (smoothed[..., 20] - smoothed[..., 19]).mean() > 1.9


def test_smoothing_levels_eight_bit_steps():
    ramp = torch.linspace(0, 0.1, 200)[None, None].expand(1, 20, 200).clone()
    ramp[:, :, 190:] = 1.0
    banded = (ramp * 255).round() / 255
    smoothed = smooth(DepthMap.make(banded, "disparity"), 8).values
    assert (smoothed - ramp)[..., 16:170].abs().mean() < 0.6 * (banded - ramp)[
        ..., 16:170
    ].abs().mean()


def test_invalid_pixels_teach_smoothing_nothing():
    values = torch.ones(1, 20, 20)
    values[:, 10:] = 50.0
    values[:, :10, :10] = 1.5
    valid = torch.ones_like(values, dtype=torch.bool)
    valid[:, 10:] = False
    out = smooth(DepthMap.make(values, "metric", valid), 3)
    assert out.values[out.valid].max() <= 1.5
    assert torch.equal(out.valid, valid)


@pytest.mark.parametrize("holes", ["off", "smooth", "background", "all"])
def test_a_frame_without_depth_does_not_stop_the_clip(holes):
    valid = torch.ones(3, 20, 30, dtype=torch.bool)
    valid[1] = False
    depth = DepthMap.make(_noise(3), "metric", valid)
    changes = Adjustments(Window(scope="frame"), 2.0, True, 2, 2, holes)
    adjusted = adjust(depth, changes)
    assert adjusted.valid.flatten(1).all(1).tolist() == [True, False, True]


def test_flicker_is_levelled_and_motion_leaves_no_ghost():
    generator = torch.Generator().manual_seed(1)
    clip = torch.ones(8, 16, 32) + 0.02 * torch.randn(8, 1, 1, generator=generator)
    for frame in range(8):
        clip[frame, :, 3 * frame : 3 * frame + 6] = 3.0
    out = smooth_clip(DepthMap.make(clip, "disparity"), 4).values
    still = slice(28, 32)
    assert out[:, :, still].std(0).mean() < 0.6 * clip[:, :, still].std(0).mean()
    for frame in range(8):
        assert (out[frame, :, 3 * frame : 3 * frame + 6] - 3).abs().max() < 0.05


def test_small_holes_are_filled_and_the_sky_is_left():
    depth = _with_hole(4, 8, 4, 8)
    valid = depth.valid.clone()
    valid[:, 30:] = False
    filled = fill_holes(depth.with_values(depth.values, valid=valid), "smooth")
    assert bool(filled.valid[:, 4:8, 4:8].all())
    assert (filled.values[:, 4:8, 4:8] - 1).abs().max() < 1e-4
    assert not filled.valid[:, 30:].any()


@pytest.mark.parametrize("kind", ["metric", "disparity"])
def test_a_hole_between_two_depths_takes_the_background(kind):
    depth = _with_hole(15, 20, 18, 22)
    if kind == "disparity":
        depth = DepthMap.make(4 - depth.values, kind, depth.valid)
    far = 3.0 if kind == "metric" else 1.0
    filled = fill_holes(depth, "background")
    assert (filled.values[:, 15:20, 18:22] - far).abs().max() < 0.05


def test_filling_everything_leaves_no_hole():
    depth = _with_hole(0, 30, 0, 40)
    filled = fill_holes(depth, "all")
    assert bool(filled.valid.all())
    assert filled.values.min() >= 1
    assert torch.equal(filled.values[:, 30:], depth.values[:, 30:])


def test_holes_are_told_apart_by_their_size_not_their_rows():
    mask = torch.ones(50, 50, dtype=torch.bool)
    mask[5:10, 5:10] = False
    mask[20:, 10] = False
    mask[45, 10:45] = False
    mask[20:46, 44] = False
    labels = components(~mask)
    assert labels[mask].max() == 0
    assert len(labels[5:10, 5:10].unique()) == 1
    assert len(labels[~mask].unique()) == 2


@settings(max_examples=30, deadline=None)
@given(height=st.integers(1, 9), width=st.integers(1, 9), seed=st.integers(0, 99))
def test_push_pull_keeps_what_is_known_and_stays_in_its_range(height, width, seed):
    generator = torch.Generator().manual_seed(seed)
    values = torch.rand(1, 2, height, width, generator=generator) + 1
    known = (torch.rand(1, 1, height, width, generator=generator) > 0.6).float()
    known[..., 0, 0] = 1
    out = push_pull(values, known)
    assert torch.equal(out * known, values * known)
    assert out.min() >= (values * known)[values * known > 0].min() - 1e-5
    assert out.max() <= (values * known).max() + 1e-5


def test_unusable_wishes_are_refused_in_words():
    depth = DepthMap.make(_noise(), "depth")
    with pytest.raises(InvalidInput, match="gamma"):
        Adjustments(gamma=0.0)
    with pytest.raises(InvalidInput, match="fill holes"):
        fill_holes(depth, "magic")
    with pytest.raises(InvalidInput, match="radius"):
        smooth(depth, -1)
    with pytest.raises(InvalidInput, match="frames"):
        smooth_clip(depth, -1)


def _street(noise):
    """A wall at 100 m, a figure at 4 m before a car at 5 m; noise as a share of the distance."""
    metres = torch.full((1, 60, 80), 100.0)
    metres[:, 20:, :50], metres[:, 20:, 30:45] = 5.0, 4.0
    generator = torch.Generator().manual_seed(4)
    spoiled = metres * (1 + noise * torch.randn(metres.shape, generator=generator))
    return metres, DepthMap.make(spoiled, "metric")


def test_smoothing_metres_keeps_near_things_apart_however_far_the_street_goes():
    metres, noisy = _street(0.01)
    smoothed = adjust(noisy, Adjustments(smooth=4)).values
    error = ((smoothed - metres).abs() / metres)[:, 20:, :50]
    before = ((noisy.values - metres).abs() / metres)[:, 20:, :50]
    assert error.mean() < 0.8 * before.mean()
    assert error[:, 20, 28:32].max() < 0.1


def test_steadying_metres_leaves_no_ghost_of_a_near_thing():
    clip = torch.full((5, 20, 60), 100.0)
    clip[:, 10:] = 5.0
    for frame in range(5):
        clip[frame, 10:, 10 * frame : 10 * frame + 10] = 4.0
    steady = adjust(DepthMap.make(clip, "metric"), Adjustments(smooth_time=2)).values
    assert torch.allclose(steady, clip, rtol=0.01)


def test_holes_that_wind_are_one_and_neighbours_over_a_corner_are_two():
    maze = torch.tensor(
        [
            [0, 1, 0, 0, 0],
            [0, 1, 0, 1, 0],
            [0, 0, 0, 1, 0],
            [1, 1, 1, 1, 0],
            [0, 0, 1, 0, 1],
        ]
    )
    labels = components(~maze.bool())
    assert labels.dtype == torch.int32
    assert (labels[maze.bool()] == 0).all()
    assert len(labels[:4][maze[:4] == 0].unique()) == 1
    assert len(labels[4][maze[4] == 0].unique()) == 2
    assert labels[4, 3] != labels[3, 4]


def test_a_window_behind_the_camera_is_refused_in_words():
    metres = DepthMap.make(torch.rand(1, 8, 8) + 1, "metric")
    with pytest.raises(InvalidInput, match="above 0"):
        adjust(metres, Adjustments(Window("fixed", -3, -1)))


@pytest.mark.parametrize("kind", ["metric", "disparity"])
def test_one_bar_counts_the_passes_asked_for_and_hears_stop_between_frames(kind):
    depth = DepthMap.make(_noise(3), kind, _noise(3, seed=1) > 1.1)
    for changes, total in (
        (Adjustments(holes="all", smooth=2, smooth_time=1), 9),
        (Adjustments(smooth=2), 3),
        (Adjustments(gamma=2.0), 0),
    ):
        heard = []
        adjust(depth, changes, on_progress=lambda *numbers, heard=heard: heard.append(numbers))
        assert heard == [(done, total) for done in range(1, total + 1)]


@pytest.mark.parametrize("passes", [{"holes": "all"}, {"smooth": 2}, {"smooth_time": 1}])
def test_no_frame_is_worked_on_after_stop(passes):
    heard = []

    def stop_at_the_second(done, total):
        heard.append(done)
        if done == 2:
            raise Stopped

    depth = DepthMap.make(_noise(4), "depth", _noise(4, seed=1) > 1.1)
    with pytest.raises(Stopped):
        adjust(depth, Adjustments(**passes), on_progress=stop_at_the_second)
    assert heard == [1, 2]
