"""A real ComfyUI with the real page in headless Chromium, connected to the stand-in service."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from comfy_server import Comfy
from fake_genvr import FakeGenvr
from load_pack import ROOT, load_pack
from PIL import Image

from .scripts import BUILD, EXTENT, LOOK_AT, RUN, SHOWN

FORMATS = {".jpg": "JPEG", ".webp": "WEBP"}
MARGIN = 24
SLACK = 300
# How far core's 3D view is dragged (shares of its height: a whole one is a full turn), and zoomed.
ROUND, DOWN, CLOSER = 0.125, 0.06, 9
VIEW = {"width": 1800, "height": 1200}
SETTINGS = {
    "Comfy.TutorialCompleted": True,
    "Comfy.VueNodes.Enabled": True,
    "Comfy.Workflow.ShowMissingModelsWarning": False,
    "Comfy.Workflow.ShowMissingNodesWarning": False,
    "Comfy.Graph.CanvasInfo": False,
    "Comfy.Minimap.Visible": False,
    "Comfy.UseNewMenu": "Disabled",
    "Comfy.Canvas.SelectionToolbox": False,
}
KEY, UID = "image-key", "image-user"
# Popovers, toasts and menus lie over the canvas; the run's own nodes are what the image shows.
HIDE = """
.comfy-menu, .p-toast, .p-tooltip, .p-dialog, .p-menu, .comfyui-body-top, .comfyui-body-left,
.comfyui-body-right, .comfyui-body-bottom, .side-tool-bar-container, .splitter-overlay,
.graph-canvas-panel > :not(#graph-canvas-container) { visibility: hidden !important; }
"""


@dataclass
class Stage:
    """One server, one page."""

    server: Any
    page: Any

    # -- without the page ----------------------------------------------------------------------

    def outputs(self, prompt: dict[str, Any]) -> dict[str, Any]:
        """What a prompt in API form answers, by node; SystemExit where it fails."""
        history = self.server.run(prompt, 600.0)
        if history.status != "success":
            raise SystemExit(f"a run failed: {history.error()}")
        return history.outputs

    def image(self, entry: dict[str, str]) -> Image.Image:
        """The image that a node's output names, alpha kept."""
        with Image.open(self.server.file(entry)) as opened:
            return opened.convert("RGBA" if "A" in opened.getbands() else "RGB")

    # -- on the page ---------------------------------------------------------------------------

    def open(self, graph: dict[str, Any]) -> None:
        """Replace what is on the canvas by a workflow, and forget what its nodes showed."""
        self.page.evaluate("() => { app.clean(); app.graph.clear(); }")
        self.page.evaluate("(graph) => app.loadGraphData(graph, true, true, 'image')", graph)
        self.page.wait_for_timeout(1500)

    def build(self, nodes: list[dict[str, Any]]) -> dict[str, int]:
        """Put nodes on an empty canvas; returns their ids by name.

        Each has name, kind and perhaps widgets, links (input: "name.output"), at, size, title. What
        has no place lies far off the image.
        """
        self.page.evaluate("() => { app.clean(); app.graph.clear(); }")
        ids = self.page.evaluate(BUILD, nodes)
        self.page.wait_for_timeout(800)
        return ids

    def press_3d(self, node: int) -> None:
        """Turn on the 3D look of a node's depth viewer."""
        self._inside(node, ".genvr-3d").click()
        self.page.wait_for_timeout(3000)

    def turn_mesh(self, node: int) -> None:
        """Drag core's 3D view from its high corner to the front, and come closer."""
        view = self._inside(node, "canvas")
        view.wait_for(timeout=60_000)
        self.page.wait_for_timeout(6000)
        box = view.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + box["height"] * ROUND, y - box["height"] * DOWN, steps=4)
        self.page.mouse.up()
        for _ in range(CLOSER):
            self.page.mouse.wheel(0, -120)
            self.page.wait_for_timeout(300)
        self.page.wait_for_timeout(3000)

    def canvas_of(self, node: int) -> Image.Image:
        """What the depth viewer of a node has painted, on its dark ground."""
        data = self._inside(node, ".genvr-viewer canvas").evaluate(
            """(canvas) => {
                const whole = new OffscreenCanvas(canvas.width, canvas.height);
                const pen = whole.getContext("2d");
                pen.fillStyle = "#181a1e";
                pen.fillRect(0, 0, canvas.width, canvas.height);
                pen.drawImage(canvas, 0, 0);
                return whole.convertToBlob().then((blob) => new Promise((resolve) => {
                    const reader = new FileReader();
                    reader.onload = () => resolve(reader.result);
                    reader.readAsDataURL(blob);
                }));
            }"""
        )
        raw = base64.b64decode(data.partition(",")[2])
        return Image.open(io.BytesIO(raw)).convert("RGB")

    def _inside(self, node: int, selector: str) -> Any:
        return self.page.locator(f'[data-node-id="{node}"] {selector}').first

    def run(self, only: list[int] | None = None, limit: float = 300.0) -> None:
        """Press Run (or run some output nodes alone) and wait until it is done."""
        name, detail = self.page.evaluate(RUN, [only, limit * 1000])
        if name != "execution_success":
            raise SystemExit(
                f"the run ended with {name}: {detail.get('exception_message', detail)}"
            )
        self.settle()

    def settle(self) -> None:
        """Wait until what was asked for is on the screen."""
        self.page.wait_for_timeout(2500)
        # Not at each frame: a 3D view painted without a GPU leaves the page few of them.
        self.page.wait_for_function(SHOWN, timeout=120_000, polling=500)

    def boxes(self, ids: list[int] | None = None) -> list[dict[str, float]]:
        """Where nodes are on the screen; all of them without ids."""
        found = self.page.locator("[data-node-id]").all()
        kept = [n for n in found if ids is None or int(n.get_attribute("data-node-id")) in ids]
        return [box for box in (node.bounding_box() for node in kept) if box]

    def frame(self, ids: list[int] | None = None) -> tuple[float, float]:
        """Bring nodes (without ids all of them, and the groups) into sight; their size so far."""
        left, top, right, bottom = self.page.evaluate(EXTENT, ids)
        wide, high = right - left + 2 * MARGIN, bottom - top + 2 * MARGIN
        self.page.set_viewport_size({"width": round(wide) + SLACK, "height": round(high) + SLACK})
        self.page.evaluate(LOOK_AT, [MARGIN - left, MARGIN - top])
        self.page.mouse.move(2, 2)
        self.settle()
        return wide, high

    def shot(self, ids: list[int] | None = None) -> Image.Image:
        """An image of them, one pixel a canvas unit, nothing selected."""
        wide, high = self.frame(ids)
        # Nodes grow with what they show; the graph only knows the size they were saved with.
        boxes = self.boxes(ids)
        wide = max(wide, *(box["x"] + box["width"] + MARGIN for box in boxes))
        high = max(high, *(box["y"] + box["height"] + MARGIN for box in boxes))
        clip = {"x": 0, "y": 0, "width": wide, "height": high}
        return Image.open(io.BytesIO(self.page.screenshot(clip=clip))).convert("RGB")


