"""Scores of images: the photo known or not, the frame moved, content changed, all in words."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from genvr_depth.nodes import NODE_CLASS_MAPPINGS
from genvr_depth.nodes.depthkit.depth_map import DepthMap
from genvr_depth.nodes.depthkit.estimators import estimate
from genvr_depth.nodes.depthkit.kernels import area_mean
from genvr_depth.nodes.depthkit.measure.image_scores import heat_map, score_images
from genvr_depth.nodes.depthkit.scenes import SCENE_NAMES, load_scene

SIZE = (192, 256)


class Bright:
    """A deterministic stand-in: reads brightness as disparity."""

    name, kind, multiple, inner_size, licence = "bright", "disparity", 1, 96, "none"

    def __call__(self, images):
        return images.mean(1)


@pytest.fixture(scope="module")
def photo():
    planes = load_scene(SCENE_NAMES[0]).image.movedim(-1, 1)
    return area_mean(planes, *SIZE).movedim(1, -1).contiguous()


def moved(image, across=0.0, zoom=1.0):
    theta = torch.tensor([[[1 / zoom, 0, -2 * across], [0, 1 / zoom, 0]]])
    grid = F.affine_grid(theta, [1, 3, *SIZE], align_corners=False)
    planes = F.grid_sample(
        image.movedim(-1, 1), grid, padding_mode="reflection", align_corners=False
    )
    return planes.movedim(1, -1).contiguous()


def changed(image):
    out = image.clone()
    out[:, 120:170, 20:80] = image[:, :50, 100:160].flip(2)
    return out


def score(control, images, original=None, model=None):
    node = NODE_CLASS_MAPPINGS["GenVRDepthStructureScore"]()
    mean, text, heat, data = node.score(control, images, model or Bright(), original)
    return mean, text, heat, json.loads(data)


def keep(control, images, original=None):
    node = NODE_CLASS_MAPPINGS["GenVRDepthKeepBest"]()
    return node.keep([control], [images], [9], [Bright()], original)


def test_the_photo_that_estimate_depth_read_is_the_original_without_a_wire(photo):
    other = Bright()
    other.name = "another model"
    control = estimate(other, photo).depth
    images = torch.cat([photo, 1 - photo])
    known, wired = score(control, images), score(control, images[1:], photo)
    assert known[3][1]["score"] == pytest.approx(wired[3][0]["score"])
    assert known[3][0]["score"] == pytest.approx(100, abs=0.1)
    assert known[1].startswith("Original: the photo that the control was made from.\n")
    assert "No verdict" not in known[1]
    best = sorted((one["score"] for one in known[3]), reverse=True)
    assert keep(control, images)[1] == pytest.approx(best)


@pytest.mark.parametrize("through", ["adjust", "refine", "crop"])
def test_the_photo_is_known_through_what_changes_the_control(photo, through):
    control = estimate(Bright(), photo).depth
    if through == "crop":
        control, photo = control.cropped(32, 0, 128, 256), photo[:, 32:160]
    else:
        nodes = {
            "adjust": ("GenVRDepthAdjust", "adjust", {"gamma": 2.0}),
            "refine": ("GenVRDepthRefine", "refine", {"guide": photo}),
        }
        name, function, extra = nodes[through]
        made = getattr(NODE_CLASS_MAPPINGS[name](), function)(control, **extra)
        control = (made["result"] if isinstance(made, dict) else made)[0]
    assert score(control, photo)[0] == pytest.approx(100, abs=0.1)


def test_every_source_with_a_photo_hands_it_on(photo):
    scene = NODE_CLASS_MAPPINGS["GenVRDepthSampleScene"]().load(SCENE_NAMES[0])["result"]
    assert torch.equal(scene[1].photo, scene[0])
    packet = {"depth": torch.rand(1, *SIZE) + 1, "image": photo, "mode": "mono"}
    geometry = NODE_CLASS_MAPPINGS["GenVRDepthFromGeometry"]().convert(packet)["result"][0]
    assert geometry.photo is photo
    assert score(scene[1], scene[0])[0] == pytest.approx(100, abs=0.1)


@pytest.mark.parametrize("source", ["", "a laser scanner"])
def test_without_a_photo_another_source_gets_raw_figures_and_how_to_get_a_score(photo, source):
    control = DepthMap.make(torch.rand(1, *SIZE) + 1, "metric", source=source)
    _, text, _, (data,) = score(control, photo)
    assert text.splitlines()[0].startswith("image 1: No structure score, see below; raw agreement")
    assert "No verdict: the control" in text
    assert "connect the photo as 'original'" in text
    assert not data["judged"]
    words = ("kept", "followed", "not the same scene", "changed most")
    assert not any(word in text for word in words)
    own = replace(estimate(Bright(), photo).depth, photo=None)
    assert "Structure score 100.0 of 100: the structure is kept." in score(own, photo)[1]


@pytest.mark.parametrize(
    ("inverted", "change", "words"),
    [
        (False, {"across": 0.02}, "the structure is kept, moved 2 % to the right."),
        (True, {"across": -0.03}, "the structure is kept, moved 3 % to the left."),
        (True, {"zoom": 1.05}, "the structure is kept, enlarged by 5 %."),
    ],
)
def test_a_small_move_of_the_frame_costs_a_few_points_and_is_named(photo, inverted, change, words):
    control = estimate(Bright(), photo).depth
    image = moved(1 - photo if inverted else photo, **change)
    mean, text, _, (data,) = score(control, image)
    assert 90 < mean < 99.5
    assert words in text
    assert data["move"]["across"] == pytest.approx(change.get("across", 0), abs=0.003)
    assert data["move"]["zoom"] == pytest.approx(change.get("zoom", 1), abs=0.005)


class Floor(Bright):
    """Sees a floor in every image, wherever the frame went."""

    def __call__(self, images):
        height, width = images.shape[-2:]
        return torch.linspace(0, 1, height)[None, :, None].expand(len(images), height, width)


def test_a_move_that_helps_the_depth_by_nothing_is_named_too(photo):
    control = estimate(Floor(), photo).depth
    mean, text, *_ = score(control, moved(photo, across=0.02), photo, Floor())
    assert "moved 2 % to the right" in text
    assert 95 < mean < 99


class Tunnel(Bright):
    """Sees a symmetric tunnel in every image."""

    def __call__(self, images):
        y, x = (torch.linspace(-1, 1, n) for n in images.shape[-2:])
        tunnel = torch.maximum(y.abs()[:, None], x.abs())
        return tunnel.expand(len(images), -1, -1)


@pytest.mark.parametrize("axes", [(1,), (2,), (1, 2)])
@pytest.mark.parametrize("inverted", [False, True])
def test_where_depth_is_symmetric_the_edges_tell_what_is_upside_down(photo, axes, inverted):
    control, image = estimate(Tunnel(), photo).depth, photo.flip(axes)
    mean, text, *_ = score(control, 1 - image if inverted else image, photo, Tunnel())
    assert mean < 35
    assert "upside down" in text


def test_where_depth_is_symmetric_another_style_is_not_called_upside_down(photo):
    control = estimate(Tunnel(), photo).depth
    styled = (0.2 + 0.5 * photo.mean(-1, keepdim=True)).expand_as(photo)
    mean, text, *_ = score(control, styled, photo, Tunnel())
    assert mean > 95
    assert "upside down" not in text


def test_a_large_move_is_no_small_one(photo):
    control = estimate(Bright(), photo).depth
    mean, text, *_ = score(control, moved(photo, across=0.15))
    assert mean < 60
    assert "moved" not in text


def test_a_changed_place_is_named_and_framed(photo):
    control = estimate(Bright(), photo).depth
    both = torch.cat([changed(photo), 1 - photo])
    _, text, heat, (data, style) = score(control, both)
    first, second = text.split("\n\n")
    assert "changed most at the bottom left" in first
    assert "changed most" not in second
    assert data["score"] < 75 < style["score"]
    across, down = data["worst_at"]
    assert 0.05 < across < 0.35
    assert 0.6 < down < 0.9
    assert (heat[0] == 1).all(-1).sum() > 100
    assert (heat[1] == 1).all(-1).sum() < 10


def test_a_place_at_the_border_is_framed_within_the_image(photo):
    control = estimate(Bright(), photo).depth
    (one,) = score_images(control, changed(photo), Bright(), photo)
    at_corner = replace(one, report=replace(one.report, worst_at=(0.0, 1.0)))
    assert heat_map(at_corner, photo[0]).shape == photo[0].shape
