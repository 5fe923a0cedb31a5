"""Windows: reproducible, one for the clip, never NaN."""

from __future__ import annotations

import pytest
import torch
from genvr_depth.nodes.depthkit.depth_map import DepthMap
from genvr_depth.nodes.depthkit.errors import InvalidInput
from genvr_depth.nodes.depthkit.ranges import (
    Window,
    control_image,
    find_window,
    normalise,
    percentile,
)
from hypothesis import given
from hypothesis import strategies as st


@given(st.lists(st.floats(-1e3, 1e3, width=32), min_size=2, max_size=200), st.floats(0, 100))
def test_percentiles_lie_between_their_two_neighbouring_ranks(numbers, percent):
    values = torch.tensor(numbers)
    answer = percentile([values], (percent,)).item()
    ordered, rank = values.sort().values, percent / 100 * len(numbers)
    low = ordered[max(int(rank) - 1, 0)].item()
    high = ordered[min(int(rank) + 1, len(numbers) - 1)].item()
    slack = 1e-4 * (1 + ordered.abs().max().item())
    assert low - slack <= answer <= high + slack


def test_percentiles_agree_with_the_exact_quantile_on_many_values():
    values = torch.randn(200_000, generator=torch.Generator().manual_seed(1))
    exact = torch.quantile(values, torch.tensor([0.01, 0.5, 0.99]))
    assert torch.allclose(percentile([values], (1, 50, 99)), exact, atol=1e-3)


def test_splitting_a_clip_into_frames_does_not_change_its_percentiles():
    values = torch.randn(1000, generator=torch.Generator().manual_seed(2))
    whole = percentile([values], (2, 98))
    assert torch.equal(whole, percentile(list(values.split(77)), (2, 98)))


def test_one_far_speck_does_not_coarsen_the_window():
    values = torch.linspace(0, 1, 10_000).reshape(1, 100, 100).clone()
    values[0, 0, 0] = 1e9
    low, high = find_window(DepthMap.make(values, "depth"), Window())[0].tolist()
    assert low == pytest.approx(0.005, abs=1e-3)
    assert high == pytest.approx(0.995, abs=1e-3)


def test_a_clip_shares_one_window_and_frames_may_have_their_own():
    depth = DepthMap.make(torch.stack([torch.rand(8, 8), torch.rand(8, 8) + 5]), "depth")
    clip = find_window(depth, Window("min-max"))
    frames = find_window(depth, Window("min-max", scope="frame"))
    assert torch.equal(clip[0], clip[1])
    assert frames[0, 1] < frames[1, 0]


@pytest.mark.parametrize("kind", ["metric", "depth", "disparity"])
def test_a_flat_map_is_mid_grey_never_nan(kind):
    image = control_image(DepthMap.make(torch.full((1, 4, 4), 7.0), kind))
    assert torch.equal(image, torch.full((1, 4, 4, 3), 0.5))


@pytest.mark.parametrize(("kind", "near_first"), [("metric", 1), ("depth", 1), ("disparity", -1)])
def test_near_is_white_for_every_kind(kind, near_first):
    ramp = torch.linspace(1, 5, 9).reshape(1, 1, 9)
    ramp = ramp if near_first > 0 else ramp.flip(2)
    image = control_image(DepthMap.make(ramp, kind), Window("min-max"))
    assert image[0, 0, 0, 0] == 1
    assert image[0, 0, -1, 0] == 0
    assert (image[0, 0, :, 0].diff() < 0).all()


def test_sky_is_black_in_the_control_image():
    values = torch.tensor([[[1.0, 2.0, float("inf")]]])
    assert control_image(DepthMap.make(values, "metric"))[0, 0, 2].eq(0).all()


def test_a_fixed_window_takes_values_of_the_map_itself():
    depth = DepthMap.make(torch.tensor([[[1.0, 2.0, 3.0, 9.0]]]), "metric")
    assert normalise(depth, Window("fixed", 1, 3)).tolist() == [[[0.0, 0.5, 1.0, 1.0]]]


