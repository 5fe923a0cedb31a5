"""Loading each depth format against another commit of this pack, in alternation.

GENVR_BENCH_BASELINE names a checkout of that commit. Prints medians of ratios of processor time;
asserts that none is plainly slower, whatever else the machine does.
"""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from alternation import in_turns
from genvr_depth.nodes.depthkit.depth_map import DepthMap
from genvr_depth.nodes.depthkit.formats import encode_depth
from load_pack import ROOT

pytestmark = pytest.mark.bench

FORMATS = ("png16", "exr", "tiff", "tiff16", "npz", "npy", "pfm", "depth-photo")
WORKER = """
import importlib.util, sys, time
from pathlib import Path

root = Path(sys.argv[1])
spec = importlib.util.spec_from_file_location(
    "genvr_depth", root / "__init__.py", submodule_search_locations=[str(root)]
)
pack = importlib.util.module_from_spec(spec)
sys.modules["genvr_depth"] = pack
spec.loader.exec_module(pack)
from genvr_depth.nodes.depthkit.formats import LoadOptions, load_depth

for line in sys.stdin:
    path, meaning = line.rstrip().split(" ", 1)
    began = time.process_time()
    load_depth(Path(path), LoadOptions(meaning))
    print(time.process_time() - began, flush=True)
"""


class Worker:
    """One process with the pack of one checkout; it says how long a load kept its processor."""

    def __init__(self, root):
        self._process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(root)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.spent = 0.0

    def load(self, path, meaning):
        self._process.stdin.write(f"{path} {meaning}\n")
        self._process.stdin.flush()
        self.spent += float(self._process.stdout.readline())

    def close(self):
        self._process.stdin.close()
        self._process.wait(20)


@pytest.fixture(scope="module")
def workers():
    baseline = os.environ.get("GENVR_BENCH_BASELINE")
    if not baseline:
        pytest.skip("set GENVR_BENCH_BASELINE to a checkout of the commit to compare with")
    both = Worker(ROOT), Worker(baseline)
    yield both
    for one in both:
        one.close()


@pytest.mark.parametrize("name", FORMATS)
def test_loading_is_not_slower_than_at_another_commit(tmp_path, workers, name):
    values = torch.linspace(1, 20, 1920)[None] + torch.randn(1080, 1920) * 0.002
    photo = np.full((1080, 1920, 3), 0.5, np.float32)
    path = tmp_path / "a.bin"
    path.write_bytes(encode_depth(DepthMap.make(values, "metric"), photo, name))
    own_record = name not in ("npy", "pfm")
    meaning = "as the file says" if own_record else "metres (times unit scale)"
    ours, theirs = workers

    def load(worker):
        return lambda: [worker.load(path, meaning) for _ in range(4)]

    found = in_turns(load(ours), load(theirs), clock=lambda: ours.spent + theirs.spent)
    sys.stdout.write(f"\n{name} at 1080p, processor time, theirs / ours: {found}\n")
    assert found.ratio > 0.8
