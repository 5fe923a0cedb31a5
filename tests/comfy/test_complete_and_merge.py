"""Complete Depth and Merge Depth in a real ComfyUI, with what a user would wire to them."""

from __future__ import annotations

import json

import pytest
from comfy_graph import node, show

pytestmark = pytest.mark.comfy

SCENE = {
    "scene": node("GenVRDepthSampleScene", scene="product_table"),
    "photo": node(
        "ImageScale", image=["scene", 0], upscale_method="area", width=256, height=192,
        crop="disabled",
    ),
}  # fmt: skip


def test_a_sensors_map_and_typed_points_become_dense_depth(comfy):
    prompt = {
        **SCENE,
        "complete": node(
            "GenVRDepthComplete", image=["photo", 0], measured=["scene", 1], points=""
        ),
        "tape": node(
            "GenVRDepthComplete", image=["photo", 0],
            points="25, 175 = 0.87\n128, 150 = 1.03\n37, 30 = 3.0\n212, 32 = 2.94",
        ),
        "joined": node(
            "GenVRDepthMerge", first=["tape", 0], second=["complete", 0],
            rule="near from first, far from second", nearness=0.5, feather=8,
            align="scale and shift",
        ),
        "see": node("GenVRDepthPreview", depth=["joined", 0]),
        "error": node("MaskPreview", mask=["complete", 1]),
        "say": node("PreviewAny", source=["tape", 3]),
        "share": node("MaskPreview", mask=["joined", 1]),
    }  # fmt: skip
    done = comfy.run(prompt, timeout=240)
    assert done.status == "success", done.error()
    assert "4 measurements, 0 rejected" in done.outputs["say"]["text"][0]
    assert json.loads(done.outputs["complete"]["genvr_depth"][0])["unit"] == "m"
    assert len(done.outputs["see"]["genvr_depth"]) == 1


def test_a_point_outside_the_photo_is_said_on_the_node(comfy):
    prompt = {
        **SCENE,
        "tape": node("GenVRDepthComplete", image=["photo", 0], points="9000, 20 = 1\n3, 4 = 2"),
        "see": show(["photo", 0]),
        "say": node("PreviewAny", source=["tape", 3]),
    }
    done = comfy.run(prompt, timeout=120)
    assert done.status == "error"
    assert done.error()["node_id"] == "tape"
    assert "outside the photo" in done.error()["exception_message"]
