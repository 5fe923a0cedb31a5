from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from genvr_depth.nodes.depthkit.conversions import to_disparity
from genvr_depth.nodes.depthkit.depth_map import DepthMap
from genvr_depth.nodes.depthkit.errors import InvalidInput
from genvr_depth.nodes.depthkit.estimators import estimate
from genvr_depth.nodes.depthkit.formats import decode_image
from genvr_depth.nodes.depthkit.images import resize
from genvr_depth.nodes.depthkit.measure.image_scores import (
    best_first,
    heat_map,
    score_images,
    yardstick,
)
from genvr_depth.nodes.depthkit.measure.structure import compare, fit_frame
from genvr_depth.nodes.depthkit.measure.vanishing_point import _refined, vanishing_point
from genvr_depth.nodes.depthkit.scenes import SCENE_NAMES, load_scene
from PIL import Image

SIZE = 256
SCENES = Path(__file__).resolve().parents[2] / "nodes" / "depthkit" / "scenes"
VARIANTS = Path(__file__).resolve().parents[1] / "data" / "scenes"
REAL = Path(__file__).resolve().parents[3] / "shared" / "data"


class Painted:
    """A deterministic stand-in: reads the disparity that is painted into the image as grey."""

    name = "painted"
    kind = "disparity"
    multiple = 1
    inner_size = 96
    licence = "none"

    def __call__(self, images):
        return images.mean(1)


def _square(make):
    line = (torch.arange(SIZE) + 0.5) / SIZE
    y, x = torch.meshgrid(line, line, indexing="ij")
    return DepthMap.make(make(x, y), "disparity")


def _blurred(depth, radius):
    plane = depth.values[:, None]
    for _ in range(2):
        plane = F.avg_pool2d(F.pad(plane, (radius,) * 4, mode="replicate"), 2 * radius + 1, 1)
    return depth.with_values(plane[:, 0])


def _shifted(depth, share):
    step = round(depth.width * share)
    return depth.with_values(depth.values.roll(step, 2), valid=depth.valid.roll(step, 2))


def _warped(depth, amount):
    y, x = torch.meshgrid(
        torch.linspace(-1, 1, depth.height), torch.linspace(-1, 1, depth.width), indexing="ij"
    )
    grid = torch.stack(
        [x + amount * torch.sin(3.1 * y + 0.5), y + amount * torch.cos(2.7 * x)], -1
    )[None]
    values = F.grid_sample(depth.values[:, None], grid, padding_mode="border", align_corners=False)
    return DepthMap.make(values[:, 0], depth.kind, depth.valid)


@pytest.fixture(scope="module")
def scenes():
    return {name: to_disparity(load_scene(name).depth.resized(192, 256)) for name in SCENE_NAMES}


# Worked out by hand for x, y independent and uniform on 0..1. Tilted: the robust fit of x to x + y
# has slope 1/2, so G = 2 * (1 * 1/2) / (1 + 1/4 + 1/4) = 2/3, and rho = 12 E[X F(X + Y)] - 3 = 0.7;
# the RMSE is 255 sqrt(E[(x - y)^2] / 4) = 255 sqrt(1/24). Levelled is the same pair the other way
# round: slope 1 of 2 directions, G = 2 / (2 + 1). Without the vertical trend x + y is x: of tilted
# x and x / 2 are left, L = 2 * 1/2 / (1 + 1/4) = 0.8; of levelled twice x. Where the second is left
# without any layout (flat, or y) only the slack of the formula remains, 0.0009 / (1/12). A window
# of 5 pixels at a quarter of the size holds q = (5^2 - 1) / 12 / 64^2 of variance of x: with
# s = 0.07^2, W = 1 - (q/2) / (3q/2 + s) of tilted, 1 - q / (q + s) where the second is flat, and,
# since x + y spans 1.8 between its outer half percents, 1 - q/3.24 / (3q/3.24 + s) of levelled.
X, BOTH = (lambda x, y: x), (lambda x, y: x + y)
TABLE = {
    "identical": (X, X, 1.0, 1.0, 1.0, 1.0, 0.0),
    "scaled and shifted": (X, lambda x, y: 3 * x + 2, 1.0, 1.0, 1.0, 1.0, 0.0),
    "upside down": (X, lambda x, y: 1 - x, 0.0, 0.0, 0.0108, 0.909, 255 * (1 / 3) ** 0.5),
    "turned": (X, lambda x, y: y, 0.0, 0.0, 0.0108, 0.909, 255 * (1 / 6) ** 0.5),
    "tilted": (X, BOTH, 0.7, 2 / 3, 0.8, 0.957, 255 * (1 / 24) ** 0.5),
    "levelled": (BOTH, X, 0.7, 2 / 3, 1.0, 0.972, 255 * (1 / 24) ** 0.5),
}


