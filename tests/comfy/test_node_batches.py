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
    assert json.loads(done.outputs["adjust"]["genvr_depth"][0])["width"] == 256


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


def test_a_grey_image_is_taken_wherever_depth_is(comfy):
    takers = {
        name: node(given["class_type"], **{**given["inputs"], "depth": ["depth", 1]})
        for name, given in _toolkit().items()
        if "depth" in given["inputs"]
    }
    prompt = {
        **_source(1),
        **takers,
        "preview": node("GenVRDepthPreview", depth=["depth", 1]),
        "save": node(
            "GenVRDepthSaveDepth",
            depth=["depth", 1],
            filename_prefix="given",
            format="npz",
            values="unchanged",
        ),
        "save_3d": node(
            "GenVRDepthSave3D", depth=["depth", 1], filename_prefix="given", format="ply"
        ),
        "normals": node("GenVRDepthNormals", depth=["depth", 1], style="OpenGL"),
        "drawn": node("GenVRDepthToImage", depth=["depth", 1], colormap="grey", near_is="white"),
        "mesh": node("GenVRDepthToMesh", depth=["depth", 1]),
        "glb": node("SaveGLB", mesh=["mesh", 0], filename_prefix="given"),
        "score": node(
            "GenVRDepthStructureScore",
            control=["depth", 1],
            image=["photo", 0],
            original=["photo", 0],
        ),
        "best": node("GenVRDepthKeepBest", control=["depth", 1], images=["photo", 0], keep=1),
        "refined": node("GenVRDepthPreview", depth=["refine", 0]),
        "see_normals": show(["normals", 0]),
        "see_drawn": show(["drawn", 0]),
        "see_stereo": show(["stereo", 0]),
        "see_layers": show(["layers", 3]),
        "see_best": show(["best", 0]),
        "say": node("PreviewAny", source=["score", 1]),
        "say_check": node("PreviewAny", source=["check", 1]),
        "say_stereo": node("PreviewAny", source=["stereo", 2]),
        "say_best": node("PreviewAny", source=["best", 2]),
    }
    done = comfy.run(prompt, timeout=240)
    assert done.status == "success", done.error()
    entry = json.loads(done.outputs["preview"]["genvr_depth"][0])
    assert entry["source"] == "image, white is near (disparity)"
    assert entry["kind"] == "disparity"
    assert len(done.outputs["save"]["files"]) == 1
    for report in ("say", "say_check", "say_stereo", "say_best"):
        assert "is an image: read as" in done.outputs[report]["text"][0]
    assert "Structure score 100.0" in done.outputs["say"]["text"][0]


def test_the_score_knows_the_photo_that_the_control_was_made_from(comfy):
    source = _source(1)
    prompt = {
        **source,
        "adjusted": node("GenVRDepthAdjust", depth=["depth", 0], gamma=2.0),
        "inverted": node("ImageInvert", image=["photo", 0]),
        "score": node("GenVRDepthStructureScore", control=["adjusted", 0], image=["inverted", 0]),
        "best": node("GenVRDepthKeepBest", control=["scene", 1], images=["scene", 0], keep=1),
        "say": node("PreviewAny", source=["score", 1]),
        "say_best": node("PreviewAny", source=["best", 2]),
    }
    done = comfy.run(prompt, timeout=240)
    assert done.status == "success", done.error()
    text = done.outputs["say"]["text"][0]
    assert text.startswith("Original: the photo that the control was made from.")
    assert "the structure is kept." in text
    assert "Structure score 100.0" in done.outputs["say_best"]["text"][0]


def test_a_photograph_where_depth_is_wanted_is_an_error_that_says_what_to_do(comfy):
    prompt = {**_source(1), "preview": node("GenVRDepthPreview", depth=["photo", 0])}
    done = comfy.run(prompt)
    assert done.status == "error"
    assert "Depth Estimation" in done.error()["exception_message"]


def test_the_node_says_how_it_read_an_image(comfy):
    prompt = {
        "grey": node("EmptyImage", width=48, height=32, batch_size=1, color=0x808080),
        "preview": node("GenVRDepthPreview", depth=["grey", 0]),
    }
    texts = asyncio.run(_texts_of(comfy, prompt, "preview"))
    assert any("read as 'white is near (disparity)'" in text for text in texts)


async def _texts_of(server, prompt, node_id):
    """What a node shows on its face, as the page is told: binary messages of type 3."""
    import aiohttp

    address, found = f"{server.url}/ws?clientId={server.client_id}", []
    async with aiohttp.ClientSession() as session, session.ws_connect(address) as socket:
        await asyncio.to_thread(server.queue, prompt)
        async for message in socket:
            if message.type == aiohttp.WSMsgType.BINARY:
                data = message.data
                length = int.from_bytes(data[4:8], "big")
                if data[:4] == b"\0\0\0\3" and data[8 : 8 + length].decode() == node_id:
                    found.append(data[8 + length :].decode())
            elif message.json()["type"] == "execution_success":
                return found
    raise AssertionError("the server hung up")
