"""Files made to do harm: each refused with our own error, within 5 seconds of work and a gigabyte.

And files with nothing wrong, which need their result and one plane of codes, whatever their size.

They are read one after the other in a process of its own, whose memory shows the worst of them.
"""

from __future__ import annotations

import io
import json
import os
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from load_pack import SUPPORT

SLOWEST_S = 5.0
MOST_BYTES = 1 << 30
LIMIT = 16384, 8192  # pixels that a header may promise
RESET = Path("/proc/self/clear_refs")
LARGE = 3000
# The map takes 5: numbers and mask. Codes of 16 bits are held beside it, floats are converted.
MOST_BYTES_OF_A_PIXEL = {"png16": 9.0, "tiff16": 9.0, "npy": 11.0}
PROGRAM = """
import sys
from load_pack import load_pack

load_pack()
sys.path.append(sys.argv[1])
import test_bad_files

test_bad_files.report()
"""


def ply_with_a_damaged_property() -> bytes:
    head = b"ply\nformat ascii 1.0\nelement vertex 3\nproperty flaot x\npropertyfloat y\n"
    return head + b"end_header\n" + b"1 2 3\n" * 40


def npz_with_damaged_lzma() -> bytes:
    inner, stream = io.BytesIO(), io.BytesIO()
    np.save(inner, np.random.default_rng(0).random((40, 50)))
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("depth.npy", inner.getvalue())
    data = bytearray(stream.getvalue())
    data[60:90] = b"\xff" * 30
    return bytes(data)


def exr_with_a_tall_window() -> bytes:
    import OpenEXR

    stream = io.BytesIO()
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    noise = np.random.default_rng(0).random((97, 64)).astype("f4")
    OpenEXR.File(header, {"Z": noise}).write(stream)
    tall = struct.pack("<4i", 0, 0, 63, 1_835_055)
    return stream.getvalue().replace(struct.pack("<4i", 0, 0, 63, 96), tall)


def glb_that_draws_one_set_of_points(times: int, *, nodes: bool) -> bytes:
    points = np.random.default_rng(0).random((130_000, 3)).astype("<f4").tobytes()
    accessor = {"bufferView": 0, "componentType": 5126, "count": 130_000, "type": "VEC3"}
    tree = {
        "asset": {"version": "2.0"},
        "buffers": [{"byteLength": len(points)}],
        "bufferViews": [{"buffer": 0, "byteLength": len(points)}],
        "accessors": [accessor],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}] * (1 if nodes else times)}],
        "nodes": [{"mesh": 0}] * (times if nodes else 1),
        "scenes": [{"nodes": list(range(times if nodes else 1))}],
        "scene": 0,
    }
    text = json.dumps(tree).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    chunks += struct.pack("<I4s", len(points), b"BIN\0") + points
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def header_at_the_limit(kind: str) -> bytes:
    """The largest header that is believed, and hardly a pixel behind it."""
    import OpenEXR
    import tifffile
    from genvr_depth.nodes.depthkit.formats.png import write

    width, height = LIMIT
    stream = io.BytesIO()
    if kind == "png":
        import zlib

        data = write(np.ones((4, 4), np.uint16))
        head = b"IHDR" + struct.pack(">II", width, height) + data[24:29]
        return data[:12] + head + struct.pack(">I", zlib.crc32(head)) + data[33:]
    if kind == "npy":
        header = {"descr": "<f8", "fortran_order": False, "shape": (height, width)}
        np.lib.format.write_array_header_1_0(stream, header)
        return stream.getvalue() + b"\0" * 4096
    if kind == "pfm":
        return f"Pf\n{width} {height}\n-1.0\n".encode() + b"\0" * 4096
    if kind == "tiff":
        tifffile.imwrite(stream, np.ones((4, 4), "f4"), photometric="minisblack", rowsperstrip=4)
        data = stream.getvalue()
        for tag, value in ((256, width), (257, height)):
            for code, form in ((3, "<HHIH"), (4, "<HHII")):
                old = struct.pack(form, tag, code, 1, 4)
                data = data.replace(old, struct.pack(form, tag, code, 1, value))
        return data
    head = {"compression": OpenEXR.DWAB_COMPRESSION, "type": OpenEXR.scanlineimage}
    channels = {f"{c}.Z": np.ones((4, 4), "f4") for c in ("Depth", "a", "b", "c", "d", "e")}
    OpenEXR.File(head, channels).write(stream)
    wide = struct.pack("<4i", 0, 0, width - 1, height - 1)
    return stream.getvalue().replace(struct.pack("<4i", 0, 0, 3, 3), wide)


def exr_with_a_wide_display() -> bytes:
    """A few pixels in an image of the size limit."""
    import OpenEXR

    stream = io.BytesIO()
    width, height = LIMIT
    window = np.array([0, 0], "i4"), np.array([width - 1, height - 1], "i4")
    header = {
        "compression": OpenEXR.ZIP_COMPRESSION,
        "type": OpenEXR.scanlineimage,
        "displayWindow": window,
    }
    OpenEXR.File(header, {"Z": np.ones((19, 23), "f4")}).write(stream)
    return stream.getvalue()