@pytest.mark.parametrize("name", TABLE)
def test_the_score_of_six_pairs_is_the_one_worked_out_by_hand(name):
    control, found, rho, outlines, layout, place, rmse = TABLE[name]
    report = compare(_square(control), _square(found)).report
    assert report.spearman == pytest.approx(rho, abs=0.01)
    assert report.outlines == pytest.approx(outlines, abs=0.01)
    assert report.layout == pytest.approx(layout, abs=0.01)
    assert report.worst_place == pytest.approx(place, abs=0.003)
    assert report.control_rmse == pytest.approx(rmse, abs=1.0)
    assert report.score == pytest.approx(100 * rho * outlines * layout * (2 + place) / 3, abs=1.5)


def test_one_thing_that_is_missing_takes_off_a_third():
    """A block of half the range is gone: three of the five columns of a window at its right edge.

    There var(a - b) = 0.24 * 0.5^2, var b = q, var a = q + 0.24 * 0.5^2 - 2 * 0.5 * 0.6 / 64.
    """
    start, end, q, slack = 0.25, 0.4375, 2 / 64**2, 0.07**2

    def with_block(x, y):
        return x + 0.5 * ((x > start) & (x < end) & (y > 0.375) & (y < 0.5625))

    report = compare(_square(with_block), _square(X)).report
    gone = 0.24 * 0.5**2
    ratio = gone / (2 * q + gone - 0.6 / 64 + slack)
    assert report.worst_place == pytest.approx(1 - ratio, abs=0.03)
    rest = 100 * report.spearman * report.outlines * report.layout
    assert report.score == pytest.approx(rest * 0.65, rel=0.02)


@pytest.mark.parametrize("name", SCENE_NAMES)
def test_the_same_depth_scores_one_hundred(scenes, name):
    report = compare(scenes[name], scenes[name]).report
    assert report.score == pytest.approx(100, abs=0.01)
    assert report.boundary_f1 == pytest.approx(1)
    assert report.delta1 == 1
    assert report.abs_rel < 1e-3


def test_another_scene_scores_below_twenty(scenes):
    names = list(scenes)
    for first, second in zip(names, names[1:] + names[:1], strict=True):
        assert compare(scenes[first], scenes[second]).report.score < 20, (first, second)


def test_noise_and_a_flat_map_score_next_to_nothing(scenes):
    control = scenes[SCENE_NAMES[0]]
    noise = torch.rand(1, 192, 256, generator=torch.Generator().manual_seed(0))
    for found in (noise, torch.ones(1, 192, 256)):
        assert compare(control, DepthMap.make(found, "disparity")).report.score < 2


DAMAGES = {
    "blur": (_blurred, (1, 2, 3, 5, 8, 13)),
    "shift": (_shifted, [step / 256 for step in (1, 2, 3, 5, 8, 24)]),
    "warp": (_warped, [0.005 * step for step in (1, 2, 4, 7, 10, 24)]),
}
# Each on two scenes, each scene with one or two.
DAMAGED = [(d, SCENE_NAMES[i + j]) for i, d in enumerate(DAMAGES) for j in (0, 1)]


