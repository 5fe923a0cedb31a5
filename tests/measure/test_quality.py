from __future__ import annotations

import json

import pytest
import torch
from genvr_depth.nodes.depthkit.conversions import to_disparity
from genvr_depth.nodes.depthkit.depth_map import DepthMap
from genvr_depth.nodes.depthkit.errors import InvalidInput, Stopped
from genvr_depth.nodes.depthkit.images import resize
from genvr_depth.nodes.depthkit.measure.quality import CODES, check_depth
from genvr_depth.nodes.depthkit.scenes import SCENE_NAMES, load_scene


@pytest.fixture(scope="module")
def scene():
    return load_scene(SCENE_NAMES[0])


def _codes(depth, image=None, target=0):
    return {finding.code for finding in check_depth(depth, image, target).findings}


@pytest.mark.parametrize("name", SCENE_NAMES)
def test_exact_depth_of_a_scene_passes_every_check(name):
    good = load_scene(name)
    report = check_depth(good.depth, good.image, 768)
    assert report.ok
    assert {finding.code for finding in report.findings} <= {"too small"}
    assert "used" in report.text() or "nothing found" in report.text()


def test_each_defect_is_found_and_named(scene):
    depth, photo = scene.depth, scene.image
    disparity = to_disparity(depth)
    span = disparity.values.max()
    generator = torch.Generator().manual_seed(0)
    salt = disparity.values.clone()
    salt[torch.rand(salt.shape, generator=generator) < 0.03] = span
    gaps = torch.rand(depth.valid.shape, generator=generator) > 0.02
    step = depth.width // 25
    defects = {
        "empty": DepthMap.make(depth.values, "metric", torch.zeros_like(depth.valid)),
        "flat": depth.with_values(torch.full_like(depth.values, 2.0)),
        "inverted": disparity.with_values(span - disparity.values),
        "misaligned": depth.with_values(
            depth.values.roll(step, 2), valid=depth.valid.roll(step, 2)
        ),
        "clipped": depth.with_values(depth.values.clamp_max(3.0)),
        "banded": disparity.with_values((disparity.values / span * 255).round() / 255 + 0.01),
        "spike": depth.with_values(torch.where(gaps, depth.values, 65.535)),
        "holes": depth.with_values(depth.values, valid=depth.valid & gaps),
        "speckle": disparity.with_values(salt),
    }
    for code, spoiled in defects.items():
        found = _codes(spoiled, photo)
        assert code in found, (code, found)
    assert "too small" in _codes(depth, photo, depth.height * 3)
    assert set(defects) | {"too small", "transparent"} == set(CODES)


