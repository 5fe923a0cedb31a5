"""A user's depth file reaches Load Depth: by its button, and dropped on the node."""

from __future__ import annotations

import base64

import numpy as np
import OpenEXR
import pytest
import torch
from genvr_depth.nodes.depthkit.depth_map import DepthMap
from genvr_depth.nodes.depthkit.formats import FORMATS, SaveOptions, encode_depth
from PIL import Image

# The title of a node, or the middle of its button, in pixels of the window; null until it is drawn.
PLACE = """([id, label]) => {
    const node = app.graph.getNodeById(id);
    const button = node.widgets.find((widget) => widget.label === label);
    if (!LiteGraph.vueNodesMode) {
        const { left, top } = app.canvas.canvas.getBoundingClientRect();
        const y = label ? button.y + 10 : -10;
        return y && [left + node.pos[0] + node.size[0] / 2, top + node.pos[1] + y];
    }
    const element = document.querySelector(`[data-node-id="${id}"]`);
    const part = label ? [...(element?.querySelectorAll("button") ?? [])]
        .find((found) => found.textContent.includes(label)) : element;
    const box = part?.getBoundingClientRect();
    return box?.width ? [box.x + box.width / 2, box.y + Math.min(12, box.height / 2)] : null;
}"""
DROP = """([x, y, text, name]) => {
    const transfer = new DataTransfer();
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    transfer.items.add(new File([bytes], name));
    const where = { bubbles: true, cancelable: true, clientX: x, clientY: y };
    const target = document.elementFromPoint(x, y);
    for (const kind of ["dragenter", "dragover", "drop"])
        target.dispatchEvent(new DragEvent(kind, { ...where, dataTransfer: transfer }));
}"""
BUTTON = "Choose a depth file to upload"


def depth_file(format: str) -> bytes:
    # Another depth every time: ComfyUI keeps one copy of two equal files.
    depth = DepthMap.make(torch.rand(30, 40) + 1, "metric")
    return encode_depth(depth, None, format, SaveOptions())


def place(page, node: int, label: str = "") -> list[float]:
    page.wait_for_timeout(500)
    return page.wait_for_function(PLACE, arg=[node, label], timeout=15_000).json_value()


def drop(page, node: int, name: str, data: bytes) -> None:
    x, y = place(page, node)
    page.evaluate(DROP, [x, y, base64.b64encode(data).decode(), name])


def value_becomes(page, node: int, name: str) -> None:
    page.wait_for_function(
        "([id, name]) => app.graph.getNodeById(id).widgets[0].value === name",
        arg=[node, name],
        timeout=10_000,
    )


@pytest.mark.parametrize("format", ["exr", "npy", "pfm", "png16", "tiff"])
def test_a_depth_file_dropped_on_the_node_is_loaded(page, canvas, server, format):
    extension = FORMATS[format].extension
    data, name = depth_file(format), f"dropped on the node {id(page)}.{extension}"
    node = canvas.add("GenVRDepthLoad", 200, 150)
    drop(page, node, name, data)
    value_becomes(page, node, name)
    assert (server.base / "input" / name).read_bytes() == data
    assert page.evaluate("() => app.graph.nodes.length") == 1


def test_what_was_dropped_runs_and_is_shown(page, canvas):
    # The page keeps values by node id: what an earlier test chose for this id may still be there.
    node = canvas.add("GenVRDepthLoad", 100, 150, meaning="as the file says")
    target = canvas.add("GenVRDepthPreview", 560, 150)
    canvas.link(node, 0, target, "depth")
    drop(page, node, f"to run {id(page)}.exr", depth_file("exr"))
    value_becomes(page, node, f"to run {id(page)}.exr")
    finished = canvas.run()
    assert finished["name"] == "execution_success", finished
    assert "40×30" in canvas.viewer(1).locator(".genvr-caption").inner_text()


def test_the_button_opens_a_file_dialog_and_uploads_the_choice(page, canvas, server, tmp_path):
    data, name = depth_file("exr"), f"chosen {id(page)}.exr"
    (tmp_path / name).write_bytes(data)
    node = canvas.add("GenVRDepthLoad", 200, 150)
    with page.expect_file_chooser(timeout=10_000) as opening:
        page.mouse.click(*place(page, node, BUTTON))
    assert ".exr" in opening.value.element.get_attribute("accept")
    opening.value.set_files(tmp_path / name)
    value_becomes(page, node, name)
    assert (server.base / "input" / name).read_bytes() == data


