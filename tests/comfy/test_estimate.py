"""Photo to depth to image in a real ComfyUI, with its model management, progress and Stop."""

from __future__ import annotations

import json
import time

import pytest
from genvr_depth.nodes.depthkit.estimators.loading import BUILTIN_WEIGHTS
from PIL import Image
from tiny_models import save_tiny

pytestmark = pytest.mark.comfy


@pytest.fixture(scope="module")
def models(comfy):
    root = comfy.base / "models" / "depth_estimation"
    for name in ("depth-anything-v2-small", "depth-pro"):
        save_tiny(name, root)
    return root


def estimate(model, resolution=64, **extra):
    return {
        "scene": {"class_type": "GenVRDepthSampleScene", "inputs": {"scene": "furnished_room"}},
        "model": {
            "class_type": "GenVRDepthModelLoader",
            "inputs": {"model": model, "precision": "auto", "download": "never"},
        },
        "depth": {
            "class_type": "GenVRDepthEstimate",
            "inputs": {
                "image": ["scene", 0],
                "model": ["model", 0],
                "resolution": resolution,
                **extra,
            },
        },
        "show": {"class_type": "PreviewImage", "inputs": {"images": ["depth", 1]}},
    }


@pytest.mark.parametrize("model", ["depth-anything-v2-small", "depth-pro"])
def test_a_scene_becomes_a_control_image_of_its_size(comfy, models, model):
    done = comfy.run(estimate(model))
    assert done.status == "success", done.error()
    with Image.open(comfy.file(done.outputs["show"]["images"][0])) as shown:
        assert shown.size == (1024, 768)
    entry = json.loads(done.outputs["depth"]["genvr_depth"][0])
    assert entry["source"] == model
    assert (entry["camera"] is not None) == (model == "depth-pro")


def test_a_second_run_does_not_load_the_model_again(comfy, models):
    comfy.run(estimate("depth-anything-v2-small", 70))
    before = comfy.log().count("Requested to load")
    weights = comfy.log().count("Loading weights")
    done = comfy.run(estimate("depth-anything-v2-small", 84))
    assert done.status == "success"
    assert comfy.log().count("Requested to load") == before
    assert comfy.log().count("Loading weights") == weights


def test_unloading_frees_the_model_and_the_next_run_brings_it_back(comfy, models):
    comfy.run(estimate("depth-anything-v2-small", 98))
    before = comfy.log().count("Requested to load")
    comfy.request("POST", "/free", {"unload_models": True, "free_memory": True})
    # The server frees when its worker next wakes up; until then a run is served from its cache.
    for _ in range(40):
        done = comfy.run(estimate("depth-anything-v2-small", 98))
        assert done.status == "success", done.error()
        if comfy.log().count("Requested to load") > before:
            break
        time.sleep(0.5)
    assert comfy.log().count("Requested to load") == before + 1


def test_tiles_and_clip_run_on_a_batch(comfy, models):
    prompt = estimate("depth-anything-v2-small", 112, detail="tiles + edges", consistency="clip")
    prompt["many"] = {
        "class_type": "RepeatImageBatch",
        "inputs": {"image": ["scene", 0], "amount": 2},
    }
    prompt["depth"]["inputs"]["image"] = ["many", 0]
    prompt["text"] = {"class_type": "PreviewAny", "inputs": {"source": ["depth", 3]}}
    done = comfy.run(prompt)
    assert done.status == "success", done.error()
    report = done.outputs["text"]["text"][0]
    assert "tiles" in report
    assert "edges: outlines moved" in report
    assert "clip: 2 frames aligned" in report
    assert "flicker" in report


def test_stop_ends_a_long_run_and_the_next_one_works(comfy, models):
    # Few images at a high resolution: the time goes into the network, not into core's nodes.
    prompt = estimate("depth-anything-v2-small", 980)
    prompt["many"] = {
        "class_type": "RepeatImageBatch",
        "inputs": {"image": ["scene", 0], "amount": 30},
    }
    prompt["depth"]["inputs"]["image"] = ["many", 0]
    prompt_id = comfy.queue(prompt)
    time.sleep(6)
    pressed = time.monotonic()
    comfy.interrupt()
    done = comfy.wait(prompt_id)
    answered = time.monotonic() - pressed
    assert any(message[0] == "execution_interrupted" for message in done.messages)
    assert answered < 15, f"Stop answered after {answered:.1f} s"
    print(f"Stop answered after {answered:.2f} s")  # noqa: T201 - a figure for the reader
    assert comfy.run(estimate("depth-anything-v2-small", 140)).status == "success"


def test_a_missing_model_says_what_to_do_on_the_canvas(comfy):
    done = comfy.run(estimate("zoedepth-nyu-kitti"))
    assert done.status == "error"
    text = done.error()["exception_message"]
    for part in ("zoedepth-nyu-kitti", "if missing", "Intel/zoedepth-nyu-kitti", "by hand"):
        assert part in text


def test_images_and_depth_convert_both_ways(comfy):
    prompt = {
        "scene": {"class_type": "GenVRDepthSampleScene", "inputs": {"scene": "furnished_room"}},
        "grey": {
            "class_type": "GenVRDepthToImage",
            "inputs": {
                "depth": ["scene", 1],
                "colormap": "grey",
                "near_is": "white",
                "multiple": 64,
            },
        },
        "depth": {
            "class_type": "GenVRDepthFromImage",
            "inputs": {
                "image": ["grey", 0],
                "white_means": "white is near (disparity)",
                "near": 1.0,
                "far": 8.0,
            },
        },
        "turbo": {
            "class_type": "GenVRDepthToImage",
            "inputs": {"depth": ["depth", 0], "colormap": "turbo", "near_is": "white"},
        },
        "show": {"class_type": "PreviewImage", "inputs": {"images": ["turbo", 0]}},
    }
    done = comfy.run(prompt)
    assert done.status == "success", done.error()
    assert json.loads(done.outputs["depth"]["genvr_depth"][0])["kind"] == "metric"


def test_with_nothing_connected_and_nothing_downloaded_the_builtin_model_works(comfy):
    if not BUILTIN_WEIGHTS.is_file():
        pytest.skip("this copy of the pack has no built-in weights yet")
    prompt = estimate("builtin", 0)
    del prompt["model"], prompt["depth"]["inputs"]["model"]
    prompt["text"] = {"class_type": "PreviewAny", "inputs": {"source": ["depth", 3]}}
    done = comfy.run(prompt)
    assert done.status == "success", done.error()
    assert done.outputs["text"]["text"][0].startswith("No model connected")
