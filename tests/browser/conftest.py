"""The page fixtures: the real frontend in headless Chromium, classic canvas and Vue nodes.

Besides COMFYUI_PATH: COMFYUI_FRONTENDS may name more built frontends (folders with an index.html,
separated as in PATH); every test then runs on the installed one and on each of those. CHROMIUM
names the browser where it is not on PATH, AXE_SCRIPT the checker of accessibility (axe.min.js).
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from fake_genvr import FakeGenvr

KEY, UID = "canary-key-b81c77d0", "canary-user-2fd4"

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
FRONTENDS = ["installed", *filter(None, os.environ.get("COMFYUI_FRONTENDS", "").split(os.pathsep))]
RENDERERS = {"classic": False, "vue": True}
READY = (
    "() => window.app?.canvas?.graph && Object.keys(LiteGraph.registered_node_types).length > 100"
)
# ComfyUI's own: optional files it probes for, models of its default workflow it may not ask for,
# and its layout asking for the graph before there is one.
CORE_NOISE = (
    "Failed to load resource",
    "Content Security Policy",
    "huggingface.co",
    "graph accessed before initialization",
    # Core's own text widgets do it too, when one dropped workflow replaces another quickly.
    "The node to be removed is not a child of this node",
)

# ComfyUI asks for a help page in the page's language first, and then for the one there is.
TRANSLATED_HELP = re.compile(r"/docs/\w+/[\w-]+\.md")


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium():
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium found; install one or set CHROMIUM")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=path, headless=True, args=CHROMIUM_ARGUMENTS
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def genvr():
    """The stand-in for the GenVR service."""
    with FakeGenvr(key=KEY, uid=UID) as service:
        yield service


@pytest.fixture
def keys():
    """(key, user id) that the stand-in knows."""
    return KEY, UID


@pytest.fixture(scope="session", params=FRONTENDS, ids=lambda path: Path(path).parent.name or path)
def server(request, comfy_factory, genvr):
    extra = () if request.param == "installed" else ("--front-end-root", request.param)
    # A key of whoever runs the tests must not decide what the settings page shows.
    environment = {name: "" for name in os.environ if name.startswith("GENVR_")}
    environment["GENVR_API_BASE"] = genvr.base
    return comfy_factory(extra=extra, environment=environment)


@pytest.fixture(scope="module", params=RENDERERS)
def opened(request, server, chromium):
    """The page of one renderer, opened once per file; `errors` has what its console said."""
    server.request("POST", "/settings/Comfy.VueNodes.Enabled", RENDERERS[request.param])
    context = chromium.new_context(viewport={"width": 1500, "height": 950})
    page = context.new_page()
    page.errors = []
    page.on("console", lambda message: _note(page.errors, message))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto(server.url, timeout=120_000, wait_until="commit")
    page.wait_for_function(READY, timeout=180_000)
    page.wait_for_timeout(1500)  # the default workflow is still being opened
    yield page
    context.close()


@pytest.fixture
def page(opened):
    """The open page with an empty canvas and no dialog."""
    for _ in range(6):
        if opened.locator("[role=dialog]:visible").count() == 0:
            break
        opened.keyboard.press("Escape")
        opened.wait_for_timeout(400)
    opened.evaluate("() => app.graph.clear()")
    yield opened
    assert opened.errors == []


def _note(errors, message):
    where = json.dumps(message.location)
    ours = "genvr" in where and not TRANSLATED_HELP.search(where)
    noise = any(sign in message.text for sign in CORE_NOISE) and not ours
    if message.type == "error" and not noise:
        errors.append(f"{message.text} {where}")


@pytest.fixture
def canvas(page):
    return Canvas(page)


class Canvas:
    """What the user does on the canvas."""

    def __init__(self, page) -> None:
        self.page = page

    def add(self, kind, x=100, y=100, **widgets):
        """Put a node on the canvas; returns its id."""
        return self.page.evaluate(
            """([kind, x, y, widgets]) => {
                const node = LiteGraph.createNode(kind);
                node.pos = [x, y];
                app.graph.add(node);
                for (const [name, value] of Object.entries(widgets))
                    node.widgets.find((widget) => widget.name === name).value = value;
                app.canvas.ds.scale = 1;
                app.canvas.ds.offset = [0, 0];
                app.canvas.setDirty(true, true);
                return node.id;
            }""",
            [kind, x, y, widgets],
        )

    def link(self, source, output, target, name):
        self.page.evaluate(
            """([source, output, target, name]) => {
                const to = app.graph.getNodeById(target);
                app.graph.getNodeById(source).connect(output, to, to.findInputSlot(name));
            }""",
            [source, output, target, name],
        )

    def widget(self, node, name):
        return self.page.evaluate(
            "([id, name]) => app.graph.getNodeById(id).widgets.find((w) => w.name === name).value",
            [node, name],
        )

    def run(self, timeout=120_000):
        """Press Run and wait for the end; returns the event that ended it, with its detail."""
        return self.page.evaluate(
            """(limit) => new Promise((resolve) => {
                const names = ["execution_success", "execution_error", "execution_interrupted"];
                const stop = setTimeout(() => resolve({name: "timeout"}), limit);
                for (const name of names)
                    app.api.addEventListener(name, ({ detail }) => {
                        clearTimeout(stop);
                        resolve({ name, detail });
                    }, { once: true });
                app.queuePrompt(0, 1);
            })""",
            timeout,
        )

    def viewer(self, index=0):
        """The index-th viewer on the page, once it shows something."""
        viewer = self.page.locator(".genvr-viewer[data-state=shown]").nth(index)
        viewer.wait_for(timeout=20_000)
        self.page.wait_for_timeout(300)
        return viewer
