"""A file appears whole or not at all, under a name nobody else has, inside its folder."""

from __future__ import annotations

import errno
import multiprocessing
import os
import threading
import time
from pathlib import Path

import pytest
from genvr_depth.nodes.depthkit.errors import FormatError, InvalidInput, Stopped
from genvr_depth.nodes.depthkit.formats import depth_files as files
from genvr_depth.nodes.depthkit.formats.depth_files import (
    check_prefix,
    place,
    write_atomic,
    write_beside,
    write_new,
)
from genvr_depth.nodes.depthkit.formats.save_batch import Encoded, save_batch


def claim_path(folder: Path, stem: str, counter: int, extension: str, data: bytes) -> Path:
    """Write the bytes under the first free counter, as a save node does."""
    return place(write_beside(folder, data), stem, counter, extension)[0]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("prefix", ["depth", "depth/room", "a b/ç_1", "x.y", r"sub\name"])
def test_plain_prefixes_are_fine(prefix):
    assert check_prefix(prefix) == prefix.replace("\\", "/")


@pytest.mark.parametrize(
    ("prefix", "reason"),
    [
        ("", "no file name"),
        ("sub/", "no file name"),
        ("/etc/passwd", "absolute"),
        ("C:/x", "absolute"),
        ("../x", r"\.\."),
        ("a/../../x", r"\.\."),
        (r"a\..\x", r"\.\."),
        ("CON", "reserves"),
        ("sub/nul.txt", "reserves"),
        ("LPT1/x", "reserves"),
        ("ab:c", "character"),
        ("a\x00b", "character"),
        ("what?", "character"),
        ("dots./x", "dot"),
        ("x" * 300, "longer"),
    ],
)
def test_dangerous_prefixes_are_refused_with_the_reason(prefix, reason):
    with pytest.raises(InvalidInput, match=reason):
        check_prefix(prefix)


def test_an_existing_file_is_never_touched(tmp_path):
    (tmp_path / "d_00001_.png").write_bytes(b"old")
    path = claim_path(tmp_path, "d", 1, "png", b"new")
    assert path.name == "d_00002_.png"
    assert (tmp_path / "d_00001_.png").read_bytes() == b"old"
    assert names(tmp_path) == ["d_00001_.png", "d_00002_.png"]


def _claim_many(arguments: tuple[str, int]) -> list[str]:
    folder, worker = arguments
    body = bytes([worker])
    return [claim_path(Path(folder), "d", 1, "bin", body * 50).name for _ in range(25)]


def test_processes_and_threads_saving_at_once_never_share_a_name(tmp_path):
    with multiprocessing.get_context("fork").Pool(4) as pool:
        claimed = pool.map(_claim_many, [(str(tmp_path), n) for n in range(4)])
    flat = [name for part in claimed for name in part]
    assert len(set(flat)) == 100
    assert names(tmp_path) == sorted(flat)
    for worker, part in enumerate(claimed):
        for name in part:
            assert (tmp_path / name).read_bytes() == bytes([worker]) * 50


@pytest.mark.parametrize("code", [errno.EPERM, errno.EINVAL], ids=["Linux", "exFAT on Windows"])
def test_file_systems_without_hard_links_are_served(tmp_path, monkeypatch, code):
    def refuse(*_):
        raise OSError(code, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "d_00001_.png").write_bytes(b"old")
    path, number = place(write_beside(tmp_path, b"new"), "d", 1, "png")
    assert (path.read_bytes(), number) == (b"new", 2)
    assert names(tmp_path) == ["d_00001_.png", "d_00002_.png"]


