"""The facts about models and control nets, read off ComfyUI's real classes of every family."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from load_pack import SUPPORT

pytestmark = pytest.mark.comfy


@pytest.fixture(scope="module")
def probed():
    checkout = os.environ.get("COMFYUI_PATH")
    if not checkout:
        pytest.skip("set COMFYUI_PATH to a ComfyUI checkout to run this tier")
    python = os.environ.get("COMFYUI_PYTHON", sys.executable)
    arguments = [python, str(SUPPORT / "facts_probe.py"), checkout]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_every_family_is_recognised_by_comfyuis_own_config(probed):
    assert {key: key for key in probed["families"]} == probed["families"]
    assert probed["widths"]["sdxl"] == 2048
    assert probed["widths"]["sd3"] == 2432


@pytest.mark.parametrize(
    ("name", "kind", "width", "union", "vae"),
    [
        ("sd15", "unet", 768, 0, False),
        ("sdxl union", "unet", 2048, 8, False),
        ("sd3", "sd3", 1536, 0, True),
        ("sd35", "sd35", 2432, 0, True),
        ("qwen", "qwen", 3072, 0, True),
        ("qwen fun", "qwen", 3072, 0, True),
        ("adapter", "t2i", 768, 0, False),
        ("adapter xl", "t2i", 2048, 0, False),
        ("control-lora", "control-lora", 2048, 0, False),
    ],
)
def test_control_nets_are_recognised_by_comfyuis_own_classes(probed, name, kind, width, union, vae):
    if name not in probed["controls"]:
        pytest.skip(f"this ComfyUI has no {name}")
    facts = probed["controls"][name]
    assert (facts["kind"], facts["width"]) == (kind, width)
    assert (facts["union_types"], facts["needs_vae"]) == (union, vae)


def test_model_patches_are_recognised_by_comfyuis_own_classes(probed):
    assert probed["patches"] == {"qwen": "qwen", "z-image": "z-image"}
