from __future__ import annotations

import math

import pytest
import torch
from genvr_depth.nodes.depthkit.depth_map import DepthMap, Pinhole
from genvr_depth.nodes.depthkit.errors import InvalidInput, Stopped
from genvr_depth.nodes.depthkit.images import luminance
from genvr_depth.nodes.depthkit.scenes import load_scene
from genvr_depth.nodes.depthkit.views import reproject
from genvr_depth.nodes.depthkit.views.camera_move import (
    camera_move,
    coverage,
    focus_distance,
    moved_frames,
)
from genvr_depth.nodes.depthkit.views.camera_path import (
    MOVES,
    TIMINGS,
    Pose,
    key_framed,
    moved,
    toward,
    viewer_pose,
)
from hypothesis import given, settings
from hypothesis import strategies as st

WIDTH, HEIGHT, FOCAL = 80, 60, 70.0


def _camera():
    return Pinhole(FOCAL, FOCAL, WIDTH / 2, HEIGHT / 2)


def _wall(distance=2.0):
    return DepthMap.make(torch.full((1, HEIGHT, WIDTH), distance), "metric", camera=_camera())


def _waves(shift_x=0.0, shift_y=0.0, scale=1.0):
    """A smooth image that can be evaluated anywhere; scale and shift about the centre."""
    y, x = torch.meshgrid(torch.arange(HEIGHT) + 0.5, torch.arange(WIDTH) + 0.5, indexing="ij")
    x = (x - WIDTH / 2 - shift_x) / scale
    y = (y - HEIGHT / 2 - shift_y) / scale
    planes = [torch.sin(0.11 * x + phase) * torch.cos(0.09 * y - phase) for phase in (0, 1, 2)]
    return torch.stack(planes, -1)[None] * 0.4 + 0.5


def _card():
    """A red card one metre away before a blue-green wall three metres away."""
    values = torch.full((1, HEIGHT, WIDTH), 3.0)
    image = torch.tensor((0.1, 0.5, 0.7)).expand(1, HEIGHT, WIDTH, 3).clone()
    values[:, 20:40, 30:50] = 1.0
    image[:, 20:40, 30:50] = torch.tensor((0.9, 0.1, 0.1))
    return DepthMap.make(values, "metric", camera=_camera()), image


@pytest.mark.parametrize("kind", ["metric", "depth", "disparity"])
def test_a_camera_at_rest_gives_the_photo_back(kind):
    scene = load_scene("product_table")
    image = scene.image[:, 200:456, 300:620]
    values = scene.depth.cropped(200, 300, 256, 320)
    depth = DepthMap.make(values.values, kind, values.valid, values.camera)
    made = camera_move(depth, image, [Pose(), Pose((0.1, 0, 0)), Pose()])
    assert torch.allclose(made.images[0], image[0], atol=1e-6)
    assert torch.equal(made.images[0], made.images[2])
    assert not made.holes[0].any()
    assert (made.images[1] - image[0]).abs().mean() > 0.01
    assert made.depth.kind == ("metric" if kind == "metric" else "depth")


@settings(max_examples=12, deadline=None)
@given(right=st.floats(-0.2, 0.2), up=st.floats(-0.1, 0.1), forward=st.floats(-0.3, 0.6))
def test_a_wall_moves_and_grows_as_the_pinhole_says(right, up, forward):
    made = camera_move(_wall(), _waves(), [Pose((right, -up, forward))])
    scale = 2.0 / (2.0 - forward)
    shift = FOCAL / (2.0 - forward)
    truth = _waves(-right * shift, up * shift, scale)
    seen = made.holes[0] == 0
    assert seen.float().mean() > 0.5
    off = (made.images[0] - truth[0])[seen].abs()
    # The most at the border, where half of a pixel is beyond the photo.
    assert off.max() < 0.1
    assert off.mean() < 0.003
    known = made.depth.values[0][seen]
    assert torch.allclose(known, torch.full_like(known, 2.0 - forward), rtol=1e-3)


def test_what_is_uncovered_is_background_and_the_outline_stays_sharp():
    depth, image = _card()
    made = camera_move(depth, image, [Pose((0.2, 0, 0))])
    # The card goes left by 14 pixels, the wall by 4.7: ten columns beside the card are new.
    inner = made.holes[0, 22:38]
    assert 8 <= inner[:, 34:46].sum() / 16 <= 11
    red = made.images[0, 22:38, :, 0] > 0.6
    assert torch.equal(red.sum(1), torch.full((16,), 20))
    beside = made.images[0, 22:38, 37:48]
    assert (beside - image[0, 0, 0]).abs().max() < 0.03
    assert made.depth.values[0, 30, 42] > 2.5


