"""A numbered EXR sequence at 1080p against the bare OpenEXR reads of the same files.

GENVR_BENCH_FRAMES (default 300) sets the length. Prints medians of ratios, taken in alternation.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from genvr_depth.nodes.depthkit.formats import LoadOptions, load_depth
from load_pack import SUPPORT

pytestmark = pytest.mark.bench

FRAMES = int(os.environ.get("GENVR_BENCH_FRAMES", "300"))
HEIGHT, WIDTH = 1080, 1920
BLOCK = 10
DIFFERENT = 6
MEMORY = """
import resource, sys
from load_pack import load_pack

load_pack()
from pathlib import Path
from genvr_depth.nodes.depthkit.formats import LoadOptions, load_depth

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

path = Path(sys.argv[1]) / "depth.####.exr"
load_depth(path, LoadOptions(last_frame=2))
before = peak()
depth = load_depth(path, LoadOptions(last_frame=int(sys.argv[2])))
own = depth.values.nbytes + depth.valid.nbytes
print(peak() - before - own)
"""


@pytest.fixture(scope="module")
def shot(tmp_path_factory) -> Path:
    """Frames of a smooth ground with boxes and a little noise; a few files under many names."""
    folder = tmp_path_factory.mktemp("shot")
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    head = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    for number in range(1, FRAMES + 1):
        path = folder / f"depth.{number:04}.exr"
        if number > DIFFERENT:
            os.link(folder / f"depth.{(number - 1) % DIFFERENT + 1:04}.exr", path)
            continue
        z = 20 - rows / 70 + np.sin(columns / 90 + number)
        z[300:600, 40 * number : 40 * number + 400] = 2.5
        z += rng.normal(0, 0.002, z.shape).astype(np.float32)
        OpenEXR.File(head, {"Z": z}).write(str(path))
    return folder


def seconds(work, first: int) -> float:
    began = time.perf_counter()
    work(first)
    return time.perf_counter() - began


def test_a_sequence_is_read_about_as_fast_as_its_bare_files(shot):
    def bare(first: int) -> None:
        for number in range(first, first + BLOCK):
            file = OpenEXR.File(str(shot / f"depth.{number:04}.exr"), separate_channels=True)
            assert file.channels()["Z"].pixels.shape == (HEIGHT, WIDTH)

    def ours(first: int) -> None:
        options = LoadOptions(first_frame=first, last_frame=first + BLOCK - 1)
        assert load_depth(shot / "depth.####.exr", options).batch == BLOCK

    ratios = [
        seconds(ours, first) / seconds(bare, first) for first in range(1, FRAMES - BLOCK + 2, BLOCK)
    ]
    sys.stdout.write(
        f"\nEXR sequence, {FRAMES} frames of {WIDTH} x {HEIGHT}: {statistics.median(ratios):.2f} x "
        f"the bare reads ({min(ratios):.2f} to {max(ratios):.2f})\n"
    )


def test_memory_beside_the_clip_itself_does_not_grow_with_its_length(shot):
    environment = os.environ | {"PYTHONPATH": str(SUPPORT)}
    for count in (FRAMES // 4, FRAMES // 2):
        command = [sys.executable, "-c", MEMORY, str(shot), str(count)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
        sys.stdout.write(f"\n{count} frames: {int(done.stdout) / 1e6:.0f} MB beside the clip\n")
