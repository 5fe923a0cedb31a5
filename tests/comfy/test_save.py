"""Saving and loading in a real ComfyUI: /history, previews, metadata, Stop, two at once."""

from __future__ import annotations

import io
import json
import time
import urllib.parse
import urllib.request

import numpy as np
import pytest
import torch
from comfy_server import PromptRefused
from genvr_depth.nodes.depthkit.formats import FORMATS, IMAGES, decode_depth
from genvr_depth.nodes.depthkit.formats.mesh_read import extras
from genvr_depth.nodes.depthkit.formats.mesh_write import MESH_FORMATS
from genvr_depth.nodes.depthkit.formats.png import read_texts
from PIL import Image

pytestmark = pytest.mark.comfy

SCENE = {"class_type": "GenVRDepthSampleScene", "inputs": {"scene": "furnished_room"}}
WORKFLOW = {"workflow": {"nodes": [], "links": [], "version": 0.4}}


def save(node: str, format: str, prefix: str, **inputs) -> dict:
    depth = {"depth": ["scene", 1], "image": ["scene", 0]}
    chosen = {"images": ["scene", 0]} if node == "GenVRDepthSaveImage" else depth
    return {
        "scene": SCENE,
        "save": {
            "class_type": node,
            "inputs": {**chosen, "filename_prefix": prefix, "format": format, **inputs},
        },
    }


def run(comfy, prompt: dict):
    done = comfy.wait(comfy.queue(prompt, {"extra_pnginfo": WORKFLOW}))
    assert done.status == "success", done.error()
    return done.outputs["save"]


def view(comfy, entry: dict) -> bytes:
    query = urllib.parse.urlencode(entry)
    with urllib.request.urlopen(f"{comfy.url}/view?{query}", timeout=30) as answer:
        return answer.read()


@pytest.mark.parametrize("format", FORMATS)
def test_every_depth_format_is_saved_shown_and_read_back(comfy, format):
    output = run(comfy, save("GenVRDepthSaveDepth", format, f"t/{format}", values="unchanged"))
    path = comfy.file(output["files"][0])
    assert path.suffix == f".{FORMATS[format].extension}"
    assert path.is_file()
    with Image.open(io.BytesIO(view(comfy, output["images"][0]))) as shown:
        assert min(shown.size) > 100
    if FORMATS[format].texts != "none":
        assert decode_depth(path.read_bytes()).kind == "metric"


@pytest.mark.parametrize("format", IMAGES)
def test_every_image_format_is_saved_and_shown(comfy, format):
    output = run(comfy, save("GenVRDepthSaveImage", format, f"t/{format}"))
    assert comfy.file(output["files"][0]).is_file()
    assert view(comfy, output["images"][0])


@pytest.mark.parametrize("format", MESH_FORMATS)
def test_every_3d_format_is_saved(comfy, format):
    output = run(comfy, save("GenVRDepthSave3D", format, "t/solid", step=4))
    path = comfy.file(output["files"][0])
    assert decode_depth(path.read_bytes()).kind == "metric"
    if format == "glb":
        assert json.loads(extras(path.read_bytes())["workflow"]) == WORKFLOW["workflow"]


def test_prompt_and_workflow_are_where_core_puts_them(comfy):
    prompt = save("GenVRDepthSaveDepth", "png16", "t/meta", values="disparity")
    path = comfy.file(run(comfy, prompt)["files"][0])
    texts = read_texts(path.read_bytes())
    assert json.loads(texts["workflow"]) == WORKFLOW["workflow"]
    assert json.loads(texts["prompt"])["save"]["class_type"] == "GenVRDepthSaveDepth"


def test_load_depth_reads_an_upload(comfy, tmp_path):
    z = np.linspace(1, 9, 48 * 64, dtype=np.float32).reshape(48, 64)
    np.save(tmp_path / "scan.npy", z)
    name = comfy.upload(tmp_path / "scan.npy")
    prompt = {
        "load": {
            "class_type": "GenVRDepthLoad",
            "inputs": {"file": name, "meaning": "metres (times unit scale)"},
        },
        "save": {
            "class_type": "GenVRDepthSaveDepth",
            "inputs": {
                "depth": ["load", 0],
                "filename_prefix": "t/back",
                "format": "exr",
                "values": "unchanged",
            },
        },
    }
    back = decode_depth(comfy.file(run(comfy, prompt)["files"][0]).read_bytes())
    assert torch.equal(back.values[0], torch.from_numpy(z))


