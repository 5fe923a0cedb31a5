"""A grey image connected where depth is taken is read as Image to Depth reads it by default."""

from __future__ import annotations

import re

import pytest
import torch
from genvr_depth.nodes import NODE_CLASS_MAPPINGS
from genvr_depth.nodes.depthkit.depth_map import DepthMap
from genvr_depth.nodes.depthkit.errors import InvalidInput
from genvr_depth.nodes.depthkit.formats import decode_depth
from genvr_depth.nodes.depthkit.scenes import SCENE_NAMES, load_scene
from genvr_depth.nodes.shared import headless

NOTE = "is an image: read as 'white is near (disparity)'"


# What each node needs beside its depth; the GenVR node is looked at in tests/genvr.
class Bright:
    """A stand-in for a model: reads brightness as disparity."""

    name, kind, multiple, inner_size, licence = "bright", "disparity", 1, 48, "none"

    def __call__(self, images):
        return images.mean(1)


BESIDE = {
    "GenVRDepthAdjust": {"gamma": 2.0},
    "GenVRDepthCheck": {},
    "GenVRDepthNormals": {},
    "GenVRDepthStereo": {"image": torch.rand(1, 48, 64, 3)},
    "GenVRDepthToImage": {"colormap": "grey", "near_is": "white"},
    "GenVRDepthPreview": {},
    "GenVRDepthRefine": {"guide": torch.rand(1, 96, 128, 3)},
    "GenVRDepthLayers": {},
    "GenVRDepthStructureScore": {"image": torch.rand(1, 48, 64, 3), "model": Bright()},
    "GenVRDepthKeepBest": {
        "images": [torch.rand(2, 48, 64, 3)],
        "keep": [1],
        "model": [Bright()],
    },
    "GenVRDepthSaveDepth": {"filename_prefix": "one", "format": "npz"},
    "GenVRDepthSave3D": {"filename_prefix": "one", "format": "ply"},
    "GenVRDepthToMesh": {},
    "GenVRDepthMerge": {
        "second": DepthMap.make(torch.linspace(1, 2, 64).expand(1, 48, 64), "disparity")
    },
    "GenVRDepthCameraMove": {"image": torch.rand(1, 48, 64, 3), "frames": 2},
}
REPORTS = (
    "GenVRDepthCheck", "GenVRDepthStereo", "GenVRDepthStructureScore", "GenVRDepthKeepBest",
    "GenVRDepthMerge", "GenVRDepthCameraMove",
)  # fmt: skip


@pytest.fixture(autouse=True)
def said(tmp_path, monkeypatch):
    """What the nodes say on their faces."""
    lines = []
    monkeypatch.setenv("GENVR_DEPTH_HOME", str(tmp_path))
    monkeypatch.setattr(headless._QuietTask, "say", lambda self, text: lines.append(text))
    return lines


def grey():
    ramp = torch.linspace(0.1, 0.9, 64)[None, None].repeat(1, 48, 1)
    ramp[:, 10:30, 20:40] = 1.0
    return ramp[..., None].expand(-1, -1, -1, 3)


def run(node_id, depth):
    cls = NODE_CLASS_MAPPINGS[node_id]
    name = _depth_input(cls)
    given = [depth] if getattr(cls, "INPUT_IS_LIST", False) else depth
    answer = getattr(cls(), cls.FUNCTION)(**{name: given}, **BESIDE[node_id])
    return answer["result"] if isinstance(answer, dict) else answer


def _depth_input(cls):
    inputs = cls.inputs()
    declared = {**inputs.required, **inputs.optional}
    return next(name for name, given in declared.items() if _takes_depth(given))


def _takes_depth(given):
    return "DEPTH_MAP" in getattr(given, "type", "").split(",")


def _rounded(text):
    """Its lines but the note; numbers to a thousandth: the last bits of a mean depend on where in
    memory its pixels lie."""
    lines = [line for line in text.splitlines() if NOTE not in line]
    return [
        re.sub(r"-?\d+\.\d+(e-?\d+)?", lambda n: f"{round(float(n[0]), 3) + 0.0:.3f}", line)
        for line in lines
    ]


def _same(a, b):
    if isinstance(a, torch.Tensor):
        return torch.allclose(a, b, atol=1e-5, equal_nan=True)
    if isinstance(a, DepthMap):
        return a.kind == b.kind and a.source == b.source and torch.equal(a.values, b.values)
    if isinstance(a, list | tuple):
        return all(_same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, str):
        return _rounded(a) == _rounded(b)
    return isinstance(a, dict) or a == pytest.approx(b)


def test_every_node_that_takes_depth_takes_an_image_and_is_tried_here():
    takers = {
        node_id
        for node_id, cls in NODE_CLASS_MAPPINGS.items()
        for given in {**cls.inputs().required, **cls.inputs().optional}.values()
        if _takes_depth(given)
    }
    elsewhere = {
        "GenVRDepthGenerateLocal", "GenVRDepthGenerateRemote", "GenVRDepthGenerateVideo",
    }  # fmt: skip
    in_metres = {"GenVRDepthComplete"}
    assert takers == {*BESIDE, *elsewhere, *in_metres}
    for node_id in takers - in_metres:
        cls = NODE_CLASS_MAPPINGS[node_id]
        kind, _ = next(
            pair
            for group in ("required", "optional")
            for pair in cls.INPUT_TYPES().get(group, {}).values()
            if "DEPTH_MAP" in pair[0]
        )
        assert kind.startswith("DEPTH_MAP,IMAGE")


@pytest.mark.parametrize("node_id", BESIDE)
def test_an_image_gives_what_image_to_depth_in_front_gives(node_id, said):
    in_front = NODE_CLASS_MAPPINGS["GenVRDepthFromImage"]
    meaning = in_front.defaults()["white_means"]
    depth = in_front().convert(grey(), meaning)["result"][0]
    wanted = run(node_id, depth)
    assert not any(NOTE in line for line in said)
    found = run(node_id, grey())
    assert _same(found, wanted)
    assert any(NOTE in line for line in said)
    if node_id in REPORTS:
        texts = [one for one in found if isinstance(one, str) and NOTE in one]
        assert len(texts) == 1
        assert sum(NOTE in line for line in texts[0].splitlines()) == 1


@pytest.fixture(scope="module")
def photo():
    return load_scene(SCENE_NAMES[0]).image


@pytest.mark.parametrize("node_id", BESIDE)
def test_a_photograph_is_refused_with_the_inputs_own_name(node_id, photo):
    name = _depth_input(NODE_CLASS_MAPPINGS[node_id])
    with pytest.raises(InvalidInput, match=f"input '{name}' is coloured.*Depth Estimation"):
        run(node_id, photo)


def test_a_saved_image_says_how_it_was_read(tmp_path, said):
    run("GenVRDepthSaveDepth", grey()[..., :1])
    saved = decode_depth(next(tmp_path.rglob("*.npz")).read_bytes())
    assert saved.near_is_large
    assert saved.source == "image, white is near (disparity)"
    assert said[-1].startswith("The input 'depth' is an image")
    assert "1 saved" in said[-1]


def test_transparent_pixels_of_the_image_are_unknown():
    alpha = torch.ones(1, 48, 64, 1)
    alpha[:, :9] = 0
    (depth,) = run("GenVRDepthPreview", torch.cat([grey(), alpha], -1))
    assert not depth.valid[:, :9].any()
    assert depth.valid[:, 9:].all()
