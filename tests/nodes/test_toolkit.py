"""The toolkit's nodes, run as a user would: one image and a batch; sixteen in `tests/comfy`."""

from __future__ import annotations

import json

import pytest
import torch
from genvr_depth.nodes import NODE_CLASS_MAPPINGS
from genvr_depth.nodes.depthkit.depth_map import DepthMap
from genvr_depth.nodes.depthkit.errors import Stopped
from genvr_depth.nodes.depthkit.views.camera_path import MOVES, TIMINGS
from genvr_depth.nodes.shared import headless


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("GENVR_DEPTH_HOME", str(tmp_path))


def _depth(batch=1, height=24, width=32, kind="disparity"):
    generator = torch.Generator().manual_seed(2)
    values = torch.linspace(1, 3, width)[None, None] + 0.2 * torch.rand(
        batch, height, width, generator=generator
    )
    values[:, 8:16, 10:20] = 6.0
    return DepthMap.make(values, kind)


def _photo(batch=1, height=48, width=64, channels=3):
    return torch.rand(batch, height, width, channels, generator=torch.Generator().manual_seed(1))


def _run(node_id, *args, **kwargs):
    cls = NODE_CLASS_MAPPINGS[node_id]
    answer = getattr(cls(), cls.FUNCTION)(*args, **kwargs)
    result = answer["result"] if isinstance(answer, dict) else answer
    assert len(result) == len(cls.RETURN_TYPES)
    return result


@pytest.mark.parametrize("batch", [1, 16])
def test_adjust_keeps_batch_and_size(batch):
    depth = _depth(batch)
    (out,) = _run(
        "GenVRDepthAdjust",
        depth,
        gamma=2.0,
        invert=True,
        smooth=2,
        smooth_time=1,
        fill_holes="all",
        window="percentile",
    )
    assert out.values.shape == depth.values.shape
    assert not torch.equal(out.values, depth.values)


def test_adjust_hears_stop_inside_a_clip(monkeypatch):
    heard = []

    def pressed(task, done, total):
        heard.append((done, total))
        raise Stopped

    monkeypatch.setattr(headless._QuietTask, "on_progress", pressed)
    with pytest.raises(Stopped):
        _run("GenVRDepthAdjust", _depth(16), smooth_time=2)
    assert heard == [(1, 16)]


