"""Every sample workflow is a card with an image, and opens with nothing missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(path.stem for path in (ROOT / "workflows").glob("*.json"))
# The card is the smallest element around the title that has an image in it.
CARD_HAS_IMAGE = """(name) => {
    const titles = [...document.querySelectorAll("[role=dialog] *, body *")]
        .filter((element) => !element.children.length && element.textContent.trim() === name);
    return titles.some((title) => {
        let card = title;
        while (card && !card.querySelector("img")) card = card.parentElement;
        return card?.querySelector("img")?.naturalWidth > 200;
    });
}"""


def test_every_template_is_a_card_with_its_image(page, server):
    assert sorted(server.get("/api/workflow_templates")["genvr-depth"]) == NAMES
    page.evaluate("() => app.extensionManager.command.execute('Comfy.BrowseTemplates')")
    page.get_by_text("genvr-depth", exact=True).first.click(timeout=20_000)
    for name in NAMES:
        page.get_by_text(name, exact=True).first.scroll_into_view_if_needed(timeout=15_000)
        page.wait_for_function(CARD_HAS_IMAGE, arg=name, timeout=15_000)
    page.get_by_text(NAMES[0], exact=True).first.scroll_into_view_if_needed()
    page.get_by_text(NAMES[0], exact=True).first.click()
    page.wait_for_function("() => app.graph.nodes.length > 3", timeout=15_000)


@pytest.mark.parametrize("name", NAMES)
def test_a_template_opens_with_no_missing_node_and_no_lost_link(page, name):
    graph = json.loads((ROOT / "workflows" / f"{name}.json").read_text(encoding="utf-8"))
    page.evaluate("(graph) => app.loadGraphData(graph)", graph)
    page.wait_for_function(f"() => app.graph.nodes.length === {len(graph['nodes'])}")
    page.wait_for_timeout(400)
    opened = page.evaluate(
        """() => ({
            missing: app.graph.nodes.map((node) => node.type)
                .filter((type) => !(type in LiteGraph.registered_node_types)),
            red: app.graph.nodes.filter((node) => node.has_errors).map((node) => node.type)
                .filter((type) => !/Loader/.test(type)), // its model file is not on this machine
            links: app.graph.links.size,
        })"""
    )
    assert opened["missing"] == []
    assert opened["links"] == len(graph["links"])
    assert opened["red"] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_page_makes_the_committed_api_twin_of_a_template(page, name):
    graph = json.loads((ROOT / "workflows" / f"{name}.json").read_text(encoding="utf-8"))
    twin = json.loads((ROOT / "workflows" / "api" / f"{name}.json").read_text(encoding="utf-8"))
    page.evaluate("(graph) => app.loadGraphData(graph)", graph)
    page.wait_for_timeout(400)
    made = page.evaluate("async () => (await app.graphToPrompt()).output")
    assert {k: v["class_type"] for k, v in made.items()} == {
        k: v["class_type"] for k, v in twin.items()
    }
    for number, node in twin.items():
        links = {k: v for k, v in node["inputs"].items() if isinstance(v, list)}
        assert {k: made[number]["inputs"].get(k) for k in links} == links


@pytest.mark.parametrize("name", NAMES)
def test_a_template_opens_in_sight_and_at_a_zoom_that_reads(page, name):
    graph = json.loads((ROOT / "workflows" / f"{name}.json").read_text(encoding="utf-8"))
    page.set_viewport_size({"width": 1440, "height": 900})
    page.evaluate(
        "(g) => app.loadGraphData(g, true, true, null, { openSource: 'template' })", graph
    )
    page.wait_for_timeout(1200)
    opened = page.evaluate(
        """() => {
            const { scale, offset } = app.canvas.ds;
            const box = ({ pos, size, flags }) => [pos[0], pos[1] - 30, pos[0] + size[0],
                pos[1] + (flags.collapsed ? 0 : size[1])];
            const drawn = (node) => {
                const element = document.querySelector(`[data-node-id="${node.id}"]`);
                if (!element) return box(node);
                const { left, top, right, bottom } = element.getBoundingClientRect();
                const place = (x, y) => [x / scale - offset[0], y / scale - offset[1]];
                return [...place(left, top), ...place(right, bottom)];
            };
            return { scale, low: app.canvas.low_quality, boxes: app.graph.nodes.map(drawn) };
        }"""
    )
    page.set_viewport_size({"width": 1500, "height": 950})
    assert opened["scale"] >= 0.6
    assert not opened["low"]
    for number, (left, top, right, bottom) in enumerate(opened["boxes"]):
        for x, y, to_x, to_y in opened["boxes"][number + 1 :]:
            assert right <= x + 1 or to_x <= left + 1 or bottom <= y + 1 or to_y <= top + 1


def test_the_first_template_runs_to_its_end_and_shows_its_depth(page, canvas, server):
    graph = json.loads((ROOT / "workflows" / f"{NAMES[0]}.json").read_text(encoding="utf-8"))
    page.evaluate("(graph) => app.loadGraphData(graph)", graph)
    page.wait_for_timeout(800)
    page.evaluate("() => app.extensionManager.command.execute('Comfy.Canvas.FitView')")
    finished = canvas.run(240_000)
    assert finished["name"] == "execution_success", finished
    caption = canvas.viewer(1).locator(".genvr-caption")
    assert "1024×768" in caption.inner_text()
    assert list((server.base / "output" / "depth").glob("*.exr"))
