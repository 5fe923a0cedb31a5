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


GROUP = """() => {
    const group = app.graph.groups.find((found) => found.title.startsWith("Your own"));
    app.canvas.ds.scale = 0.6;
    app.canvas.ds.offset = [300 - group.pos[0], 300 - group.pos[1]];
    app.canvas.setDirty(true, true);
    const { left, top } = app.canvas.canvas.getBoundingClientRect();
    return [left + 0.6 * 320, top + 0.6 * 312];
}"""


@pytest.mark.parametrize("name", NAMES)
def test_ones_own_image_comes_in_through_the_menu_of_its_group(page, name):
    """As the note says: right-click the green group, Set Group Nodes to Always."""
    graph = json.loads((ROOT / "workflows" / f"{name}.json").read_text(encoding="utf-8"))
    page.evaluate("(graph) => app.loadGraphData(graph)", graph)
    page.wait_for_timeout(800)
    place = page.evaluate(GROUP)
    page.wait_for_timeout(500)  # until it is drawn there
    page.mouse.click(*place, button="right")
    page.locator(":text-is('Set Group Nodes to Always'):not(strong)").last.click(timeout=10_000)
    page.wait_for_function("() => app.graph.nodes.every((node) => node.mode === 0)")
    made = page.evaluate("async () => (await app.graphToPrompt()).output")
    kinds = {node["class_type"] for node in made.values()}
    assert kinds & {"LoadImage", "LoadVideo"}
    assert "ComfySwitchNode" in kinds


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
