"""Frames per second of our savers against ComfyUI's own and a plain Pillow loop, in one run.

COMFYUI_PATH names the checkout to compare with. GENVR_BENCH_FRAMES (default 8) sets the length.
Prints ratios; asserts only what does not depend on the machine: that files are right and how large.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from alternation import in_turns
from genvr_depth.nodes.depthkit.depth_map import DepthMap
from genvr_depth.nodes.depthkit.formats import (
    FORMATS,
    ImageOptions,
    SaveOptions,
    choose_coding,
    decode_depth,
    encode_frame,
    encode_image,
)
from genvr_depth.nodes.depthkit.formats.save_batch import Encoded, save_batch
from PIL import Image

pytestmark = pytest.mark.bench

HEIGHT, WIDTH = 2160, 3840
FRAMES = int(os.environ.get("GENVR_BENCH_FRAMES", "8"))


@pytest.fixture(scope="module")
def clip() -> DepthMap:
    """Smooth ground, boxes with sharp edges, a little noise: metres, (FRAMES, 2160, 3840)."""
    generator = torch.Generator().manual_seed(5)
    y = torch.linspace(0, 1, HEIGHT)[:, None]
    x = torch.linspace(0, 1, WIDTH)
    frames = torch.empty(FRAMES, HEIGHT, WIDTH)
    for index, frame in enumerate(frames):
        frame.copy_(9 - 6 * y + 0.4 * torch.sin(6 * x + 0.1 * index))
        for box in range(12):
            top, left = 120 + 150 * box, (260 * box + 17 * index) % (WIDTH - 600)
            frame[top : top + 400, left : left + 500] = 1.5 + 0.3 * box + 0.2 * x[:500]
        frame.add_(torch.randn(HEIGHT, WIDTH, generator=generator), alpha=0.002)
    return DepthMap.make(frames, "metric")


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    """save(images, format options) with ComfyUI's own node, and the folder it writes to."""
    checkout = os.environ.get("COMFYUI_PATH")
    if not checkout:
        pytest.skip("set COMFYUI_PATH to a ComfyUI checkout to compare with its own node")
    sys.path.insert(0, checkout)
    import comfy.cli_args

    comfy.cli_args.args.cpu = True
    import folder_paths
    from comfy_extras import nodes_images
    from comfy_extras.nodes_images import SaveImageAdvanced

    folder = tmp_path_factory.mktemp("core")
    folder_paths.set_output_directory(str(folder))
    SaveImageAdvanced.hidden = SimpleNamespace(prompt=None, extra_pnginfo=None)

    def save(values: torch.Tensor, format: dict[str, str]) -> None:
        emptied(folder)
        # One channel where this ComfyUI takes it, three equal ones elsewhere; no copy.
        key = (format["format"], format["bit_depth"], 1)
        channels = 1 if key in getattr(nodes_images, "_FORMAT_SPECS", {}) else 3
        SaveImageAdvanced.execute(values[..., None].expand(*values.shape, channels), "core", format)

    return save, folder


def emptied(folder: Path) -> None:
    """The last round's files go: they are many gigabytes, and ours are never written over."""
    for path in folder.iterdir():
        path.unlink()


def ours(clip: DepthMap, folder: Path, format: str, options: SaveOptions) -> None:
    def one(index: int) -> Encoded:
        return Encoded(encode_frame(chosen.frame(index), coding, None, format, options))

    emptied(folder)
    chosen, coding = choose_coding(clip, options)
    jobs = [lambda index=index: one(index) for index in range(clip.batch)]
    save_batch(folder, "ours", 1, FORMATS[format].extension, jobs, clip.batch)


def compare(
    name: str, rival: str, mine: Callable[[], None], theirs: Callable[[], None], frames: int
) -> None:
    # The slow rival takes seconds a frame: fewer rounds than elsewhere.
    found = in_turns(mine, theirs, least=3, most=5)
    sys.stdout.write(
        f"\n{name}, {frames} frames of {WIDTH}x{HEIGHT}: ours {frames / found.ours:.2f} frames/s, "
        f"{rival} {frames / found.theirs:.2f} frames/s; ratio {found}\n"
    )


def shares(clip: DepthMap) -> torch.Tensor:
    """What the core node takes: 0..1."""
    return (clip.values - clip.values.min()) / (clip.values.max() - clip.values.min())


def sizes(folder: Path, pattern: str) -> float:
    files = list(folder.glob(pattern))
    return sum(path.stat().st_size for path in files) / max(len(files), 1)


def test_png16(clip, core, tmp_path):
    save, folder = core
    picture = shares(clip)
    format = {"format": "png", "bit_depth": "16-bit", "input_color_space": "sRGB"}
    compare(
        "PNG 16-bit",
        "core",
        lambda: ours(clip, tmp_path, "png16", SaveOptions()),
        lambda: save(picture, format),
        clip.batch,
    )
    mine, other = sizes(tmp_path, "*"), sizes(folder, "*.png")
    sys.stdout.write(f"PNG 16-bit bytes: ours {mine / 1e6:.1f} MB, core {other / 1e6:.1f} MB\n")
    first = next(iter(sorted(tmp_path.iterdir())))
    quantum = (clip.values.max() - clip.values.min()) / 65534
    error = (decode_depth(first.read_bytes()).values - clip.frame(0).values).abs().max()
    assert error <= 0.51 * quantum


