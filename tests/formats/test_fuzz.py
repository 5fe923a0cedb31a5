"""Damaged files end in a readable error: no crash, no hang, no flood of memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from genvr_depth.nodes.depthkit.errors import DepthError
from genvr_depth.nodes.depthkit.formats import LoadOptions, decode_depth
from genvr_depth.nodes.depthkit.formats.options import MEANINGS
from load_pack import SUPPORT
from mutations import mutated

SLOWEST_S = 10.0
PROGRAM = """
import sys
from load_pack import load_pack

load_pack()
sys.path.append(sys.argv[1])
import test_fuzz

test_fuzz.in_little_memory(20000, seed=7)
"""


def fuzz(count: int, seed: int) -> tuple[int, int, float, str]:
    """Decode `count` damaged files. Returns read, refused, the slowest time and its file."""
    read = refused = 0
    slowest, where = 0.0, ""
    for index, (name, data) in enumerate(mutated(count, seed)):
        began = time.perf_counter()
        options = LoadOptions(MEANINGS[index % 2], fov_deg=60.0, size=(64, 48))
        if _read(data, options):
            read += 1
        else:
            refused += 1
        spent = time.perf_counter() - began
        if spent > slowest:
            slowest, where = spent, f"{name} #{index}"
    return read, refused, slowest, where


def _read(data: bytes, options: LoadOptions) -> bool:
    """Whether it was read; any error that is not ours ends the test."""
    try:
        depth = decode_depth(data, options)
    except DepthError:
        return False
    assert depth.values.isfinite().all()
    return True


@pytest.mark.filterwarnings("ignore")
def test_500_damaged_files_are_read_or_refused():
    read, refused, slowest, where = fuzz(500, seed=2026)
    assert read + refused == 500
    assert refused > 100
    assert slowest < SLOWEST_S, where


@pytest.mark.bench
@pytest.mark.filterwarnings("ignore")
def test_20000_damaged_files_in_a_process_with_little_memory():
    """In a process of its own with 1 GB beyond what the libraries take: a crash would show too."""
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, str(Path(__file__).parent)]
    environment = os.environ | {"PYTHONPATH": str(SUPPORT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=3600, env=environment)
    sys.stdout.write(done.stdout)
    assert done.returncode == 0, done.stderr[-3000:]


def in_little_memory(count: int, seed: int) -> None:
    import trimesh  # noqa: F401 - loaded before the limit is set

    fuzz(60, seed=1)
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if sys.platform == "linux" else 0
    if pages:
        import resource

        limit = pages * resource.getpagesize() + (1 << 30)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    read, refused, slowest, where = fuzz(count, seed)
    sys.stdout.write(f"read {read} refused {refused} slowest {slowest:.2f} s ({where})\n")
