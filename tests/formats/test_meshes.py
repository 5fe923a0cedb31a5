"""3D files: to scale, upright, with their texts, and readable again."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
import torch
from genvr_depth.nodes.depthkit.depth_map import DepthMap, Pinhole
from genvr_depth.nodes.depthkit.errors import FormatError, InvalidInput, MissingInformation
from genvr_depth.nodes.depthkit.formats import LoadOptions, decode_depth
from genvr_depth.nodes.depthkit.formats.mesh_read import comments, extras, recognises_obj
from genvr_depth.nodes.depthkit.formats.mesh_write import MESH_FORMATS, MeshOptions, encode_mesh
from genvr_depth.nodes.depthkit.views.geometry import to_gltf, unproject
from PIL import Image

TEXTS = {"workflow": json.dumps({"nodes": ["x" * 3000, " é "]}), "prompt": json.dumps({"1": 2})}
CAMERA = Pinhole(30.0, 31.0, 11.5, 9.25)


@pytest.fixture
def depth() -> DepthMap:
    torch.manual_seed(2)
    z = torch.rand(19, 23) * 5 + 1
    z[2, 3] = float("nan")
    return DepthMap.make(z, "metric", None, CAMERA, "scene")


def load(data: bytes, kind: str):
    import trimesh

    return trimesh.load(io.BytesIO(data), file_type=kind, process=False)


@pytest.mark.parametrize("name", MESH_FORMATS)
def test_depth_comes_back_from_our_own_3d_files(depth, name):
    back = decode_depth(encode_mesh(depth, None, name, MeshOptions(cut=0.0)))
    both = back.valid & depth.valid
    assert both.sum() == 19 * 23 - 1
    assert not back.valid[0, 2, 3]
    if name == "obj":
        torch.testing.assert_close(back.values[both], depth.values[both], atol=1e-7, rtol=1e-7)
    else:
        assert torch.equal(back.values[both], depth.values[both])
    assert (back.camera, back.source) == (CAMERA, "scene")


def test_a_cloud_has_the_images_colours_and_its_normals(depth):
    picture = torch.rand(19, 23, 3)
    data = encode_mesh(depth, picture, "ply", MeshOptions(with_normals=True))
    assert b"property float nx" in data[:4000]
    cloud = load(data, "ply")
    expected = to_gltf(unproject(depth)[0][depth.valid[0]]).numpy()
    np.testing.assert_array_equal(np.asarray(cloud.vertices, np.float32), expected)
    colours = np.rint(picture[depth.valid[0]].numpy() * 255)
    np.testing.assert_array_equal(np.asarray(cloud.colors)[:, :3], colours)


def test_a_mesh_stands_upright_in_metres_with_the_image_on_it(depth):
    picture = torch.rand(40, 50, 3)
    scene = load(encode_mesh(depth, picture, "glb", MeshOptions(cut=0.0)), "glb")
    mesh = next(iter(scene.geometry.values()))
    assert mesh.vertices[:, 2].max() == pytest.approx(-depth.values[depth.valid].min().item())
    top = mesh.vertices[0]
    assert top[1] > 0
    image = np.asarray(mesh.visual.material.baseColorTexture)
    np.testing.assert_array_equal(image, np.rint(picture.numpy() * 255))
    # The first vertex is the top left pixel; trimesh counts v from the bottom.
    np.testing.assert_allclose(mesh.visual.uv[0], (0.5 / 23, 1 - 0.5 / 19), atol=1e-6)


def test_an_obj_has_a_colour_per_vertex(depth):
    picture = torch.zeros(19, 23, 3)
    picture[:, :, 1] = 1.0
    text = encode_mesh(depth, picture, "obj", MeshOptions(cut=0.0)).decode()
    line = next(row for row in text.splitlines() if row.startswith("v "))
    assert [float(n) for n in line.split()[4:7]] == [0.0, 1.0, 0.0]


@pytest.mark.parametrize(("name", "read"), [("ply", comments), ("glb", extras)])
def test_texts_of_any_length_are_inside(depth, name, read):
    data = encode_mesh(depth, None, name, MeshOptions(cut=0.0, texts=TEXTS))
    texts = read(data)
    assert json.loads(texts["workflow"]) == json.loads(TEXTS["workflow"])
    assert json.loads(texts["prompt"]) == {"1": 2}
    if name == "ply":
        assert max(map(len, data.partition(b"end_header")[0].split(b"\n"))) < 256


def test_decimation_makes_smaller_files(depth):
    for name in MESH_FORMATS:
        full = encode_mesh(depth, None, name, MeshOptions(cut=0.0))
        coarse = encode_mesh(depth, None, name, MeshOptions(cut=0.0, step=3))
        assert len(coarse) < 0.7 * len(full)


def test_foreign_clouds_need_a_camera_and_are_drawn_nearest_first():
    import trimesh

    points = np.array([[0, 0, -2.0], [0, 0, -5.0], [0.9, 0.9, -1.0], [0, 0, 4.0]])
    data = trimesh.PointCloud(points).export(file_type="ply")
    with pytest.raises(MissingInformation, match="field of view"):
        decode_depth(data)
    back = decode_depth(data, LoadOptions(fov_deg=90.0, size=(5, 5), unit_scale=0.5))
    assert back.values[0, 2, 2] == 1.0
    assert back.values[0, 0, 4] == 0.5
    assert back.valid.sum() == 2


def test_a_ply_that_promises_too_many_points_is_refused():
    data = b"ply\nformat binary_little_endian 1.0\nelement vertex 4000000000\n"
    data += b"property float x\nproperty float y\nproperty float z\nend_header\n" + b"\0" * 120
    with pytest.raises(FormatError, match="cut short"):
        decode_depth(data, LoadOptions(fov_deg=60.0, size=(5, 5)))


def test_an_obj_is_known_behind_megabytes_of_workflow(depth):
    texts = {"workflow": json.dumps({"note": "x" * 3_000_000})}
    data = encode_mesh(depth, None, "obj", MeshOptions(cut=0.0, texts=texts))
    assert decode_depth(data).valid.any()


@pytest.mark.parametrize("start", [b"", b"# only remarks\n" * 9, b"vn 0 0 1\n", b" " * 50 + b"#"])
def test_other_texts_are_no_obj(start):
    assert not recognises_obj(start)


def test_an_image_inside_a_glb_is_never_unpacked(depth):
    data = encode_mesh(depth, torch.rand(8, 8, 3), "glb", MeshOptions(cut=0.0))
    at = data.index(b"\x89PNG")
    broken = data[:at] + b"no image, 20 bytes!!" + data[at + 20 :]
    assert decode_depth(broken).valid.any()


def test_nothing_valid_is_an_error_that_says_so():
    empty = DepthMap.make(torch.zeros(4, 4), "metric", None, CAMERA)
    for name in MESH_FORMATS:
        with pytest.raises(InvalidInput):
            encode_mesh(empty, None, name)


def test_the_texture_is_the_image_at_its_own_size(depth):
    data = encode_mesh(depth, torch.rand(64, 80, 3), "glb", MeshOptions(cut=0.0))
    with Image.open(io.BytesIO(data[data.index(b"\x89PNG") :])) as image:
        assert image.size == (80, 64)
