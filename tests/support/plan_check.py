"""Whether the steps of a plan agree with the schemas of the nodes they name."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from genvr_depth.nodes.depthkit.local.steps import Given, Ref, Step

_DATA = Path(__file__).resolve().parents[1] / "data"


def _nodes(name: str) -> dict[str, Any]:
    return json.loads((_DATA / f"object_info{name}.json").read_text())["nodes"]


# 0.27 and 0.33 as their servers said; what is newer, or of another pack, as its documentation says.
RAN = {"0.27": _nodes(""), "0.33": _nodes("_newer")}
READ = _nodes("_read")

# Sockets of the objects that a plan is given.
_GIVEN = {
    **dict.fromkeys(("model", "model_low_noise"), "MODEL"),
    **dict.fromkeys(("positive", "negative"), "CONDITIONING"),
    **dict.fromkeys(
        (
            "hint", "reference", "background", "color_map", "control_video", "first_frame",
            "last_frame", "source_video",
        ),
        "IMAGE",
    ),
    **dict.fromkeys(("mask", "composite_mask", "control_masks"), "MASK"),
    "vae": "VAE",
    "clip": "CLIP",
    "control_net": "CONTROL_NET",
    "model_patch": "MODEL_PATCH",
}  # fmt: skip
_LITERALS = {"INT": int, "FLOAT": (int, float), "STRING": str, "BOOLEAN": bool, "COMBO": str}
# One socket takes the ControlNets of core and those of a pack.
_EITHER = {("CONTROL_NET", "FLUX2_FUN_CONTROLNET")}


def check_steps(
    steps: Sequence[Step], results: Mapping[Ref, str], nodes: Mapping[str, Any]
) -> None:
    """Assert that every step has the inputs of its node and no other, in types and limits.

    results: what a plan answers -> its type.
    """
    outputs: dict[str, list[str]] = {}
    for step in steps:
        schema = nodes[step.class_type]
        known = schema["required"] | schema["optional"]
        assert set(step.inputs) <= set(known), step
        assert set(schema["required"]) <= set(step.inputs), step
        for name, value in step.inputs.items():
            _check_value(known[name], value, outputs, f"{step.class_type}.{name}")
        outputs[step.key] = schema["output"]
    for ref, kind in results.items():
        assert outputs[ref.step][ref.slot] == kind


def _check_value(declared: Any, value: Any, outputs: Mapping[str, list[str]], where: str) -> None:
    if isinstance(value, Ref):
        assert outputs[value.step][value.slot] == declared["type"], where
    elif isinstance(value, Given):
        given = _GIVEN[value.name.removesuffix("_2")]
        assert given == declared["type"] or (given, declared["type"]) in _EITHER, where
    else:
        assert isinstance(value, _LITERALS[declared["type"]]), where
        if "options" in declared:
            assert value in declared["options"], where
        if "min" in declared:
            assert declared["min"] <= value <= declared["max"], where
