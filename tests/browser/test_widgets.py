"""Few widgets at a time, on both canvases, and numbers that a node chooses say "auto"."""

from __future__ import annotations

# What a node shows of its own inputs, in order.
SHOWN = """(id) => {
    const node = app.graph.getNodeById(id);
    if (!LiteGraph.vueNodesMode)
        return node.widgets.filter((w) => node.isWidgetVisible(w)).map((w) => w.name);
    return node.widgets.map((w) => w.name).filter((name) => {
        const element = document.querySelector(`[data-node-id="${id}"]`);
        return [...element.querySelectorAll("[data-testid=widget-layout-field-label], label")]
            .some((label) => label.textContent.trim() === name);
    });
}"""


def _set(page, node, name, value):
    page.evaluate(
        """([id, name, value]) => {
            const widget = app.graph.getNodeById(id).widgets.find((w) => w.name === name);
            widget.value = value;
            widget.callback?.(value);
        }""",
        [node, name, value],
    )
    page.wait_for_timeout(400)


def _hidden(page, node):
    """Names of the widgets that neither canvas shows."""
    return set(
        page.evaluate(
            "(id) => app.graph.getNodeById(id).widgets.filter((w) => w.options.hidden)"
            ".map((w) => w.name)",
            node,
        )
    )


def test_a_format_shows_only_the_widgets_it_uses(page, canvas):
    node = canvas.add("GenVRDepthSaveDepth", 200, 120)
    assert {"exr_compression", "exr_channel", "quality"} <= _hidden(page, node)
    _set(page, node, "format", "exr")
    assert _hidden(page, node) & {"exr_compression", "exr_channel", "quality"} == {"quality"}
    saved = page.evaluate("() => app.graph.serialize()")
    page.evaluate("(graph) => app.loadGraphData(graph)", saved)
    page.wait_for_timeout(500)
    assert "exr_channel" not in _hidden(page, node)
    assert canvas.widget(node, "format") == "exr"


def test_what_is_seldom_needed_unfolds_and_stays_unfolded(page, canvas):
    node = canvas.add("GenVRDepthGenerateLocal", 200, 60)
    vue = page.evaluate("() => Boolean(LiteGraph.vueNodesMode)")
    if vue:  # the page folds them itself
        names = page.evaluate(
            "(id) => app.graph.getNodeById(id).constructor.nodeData.input.optional.sampler[1]", node
        )
        assert names["advanced"]
        return
    shown = page.evaluate(SHOWN, node)
    assert "sampler" not in shown
    assert len([name for name in shown if not name.startswith("genvr_")]) == 8
    height = page.evaluate("(id) => app.graph.getNodeById(id).size[1]", node)
    _set(page, node, "genvr_more", None)
    assert "sampler" in page.evaluate(SHOWN, node)
    saved = page.evaluate("() => app.graph.serialize()")
    page.evaluate("(graph) => app.loadGraphData(graph)", saved)
    page.wait_for_timeout(500)
    assert "sampler" in page.evaluate(SHOWN, node)
    _set(page, node, "genvr_more", None)
    assert "sampler" not in page.evaluate(SHOWN, node)
    assert abs(page.evaluate("(id) => app.graph.getNodeById(id).size[1]", node) - height) <= 1


def test_a_number_says_auto_and_the_prompt_holds_the_number(page, canvas):
    node = canvas.add("GenVRDepthGenerateLocal", 200, 60)
    assert canvas.widget(node, "steps") == "auto"
    for typed, shown, sent in [
        ("30.4", "30", 30),
        ("a few", "auto", -1),
        ("99999", "10000", 10000),
        ("auto", "auto", -1),
    ]:
        _set(page, node, "steps", typed)
        assert canvas.widget(node, "steps") == shown
        prompt = page.evaluate("async () => (await app.graphToPrompt()).output")
        assert prompt[str(node)]["inputs"]["steps"] == sent
    saved = page.evaluate("() => app.graph.serialize()")
    saved["nodes"][0]["widgets_values"][5] = -1  # as written by hand, or without a page
    page.evaluate("(graph) => app.loadGraphData(graph)", saved)
    page.wait_for_timeout(500)
    assert canvas.widget(node, "steps") == "auto"
