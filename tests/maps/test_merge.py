from __future__ import annotations

import pytest
import torch
from genvr_depth.nodes import NODE_CLASS_MAPPINGS
from genvr_depth.nodes.depthkit.depth_map import DepthMap, Pinhole
from genvr_depth.nodes.depthkit.errors import InvalidInput, MissingInformation
from genvr_depth.nodes.depthkit.maps.merge import MergeOptions, findings_mask, merge
from genvr_depth.nodes.depthkit.measure.quality import check_depth


@pytest.fixture
def truth():
    ramp = torch.linspace(1, 4, 48)[:, None] * torch.linspace(1, 1.5, 64)
    ramp[10:30, 20:40] = 0.8
    return DepthMap.make(ramp, "metric", camera=Pinhole(60, 60, 32, 24))


def _holed(truth):
    valid = truth.valid.clone()
    valid[:, 5:35, 30:50] = False
    return DepthMap.make(truth.values, "metric", valid, truth.camera, "sensor")


@pytest.mark.parametrize("kind", ["metric", "disparity", "depth"])
def test_holes_of_a_sensor_are_the_aligned_estimates(truth, kind):
    sensor = _holed(truth)
    values = {
        "metric": 1 / (0.3 / truth.values + 0.1),
        "disparity": 5 / truth.values + 2,
        "depth": -7 / truth.values + 1,
    }[kind]
    made = merge(sensor, DepthMap.make(values, kind))
    assert made.depth.valid.all()
    assert torch.equal(made.depth.values[sensor.valid], truth.values[sensor.valid])
    assert torch.allclose(made.depth.values, truth.values, rtol=1e-3)
    assert made.depth.camera == truth.camera
    assert made.second[~sensor.valid].eq(1).all()


def test_there_is_no_step_at_the_rim_of_a_hole(truth):
    plane = DepthMap.make(torch.full((1, 40, 40), 2.0), "metric")
    valid = torch.ones(1, 40, 40, dtype=torch.bool)
    valid[:, 10:30, 10:30] = False
    sensor = DepthMap.make(plane.values, "metric", valid)
    wrong = DepthMap.make(torch.full((1, 40, 40), 2.4), "metric")
    hard = merge(sensor, wrong, None, MergeOptions(align="off", feather=0)).depth.values
    soft = merge(sensor, wrong, None, MergeOptions(align="off", feather=8)).depth.values
    assert (hard[0, 20].diff().abs().max()).item() == pytest.approx(0.4)
    assert soft[0, 20].diff().abs().max() < 0.05


def test_a_mask_takes_the_second_and_a_feather_mixes(truth):
    second = truth.with_values(truth.values * 2)
    mask = torch.zeros(1, 48, 64)
    mask[:, :, 32:] = 1
    made = merge(truth, second, mask, MergeOptions("mask", feather=4, align="off"))
    assert torch.equal(made.depth.values[..., :26], truth.values[..., :26])
    assert torch.allclose(made.depth.values[..., 38:], second.values[..., 38:])
    share = made.second[0, 0]
    assert (share.diff() >= 0).all()
    assert 0 < share[31] < 1
    assert "50.0%" in made.report


def test_near_of_one_and_far_of_another(truth):
    second = truth.with_values(truth.values * 3 + 1)
    rule = MergeOptions("near from first, far from second", 0.5, 0, "off")
    made = merge(truth, second, None, rule)
    near = truth.values < 1.5
    assert torch.equal(made.depth.values[near], truth.values[near])
    assert torch.allclose(made.depth.values[..., -1, -1], second.values[..., -1, -1])


def test_what_check_depth_takes_for_glass_is_the_seconds():
    """A sheet of glass that the first map sees through: depth edges, none in the photo."""
    image = torch.full((1, 192, 256, 3), 0.6)
    image += torch.linspace(0, 0.1, 256)[:, None]
    metres = torch.full((1, 192, 256), 3.0)
    behind = metres.clone()
    behind[:, 60:130:12, 60:190] = 8.0
    behind[:, 60:130, 60:190:12] = 8.0
    report = check_depth(DepthMap.make(behind, "metric"), image)
    mask = findings_mask(report.as_json(), 192, 256)
    assert mask[0, 95, 125] == 1
    assert mask[0, 5, 5] == 0
    node = NODE_CLASS_MAPPINGS["GenVRDepthMerge"]()
    depth, share, _ = node.merge(
        DepthMap.make(behind, "metric"), DepthMap.make(metres, "metric"), "mask",
        findings=report.as_json(), align="off", feather=2,
    )  # fmt: skip
    assert depth.values[0, 70:120, 70:180].max() < 3.01
    assert share[0, 95, 125] == 1


def test_bad_input_ends_in_a_sentence(truth):
    other = DepthMap.make(torch.rand(1, 48, 30) + 1, "metric")
    falling = truth.with_values(5 / truth.values, kind="depth")
    disjoint = DepthMap.make(truth.values, "metric", ~_holed(truth).valid)
    for second, options, error, sentence in (
        (other, MergeOptions(), InvalidInput, "same frame"),
        (falling, MergeOptions(), InvalidInput, "swapped"),
        (truth, MergeOptions("mask"), MissingInformation, "connect a mask"),
        (falling, MergeOptions(align="off"), InvalidInput, "Set align"),
    ):
        with pytest.raises(error, match=sentence):
            merge(truth, second, None, options)
    with pytest.raises(InvalidInput, match="hardly a pixel"):
        merge(_holed(truth), disjoint)
    with pytest.raises(InvalidInput, match="json"):
        findings_mask("glass", 4, 4)
    with pytest.raises(MissingInformation, match="no glass"):
        findings_mask('{"findings": []}', 4, 4)
    with pytest.raises(InvalidInput, match="rule"):
        MergeOptions("both")
    with pytest.raises(InvalidInput, match="feather"):
        MergeOptions(feather=-1)