@pytest.mark.parametrize("compression", ["none", "zip"])
def test_exr(clip, core, tmp_path, compression):
    save, folder = core
    picture = clip.values
    format = {"format": "exr", "bit_depth": "32-bit float", "input_color_space": "linear"}
    options = SaveOptions(compression=compression)
    compare(
        f"EXR {compression}",
        "core (uncompressed)",
        lambda: ours(clip, tmp_path, "exr", options),
        lambda: save(picture, format),
        clip.batch,
    )
    mine, other = sizes(tmp_path, "*"), sizes(folder, "*.exr")
    sys.stdout.write(f"EXR {compression} bytes: {mine / other:.3f} of core's\n")
    first = next(iter(sorted(tmp_path.iterdir())))
    assert torch.equal(decode_depth(first.read_bytes()).values, clip.frame(0).values)
    if compression == "zip":
        assert mine < other


def test_exr_zip_against_the_same_compression(clip, tmp_path):
    """Core writes its EXR uncompressed; here its encoder (libavcodec) is asked for ZIP as well."""
    av = pytest.importorskip("av")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "ours").mkdir()

    def encoded(plane: np.ndarray) -> bytes:
        codec = av.CodecContext.create("exr", "w")
        codec.width, codec.height, codec.pix_fmt = WIDTH, HEIGHT, "grayf32le"
        codec.time_base = Fraction(1, 1)
        codec.options = {"compression": "zip16"}
        frame = av.VideoFrame.from_ndarray(plane, format="grayf32le")
        frame.pts, frame.time_base = 0, codec.time_base
        return b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode(None)])

    def theirs() -> None:
        emptied(tmp_path / "theirs")
        for index in range(clip.batch):
            data = encoded(clip.frame(index).values[0].numpy())
            (tmp_path / "theirs" / f"{index}.exr").write_bytes(data)

    options = SaveOptions(compression="zip")
    compare(
        "EXR zip",
        "core's encoder with ZIP",
        lambda: ours(clip, tmp_path / "ours", "exr", options),
        theirs,
        clip.batch,
    )
    ratio = sizes(tmp_path / "ours", "*.exr") / sizes(tmp_path / "theirs", "*.exr")
    sys.stdout.write(f"EXR zip bytes: {ratio:.3f} of core's encoder's\n")
    first = min((tmp_path / "ours").iterdir())
    assert torch.equal(decode_depth(first.read_bytes()).values, clip.frame(0).values)


def test_half_exr(clip, core, tmp_path):
    save, folder = core
    format = {"format": "exr", "bit_depth": "16-bit float", "input_color_space": "linear"}
    options = SaveOptions(compression="zip")
    try:
        save(clip.values[:1], format)
    except (KeyError, ValueError):
        pytest.skip("this ComfyUI writes no half EXR")
    compare(
        "EXR half",
        "core",
        lambda: ours(clip, tmp_path, "exr-half", options),
        lambda: save(clip.values, format),
        clip.batch,
    )
    ratio = sizes(tmp_path, "*") / sizes(folder, "*.exr")
    sys.stdout.write(f"EXR half bytes: {ratio:.3f} of core's\n")
    first = next(iter(sorted(tmp_path.iterdir())))
    half = clip.frame(0).values.half().float()
    assert torch.equal(decode_depth(first.read_bytes()).values, half)


def test_jpeg(clip, tmp_path):
    """Photographs: the same quality and colour resolution in both."""
    generator = torch.Generator().manual_seed(6)
    count = min(clip.batch, 16)
    noise = torch.rand(count, HEIGHT // 8, WIDTH // 8, 3, generator=generator)
    images = torch.nn.functional.interpolate(
        noise.movedim(-1, 1), (HEIGHT, WIDTH), mode="bilinear"
    ).movedim(1, -1)

    def plain() -> None:
        for index, image in enumerate(images):
            planes = np.clip(255.0 * image.cpu().numpy(), 0, 255).astype(np.uint8)
            Image.fromarray(planes).save(tmp_path / f"p{index}.jpg", quality=95, subsampling=0)

    def one(index: int) -> Encoded:
        return Encoded(encode_image(images[index], "jpg", ImageOptions(95, "4:4:4")))

    def mine() -> None:
        for path in tmp_path.glob("o*.jpg"):
            path.unlink()
        jobs = [lambda index=index: one(index) for index in range(count)]
        save_batch(tmp_path, "o", 1, "jpg", jobs, count)

    compare("JPEG 95", "Pillow loop", mine, plain, count)
    ratio = sizes(tmp_path, "o*.jpg") / sizes(tmp_path, "p*.jpg")
    sys.stdout.write(f"JPEG 95 bytes: {ratio:.3f} of the loop's\n")
    assert 0.95 < ratio < 1.05
