"""A depth you can touch: the numbers under the cursor are those of the array."""

from __future__ import annotations

import re

import pytest
from genvr_depth.nodes.depthkit.scenes import SCENE_NAMES, load_scene


@pytest.fixture
def scene(canvas):
    """A sample scene wired to Preview Depth, run once."""
    source = canvas.add("GenVRDepthSampleScene", 100, 120)
    target = canvas.add("GenVRDepthPreview", 560, 120)
    canvas.link(source, 1, target, "depth")
    canvas.link(source, 0, target, "image")
    assert canvas.run()["name"] == "execution_success"
    return canvas.viewer(1)


def _picture_box(box, width, height):
    scale = min(box["width"] / width, box["height"] / height)
    left = box["x"] + (box["width"] - width * scale) / 2
    return left, box["y"] + (box["height"] - height * scale) / 2, scale


@pytest.mark.parametrize("at", [(0.5, 0.5), (0.2, 0.8), (0.85, 0.3)])
def test_the_number_under_the_cursor_is_that_of_the_array(scene, page, at):
    values = load_scene(SCENE_NAMES[0]).depth.values[0]
    height, width = values.shape
    left, top, scale = _picture_box(scene.locator("canvas").bounding_box(), width, height)
    page.mouse.move(left + at[0] * width * scale, top + at[1] * height * scale)
    shown = scene.locator(".genvr-readout").inner_text()
    column, row, metres = re.fullmatch(r"x (\d+)\s+y (\d+)\s+·\s+([\d.]+) m", shown).groups()
    assert abs(int(column) - at[0] * width) <= 1 / scale + 1
    assert abs(int(row) - at[1] * height) <= 1 / scale + 1
    assert float(metres) == pytest.approx(values[int(row), int(column)].item(), abs=5.1e-4)


def test_a_colour_map_changes_the_picture_and_is_kept_with_the_node(scene, page):
    before = _pixels(scene)
    scene.locator(".genvr-colormap").select_option("viridis")
    page.wait_for_timeout(300)
    assert _pixels(scene) != before
    saved = page.evaluate("() => app.graph.serialize().nodes.map((n) => n.properties)")
    assert "viridis" in [properties.get("genvr_colormap") for properties in saved]


def test_the_3d_look_turns_with_the_mouse(scene, page):
    scene.locator(".genvr-3d").click()
    page.wait_for_timeout(500)
    before = _pixels(scene)
    box = scene.locator("canvas").bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 190, box["y"] + 90, steps=5)
    page.mouse.up()
    page.wait_for_timeout(400)
    assert _pixels(scene) != before
    assert len(set(_pixels(scene))) > 50


def test_the_photograph_can_be_shown_in_place_of_the_depth(scene, page):
    before = _pixels(scene)
    scene.locator(".genvr-photo").click()
    page.wait_for_timeout(500)
    assert _pixels(scene) != before


def test_the_handles_write_to_the_node_and_change_its_output(page, canvas):
    source = canvas.add("GenVRDepthSampleScene", 60, 120)
    adjust = canvas.add("GenVRDepthAdjust", 440, 120)
    target = canvas.add("GenVRDepthPreview", 860, 120)
    canvas.link(source, 1, adjust, "depth")
    canvas.link(adjust, 0, target, "depth")
    assert canvas.run()["name"] == "execution_success"
    viewer = canvas.viewer(1)
    assert canvas.widget(adjust, "window") == "off"
    viewer.locator("input.genvr-far").evaluate(
        """(slider) => {
            slider.value = "500";
            slider.dispatchEvent(new Event("input"));
            slider.dispatchEvent(new Event("change"));
        }"""
    )
    assert canvas.widget(adjust, "window") == "fixed"
    far = canvas.widget(adjust, "high")
    shown = viewer.locator(".genvr-range span").nth(1).inner_text()
    # The widget rounds to its own step of a centimetre.
    assert float(shown.split()[1]) == pytest.approx(far, abs=0.0051)
    entries = page.evaluate(
        """(id) => new Promise((resolve) => {
            app.api.addEventListener("executed", ({ detail }) =>
                detail.node === String(id) && resolve(detail.output.genvr_depth));
            app.queuePrompt(0, 1);
        })""",
        adjust,
    )
    assert entries[0]["far"] == pytest.approx(far, rel=1e-3)
    assert entries[0]["reach"]["far"] > far


def _pixels(viewer):
    """A coarse copy of what the canvas shows."""
    return viewer.locator("canvas").evaluate(
        """(canvas) => {
            const context = canvas.getContext("2d");
            const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
            const step = 4 * Math.floor(data.length / 4 / 4000) || 4;
            return Array.from({ length: 4000 }, (_, i) =>
                (data[i * step] << 16) | (data[i * step + 1] << 8) | data[i * step + 2]);
        }"""
    )
