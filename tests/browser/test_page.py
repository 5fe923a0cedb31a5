"""The pack in the page: it loads quietly, and its nodes are found."""

from __future__ import annotations

import pytest


def test_the_page_loads_our_extensions_without_a_console_error(page):
    names = page.evaluate("() => app.extensions.map((extension) => extension.name)")
    assert {"genvrdepth.viewer", "genvrdepth.settings", "genvrdepth.cost"} <= set(names)
    assert page.errors == []


def test_every_node_has_its_help_and_the_images_in_it(page, server):
    ours = [name for name in server.object_info() if name.startswith("GenVRDepth")]
    missing = page.evaluate(
        """async (names) => {
            const gone = [];
            for (const name of names) {
                const base = `/extensions/genvr-depth/docs/`;
                const answer = await fetch(`${base}${name}.md`);
                const text = answer.ok ? await answer.text() : "";
                const images = [...text.matchAll(/!\\[[^\\]]*\\]\\(([^)]+)\\)/g)];
                if (!images.length) gone.push(name);
                for (const [, path] of images)
                    if (!(await fetch(base + path)).ok) gone.push(`${name}: ${path}`);
            }
            return gone;
        }""",
        ours,
    )
    assert len(ours) > 20
    assert missing == []


@pytest.mark.parametrize("word", ["depth", "midas", "disparity", "genvr", "exr"])
def test_search_finds_our_nodes(page, server, word):
    _skip_where_only_names_are_searched(server, word)
    _open_search(page)
    page.keyboard.type(word)
    option = page.locator("[role=option]").filter(has_text="GenVR Depth").first
    option.wait_for(timeout=10_000)


# The page of ComfyUI 0.8 looks through names and categories, not through aliases.
IN_NAMES = {"depth", "depth estimation", "genvr"}


def _skip_where_only_names_are_searched(server, words):
    version = server.get("/system_stats")["system"]["comfyui_version"]
    if tuple(map(int, version.split(".")[:2])) < (0, 27) and words not in IN_NAMES:
        pytest.skip(f"the page of ComfyUI {version} does not search aliases")


WANTED = {"exr": {"Save Depth", "Load Depth"}}


@pytest.mark.parametrize(
    "words",
    ["depth", "depth map", "depth estimation", "depth anything", "controlnet depth",
     "preprocessor", "z depth", "exr"],
)  # fmt: skip
def test_what_the_user_types_finds_the_node_that_does_it(page, server, words):
    """Among the first eight entries, and one of our first two."""
    _skip_where_only_names_are_searched(server, words)
    _open_search(page)
    page.keyboard.type(words)
    page.locator("[role=option]").filter(has_text="Depth").first.wait_for(timeout=10_000)
    page.wait_for_timeout(800)
    entries = [text.strip() for text in page.locator("[role=option]").all_inner_texts()[:8]]
    ours = [entry for entry in entries if "GenVR Depth" in entry or "genvr-depth" in entry]
    names = {entry.splitlines()[0].strip() for entry in ours[:2]}
    assert names & WANTED.get(words, {"Depth Estimation"}), entries
    page.keyboard.press("Escape")


def test_a_saved_png_dropped_on_the_canvas_restores_the_graph(page, canvas, server):
    source = canvas.add("GenVRDepthSampleScene", 100, 120)
    target = canvas.add("SaveImage", 560, 120)
    canvas.link(source, 0, target, "images")
    finished = canvas.run()
    assert finished["name"] == "execution_success", finished
    saved = max((server.base / "output").glob("*.png"), key=lambda path: path.stat().st_mtime)
    page.evaluate("() => app.graph.clear()")
    _drop(page, saved)
    page.wait_for_function("() => app.graph.nodes.length === 2", timeout=10_000)
    kinds = page.evaluate("() => app.graph.nodes.map((node) => node.type).sort()")
    assert kinds == ["GenVRDepthSampleScene", "SaveImage"]
    assert page.evaluate("() => app.graph.links.size") == 1


def _open_search(page):
    """The page now and then takes no notice of a double click that soon follows a closed dialog."""
    for _ in range(5):
        page.mouse.dblclick(700, 600)
        page.wait_for_timeout(1000)
        if page.evaluate("() => document.activeElement.tagName") == "INPUT":
            return
    pytest.fail("the search did not open")


def _drop(page, path):
    page.evaluate(
        """([bytes, name]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([Uint8Array.from(bytes)], name, { type: "image/png" }));
            const where = { bubbles: true, cancelable: true, clientX: 700, clientY: 600 };
            const target = document.getElementById("graph-canvas");
            for (const kind of ["dragenter", "dragover", "drop"])
                target.dispatchEvent(new DragEvent(kind, { ...where, dataTransfer: transfer }));
        }""",
        [list(path.read_bytes()), path.name],
    )


def test_node_info_opens_the_help_with_its_image(page, canvas):
    node = canvas.add("GenVRDepthEstimate", 400, 200)
    page.evaluate("(id) => app.canvas.selectItems([app.graph.getNodeById(id)])", node)
    page.locator("[data-testid=info-button]").click(timeout=10_000)
    image = page.locator("img[src*='GenVRDepthEstimate.webp']").first
    image.wait_for(timeout=10_000)
    page.wait_for_function("(image) => image.naturalWidth > 100", arg=image.element_handle())
    page.get_by_text("With no model connected it uses the small bundled model").first.wait_for()