@pytest.mark.parametrize(("damage", "name"), DAMAGED)
def test_the_score_falls_as_the_damage_grows(scenes, name, damage):
    spoil, steps = DAMAGES[damage]
    scores = [100.0] + [compare(scenes[name], spoil(scenes[name], s)).report.score for s in steps]
    kept = [score for score in scores if score > 12]
    assert kept == scores[: len(kept)]
    assert all(after < before for before, after in pairwise(kept)), scores
    assert len(kept) > 3
    assert max(scores[len(kept) :], default=0) < 12


def test_sky_does_not_count(scenes):
    control = scenes[SCENE_NAMES[0]]
    valid = control.valid.clone()
    valid[:, :64] = False
    masked = control.with_values(control.values, valid=valid)
    broken = control.values.clone()
    broken[:, :64] = torch.rand(64, 256)
    found = DepthMap.make(broken, "disparity")
    inside = compare(masked, found)
    assert inside.report.score > 97
    assert inside.error[:62].max() == 0


def test_a_comparison_of_a_part_only_says_so(scenes):
    control = scenes[SCENE_NAMES[0]]
    part = torch.zeros_like(control.valid)
    part[:, :, :64] = True
    report = compare(control, control.with_values(control.values, valid=part)).report
    assert "of the control could be compared" in report.text()
    assert compare(control, control).report.notes == ()


def test_the_control_may_be_of_any_kind(scenes):
    metric = load_scene(SCENE_NAMES[0]).depth.resized(192, 256)
    assert compare(metric, scenes[SCENE_NAMES[0]]).report.score > 99


def test_a_crop_and_a_squeeze_are_told_apart(scenes):
    control = scenes[SCENE_NAMES[0]]
    cropped = DepthMap.make(control.values[:, :, 32:224], "disparity", control.valid[:, :, 32:224])
    squeezed = control.resized(192, 192)
    for found, word in ((cropped, "cropped"), (squeezed, "squeezed")):
        report = fit_frame(control, found).report
        assert word in report.notes[0]
        assert report.score > 80
    assert fit_frame(control, control.resized(120, 160)).report.notes == ()


def test_images_are_estimated_with_the_given_model_and_scored(scenes):
    control = scenes[SCENE_NAMES[0]]
    grey = (control.values / control.values.max())[..., None].expand(1, 192, 256, 3)
    noise = torch.rand(1, 192, 256, 3, generator=torch.Generator().manual_seed(3))
    same, other = score_images(control, torch.cat([grey, noise]), Painted())
    assert same.report.score > 65
    assert other.report.score < 5
    assert "painted" in same.report.estimator
    assert json.dumps(same.report.as_dict())
    assert f"{same.report.score:.1f} of 100" in same.report.text()


def test_the_heat_map_glows_where_the_structure_broke(scenes):
    control = scenes[SCENE_NAMES[0]]
    broken = control.values.clone()
    broken[:, 67:107, 100:154] = control.values.max()
    comparison = compare(control, DepthMap.make(broken, "disparity", control.valid))
    heat = heat_map(comparison, torch.full((144, 192, 3), 0.5)).mean(-1)
    assert heat.shape == (144, 192)
    assert heat[55:75, 80:110].mean() > 2 * heat[90:].mean()


def test_equal_scores_keep_their_order():
    assert best_first([10, 50, 50, 90, 10]) == [3, 1, 2, 0, 4]


def test_counts_that_do_not_fit_are_refused_in_words(scenes):
    control = scenes[SCENE_NAMES[0]]
    two = DepthMap.make(control.values.repeat(2, 1, 1), "disparity")
    with pytest.raises(InvalidInput, match="one for each"):
        score_images(two, torch.rand(3, 32, 32, 3), Painted())
    empty = DepthMap.make(torch.ones(1, 8, 8), "disparity", torch.zeros(1, 8, 8))
    with pytest.raises(InvalidInput, match="no valid pixel"):
        compare(empty, control)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (3, 3)])
