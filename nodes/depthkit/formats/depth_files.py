"""Putting bytes on a disk: whole or not at all, never over an existing file, never outside.

A file is written beside its place under a name
of its own, flushed to the disk, and then linked to its final name, which fails if that is taken:
two prompts and two processes can save the same prefix at once.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from ..errors import FormatError, InvalidInput

__all__ = [
    "check_prefix",
    "file_errors",
    "place",
    "write_atomic",
    "write_beside",
    "write_new",
]


_RESERVED = re.compile(r"^(con|prn|aux|nul|com[1-9¹²³]|lpt[1-9¹²³])(\..*)?$", re.IGNORECASE)
_FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f]')
_MAX_NAME_BYTES = 200
# Not every file system has hard links (FAT, some network shares). Windows reports the missing
# function as EINVAL.
_NO_LINKS = (
    errno.EPERM,
    errno.EINVAL,
    errno.ENOTSUP,
    errno.EOPNOTSUPP,
    errno.ENOSYS,
    errno.EMLINK,
    errno.EACCES,
)
_MAX_TRIES = 1_000_000
_RUN = re.compile("#+")


def check_prefix(prefix: str) -> str:
    """A filename prefix that works on every system; raises InvalidInput with the reason.

    `sub/name` is a sub-folder. The rules of all systems hold everywhere, so that a workflow made on
    Linux does not fail on Windows.
    """
    plain = prefix.strip().replace("\\", "/")
    parts = plain.split("/")
    problem = ""
    if not plain or not parts[-1]:
        problem = "has no file name"
    elif plain.startswith("/") or re.match(r"^[A-Za-z]:", plain):
        problem = "is an absolute path"
    elif ".." in parts:
        problem = "leads out of the output folder (..)"
    elif any(_RESERVED.match(part) for part in parts):
        problem = "uses a name that Windows reserves (CON, NUL, COM1, ...)"
    elif any(_FORBIDDEN.search(part) for part in parts):
        problem = 'has a character that not every system allows (one of < > : " | ? *)'
    elif any(part != part.rstrip(". ") for part in parts[:-1]):
        problem = "has a folder that ends in a dot or a space"
    elif any(len(part.encode()) > _MAX_NAME_BYTES for part in parts):
        problem = f"is longer than {_MAX_NAME_BYTES} bytes"
    if problem:
        raise InvalidInput(
            f"The filename prefix {prefix!r} {problem}. Use a plain name or a sub-folder such as "
            "depth/room; it is saved inside the output folder."
        )
    return plain


@contextmanager
def file_errors(folder: Path) -> Generator[None, None, None]:
    """Inside, what the operating system refuses becomes a sentence."""
    try:
        yield
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
        raise FormatError(
            f"Cannot save into the folder {_folder_name(folder)!r}: {reason}."
        ) from error


def _folder_name(folder: Path) -> str:
    """Its own name, also where it was given as `.` or `..`; never the path to it."""
    try:
        whole = os.path.abspath(folder)
    except OSError:  # the folder this program was started in is gone
        return str(folder)
    return os.path.basename(whole) or whole


_REASONS = {
    errno.ENOSPC: "the disk is full; free some space and run again",
    errno.EDQUOT: "your disk quota is used up; free some space and run again",
    errno.EACCES: "it is read-only or not yours; change its permissions or the output folder",
    errno.EPERM: "it is read-only or not yours; change its permissions or the output folder",
    errno.EROFS: "the disk is read-only; choose another output folder",
    errno.ENOTDIR: "a file of that name is in the way; choose another name",
    errno.EEXIST: "a file of that name is in the way; choose another name",
    errno.ENAMETOOLONG: "the name is too long; shorten it",
}


def write_beside(folder: Path, data: bytes, *, sync: bool = True) -> Path:
    """The bytes under a name of their own; the caller places or removes the file.

    sync: wait until they are on the disk; False for what may be lost in a crash.
    """
    with file_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f".{secrets.token_hex(8)}.part"
        try:
            with open(temporary, "xb") as file:
                file.write(data)
                file.flush()
                if sync:
                    os.fsync(file.fileno())
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return temporary


def place(temporary: Path, stem: str, counter: int, extension: str) -> tuple[Path, int]:
    """Give a written file the first free name `stem_00001_.ext` from `counter` on.

    A stem with `####` gets the number there instead, `depth.0001.ext`, as renderers name frames.
    Returns the path and its counter. The temporary name is gone afterwards, whatever happens.
    """
    try:
        with file_errors(temporary.parent):
            for number in range(counter, counter + _MAX_TRIES):
                path = temporary.parent / f"{_numbered_name(stem, number)}.{extension}"
                if _take(temporary, path):
                    return path, number
    finally:
        temporary.unlink(missing_ok=True)
    raise FormatError(
        f"Every name from {_numbered_name(stem, counter)} on is taken; choose another name."
    )


def _numbered_name(stem: str, number: int) -> str:
    run = _RUN.search(stem)
    if run is None:
        return f"{stem}_{number:05}_"
    return f"{stem[: run.start()]}{number:0{len(run[0])}}{stem[run.end() :]}"


def _take(temporary: Path, path: Path) -> bool:
    """Whether the final name was free and is now ours."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return _take_without_links(temporary, path)
    return True


def _take_without_links(temporary: Path, path: Path) -> bool:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        return False
    try:
        os.replace(temporary, path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return True


def write_atomic(path: Path, data: bytes, *, sync: bool = True) -> None:
    """Write one named file, replacing an older one only when the new one is whole.

    sync: as in `write_beside`.
    """
    temporary = write_beside(path.parent, data, sync=sync)
    with file_errors(path.parent):
        try:
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def write_new(path: Path, data: bytes) -> Path:
    """Write a file of that name, else name-2, name-3, ...; never over another file's content.

    Returns the path, which may be that of a file that holds exactly these bytes already.
    """
    temporary: Path | None = None
    try:
        with file_errors(path.parent):
            for number in range(1, _MAX_TRIES):
                name = path.name if number == 1 else f"{path.stem}-{number}{path.suffix}"
                wanted = path.with_name(name)
                if _holds(wanted, data):
                    return wanted
                temporary = temporary or write_beside(path.parent, data)
                if _take(temporary, wanted):
                    return wanted
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
    raise FormatError(f"Every name from {path.name} on is taken; choose another name.")


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except OSError:
        return False
