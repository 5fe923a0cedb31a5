"""The pack as a guest in a real ComfyUI."""

from __future__ import annotations

import pytest
from genvr_depth.nodes import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS

pytestmark = pytest.mark.comfy

SUSPICIOUS = ("IMPORT FAILED", "Cannot import", "Traceback", "genvr-depth: ", "DeprecationWarning")


def test_the_server_starts_with_the_pack_and_says_nothing_alarming(comfy):
    log, started, _ = comfy.log().partition("To see the GUI go to")
    assert started and "genvr-depth" in log
    assert not [line for line in log.splitlines() if any(word in line for word in SUSPICIOUS)]


def test_every_node_is_listed_under_its_plain_name(comfy):
    info = comfy.object_info()
    for node_id in NODE_CLASS_MAPPINGS:
        assert info[node_id]["display_name"] == NODE_DISPLAY_NAME_MAPPINGS[node_id]
        assert info[node_id]["category"].startswith("GenVR Depth/")


def test_a_folder_name_with_dots_and_hyphens_loads_too(comfy_factory):
    other = comfy_factory(pack_name="genvr.depth-1.0")
    assert set(NODE_CLASS_MAPPINGS) <= set(other.object_info())
    other.stop()
