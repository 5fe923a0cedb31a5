"""Depth, disparity and metres: conversions that are right, or refused."""

from __future__ import annotations

import pytest
import torch
from genvr_depth.nodes.depthkit.conversions import convert, to_depth, to_disparity, to_metric
from genvr_depth.nodes.depthkit.depth_map import DepthMap
from genvr_depth.nodes.depthkit.errors import InvalidInput, MissingInformation

METRES = torch.tensor([[1.0, 2.0, 4.0, 8.0]])


def test_metric_depth_and_disparity_are_inverse_to_each_other():
    disparity = to_disparity(DepthMap.make(METRES, "metric"))
    assert disparity.kind == "disparity"
    assert torch.allclose(disparity.values[0], 1 / METRES)


def test_metres_return_from_disparity_when_both_ends_are_given():
    disparity = to_disparity(DepthMap.make(METRES, "metric"))
    scaled = disparity.with_values(disparity.values * 3 + 0.5)
    back = to_metric(scaled, near=1, far=8)
    assert torch.allclose(back.values[0], METRES, atol=1e-5)


def test_metres_return_from_relative_depth_when_both_ends_are_given():
    back = to_metric(DepthMap.make(METRES * 2 - 1, "depth"), near=1, far=8)
    assert torch.allclose(back.values[0], METRES, atol=1e-5)


@pytest.mark.parametrize("kind", ["depth", "disparity"])
def test_metres_are_never_invented(kind):
    with pytest.raises(MissingInformation, match="near"):
        to_metric(DepthMap.make(METRES, kind))


def test_an_empty_range_is_refused():
    with pytest.raises(InvalidInput, match="below far"):
        to_metric(DepthMap.make(METRES, "depth"), near=5, far=5)


@pytest.mark.parametrize("kind", ["metric", "depth", "disparity"])
@pytest.mark.parametrize("target", ["depth", "disparity"])
def test_order_of_near_and_far_survives_every_conversion(kind, target):
    near_first = METRES if kind != "disparity" else METRES.flip(1)
    values = convert(DepthMap.make(near_first, kind), target).values[0, 0]
    steps = values.diff()
    assert (steps < 0).all() if target == "disparity" else (steps > 0).all()


def test_invalid_pixels_stay_invalid_and_flat_maps_stay_finite():
    valid = torch.tensor([[True, False, True, True]])
    depth = DepthMap.make(torch.full((1, 4), 5.0), "depth", valid)
    for converted in (to_disparity(depth), to_metric(depth, 1, 2), to_depth(depth)):
        assert torch.equal(converted.valid[0], valid)
        assert torch.isfinite(converted.values).all()


def test_an_unknown_target_names_the_choices():
    with pytest.raises(InvalidInput, match="metric, depth, disparity"):
        convert(DepthMap.make(METRES, "depth"), "inverse")


@pytest.mark.parametrize("ends", [{"near": 3.0}, {"far": 0.05}])
@pytest.mark.parametrize("target", ["depth", "disparity"])
def test_one_distance_alone_never_turns_near_and_far_round(target, ends):
    source = "disparity" if target == "depth" else "depth"
    values = convert(DepthMap.make(METRES, source), target, **ends).values[0, 0]
    assert (values.diff() < 0).all()


def test_a_near_end_beyond_the_far_end_is_refused_by_every_conversion():
    with pytest.raises(InvalidInput, match="below far"):
        to_disparity(DepthMap.make(METRES, "depth"), near=9, far=2)
    with pytest.raises(InvalidInput, match="below far"):
        to_depth(DepthMap.make(METRES, "disparity"), near=9, far=2)
