"""Where models lie: `<model folder>/<name>/`, in any of several model folders, or in the cache
of the Hugging Face library, where another program has put them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import ModelError
from .model_table import FILES, GENERAL, MODELS, ModelRow, find_row

__all__ = [
    "Installed",
    "best_installed",
    "cached_folder",
    "find_folder",
    "fingerprint",
    "installed",
    "missing_files",
    "model_names",
    "target_folder",
]


@dataclass(frozen=True, slots=True)
class Installed:
    """A model on disk. row: None for a folder of the user; missing: files not there yet."""

    name: str
    folder: Path
    row: ModelRow | None
    missing: tuple[str, ...]


def installed(folders: Sequence[Path]) -> list[Installed]:
    """Every folder with a config.json, sorted by name; the first of two with the same name wins."""
    found: dict[str, Installed] = {}
    for root in folders:
        for config in sorted(root.glob("*/config.json")):
            folder = config.parent
            row = find_row(folder.name)
            missing = missing_files(folder, row)
            found.setdefault(folder.name, Installed(folder.name, folder, row, missing))
    return [found[name] for name in sorted(found)]


def model_names(folders: Sequence[Path]) -> list[str]:
    """Names the user may choose: those we know, then what else lies in the folders."""
    known = [row.name for row in MODELS]
    return known + [model.name for model in installed(folders) if model.row is None]


def find_folder(name: str, folders: Sequence[Path]) -> Path | None:
    """The complete folder of a model, or None. Raises ModelError for a name that is a path."""
    if Path(name).name != name or name in ("", ".", ".."):
        raise ModelError(f"{name!r} is not a model name; choose one from the list.")
    row = find_row(name)
    for root in folders:
        folder = root / name
        if not (folder / "config.json").is_file():
            continue
        # What a folder of the user lacks is said when it is loaded, by the loader.
        if row is None or not missing_files(folder, row):
            return folder
    return None if row is None else cached_folder(row)


def best_installed(folders: Sequence[Path]) -> str | None:
    """The model to offer in the place of the built-in one: the first of `GENERAL` that is here."""
    return next((name for name in GENERAL if find_folder(name, folders) is not None), None)


def cached_folder(row: ModelRow) -> Path | None:
    """A complete snapshot in the Hugging Face cache (HF_HUB_CACHE, HF_HOME), or None."""
    from huggingface_hub import constants, try_to_load_from_cache

    cache = constants.HF_HUB_CACHE  # read here: the library's own default is fixed at its import
    found = try_to_load_from_cache(row.repository, FILES[0], cache, row.revision)
    if not isinstance(found, str):
        return None
    folder = Path(found).parent
    return None if missing_files(folder, row) else folder


def target_folder(name: str, folders: Sequence[Path]) -> Path:
    """Where a download belongs: where part of it lies already, else the first writable folder.

    A shared library of models may come first and be read-only; the user's own is next then.
    """
    begun = [root for root in folders if (root / name).is_dir()]
    for root in (*begun, *folders):
        if _writable(root):
            return root / name
    return folders[0] / name


def _writable(folder: Path) -> bool:
    there = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    return there.is_dir() and os.access(there, os.W_OK)


def missing_files(folder: Path, row: ModelRow | None) -> tuple[str, ...]:
    """Files that a model needs and the folder lacks (weights may also come in shards)."""
    if (folder / "model.safetensors.index.json").is_file():
        return ()
    # Without a preprocessor_config.json the family's own constants serve.
    files = FILES if row is None else row.files
    needed = [name for name in files if name != "preprocessor_config.json"]
    return tuple(name for name in needed if not (folder / name).is_file())


def fingerprint(name: str, folders: Sequence[Path]) -> str:
    """Changes when the model's folder or a file in it does; for caches. "absent" without one."""
    folder = find_folder(name, folders)
    if folder is None:
        return "absent"
    files = sorted(path for path in folder.iterdir() if path.is_file())
    marks = (f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files)
    return f"{folder} {' '.join(marks)}"
