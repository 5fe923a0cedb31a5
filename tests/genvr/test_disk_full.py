"""A disk that fills up at any moment of a paid request: one charge, and the image in the end."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager, suppress

import pytest
from genvr_depth.nodes.depthkit.errors import DepthError
from genvr_depth.nodes.depthkit.genvr.retry import never_stop
from genvr_depth.nodes.depthkit.genvr.service import Limits, open_runner

STEPS = ("prepared", "sent", "submitted", "completed", "downloaded")
DISKS = ("tmpfs of 1 MB", "ext4 with blocks of 1 KB")


def _run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no file system of its own can be mounted here: {done.stderr.strip()[:80]}")


@contextmanager
def _disk(kind, tmp_path):
    """A small file system of its own, mounted; skips where that is not allowed."""
    place = tmp_path / "disk"
    place.mkdir()
    if kind.startswith("tmpfs"):
        _run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place))
    else:
        image = tmp_path / "ext4.img"
        image.write_bytes(b"")
        os.truncate(image, 2 << 20)
        _run("mkfs.ext4", "-q", "-b", "1024", str(image))
        _run("mount", "-o", "loop", str(image), str(place))
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def _fill(place):
    """Take every byte, down to the last small file."""
    with suppress(OSError), (place / "filler").open("wb", buffering=0) as file:
        for size in (65536, 4096, 1024, 128, 1):
            with suppress(OSError):
                while True:
                    file.write(b"x" * size)


@pytest.fixture(params=DISKS)
def disk(request, tmp_path):
    with _disk(request.param, tmp_path) as place:
        yield place


@pytest.mark.parametrize("step", STEPS)
def test_a_disk_that_fills_up_costs_one_charge_and_the_image_comes(
    fake, profile, make_request, clock, disk, step
):
    def fill(name):
        if name == step:
            _fill(disk)

    def runner(checkpoint):
        return open_runner(
            disk / "private", profile, limits=Limits(), pacing=clock.pacing, checkpoint=checkpoint
        )

    with suppress(DepthError):
        runner(fill).obtain(make_request(size=(8, 8)), never_stop)
    assert (disk / "filler").stat().st_size > 100_000
    # While it is still full: refused or served, never paid again.
    with suppress(DepthError):
        runner(lambda name: None).obtain(make_request(size=(8, 8)), never_stop)
    (disk / "filler").unlink()
    outcome = runner(lambda name: None).obtain(make_request(size=(8, 8)), never_stop)
    assert outcome.images
    assert len(fake.charges) == 1


def test_a_disk_that_is_full_before_the_money_stops_it(fake, profile, make_request, clock, disk):
    runner = open_runner(disk / "private", profile, limits=Limits(), pacing=clock.pacing)
    runner.obtain(make_request(size=(8, 8)), never_stop)
    _fill(disk)
    # The rows that still fit into allocated pages may be paid for; the first that does not is not.
    for seed in range(2, 40):
        try:
            runner.obtain(make_request(size=(8, 8), seed=seed), never_stop)
        except DepthError:
            break
    else:
        pytest.fail("the disk never got full")
    (disk / "filler").unlink()
    for seed in range(1, 40):
        runner.obtain(make_request(size=(8, 8), seed=seed), never_stop)
    assert len(fake.charges) == 39
