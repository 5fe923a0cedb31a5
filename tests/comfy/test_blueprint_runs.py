"""The blueprints run: wired as in their files, with small models and the built-in depth model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from comfy_graph import node

pytestmark = pytest.mark.comfy

FOLDER = Path(__file__).resolve().parents[2] / "subgraphs"
OUTSIDE, INSIDE = -10, -20
SETTINGS = {
    # The one that the blueprint names is a download.
    "GenVRDepthModelLoader": {"model": "builtin"},
    "GenVRDepthGenerateLocal": {"steps": 1, "size": "megapixels", "megapixels": 0.02, "count": 2},
    "GenVRDepthKeepBest": {"keep": 1},
}


def feeds() -> dict[str, Any]:
    """What a user wires to a blueprint from outside."""
    return {
        "photo": node("GenVRDepthSampleScene", scene="furnished_room"),
        "checkpoint": node("CheckpointLoaderSimple", ckpt_name="sd15.safetensors"),
        "control": node("ControlNetLoader", control_net_name="sd15_depth.safetensors"),
        "positive": node("StandInConditioning", seed=0, width=768, pooled=768),
        "negative": node("StandInConditioning", seed=1, width=768, pooled=768),
    }


WIRES = {
    "image": ["photo", 0],
    "model": ["checkpoint", 0],
    "vae": ["checkpoint", 2],
    "control_net": ["control", 0],
}


def prompt_of(blueprint: dict[str, Any], info: dict[str, Any]) -> dict[str, Any]:
    """The prompt of a blueprint: its nodes and links, defaults for what is not wired."""
    (inside,) = blueprint["definitions"]["subgraphs"]
    links = {link["id"]: link for link in inside["links"]}
    prompt: dict[str, Any] = {}
    for one in inside["nodes"]:
        kind, inputs = one["type"], {}
        for name, (type_, *more) in info[kind]["input"]["required"].items():
            options = more[0] if more else {}
            if isinstance(type_, list):
                inputs[name] = options.get("default", type_[0])
            elif "default" in options:
                inputs[name] = options["default"]
        for slot in one["inputs"]:
            link = links.get(slot.get("link"))
            if link is None:
                continue
            if link["origin_id"] != OUTSIDE:
                inputs[slot["name"]] = [str(link["origin_id"]), link["origin_slot"]]
            elif (name := inside["inputs"][link["origin_slot"]]["name"]) in WIRES:
                inputs[slot["name"]] = WIRES[name]
        inputs |= SETTINGS.get(kind, {})
        if kind == "GenVRDepthGenerateLocal":  # in place of a text encoder
            inputs |= {"positive": ["positive", 0], "negative": ["negative", 0]}
        prompt[str(one["id"])] = {"class_type": kind, "inputs": inputs}
    for link in inside["links"]:
        if link["target_id"] == INSIDE:
            shown = {"IMAGE": "images", "DEPTH_MAP": "depth"}.get(link["type"])
            if shown:
                kind = "PreviewImage" if shown == "images" else "GenVRDepthPreview"
                source = [str(link["origin_id"]), link["origin_slot"]]
                prompt[f"see {link['type']}"] = node(kind, **{shown: source})
    return prompt


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_every_blueprint_runs(local, path):
    prompt = prompt_of(json.loads(path.read_text(encoding="utf-8")), local.object_info())
    wanted = {value[0] for one in prompt.values() for value in one["inputs"].values()
              if isinstance(value, list)}  # fmt: skip
    prompt |= {key: one for key, one in feeds().items() if key in wanted}
    history = local.run(prompt, timeout=500)
    assert history.status == "success", history.error()
    seen = [key for key in prompt if key.startswith("see ")]
    assert seen
    for key in seen:
        entries = history.outputs[key]["images"]
        assert entries, key
        assert all(local.file(entry).stat().st_size > 500 for entry in entries)
    if path.stem == "Keep Best of N":
        assert len(history.outputs["see IMAGE"]["images"]) == 1
