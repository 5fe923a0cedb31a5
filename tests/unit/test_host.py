"""The headless host: the same interface as ComfyUI's, with documented stand-ins."""

from __future__ import annotations

import pytest
import torch
from genvr_depth.nodes import host
from genvr_depth.nodes.depthkit.errors import InvalidInput


@pytest.fixture
def headless(monkeypatch, tmp_path):
    monkeypatch.setenv("GENVR_DEPTH_HOME", str(tmp_path))
    return host.HeadlessHost()


def test_without_comfyui_the_host_is_headless():
    assert isinstance(host.current(), host.HeadlessHost)


def test_folders_lie_under_the_chosen_home(headless, tmp_path):
    for folder in (headless.output_folder(), headless.private_folder(), *headless.model_folders()):
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
