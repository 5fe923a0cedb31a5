"""The toolkit's nodes in a real ComfyUI: one image, and a batch of sixteen."""

from __future__ import annotations

import asyncio
import json

import pytest
from comfy_graph import node, show
from PIL import Image

pytestmark = pytest.mark.comfy


def _source(batch):
    """A sample scene at a size a loaded processor can manage, sixteen times if asked."""
    return {
        "scene": node("GenVRDepthSampleScene", scene="furnished_room"),
        "small": node(
            "ImageScale",
            image=["scene", 0],
            upscale_method="area",
            width=256,
            height=192,
            crop="disabled",
        ),
        "photo": node("RepeatImageBatch", image=["small", 0], amount=batch),
        "depth": node("GenVRDepthEstimate", image=["photo", 0]),
    }


def _toolkit():
    return {
        "adjust": node(
            "GenVRDepthAdjust",
            depth=["depth", 0],
            gamma=1.5,
            invert=False,
            smooth=2,
            smooth_time=1,
            fill_holes="smooth",
            window="percentile",
            low=1.0,
            high=99.0,
            scope="clip",
        ),
        "refine": node(
            "GenVRDepthRefine",
            depth=["adjust", 0],
            guide=["photo", 0],
            strength=1.0,
            sensitivity=0.05,
        ),
        "layers": node(
            "GenVRDepthLayers",
            depth=["refine", 0],
            layers=3,
            method="automatic",
            feather=0.05,
            image=["photo", 0],
        ),
        "check": node(
            "GenVRDepthCheck", depth=["depth", 0], on_problem="report", image=["photo", 0]
        ),
        "stereo": node(
            "GenVRDepthStereo",
            depth=["check", 0],
            image=["photo", 0],
            layout="side by side",
            strength=3.0,
            screen=0.5,
            fill_holes="background",
        ),
        "score": node("GenVRDepthStructureScore", control=["depth", 0], image=["photo", 0]),
        "best": node("GenVRDepthKeepBest", control=["depth", 0], images=["photo", 0], keep=2),
        "see_layers": show(["layers", 3]),
        "see_mask": node("MaskPreview", mask=["layers", 0]),
        "see_stereo": show(["stereo", 0]),
        "see_heat": show(["score", 2]),
        "see_best": show(["best", 0]),
        "say": node("PreviewAny", source=["score", 1]),
        "say_check": node("PreviewAny", source=["check", 1]),
    }


@pytest.mark.parametrize("batch", [1, 16])
def test_every_node_runs_on_a_batch(comfy, batch):
    done = comfy.run({**_source(batch), **_toolkit()}, timeout=420)
    assert done.status == "success", done.error()
    shown = {name: len(out["images"]) for name, out in done.outputs.items() if "images" in out}
    assert shown["see_layers"] == 3 * batch
    assert shown["see_mask"] == batch
    assert shown["see_stereo"] == batch
    assert shown["see_heat"] == batch
    assert shown["see_best"] == min(2, batch)
    with Image.open(comfy.file(done.outputs["see_stereo"]["images"][0])) as pair:
        assert pair.size == (512, 192)
    with Image.open(comfy.file(done.outputs["see_layers"]["images"][0])) as layer:
        assert layer.mode == "RGBA"
    assert done.outputs["say"]["text"][0].count("Structure score 100.0") == batch
    assert done.outputs["adjust"]["genvr_depth"][0]["width"] == 256


def test_a_broken_map_stops_the_run_before_anything_is_painted(comfy):
    prompt = {
        "black": node("EmptyImage", width=64, height=64, batch_size=1, color=0),
        "depth": node(
            "GenVRDepthFromImage", image=["black", 0], white_means="white is near (disparity)"
        ),
        "check": node("GenVRDepthCheck", depth=["depth", 0], on_problem="stop the run"),
        "see": node("PreviewAny", source=["check", 1]),
    }
    alone = {name: node for name, node in prompt.items() if name != "see"}
    assert comfy.run(alone).status == "error"
    done = comfy.run(prompt)
    assert done.status == "error"
    assert done.error()["node_id"] == "check"
    assert "flat" in done.error()["exception_message"]
    assert "see" not in done.outputs


def test_a_photo_that_is_not_there_cannot_be_handed_on(comfy):
    prompt = {
        **_source(1),
        "check": node("GenVRDepthCheck", depth=["depth", 0], on_problem="report"),
        "see": show(["check", 4]),
    }
    error = asyncio.run(_first_error(comfy, prompt))
    assert error["node_id"] == "see"
    assert "connect one to its 'image' input" in error["exception_message"]


async def _first_error(server, prompt):
    """What the page is told; a blocked input is no error of the run, so history is silent."""
    import aiohttp

    address = f"{server.url}/ws?clientId={server.client_id}"
    async with aiohttp.ClientSession() as session, session.ws_connect(address) as socket:
        await asyncio.to_thread(server.queue, prompt)
        async for message in socket:
            event = message.json() if message.type == aiohttp.WSMsgType.TEXT else {"type": ""}
            assert event["type"] != "execution_success"
            if event["type"] == "execution_error":
                return event["data"]
    raise AssertionError("the server hung up")


def test_a_list_of_images_of_other_sizes_is_ranked(comfy):
    prompt = {
        **_source(1),
        "wide": node(
            "ImageScale",
            image=["photo", 0],
            upscale_method="area",
            width=320,
            height=240,
            crop="disabled",
        ),
        "noise": node("ImageInvert", image=["wide", 0]),
        "best": node("GenVRDepthKeepBest", control=["depth", 0], images=["noise", 0], keep=1),
        "see": show(["best", 0]),
        "say": node("PreviewAny", source=["best", 2]),
    }
    done = comfy.run(prompt, timeout=240)
    assert done.status == "success", done.error()
    assert "Structure score" in json.dumps(done.outputs["say"])
