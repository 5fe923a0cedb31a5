"""What the viewer in the page is given, and that nothing is written where nobody looks."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from genvr_depth.nodes.adjust.preview_depth import GenVRDepthPreview
from genvr_depth.nodes.depthkit.depth_map import DepthMap, Pinhole
from genvr_depth.nodes.shared import depth_view, host
from genvr_depth.nodes.shared.depth_view import (
    UI_KEY,
    depth_ui,
    frame_entry,
    raw_frame,
    shown_frames,
)


class CanvasHost(host.HeadlessHost):
    """A host with a page: keeps what would be written."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def preview(self, images, prefix):
        return [
            {"filename": f"{prefix}_{n}.png", "subfolder": "", "type": "temp"}
            for n in range(len(images))
        ]

    def temp_file(self, data, prefix, extension):
        name = f"{prefix}_{len(self.files)}.{extension}"
        self.files[name] = data
        return {"filename": name, "subfolder": "", "type": "temp"}


@pytest.fixture
def canvas(monkeypatch):
    fake = CanvasHost()
    monkeypatch.setattr(depth_view, "current", lambda: fake)
    return fake


def _metric(batch=1, height=4, width=6):
    values = torch.arange(batch * height * width, dtype=torch.float32).reshape(batch, height, width)
    valid = torch.ones_like(values, dtype=torch.bool)
    valid[:, 0, 1] = False
    return DepthMap.make(values + 1, "metric", valid, Pinhole.from_fov(60, width, height), "ramp")


def test_a_disk_that_is_full_leaves_the_views_empty(canvas, monkeypatch):
    monkeypatch.setattr(canvas, "preview", lambda images, prefix: [])
    shown = depth_ui(_metric(), image=torch.rand(1, 4, 6, 3))
    assert "image" not in json.loads(shown[UI_KEY][0])
    monkeypatch.setattr(canvas, "temp_file", lambda *_: None)
    assert depth_ui(_metric()) == {"images": [], UI_KEY: []}


def test_the_raw_file_holds_the_map_itself_and_nan_where_invalid(canvas):
    depth = _metric()
    entry = json.loads(depth_ui(depth)[UI_KEY][0])
    read = np.frombuffer(canvas.files[entry["file"]["filename"]], "<f4")
    read = read.reshape(entry["height"], entry["width"])
    assert np.isnan(read[0, 1])
    known = ~np.isnan(read)
    assert np.array_equal(read[known], depth.values[0].numpy()[known])
    assert (entry["unit"], entry["near"], entry["far"]) == ("m", 1.0, 24.0)


def test_the_viewer_is_told_how_finely_the_map_was_measured(canvas):
    depth = DepthMap.make(torch.rand(6, 8), "depth", measured=(3, 4))
    assert json.loads(depth_ui(depth)[UI_KEY][0])["measured"] == [4, 3]
    assert json.loads(depth_ui(_metric())[UI_KEY][0])["measured"] is None


def test_near_is_the_large_end_of_a_disparity_map(canvas):
    depth = DepthMap.make(torch.tensor([[0.25, 2.0]]), "disparity")
    entry = json.loads(depth_ui(depth)[UI_KEY][0])
    assert (entry["near"], entry["far"], entry["unit"]) == (2.0, 0.25, "")


def test_a_large_map_is_sampled_and_says_by_how_much():
    depth = _metric(height=101, width=203)
    raw, step = raw_frame(depth, max_pixels=1000)
    entry = frame_entry(depth, 0, raw, step)
    assert step > 1
    assert raw.numel() <= 1000 + sum(raw.shape)
    assert set(raw[~raw.isnan()].tolist()) <= set(depth.values.flatten().tolist())
    assert entry["camera"][0] == pytest.approx(depth.camera.fx / step)
    assert (entry["full_width"], entry["step"]) == (203, step)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9000), (9000, 1)])
def test_a_thin_map_keeps_at_least_one_pixel(shape):
    raw, _ = raw_frame(DepthMap.make(torch.ones(shape), "metric"), max_pixels=100)
    assert raw.numel() >= 1


@pytest.mark.parametrize("batch", [1, 31, 32, 33, 500])
def test_a_long_clip_shows_frames_from_first_to_last(batch):
    frames = shown_frames(batch)
    assert frames[0] == 0
    assert frames[-1] == batch - 1
    assert len(frames) == min(batch, depth_view.MAX_FRAMES)
    assert sorted(set(frames)) == frames


def test_every_shown_frame_gets_its_own_file_and_image(canvas):
    ui = depth_ui(_metric(batch=3), image=torch.rand(1, 4, 6, 3))
    assert [entry["frame"] for entry in map(json.loads, ui[UI_KEY])] == [0, 1, 2]
    assert len(canvas.files) == 3
    assert all(entry["image"]["filename"] for entry in map(json.loads, ui[UI_KEY]))


def test_a_map_without_a_valid_pixel_still_answers(canvas):
    depth = _metric()
    blind = replace(depth, valid=torch.zeros_like(depth.valid))
    entry = json.loads(depth_ui(blind)[UI_KEY][0])
    assert (entry["near"], entry["far"]) == (0.0, 0.0)


def test_the_sliders_still_reach_what_was_clipped(canvas):
    depth = _metric()
    clipped = depth.with_values(depth.values.clamp(5, 10))
    entry = json.loads(depth_ui(clipped, before=depth)[UI_KEY][0])
    assert (entry["near"], entry["far"]) == (5.0, 10.0)
    assert entry["reach"] == {"near": 1.0, "far": 24.0}
    other = json.loads(
        depth_ui(clipped, before=depth.with_values(depth.values, kind="depth"))[UI_KEY][0]
    )
    assert other["reach"] == {"near": 5.0, "far": 10.0}


def test_without_a_canvas_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setenv("GENVR_DEPTH_HOME", str(tmp_path))
    answer = GenVRDepthPreview().show(_metric(), torch.rand(1, 4, 6, 4))
    assert answer["ui"] == {"images": [], UI_KEY: []}
    assert answer["result"][0].kind == "metric"
    assert list(tmp_path.iterdir()) == []
