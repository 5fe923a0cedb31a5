"""The payment journal: every request that may cost credits, on disk before it is sent.

SQLite in rollback mode with a journal file that stays: once an intent is on disk, noting the task
id writes over bytes that exist already, so that a disk that is full right after the charge cannot
lose it. Write-ahead mode would grow its log at that moment, and its shared-memory map ends the
process with SIGBUS where no block can be found for it.

States: prepared -> submitted(task id) -> completed -> stored(images), or failed, ambiguous,
detached (Stop or deadline; the task goes on at the service). One row per attempt; the newest
attempt of a key speaks for it. No URL, key or user id is ever written here.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from .journal_identity import Identity
from .private_files import private_folder_ready
from .service_errors import JournalError

__all__ = ["STATES", "TASK_ROOM", "Connect", "Database", "Entry", "Journal"]

STATES = ("prepared", "submitted", "completed", "stored", "failed", "ambiguous", "detached")
FILE_NAME = "journal.sqlite"
# What must not be lost even in a power cut; anything else is found out again for free.
_SYNC = {"prepared": "FULL", "submitted": "FULL", "ambiguous": "FULL"}
_EASY = "NORMAL"
_PATIENCE_S = 30.0
# Room in the row of the intent for everything that the step after the charge writes: a row that
# keeps its length is written over in place.
TASK_ROOM = 512
_STATE_ROOM = max(map(len, STATES))
Database: TypeAlias = sqlite3.Connection
Connect = Callable[[Path], Database]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tasks (
  number INTEGER PRIMARY KEY,
  key TEXT NOT NULL,
  account TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  state TEXT NOT NULL,
  task TEXT NOT NULL,
  model TEXT NOT NULL,
  version TEXT NOT NULL,
  credits REAL NOT NULL,
  published INTEGER NOT NULL,
  created REAL NOT NULL,
  updated REAL NOT NULL,
  summary TEXT NOT NULL,
  detail TEXT NOT NULL,
  images TEXT NOT NULL,
  UNIQUE (key, account, attempt)
)"""
_COLUMNS = (
    "number, key, account, attempt, state, task, model, version, credits, published, created, "
    "updated, summary, detail, images"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One attempt at one request.

    key: sha256 of the request; account: fingerprint; task: the service's id, "" before it is known;
    credits: price at the time; created/updated: Unix time; summary: prompt and seed, for display;
    detail: what went wrong, redacted; images: sha256 of each stored file.
    """

    number: int
    key: str
    account: str
    attempt: int
    state: str
    task: str
    model: str
    version: str
    credits: float
    published: bool
    created: float
    updated: float
    summary: str
    detail: str = ""
    images: tuple[str, ...] = ()


def connect(path: Path) -> Database:
    """A connection in rollback mode; its journal file keeps its blocks after a commit."""
    connection = sqlite3.connect(
        path, timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA journal_mode=PERSIST")
    return connection


class Journal:
    """One connection for all threads of a run; other processes have their own."""

    def __init__(
        self, folder: Path, clock: Callable[[], float], connect: Connect = connect
    ) -> None:
        self._path = private_folder_ready(folder) / FILE_NAME
        self._clock = clock
        self._connect = connect
        self._turn = threading.Lock()
        self._db: Database | None = None
        self._identity = Identity(self._path)
        with self._transaction() as db:
            if self._identity.held() == 0:
                db.execute(_SCHEMA)
            self._identity.check(db)
            self._path.chmod(0o600)

    def close(self) -> None:
        """Let go of the file; a later step, of a worker that lingers, opens it again."""
        with self._turn:
            self._drop()

    def latest(self, key: str, account: str) -> Entry | None:
        """The newest attempt at a request, None where it was never made."""
        query = "WHERE key = ? AND account = ? ORDER BY attempt DESC LIMIT 1"
        return next(iter(self._select(query, (key, account))), None)

    def prepare(self, entry: Entry) -> Entry:
        """Record the intent, with room for the task id. On disk when this returns.

        Raises JournalError otherwise, also where only the room is missing: then nothing is sent.
        """
        now = self._clock()
        with self._transaction() as db:
            cursor = db.execute(
                "INSERT INTO tasks (key, account, attempt, state, task, model, version, credits, "
                "published, created, updated, summary, detail, images) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '[]')",
                (
                    entry.key,
                    entry.account,
                    entry.attempt,
                    "prepared".ljust(_STATE_ROOM),
                    " " * TASK_ROOM,
                    entry.model,
                    entry.version,
                    entry.credits,
                    int(entry.published),
                    now,
                    now,
                    entry.summary,
                ),
            )
            number = int(cursor.lastrowid or 0)
        self._count(number)
        prepared = replace(entry, number=number, state="prepared", created=now, updated=now)
        # The step that must not fail, once before the money: it leaves the blocks it needs.
        return self.record(prepared, "prepared")

    def _count(self, number: int) -> None:
        """After the commit: a count ahead of the rows would look like a journal that was cut."""
        try:
            self._identity.count(number)
        except OSError as error:
            raise _unusable(error) from None

    def record(self, entry: Entry, state: str, **changes: object) -> Entry:
        """Move an attempt to `state`; the task id and images are written again every time."""
        changed = replace(entry, state=state, updated=self._clock(), **changes)
        with self._transaction(_SYNC.get(state, _EASY)) as db:
            db.execute(
                "UPDATE tasks SET state = ?, task = ?, updated = ?, detail = ?, images = ? "
                "WHERE number = ?",
                (
                    changed.state.ljust(_STATE_ROOM),
                    changed.task.ljust(TASK_ROOM),
                    changed.updated,
                    changed.detail,
                    json.dumps(list(changed.images)),
                    changed.number,
                ),
            )
        return changed

    def note(self, entry: Entry, state: str, **changes: Any) -> Entry:
        """`record` after the money. A disk that is full for a moment must not lose the task: the
        step is kept in memory and written with the next one."""
        try:
            return self.record(entry, state, **changes)
        except JournalError:
            return replace(entry, state=state, **changes)

    def holder(self, entry: Entry) -> Entry | None:
        """Another request of the account that has the same task, None where there is none."""
        padded = entry.task.ljust(TASK_ROOM)
        query = "WHERE task = ? AND account = ? AND key <> ? LIMIT 1"
        return next(iter(self._select(query, (padded, entry.account, entry.key))), None)

    def all(self) -> list[Entry]:
        """Every attempt, newest first."""
        return self._select("ORDER BY number DESC", ())

    def _select(self, tail: str, values: tuple[object, ...]) -> list[Entry]:
        with self._transaction(_EASY) as db:
            rows = db.execute(f"SELECT {_COLUMNS} FROM tasks {tail}", values).fetchall()
        return [_entry(row) for row in rows]

    @contextmanager
    def _transaction(self, sync: str = "FULL") -> Generator[Database, None, None]:
        """sync: FULL survives a power cut when this returns, NORMAL survives a killed program."""
        with self._turn:
            try:
                db = self._db = self._db or self._connect(self._path)
                db.execute(f"PRAGMA synchronous={sync}")
                db.execute("BEGIN IMMEDIATE")
                try:
                    yield db
                except BaseException:
                    # On a full disk SQLite has rolled back already.
                    if db.in_transaction:
                        db.execute("ROLLBACK")
                    raise
                db.execute("COMMIT")
            except (sqlite3.Error, OSError) as error:
                self._drop()
                raise _unusable(error) from None

    def _drop(self) -> None:
        """After an error the next step starts with a new connection."""
        broken, self._db = self._db, None
        if broken is not None:
            with suppress(sqlite3.Error):
                broken.close()


def _unusable(error: sqlite3.Error | OSError) -> JournalError:
    return JournalError(
        f"The GenVR payment journal cannot be used ({_reason(error)}). Without it a request could "
        "be paid twice, so nothing is sent. Free some disk space, or fix the permissions of "
        f"{FILE_NAME} in ComfyUI's folder user/__genvr (or in the one that GENVR_DEPTH_HOME "
        "names); if it is damaged, put it back from a backup."
    )


def _reason(error: sqlite3.Error | OSError) -> str:
    """In words: the text of an operating system's error holds the whole path, which is personal."""
    if isinstance(error, sqlite3.Error):
        return str(error)
    return error.strerror or type(error).__name__


def _entry(row: tuple[Any, ...]) -> Entry:
    number, key, account, attempt, state, task, model, version, credits, *rest = row
    published, created, updated, summary, detail, images = rest
    return Entry(
        number,
        key,
        account,
        attempt,
        state.strip(),
        task.strip(),
        model,
        version,
        credits,
        published=bool(published),
        created=created,
        updated=updated,
        summary=summary,
        detail=detail,
        images=tuple(json.loads(images)),
    )
