"""What a node says about its run stays on it, once: some frontends take it away, some keep it."""

from __future__ import annotations

SAVED = "text=/^\\d saved, last note/"
CONVERT = """([id]) => {
    app.canvas.deselectAll();
    app.canvas.selectItems([app.graph.getNodeById(id)]);
    return app.extensionManager.command.execute("Comfy.Graph.ConvertToSubgraph");
}"""
INNER = """() => app.graph.nodes.find((found) => found.subgraph).subgraph.nodes[0].widgets
    .find(({ name }) => ["genvr_note", "$$node-text-preview"].includes(name))
    ?.element?.textContent"""


def _saving(canvas, prefix):
    source = canvas.add("GenVRDepthSampleScene", 60, 120)
    target = canvas.add("GenVRDepthSaveDepth", 560, 120, filename_prefix=prefix)
    canvas.link(source, 1, target, "depth")
    return target


def _name(page, node, prefix):
    page.evaluate(
        """([id, prefix]) => {
            const { widgets } = app.graph.getNodeById(id);
            widgets.find((widget) => widget.name === "filename_prefix").value = prefix;
        }""",
        [node, prefix],
    )


def test_the_line_about_the_saved_files_outlives_the_run(page, canvas):
    node = _saving(canvas, "")
    for time in ("first", "second"):  # a later line takes the place of the earlier
        prefix = f"note {time} {id(page)}"
        _name(page, node, prefix)
        assert canvas.run()["name"] == "execution_success"
        page.wait_for_timeout(1500)
        lines = page.locator(SAVED).locator("visible=true").all_inner_texts()
        assert [line.split("_")[0] for line in lines] == [f"1 saved, last {prefix}"]


def test_a_line_takes_no_place_among_the_saved_values(page, canvas):
    node = _saving(canvas, f"note{id(page)}")
    before = page.evaluate("() => app.graph.serialize().nodes.at(-1).widgets_values")
    assert canvas.run()["name"] == "execution_success"
    page.wait_for_timeout(1000)
    saved = page.evaluate("() => app.graph.serialize().nodes.at(-1).widgets_values")
    sent = page.evaluate("async () => (await app.graphToPrompt()).output")
    assert saved == before
    assert "genvr_note" not in sent[str(node)]["inputs"]


def test_a_node_in_a_subgraph_says_it_too(page, canvas):
    node = _saving(canvas, f"note of a subgraph {id(page)}")
    page.evaluate(CONVERT, [node])
    page.wait_for_timeout(800)
    assert canvas.run()["name"] == "execution_success"
    page.wait_for_timeout(1000)
    assert f"1 saved, last note of a subgraph {id(page)}" in (page.evaluate(INNER) or "")
