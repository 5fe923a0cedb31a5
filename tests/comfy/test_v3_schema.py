"""A node's declaration holds all that ComfyUI's V3 API needs; the nodes themselves stay V1."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from load_pack import SUPPORT

pytestmark = pytest.mark.comfy


def _version(checkout: str) -> tuple[int, ...]:
    text = (Path(checkout) / "comfyui_version.py").read_text()
    found = re.search(r'"(\d+)\.(\d+)', text)
    assert found is not None
    return tuple(int(part) for part in found.groups())


@pytest.mark.parametrize(
    "node_id", ["GenVRDepthEstimate", "GenVRDepthSaveDepth", "GenVRDepthGenerateRemote"]
)
def test_a_declaration_becomes_a_v3_schema_with_the_same_inputs_in_the_same_order(node_id):
    checkout = os.environ.get("COMFYUI_PATH")
    if not checkout:
        pytest.skip("set COMFYUI_PATH to a ComfyUI checkout to run this tier")
    if _version(checkout) < (0, 27):
        pytest.skip("the V3 schema of older releases has no advanced inputs")
    python = os.environ.get("COMFYUI_PYTHON", sys.executable)
    arguments = [python, str(SUPPORT / "v3_schema.py"), checkout, node_id]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    answer = json.loads(done.stdout.splitlines()[-1])
    assert list(answer["v3"]["inputs"].items()) == list(answer["v1"]["inputs"].items())
    assert answer["v3"]["outputs"] == answer["v1"]["outputs"]