def text_at_the_limit() -> bytes:
    return b"v 1 2 3\n" + b"no vertex, but a line of words\n" * (100 << 15)


def exif_loop() -> bytes:
    """A TIFF whose directory points at itself."""
    entry = struct.pack("<HHII", 256, 4, 1, 8)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", 1) + entry + struct.pack("<I", 8)


BAD: dict[str, Callable[[], bytes]] = {
    "ascii PLY with a damaged property line": ply_with_a_damaged_property,
    "NPZ with damaged LZMA": npz_with_damaged_lzma,
    "EXR of 64 x 1,835,056": exr_with_a_tall_window,
    "EXR of a few pixels in a huge image": exr_with_a_wide_display,
    "GLB of 150 primitives over one accessor": lambda: glb_that_draws_one_set_of_points(
        150, nodes=False
    ),
    "GLB of 150 nodes over one mesh": lambda: glb_that_draws_one_set_of_points(150, nodes=True),
    **{
        f"{kind} header at the size limit": lambda kind=kind: header_at_the_limit(kind)
        for kind in ("png", "npy", "pfm", "tiff", "exr")
    },
    "OBJ of 100 MB of words": text_at_the_limit,
    "TIFF directory that points at itself": exif_loop,
}


def _peak() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _bytes_of_a_pixel() -> dict[str, float]:
    """What reading a valid map takes at most beyond its file, which is held here."""
    from genvr_depth.nodes.depthkit.depth_map import DepthMap
    from genvr_depth.nodes.depthkit.formats import LoadOptions, decode_depth, encode_depth
    from genvr_depth.nodes.depthkit.formats.options import METRES

    found: dict[str, float] = {}
    for size in (64, LARGE):
        ramp = torch.linspace(1, 9, size).expand(size, size)
        depth = DepthMap.make(ramp, "metric")
        data = {name: encode_depth(depth, None, name) for name in MOST_BYTES_OF_A_PIXEL}
        del depth
        for name in data:
            RESET.write_text("5")
            before = _peak()
            decode_depth(data[name], LoadOptions(METRES, unit_scale=0.001))
            found[name] = (_peak() - before) / size**2
    return found


def report() -> None:
    """In the process of its own: what became of each file, and the memory it took at most."""
    import trimesh  # noqa: F401 - counted before
    from genvr_depth.nodes.depthkit.errors import DepthError
    from genvr_depth.nodes.depthkit.formats import LoadOptions, decode_depth
    from genvr_depth.nodes.depthkit.formats.options import METRES

    answers: dict[str, object] = {"bytes of a pixel": _bytes_of_a_pixel() if RESET.exists() else {}}
    for name, make in BAD.items():
        data = make()
        before, began = _peak(), time.process_time()
        try:
            decode_depth(data, LoadOptions(METRES, fov_deg=60.0, size=(640, 480)))
            said = "read"
        except DepthError as error:
            said = f"refused: {error}"
        answers[name] = (said, time.process_time() - began, _peak() - before)
    sys.stdout.write(json.dumps(answers))


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    pytest.importorskip("resource")
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, str(Path(__file__).parent)]
    environment = os.environ | {"PYTHONPATH": str(SUPPORT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


# What is drawn many times is read once: that is right, too.
READ = {"GLB of 150 primitives over one accessor", "OBJ of 100 MB of words"}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_in_time_and_memory(name, answers):
    said, seconds, taken = answers[name]
    assert said.startswith("read" if name in READ else "refused: "), said
    assert seconds < SLOWEST_S
    assert taken < MOST_BYTES


@pytest.mark.skipif(not RESET.exists(), reason="the peak is read from /proc")
@pytest.mark.parametrize("name", MOST_BYTES_OF_A_PIXEL)
def test_a_valid_map_needs_little_more_than_its_result(name, answers):
    assert answers["bytes of a pixel"][name] < MOST_BYTES_OF_A_PIXEL[name]


def test_a_file_too_large_for_depth_is_refused_unread(tmp_path):
    from genvr_depth.nodes.depthkit.errors import FormatError
    from genvr_depth.nodes.depthkit.formats import LoadOptions, load_depth

    path = tmp_path / "huge.png"
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.truncate(5 << 30)  # a hole: it takes no room
    with pytest.raises(FormatError, match="768 MB are read"):
        load_depth(path, LoadOptions())
    with path.open("wb") as file:
        file.write(b"nothing that is known")
        file.truncate(700 << 20)
    began = time.perf_counter()
    with pytest.raises(FormatError, match="no depth file"):
        load_depth(path, LoadOptions())
    assert time.perf_counter() - began < 1
