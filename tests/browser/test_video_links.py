"""Load Image and Load Video both connect to our image inputs, by the menu of a dropped wire."""

from __future__ import annotations

import json

import pytest
from workflow_check import WORKFLOWS

OUTPUT = """() => {
    const node = app.graph._nodes[0];
    if (LiteGraph.vueNodesMode) {
        const slot = document.querySelector(`[data-node-id="${node.id}"] .lg-slot--output`);
        const box = slot?.getBoundingClientRect();
        return box?.width ? [box.right - 4, box.y + box.height / 2] : null;
    }
    const [x, y] = node.getConnectionPos(false, 0);
    const { left, top } = app.canvas.canvas.getBoundingClientRect();
    const { scale, offset } = app.canvas.ds;
    return [left + (x + offset[0]) * scale, top + (y + offset[1]) * scale];
}"""
LINKED = """(kind) => app.graph._nodes.filter((node) => node.type === kind)
    .flatMap((node) => node.inputs.filter((input) => input.link != null).map((i) => i.name))"""
BROKEN = """() => app.graph._nodes.flatMap((node) => (node.inputs ?? [])
    .filter((input) => input.link != null)
    .filter((input) => {
        const link = app.graph.links.get(input.link);
        const output = app.graph.getNodeById(link.origin_id)?.outputs[link.origin_slot];
        return !LiteGraph.isValidConnection(output?.type, input.type);
    })
    .map((input) => `${node.type}.${input.name}`))"""


def dropped(page):
    """The entry of the menu that a wire dropped on the empty canvas opens."""
    entry = page.locator(".litecontextmenu .litemenu-entry").filter(has_text="Search").first
    for _ in range(5):  # a new node is still moved to its place while the page is busy
        page.wait_for_timeout(1200)
        x, y = page.wait_for_function(OUTPUT, timeout=10_000).json_value()
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 150, y + 60, steps=8)
        page.mouse.move(x + 350, y + 150, steps=8)
        page.mouse.up()
        page.wait_for_timeout(1500)
        if entry.count():
            break
    return entry


@pytest.mark.parametrize("source", ["LoadImage", "LoadVideo"])
def test_a_wire_dropped_on_the_canvas_offers_and_connects_estimate(canvas, page, source):
    version = page.evaluate("() => window.__COMFYUI_FRONTEND_VERSION__ ?? '0.0'")
    if tuple(map(int, version.split(".")[:2])) < (1, 40):
        pytest.skip("the search of this old frontend finds no input of two types")
    canvas.add(source, 200, 150)
    dropped(page).click()
    page.wait_for_timeout(800)
    page.keyboard.type("Depth Estimation", delay=20)
    page.wait_for_timeout(1200)
    page.keyboard.press("Enter")
    page.wait_for_function(f"() => ({LINKED})('GenVRDepthEstimate').length", timeout=10_000)
    assert page.evaluate(LINKED, "GenVRDepthEstimate") == ["image"]


@pytest.mark.parametrize("source", ["LoadImage", "LoadVideo"])
def test_a_wire_dropped_on_the_input_connects(canvas, page, source):
    canvas.link(
        canvas.add(source, 100, 150), 0, canvas.add("GenVRDepthEstimate", 600, 150), "image"
    )
    assert page.evaluate(LINKED, "GenVRDepthEstimate") == ["image"]


def test_a_workflow_from_before_opens_with_all_its_wires(page):
    """Until VIDEO was taken, the sockets were called IMAGE in the files."""
    path = WORKFLOWS / "10 Clip to Consistent Depth.json"
    text = path.read_text(encoding="utf-8").replace("IMAGE,VIDEO", "IMAGE")
    graph = json.loads(text)
    page.evaluate("(graph) => app.loadGraphData(graph)", graph)
    page.wait_for_function(
        "(count) => app.graph.links.size === count", arg=len(graph["links"]), timeout=10_000
    )
    assert page.evaluate(BROKEN) == []
