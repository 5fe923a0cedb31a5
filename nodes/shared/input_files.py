"""Files of ComfyUI's own folders, by the names that widgets hold."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from ..depthkit.errors import InvalidInput
from .host import current

__all__ = ["file_behind", "files_below"]


def files_below(folder: Path, extensions: Collection[str]) -> list[str]:
    """Paths, relative to the folder, of the files in it and below with one of the extensions."""
    found: list[str] = []
    # Every run asks for the list several times; os.walk asks the disk about folders only.
    for here, _, names in os.walk(folder):
        below = Path(here).relative_to(folder).as_posix()
        for name in names:
            if os.path.splitext(name)[1].lower() in extensions:
                found.append(name if below == "." else f"{below}/{name}")
    return [name for name in found if (folder / name).is_file()]


def file_behind(name: str) -> Path:
    """The file behind a name; `name [output]` and `name [temp]` as elsewhere in ComfyUI.

    Raises InvalidInput where it is missing or leads out of its folder.
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
    if not path.is_file():
        raise InvalidInput(
            f"There is no file {plain!r} in the {mark[1:-1]} folder; put it there, press R to "
            "refresh the list and choose it."
        )
    return path
