"""Panoramas of 360 degrees in a real ComfyUI: estimated, looked at, made into normals and GLB."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from comfy_graph import node
from load_pack import ROOT
from PIL import Image

pytestmark = pytest.mark.comfy

PANORAMA = ROOT / "tests" / "data" / "scenes" / "street.panorama.jpg"


def _around(comfy):
    with Image.open(PANORAMA) as image:
        image.resize((256, 128)).save(comfy.base / "input" / "street_around.png")
    return {
        "photo": node("LoadImage", image="street_around.png"),
        "depth": node("GenVRDepthEstimate", image=["photo", 0], panorama="360 degrees"),
    }


def _glb_points(path):
    """(N, 3) of the first mesh of a binary glTF file."""
    data = path.read_bytes()
    length = struct.unpack_from("<L", data, 12)[0]
    document, binary = json.loads(data[20 : 20 + length]), data[28 + length :]
    row = document["accessors"][document["meshes"][0]["primitives"][0]["attributes"]["POSITION"]]
    view = document["bufferViews"][row["bufferView"]]
    start = view.get("byteOffset", 0) + row.get("byteOffset", 0)
    return np.frombuffer(binary, "<f4", 3 * row["count"], start).reshape(-1, 3)


def test_a_panorama_becomes_depth_normals_and_a_mesh_all_around(comfy):
    prompt = {
        **_around(comfy),
        "see": node("GenVRDepthPreview", depth=["depth", 0], image=["photo", 0]),
        "say": node("PreviewAny", source=["depth", 3]),
        "normals": node("GenVRDepthNormals", depth=["depth", 0], style="OpenGL"),
        "see_normals": node("PreviewImage", images=["normals", 0]),
        "file": node(
            "GenVRDepthSave3D", depth=["depth", 0], image=["photo", 0], filename_prefix="t/around",
            format="glb",
        ),
    }  # fmt: skip
    done = comfy.run(prompt, timeout=240)
    assert done.status == "success", done.error()
    assert "joined on the sphere" in done.outputs["say"]["text"][0]
    record = json.loads(done.outputs["see"]["genvr_depth"][0])
    assert record["around"] is True
    points = _glb_points(next((comfy.base / "output" / "t").glob("around_*.glb")))
    turned = np.degrees(np.arctan2(points[:, 0], points[:, 2]))
    for quarter in range(-180, 180, 90):
        assert ((turned > quarter) & (turned < quarter + 90)).any()
    assert np.isfinite(points).all()


def test_a_saved_panorama_is_loaded_as_one(comfy):
    prompt = {
        **_around(comfy),
        "file": node(
            "GenVRDepthSaveDepth",
            depth=["depth", 0],
            filename_prefix="t/sphere",
            format="npz",
            values="unchanged",
        ),
    }
    done = comfy.run(prompt, timeout=240)
    assert done.status == "success", done.error()
    file = done.outputs["file"]["files"][0]
    done = comfy.run(
        {
            "loaded": node("GenVRDepthLoad", file=file, meaning="as the file says"),
            "see": node("GenVRDepthPreview", depth=["loaded", 0]),
        },
        timeout=120,
    )
    assert done.status == "success", done.error()
    assert json.loads(done.outputs["see"]["genvr_depth"][0])["around"] is True


def test_what_no_panorama_can_be_is_said_on_the_node(comfy):
    prompt = {
        "scene": node("GenVRDepthSampleScene", scene="product_table"),
        "depth": node("GenVRDepthEstimate", image=["scene", 0], panorama="360 degrees"),
        "say": node("PreviewAny", source=["depth", 3]),
    }
    done = comfy.run(prompt, timeout=120)
    assert done.status == "error"
    assert "twice as wide as high" in done.error()["exception_message"]
    eyes = {
        **_around(comfy),
        "eyes": node(
            "GenVRDepthStereo", depth=["depth", 0], image=["photo", 0], layout="side by side",
            strength=2.5, screen=0.5, fill_holes="off",
        ),
        "see": node("PreviewImage", images=["eyes", 0]),
    }  # fmt: skip
    done = comfy.run(eyes, timeout=240)
    assert done.error()["node_id"] == "eyes"
    assert "360 degrees" in done.error()["exception_message"]