@pytest.mark.parametrize(("given", "name"), [(".", "room"), ("..", "house"), ("../room", "room")])
def test_a_folder_that_cannot_be_written_is_named_however_it_was_given(
    tmp_path, monkeypatch, given, name
):
    (tmp_path / "house" / "room").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "house" / "room")

    def refused(_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(files.os, "fsync", refused)
    with pytest.raises(FormatError, match=f"into the folder '{name}': it is read-only"):
        write_atomic(Path(given) / "a.png", b"x")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch, code):
    def full(_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(FormatError, match=r"free some space|error"):
        claim_path(tmp_path, "d", 1, "png", b"x" * 1000)
    assert names(tmp_path) == []


def test_a_failed_rename_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    target = tmp_path / "d.json"
    target.write_bytes(b"old")

    def broken(*_):
        raise OSError(errno.EACCES, "denied")

    monkeypatch.setattr(files.os, "replace", broken)
    with pytest.raises(FormatError, match="read-only"):
        write_atomic(target, b"new")
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["d.json"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_a_clear_error(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(FormatError, match="read-only"):
        claim_path(tmp_path, "d", 1, "png", b"x")


def test_a_file_in_the_way_of_the_folder_is_a_clear_error(tmp_path):
    (tmp_path / "sub").write_bytes(b"a file")
    with pytest.raises(FormatError, match="in the way"):
        claim_path(tmp_path / "sub", "d", 1, "png", b"x")
    assert (tmp_path / "sub").read_bytes() == b"a file"


def frames(count: int, work=lambda index: None):
    def one(index: int) -> Encoded:
        work(index)
        return Encoded(bytes([index]), {".json": b"{}"})

    return [lambda index=index: one(index) for index in range(count)]


def test_a_batch_is_saved_in_order_with_its_companions(tmp_path):
    def uneven(index: int) -> None:
        time.sleep(0.02 if index % 3 == 0 else 0.0)

    told: list[tuple[int, int]] = []
    saved = save_batch(
        tmp_path, "d%batch_num%", 4, "bin", frames(9, uneven), 9,
        on_progress=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    assert [s.path.name for s in saved] == [f"d{i}_{i + 4:05}_.bin" for i in range(9)]
    assert [s.path.read_bytes() for s in saved] == [bytes([i]) for i in range(9)]
    assert all(s.beside[0].name == s.path.name + ".json" for s in saved)
    assert told == [(i + 1, 9) for i in range(9)]


def test_memory_is_bounded_however_long_the_batch(tmp_path):
    lock, running, most = threading.Lock(), 0, 0

    def count(_: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)

    def written(done: int, total: int) -> None:
        nonlocal running
        with lock:
            running -= 1

    save_batch(tmp_path, "d", 1, "bin", frames(60, count), 60, on_progress=written)
    assert most <= (os.cpu_count() or 1) + 2


def test_stop_ends_a_long_batch_within_a_second_and_leaves_whole_files(tmp_path):
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    began = time.monotonic()
    with pytest.raises(Stopped):
        save_batch(
            tmp_path, "d", 1, "bin", frames(200, lambda _: time.sleep(0.1)), 200,
            should_stop=stop.is_set,
        )  # fmt: skip
    assert time.monotonic() - began < 1.3
    time.sleep(0.5)  # the jobs that were running end, and must leave nothing
    left = names(tmp_path)
    assert left
    assert all(name.startswith("d_") for name in left)
    assert len(left) < 60


def test_stop_does_not_wait_for_a_slow_frame(tmp_path):
    stop = threading.Event()
    release = threading.Event()
    threading.Timer(0.2, stop.set).start()
    began = time.monotonic()
    with pytest.raises(Stopped):
        save_batch(
            tmp_path,
            "d",
            1,
            "bin",
            frames(3, lambda _: release.wait(5)),
            3,
            should_stop=stop.is_set,
        )
    assert time.monotonic() - began < 1.2
    release.set()


def test_one_bad_frame_stops_the_batch_with_its_own_error(tmp_path):
    def third(index: int) -> None:
        if index == 2:
            raise InvalidInput("frame 2 is wrong")

    with pytest.raises(InvalidInput, match="frame 2"):
        save_batch(tmp_path, "d", 1, "bin", frames(20, third), 20)
    time.sleep(0.1)
    assert [n for n in names(tmp_path) if n.endswith(".bin")] == ["d_00001_.bin", "d_00002_.bin"]
    assert not any(n.endswith(".part") for n in names(tmp_path))


def test_a_new_file_keeps_every_older_one_and_is_written_once(tmp_path):
    wanted = tmp_path / "castle.jpg"
    (tmp_path / "castle-3.jpg").mkdir()
    written = [write_new(wanted, data).name for data in (b"a", b"b", b"a", b"c", b"b", b"c")]
    assert written == [f"castle{n}.jpg" for n in ("", "-2", "", "-4", "-2", "-4")]
    assert names(tmp_path) == ["castle-2.jpg", "castle-3.jpg", "castle-4.jpg", "castle.jpg"]


def test_new_files_of_one_name_written_at_once_are_all_kept(tmp_path):
    written = []

    def write(number):
        written.append(write_new(tmp_path / "x.png", bytes([number])))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(written)) == len(names(tmp_path)) == 8