def save(image: Image.Image, path: Path, most: int) -> None:
    """Write a JPEG or WebP of at most `most` bytes, in the best quality that fits."""
    options: dict[str, Any] = {"method": 6}
    if path.suffix == ".jpg":
        options = {"subsampling": "4:2:0", "optimize": True, "progressive": True}
    for quality in range(90, 35, -4):
        buffer = io.BytesIO()
        image.save(buffer, FORMATS[path.suffix], quality=quality, **options)
        if buffer.tell() <= most:
            break
    path.write_bytes(buffer.getvalue())
    size = f"{image.width}x{image.height}, {buffer.tell() // 1000} kB at quality {quality}"
    sys.stdout.write(f"{path.relative_to(ROOT)}: {size}\n")
    sys.stdout.flush()


@contextlib.contextmanager
def stage() -> Iterator[Stage]:
    """Start the service, the server and the page; all of them end with the block.

    COMFYUI_PATH names the checkout, COMFYUI_PYTHON its interpreter, CHROMIUM the browser.
    """
    from playwright.sync_api import sync_playwright

    load_pack()
    from relit_answers import relight

    checkout = os.environ.get("COMFYUI_PATH") or sys.exit("set COMFYUI_PATH to a ComfyUI checkout")
    with (
        tempfile.TemporaryDirectory() as folder,
        FakeGenvr(key=KEY, uid=UID, painter=relight) as service,
        sync_playwright() as driver,
    ):
        base = Path(folder)
        _furnish(base)
        server = Comfy(
            Path(checkout),
            base,
            os.environ.get("COMFYUI_PYTHON", sys.executable),
            environment={"GENVR_API_BASE": service.base, "GENVR_API_KEY": KEY, "GENVR_UID": UID}
            | {"GENVR_DEPTH_HOME": str(base / "home")},
        )
        server.start(600)
        try:
            yield Stage(server, _page(driver, server))
        finally:
            server.stop()


def _furnish(base: Path) -> None:
    """What a fresh ComfyUI has and an empty base directory lacks: settings, an example image.

    The model files that templates 02 to 05 and a help page name are empty: the loaders then show
    the names as they do where the models are installed, and a run of them fails.
    """
    (base / "user" / "default").mkdir(parents=True)
    (base / "user" / "default" / "comfy.settings.json").write_text(json.dumps(SETTINGS))
    (base / "input").mkdir()
    scene = ROOT / "nodes" / "depthkit" / "scenes" / "product_table.jpg"
    with Image.open(scene) as image:
        image.save(base / "input" / "example.png")
    for place in MODELS:
        path = base / "models" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


MODELS = (
    "checkpoints/v1-5-pruned-emaonly-fp16.safetensors",
    "checkpoints/sd_xl_base_1.0.safetensors",
    "controlnet/control_v11f1p_sd15_depth_fp16.safetensors",
    "controlnet/controlnet-union-sdxl-promax.safetensors",
    "diffusion_models/flux1-depth-dev.safetensors",
    "text_encoders/clip_l.safetensors",
    "text_encoders/t5xxl_fp8_e4m3fn_scaled.safetensors",
    "vae/ae.safetensors",
    "geometry_estimation/moge_2_vitl_normal_fp16.safetensors",
)


def _page(driver: Any, server: Any) -> Any:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    browser = driver.chromium.launch(executable_path=path, headless=True, args=arguments)
    # The tests' server runs without API nodes; its policy then also bars the textures of a mesh.
    page = browser.new_page(viewport=VIEW, bypass_csp=True)
    page.goto(server.url, timeout=240_000, wait_until="commit")
    page.wait_for_function(
        "() => window.app?.canvas?.graph"
        " && Object.keys(LiteGraph.registered_node_types).length > 100",
        timeout=240_000,
    )
    page.wait_for_timeout(2500)
    for _ in range(3):
        page.keyboard.press("Escape")
        time.sleep(0.3)
    page.add_style_tag(content=HIDE)
    return page
