"""Images for the asset browser. No ComfyUI at hand has the interface: a stand-in of it, as read in
its source (comfy_api/latest/_previews.py and comfy_execution/preview_generators.py)."""

from __future__ import annotations

import io
import mimetypes
import sys
import types

import numpy as np
import OpenEXR
import pytest
from genvr_depth.nodes.depthkit.formats import encode_depth
from genvr_depth.nodes.depthkit.scenes import load_scene
from genvr_depth.nodes.shared import file_previews, host
from genvr_depth.nodes.shared.comfy_host import ComfyHost
from PIL import Image


class StandInOfCore:
    """Registers by MIME type; its own image of an EXR is a red pixel."""

    def __init__(self) -> None:
        self.registered: dict[str, object] = {}

    def register(self, generator) -> None:
        self.registered |= dict.fromkeys(generator.mime_types, generator)

    def install(self, monkeypatch) -> None:
        latest, known = types.ModuleType("latest"), types.ModuleType("known")
        own = types.SimpleNamespace(generate=lambda *_: Image.new("RGB", (1, 1), "red"))
        known._core = {"image/x-exr": own}
        latest.Previews = types.SimpleNamespace(PreviewGenerator=object)
        latest.ComfyAPISync = lambda: types.SimpleNamespace(
            previews=types.SimpleNamespace(register_generator=self.register)
        )
        package = types.ModuleType("comfy_execution")
        package.preview_generators = known
        monkeypatch.setitem(sys.modules, "comfy_api", types.ModuleType("comfy_api"))
        monkeypatch.setitem(sys.modules, "comfy_api.latest", latest)
        monkeypatch.setitem(sys.modules, "comfy_execution", package)
        monkeypatch.setattr(host, "current", ComfyHost)


@pytest.fixture
def core(monkeypatch) -> StandInOfCore:
    stand_in = StandInOfCore()
    stand_in.install(monkeypatch)
    file_previews.register()
    return stand_in


def shown(core: StandInOfCore, path, pixels: int = 1_000_000) -> Image.Image | None:
    generator = core.registered[mimetypes.guess_type(path)[0]]
    return generator.generate(str(path), pixels)


@pytest.mark.parametrize("format", ["exr", "exr-half", "tiff16", "tiff", "npz"])
def test_a_depth_file_is_shown_with_near_white(core, tmp_path, format):
    depth = load_scene("product_table").depth
    path = tmp_path / f"depth.{format.partition('-')[0].removesuffix('16')}"
    path.write_bytes(encode_depth(depth, None, format))
    image = shown(core, path, 10_000)
    assert image.mode == "RGB"
    assert image.width * image.height <= 10_000
    assert image.width / image.height == pytest.approx(4 / 3, abs=0.05)
    grey = np.asarray(image)[..., 0].astype(float)
    assert grey.max() > 240
    assert grey[-15:].mean() > grey[:15].mean() + 60


def test_numbers_without_a_meaning_are_shown_larger_brighter(core, tmp_path):
    metres = load_scene("product_table").depth
    path = tmp_path / "depth.pfm"
    path.write_bytes(encode_depth(metres, None, "pfm"))
    grey = np.asarray(shown(core, path, 10_000))[..., 0].astype(float)
    assert grey[:15].mean() > grey[-15:].mean() + 60


@pytest.mark.parametrize(("channels", "red"), [("RGB", True), ("RGBZ", True), ("Z", False)])
def test_colours_stay_comfyuis(core, tmp_path, channels, red):
    plane = np.linspace(1, 9, 64, dtype=np.float32).reshape(8, 8)
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    path = tmp_path / "render.exr"
    OpenEXR.File(header, {name: plane * (i + 1) for i, name in enumerate(channels)}).write(
        str(path)
    )
    assert (shown(core, path).getpixel((0, 0)) == (255, 0, 0)) == red


@pytest.mark.parametrize("name", ["photo.tif", "arrays.npz", "broken.pfm"])
def test_what_is_no_depth_has_no_image(core, tmp_path, name):
    buffer = io.BytesIO(b"Pf\nnothing")
    if name == "photo.tif":
        Image.new("RGB", (8, 8), "blue").save(buffer, "TIFF")
    elif name == "arrays.npz":
        np.savez(buffer, weights=np.zeros((3, 3, 3, 3, 3)))
    (tmp_path / name).write_bytes(buffer.getvalue())
    assert shown(core, tmp_path / name) is None


def test_png_is_left_to_the_browser(core):
    assert "image/png" not in core.registered


def test_other_versions_of_comfyui_are_left_alone(monkeypatch):
    stand_in = StandInOfCore()
    stand_in.install(monkeypatch)
    del sys.modules["comfy_api.latest"].Previews
    file_previews.register()
    assert stand_in.registered == {}
