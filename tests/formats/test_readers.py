"""Readers that are not our writers see the same numbers in our files."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from genvr_depth.nodes.depthkit.depth_map import DepthMap, Pinhole
from genvr_depth.nodes.depthkit.formats import SaveOptions, encode_depth, encode_image
from genvr_depth.nodes.depthkit.formats.mesh_write import MeshOptions, encode_mesh
from genvr_depth.nodes.depthkit.formats.png import read_texts
from genvr_depth.nodes.depthkit.views.geometry import to_gltf, unproject
from PIL import Image

HEIGHT, WIDTH = 27, 41
TEXTS = {"workflow": json.dumps({"nodes": ["é", 1]}), "prompt": json.dumps({"1": {}})}


@pytest.fixture
def depth() -> DepthMap:
    torch.manual_seed(7)
    z = torch.rand(HEIGHT, WIDTH) * 60 + 0.2
    z[3, 5], z[20, 40] = float("nan"), float("inf")
    return DepthMap.make(z, "metric", None, Pinhole(33.0, 34.0, 20.5, 13.5), "scene")


def written(depth: DepthMap) -> np.ndarray:
    """What every float file holds: the numbers, NaN where invalid."""
    return torch.where(depth.valid[0], depth.values[0], torch.nan).numpy()


@pytest.mark.parametrize("compression", ["zip", "zips", "piz", "none"])
@pytest.mark.parametrize("channels", ["Z", "Y", "RGB"])
def test_openimageio_reads_our_exr(depth, compression, channels, tmp_path):
    oiio = pytest.importorskip("OpenImageIO")
    options = SaveOptions(compression=compression, channels=channels, texts=TEXTS)
    path = tmp_path / "depth.exr"
    path.write_bytes(encode_depth(depth, None, "exr", options))
    image = oiio.ImageInput.open(str(path))
    spec = image.spec()
    assert spec.channelnames == tuple(channels)
    assert spec["compression"] == compression
    assert spec["workflow"] == TEXTS["workflow"]
    assert json.loads(spec["genvr_depth"])["unit"] == "m"
    assert "data" in (spec["colorInteropID"], spec["oiio:ColorSpace"])
    pixels = image.read_image("float").reshape(HEIGHT, WIDTH, -1)
    for plane in np.moveaxis(pixels, -1, 0):
        np.testing.assert_array_equal(plane, written(depth))


def test_openimageio_reads_our_half_exr(depth, tmp_path):
    oiio = pytest.importorskip("OpenImageIO")
    path = tmp_path / "depth.exr"
    path.write_bytes(encode_depth(depth, None, "exr-half"))
    pixels = oiio.ImageInput.open(str(path)).read_image("float").reshape(HEIGHT, WIDTH)
    np.testing.assert_array_equal(pixels, written(depth).astype(np.float16).astype(np.float32))


@pytest.mark.parametrize("compression", ["zip", "zips", "piz", "none"])
def test_ffmpeg_reads_our_exr(depth, compression):
    # FFmpeg knows a lone channel only as Y, and equal colours.
    av = pytest.importorskip("av")
    options = SaveOptions(compression=compression, channels="Y")
    data = encode_depth(depth, None, "exr", options)
    decoder = av.CodecContext.create("exr", "r")
    frames = [*decoder.decode(av.Packet(data)), *decoder.decode(None)]
    np.testing.assert_array_equal(frames[0].to_ndarray(), written(depth))


def test_tifffile_reads_our_tiff(depth):
    tifffile = pytest.importorskip("tifffile")
    exact = tifffile.imread(io.BytesIO(encode_depth(depth, None, "tiff")))
    np.testing.assert_array_equal(exact, written(depth))
    data = encode_depth(depth, None, "tiff16", SaveOptions(texts=TEXTS))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        codes = file.asarray()
        tags = {tag.name: tag.value for tag in file.pages[0].tags}
    record = json.loads(tags["ImageDescription"])
    assert tags["Make"] == "workflow:" + TEXTS["workflow"]
    assert_codes(codes, record, depth)


def test_pillow_reads_our_png(depth):
    data = encode_depth(depth, None, "png16", SaveOptions(texts=TEXTS))
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == "I;16"
        codes = np.asarray(image)
    texts = read_texts(data)
    assert texts["workflow"] == TEXTS["workflow"]
    assert_codes(codes, json.loads(texts["genvr_depth"]), depth)


def assert_codes(codes: np.ndarray, record: dict, depth: DepthMap) -> None:
    """Decode by the words of the record alone, as somebody else would."""
    valid = codes != record["invalid"]
    np.testing.assert_array_equal(valid, depth.valid[0].numpy())
    share = (codes.astype(np.float64) - 1) / 65534
    assert record["polarity"] == "near_is_small"
    metres = record["near"] + share * (record["far"] - record["near"])
    quantum = (record["far"] - record["near"]) / 65534
    assert np.abs(metres - depth.values[0].numpy())[valid].max() <= 0.5001 * quantum


def test_numpy_reads_our_arrays(depth):
    np.testing.assert_array_equal(
        np.load(io.BytesIO(encode_depth(depth, None, "npy"))), written(depth)
    )
    archive = np.load(io.BytesIO(encode_depth(depth, None, "npz", SaveOptions(texts=TEXTS))))
    np.testing.assert_array_equal(archive["depth"], written(depth))
    assert json.loads(str(archive["meta"]))["kind"] == "metric"
    assert str(archive["workflow"]) == TEXTS["workflow"]


def test_numpy_and_pillow_read_our_pfm(depth):
    data = encode_depth(depth, None, "pfm")
    header, body = data[: -HEIGHT * WIDTH * 4], data[-HEIGHT * WIDTH * 4 :]
    assert header.split() == [b"Pf", str(WIDTH).encode(), str(HEIGHT).encode(), b"-1.0"]
    rows = np.frombuffer(body, "<f4").reshape(HEIGHT, WIDTH)[::-1]
    np.testing.assert_array_equal(rows, written(depth))
    with Image.open(io.BytesIO(data)) as image:
        np.testing.assert_array_equal(np.asarray(image), written(depth))


def test_ffmpeg_reads_our_16_bit_colour_png():
    av = pytest.importorskip("av")
    picture = torch.rand(9, 13, 3)
    decoder = av.CodecContext.create("png", "r")
    packets = av.Packet(encode_image(picture, "png16"))
    frame = [*decoder.decode(packets), *decoder.decode(None)][0]
    assert frame.format.name == "rgb48be"
    found = frame.to_ndarray(format="rgb48le").astype(np.float64)
    assert np.abs(found / 65535 - picture.numpy()).max() <= 0.5001 / 65535


VALIDATOR = """
const validator = require('gltf-validator');
const data = require('fs').readFileSync(0);
validator.validateBytes(new Uint8Array(data)).then((r) => console.log(JSON.stringify(r)));
"""


@pytest.mark.parametrize("textured", [True, False])
def test_khronos_gltf_validator_finds_no_error(depth, textured):
    folder = os.environ.get("GLTF_VALIDATOR_PATH", "")
    node = shutil.which("node")
    if node is None or not (Path(folder) / "node_modules" / "gltf-validator").is_dir():
        pytest.skip("npm install gltf-validator in a folder and set GLTF_VALIDATOR_PATH to it")
    picture = torch.rand(64, 96, 3) if textured else None
    data = encode_mesh(depth, picture, "glb", MeshOptions(cut=0.0, texts=TEXTS))
    answer = subprocess.run(
        [node, "-e", VALIDATOR], input=data, capture_output=True, check=True, cwd=folder, timeout=60
    )
    issues = json.loads(answer.stdout)["issues"]
    assert issues["numErrors"] == 0
    assert issues["numWarnings"] == 0


BLENDER = """
import json, sys
import bpy, numpy as np
folder = sys.argv[-1]
image = bpy.data.images.load(folder + "/depth.exr")
pixels = np.array(image.pixels[:], np.float32).reshape(image.size[1], image.size[0], -1)[::-1, :, 0]
found = {"exr": pixels.tolist()}
for kind, load in (("ply", bpy.ops.wm.ply_import), ("glb", bpy.ops.import_scene.gltf)):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    load(filepath=folder + "/depth." + kind)
    mesh = next(o for o in bpy.data.objects if o.type == "MESH")
    points = np.array([tuple(mesh.matrix_world @ v.co) for v in mesh.data.vertices])
    found[kind] = [points.min(0).tolist(), points.max(0).tolist(), len(points)]
