"""Core's geometry packets: their conventions end at this border."""

from __future__ import annotations

import pytest
import torch
from genvr_depth.nodes.depthkit.errors import InvalidInput, MissingInformation
from genvr_depth.nodes.depthkit.views.core_geometry import GeometryOptions, from_geometry, unit_note

H, W = 6, 10
AUTO = GeometryOptions()


def moge(**extra):
    matrix = torch.tensor([[0.8, 0, 0.5], [0, 1.2, 0.5], [0, 0, 1]])
    packet = {
        "depth": torch.full((2, H, W), 3.0),
        "intrinsics": matrix.expand(2, 3, 3),
        "mask": torch.ones(2, H, W).bool(),
        "image": torch.rand(2, H, W, 3),
    }
    return packet | extra


def da3(**extra):
    packet = {"depth": torch.full((2, H, W), 0.5), "image": torch.rand(2, H, W, 3), "mode": "mono"}
    return packet | extra


def views(width, height, fx, fy):
    matrix = torch.tensor([[fx, 0, width / 2], [0, fy, height / 2], [0, 0, 1.0]])
    return matrix.expand(1, 2, 3, 3)


def test_moge_intrinsics_are_fractions_of_the_image():
    camera = from_geometry(moge(), AUTO).camera
    assert camera is not None
    found = (camera.fx, camera.fy, camera.cx, camera.cy)
    assert found == pytest.approx((0.8 * W, 1.2 * H, 0.5 * W, 0.5 * H))


def test_moge_inf_and_mask_are_unknown():
    depth = torch.full((2, H, W), 3.0)
    depth[0, 0, 0] = torch.inf
    mask = torch.ones(2, H, W).bool()
    mask[1, 2, 2] = False
    read = from_geometry(moge(depth=depth, mask=mask), AUTO)
    assert not read.valid[0, 0, 0]
    assert not read.valid[1, 2, 2]
    assert read.valid.sum() == 2 * H * W - 2
    assert torch.isfinite(read.values).all()


def test_moge_is_metric_with_normals_or_without():
    assert from_geometry(moge(normal=torch.rand(2, H, W, 3)), AUTO).kind == "metric"
    assert from_geometry(moge(), AUTO).kind == "metric"
    assert from_geometry(moge(), GeometryOptions("relative")).kind == "depth"


def test_metres_taken_for_granted_are_said_where_moge_1_cannot_be_told_from_2():
    assert "version 1" in unit_note(moge(), AUTO)
    certain = [
        (moge(normal=torch.rand(2, H, W, 3)), AUTO),
        (moge(), GeometryOptions("metres")),
        (moge(), GeometryOptions("relative")),
        (da3(intrinsics=torch.eye(3)[None]), AUTO),
    ]
    assert not any(unit_note(*given) for given in certain)


def test_da3_metres_do_not_depend_on_which_side_its_size_is_given_for():
    long, short = 504, 504 * min(H, W) // max(H, W)
    upper = from_geometry(da3(), GeometryOptions("metres", 60, long))
    lower = from_geometry(da3(), GeometryOptions("metres", 60, short, shorter_side=True))
    assert torch.allclose(upper.values, lower.values, rtol=0.01)


def test_a_moge_panorama_has_no_pinhole_camera():
    packet = moge()
    del packet["intrinsics"]
    read = from_geometry(packet, GeometryOptions(fov_deg=90))
    assert read.camera is None
    assert read.kind == "depth"


def test_da3_sky_is_unknown_and_depth_is_relative():
    sky = torch.zeros(2, H, W)
    sky[:, 0] = 0.9
    read = from_geometry(da3(sky=sky), AUTO)
    assert read.kind == "depth"
    assert not read.valid[:, 0].any()
    assert read.valid[:, 1:].all()


def test_da3_metres_are_focal_times_output_over_300_at_the_size_it_worked_at():
    options = GeometryOptions("metres", fov_deg=60, run_size=504)
    read = from_geometry(da3(), options)
    focal = 0.5 * 504 / torch.tan(torch.deg2rad(torch.tensor(30.0)))
    assert read.kind == "metric"
    assert torch.allclose(read.values, focal * 0.5 / 300)
    # The same image, larger, worked at the same size: the same metres.
    larger = {"depth": torch.full((1, 2 * H, 2 * W), 0.5), "mode": "mono"}
    assert torch.allclose(from_geometry(larger, options).values[0, 0, 0], read.values[0, 0, 0])


def test_da3_metres_without_a_lens_are_refused():
    with pytest.raises(MissingInformation, match="field of view"):
        from_geometry(da3(), GeometryOptions("metres"))


def test_da3_intrinsics_are_brought_to_the_size_of_the_image():
    packet = da3(mode="multiview", intrinsics=views(504, 308, 400.0, 420.0))
    camera = from_geometry(packet, AUTO).camera
    assert camera is not None
    assert camera.fx == pytest.approx(400 * W / 504)
    assert camera.fy == pytest.approx(420 * H / 308)
    assert (camera.cx, camera.cy) == (W / 2, H / 2)


def test_the_identity_that_core_puts_in_place_of_unknown_intrinsics_is_no_camera():
    packet = da3(mode="multiview", intrinsics=torch.eye(3).expand(1, 2, 3, 3))
    assert from_geometry(packet, AUTO).camera is None


def test_half_precision_packets_work():
    assert from_geometry(da3(depth=torch.full((1, H, W), 0.5).half()), AUTO).valid.all()


@pytest.mark.parametrize("wrong", [{}, {"points": 1}, None, {"depth": None}])
def test_what_is_no_geometry_is_refused_by_name(wrong):
    with pytest.raises(InvalidInput, match="'geometry'"):
        from_geometry(wrong, AUTO)


def test_an_unknown_unit_is_refused():
    with pytest.raises(InvalidInput, match="metres"):
        from_geometry(da3(), GeometryOptions("feet"))
