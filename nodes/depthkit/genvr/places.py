"""Which private folder the command line uses, and where else a key may lie.

One computer should have one journal: inside a ComfyUI the command line uses ComfyUI's own private
folder: an image paid for on the canvas is free on the command line and the other way round.
"""

from __future__ import annotations

from pathlib import Path

from .. import environment, folders

__all__ = ["command_line_folder", "private_folder_around"]


def private_folder_around(package: Path = folders.PACKAGE) -> Path | None:
    """`user/__genvr` of the ComfyUI whose `custom_nodes` holds this pack, or None."""
    root = folders.surrounding_comfyui(package)
    return None if root is None else root / "user" / "__genvr"


def command_line_folder() -> Path:
    """GENVR_DEPTH_HOME if it is set, else the surrounding ComfyUI, else the platform's folder."""
    if environment.variables().get(environment.HOME):
        return folders.private_folder()
    return private_folder_around() or folders.private_folder()
