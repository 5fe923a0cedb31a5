"""Killed at any moment, two processes at once, a clock that jumps, a disk that is full."""

from __future__ import annotations

import os
import signal
import sqlite3
from dataclasses import replace
from types import SimpleNamespace

import pytest
from genvr_depth.nodes.depthkit.genvr import journal as journal_module
from genvr_depth.nodes.depthkit.genvr import result_store as store_module
from genvr_depth.nodes.depthkit.genvr.jobs import run_many
from genvr_depth.nodes.depthkit.genvr.journal import Journal
from genvr_depth.nodes.depthkit.genvr.result_store import ImageStore
from genvr_depth.nodes.depthkit.genvr.retry import never_stop
from genvr_depth.nodes.depthkit.genvr.service import open_runner
from genvr_depth.nodes.depthkit.genvr.service_errors import AmbiguousCharge, JournalError

STEPS = ["prepared", "sent", "submitted", "completed", "downloaded", "stored"]
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that fork")


@pytest.fixture
def spawn(tmp_path, profile, clock):
    """spawn(request, step, folder) -> a process that asks, and kills itself at that step."""
    children = {}

    def make(request, step="", folder="private"):
        def checkpoint(name):
            if name == step:
                os.kill(os.getpid(), signal.SIGKILL)

        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            said = b"?"
            try:
                runner = open_runner(
                    tmp_path / folder, profile, pacing=clock.pacing, checkpoint=checkpoint
                )
                said = runner.obtain(request, never_stop).how.encode()
            finally:
                os.write(writer, said)
                os._exit(0)
        os.close(writer)
        children[child] = reader
        return child

    def finish(child):
        with os.fdopen(children.pop(child), "rb") as pipe:
            words = pipe.read().decode()
        _, status = os.waitpid(child, 0)
        return words, os.waitstatus_to_exitcode(status)

    yield SimpleNamespace(start=make, finish=finish)
    for child in list(children):
        os.kill(child, signal.SIGKILL)
        finish(child)


@needs_fork
@pytest.mark.parametrize("step", STEPS)
def test_a_program_killed_at_any_step_pays_once(fake, spawn, make_runner, make_request, step):
    request = make_request()
    _, code = spawn.finish(spawn.start(request, step))
    assert code == -signal.SIGKILL
    if step in ("prepared", "sent"):
        for _ in range(2):
            with pytest.raises(AmbiguousCharge, match="ended while the request was being sent"):
                make_runner().obtain(request, never_stop)
    else:
        again = make_runner().obtain(request, never_stop)
        assert again.how == ("stored" if step == "stored" else "resumed")
    assert len(fake.charges) == (0 if step == "prepared" else 1)


@needs_fork
def test_several_processes_with_one_request_pay_once(fake, spawn, make_runner, make_request):
    fake.latency = 0.2
    request = make_request()
    children = [spawn.start(request) for _ in range(3)]
    mine = make_runner().obtain(request, never_stop).how
    answers = [mine, *(spawn.finish(child)[0] for child in children)]
    assert sorted(answers) == ["paid", *["stored"] * 3]
    assert len(fake.charges) == 1


@needs_fork
def test_a_killed_run_of_many_resumes_what_was_paid(fake, spawn, make_runner, make_request):
    requests = [make_request(seed=n) for n in range(3)]
    for request, step in zip(requests, ["stored", "submitted", "completed"], strict=True):
        spawn.finish(spawn.start(request, step))
    outcomes = run_many(make_runner(), requests)
    assert [o.how for o in outcomes] == ["stored", "resumed", "resumed"]
    assert len(fake.charges) == 3


@pytest.mark.parametrize("jump", [-10 * 365 * 86400, 10 * 365 * 86400])
def test_a_clock_that_jumps_changes_nothing(fake, make_runner, make_request, clock, jump):
    fake.words = ["queued"] * 3
    runner = make_runner()

    def leap(name):
        if name == "submitted":
            clock.jump += jump

    assert make_runner(checkpoint=leap).obtain(make_request(), never_stop).how == "paid"
    assert runner.obtain(make_request(), never_stop).how == "stored"
    assert len(fake.charges) == 1


class FullDisk:
    """Connections on which some writes of a kind, behind the first `skip`, find the disk full."""

    def __init__(self, word, failures, skip=0):
        self.word, self.failures, self.skip = word, failures, skip

    def __call__(self, path):
        outer = self

        class Connection(sqlite3.Connection):
            def execute(self, sql, *values):
                if sql.startswith(outer.word) and outer.failures > 0:
                    outer.skip -= 1
                    if outer.skip >= 0:
                        return super().execute(sql, *values)
                    outer.failures -= 1
                    raise sqlite3.OperationalError("database or disk is full")
                return super().execute(sql, *values)

        return sqlite3.connect(
            path, isolation_level=None, factory=Connection, check_same_thread=False
        )


