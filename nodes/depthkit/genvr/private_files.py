"""Files that only their owner may read: a 0700 folder, 0600 files, replaced whole or not at all."""

from __future__ import annotations

import json
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from .service_errors import JournalError

__all__ = ["private_folder_ready", "read_json", "write_private"]


def private_folder_ready(folder: Path) -> Path:
    """Create the folder, for its owner only. Raises JournalError where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.name == "posix" and stat.S_IMODE(folder.stat().st_mode) & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise JournalError(
            f"The private folder for keys and payments cannot be used ({error.strerror}). Make "
            "ComfyUI's user folder writable for the account that runs it."
        ) from None
    return folder


def write_private(path: Path, data: bytes) -> None:
    """Replace the file in one step, mode 0600, on the disk before this returns.

    Raises JournalError (full disk, no permission); the old file is then still there.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise JournalError(
            f"{path.name} cannot be written ({error.strerror}). Free some disk space or fix the "
            "permissions of ComfyUI's user folder, then try again."
        ) from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def read_json(path: Path) -> dict[str, object]:
    """The object in the file, {} where there is none. Too open permissions are tightened.

    Raises JournalError on a damaged file, so that nothing overwrites it.
    """
    try:
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            path.chmod(0o600)
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError):
        raise JournalError(
            f"{path.name} in the private folder is damaged or cannot be read. Move it away and set "
            "the key again."
        ) from None
    return content if isinstance(content, dict) else {}