def test_ones_own_photo_goes_into_the_sample_scene(page, canvas, server, tmp_path):
    name = f"mine {id(page)}.jpg"
    Image.new("RGB", (64, 48), (id(page) % 256, 90, 30)).save(tmp_path / name)
    node = canvas.add("GenVRDepthSampleScene", 200, 150)
    with page.expect_file_chooser(timeout=10_000) as opening:
        page.mouse.click(*place(page, node, "Use my own photo"))
    opening.value.set_files(tmp_path / name)
    value_becomes(page, node, name)
    assert (server.base / "input" / name).is_file()


def test_a_file_it_cannot_read_is_left_to_the_page(page, canvas, server):
    node = canvas.add("GenVRDepthLoad", 200, 150)
    before = canvas.widget(node, "file")
    drop(page, node, "notes.txt", b"no depth here")
    page.wait_for_timeout(800)
    assert canvas.widget(node, "file") == before
    assert not (server.base / "input" / "notes.txt").exists()
    page.errors.clear()  # the page says that there is no workflow in it


def test_a_refused_upload_is_told_to_the_person(page, canvas):
    page.route("**/upload/image", lambda route: route.fulfill(status=413))
    node = canvas.add("GenVRDepthLoad", 200, 150)
    drop(page, node, "huge.exr", b"x")
    told = page.get_by_text("huge.exr is larger than this ComfyUI takes")
    told.last.wait_for(timeout=10_000)  # newer frontends say it to screen readers as well
    page.unroute("**/upload/image")


def test_the_button_takes_no_place_among_the_saved_values(page, canvas, server):
    node = canvas.add("GenVRDepthLoad", 200, 150, unit_scale=0.001, height=77)
    saved = page.evaluate("() => app.graph.serialize()")
    page.evaluate("(graph) => app.loadGraphData(graph)", saved)
    page.wait_for_timeout(500)
    declared = server.object_info()["GenVRDepthLoad"]["input"]
    count = sum(len(declared[group]) for group in ("required", "optional"))
    assert len(saved["nodes"][0]["widgets_values"]) == count
    assert canvas.widget(node, "unit_scale") == 0.001
    assert canvas.widget(node, "height") == "77"
    sent = page.evaluate("async () => (await app.graphToPrompt()).output")
    assert "genvr_upload" not in sent[str(node)]["inputs"]


def test_the_layers_of_a_file_are_listed_and_chosen(page, canvas, server):
    channels = {
        name: np.full((30, 40), index + 1, np.float32)
        for index, name in enumerate(("Background.Depth.Z", "ViewLayer.Depth.Z", "ViewLayer.AO.R"))
    }
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    name = f"layers {id(page)}.exr"
    OpenEXR.File(header, channels).write(str(server.base / "input" / name))
    node = canvas.add("GenVRDepthLoad", 200, 150)
    page.evaluate(
        "([id, name]) => { app.graph.getNodeById(id).widgets[0].value = name }", [node, name]
    )
    pressed = place(page, node, "Layers of the file")
    page.mouse.click(*pressed)
    items = page.locator(".genvr-menu button")
    items.first.wait_for(timeout=10_000)
    box = page.locator(".genvr-menu").bounding_box()
    assert abs(box["y"] - pressed[1]) < 40
    assert box["x"] - 10 <= pressed[0] < 1440
    assert items.all_inner_texts() == [
        "Background.Depth.Z", "ViewLayer.Depth.Z", "ViewLayer.AO.R",
    ]  # fmt: skip
    page.keyboard.press("Escape")
    items.first.wait_for(state="detached")
    page.mouse.click(*pressed)
    items.nth(1).click()
    assert canvas.widget(node, "channel") == "ViewLayer.Depth.Z"
    assert page.locator(".genvr-menu").count() == 0
    page.evaluate("id => { app.graph.getNodeById(id).widgets[0].value = 'gone.exr' }", node)
    page.mouse.click(*place(page, node, "Layers of the file"))
    page.get_by_text("There is no file 'gone.exr'").last.wait_for(timeout=10_000)
    page.errors.clear()  # the page's own word for the refused request
