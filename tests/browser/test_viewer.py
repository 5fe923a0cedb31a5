"""A depth you can touch: the numbers under the cursor are those of the array."""

from __future__ import annotations

import json
import re
import sys

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


def _image_box(box, width, height):
    scale = min(box["width"] / width, box["height"] / height)
    left = box["x"] + (box["width"] - width * scale) / 2
    return left, box["y"] + (box["height"] - height * scale) / 2, scale


@pytest.mark.parametrize("at", [(0.5, 0.5), (0.2, 0.8), (0.85, 0.3)])
def test_the_number_under_the_cursor_is_that_of_the_array(scene, page, at):
    values = load_scene(SCENE_NAMES[0]).depth.values[0]
    height, width = values.shape
    left, top, scale = _image_box(scene.locator("canvas").bounding_box(), width, height)
    page.mouse.move(left + at[0] * width * scale, top + at[1] * height * scale)
    shown = scene.locator(".genvr-readout").inner_text()
    column, row, metres = re.fullmatch(r"x (\d+)\s+y (\d+)\s+·\s+([\d.]+) m", shown).groups()
    assert abs(int(column) - at[0] * width) <= 1 / scale + 1
    assert abs(int(row) - at[1] * height) <= 1 / scale + 1
    assert float(metres) == pytest.approx(values[int(row), int(column)].item(), abs=5.1e-4)


def test_a_colour_map_changes_the_image_and_is_kept_with_the_node(scene, page):
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


def test_keys_turn_zoom_and_reset_the_3d_look(scene, page):
    scene.locator(".genvr-3d").click()
    stage = scene.locator(".genvr-stage")
    stage.focus()
    page.keyboard.press("0")  # ends the gentle motion
    page.wait_for_timeout(400)
    home = _pixels(scene)
    for key in ("ArrowLeft", "+"):
        before = _pixels(scene)
        page.keyboard.press(key)
        page.wait_for_timeout(400)
        assert _pixels(scene) != before
    page.keyboard.press("0")
    page.wait_for_timeout(400)
    assert _pixels(scene) == home


def test_photo_and_depth_lie_beside_each_other_and_the_pointer_moves_the_edge(scene, page):
    flat = _pixels(scene)
    scene.locator(".genvr-beside").click()
    box = scene.locator("canvas").bounding_box()
    looks = []
    for share in (0.3, 0.7):
        page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
        page.wait_for_timeout(400)
        looks.append(_pixels(scene))
    assert looks[0] != looks[1] != flat
    assert scene.locator(".genvr-edge").get_attribute("aria-label")


def test_what_is_shown_is_saved_as_a_png(scene, page):
    with page.expect_download() as saving:
        scene.locator(".genvr-png").click()
    assert saving.value.suggested_filename == "depth_flat.png"


def test_a_4k_image_turns_fluently(page, canvas, capsys):
    """Frames of the gentle motion, drawn in software: a number to read, with a low floor."""
    source = canvas.add("GenVRDepthSampleScene", 40, 120, scene="street")
    large = canvas.add("ImageScale", 40, 620, width=3840, height=2160, crop="center")
    depth = canvas.add("GenVRDepthEstimate", 460, 120)
    target = canvas.add("GenVRDepthPreview", 860, 120)
    canvas.link(source, 0, large, "image")
    canvas.link(large, 0, depth, "image")
    canvas.link(depth, 0, target, "depth")
    canvas.link(large, 0, target, "image")
    finished = canvas.run()
    assert finished["name"] == "execution_success", finished
    canvas.viewer(2).locator(".genvr-3d").click()
    page.wait_for_timeout(3000)  # the photo has arrived, the detail has found its level
    frames = page.evaluate(
        """() => new Promise((resolve) => {
            const draw = CanvasRenderingContext2D.prototype.drawImage;
            let drawn = 0;
            CanvasRenderingContext2D.prototype.drawImage = function (image, ...place) {
                if (image instanceof HTMLCanvasElement && place.length === 2) drawn += 1;
                return draw.call(this, image, ...place);
            };
            setTimeout(() => {
                CanvasRenderingContext2D.prototype.drawImage = draw;
                resolve(drawn / 4);
            }, 4000);
        })"""
    )
    with capsys.disabled():
        sys.stdout.write(f"\n3840x2160 in 3D, drawn in software: {frames:.1f} frames/s\n")
    assert frames > 2