def test_tiny_maps_are_compared_all_the_same(size):
    depth = DepthMap.make(torch.arange(float(size[0] * size[1])).view(1, *size) + 1, "disparity")
    assert compare(depth, depth).report.score == pytest.approx(100, abs=0.01)


def test_a_flat_map_agrees_with_a_flat_one_only():
    flat = DepthMap.make(torch.full((1, 12, 16), 3.0), "disparity")
    ramp = DepthMap.make(torch.arange(192.0).view(1, 12, 16) + 1, "disparity")
    assert compare(flat, flat).report.score == pytest.approx(100, abs=0.01)
    assert compare(flat, ramp).report.score == 0
    assert compare(ramp, flat).report.score < 1


def test_a_control_of_another_origin_is_named(scenes):
    control = scenes[SCENE_NAMES[0]]
    grey = (control.values / control.values.max())[..., None].expand(1, 192, 256, 3)
    (other,) = score_images(control, grey, Painted())
    assert f"comes from {control.source}" in other.report.text()
    own = estimate(Painted(), grey).depth
    (same,) = score_images(own, grey, Painted())
    assert same.report.remarks() == []


def _rails(x, y, height=288, width=384):
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    angle = torch.atan2(rows + 0.5 - y * height, columns + 0.5 - x * width)
    grey = 0.5 + 0.5 * torch.sign(torch.sin(14 * angle))
    return grey[..., None].expand(height, width, 3).contiguous()


@pytest.mark.parametrize("place", [(0.5, 0.4), (0.3, 0.6), (0.8, 0.2)])
def test_rails_meet_in_their_vanishing_point(place):
    found = vanishing_point(_rails(*place))
    assert found is not None
    assert found.x == pytest.approx(place[0], abs=0.01)
    assert found.y == pytest.approx(place[1], abs=0.01)


def test_edges_that_all_lie_at_the_point_itself_leave_it_where_it_is():
    here = torch.tensor([150.0, 150.0])
    directions = torch.eye(2).repeat(30, 1)
    assert torch.equal(_refined(here, here.expand(60, 2), directions, torch.ones(60)), here)


def test_without_lines_no_vanishing_point_is_claimed():
    noise = torch.rand(200, 300, 3, generator=torch.Generator().manual_seed(0))
    assert vanishing_point(noise) is None
    assert vanishing_point(torch.full((200, 300, 3), 0.5)) is None


@pytest.mark.parametrize("name", SCENE_NAMES)
def test_a_vanishing_point_that_is_claimed_lies_on_the_horizon(name):
    scene = load_scene(name)
    found = vanishing_point(scene.image[0])
    if found is None:
        pytest.skip("the scene has no dominant vanishing point")
    assert found.y == pytest.approx(scene.horizon / scene.image.shape[1], abs=0.03)


def test_a_moved_horizon_is_reported_in_percent():
    before, after = _rails(0.5, 0.4), _rails(0.5, 0.5)
    control = DepthMap.make(torch.rand(1, 192, 256), "disparity")
    (result,) = score_images(control, after[None], Painted(), before[None])
    assert result.report.horizon_shift == pytest.approx(10, abs=1)
    assert result.report.vanishing_shift == pytest.approx(10, abs=1)
    assert "horizon moved" in result.report.text()


def test_real_depth_of_unrelated_places_scores_below_twenty(scenes):
    folder = REAL / "middlebury_cones"
    if not folder.is_dir():
        pytest.skip("photographs with real depth lie in ../shared/data; not here")
    codes = torch.tensor(np.array(Image.open(folder / "disp2.png"), dtype=np.float32)) / 4
    cones = DepthMap.make(codes, "disparity", codes > 0)
    assert compare(cones, cones).report.score == pytest.approx(100, abs=0.1)
    for name in SCENE_NAMES[:3]:
        assert compare(scenes[name], cones).report.score < 20


def _variants(name):
    paths = [VARIANTS / f"{name}.{kind}" for kind in ("relit.jpg", "moved.jpg", "moved.depth.png")]
    if not all(path.is_file() for path in paths):
        pytest.skip("no relit and moved variants of this scene")
    return paths


