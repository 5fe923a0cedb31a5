"""Which saved files bring their workflow back when dropped: the table of the help pages, proven."""

from __future__ import annotations

import base64
import json

import pytest
import torch
from genvr_depth.nodes.depthkit.depth_map import DepthMap, Pinhole
from genvr_depth.nodes.depthkit.formats import (
    FORMATS,
    IMAGES,
    ImageOptions,
    SaveOptions,
    encode_depth,
    encode_image,
)
from genvr_depth.nodes.depthkit.formats.embed import sidecar
from genvr_depth.nodes.depthkit.formats.mesh_write import MeshOptions, encode_mesh

DEPTH = DepthMap.make(torch.rand(24, 32) + 1, "metric", None, Pinhole(32, 32, 16, 12))
TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "avif": "image/avif",
    "tif": "image/tiff",
    "json": "application/json",
}
RESTORED = ["depth png16", *(n for n, row in IMAGES.items() if row.restores), "glb", "sidecar"]
EMBEDDED_ONLY = ["jpg", "tiff", "depth exr", "depth tiff"]


def made(name: str, texts: dict[str, str]) -> tuple[str, bytes]:
    """(extension, bytes) of a file with these texts, as our nodes write it."""
    kind, _, format = name.rpartition(" ")
    if kind == "depth":
        data = encode_depth(DEPTH, None, format, SaveOptions(texts=texts))
        return FORMATS[format].extension, data
    if name == "glb":
        return "glb", encode_mesh(DEPTH, None, "glb", MeshOptions(cut=0.0, texts=texts))
    if name == "sidecar":
        return "json", sidecar(texts, '{"version": 1}').encode()
    data = encode_image(torch.rand(24, 32, 3), name, ImageOptions(texts=texts))
    return IMAGES[name].extension, data


def drop(page, extension: str, data: bytes) -> None:
    page.evaluate(
        """([text, name, type]) => {
            const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
            const files = new DataTransfer();
            files.items.add(new File([bytes], name, { type }));
            document.querySelector("#graph-canvas").dispatchEvent(
                new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
        }""",
        [base64.b64encode(data).decode(), f"saved.{extension}", TYPES.get(extension, "")],
    )


@pytest.fixture
def workflow(page, canvas):
    """The texts of a graph of two nodes; the canvas is empty again."""
    source = canvas.add("GenVRDepthSampleScene", 100, 120)
    target = canvas.add("GenVRDepthSaveDepth", 560, 120)
    canvas.link(source, 1, target, "depth")
    graph = page.evaluate("() => app.graph.serialize()")
    page.evaluate("() => app.graph.clear()")
    return {"workflow": json.dumps(graph)}


KINDS = "() => app.graph.nodes.map((node) => node.type).sort()"


@pytest.mark.parametrize("name", RESTORED)
def test_dropping_it_restores_the_workflow(page, workflow, name):
    drop(page, *made(name, workflow))
    page.wait_for_function("() => app.graph.nodes.length === 2", timeout=10_000)
    assert page.evaluate(KINDS) == ["GenVRDepthSampleScene", "GenVRDepthSaveDepth"]


@pytest.mark.parametrize("name", EMBEDDED_ONLY)
def test_the_frontend_does_not_look_into_these_and_the_help_says_so(page, workflow, name):
    """If this fails, a newer frontend does: move the row in the help pages' tables."""
    drop(page, *made(name, workflow))
    page.wait_for_timeout(1500)
    assert "GenVRDepthSaveDepth" not in page.evaluate(KINDS)
    page.errors.clear()  # the frontend reports a file it cannot open
