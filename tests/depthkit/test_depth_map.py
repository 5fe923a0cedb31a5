"""The one data type: what it accepts, what it refuses, what it never loses."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from genvr_depth.nodes.depthkit.conversions import to_disparity
from genvr_depth.nodes.depthkit.depth_map import DepthMap, Pinhole
from genvr_depth.nodes.depthkit.errors import InvalidInput
from genvr_depth.nodes.depthkit.maps.adjust import Adjustments, adjust
from genvr_depth.nodes.depthkit.ranges import Window
from hypothesis import given
from hypothesis import strategies as st

sizes = st.integers(1, 9)


def test_non_finite_pixels_become_invalid_and_values_stay_finite():
    depth = DepthMap.make(torch.tensor([[1.0, math.nan], [math.inf, -math.inf]]), "depth")
    assert depth.valid.tolist() == [[[True, False], [False, False]]]
    assert torch.isfinite(depth.values).all()


def test_metric_pixels_behind_the_camera_are_invalid():
    depth = DepthMap.make(torch.tensor([[2.0, 0.0, -1.0]]), "metric")
    assert depth.valid.tolist() == [[[True, False, False]]]


def test_half_precision_and_other_dtypes_become_float32():
    for dtype in (torch.float16, torch.float64, torch.int32, torch.uint8):
        assert DepthMap.make(torch.ones(2, 3, dtype=dtype), "depth").values.dtype == torch.float32


@pytest.mark.parametrize("shape", [(0, 4, 4), (1, 0, 4), (2, 3, 4, 5), (7,)])
def test_shapes_that_are_no_map_are_refused_with_the_remedy(shape):
    with pytest.raises(InvalidInput, match="batch, height, width"):
        DepthMap.make(torch.zeros(shape), "depth")


def test_unknown_kind_and_misfitting_mask_are_refused():
    with pytest.raises(InvalidInput, match="disparity"):
        DepthMap.make(torch.ones(2, 2), "inverse")
    with pytest.raises(InvalidInput, match="same size"):
        DepthMap.make(torch.ones(2, 2), "depth", torch.ones(2, 3))


def test_the_map_does_not_share_memory_with_what_it_was_made_from():
    source = torch.ones(1, 2, 2)
    depth = DepthMap.make(source, "depth")
    source.zero_()
    assert depth.values.eq(1).all()


@given(sizes, sizes, sizes, sizes)
def test_resizing_keeps_constants_and_gives_the_exact_size(h, w, new_h, new_w):
    depth = DepthMap.make(torch.full((1, h, w), 3.25), "metric").resized(new_h, new_w)
    assert depth.values.shape == (1, new_h, new_w)
    assert torch.allclose(depth.values, torch.tensor(3.25))
    assert depth.valid.all()


def test_invalid_pixels_do_not_bleed_into_their_neighbours():
    values = torch.full((1, 8, 8), 2.0)
    values[:, :, :4] = math.nan
    resized = DepthMap.make(values, "metric").resized(20, 20)
    assert torch.allclose(resized.values[resized.valid], torch.tensor(2.0))
    assert not resized.valid[:, :, :8].any()


def test_the_camera_follows_a_resize():
    camera = Pinhole.from_fov(60, 100, 50)
    depth = DepthMap.make(torch.ones(50, 100), "metric", camera=camera).resized(100, 200)
    assert depth.camera is not None
    assert depth.camera.fx == pytest.approx(2 * camera.fx)
    assert depth.camera.fov_deg(200) == pytest.approx(60)


def test_the_measured_resolution_follows_the_map():
    depth = DepthMap.make(torch.rand(1, 60, 80), "depth", measured=(30, 20))
    assert depth.with_values(depth.values * 2).measured == (30, 20)
    assert depth.frame(0).measured == (30, 20)
    assert depth.resized(120, 160).measured == (30, 20)
    assert depth.resized(15, 40).measured == (15, 20)
    assert depth.cropped(10, 20, 30, 40).measured == (15, 10)
    assert DepthMap.make(torch.rand(4, 5), "depth", measured=(9, 9)).measured == (4, 5)
    assert DepthMap.make(torch.rand(4, 5), "depth").resized(2, 2).measured is None


def test_a_crop_takes_its_part_of_map_and_camera():
    camera = Pinhole(10, 10, 4, 3)
    depth = DepthMap.make(torch.arange(48.0).view(6, 8) + 1, "metric", camera=camera)
    part = depth.cropped(1, 2, 3, 4)
    assert torch.equal(part.values, depth.values[:, 1:4, 2:6])
    assert part.camera == Pinhole(10, 10, 2, 2)


def test_adjusting_keeps_the_measured_resolution():
    depth = DepthMap.make(torch.rand(1, 20, 30) + 1, "metric", measured=(10, 15))
    changes = Adjustments(window=Window("min-max"), gamma=2.0, smooth=2, holes="smooth")
    assert adjust(depth, changes).measured == (10, 15)
    assert to_disparity(depth).measured == (10, 15)


@given(st.floats(1, 170), st.integers(1, 4000))
def test_field_of_view_round_trips(fov, width):
    assert Pinhole.from_fov(fov, width, width).fov_deg(width) == pytest.approx(fov)


def test_impossible_cameras_are_refused():
    with pytest.raises(InvalidInput, match="field of view"):
        Pinhole.from_fov(180, 10, 10)
    with pytest.raises(InvalidInput, match="focal"):
        Pinhole(math.nan, 1, 0, 0)


def test_normalised_intrinsics_become_pixels():
    camera = Pinhole.from_normalised(0.7, 0.9, 0.5, 0.5, 200, 100)
    assert (camera.fx, camera.fy, camera.cx, camera.cy) == pytest.approx((140, 90, 100, 50))


def test_extremes_are_those_of_the_valid_pixels_of_all_frames():
    values = torch.tensor([[[3.0, 99.0]], [[1.0, 2.0]], [[0.5, 0.5]]])
    valid = torch.tensor([[[True, False]], [[True, True]], [[False, False]]])
    assert DepthMap.make(values, "depth", valid).extremes() == (1.0, 3.0)
    assert DepthMap.make(values, "depth", torch.zeros_like(valid)).extremes() is None


def test_the_photo_follows_the_map():
    photo = torch.rand(2, 40, 60, 4)
    depth = replace(DepthMap.make(torch.rand(2, 20, 30) + 1, "metric"), photo=photo)
    assert depth.with_values(depth.values * 2).photo is photo
    assert depth.resized(7, 9).photo is photo
    assert torch.equal(depth.frame(1).photo, photo[1:])
    assert torch.equal(depth.frame(-1).photo, photo[1:])
    assert torch.equal(depth.cropped(5, 10, 10, 15).photo, photo[:, 10:30, 20:50])
    assert adjust(depth, Adjustments(gamma=2.0)).photo is photo
    assert DepthMap.make(depth.values, "metric").frame(0).photo is None