open(folder + "/found.json", "w").write(json.dumps(found))
"""


@pytest.mark.blender
def test_blender_imports_our_exr_ply_and_glb(tmp_path):
    python = os.environ.get("BPY_PYTHON", sys.executable)
    if subprocess.run([python, "-c", "import bpy"], capture_output=True).returncode:
        pytest.skip("set BPY_PYTHON to a Python with the bpy wheel")
    torch.manual_seed(3)
    camera = Pinhole(33.0, 34.0, 20.5, 13.5)
    depth = DepthMap.make(torch.rand(HEIGHT, WIDTH) * 6 + 1, "metric", None, camera)
    (tmp_path / "depth.exr").write_bytes(
        encode_depth(depth, None, "exr", SaveOptions(channels="RGB"))
    )
    for kind in ("ply", "glb"):
        options = MeshOptions(cut=0.0)
        (tmp_path / f"depth.{kind}").write_bytes(encode_mesh(depth, None, kind, options))
    subprocess.run([python, "-c", BLENDER, str(tmp_path)], check=True, timeout=300)
    found = json.loads((tmp_path / "found.json").read_text())
    np.testing.assert_allclose(np.array(found["exr"]), depth.values[0].numpy(), rtol=1e-6)
    points = to_gltf(unproject(depth)[0]).reshape(-1, 3).numpy()
    # Blender's own axes are z up: its glTF importer turns (x, y, z) into (x, -z, y).
    turned = points[:, [0, 2, 1]] * (1, -1, 1)
    for kind, expected in (("ply", points), ("glb", turned)):
        low, high, count = found[kind]
        assert count == len(points)
        np.testing.assert_allclose(low, expected.min(0), rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(high, expected.max(0), rtol=1e-5, atol=1e-5)