def test_depth_edges_that_the_photo_lacks_are_flagged_as_glass(scene):
    blank = torch.full_like(scene.image, 0.5)
    blank[:, : blank.shape[1] // 2] = scene.image[:, : blank.shape[1] // 2]
    assert "transparent" in _codes(scene.depth, blank)


def test_the_shift_is_given_in_pixels_of_the_map(scene):
    step = scene.depth.width // 25
    moved = scene.depth.with_values(
        scene.depth.values.roll(step, 2), valid=scene.depth.valid.roll(step, 2)
    )
    finding = next(f for f in check_depth(moved, scene.image).findings if f.code == "misaligned")
    factor = scene.depth.width / min(384, scene.depth.width)
    assert finding.numbers["dx"] * factor == pytest.approx(-step, abs=3)
    assert abs(finding.numbers["dy"] * factor) <= 2
    assert "pixels" in finding.text


@pytest.mark.parametrize(("first", "second"), [(1, 2), (1, 3), (2, 0), (3, 1)])
def test_the_photo_of_another_scene_is_noticed(first, second):
    depth = load_scene(SCENE_NAMES[first]).depth
    photo = resize(load_scene(SCENE_NAMES[second]).image, depth.height, depth.width)
    findings = check_depth(depth, photo).findings
    assert any(f.code == "misaligned" and "another image" in f.text for f in findings)


@pytest.mark.parametrize("name", SCENE_NAMES)
def test_a_soft_depth_of_the_right_photo_raises_no_alarm(name):
    good = load_scene(name)
    soft = to_disparity(good.depth).resized(24, 24 * good.depth.width // good.depth.height)
    soft = soft.resized(good.depth.height, good.depth.width)
    assert check_depth(soft, good.image).ok


def test_a_photo_of_another_shape_does_not_show_the_same_frame(scene):
    cropped = scene.image[:, :, : scene.image.shape[2] * 3 // 4]
    report = check_depth(scene.depth, cropped)
    assert "different shapes" in report.text()
    assert not report.ok
    halved = resize(scene.image, scene.depth.height // 2 + 1, scene.depth.width // 2)
    assert check_depth(scene.depth, halved).ok


def test_a_sky_that_shares_the_farthest_value_is_not_cut_off():
    """Files without a mask write the sky as the farthest value."""
    values = torch.linspace(0, 1, 96)[:, None].expand(96, 128) + 0.001 * torch.rand(96, 128)
    sky = values.clone()
    sky[:40] = 0
    assert "clipped" not in _codes(DepthMap.make(sky, "disparity"))
    assert "clipped" not in _codes(DepthMap.make(2 - sky, "depth"))
    assert "clipped" in _codes(DepthMap.make(sky.flip(0) + 1, "depth"))
    middle = values.clone()
    middle[40:70] = 0
    assert "clipped" in _codes(DepthMap.make(middle, "disparity"))


def test_every_finding_says_what_to_do(scene):
    flat = scene.depth.with_values(torch.full_like(scene.depth.values, 2.0))
    report = check_depth(flat, scene.image, 4000)
    assert not report.ok
    for finding in report.findings:
        assert finding.text.endswith(".") or finding.text.endswith("?")
        assert finding.remedy.endswith(".")
    data = json.loads(report.as_json())
    assert data["ok"] is False
    assert data["findings"][0]["code"] == "flat"


def test_only_a_problem_stops_the_run(scene):
    check_depth(scene.depth, scene.image, 10000).stop_on_problem()
    upside_down = scene.depth.with_values(20 - scene.depth.values)
    with pytest.raises(InvalidInput, match="near and far look swapped"):
        check_depth(upside_down).stop_on_problem()


def test_frames_of_a_batch_are_told_apart(scene):
    both = torch.cat([scene.depth.values, torch.full_like(scene.depth.values, 2.0)])
    report = check_depth(DepthMap.make(both, "metric"))
    assert [f.frame for f in report.findings if f.code == "flat"] == [1]
    assert "frame 2" in report.text()


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (4, 4)])
def test_tiny_maps_are_checked_all_the_same(size):
    depth = DepthMap.make(torch.rand(1, *size) + 1, "depth")
    check_depth(depth, torch.rand(1, *size, 3), 512)


def test_counts_that_do_not_fit_are_refused_in_words(scene):
    with pytest.raises(InvalidInput, match="'image' 3"):
        check_depth(scene.depth, torch.rand(3, 8, 8, 3))


def test_a_shallow_scene_seen_from_afar_is_not_flat():
    roofs = 500 - 5 * torch.rand(1, 64, 64, generator=torch.Generator().manual_seed(1))
    assert check_depth(DepthMap.make(roofs, "metric")).ok


def test_stop_is_heard_between_frames():
    heard = []

    def stop_at_the_second(done, total):
        heard.append((done, total))
        if done == 2:
            raise Stopped

    with pytest.raises(Stopped):
        check_depth(DepthMap.make(torch.rand(4, 32, 48), "depth"), on_progress=stop_at_the_second)
    assert heard == [(1, 4), (2, 4)]


@pytest.mark.parametrize("number", [65.535, 1000.0, 0.001])
def test_the_number_that_means_no_measurement_is_found_before_anything_is_inverted(number):
    """Holes at the bottom of a scan that is nearer below, as it should be."""
    rows = torch.linspace(8, 1, 90)[:, None].expand(90, 120).clone()
    rows += torch.rand(90, 120, generator=torch.Generator().manual_seed(2)) * 0.05
    rows[70:, ::3] = number
    report = check_depth(DepthMap.make(rows, "metric"))
    codes = [finding.code for finding in report.findings]
    assert ("spike" in codes) == (number > 1)
    assert "inverted" not in codes
    if number > 1:
        assert "no_data" in report.text()


def test_a_sky_has_a_number_in_relative_depth_but_none_in_metres():
    rows = torch.linspace(8, 1, 90)[:, None].expand(90, 120).clone()
    rows += torch.rand(90, 120, generator=torch.Generator().manual_seed(2)) * 0.05
    rows[:30] = 100.0
    assert "spike" not in [f.code for f in check_depth(DepthMap.make(rows, "depth")).findings]
    assert "spike" in [f.code for f in check_depth(DepthMap.make(rows, "metric")).findings]


@pytest.mark.parametrize(("name", "share"), [(SCENE_NAMES[0], 0.05), (SCENE_NAMES[1], 0.03)])
def test_a_shifted_map_is_misaligned_and_no_glass(name, share):
    good = load_scene(name)
    step, width = round(share * good.depth.width), good.depth.width
    depth = good.depth.cropped(0, step, good.depth.height, width - step)
    codes = _codes(depth, good.image[:, :, : width - step].contiguous())
    assert "misaligned" in codes
    assert "transparent" not in codes