def test_holes_are_black_where_they_are_not_filled():
    depth, image = _card()
    made = camera_move(depth, image, [Pose((0.2, 0, 0))], fill=False)
    hole = made.holes[0] > 0
    assert hole.any()
    assert not made.images[0][hole].any()
    assert not made.depth.valid[0][hole].any()
    assert made.depth.valid[0][~hole].all()
    assert f"{hole.float().mean():.1%} of the last" in coverage(made)


@pytest.mark.parametrize("move", ["orbit", "push in", "dolly zoom"])
def test_frames_do_not_depend_on_the_rows_worked_on_at_once(move, monkeypatch):
    depth, image = _card()
    poses = moved(move, "steady", 0.3, 1.0, 3)
    made = []
    for band in (1000, 7):
        monkeypatch.setattr(reproject, "_BAND", band)
        made.append(camera_move(depth, image, poses))
    whole, banded = made
    assert torch.equal(whole.images, banded.images)
    assert torch.equal(whole.holes, banded.holes)
    assert torch.equal(whole.depth.values, banded.depth.values)


def test_half_precision_rounds_the_frames_and_keeps_the_depth():
    depth, image = _card()
    poses = [Pose((0.2, 0, 0))]
    half, full = (camera_move(depth, image, poses, dtype=d) for d in (torch.half, torch.float32))
    assert torch.equal(half.images, full.images.half())
    assert torch.equal(half.holes.float(), full.holes)
    assert torch.equal(half.depth.values, full.depth.values)
    assert coverage(half) == coverage(full)


def test_the_sky_does_not_move_with_the_camera():
    values = torch.full((1, HEIGHT, WIDTH), 2.0)
    valid = torch.ones_like(values, dtype=torch.bool)
    valid[:, :30] = False
    depth = DepthMap.make(values, "metric", valid, _camera())
    made = camera_move(depth, _waves(), [Pose((0.2, 0, 0))])
    assert torch.allclose(made.images[0, :24], _waves()[0, :24], atol=1e-5)
    assert not made.depth.valid[0, :24].any()


def test_a_dolly_zoom_keeps_the_size_of_the_focus():
    depth, image = _card()
    (end,) = moved("dolly zoom", "steady", 0.3, 1.0, 2)[1:]
    made = camera_move(depth, image, [end])
    red = made.images[0, 30, :, 0] > 0.5
    assert abs(int(red.sum()) - 20) <= 1
    # Three metres away the wall shrinks to 0.7 * 3 / 2.7 of its size.
    assert 0.05 < made.holes[0].mean() < 0.5


def test_a_surface_seen_enlarged_has_no_gaps():
    made = camera_move(_wall(), _waves(), [Pose((0, 0, 1.5))])
    assert not made.holes.any()
    assert (made.images[0] - _waves(scale=4.0)[0]).abs().max() < 0.03


def test_an_orbit_looks_at_its_focus():
    for pose in moved("orbit", "sway", 0.4, 2.0, 9):
        rows = pose.rotation()
        to_focus = [at - to for at, to in zip((0.0, 0.0, 2.0), pose.position, strict=True)]
        seen = [sum(rows[i][j] * to_focus[i] for i in range(3)) for j in range(3)]
        assert seen == pytest.approx([0, 0, 2.0], abs=1e-9)


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("timing", TIMINGS)
def test_every_move_begins_at_the_photo_and_loops_where_it_says(move, timing):
    poses = moved(move, timing, 0.2, 3.0, 24)
    assert poses[0].position == pytest.approx((0, 0, 0), abs=1e-9)
    assert poses[0].turn == pytest.approx((1, 0, 0, 0), abs=1e-9)
    assert poses[0].zoom == pytest.approx(1)
    assert max(math.dist(pose.position, (0, 0, 0)) for pose in poses) > 0.05
    if timing in ("there and back", "sway") and move != "handheld":
        step = math.dist(poses[-1].position, poses[0].position)
        assert step <= math.dist(poses[1].position, poses[0].position) + 1e-9


def test_a_move_of_no_length_is_no_move():
    for move in MOVES:
        assert all(
            pose.position == pytest.approx((0, 0, 0)) and pose.zoom == 1
            for pose in moved(move, "steady", 0.0, 3.0, 5)
        )