def with_disk(runner, tmp_path, disk, clock):
    return replace(runner, journal=Journal(tmp_path / "private", clock.clock, disk))


def test_a_full_disk_stops_before_the_money(fake, make_runner, make_request, tmp_path, clock):
    runner = with_disk(make_runner(), tmp_path, FullDisk("INSERT", 1), clock)
    with pytest.raises(JournalError, match="disk is full"):
        runner.obtain(make_request(), never_stop)
    assert fake.count("generate") == 0
    assert runner.obtain(make_request(), never_stop).how == "paid"
    assert len(fake.charges) == 1


def test_a_commit_that_fails_stops_before_the_money(
    fake, make_runner, make_request, tmp_path, clock
):
    runner = make_runner()
    disk = FullDisk("COMMIT", 0)
    runner = with_disk(runner, tmp_path, disk, clock)
    disk.failures = 3
    with pytest.raises(JournalError):
        runner.obtain(make_request(), never_stop)
    assert fake.charges == []


def test_a_disk_full_after_the_money_does_not_lose_the_image(
    fake, make_runner, make_request, tmp_path, clock, journal_rows
):
    runner = with_disk(make_runner(), tmp_path, FullDisk("UPDATE", 1, skip=1), clock)
    outcome = runner.obtain(make_request(), never_stop)
    assert outcome.how == "paid"
    assert journal_rows()[0]["task"].strip() == outcome.task
    assert runner.obtain(make_request(), never_stop).how == "stored"
    assert len(fake.charges) == 1


def test_noting_a_task_needs_no_new_disk_space(tmp_path, clock):
    """A real limit: the file may not grow by a single page after the intent is written."""

    def limited(path):
        connection = journal_module.connect(path)
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        if pages > 1:
            connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    journal = Journal(tmp_path / "private", clock.clock)
    entry = journal.prepare(_entry("k1"))
    full = Journal(tmp_path / "private", clock.clock, limited)
    full.record(entry, "submitted", task="task-" + "x" * 40)
    assert full.latest("k1", "a").task == "task-" + "x" * 40
    with pytest.raises(JournalError, match="full"):
        [full.prepare(_entry(f"other-{number}" * 20)) for number in range(500)]


def _entry(key):
    return journal_module.Entry(
        0, key, "a", 1, "prepared", "", "depth", "v2", 5.0, True, 0.0, 0.0, "a castle"
    )


def test_a_damaged_journal_stops_everything(fake, make_runner, make_request, tmp_path):
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "journal.sqlite").write_bytes(b"this is not a database" * 400)
    with pytest.raises(JournalError, match="from a backup"):
        make_runner()
    assert fake.calls == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(13, "Permission denied", "/home/somebody/user/x"), "Permission denied"),
        (sqlite3.OperationalError("database is locked"), "locked"),
        (sqlite3.OperationalError("unable to open database file"), "unable to open"),
        (OSError("/home/somebody"), "OSError"),
    ],
)
def test_a_journal_that_cannot_be_used_is_named_without_its_personal_path(
    tmp_path, clock, error, words
):
    def refuse(path):
        raise error

    with pytest.raises(JournalError, match=words) as raised:
        Journal(tmp_path / "private", clock.clock, refuse)
    assert "somebody" not in str(raised.value)
    assert "GENVR_DEPTH_HOME" in str(raised.value)


def test_a_journal_whose_permissions_cannot_be_set_is_an_error_in_words(
    tmp_path, clock, monkeypatch
):
    def refuse(self, mode):
        raise PermissionError(1, "Operation not permitted", str(self))

    (tmp_path / "private").mkdir(mode=0o700)
    monkeypatch.setattr("pathlib.Path.chmod", refuse)
    with pytest.raises(JournalError, match="not permitted") as raised:
        Journal(tmp_path / "private", clock.clock)
    assert str(tmp_path) not in str(raised.value)


def test_an_image_that_cannot_be_stored_is_not_lost(
    fake, make_runner, make_request, tmp_path, monkeypatch
):
    def full(path, data):
        raise JournalError("No space left on device.")

    with monkeypatch.context() as patched:
        patched.setattr(store_module, "write_private", full)
        with pytest.raises(JournalError, match="paid for is task-0"):
            make_runner().obtain(make_request(), never_stop)
    assert make_runner().obtain(make_request(), never_stop).how == "resumed"
    assert len(fake.charges) == 1


def test_the_store_is_bounded_and_clears_the_least_used_first(tmp_path):
    store = ImageStore(tmp_path / "images", limit_bytes=2500)
    names = []
    for number in range(2):
        names.append(store.put(bytes([number]) * 1000))
        os.utime(tmp_path / "images" / names[-1], (1000 + number, 1000 + number))
    assert store.get(names[0]), "read: now the most recently used"
    names.append(store.put(b"z" * 1000))
    assert [store.has(name) for name in names] == [True, False, True]
