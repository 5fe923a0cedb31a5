"""Points, normals and meshes from depth."""

from __future__ import annotations

import math

import pytest
import torch
from genvr_depth.nodes.depthkit.depth_map import DepthMap, Pinhole
from genvr_depth.nodes.depthkit.errors import InvalidInput, MissingInformation
from genvr_depth.nodes.depthkit.views.geometry import (
    grid_mesh,
    normal_image,
    normals,
    to_gltf,
    unproject,
    with_space,
)
from hypothesis import given, settings
from hypothesis import strategies as st

CAMERA = Pinhole(40.0, 42.0, 15.3, 11.8)


def plane(normal: tuple[float, float, float], distance: float, height=24, width=31) -> DepthMap:
    """Metric depth of the plane n . X = distance, seen by CAMERA."""
    u = (torch.arange(width) + 0.5 - CAMERA.cx) / CAMERA.fx
    v = (torch.arange(height) + 0.5 - CAMERA.cy) / CAMERA.fy
    z = distance / (normal[0] * u + normal[1] * v[:, None] + normal[2])
    return DepthMap.make(z, "metric", None, CAMERA)


def test_a_pixel_unprojects_along_its_ray_through_the_pixel_centre():
    depth = plane((0, 0, 1), 2.0)
    point = unproject(depth)[0, 3, 7]
    expected = torch.tensor([(7.5 - 15.3) / 40 * 2, (3.5 - 11.8) / 42 * 2, 2.0])
    torch.testing.assert_close(point, expected)


def test_points_project_back_to_their_pixels():
    depth = DepthMap.make(torch.rand(9, 13) + 0.5, "metric", None, CAMERA)
    x, y, z = unproject(depth)[0].unbind(-1)
    columns = x / z * CAMERA.fx + CAMERA.cx - 0.5
    rows = y / z * CAMERA.fy + CAMERA.cy - 0.5
    torch.testing.assert_close(columns, torch.arange(13.0).expand(9, 13), atol=1e-4, rtol=0)
    torch.testing.assert_close(rows, torch.arange(9.0)[:, None].expand(9, 13), atol=1e-4, rtol=0)


def test_unproject_refuses_what_is_not_in_metres():
    with pytest.raises(MissingInformation):
        unproject(DepthMap.make(torch.rand(4, 4), "disparity", None, CAMERA))


@settings(max_examples=40, deadline=None)
@given(st.floats(-0.6, 0.6), st.floats(-0.6, 0.6), st.floats(0.5, 50))
def test_the_normals_of_a_plane_are_constant_and_right(tilt_x, tilt_y, distance):
    length = math.sqrt(tilt_x**2 + tilt_y**2 + 1)
    normal = (tilt_x / length, tilt_y / length, 1 / length)
    found = normals(plane(normal, distance))[0]
    expected = -torch.tensor(normal)
    assert (found - expected).abs().max() < 2e-3


def test_a_sphere_unprojects_to_its_radius_and_has_its_own_normals():
    radius, centre = 0.8, torch.tensor([0.3, -0.2, 3.0], dtype=torch.float64)
    camera = Pinhole(220.0, 200.0, 70.5, 66.0)
    u = (torch.arange(160, dtype=torch.float64) + 0.5 - camera.cx) / camera.fx
    v = (torch.arange(120, dtype=torch.float64) + 0.5 - camera.cy) / camera.fy
    rays = torch.stack(
        (u.expand(120, 160), v[:, None].expand(120, 160), u.new_ones(120, 160)), dim=-1
    )
    # |z ray - centre| = radius, the nearer of both solutions.
    square, half = rays.square().sum(-1), rays @ centre
    under = half**2 - square * (centre.square().sum() - radius**2)
    z = torch.where(under > 0, (half - under.clamp_min(0).sqrt()) / square, torch.nan)
    depth = DepthMap.make(z.float(), "metric", None, camera)
    assert 4000 < depth.valid.sum() < 12000

    outward = (unproject(depth)[0].double() - centre) / radius
    assert (outward.norm(dim=-1)[depth.valid[0]] - 1).abs().max() < 1e-5

    found = normals(depth)[0].double()
    off = torch.rad2deg((found * outward).sum(-1).clamp(-1, 1).acos())
    facing = -(outward * rays).sum(-1) / square.sqrt()
    # The more a pixel is seen from the side, the more of the sphere bends away inside it.
    for facing_at_least, degrees in ((0.5, 0.6), (0.3, 2.0), (0.0, 15.0)):
        assert off[depth.valid[0] & (facing > facing_at_least)].max() < degrees


def test_normals_do_not_smear_across_a_depth_edge():
    z = torch.full((8, 10), 2.0)
    z[:, 5:] = 6.0
    found = normals(DepthMap.make(z, "metric", None, CAMERA))[0]
    assert (found - torch.tensor([0.0, 0.0, -1.0])).abs().max() < 1e-3


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 2)])
@pytest.mark.parametrize("kind", ["metric", "depth", "disparity"])
def test_normals_of_tiny_maps_are_unit_vectors_towards_the_camera(shape, kind):
    depth = DepthMap.make(torch.rand(shape) + 1, kind)
    found = normals(depth)
    torch.testing.assert_close(found.norm(dim=-1), torch.ones(1, *shape))
    assert ((found * unproject(with_space(depth))).sum(-1) <= 0).all()