def test_a_reversed_fixed_window_inverts():
    depth = DepthMap.make(torch.tensor([[[1.0, 2.0, 3.0]]]), "metric")
    assert normalise(depth, Window("fixed", 3, 1)).tolist() == [[[1.0, 0.5, 0.0]]]


def test_a_map_without_a_single_valid_pixel_is_black_not_nan():
    depth = DepthMap.make(torch.full((1, 3, 3), float("nan")), "depth")
    assert control_image(depth).eq(0).all()


@pytest.mark.parametrize(
    "bad", [("median", 0, 1), ("percentile", 50, 50), ("percentile", -1, 99), ("fixed", 2, 2)]
)
def test_impossible_windows_are_refused(bad):
    with pytest.raises(InvalidInput):
        Window(*bad)


@pytest.mark.parametrize(
    ("kind", "near", "far"), [("metric", 2, 4), ("depth", 2, 4), ("disparity", 4, 2)]
)
def test_a_fixed_window_of_a_control_image_speaks_of_the_maps_own_values(kind, near, far):
    ramp = torch.linspace(1, 5, 401).reshape(1, 1, 401)
    image = control_image(DepthMap.make(ramp, kind), Window("fixed", 2, 4))[0, 0, :, 0]
    at = {
        round(value, 2): shade
        for value, shade in zip(ramp.flatten().tolist(), image.tolist(), strict=True)
    }
    assert at[near] == pytest.approx(1.0, abs=1e-4)
    assert at[far] == pytest.approx(0.0, abs=1e-4)
    assert 0.05 < at[3.0] < 0.95


@pytest.mark.parametrize("kind", ["metric", "depth", "disparity"])
def test_near_stays_white_when_the_ends_of_a_fixed_window_are_typed_the_other_way_round(kind):
    depth = DepthMap.make(torch.linspace(1, 5, 9)[None, None], kind)
    typed = control_image(depth, Window("fixed", 4, 2))
    assert torch.equal(typed, control_image(depth, Window("fixed", 2, 4)))


def test_the_low_percentile_is_the_near_end_of_a_metric_map():
    ramp = torch.linspace(1, 5, 401).reshape(1, 1, 401)
    image = control_image(DepthMap.make(ramp, "metric"), Window("percentile", 25, 100))[0, 0, :, 0]
    assert image[:100].eq(1).all()
    assert image[110] < 1


@pytest.mark.parametrize("kind", ["metric", "depth", "disparity"])
def test_a_fixed_window_gives_a_distance_the_same_grey_in_every_map(kind):
    window, ramp = Window("fixed", 1, 5), torch.linspace(1, 5, 9)
    wide = control_image(DepthMap.make(ramp[None, None], kind), window)[0, 0, :, 0]
    narrow = control_image(DepthMap.make(ramp[None, None, 3:6], kind), window)[0, 0, :, 0]
    assert torch.allclose(narrow, wide[3:6], atol=1e-5)


def test_a_small_thing_before_a_flat_wall_stays_visible():
    values = torch.full((1, 200, 200), 0.1)
    values[0, 90:100, 90:100] = 0.9
    image = control_image(DepthMap.make(values, "disparity"))[0, ..., 0]
    assert image[95, 95] == 1
    assert image[0, 0] == 0


def test_percentiles_of_a_very_large_image_are_right():
    # A float32 counter stands still at 16 777 216.
    part = torch.zeros(21_000_000)
    part[-3_000_000:] = 2
    part[-1_000_000:] = 3
    assert percentile([part], (90,)).item() == pytest.approx(2, abs=1e-3)


@pytest.mark.parametrize("kind", ["metric", "depth", "disparity"])
@pytest.mark.parametrize("scope", ["clip", "frame"])
def test_some_frames_of_a_control_image_look_as_they_do_in_the_whole_clip(kind, scope):
    values = torch.rand(5, 7, 9, generator=torch.Generator().manual_seed(4)) + 0.5
    depth = DepthMap.make(values * torch.arange(1, 6)[:, None, None], kind, values > 0.7)
    window = Window(scope=scope)
    whole = control_image(depth, window)
    assert torch.equal(control_image(depth, window, only=[4, 1]), whole[[4, 1]])
