"""Our widgets on nodes inside a subgraph: what they show, also after the tab comes back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

BLUEPRINTS = sorted((Path(__file__).resolve().parents[2] / "subgraphs").glob("*.json"))

CONVERT = """(ids) => {
    app.canvas.deselectAll();
    app.canvas.selectItems(ids.map((id) => app.graph.getNodeById(id)));
    return app.extensionManager.command.execute("Comfy.Graph.ConvertToSubgraph");
}"""
INNER = """([kind, name]) => {
    const { nodes } = app.graph.nodes.find((found) => found.subgraph).subgraph;
    const { element } = nodes.find((node) => node.comfyClass === kind).widgets
        .find((widget) => widget.name === name);
    return [element.dataset.state ?? "", element.textContent];
}"""
COMMAND = "(name) => app.extensionManager.command.execute(name)"


def _inside(page, kind, widget):
    """(state, text) of our widget on the node of that kind in the one subgraph."""
    return page.evaluate(INNER, [kind, widget])


def _leave_and_return(page):
    page.evaluate(COMMAND, "Comfy.NewBlankWorkflow")
    page.wait_for_function("() => app.graph.nodes.length === 0", timeout=20_000)
    for _ in range(9):  # past the empty tabs of other tests
        page.evaluate(COMMAND, "Workspace.PreviousOpenedWorkflow")
        page.wait_for_timeout(1000)
        if page.evaluate("() => app.graph.nodes.length"):
            return
    pytest.fail("the tab with the nodes did not come back")


def _expect_shown_now_and_later(page, canvas, kind, widget):
    page.wait_for_timeout(800)
    assert canvas.run()["name"] == "execution_success"
    page.wait_for_timeout(1000)
    assert _inside(page, kind, widget)[0] == "shown"
    _leave_and_return(page)
    assert _inside(page, kind, widget)[0] == "shown"


def test_the_viewer_shows_the_run_and_still_does_when_the_tab_comes_back(page, canvas):
    source = canvas.add("GenVRDepthSampleScene", 60, 120)
    target = canvas.add("GenVRDepthPreview", 560, 120)
    canvas.link(source, 1, target, "depth")
    page.evaluate(CONVERT, [target])
    _expect_shown_now_and_later(page, canvas, "GenVRDepthPreview", "genvr_viewer")


# The server of these tests has no key.
NO_KEY = " · no key yet: Settings > GenVR Depth"

PROMOTE = """async (name) => {
    const graph = app.graph.serialize();
    const outer = graph.nodes.find((node) => app.graph.getNodeById(node.id).subgraph);
    const inner = app.graph.getNodeById(outer.id).subgraph.nodes[0].id;
    outer.properties = { ...outer.properties, proxyWidgets: [[String(inner), name]] };
    await app.loadGraphData(graph);
}"""


def test_a_number_on_auto_outside_of_its_subgraph_is_sent_as_the_number(page, canvas):
    scene = canvas.add("GenVRDepthSampleScene", 60, 120)
    node = canvas.add("GenVRDepthEstimate", 560, 120)
    canvas.link(scene, 0, node, "image")
    page.evaluate(CONVERT, [node])
    page.evaluate(PROMOTE, "resolution")
    page.wait_for_timeout(800)
    outer = page.evaluate(
        "() => app.graph.nodes.find((n) => n.subgraph).widgets.map((w) => w.name)"
    )
    assert "resolution" in outer
    sent = page.evaluate("async () => (await app.graphToPrompt()).output")
    (inputs,) = [n["inputs"] for n in sent.values() if n["class_type"] == "GenVRDepthEstimate"]
    assert inputs["resolution"] == 0


@pytest.mark.parametrize("limit", [0, 3])
def test_the_badge_promises_nothing_about_what_comes_from_outside(page, canvas, limit):
    scene = canvas.add("GenVRDepthSampleScene", 60, 120)
    prompts = canvas.add("GenVRDepthPromptVariations", 60, 620, limit=limit)
    node = canvas.add("GenVRDepthGenerateRemote", 560, 120)
    canvas.link(scene, 0, node, "image")
    canvas.link(prompts, 0, node, "prompt")
    page.evaluate(CONVERT, [node])
    page.wait_for_timeout(800)
    text = _inside(page, "GenVRDepthGenerateRemote", "genvr_cost")[1]
    assert text == f"1 × 5 = 5 credits for each prompt, for each image that goes in{NO_KEY}"


def test_the_badge_of_a_count_that_is_wired_in_is_a_lower_bound(page, canvas):
    count = canvas.add("PrimitiveInt", 60, 120)
    node = canvas.add("GenVRDepthGenerateRemote", 560, 120)
    canvas.link(count, 0, node, "count")
    page.wait_for_timeout(800)
    badge = page.locator(".genvr-cost b").locator("visible=true")
    assert badge.inner_text() == f"at least 1 × 5 = 5 credits{NO_KEY}"


def test_the_blueprints_are_in_comfyuis_list(server):
    listed = server.get("/global_subgraphs").values()
    ours = [one["name"] for one in listed if one["info"]["node_pack"] == "custom_nodes.genvr-depth"]
    assert sorted(ours) == [path.stem for path in BLUEPRINTS]


@pytest.mark.parametrize("path", BLUEPRINTS, ids=lambda path: path.stem)
def test_a_blueprint_opens_with_its_links_and_widgets(page, path):
    blueprint = json.loads(path.read_text(encoding="utf-8"))
    (inside,), (outside,) = blueprint["definitions"]["subgraphs"], blueprint["nodes"]
    page.evaluate("(graph) => app.loadGraphData(graph)", blueprint)
    page.wait_for_function("() => app.graph.nodes[0]?.subgraph")
    found = page.evaluate(
        """() => {
            const [node] = app.graph.nodes;
            const sockets = (slots) => slots.filter((slot) => !slot.widget).map(({ name }) => name);
            return {
                kinds: node.subgraph.nodes.map(({ type }) => type),
                widgets: node.widgets.map(({ name }) => name),
                inputs: sockets(node.inputs), outputs: sockets(node.outputs),
            };
        }"""
    )
    assert found["kinds"] == [node["type"] for node in inside["nodes"]]
    shown = [name for _, name in outside["properties"]["proxyWidgets"]]
    assert [name for name in found["widgets"] if name != "control_after_generate"] == [
        name for name in shown if name != "control_after_generate"
    ]
    for side in ("inputs", "outputs"):
        assert found[side] == [slot["name"] for slot in outside[side]]


def test_a_blueprint_runs(page, canvas):
    path = next(path for path in BLUEPRINTS if path.stem == "Photo to Control Image")
    page.evaluate("(graph) => app.loadGraphData(graph)", json.loads(path.read_text()))
    page.wait_for_function("() => app.graph.nodes[0]?.subgraph")
    photo = canvas.add("GenVRDepthSampleScene", -400, 0)
    show = canvas.add("PreviewImage", 500, 0)
    blueprint = page.evaluate("() => app.graph.nodes.find((node) => node.subgraph).id")
    canvas.link(photo, 0, blueprint, "image")
    canvas.link(blueprint, 0, show, "images")
    assert canvas.run()["name"] == "execution_success"
