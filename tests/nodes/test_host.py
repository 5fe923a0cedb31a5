"""The headless host: the same interface as ComfyUI's, with documented stand-ins."""

from __future__ import annotations

import errno
import os
import sys
import types

import pytest
import torch
from genvr_depth.nodes.depthkit.errors import InvalidInput
from genvr_depth.nodes.shared import host
from genvr_depth.nodes.shared.comfy_host import ComfyHost


@pytest.fixture
def headless(monkeypatch, tmp_path):
    monkeypatch.setenv("GENVR_DEPTH_HOME", str(tmp_path))
    return host.HeadlessHost()


def test_without_comfyui_the_host_is_headless():
    assert isinstance(host.current(), host.HeadlessHost)


def test_folders_lie_under_the_chosen_home(headless, tmp_path):
    for folder in (
        headless.output_folder(),
        headless.private_place().folder,
        *headless.model_folders(),
    ):
        assert folder.is_relative_to(tmp_path)


def test_save_counters_follow_the_highest_number_taken(headless):
    first = headless.save_target("room/depth", 4, 4)
    assert (first.stem, first.counter, first.subfolder) == ("depth", 1, "room")
    first.folder.mkdir(parents=True)
    (first.folder / "depth_00041_.png").touch()
    (first.folder / "depth_preview.png").touch()
    assert headless.save_target("room/depth", 4, 4).counter == 42


@pytest.mark.parametrize("prefix", ["../evil", "/etc/passwd", "a/../../b", ""])
def test_prefixes_that_leave_the_output_folder_are_refused(headless, prefix):
    with pytest.raises(InvalidInput, match="output folder"):
        headless.save_target(prefix, 4, 4)


def test_a_managed_network_is_ready_on_the_cpu(headless):
    model = headless.manage(torch.nn.Linear(1, 1))
    assert model.load() == torch.device("cpu")


def test_a_task_is_never_stopped_and_accepts_progress(headless):
    with headless.task(3) as task:
        task.on_progress(1, 3)
        task.say("working")
        assert not task.should_stop()


def test_expanding_nodes_say_that_they_need_comfyui(headless):
    with pytest.raises(InvalidInput, match="genvr-depth plan"):
        headless.graph()


@pytest.fixture
def comfy(monkeypatch, tmp_path):
    """ComfyUI's host with a temp folder, and a disk that `full` fills."""
    monkeypatch.setattr(ComfyHost, "temp_folder", lambda self: tmp_path / "temp")
    return ComfyHost()


def full(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_temp_file_is_written_once_and_whole(comfy, tmp_path):
    first = comfy.temp_file(b"depth", "d", "f32")
    assert comfy.temp_file(b"depth", "d", "f32") == first
    assert [path.read_bytes() for path in (tmp_path / "temp").iterdir()] == [b"depth"]


def test_a_full_disk_costs_the_view_and_not_the_result(comfy, monkeypatch, tmp_path, caplog):
    monkeypatch.setattr(os, "replace", full)
    assert comfy.temp_file(b"depth", "d", "f32") is None
    assert "disk is full" in caplog.text
    assert list((tmp_path / "temp").iterdir()) == []


def test_a_preview_that_cannot_be_written_is_left_out(comfy, monkeypatch, caplog):
    core = types.SimpleNamespace(PreviewImage=lambda: types.SimpleNamespace(save_images=full))
    monkeypatch.setitem(sys.modules, "nodes", core)
    assert comfy.preview(torch.zeros(1, 2, 2, 3), "d") == []
    assert "No preview" in caplog.text