def test_invalid_pixels_have_no_normal_and_do_not_disturb_their_neighbours():
    depth = plane((0, 0, 1), 2.0)
    z = depth.values.clone()
    z[0, 4, 5] = math.nan
    found = normals(DepthMap.make(z, "metric", None, CAMERA))[0]
    assert (found[4, 5] == 0).all()
    found[4, 5] = torch.tensor([0.0, 0.0, -1.0])
    torch.testing.assert_close(found, torch.tensor([0.0, 0.0, -1.0]).expand_as(found))


def test_opengl_normal_maps_have_green_up_and_directx_green_down():
    floor = torch.tensor([0.0, -1.0, 0.0]).view(1, 1, 1, 3)  # y is down: this surface looks up
    assert normal_image(floor, "OpenGL")[0, 0, 0].tolist() == [0.5, 1.0, 0.5]
    assert normal_image(floor, "DirectX")[0, 0, 0].tolist() == [0.5, 0.0, 0.5]
    facing = torch.tensor([0.0, 0.0, -1.0]).view(1, 1, 1, 3)
    assert normal_image(facing)[0, 0, 0].tolist() == [0.5, 0.5, 1.0]
    assert normal_image(torch.zeros(1, 1, 1, 3))[0, 0, 0].tolist() == [0.5, 0.5, 1.0]


def test_a_mesh_covers_the_whole_grid_and_faces_the_camera():
    mesh = grid_mesh(plane((0.1, 0.2, 1), 3.0))
    assert len(mesh.points) == 24 * 31
    assert len(mesh.faces) == 2 * 23 * 30
    corners = to_gltf(mesh.points)[mesh.faces]
    outward = torch.linalg.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert ((outward * -corners[:, 0]).sum(-1) > 0).all()


def test_no_triangle_bridges_two_surfaces():
    z = torch.full((12, 16), 2.0)
    z[3:9, 5:11] = 1.0
    mesh = grid_mesh(DepthMap.make(z, "metric", None, CAMERA), cut=0.2)
    depths = mesh.points[mesh.faces][..., 2]
    assert (depths.amax(1) - depths.amin(1)).max() == 0
    bridged = grid_mesh(DepthMap.make(z, "metric", None, CAMERA), cut=0.0)
    assert len(bridged.faces) > len(mesh.faces)


@pytest.mark.parametrize("step", [2, 3, 5])
def test_decimation_still_cuts_jumps_between_the_kept_pixels(step):
    z = torch.full((31, 31), 2.0)
    z[:, 13] = 9.0  # one column, skipped by most steps
    mesh = grid_mesh(DepthMap.make(z, "metric", None, CAMERA), cut=0.2, step=step)
    spans = mesh.uv[mesh.faces][..., 0] * 31
    crossing = (spans.amin(1) < 13.5) & (spans.amax(1) > 13.5)
    assert not crossing.any()
    assert len(mesh.faces) > 0


def test_decimation_keeps_the_outline():
    mesh = grid_mesh(plane((0, 0, 1), 2.0), step=7)
    assert mesh.uv.amin(0).tolist() == pytest.approx([0.5 / 31, 0.5 / 24])
    assert mesh.uv.amax(0).tolist() == pytest.approx([30.5 / 31, 23.5 / 24])


def test_a_mesh_has_no_vertex_at_an_invalid_pixel():
    z = torch.full((6, 6), 2.0)
    z[2, 2] = 0.0
    mesh = grid_mesh(DepthMap.make(z, "metric", None, CAMERA))
    assert len(mesh.points) == 35
    assert (mesh.points[:, 2] == 2).all()


def test_a_mesh_without_triangles_says_what_to_do():
    with pytest.raises(InvalidInput, match="point cloud"):
        grid_mesh(DepthMap.make(torch.ones(1, 5), "metric", None, CAMERA))


def test_the_field_of_view_input_replaces_the_maps_camera():
    depth = plane((0, 0, 1), 2.0)
    assert with_space(depth).camera == CAMERA
    camera = with_space(depth, 90.0).camera
    assert camera is not None
    assert camera.fov_deg(31) == pytest.approx(90.0)
    assert with_space(DepthMap.make(torch.rand(4, 4), "disparity")).kind == "metric"


@pytest.mark.parametrize(
    ("given", "ends"),
    [
        ((None, None), (1, 5)),
        ((6.0, None), (6, 30)),
        ((None, 0.5), (0.1, 0.5)),
        ((2.0, 3.0), (2, 3)),
    ],
)
def test_one_distance_is_enough_to_bring_relative_depth_into_space(given, ends):
    depth = DepthMap.make(torch.linspace(0, 1, 12).reshape(1, 3, 4), "depth")
    space = with_space(depth, 0.0, *given)
    assert (space.values.min(), space.values.max()) == pytest.approx(ends)


def test_normals_tell_how_far_they_are():
    heard = []
    normals(
        DepthMap.make(torch.rand(3, 8, 9) + 1, "metric"), on_progress=lambda *n: heard.append(n)
    )
    assert heard == [(1, 3), (2, 3), (3, 3)]
