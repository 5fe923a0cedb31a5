"""Files of ComfyUI's own folders, by the names that widgets hold."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from ..depthkit.errors import InvalidInput
from .host import current
from .on_demand import formats

__all__ = ["clip_or_file", "file_behind", "files_below"]


def files_below(folder: Path, extensions: Collection[str]) -> list[str]:
    """Paths, relative to the folder, of the files in it and below with one of the extensions.

    A link is offered where `file_behind` follows it: to a file inside the folder.
    """
    root = folder.resolve()
    found: list[str] = []
    known, waiting = tuple(extensions), [""]
    # Every run asks for the list several times; a listing of the disk tells files from folders.
    while waiting:
        before = waiting.pop()
        try:
            with os.scandir(os.path.join(folder, before)) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(f"{before}{entry.name}/")
                    elif entry.name.lower().endswith(known) and _is_offered(entry, root):
                        found.append(before + entry.name)
        except OSError:  # gone since, or not for this user to read
            continue
    return found


def _is_offered(entry: os.DirEntry[str], root: Path) -> bool:
    if entry.is_symlink():
        path = Path(entry.path).resolve()
        return path.is_relative_to(root) and path.is_file()
    return entry.is_file()


def file_behind(name: str) -> Path:
    """The file behind a name; `name [output]` and `name [temp]` as elsewhere in ComfyUI.

    Raises InvalidInput where it is missing or leads out of its folder.
    """
    path, plain, where = _within_folder(name)
    if not path.is_file():
        raise _missing(plain, where)
    return path


def clip_or_file(name: str) -> Path:
    """As `file_behind`; a folder, and a name with `####` for the number of a frame, serve too."""
    path, plain, where = _within_folder(name)
    if not (path.exists() or formats.is_pattern(path.name)):
        raise _missing(plain, where)
    return path


def _missing(name: str, where: str) -> InvalidInput:
    return InvalidInput(
        f"There is no file {name!r} in the {where} folder; put it there, press R to refresh the "
        "list and choose it."
    )


def _within_folder(name: str) -> tuple[Path, str, str]:
    """The path, its name without the folder's mark, and the folder's name.

    Raises InvalidInput where it leads out of its folder.
    """
    host = current()
    folders = {
        "[input]": host.input_folder,
        "[output]": host.output_folder,
        "[temp]": host.temp_folder,
    }
    plain, _, mark = name.rpartition(" ")
    if mark not in folders:
        plain, mark = name, "[input]"
    if "\0" in plain:
        raise InvalidInput(f"The name {plain!r} holds a NUL character, which no file has.")
    folder = folders[mark]().resolve()
    path = (folder / plain).resolve()
    if not path.is_relative_to(folder):
        raise InvalidInput(f"The file {name!r} lies outside ComfyUI's folders; put it into input.")
    return path, plain, mark[1:-1]
