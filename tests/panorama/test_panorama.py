"""360 degrees: views joined on the sphere, and what is made of an equirectangular map."""

from __future__ import annotations

import math

import pytest
import torch
from genvr_depth.nodes import NODE_CLASS_MAPPINGS
from genvr_depth.nodes.depthkit.depth_map import DepthMap, Pinhole
from genvr_depth.nodes.depthkit.errors import InvalidInput, Stopped
from genvr_depth.nodes.depthkit.formats import LoadOptions, decode_depth
from genvr_depth.nodes.depthkit.panorama import estimate_panorama
from genvr_depth.nodes.depthkit.panorama.join import joined
from genvr_depth.nodes.depthkit.views.core_geometry import GeometryOptions, from_geometry
from genvr_depth.nodes.depthkit.views.geometry import grid_mesh, normals, unproject
from genvr_depth.nodes.depthkit.views.sphere import VIEWS, directions


def _room(height=64):
    """(H, 2H) distances from inside a box of 6 x 3 x 8 metres."""
    rays, least = directions(height, 2 * height), torch.full((height, 2 * height), 1e9)
    for axis, (half, centre) in enumerate(((3.0, 0.3), (1.5, 0.2), (4.0, -0.5))):
        for side in (-half, half):
            hit = (side - centre) / rays[..., axis]
            least = torch.where((hit > 0) & (hit < least), hit, least)
    return least


def _inverse_z(view, distances, side):
    """(side, side) 1 / z of a view of the room."""
    seen = view.cut(distances[None, None], side)[0, 0]
    line = ((torch.arange(side) + 0.5) / side * 2 - 1) * math.tan(math.radians(view.fov) / 2)
    return torch.sqrt(1 + line[:, None].square() + line.square()) / seen


@pytest.fixture(scope="module")
def room():
    return DepthMap.make(_room(), "metric", projection="equirectangular")


def test_every_direction_is_seen_and_most_of_them_twice():
    rays = directions(45, 90)
    seen = torch.stack([view.place(rays)[0].abs().amax(-1) < 1 for view in VIEWS]).sum(0)
    assert seen.min() >= 1
    assert (seen >= 2).float().mean() > 0.9


def test_a_view_shows_what_lies_in_its_direction():
    panorama = torch.zeros(1, 1, 90, 180)
    panorama[..., 44:46, 134:136] = 1  # 90 degrees to the right
    seen = VIEWS[1].cut(panorama, 91)[0, 0]  # looks 45 degrees to the right
    row, column = divmod(int(seen.argmax()), 91)
    assert row == pytest.approx(45, abs=1)
    assert column == pytest.approx(45.5 * (1 + 1 / math.tan(math.radians(50))), abs=2)


def test_views_of_unknown_scale_and_shift_are_joined_exactly():
    truth = _room(128)
    generator = torch.Generator().manual_seed(3)
    factors = torch.rand(len(VIEWS), 2, generator=generator) + 0.5
    answers = [
        _inverse_z(view, truth, 64) * scale + shift
        for view, (scale, shift) in zip(VIEWS, factors, strict=True)
    ]
    found = 1 / joined(answers, VIEWS, (128, 256), shifts=True)
    ratio = found / truth
    assert ((ratio / ratio.median() - 1).abs() < 0.02).float().mean() > 0.99
    step = (found[:, 0] / found[:, -1] - truth[:, 0] / truth[:, -1]).abs()
    assert step.max() < 0.02


class _Model:
    """Knows the room: answers with 1 / z (or z) of what it is shown, told by the red channel.

    A whole panorama it takes for something else, and says little of it.
    """

    name, licence, multiple, inner_size = "room", "", 1, 32

    def __init__(self, kind):
        self.kind = kind

    def __call__(self, images):
        height, side = images.shape[-2:]
        distance = 10 * images[:, 0]
        if height != side:
            assert self.kind != "metric"
            return 0.5 + 0.3 / distance + 0.05 * torch.linspace(0, 1, height)[:, None]
        line = ((torch.arange(side) + 0.5) / side * 2 - 1) * math.tan(math.radians(50))
        z = distance / torch.sqrt(1 + line[:, None].square() + line.square())
        return z if self.kind == "metric" else 3 / z + 1


@pytest.mark.parametrize("kind", ["metric", "disparity"])
def test_any_model_estimates_a_panorama(kind):
    truth = _room(64)
    count = 2 if kind == "metric" else 1
    image = (truth / 10)[None, ..., None].expand(count, -1, -1, 3)
    found = estimate_panorama(_Model(kind), image).depth
    assert found.around
    assert found.values.shape == (count, 64, 128)
    metres = found.values[0] if kind == "metric" else 1 / found.values[0]
    ratio = metres / truth
    scale = 1.0 if kind == "metric" else ratio.median()
    assert ((ratio / scale - 1).abs() < 0.05).float().mean() > 0.95


