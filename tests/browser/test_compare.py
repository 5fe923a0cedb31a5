"""Before and after: Save Image shows what it saved beside what that was made from."""

from __future__ import annotations

import pytest

STAGE = ".genvr-compare-stage:visible"
CUT = """(stage) => {
    const clip = getComputedStyle(stage.querySelector(".genvr-before")).clipPath;
    return parseFloat(clip.split(/[ (]/)[2]);
}"""


@pytest.fixture
def compare(page, canvas):
    """A sample scene beside its depth in colour."""
    source = canvas.add("GenVRDepthSampleScene", 60, 120)
    depth = canvas.add("GenVRDepthToImage", 460, 120)
    target = canvas.add("GenVRDepthSaveImage", 800, 120)
    canvas.link(source, 1, depth, "depth")
    canvas.link(source, 0, target, "compare_with")
    canvas.link(depth, 0, target, "images")
    page.wait_for_timeout(300)
    return target


def test_the_edge_between_the_two_images_follows_the_pointer(page, canvas, compare):
    finished = canvas.run()
    assert finished["name"] == "execution_success", finished
    stage = page.locator(STAGE)
    stage.first.wait_for(timeout=10_000)
    assert stage.count() == 1
    page.wait_for_function(
        """() => [...document.querySelectorAll(".genvr-compare-stage img")]
            .filter((image) => image.naturalWidth > 100).length === 2""",
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


def test_the_view_is_no_part_of_the_workflow(page, compare):
    assert page.locator(STAGE).count() == 1
    saved = page.evaluate("() => app.graph.serialize()")
    node = next(entry for entry in saved["nodes"] if entry["type"] == "GenVRDepthSaveImage")
    assert len(node["widgets_values"]) == 7
    sent = page.evaluate("async () => (await app.graphToPrompt()).output")
    assert "genvr_compare" not in sent[str(compare)]["inputs"]


def test_an_image_saved_alone_gets_no_edge(page, canvas):
    source = canvas.add("GenVRDepthSampleScene", 60, 120)
    target = canvas.add("GenVRDepthSaveImage", 800, 120)
    canvas.link(source, 0, target, "images")
    assert canvas.run()["name"] == "execution_success"
    assert page.locator(STAGE).count() == 0
