"""Small moves of the whole frame: found whatever the light, undone, and put into words."""

from __future__ import annotations

import math

import pytest
import torch
from genvr_depth.nodes.depthkit.depth_map import DepthMap
from genvr_depth.nodes.depthkit.images import luminance
from genvr_depth.nodes.depthkit.kernels import area_mean
from genvr_depth.nodes.depthkit.measure.frame_move import (
    STILL,
    FrameMove,
    find_move,
    undone,
    undone_image,
)
from genvr_depth.nodes.depthkit.scenes import SCENE_NAMES, load_scene

MOVES = {
    "moved 2 % to the right": FrameMove(across=0.02),
    "moved 2 % to the left and 1 % down": FrameMove(across=-0.02, down=0.01),
    "enlarged by 5 %": FrameMove(zoom=1.05),
    "shrunk by 5 %": FrameMove(zoom=0.95),
    "turned 3 degrees clockwise": FrameMove(degrees=3.0),
    "turned 3 degrees anticlockwise": FrameMove(degrees=-3.0),
    "moved 1 % up, enlarged by 3 %, turned 2 degrees clockwise": FrameMove(
        down=-0.01, zoom=1.03, degrees=2.0
    ),
}
REPAINTED = {
    "as it was": lambda image: image,
    "inverted": lambda image: 1 - image,
    "night": lambda image: image**1.8 * 0.4,
    "posterised": lambda image: (image * 4).round() / 4,
}


@pytest.fixture(scope="module", params=SCENE_NAMES[:2])
def photo(request):
    image = load_scene(request.param).image
    return area_mean(image.movedim(-1, 1), 192, 256)[0].movedim(0, -1)


def moved(move, image):
    """The inverse of undoing: the image after that move."""
    cos, sin = (f(math.radians(move.degrees)) * move.zoom for f in (math.cos, math.sin))
    height, width = image.shape[:2]
    matrix = torch.tensor([[cos, -sin, move.across * width], [sin, cos, move.down * height]])
    back = torch.linalg.inv(torch.cat([matrix, torch.tensor([[0.0, 0.0, 1.0]])]))
    ratio = height / width
    rows = [
        [back[0, 0], back[0, 1] * ratio, 2 * back[0, 2] / width],
        [back[1, 0] / ratio, back[1, 1], 2 * back[1, 2] / height],
    ]
    size = [1, 3, height, width]
    grid = torch.nn.functional.affine_grid(torch.tensor([rows]), size, align_corners=False)
    planes = image.movedim(-1, 0)[None]
    sampled = torch.nn.functional.grid_sample(
        planes, grid, padding_mode="reflection", align_corners=False
    )
    return sampled[0].movedim(0, -1)


@pytest.mark.parametrize("words", MOVES)
def test_a_move_is_found_and_named(photo, words):
    found = find_move(luminance(photo), luminance(moved(MOVES[words], photo)))
    assert found.text() == words
    wanted = MOVES[words]
    assert found.across == pytest.approx(wanted.across, abs=0.002)
    assert found.down == pytest.approx(wanted.down, abs=0.002)
    assert found.zoom == pytest.approx(wanted.zoom, abs=0.004)
    assert found.degrees == pytest.approx(wanted.degrees, abs=0.3)


@pytest.mark.parametrize("style", REPAINTED)
def test_another_light_hides_no_move_and_makes_none(photo, style):
    painted = REPAINTED[style](photo)
    assert find_move(luminance(photo), luminance(painted)) == STILL
    move = FrameMove(across=0.02, degrees=-2.0)
    found = find_move(luminance(photo), luminance(moved(move, painted)))
    assert found.text() == "moved 2 % to the right, turned 2 degrees anticlockwise"


def test_what_was_moved_out_of_the_search_or_is_another_image_is_no_small_move(photo):
    noise = torch.rand(192, 256, generator=torch.Generator().manual_seed(0))
    for other in (
        luminance(moved(FrameMove(across=0.15), photo)),
        luminance(photo.flip(0)),
        noise,
        torch.full((192, 256), 0.5),
    ):
        assert find_move(luminance(photo), other) == STILL


def test_undoing_brings_image_and_depth_back(photo):
    move = FrameMove(across=0.03, down=-0.02, zoom=1.04, degrees=2.0)
    back = undone_image(move, moved(move, photo))
    inner = (slice(24, -24), slice(24, -24))
    assert (back - photo)[inner].abs().mean() < 0.02
    values = luminance(photo)
    depth = DepthMap.make(luminance(moved(move, photo))[None] + 1, "disparity")
    again = undone(move, depth)
    assert again.valid[0][inner].all()
    assert not again.valid.all()
    assert (again.values[0] - values - 1)[inner].abs().mean() < 0.02


def test_unknown_pixels_stay_unknown_after_undoing():
    valid = torch.ones(1, 60, 80, dtype=torch.bool)
    valid[:, :30] = False
    depth = DepthMap.make(torch.full((1, 60, 80), 2.0), "metric", valid)
    back = undone(FrameMove(down=0.1), depth)
    assert not back.valid[:, :23].any()
    assert back.valid[:, 26:50].all()
    assert torch.allclose(back.values[back.valid], torch.tensor(2.0))


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3), (40, 30)])
def test_tiny_and_narrow_images_do_not_break(size):
    plane = torch.rand(*size)
    assert find_move(plane, plane) == STILL
