"""Few widgets at a time, on both canvases, and numbers that a node chooses say "auto"."""

from __future__ import annotations

# Whether the page folds what is advanced itself: Vue nodes, but not those of 2025.
PAGE_FOLDS = """LiteGraph.vueNodesMode &&
    app.extensionManager.setting.get("Comfy.Node.AlwaysShowAdvancedWidgets") !== undefined"""
# What a node shows of its own inputs and buttons, in order.
SHOWN = f"""(id) => {{
    const folds = {PAGE_FOLDS};
    const ours = ["genvr_viewer", "genvr_cost", "genvr_note", "genvr_more"];
    return (app.graph.getNodeById(id).widgets ?? [])
        .filter((w) => !ours.includes(w.name) && !w.hidden && !w.options.hidden)
        .filter((w) => !(folds && w.options.advanced)).map((w) => w.name);
}}"""
# The same as words on the screen, of Vue nodes.
WORDS = """(id) => document.querySelector(`[data-node-id="${id}"]`).innerText"""
MOST = 8


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


def test_no_node_shows_more_than_eight_widgets(page, canvas, server):
    counts = {
        kind: len(page.evaluate(SHOWN, canvas.add(kind, 100, 80)))
        for kind in server.object_info()
        if kind.startswith("GenVRDepth")
    }
    assert len(counts) > 20
    assert {kind: count for kind, count in counts.items() if count > MOST} == {}


def test_a_saved_cloud_shows_no_cut(page, canvas):
    node = canvas.add("GenVRDepthSave3D", 200, 60)
    assert "cut" in page.evaluate(SHOWN, node)
    _set(page, node, "format", "ply")
    assert "cut" not in page.evaluate(SHOWN, node)
    if page.evaluate("() => LiteGraph.vueNodesMode"):
        assert "cut at jumps of" not in page.evaluate(WORDS, node)


def test_what_is_seldom_needed_unfolds_and_stays_unfolded(page, canvas):
    node = canvas.add("GenVRDepthGenerateLocal", 200, 60)
    if page.evaluate(f"() => {PAGE_FOLDS}"):
        names = page.evaluate(
            "(id) => app.graph.getNodeById(id).constructor.nodeData.input.optional.sampler[1]", node
        )
        assert names["advanced"]
        return
    page.wait_for_timeout(400)
    assert "sampler" not in page.evaluate(SHOWN, node)
    if page.evaluate("() => LiteGraph.vueNodesMode"):
        assert "sampler" not in page.evaluate(WORDS, node)
    height = page.evaluate("(id) => app.graph.getNodeById(id).size[1]", node)
    _set(page, node, "genvr_more", None)
    assert "sampler" in page.evaluate(SHOWN, node)
    if page.evaluate("() => LiteGraph.vueNodesMode"):
        assert "sampler" in page.evaluate(WORDS, node)
    saved = page.evaluate("() => app.graph.serialize()")
    page.evaluate("(graph) => app.loadGraphData(graph)", saved)
    page.wait_for_timeout(500)
    assert "sampler" in page.evaluate(SHOWN, node)
    _set(page, node, "genvr_more", None)
    assert "sampler" not in page.evaluate(SHOWN, node)
    page.wait_for_timeout(400)
    assert page.evaluate("(id) => app.graph.getNodeById(id).size[1]", node) <= height + 1


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
