"""Depth through Glass in a real ComfyUI whose nodes for Marigold V2 are stand-ins.

The expansion, its wiring and its results are real; loading and sampling 20 GB are not.
"""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from comfy_graph import node
from genvr_depth.nodes.depthkit.formats import decode_depth
from load_pack import SUPPORT
from PIL import Image

pytestmark = pytest.mark.comfy
WIDE, HIGH = 200, 120
PANE = np.s_[30:80, 60:150]


@pytest.fixture(scope="module")
def marigold(tmp_path_factory, comfy_factory):
    base = tmp_path_factory.mktemp("marigold")
    (base / "custom_nodes").mkdir()
    (base / "input").mkdir()
    shutil.copy(SUPPORT / "stand_in_marigold.py", base / "custom_nodes")
    for folder, ending in (("loras", ""), ("vae", "_vae")):
        for name in ("log_stage2", "log_layered"):
            file = base / "models" / folder / f"marigold_v2_depth_{name}{ending}.safetensors"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
    (base / "models" / "embeddings").mkdir(parents=True)
    (base / "models" / "embeddings" / "marigold_v2_depth_conditioning.safetensors").touch()
    _photo().save(base / "input" / "window.png")
    return comfy_factory(base=base)


def _photo() -> Image.Image:
    """Red: log depth of a wall with a pane; green: the same with a far hill behind the pane."""
    rows, columns = np.mgrid[0:HIGH, 0:WIDE]
    first = 40 + 0.5 * rows + 0.4 * columns
    behind = first.copy()
    behind[PANE] = 230
    colours = np.stack([first, behind, np.zeros_like(first)], -1)
    return Image.fromarray(colours.round().astype(np.uint8))


def _prompt(**glass):
    return {
        "photo": node("LoadImage", image="window.png"),
        "model": node("StandInQwen"),
        "glass": node(
            "GenVRDepthThroughGlass", image=["photo", 0], model=["model", 0], megapixels=0.0,
            **glass,
        ),
        **{
            name: node(
                "GenVRDepthSaveDepth", depth=["glass", slot], filename_prefix=f"glass/{name}",
                format="npz", values="unchanged",
            )
            for slot, name in enumerate(("depth", "first", "behind"))
        },
        "share": node("MaskPreview", mask=["glass", 3]),
        "text": node("PreviewAny", source=["glass", 4]),
    }  # fmt: skip


def _map(server, done, name):
    return decode_depth(server.file(done.outputs[name]["files"][0]).read_bytes())


def test_stand_ins_give_both_maps_and_what_is_behind_the_pane(marigold):
    done = marigold.run(_prompt(feather=2))
    assert done.status == "success", done.error()
    depth, first, behind = (_map(marigold, done, name) for name in ("depth", "first", "behind"))
    assert depth.values.shape == (1, HIGH, WIDE)
    assert first.kind == behind.kind == depth.kind == "depth"
    inside = np.s_[0, 36:74, 66:144]
    wall = np.s_[0, 90:, :]
    assert (depth.values[inside] > 1.2 * first.values[inside]).all()
    assert (depth.values[wall] == first.values[wall]).all()
    # One scale for both: behind the pane the hill is flat, and farther than all of the wall.
    assert depth.values[inside].std() < 0.02 * depth.values[inside].mean()
    assert depth.values[inside].min() > first.values[wall].max()
    share = float(done.outputs["text"]["text"][0].split("%")[0])
    assert share == pytest.approx(100 * 50 * 90 / (WIDE * HIGH), abs=2)


def test_the_files_are_offered_by_name(marigold):
    info = marigold.object_info()["GenVRDepthThroughGlass"]["input"]["optional"]
    assert "auto" in info["see_through_lora"][0]
    assert "marigold_v2_depth_log_layered.safetensors" in info["see_through_lora"][0]


def test_a_comfyui_without_the_nodes_is_told_what_the_node_needs(comfy):
    if "MarigoldV2PostProcess" in comfy.object_info():
        pytest.skip("this ComfyUI has the nodes")
    prompt = {
        "scene": node("GenVRDepthSampleScene", scene="product_table"),
        "model": node("StandInModel"),
        "glass": node("GenVRDepthThroughGlass", image=["scene", 0], model=["model", 0]),
        "text": node("PreviewAny", source=["glass", 4]),
    }
    done = comfy.run(prompt)
    assert done.status == "error"
    assert "0.36 or newer" in done.error()["exception_message"]
