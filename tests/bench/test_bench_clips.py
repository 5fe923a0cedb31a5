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
from genvr_depth.nodes.depthkit.formats import LoadOptions, clip_frames, load_depth
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
from genvr_depth.nodes.depthkit.formats import LoadOptions, clip_frames

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

path = Path(sys.argv[1]) / "depth.####.exr"
for number, frame in enumerate(clip_frames(path, LoadOptions()), 1):
    if number in (10, len(list(Path(sys.argv[1]).iterdir()))):
        print(peak())
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


def bare(shot: Path, first: int) -> None:
    for number in range(first, first + BLOCK):
        file = OpenEXR.File(str(shot / f"depth.{number:04}.exr"), separate_channels=True)
        assert file.channels()["Z"].pixels.shape == (HEIGHT, WIDTH)


def bare_and_kept(shot: Path, first: int) -> None:
    """Memory that is kept must be taken from the system, whoever reads."""
    frames = []
    for number in range(first, first + BLOCK):
        file = OpenEXR.File(str(shot / f"depth.{number:04}.exr"), separate_channels=True)
        frames.append(file.channels()["Z"].pixels)
    assert len(frames) == BLOCK


def one_by_one(shot: Path, first: int) -> None:
    options = LoadOptions(first_frame=first, last_frame=first + BLOCK - 1)
    assert sum(1 for _ in clip_frames(shot / "depth.####.exr", options)) == BLOCK


def as_a_batch(shot: Path, first: int) -> None:
    options = LoadOptions(first_frame=first, last_frame=first + BLOCK - 1)
    assert load_depth(shot / "depth.####.exr", options).batch == BLOCK


@pytest.mark.parametrize(
    ("ours", "theirs"), [(one_by_one, bare), (as_a_batch, bare), (as_a_batch, bare_and_kept)]
)
def test_a_sequence_is_read_about_as_fast_as_its_bare_files(shot, ours, theirs):
    walls, loads = [], []
    for first in range(1, FRAMES - BLOCK + 2, BLOCK):
        taken = []
        for work in (ours, theirs):
            began = time.perf_counter(), time.process_time()
            work(shot, first)
            taken.append((time.perf_counter() - began[0], time.process_time() - began[1]))
        walls.append(taken[0][0] / taken[1][0])
        loads.append(taken[0][1] / taken[1][1])
    sys.stdout.write(
        f"\nEXR sequence, {FRAMES} frames of {WIDTH} x {HEIGHT}, {ours.__name__}: "
        f"{statistics.median(walls):.2f} x the time, {statistics.median(loads):.2f} x the "
        f"processor time of {theirs.__name__}\n"
    )


def test_memory_does_not_grow_with_the_length_of_the_clip(shot):
    environment = os.environ | {"PYTHONPATH": str(SUPPORT)}
    command = [sys.executable, "-c", MEMORY, str(shot)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    after_ten, at_the_end = (int(line) / 1e6 for line in done.stdout.split())
    sys.stdout.write(f"\npeak after 10 frames {after_ten:.0f} MB, after all {at_the_end:.0f} MB\n")
    assert at_the_end < after_ten * 1.2
