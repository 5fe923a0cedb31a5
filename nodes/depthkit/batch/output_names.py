"""Names of the files that an estimate becomes, and how an earlier run's files are recognised."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from ..errors import InvalidInput
from ..formats import FORMATS
from .rows import Row

__all__ = [
    "PREVIEW",
    "check_formats",
    "free_stem",
    "is_finished",
    "targets",
    "without_results",
]

PREVIEW = "preview"


def check_formats(formats: Sequence[str]) -> None:
    """Raises InvalidInput where a format is unknown, or none is given."""
    known = {*FORMATS, PREVIEW}
    unknown = [name for name in formats if name not in known]
    if unknown or not formats:
        found = f"Unknown format {', '.join(unknown)}" if unknown else "No format is given"
        raise InvalidInput(f"{found}; use {', '.join(sorted(known))}.")


def targets(row: Row, formats: Sequence[str]) -> list[dict[str, Path]]:
    """For each frame of the row the file of every format."""
    stem = Path(row["stem"])
    names = [stem / f"{row['first'] + n:06}" for n in range(row["count"])] or [stem]
    return [
        {f: name.with_name(f"{name.name}_{_word(f, formats)}.{_extension(f)}") for f in formats}
        for name in names
    ]


def is_finished(row: Row, formats: Sequence[str]) -> bool:
    return all(path.is_file() for files in targets(row, formats) for path in files.values())


def free_stem(wanted: Path, taken: set[Path]) -> Path:
    """The name without its suffix; where that is taken with it, then with a number behind it."""
    stem = wanted.with_suffix("")
    if stem in taken:
        stem = wanted.with_name(wanted.name.replace(".", "_"))
    plain, number = stem, 2
    while stem in taken:
        stem, number = plain.with_name(f"{plain.name}_{number}"), number + 1
    return stem


def without_results(rows: Sequence[Row]) -> list[Row]:
    """Where images and results share a folder, a result is no image to work on.

    A run may write other formats than the one before it: every name that any of them gives counts.
    """
    real = cache(Path.resolve)
    images: set[Path] = set()
    clips: set[Path] = set()
    for row in rows:
        stem = Path(row["stem"])
        (clips if row["count"] else images).add(real(stem.parent) / stem.name)

    def is_result(source: Path) -> bool:
        name, _, word = source.stem.rpartition("_")
        if (word, source.suffix) not in _RESULTS:
            return False
        folder = real(source.parent)
        return folder / name in images or (folder in clips and name.isdecimal())

    return [row for row in rows if not is_result(Path(row["source"]))]


def _word(name: str, formats: Sequence[str]) -> str:
    if name == PREVIEW:
        return name
    alike = [f for f in formats if f != PREVIEW and _extension(f) == _extension(name)]
    return "depth" if len(alike) == 1 else name


def _extension(name: str) -> str:
    return "png" if name == PREVIEW else FORMATS[name].extension


# How the names of results end, see `targets`.
_RESULTS = {(word, f".{_extension(name)}") for name in FORMATS for word in ("depth", name)}
_RESULTS.add((PREVIEW, f".{_extension(PREVIEW)}"))
