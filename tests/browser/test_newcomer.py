"""The first five minutes of someone who opens ComfyUI with this pack and reads nothing."""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image

MOST_ACTIONS = 12


class Hands:
    """Counts what the user does: a search, a node dropped, a wire drawn, a choice, a look."""

    def __init__(self, page) -> None:
        self.page = page
        self.done: list[str] = []

    def search(self, words, entry):
        """Double-click the canvas, type, take an entry; returns the id of the new node."""
        known = set(self.page.evaluate("() => app.graph.nodes.map(({ id }) => id)"))
        for _ in range(5):  # the page now and then takes no notice of a first double click
            self.page.mouse.dblclick(300, 840)  # clear of the nodes and of the minimap
            self.page.wait_for_timeout(900)
            if self.page.evaluate("() => document.activeElement.tagName") == "INPUT":
                break
        self.page.keyboard.type(words)
        option = self.page.locator("[role=option]").filter(has_text=entry).first
        option.wait_for(timeout=10_000)
        option.click()
        self.page.wait_for_function("(n) => app.graph.nodes.length > n", arg=len(known))
        self.page.wait_for_timeout(300)
        self.page.mouse.click(300, 500)  # newer pages hang it on the pointer until a click
        self.page.wait_for_timeout(300)
        self.done += [f"search {words}", f"drop {entry}"]
        (made,) = set(self.page.evaluate("() => app.graph.nodes.map(({ id }) => id)")) - known
        return made

    def place(self, node, x, y):
        """Where the node lies is the arranging of this test, not the work of the user."""
        self.page.evaluate(
            """([id, x, y]) => {
                const node = app.graph.getNodeById(id);
                node.pos = [x, y];
                Object.assign(app.canvas.ds, { scale: 1, offset: [0, 0] });
                app.canvas.setDirty(true, true);
            }""",
            [node, x, y],
        )

    def wire(self, source, output, target, name):
        """One drag from an output to an input."""
        self.page.evaluate(
            """([source, output, target, name]) => {
                const to = app.graph.getNodeById(target);
                app.graph.getNodeById(source).connect(output, to, to.findInputSlot(name));
            }""",
            [source, output, target, name],
        )
        self.done.append(f"wire {name}")


def test_from_an_empty_canvas_to_a_saved_exr_in_twelve_actions(page, canvas, server):
    photo = server.base / "input" / "newcomer.png"
    Image.linear_gradient("L").convert("RGB").resize((320, 240)).save(photo)
    page.reload()  # the list of photos is asked for when the page opens
    page.wait_for_function("() => window.app?.canvas?.graph && LiteGraph.registered_node_types"
                           ".GenVRDepthEstimate", timeout=60_000)  # fmt: skip
    page.wait_for_timeout(2500)
    page.keyboard.press("Escape")  # what the page may greet with
    page.evaluate("() => app.graph.clear()")
    hands = Hands(page)
    depth = hands.search("depth", "Depth Estimation")
    hands.place(depth, 420, 120)
    image = hands.search("load image", "Load Image")
    hands.place(image, 60, 120)
    page.evaluate("(id) => { app.graph.getNodeById(id).widgets[0].value = 'newcomer.png'; }", image)
    hands.wire(image, 0, depth, "image")
    save = hands.search("exr", "Save Depth")
    hands.place(save, 860, 120)
    page.evaluate(
        """(id) => {
            const format = app.graph.getNodeById(id).widgets.find(({ name }) => name === "format");
            format.value = "exr";
            format.callback?.("exr");
        }""",
        save,
    )
    hands.done.append("choose exr")
    hands.wire(depth, 0, save, "depth")
    finished = canvas.run()
    hands.done.append("Run")
    assert finished["name"] == "execution_success", finished
    hands.place(depth, 420, 120)
    viewer = canvas.viewer(0)
    box = viewer.locator("canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_timeout(300)
    assert re.search(r"\d %", viewer.locator(".genvr-readout").inner_text())
    viewer.locator(".genvr-3d").click()
    page.wait_for_timeout(500)
    assert viewer.locator(".genvr-stage").get_attribute("data-mode") == "surface"
    assert list((server.base / "output" / "depth").glob("*.exr"))
    actions = [*hands.done, "read a value", "open 3D"]
    assert len(actions) <= MOST_ACTIONS, actions


def test_the_viewer_and_the_settings_have_no_serious_fault_of_accessibility(page, canvas):
    page.evaluate(_axe_script())
    source = canvas.add("GenVRDepthSampleScene", 60, 120)
    target = canvas.add("GenVRDepthPreview", 520, 120)
    canvas.link(source, 1, target, "depth")
    canvas.link(source, 0, target, "image")
    assert canvas.run()["name"] == "execution_success"
    canvas.viewer(1).locator(".genvr-beside").click()
    found = _serious(page, ".genvr-viewer")
    page.evaluate("() => app.extensionManager.command.execute('Comfy.ShowSettingsDialog')")
    page.get_by_text("GenVR Depth", exact=True).first.click(timeout=10_000)
    page.locator(".genvr-account .genvr-test").wait_for(timeout=10_000)
    assert found + _serious(page, ".genvr-account") == []


def _axe_script():
    """The checker that axe-playwright-python brings. AXE_SCRIPT names it where that is installed
    beside another Python than the one of ComfyUI."""
    given = os.environ.get("AXE_SCRIPT")
    package = find_spec("axe_playwright_python")
    if not given and package is None:
        pytest.skip("pip install axe-playwright-python, or set AXE_SCRIPT to its axe.min.js")
    path = Path(given) if given else Path(package.origin).with_name("axe.min.js")
    return path.read_text(encoding="utf-8")


def _serious(page, part):
    faults = page.evaluate("async (part) => (await axe.run(part)).violations", part)
    return [
        (fault["id"], [node["html"] for node in fault["nodes"]])
        for fault in faults
        if fault["impact"] in ("serious", "critical")
    ]
