"""Depth to Stereo Image in a real ComfyUI: layouts, mask and report."""

from __future__ import annotations

import pytest
from comfy_graph import node
from PIL import Image

pytestmark = pytest.mark.comfy

SCENE = {"scene": node("GenVRDepthSampleScene", scene="product_table")}


def test_every_kind_of_layout_runs_and_reports(comfy):
    layouts = ("left and right", "side by side, half width", "anaglyph, Dubois", "VR180")
    prompt = dict(SCENE)
    for number, layout in enumerate(layouts):
        prompt[f"eyes{number}"] = node(
            "GenVRDepthStereo", depth=["scene", 1], image=["scene", 0], layout=layout,
            strength=2.5, screen=0.5, fill_holes="off", source_eye="left eye",
        )  # fmt: skip
        prompt[f"see{number}"] = node("PreviewImage", images=[f"eyes{number}", 0])
    prompt["mask"] = node("MaskPreview", mask=["eyes0", 1])
    prompt["say"] = node("PreviewAny", source=["eyes0", 2])
    prompt["photo"] = node(
        "GenVRDepthSaveImage", images=["eyes0", 0], filename_prefix="t/eyes", format="mpo"
    )
    done = comfy.run(prompt, timeout=240)
    assert done.status == "success", done.error()
    with Image.open(comfy.file(done.outputs["photo"]["files"][0])) as photo:
        assert photo.n_frames == 2
    assert [len(done.outputs[f"see{n}"]["images"]) for n in range(4)] == [2, 1, 1, 1]
    said = done.outputs["say"]["text"][0]
    assert "spatial photo" in said
    assert "%" in said
