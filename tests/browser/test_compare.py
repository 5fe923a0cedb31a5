"""Before and after: core's Compare node shows both images, on the classic canvas too."""

from __future__ import annotations

import pytest

# ComfyUI's own viewer in Vue nodes, ours on the classic canvas.
STAGES = ".genvr-compare-stage:visible, [data-testid=image-compare-viewport]:visible"
CUT = """(stage) => {
    const before = [...stage.querySelectorAll("img")].at(-1).checkVisibility() &&
        [...stage.querySelectorAll("img")].map((image) => getComputedStyle(image).clipPath)
            .find((clip) => clip !== "none");
    return before && parseFloat(before.split(/[ (]/)[2]);
}"""


@pytest.fixture
def compare(page, canvas):
    """A sample scene with its depth, and the marked Compare node of the templates."""
    source = canvas.add("GenVRDepthSampleScene", 60, 120)
    target = canvas.add("ImageCompare", 700, 120)
    page.evaluate("(id) => { app.graph.getNodeById(id).properties.genvr_compare = true; }", target)
    graph = page.evaluate("() => app.graph.serialize()")
    page.evaluate("(graph) => app.loadGraphData(graph)", graph)
    page.wait_for_timeout(500)
    depth = canvas.add("GenVRDepthToImage", 400, 120)
    canvas.link(source, 1, depth, "depth")
    canvas.link(source, 0, target, "image_a")
    canvas.link(depth, 0, target, "image_b")
    finished = canvas.run()
    assert finished["name"] == "execution_success", finished
    return target


def test_one_compare_view_shows_both_images_and_its_edge_follows_the_pointer(page, compare):
    stage = page.locator(STAGES)
    stage.first.wait_for(timeout=10_000)
    assert stage.count() == 1
    page.wait_for_function(
        """(stages) => [...document.querySelectorAll(stages.replaceAll(":visible", ""))]
            .some((stage) => [...stage.querySelectorAll("img")]
                .filter((image) => image.naturalWidth > 100).length === 2)""",
        arg=STAGES,
        timeout=10_000,
    )
    box = stage.bounding_box()
    cuts = []
    for share in (0.25, 0.75):
        page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2, steps=3)
        page.wait_for_timeout(300)
        cuts.append(stage.evaluate(CUT))
    assert cuts[0] == pytest.approx(75, abs=3)
    assert cuts[1] == pytest.approx(25, abs=3)


def test_a_compare_node_of_another_workflow_is_left_as_it_is(page, canvas):
    node = canvas.add("ImageCompare", 700, 120)
    graph = page.evaluate("() => app.graph.serialize()")
    page.evaluate("(graph) => app.loadGraphData(graph)", graph)
    page.wait_for_timeout(500)
    kinds = page.evaluate("(id) => app.graph.getNodeById(id).widgets.map((w) => w.name)", node)
    assert kinds == ["compare_view"]


def test_the_view_is_no_part_of_the_workflow(page, compare):
    saved = page.evaluate("() => app.graph.serialize()")
    node = next(entry for entry in saved["nodes"] if entry["type"] == "ImageCompare")
    assert not node.get("widgets_values")
    sent = page.evaluate("async () => (await app.graphToPrompt()).output")
    assert "genvr_compare" not in sent[str(compare)]["inputs"]
