"""Whether the payment journal is still the one that was written here.

A journal that was emptied, cut or put back from an old copy looks new, and a new journal pays
again. So a small file beside it holds the journal's own number and how many requests it has held.
The file has one fixed length: counting writes over bytes that exist already.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import Any, Protocol

from .service_errors import JournalError

__all__ = ["Identity"]

_FORM = re.compile(rb"genvr-depth journal ([0-9a-f]{32}) ([0-9]{12})\n")
_MARK = "CREATE TABLE IF NOT EXISTS identity (number TEXT NOT NULL)"


class Database(Protocol):
    """What is asked of the journal's connection."""

    def execute(self, sql: str, parameters: Any = ..., /) -> Any: ...


class Identity:
    """The file beside one journal."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._path = journal.with_suffix(".identity")

    def held(self) -> int:
        """How many requests the journal held when last looked at, 0 for a new one."""
        return self._read()[1]

    def check(self, db: Database) -> None:
        """Compare file and journal, inside a transaction; a first journal gets its file.

        Raises JournalError where the journal is another one, or holds fewer requests than it did.
        """
        number, held = self._read()
        if held == 0:
            self._found(db)
            return
        tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master")}
        if not {"tasks", "identity"} <= tables:
            raise self._replaced("it is empty", held)
        row = db.execute("SELECT number FROM identity").fetchone()
        if row is None or row[0] != number:
            raise self._replaced("it is another journal", held)
        found = _highest_number(db)
        if found < held:
            raise self._replaced(f"it holds {found}", held)

    def count(self, held: int) -> None:
        """Note that the journal holds so many requests, on the disk before this returns."""
        number, before = self._read()
        self._write(number, max(held, before))

    def _found(self, db: Database) -> None:
        """Give the journal a number; one that has a number already keeps it."""
        db.execute(_MARK)
        row = db.execute("SELECT number FROM identity").fetchone()
        number = secrets.token_hex(16) if row is None else str(row[0])
        if row is None:
            db.execute("INSERT INTO identity VALUES (?)", (number,))
        self._write(number, _highest_number(db))

    def _read(self) -> tuple[str, int]:
        """(number, requests held), ("", 0) where there is no file yet."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return "", 0
        match = _FORM.fullmatch(data)
        if match is None:
            raise self._replaced("the file that proves it is damaged", 0)
        return match[1].decode(), int(match[2])

    def _write(self, number: str, held: int) -> None:
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(handle, "r+b") as file:
            file.write(f"genvr-depth journal {number} {held:012}\n".encode())
            file.flush()
            os.fsync(file.fileno())

    def _replaced(self, what: str, held: int) -> JournalError:
        had = f"{held} requests were noted in it" if held else "requests were noted in it"
        return JournalError(
            f"The GenVR payment journal is not the one that was written here: {what}, {had}. "
            "Without it, images that are paid for would be paid for again, so nothing is sent. Put "
            f"{self._journal.name} back from a backup; or, to begin a new journal on purpose, "
            f"delete {self._journal.name} and {self._path.name} in ComfyUI's folder user/__genvr "
            "(or in the one that GENVR_DEPTH_HOME names)."
        )


def _highest_number(db: Database) -> int:
    """Rows are never deleted, so the highest number counts them."""
    return int(db.execute("SELECT COALESCE(MAX(number), 0) FROM tasks").fetchone()[0])