@pytest.mark.parametrize("name", SCENE_NAMES)
def test_in_exact_depth_relit_beats_moved_beats_another_scene(name, scenes):
    """Light does not change the exact depth: relit is the scene itself."""
    _, _, path = _variants(name)
    entry = json.loads((SCENES / "scenes.json").read_text())
    ends = next(e for e in entry if e["name"] == name)
    codes = torch.from_numpy(np.array(Image.open(path)).astype(np.float32))[None]
    metres = ends["near"] * (ends["far"] / ends["near"]) ** ((codes - 1) / 65534)
    moved = to_disparity(DepthMap.make(metres, "metric", codes > 0).resized(192, 256))
    other = scenes[next(n for n in SCENE_NAMES if n != name)]
    relit = compare(scenes[name], scenes[name]).report.score
    local = compare(scenes[name], moved).report.score
    assert relit > local + 1
    assert local > 20 > compare(scenes[name], other).report.score + 10


@pytest.fixture(scope="module")
def best_other(built_in):
    """The best score that another scene gets, by the name of the control's."""
    controls = built_in[1]
    return {
        name: max(
            fit_frame(control, other).report.score for n, other in controls.items() if n != name
        )
        for name, control in controls.items()
    }


@pytest.mark.parametrize("name", SCENE_NAMES)
def test_with_the_built_in_model_another_scene_scores_below_twenty(name, best_other):
    assert best_other[name] < 20


@pytest.mark.parametrize("name", SCENE_NAMES)
def test_with_the_built_in_model_the_same_scene_beats_another(name, built_in, best_other):
    relit_path, moved_path, _ = _variants(name)
    model, controls = built_in
    relit, moved = (
        score_images(controls[name], decode_image(path.read_bytes()), model)[0].report.score
        for path in (relit_path, moved_path)
    )
    assert relit > moved > best_other[name] + 5


@pytest.mark.parametrize("source", ["a laser scanner", "painted"])
def test_the_photo_itself_scores_one_hundred_whatever_made_the_control(source):
    photo = resize(load_scene(SCENE_NAMES[0]).image, 144, 192)
    control = DepthMap.make(1 + torch.rand(1, 72, 96), "metric", source=source)
    target = yardstick(control, photo, Painted())
    (same,) = score_images(target, photo, Painted(), photo)
    assert same.report.score == pytest.approx(100, abs=0.1)
    assert same.report.judged


def test_the_control_says_where_the_yardstick_looks():
    valid = torch.ones(1, 64, 96, dtype=torch.bool)
    valid[:, :32] = False
    control = DepthMap.make(torch.rand(1, 64, 96), "depth", valid)
    target = yardstick(control, torch.rand(1, 128, 192, 3), Painted())
    assert not target.valid[:, :63].any()
    assert target.valid[:, 65:].all()
    with pytest.raises(InvalidInput, match="'original'"):
        yardstick(control, torch.rand(1, 128, 128, 3), Painted())


def test_a_control_of_another_source_gets_figures_and_no_verdict():
    grey = torch.rand(1, 64, 96, 3)
    control = DepthMap.make(torch.rand(1, 64, 96), "metric", source="a laser scanner")
    (one,) = score_images(control, grey, Painted())
    assert not one.report.judged
    assert one.report.text().startswith("No structure score")
    assert "'original'" in one.report.text()
    assert "not the same scene" not in one.report.text()


def test_the_photos_own_edges_tell_another_light_from_another_thing():
    """The stand-in reads brightness, so that a night view is all another depth to it."""
    photo = resize(load_scene(SCENE_NAMES[0]).image, 384, 512)
    night = 1 - photo**2
    replaced = photo.clone()
    replaced[:, 100:250, 150:350] = photo[:, 50:200, 0:200].flip(1)
    target = yardstick(estimate(Painted(), photo).depth, photo, Painted())
    kept, changed = (
        score_images(target, x, Painted(), photo)[0].report.score for x in (night, replaced)
    )
    assert kept > 95
    assert changed < 70