@pytest.mark.parametrize("batch", [1, 16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_refine_answers_at_the_guides_size(batch, channels):
    (out,) = _run("GenVRDepthRefine", _depth(batch), _photo(batch, channels=channels))
    assert out.values.shape == (batch, 48, 64)


@pytest.mark.parametrize("batch", [1, 16])
@pytest.mark.parametrize("photo", [None, "same size", "larger"])
def test_layers_come_as_masks_and_rgba(batch, photo):
    picture = None if photo is None else _photo(batch, *((24, 32) if photo[0] == "s" else (48, 64)))
    size = (48, 64) if photo == "larger" else (24, 32)
    fore, mid, back, layers, masks, text, regions = _run(
        "GenVRDepthLayers", _depth(batch), 4, "automatic", 0.1, picture
    )
    for mask in (fore, mid, back):
        assert mask.shape == (batch, *size)
    assert layers.shape == (4 * batch, *size, 4)
    assert masks.shape == (4 * batch, *size)
    assert len(text.split(",")) == 3
    assert regions.shape == (batch, *size, 3)
    assert len(regions.flatten(0, 2).unique(dim=0)) == 4


def test_the_layers_own_thresholds_make_the_same_cut_again():
    depth = _depth()
    first = _run("GenVRDepthLayers", depth, 3, "equal depth", 0.0)
    again = _run("GenVRDepthLayers", depth, 8, "thresholds", 0.0, thresholds=first[5])
    assert (first[4] - again[4]).abs().mean() < 0.01


class _Painted:
    """Reads the disparity painted into the image as grey."""

    name = "painted"
    kind = "disparity"
    multiple = 1
    inner_size = 48
    licence = "none"

    def __call__(self, images):
        return images.mean(1)


def _painted(depth, height=48, width=64):
    grey = (depth.values / depth.values.amax())[:, None]
    grey = torch.nn.functional.interpolate(grey, (height, width), mode="bilinear")
    return grey.movedim(1, -1).expand(-1, -1, -1, 3).contiguous()


@pytest.mark.parametrize("batch", [1, 3])
def test_structure_score_reports_every_image_of_a_batch(batch):
    depth = _depth(1)
    pictures = torch.cat([_painted(depth)] * batch)
    score, report, heat, data = _run("GenVRDepthStructureScore", depth, pictures, _Painted())
    assert 60 < score <= 100
    assert report.count("raw agreement") == batch
    assert heat.shape == pictures.shape
    assert len(json.loads(data)) == batch


def test_structure_score_takes_the_original_photo_too():
    depth, rails = _depth(1), torch.ones(1, 240, 320, 3)
    y, x = torch.meshgrid(torch.arange(240.0), torch.arange(320.0), indexing="ij")
    angle = torch.atan2(y - 80, x - 160)
    rails[0] *= ((angle * 12).sin() > 0).float()[..., None]
    _, alone, _, _ = _run("GenVRDepthStructureScore", depth, rails, _Painted())
    _, report, _, _ = _run("GenVRDepthStructureScore", depth, rails, _Painted(), rails)
    assert "horizon" not in alone
    assert "horizon moved +0.0 %" in report


def _several(*depths):
    return DepthMap.make(torch.cat([d.values for d in depths]), depths[0].kind)


def test_every_image_is_held_against_its_own_control_and_photo():
    first = _depth(1)
    second = first.with_values(first.values.flip(2))
    pictures = torch.cat([_painted(first), _painted(second)])
    both = _several(first, second)
    _, _, _, data = _run("GenVRDepthStructureScore", both, pictures, _Painted(), pictures)
    assert min(one["score"] for one in json.loads(data)) > 60
    _, scores, _ = _run(
        "GenVRDepthKeepBest", [second, first], [pictures.flip(0)], [2], model=[_Painted()]
    )
    assert min(scores) > 60


@pytest.mark.parametrize("extra", ["control", "original"])
def test_counts_that_do_not_fit_are_named(extra):
    depth, pictures = _depth(1), torch.cat([_painted(_depth(1))] * 3)
    control = _several(depth, depth) if extra == "control" else depth
    original = pictures[:2] if extra == "original" else None
    with pytest.raises(ValueError, match=f"There are 3 images but 2 of '{extra}'"):
        _run("GenVRDepthStructureScore", control, pictures, _Painted(), original)
    with pytest.raises(ValueError, match="There are 3 images but 2 of 'control'"):
        _run("GenVRDepthKeepBest", [depth, depth], [pictures], [1], model=[_Painted()])


@pytest.mark.parametrize("batch", [1, 3])
def test_keep_best_finds_the_image_that_kept_the_depth(batch):
    depth = _depth(1)
    pictures = _photo(batch)
    pictures[-1] = _painted(depth)[0]
    images, scores, report = _run(
        "GenVRDepthKeepBest", [depth], [pictures], [2], model=[_Painted()]
    )
    assert len(images) == 1
    assert torch.equal(images[0][0], pictures[-1])
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == min(2, batch)
    assert report.startswith(f"image {batch}:")


def test_keep_best_sorts_a_list_of_images_of_different_sizes():
    depth = _depth(1)
    pictures = [_photo(1), _painted(depth, 24, 32), _painted(depth, 30, 30), _photo(2, 20, 20)]
    images, scores, _ = _run("GenVRDepthKeepBest", [depth], pictures, [3], model=[_Painted()])
    assert [image.shape[1] for image in images[:1]] == [24]
    assert len(images) == len(scores) == 3


@pytest.mark.parametrize("batch", [1, 16])
def test_check_hands_the_depth_on_with_a_verdict(batch):
    depth = _depth(batch)
    photo = _photo(batch)
    same, report, ok, data, handed_on = _run("GenVRDepthCheck", depth, "report", photo, 4096)
    assert same is depth
    assert handed_on is photo
    assert isinstance(ok, bool)
    assert "too small" in data
    assert "Refine Depth Edges" in report


def test_check_stops_the_run_before_money_is_spent():
    flat = DepthMap.make(torch.ones(1, 24, 32), "disparity")
    with pytest.raises(ValueError, match="stopped by Check Depth"):
        _run("GenVRDepthCheck", flat, "stop the run")


@pytest.mark.parametrize("batch", [1, 16])
@pytest.mark.parametrize("layout", ["side by side", "anaglyph", "parallax clip, orbit"])
def test_stereo_makes_images_and_masks(batch, layout):
    images, holes, report = _run(
        "GenVRDepthStereo", _depth(batch), _photo(batch, 24, 32, 4), layout, 5.0, frames=5
    )
    assert images.shape[0] == (5 if "clip" in layout else batch)
    assert images.shape[:3] == holes.shape
    assert "cm" in report


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize(
    ("path", "word"),
    [
        ({"move": "crane"}, "crane by 10% of the distance to the focus"),
        ({"keyframes": "1: 0.1 0 0"}, "Along the key frames"),
        (
            {"camera": {"position": {"x": 0.1, "y": 0, "z": 0}, "target": dict.fromkeys("xyz", 0)}},
            "To the connected camera",
        ),
    ],
)
def test_camera_move_makes_frames_masks_and_depth(batch, path, word):
    frames, holes, depth, report = _run(
        "GenVRDepthCameraMove", _depth(batch), _photo(batch, 24, 32, 4), frames=3, **path
    )
    count = batch if batch > 1 else 3
    assert frames.shape == (count, 24, 32, 3)
    assert holes.shape == (count, 24, 32)
    assert depth.values.shape == holes.shape
    assert depth.kind == "depth"
    assert word in report


def test_camera_move_offers_every_move_and_timing():
    offered = NODE_CLASS_MAPPINGS["GenVRDepthCameraMove"].INPUT_TYPES()["required"]
    assert tuple(offered["move"][0]) == tuple(MOVES)
    assert tuple(offered["timing"][0]) == tuple(TIMINGS)
