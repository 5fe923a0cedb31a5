"""The pack as a guest in a real ComfyUI."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from urllib.parse import quote

import pytest
from genvr_depth.nodes import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS
from tiny_models import save_tiny

pytestmark = pytest.mark.comfy

SUSPICIOUS = ("IMPORT FAILED", "Cannot import", "Traceback", "genvr-depth: ", "DeprecationWarning")


def test_the_server_starts_with_the_pack_and_says_nothing_alarming(comfy):
    log, started, _ = comfy.log().partition("To see the GUI go to")
    assert started
    assert "genvr-depth" in log
    assert not [line for line in log.splitlines() if any(word in line for word in SUSPICIOUS)]


def test_every_node_is_listed_under_its_plain_name(comfy):
    info = comfy.object_info()
    for node_id in NODE_CLASS_MAPPINGS:
        assert info[node_id]["display_name"] == NODE_DISPLAY_NAME_MAPPINGS[node_id]
        assert info[node_id]["category"].startswith("GenVR Depth/")


def test_a_folder_name_with_dots_and_models_of_extra_model_paths_yaml(comfy_factory, tmp_path):
    shared = tmp_path / "shared models"
    save_tiny("depth-anything-v2-small", shared / "depth", "a-friends-model")
    listing = tmp_path / "extra_model_paths.yaml"
    listing.write_text(f"studio:\n  base_path: {shared}\n  depth_estimation: depth\n")
    # Offline: what lies there needs no network.
    other = comfy_factory(
        pack_name="genvr.depth-1.0",
        extra=("--extra-model-paths-config", str(listing)),
        environment={"HF_HUB_OFFLINE": "1"},
    )
    info = other.object_info()
    assert set(NODE_CLASS_MAPPINGS) <= set(info)
    assert "a-friends-model" in info["GenVRDepthModelLoader"]["input"]["required"]["model"][0]
    done = other.run(
        {
            "scene": {"class_type": "GenVRDepthSampleScene", "inputs": {"scene": "street"}},
            "model": {
                "class_type": "GenVRDepthModelLoader",
                "inputs": {"model": "a-friends-model", "precision": "auto", "download": "never"},
            },
            "depth": {
                "class_type": "GenVRDepthEstimate",
                "inputs": {"image": ["scene", 0], "model": ["model", 0], "resolution": 70},
            },
            "save": {
                "class_type": "GenVRDepthSaveDepth",
                "inputs": {
                    "depth": ["depth", 0],
                    "filename_prefix": "street",
                    "format": "exr",
                    "values": "unchanged",
                },
            },
            "show": {"class_type": "PreviewImage", "inputs": {"images": ["depth", 1]}},
        }
    )
    assert done.status == "success", done.error()
    assert json.loads(done.outputs["depth"]["genvr_depth"][0])["source"] == "a-friends-model"
    assert (other.base / "output" / "street_00001_.exr").is_file()
    assert done.outputs["show"]["images"]
    other.stop()


def _status(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_a_folder_name_that_comfyui_does_not_serve(comfy_factory):
    name = "genvr depth [é]"
    other = comfy_factory(pack_name=name)
    asked = [path for path in other.get("/extensions") if quote(name) in path]
    assert len(asked) >= 6
    asked += [f"/extensions/{quote(name)}/docs/{node_id}.md" for node_id in NODE_CLASS_MAPPINGS]
    templates = other.get("/api/workflow_templates")[name]
    asked += [f"/api/workflow_templates/{quote(name)}/{quote(t)}.json" for t in templates]
    assert [path for path in asked if _status(other.url + path) != 200] == []
    outside = f"{other.url}/extensions/{quote(name)}/%2e%2e/nodes/__init__.py"
    assert _status(outside) == 404
    other.stop()