def test_key_frames_are_hit_exactly_and_rest_at_the_ends():
    text = "0: 0 0 0\n0.5: 0.4, 0.2, 0.6  10 -5 0  1.5\n\n1: 0 0 1"
    poses = key_framed(text, 81)
    assert poses[0] == Pose((0, 0, 0))
    assert poses[40].position == pytest.approx((0.4, -0.2, 0.6))
    assert poses[40].zoom == pytest.approx(1.5)
    assert poses[80].position == pytest.approx((0, 0, 1))
    assert math.dist(poses[1].position, poses[0].position) < 0.002


@pytest.mark.parametrize(
    "line", ["nonsense", "0.5: 1 2", "2: 0 0 0", "0: 0 0 0 0 0 0 0", "0: nan 0 0", "0 0 0"]
)
def test_a_bad_key_frame_is_named(line):
    with pytest.raises(InvalidInput, match="cannot be read"):
        key_framed(line, 10)
    with pytest.raises(InvalidInput, match="same time"):
        key_framed("0: 0 0 0\n0: 1 1 1", 10)


def test_the_camera_of_a_viewer_ends_the_move():
    camera = {
        "position": {"x": 1, "y": 0.5, "z": 0},
        "target": {"x": 1, "y": 0.5, "z": -4},
        "zoom": 1,
        "cameraType": "perspective",
    }
    pose = viewer_pose(camera)
    assert pose.position == pytest.approx((1, -0.5, 0))
    assert pose.turn == pytest.approx((1, 0, 0, 0))
    aside = viewer_pose(camera | {"target": {"x": 5, "y": 0.5, "z": 0}})
    rows = aside.rotation()
    assert [row[2] for row in rows] == pytest.approx([1, 0, 0], abs=1e-9)
    half = toward(aside, "steady", 3)[1]
    assert [row[2] for row in half.rotation()] == pytest.approx([0.5**0.5, 0, 0.5**0.5])
    identity = {"x": 0, "y": 0, "z": 0, "w": 1}
    placed = [{"position": {"x": 1, "y": 0, "z": 0}, "quaternion": identity,
               "scale": {"x": 2, "y": 2, "z": 2}}]  # fmt: skip
    assert viewer_pose(camera, placed).position == pytest.approx((0, -0.25, 0))
    with pytest.raises(InvalidInput, match="not the camera of a 3D viewer"):
        viewer_pose({"zoom": 1})


def test_frames_are_made_one_by_one_and_stop_is_heard():
    depth, image = _card()
    frames = moved_frames(depth, image, [Pose((0.01 * k, 0, 0)) for k in range(1000)])
    assert next(frames).image.shape == (HEIGHT, WIDTH, 3)
    asked = iter([False, True])
    with pytest.raises(Stopped):
        camera_move(depth, image, [Pose()] * 5, should_stop=lambda: next(asked))


def test_a_clip_with_its_own_depth_is_moved_frame_by_frame():
    depth, image = _card()
    both = DepthMap.make(depth.values.repeat(2, 1, 1), "metric", camera=_camera())
    images = torch.cat((image, 1 - image))
    made = camera_move(both, images, [Pose()] * 2)
    assert torch.allclose(made.images, images, atol=1e-6)
    with pytest.raises(InvalidInput, match="2 frames and the move 3"):
        camera_move(both, images, [Pose()] * 3)


def test_what_cannot_be_moved_is_refused():
    depth, image = _card()
    with pytest.raises(InvalidInput, match="Refine"):
        camera_move(depth, image[:, 1:], [Pose()])
    none = DepthMap.make(torch.zeros(1, 8, 8), "metric")
    with pytest.raises(InvalidInput, match="no valid pixel"):
        focus_distance(none)
    with pytest.raises(InvalidInput, match="focus is 2"):
        focus_distance(depth, 2.0)
    with pytest.raises(InvalidInput, match="too much"):
        moved("truck", "steady", 1.5, 1.0, 3)
    with pytest.raises(InvalidInput, match="Unknown move"):
        moved("loop", "steady", 0.1, 1.0, 3)


def test_the_focus_is_the_middle_or_a_nearness():
    depth, _ = _card()
    assert 1.0 < focus_distance(depth) < 3.0
    assert focus_distance(depth, 1.0) == pytest.approx(1.0)
    assert focus_distance(depth, 0.0) == pytest.approx(3.0)


def test_a_soft_outline_is_cut_where_it_is_steepest():
    depth, image = _card()
    soft = torch.nn.functional.avg_pool2d(1 / depth.values[None], 5, 1, 2, count_include_pad=False)
    blurred = DepthMap.make(1 / soft[0], "metric", camera=_camera())
    made = camera_move(blurred, image, [Pose((0.2, 0, 0))])
    red = luminance(made.images)[0, 30] < 0.35
    assert 18 <= int(red.sum()) <= 22