def test_a_photo_that_is_no_panorama_is_refused_and_stop_is_heard():
    with pytest.raises(InvalidInput, match="twice as wide"):
        estimate_panorama(_Model("metric"), torch.rand(1, 60, 80, 3))
    with pytest.raises(Stopped):
        estimate_panorama(_Model("metric"), torch.rand(1, 64, 128, 3), should_stop=lambda: True)


def test_points_lie_on_the_walls(room):
    points = unproject(room)[0] + torch.tensor([0.3, 0.2, -0.5])
    off = (points.abs() / torch.tensor([3.0, 1.5, 4.0])).amax(-1)
    assert torch.allclose(off, torch.ones(()), atol=1e-4)


def test_normals_face_inwards_over_the_seam(room):
    found = normals(room)[0]
    assert torch.allclose(found[32, 0], torch.tensor([0.0, 0.0, 1.0]), atol=1e-3)
    assert torch.allclose(found[32, -1], torch.tensor([0.0, 0.0, 1.0]), atol=1e-3)
    assert torch.allclose(found[32, 64], torch.tensor([0.0, 0.0, -1.0]), atol=1e-3)
    assert (found.abs().amax(-1) > 0.99).float().mean() > 0.9


def test_the_mesh_is_closed_at_the_seam(room):
    mesh = grid_mesh(room, cut=0)
    assert len(mesh.faces) == 2 * 63 * 128
    assert mesh.uv[:, 0].max() == pytest.approx(1 + 0.5 / 128)
    assert torch.allclose(mesh.points[0], mesh.points[128])


def test_a_file_keeps_the_projection(room):
    from genvr_depth.nodes.depthkit.formats import SaveOptions, choose_coding, encode_frame

    chosen, coding = choose_coding(room, SaveOptions())
    data = encode_frame(chosen, coding, None, "npz", SaveOptions())
    back = decode_depth(data, LoadOptions(fov_deg=60))
    assert back.around
    assert back.camera is None
    assert torch.equal(back.values, room.values)


def test_a_resized_map_meets_at_the_seam():
    turned = torch.linspace(0, 2 * torch.pi, 129)[:-1]
    wave = DepthMap.make(
        (2 + turned.sin()).expand(1, 64, 128), "metric", projection="equirectangular"
    )
    for width in (64, 200, 256):
        found = wave.resized(width // 2, width).values[0, 5]
        middle = 2 + ((torch.arange(width) + 0.5) / width * 2 * torch.pi - torch.pi / 128).sin()
        assert (found - middle).abs().max() < 5e-3
    flat = DepthMap.make(wave.values, "metric").resized(128, 256)
    assert (flat.values[0, 5] - middle).abs().max() > 0.01


def test_the_map_itself(room):
    assert room.resized(32, 64).around
    assert room.with_values(room.values * 2).around
    assert DepthMap.make(room.values, "metric", camera=Pinhole(1, 1, 0, 0)).around is False
    with pytest.raises(InvalidInput, match="projection"):
        DepthMap.make(room.values, "metric", projection="fisheye")
    with pytest.raises(InvalidInput, match="part of a panorama"):
        room.cropped(0, 0, 10, 10)


@pytest.mark.parametrize("node", ["GenVRDepthStereo", "GenVRDepthCameraMove"])
def test_one_way_nodes_say_what_to_do_with_a_panorama(room, node):
    made = NODE_CLASS_MAPPINGS[node]()
    extra = {"frames": 2} if node == "GenVRDepthCameraMove" else {}
    with pytest.raises(InvalidInput, match=r"360 degrees.*panorama off, or use Depth to Mesh"):
        getattr(made, made.FUNCTION)(room, torch.rand(1, 64, 128, 3), **extra)


def test_cores_moge_panorama_is_one():
    packet = {"depth": _room()[None], "mask": torch.ones(1, 64, 128)}
    assert from_geometry(packet, GeometryOptions()).around


def test_the_node_estimates_a_panorama(tmp_path, monkeypatch):
    monkeypatch.setenv("GENVR_DEPTH_HOME", str(tmp_path))
    image = (_room(64) / 10)[None, ..., None].expand(1, -1, -1, 3)
    node = NODE_CLASS_MAPPINGS["GenVRDepthEstimate"]()
    depth, control, *_ = node.run(image, _Model("metric"), panorama="360 degrees")["result"]
    assert depth.around
    assert control.shape == (1, 64, 128, 3)
