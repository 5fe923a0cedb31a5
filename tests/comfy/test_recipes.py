"""The recipes of the help pages in a real ComfyUI, wired as they are written."""

from __future__ import annotations

import json
import shutil

import pytest
from comfy_graph import node
from genvr_depth.nodes.depthkit.formats import decode_depth
from local_models import ROUTES

pytestmark = pytest.mark.comfy

STRENGTHS = (0.4, 0.7, 1.0)


def _photo(width, height):
    return {
        "scene": node("GenVRDepthSampleScene", scene="furnished_room"),
        "photo": node(
            "ImageScale",
            image=["scene", 0],
            upscale_method="area",
            width=width,
            height=height,
            crop="disabled",
        ),
        "depth": node("GenVRDepthEstimate", image=["photo", 0], detail="off"),
    }


def _refined(depth, guide):
    """Refine Depth Edges as it comes, between these nodes."""
    wires = {"depth": [depth, 0], "guide": [guide, 0]}
    return node("GenVRDepthRefine", **wires, strength=1.0, sensitivity=0.05)


def _done(server, prompt):
    done = server.run(prompt, timeout=420)
    assert done.status == "success", done.error()
    return done


def _entry(done, name):
    return json.loads(done.outputs[name]["genvr_depth"][0])


def _saved(done, server, name):
    return server.file(done.outputs[name]["files"][0])


def test_structure_score_tells_controlnet_strengths_apart(local):
    route = ROUTES["SD 1.5"]
    prompt = {
        **_photo(96, 64),
        **route.loaders,
        "positive": node("StandInConditioning", seed=1, width=768, pooled=768),
        "negative": node("StandInConditioning", seed=2, width=768, pooled=768),
    }
    for strength in STRENGTHS:
        prompt[f"made {strength}"] = node(
            "GenVRDepthGenerateLocal",
            model=route.model,
            vae=route.vae,
            control_net=route.control,
            depth=["depth", 0],
            positive=["positive", 0],
            negative=["negative", 0],
            prompt="",
            seed=11,
            steps=1,
            strength=strength,
            start=0.0,
            end=1.0,
        )
        prompt[f"score {strength}"] = node(
            "GenVRDepthStructureScore", control=["depth", 0], image=[f"made {strength}", 0]
        )
        prompt[f"say {strength}"] = node("PreviewAny", source=[f"score {strength}", 1])
        prompt[f"json {strength}"] = node("PreviewAny", source=[f"score {strength}", 3])
    done = _done(local, prompt)
    texts = [done.outputs[f"say {strength}"]["text"][0] for strength in STRENGTHS]
    assert all("Structure score" in text for text in texts)
    numbers = {done.outputs[f"json {strength}"]["text"][0] for strength in STRENGTHS}
    assert len(numbers) == len(STRENGTHS)


def test_depth_of_a_photo_to_file_layers_and_a_larger_photo(local):
    """Photo to file; crisp masks; hair and leaves; a large photo with the model's own size."""
    prompt = {
        **_photo(256, 192),
        "fine": node("GenVRDepthEstimate", image=["photo", 0], detail="tiles + edges"),
        "crisp": node("GenVRDepthEstimate", image=["photo", 0], detail="edges"),
        "refined": _refined("depth", "scene"),
        "seen": node("GenVRDepthPreview", depth=["refined", 0]),
        "file": node(
            "GenVRDepthSaveDepth",
            depth=["depth", 0],
            filename_prefix="recipe",
            format="png16",
            values="unchanged",
        ),
    }
    for name in ("crisp", "fine", "refined"):
        prompt[f"{name} layers"] = node(
            "GenVRDepthLayers", depth=[name, 0], layers=3, method="automatic", feather=0.0
        )
        prompt[f"{name} mask"] = node("MaskPreview", mask=[f"{name} layers", 0])
    done = _done(local, prompt)
    assert _saved(done, local, "file").stat().st_size > 1000
    entry = _entry(done, "seen")
    assert (entry["full_width"], entry["full_height"]) == (1024, 768)
    for name in ("crisp", "fine", "refined"):
        assert done.outputs[f"{name} mask"]["images"]


def _read_as(meaning, near, far):
    return {
        "grey": node("LoadImage", image="ramp.png"),
        "read": node(
            "GenVRDepthFromImage", image=["grey", 0], white_means=meaning, near=near, far=far
        ),
        "kept": node(
            "GenVRDepthSaveDepth",
            depth=["read", 0],
            filename_prefix="read",
            format="npz",
            values="unchanged",
        ),
    }


@pytest.mark.parametrize(
    ("meaning", "middle"),
    [
        ("white is far (distance)", 16.0),  # the mist pass from 2 to 30 m
        ("white is near (disparity)", 2 / (1 / 2 + 1 / 30)),  # relative depth to metres
        ("white is near (log distance)", 60**0.5),
        ("white is far (log distance)", 60**0.5),
    ],
)
def test_image_to_depth_gives_the_metres_of_its_recipes(local, meaning, middle):
    done = _done(local, _read_as(meaning, 2.0, 30.0))
    depth = decode_depth(_saved(done, local, "kept").read_bytes())
    assert depth.kind == "metric"
    row = depth.values[0, 0].tolist()
    assert sorted((row[0], row[-1])) == pytest.approx([2.0, 30.0])
    assert row[31] == pytest.approx(middle, rel=0.06)
    assert row[31] != row[32]
    assert (row[0] < row[-1]) == ("far" in meaning)


def test_a_map_of_another_pack_is_refined_and_saved(local):
    prompt = {
        **_read_as("white is near (disparity)", 0.0, 0.0),
        "photo": node("LoadImage", image="photo.png"),
        "refined": _refined("read", "photo"),
    }
    prompt["kept"]["inputs"]["depth"] = ["refined", 0]
    done = _done(local, prompt)
    assert _saved(done, local, "kept").stat().st_size > 0


def test_the_measured_resolution_travels_with_the_map(local):
    """Through Adjust Depth, Save Depth and Load Depth, to the viewer's caption."""
    prompt = {
        **_photo(512, 384),
        "adjusted": node("GenVRDepthAdjust", depth=["depth", 0], gamma=1.2),
        "seen": node("GenVRDepthPreview", depth=["depth", 0]),
        "seen adjusted": node("GenVRDepthPreview", depth=["adjusted", 0]),
    }
    for kind in ("npz", "exr", "png16"):
        prompt[kind] = node(
            "GenVRDepthSaveDepth",
            depth=["adjusted", 0],
            filename_prefix=f"measured_{kind}",
            format=kind,
            values="unchanged",
        )
    done = _done(local, prompt)
    measured = _entry(done, "seen")["measured"]
    assert measured == _entry(done, "seen adjusted")["measured"] == [352, 256]
    again = {}
    for kind in ("npz", "exr", "png16"):
        path = _saved(done, local, kind)
        for one in path.parent.glob(f"{path.stem}*"):
            shutil.copy(one, local.base / "input")
        again[kind] = node("GenVRDepthLoad", file=path.name, meaning="as the file says")
        again[f"seen {kind}"] = node("GenVRDepthPreview", depth=[kind, 0])
    done = _done(local, again)
    for kind in ("npz", "exr", "png16"):
        assert _entry(done, f"seen {kind}")["measured"] == measured
