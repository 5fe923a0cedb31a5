"""The page's files in a folder with an unusual name; `tests/comfy/test_pack.py` asks ComfyUI."""

from __future__ import annotations

import logging

import pytest
from genvr_depth.nodes.shared import host, web_folder
from load_pack import ROOT


@pytest.fixture
def routes(monkeypatch):
    """`register()` under a folder name, and the addresses it asked the server for."""
    found: list[str] = []
    monkeypatch.setattr(
        host.HeadlessHost, "add_route", lambda self, method, path, handler: found.append(path)
    )

    def registered(name: str) -> list[str]:
        monkeypatch.setattr(web_folder, "PACK", ROOT.with_name(name))
        web_folder.register()
        return found

    return registered


@pytest.mark.parametrize("name", ["genvr-depth", "GenVR_Depth.1", "genvr-depth(2)", "a+b@c~"])
def test_what_comfyui_serves_is_left_to_it(name, routes, caplog):
    assert web_folder.is_servable(name)
    assert routes(name) == []
    assert not caplog.records


@pytest.mark.parametrize("name", ["genvr depth", "genvr-depth[1]", "Größe", "深度", "a^b", "{a}"])
def test_an_unusual_name_is_served_by_the_pack(name, routes, caplog):
    assert not web_folder.is_servable(name)
    page, templates = routes(name)
    assert page.startswith("/extensions/")
    assert templates.startswith("/workflow_templates/")
    assert not caplog.records


@pytest.mark.parametrize("name", ["50% depth", "depth#1", "depth?"])
def test_one_warning_says_that_help_is_missing(name, routes, caplog):
    with caplog.at_level(logging.WARNING, "genvr_depth"):
        assert len(routes(name)) == 2
    (record,) = caplog.records
    assert repr(name) in record.getMessage()
    assert "Rename it to genvr-depth" in record.getMessage()