def test_the_photograph_can_be_shown_in_place_of_the_depth(scene, page):
    before = _pixels(scene)
    scene.locator(".genvr-photo").click()
    page.wait_for_timeout(500)
    assert _pixels(scene) != before


def test_the_handles_change_the_node_by_its_button_only(page, canvas):
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
    assert canvas.widget(adjust, "window") == "off"
    viewer.locator(".genvr-use").click()
    assert canvas.widget(adjust, "window") == "fixed"
    far = canvas.widget(adjust, "high")
    shown = viewer.locator(".genvr-range span").nth(1).inner_text()
    assert float(shown.split()[1]) == pytest.approx(far, abs=5.1e-4)
    entries = page.evaluate(
        """(id) => new Promise((resolve) => {
            app.api.addEventListener("executed", ({ detail }) =>
                detail.node === String(id) && resolve(detail.output.genvr_depth));
            app.queuePrompt(0, 1);
        })""",
        adjust,
    )
    entry = json.loads(entries[0])
    assert entry["far"] == pytest.approx(far, rel=1e-3)
    assert entry["reach"]["far"] > far


def test_the_ends_of_a_narrow_window_are_not_rounded_away(page, canvas):
    """A relative map of a few hundredths: a thousandth of its range is far below 0.01."""
    flat = canvas.add("SolidMask", 20, 120, value=0.5, width=64, height=48)
    spot = canvas.add("SolidMask", 20, 320, value=0.02, width=32, height=24)
    joined = canvas.add("MaskComposite", 320, 120, operation="add")
    image = canvas.add("MaskToImage", 620, 120)
    depth = canvas.add("GenVRDepthFromImage", 20, 500)
    adjust = canvas.add("GenVRDepthAdjust", 440, 320)
    target = canvas.add("GenVRDepthPreview", 900, 320)
    canvas.link(flat, 0, joined, "destination")
    canvas.link(spot, 0, joined, "source")
    canvas.link(joined, 0, image, "mask")
    canvas.link(image, 0, depth, "image")
    canvas.link(depth, 0, adjust, "depth")
    canvas.link(adjust, 0, target, "depth")
    finished = canvas.run()
    assert finished["name"] == "execution_success", finished
    canvas.viewer(2)  # all three show the run
    chosen = page.evaluate(
        """(id) => {
            const node = app.graph.getNodeById(id);
            const widget = (name) => node.widgets.find((entry) => entry.name === name);
            for (const [name, value] of [["low", 0.50234], ["high", 0.51789]]) {
                widget(name).value = value;
                widget(name).callback(value, app.canvas, node);
            }
            return ["low", "high"].map((name) => [widget(name).value, widget(name).options]);
        }""",
        adjust,
    )
    assert [value for value, _ in chosen] == [0.50234, 0.51789]
    assert all(options["precision"] >= 5 for _, options in chosen)


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


def test_a_range_chosen_on_an_estimate_goes_into_an_adjust_node_behind_it(page, canvas):
    source = canvas.add("GenVRDepthSampleScene", 40, 120)
    depth = canvas.add("GenVRDepthEstimate", 440, 120)
    target = canvas.add("GenVRDepthPreview", 860, 120)
    canvas.link(source, 0, depth, "image")
    canvas.link(depth, 0, target, "depth")
    assert canvas.run()["name"] == "execution_success"
    before = page.evaluate("async () => (await app.graphToPrompt()).output")
    viewer = canvas.viewer(1)
    viewer.locator("input.genvr-far").evaluate(
        """(slider) => { slider.value = "500"; slider.dispatchEvent(new Event("input")); }"""
    )
    shown = viewer.locator(".genvr-range span").nth(1).inner_text()
    assert 0 < float(shown.split()[1]) < 100
    assert shown.endswith("%")
    assert page.evaluate("async () => (await app.graphToPrompt()).output") == before
    viewer.locator(".genvr-use").click()
    added = page.evaluate(
        """() => app.graph.nodes.filter(({ type }) => type === "GenVRDepthAdjust")
            .map((node) => [node.widgets.find(({ name }) => name === "window").value,
                node.getInputNode(0).type])"""
    )
    assert added == [["fixed", "GenVRDepthEstimate"]]
    after = page.evaluate("async () => (await app.graphToPrompt()).output")
    assert after[str(depth)] == before[str(depth)]
