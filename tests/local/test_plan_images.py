"""The tensors of a plan: exact size, smooth, near = white, from float."""

from __future__ import annotations

import pytest
import torch
from genvr_depth.nodes.depthkit.depth_map import DepthMap
from genvr_depth.nodes.depthkit.errors import InvalidInput
from genvr_depth.nodes.depthkit.local import (
    FAMILIES,
    Connected,
    Settings,
    VaeFacts,
    extent_of,
    make_plan,
    mask_extent,
    pass_images,
)
from genvr_depth.nodes.depthkit.ranges import control_image

SD15 = FAMILIES[0]


def plan_for(depth, settings=None, reference=None, mask=None):
    connected = Connected(
        SD15.typical,
        VaeFacts(4),
        extent_of(depth, "depth"),
        control=SD15.typical_control("unet"),
        clip=True,
        reference=None if reference is None else extent_of(reference, "reference"),
        mask=None if mask is None else mask_extent(mask),
    )
    return make_plan(connected, settings or Settings())


def ramp(height=64, width=96, batch=1):
    metres = torch.linspace(1, 10, width).expand(batch, height, width)
    return DepthMap.make(metres, "metric")


def test_depth_of_the_sampling_size_is_the_plain_control_image():
    depth = ramp()
    hint = pass_images(plan_for(depth), depth)["hint"]
    assert torch.equal(hint, control_image(depth))


def test_near_is_white_whatever_the_kind():
    near_left = torch.linspace(1, 10, 64).expand(1, 64, 64)
    for kind, values in (
        ("metric", near_left),
        ("depth", near_left),
        ("disparity", 1 / near_left),
    ):
        depth = DepthMap.make(values, kind)
        hint = pass_images(plan_for(depth), depth)["hint"]
        assert hint[0, 32, 0, 0] > 0.95, kind
        assert hint[0, 32, -1, 0] < 0.05, kind


def test_hint_is_resampled_smoothly_to_both_passes():
    depth = ramp(61, 97)
    plan = plan_for(depth, Settings(second_pass=2.0))
    images = pass_images(plan, depth)
    for run, name in zip(plan.passes, ("hint", "hint_2"), strict=True):
        hint = images[name]
        assert hint.shape == (1, run.size.height, run.size.width, 3)
        row = hint[0, 5, :, 0].double()
        assert (row.diff() <= 1e-6).all()
        # Nearest-neighbour enlargement would repeat values; smooth resampling repeats none.
        inside = row[(row > 0) & (row < 1)]
        assert inside.unique().numel() == inside.numel()


def test_both_passes_paint_a_distance_in_the_same_grey():
    depth = ramp(64, 96)
    depth = depth.with_values(depth.values.clone().index_fill_(2, torch.tensor([48]), 30.0))
    images = pass_images(plan_for(depth, Settings(second_pass=2.0)), depth)
    small, large = images["hint"][0, 30, 20, 0], images["hint_2"][0, 60, 40:42, 0].mean()
    assert abs(small - large) < 0.01


def test_hint_has_more_than_256_greys():
    depth = ramp(64, 4096)
    hint = pass_images(plan_for(depth), depth)["hint"]
    assert hint[0, 0, :, 0].unique().numel() > 2000


@pytest.mark.parametrize(
    "values",
    [
        torch.full((1, 40, 40), 3.0),
        torch.full((1, 1, 1), 3.0),
        torch.full((1, 1, 300), 3.0),
        torch.full((1, 40, 40), float("nan")),
    ],
    ids=["flat", "one pixel", "one row", "nothing valid"],
)
def test_degenerate_depth_gives_a_finite_hint(values):
    depth = DepthMap.make(values, "metric")
    hint = pass_images(plan_for(depth), depth)["hint"]
    assert torch.isfinite(hint).all()
    assert 0 <= hint.min() <= hint.max() <= 1


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_finished_control_images_of_any_kind_are_taken(channels):
    image = torch.rand(2, 81, 119, channels).half()
    image[0, 0, 0, 0] = float("nan")
    plan = plan_for(image)
    hint = pass_images(plan, image)["hint"]
    assert hint.shape == (2, 80, 120, 3)
    assert torch.isfinite(hint).all()
    assert plan.frames == 2


def test_batches_line_up_with_the_order_of_the_samples():
    depth = DepthMap.make(torch.rand(2, 64, 64) + torch.tensor([1.0, 5.0])[:, None, None], "metric")
    reference = torch.rand(1, 64, 64, 3)
    mask = torch.rand(64, 64)
    plan = plan_for(depth, Settings(count=2), reference, mask)
    images = pass_images(plan, depth, reference, mask)
    assert plan.frames == 4
    hint = images["hint"]
    assert torch.equal(hint[0], hint[2])
    assert torch.equal(hint[1], hint[3])
    assert not torch.equal(hint[0], hint[1])
    assert images["reference"].shape[0] == 1
    assert images["background"].shape[0] == images["composite_mask"].shape[0] == 4


def test_mask_of_another_size_is_resampled_smoothly():
    depth, reference = ramp(64, 64), torch.rand(1, 128, 128, 3)
    mask = torch.zeros(1, 32, 32)
    mask[:, :, 16:] = 1
    images = pass_images(plan_for(depth, None, reference, mask), depth, reference, mask)
    resized = images["mask"]
    assert resized.shape == (1, 64, 64)
    assert resized[0, 0, 0] == 0
    assert resized[0, 0, -1] == pytest.approx(1)
    assert (resized[0, 0].diff() >= 0).all()


def test_things_that_are_no_image_are_refused_by_name():
    with pytest.raises(InvalidInput, match="depth"):
        extent_of("a file name", "depth")
    with pytest.raises(InvalidInput, match="mask"):
        mask_extent(torch.zeros(0, 4, 4))
    with pytest.raises(InvalidInput, match="reference"):
        extent_of(torch.zeros(0, 4, 4, 3), "reference")
