"""The committed snapshot of core nodes still tells the truth about the ComfyUI at hand."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.comfy

DATA = Path(__file__).resolve().parents[1] / "data"
# Of 0.27, what 0.33 adds, and what was read of newer ones; the oldest record of a node counts.
SNAPSHOT: dict = {}
for record in ("object_info_read", "object_info_newer", "object_info"):
    SNAPSHOT |= json.loads((DATA / f"{record}.json").read_text())["nodes"]
# "   4 KSampler(model=..." in a golden plan.
STEPS = re.compile(r"^ +\d+ (\w+)\(", re.MULTILINE)
PLANNED = sorted({n for p in (DATA / "plans").glob("*.txt") for n in STEPS.findall(p.read_text())})


@pytest.fixture(scope="module")
def live(comfy):
    return comfy.object_info()


def test_the_plans_use_the_nodes_we_think_they_use():
    assert {"KSampler", "ControlNetApplyAdvanced", "InstructPixToPixConditioning"} <= set(PLANNED)


# Optional inputs that an older ComfyUI has not yet, and that no plan uses there.
LATER = {
    "0.8": {"CreateVideo": {"bit_depth"}, "LTXVAddGuide": {"attention_mask", "iclora_parameters"}},
}


@pytest.fixture(scope="module")
def later(comfy):
    version = comfy.get("/system_stats")["system"]["comfyui_version"]
    return LATER.get(".".join(version.split(".")[:2]), {})


@pytest.mark.parametrize("name", PLANNED)
def test_inputs_and_outputs_of_planned_nodes_are_unchanged(live, later, name):
    if name not in live:
        pytest.skip(f"this ComfyUI has no {name} yet; its plan is read, not run")
    known, real = SNAPSHOT[name], live[name]
    assert set(real["input"]["required"]) == set(known["required"])
    optional = set(known["optional"]) - later.get(name, set())
    assert optional <= set(real["input"].get("optional", {}))
    assert real["output"] == known["output"]
    for given, facts in known["required"].items():
        declared = real["input"]["required"][given][0]
        assert ("COMBO" if isinstance(declared, list) else declared) == facts["type"], given