def test_a_missing_file_is_refused_before_the_run(comfy):
    prompt = {
        "load": {
            "class_type": "GenVRDepthLoad",
            "inputs": {"file": "gone.exr", "meaning": "1 / metres"},
        },
        "show": {"class_type": "PreviewImage", "inputs": {"images": ["load", 1]}},
    }
    with pytest.raises(PromptRefused, match="gone"):
        comfy.queue(prompt)


def test_our_mesh_goes_through_cores_save_glb(comfy):
    if "SaveGLB" not in comfy.object_info():
        pytest.skip("this ComfyUI has no SaveGLB")
    prompt = {
        "scene": SCENE,
        "mesh": {
            "class_type": "GenVRDepthToMesh",
            "inputs": {"depth": ["scene", 1], "image": ["scene", 0], "step": 4},
        },
        "save": {
            "class_type": "SaveGLB",
            "inputs": {"mesh": ["mesh", 0], "filename_prefix": "t/core"},
        },
    }
    output = run(comfy, prompt)
    entry = next(value[0] for value in output.values() if value and "filename" in value[0])
    assert comfy.file(entry).read_bytes().startswith(b"glTF")


def test_two_prompts_with_one_prefix_never_collide(comfy):
    prompts = [
        save("GenVRDepthSaveDepth", "png16", "t/same", values="unchanged", near=0.01 * (n + 1))
        for n in range(4)
    ]
    ids = [comfy.queue(prompt) for prompt in prompts]
    names = [comfy.wait(i).outputs["save"]["files"][0] for i in ids]
    assert len(set(names)) == 4


@pytest.mark.parametrize("prefix", ["../out", "t/../../out", "CON", "t/nul.x"])
def test_a_dangerous_prefix_is_an_error_and_writes_nothing(comfy, prefix):
    before = sorted(p for p in comfy.base.rglob("*out*"))
    prompt = save("GenVRDepthSaveDepth", "png16", prefix, values="unchanged")
    done = comfy.wait(comfy.queue(prompt))
    assert done.status == "error"
    assert "prefix" in json.dumps(done.error())
    assert sorted(p for p in comfy.base.rglob("*out*")) == before


def test_stop_ends_a_long_save_within_a_second(comfy):
    prompt = save("GenVRDepthSaveImage", "webp-lossless", "t/stopped")
    prompt["many"] = {
        "class_type": "RepeatImageBatch",
        "inputs": {"image": ["scene", 0], "amount": 200},
    }
    prompt["save"]["inputs"]["images"] = ["many", 0]
    folder = comfy.base / "output" / "t"
    job = comfy.queue(prompt)
    deadline = time.monotonic() + 60
    while not list(folder.glob("stopped_*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    pressed = time.time()
    comfy.interrupt()
    done = comfy.wait(job)
    assert done.status == "error"
    # When the server itself says that it ended, in milliseconds.
    ended = next(body["timestamp"] for name, body in done.messages if name.endswith("interrupted"))
    assert ended / 1000 - pressed < 1.0
    time.sleep(2.0)
    left = sorted(folder.glob("*stopped*"))
    assert 0 < len(left) < 150
    assert not list(folder.glob(".*"))
    for path in (left[0], left[-1]):
        with Image.open(path) as image:
            image.load()


def test_the_server_without_metadata_embeds_none(comfy_factory, tmp_path_factory):
    server = comfy_factory(extra=("--disable-metadata",), base=tmp_path_factory.mktemp("quiet"))
    path = server.file(
        run(server, save("GenVRDepthSaveDepth", "png16", "m", values="unchanged"))["files"][0]
    )
    assert set(read_texts(path.read_bytes())) == {"genvr_depth"}
    server.stop()
