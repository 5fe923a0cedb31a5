"""Which files the user means: single images, the images of folders, the segments of videos."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import DepthError, InvalidInput
from .output_names import free_stem, is_finished, without_results
from .rows import Row
from .videos import frame_count

__all__ = ["IMAGE_TYPES", "VIDEO_TYPES", "Found", "find_rows", "read_file", "there_is"]

# What a file is, its content decides; these are the names that a folder is searched for.
IMAGE_TYPES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".avif", ".tif", ".tiff", ".bmp", ".heic", ".heif", ".hif"}
)
VIDEO_TYPES = frozenset({".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v"})
_SEGMENT = 48


@dataclass(frozen=True, slots=True)
class Found:
    """waiting: rows to work on; skipped: how many are finished; failed: (source, reason)."""

    waiting: tuple[Row, ...]
    skipped: int = 0
    failed: tuple[tuple[str, str], ...] = ()


def there_is(path: Path) -> Path:
    """The path; raises InvalidInput, with one sentence for every command, where nothing is."""
    if "\0" in str(path):
        raise InvalidInput(f"The name {str(path)!r} holds a NUL character, which no file has.")
    if not path.exists():
        raise InvalidInput(f"There is no file or folder {path}; check its name.")
    return path


def read_file(path: Path) -> bytes:
    """The bytes of a file; raises InvalidInput where it is missing or cannot be read."""
    try:
        return there_is(path).read_bytes()
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror or error}.") from error


def find_rows(inputs: Sequence[Path], out: Path, formats: Sequence[str]) -> Found:
    """The rows of every image and video under `inputs`; results go under `out`.

    A row of a folder or a video is skipped when all its results are there; an image that is named
    is done anew. What is missing or unreadable is listed in `failed`. Raises InvalidInput where
    nothing was found at all.
    """
    rows: list[Row] = []
    failed: list[tuple[str, str]] = []
    stems: set[Path] = set()
    for given in inputs:
        try:
            files = list(_walk(there_is(given), out))
        except InvalidInput as error:
            failed.append((str(given), str(error)))
            continue
        for path, inside in files:
            stem = free_stem(out / inside, stems)
            stems.add(stem)
            try:
                rows += _rows_of(path, stem, anew=path == given)
            except DepthError as error:
                failed.append((str(path), str(error)))
    if not rows and not failed:
        known = ", ".join(sorted(IMAGE_TYPES | VIDEO_TYPES))
        raise InvalidInput(f"There are no images or videos in what was given ({known}).")
    rows = without_results(rows)
    waiting = [row for row in rows if row["anew"] or not is_finished(row, formats)]
    return Found(tuple(waiting), len(rows) - len(waiting), tuple(failed))


def _rows_of(path: Path, stem: Path, *, anew: bool) -> Iterator[Row]:
    if path.suffix.lower() not in VIDEO_TYPES:
        yield Row(source=str(path), first=0, count=0, stem=str(stem), anew=anew)
        return
    frames = frame_count(path)
    for first in range(0, frames, _SEGMENT):
        count = min(_SEGMENT, frames - first)
        yield Row(source=str(path), first=first, count=count, stem=str(stem), anew=False)


def _walk(given: Path, out: Path) -> Iterator[tuple[Path, Path]]:
    """(path, path relative to the input folder), in an order that never changes.

    What lies under `out` is what earlier runs made, and left out.
    """
    if not given.is_dir():
        yield given, Path(given.name)
        return
    known, made = IMAGE_TYPES | VIDEO_TYPES, _output_within(out, given)
    for path in sorted(given.rglob("*")):
        inside = path.relative_to(given)
        if made is not None and inside.is_relative_to(made):
            continue
        if path.suffix.lower() in known and path.is_file():
            yield path, inside


def _output_within(out: Path, given: Path) -> Path | None:
    """Where in a given folder the output goes; None where it goes elsewhere, or over all of it."""
    there, here = out.resolve(), given.resolve()
    return there.relative_to(here) if there != here and there.is_relative_to(here) else None
