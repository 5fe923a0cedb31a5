"""How many outputs ComfyUI's list of jobs counts: what was saved or shown, once."""

from __future__ import annotations

import json
import urllib.request

import pytest

pytestmark = pytest.mark.comfy

SCENE = {"class_type": "GenVRDepthSampleScene", "inputs": {"scene": "street"}}
KINDS = {
    "png": ("GenVRDepthSaveDepth", {"values": "unchanged", "format": "png16"}),
    "exr": ("GenVRDepthSaveDepth", {"values": "unchanged", "format": "exr"}),
    "pfm": ("GenVRDepthSaveDepth", {"values": "unchanged", "format": "pfm", "sidecar": True}),
    "glb": ("GenVRDepthSave3D", {"format": "glb", "step": 4}),
    "obj": ("GenVRDepthSave3D", {"format": "obj", "step": 4}),
    "image": ("GenVRDepthSaveImage", {"format": "jpg"}),
    "preview": ("GenVRDepthPreview", {}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_frame_is_one_output(comfy, kind):
    node, inputs = KINDS[kind]
    wired = {"depth": ["scene", 1], "image": ["scene", 0]}
    if node == "GenVRDepthSaveImage":
        wired = {"images": ["scene", 0]}
    named = {"filename_prefix": f"jobs/{kind}"} if "Save" in node else {}
    prompt = {
        "scene": SCENE,
        "save": {"class_type": node, "inputs": {**wired, **named, **inputs}},
    }
    identity = comfy.queue(prompt)
    done = comfy.wait(identity)
    assert done.status == "success", done.error()
    try:
        with urllib.request.urlopen(f"{comfy.url}/api/jobs/{identity}", timeout=30) as answer:
            job = json.load(answer)
    except urllib.error.HTTPError as refused:
        pytest.skip(f"this ComfyUI lists no jobs: {refused.code}")
    # The scene shows its own image: one more.
    own = job["outputs_count"] - len(done.outputs.get("scene", {}).get("images", []))
    assert own == 1, done.outputs["save"]
    if "3D" in node:
        assert job["preview_output"]["mediaType"] == "3d"
