"""Numbered files as one clip: `depth.####.exr`, `depth.%04d.exr`, or a folder that holds one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import FormatError
from .clips import wanted_numbers
from .options import LoadOptions

__all__ = ["NumberedFiles", "find_sequence", "is_pattern", "numbered", "patterns"]

# Greedy: names are long, and what stands behind the number is short.
_NUMBER = re.compile(r"^((?:.*\D)?)(\d{1,9})([^\d/]*)$")
_RUN = re.compile(r"#+|%0?\d*d")
# Beside each frame Save Depth can put an image to look at.
_COMPANION = ".preview"
_FEWEST = 2
_MAX_LISTED = 8


@dataclass(frozen=True, slots=True)
class NumberedFiles:
    """pattern: name with `#` for the number; files: path of each number, rising."""

    pattern: str
    files: dict[int, Path]

    def chosen(self, options: LoadOptions) -> list[Path]:
        """The files of the wanted frames. Raises FormatError that names a missing one."""
        numbers = wanted_numbers(min(self.files), max(self.files), options)
        missing = [number for number in numbers if number not in self.files]
        if missing:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise FormatError(
                f"Frame {missing[0]}{more} of {self.pattern} is missing. Render it, set "
                "first_frame and last_frame around it, or set step where only every n-th frame "
                "was made."
            )
        return [self.files[number] for number in numbers]


def is_pattern(name: str) -> bool:
    """Whether a file name stands for numbered files."""
    return _RUN.search(name) is not None


def numbered(pattern: str, number: int) -> str:
    """The name with the number in the place of `####` or `%04d`."""
    run = _RUN.search(pattern)
    if run is None:
        raise FormatError(f"{pattern!r} is no pattern; write # for each digit of the number.")
    width = len(run[0]) if run[0].startswith("#") else int(run[0][1:-1] or "1")
    return f"{pattern[: run.start()]}{number:0{width}}{pattern[run.end() :]}"


def patterns(names: Iterable[str]) -> dict[str, list[str]]:
    """Pattern -> names, of numbered names that belong together; folders before them stay."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for name in names:
        stem, extension = os.path.splitext(name)
        match = _NUMBER.match(stem)
        if match is not None and not match[3].endswith(_COMPANION):
            found.setdefault((match[1], match[3] + extension), []).append((match[2], name))
    return {
        f"{before}{'#' * min(len(digits) for digits, _ in some)}{behind}": [n for _, n in some]
        for (before, behind), some in found.items()
        if len(some) >= _FEWEST
    }


def find_sequence(path: Path, extensions: Iterable[str]) -> NumberedFiles:
    """The clip behind a folder or a pattern. Raises FormatError where there is none, or several."""
    folder = path if path.is_dir() else path.parent
    try:
        names = os.listdir(folder)
    except OSError as error:
        raise FormatError(f"Cannot read the folder {folder.name}: {error.strerror}.") from error
    if not path.is_dir():
        return _files_of_pattern(folder, path.name, names)
    readable = tuple(extensions)
    known = patterns(n for n in names if n.lower().endswith(readable))
    if len(known) != 1:
        listed = ", ".join(sorted(known)[:_MAX_LISTED]) or "none"
        raise FormatError(
            f"The folder {folder.name} holds {len(known)} numbered clips ({listed}); name one of "
            "them by its pattern, such as depth.####.exr."
        )
    return _files_of_pattern(folder, next(iter(known)), names)


def _files_of_pattern(folder: Path, pattern: str, names: Iterable[str]) -> NumberedFiles:
    run = _RUN.search(pattern)
    if run is None:
        raise FormatError(f"{pattern!r} is no pattern; write # for each digit of the number.")
    match = re.compile(
        f"^{re.escape(pattern[: run.start()])}(\\d{{1,9}}){re.escape(pattern[run.end() :])}$"
    )
    files = {int(found[1]): folder / name for name in names if (found := match.match(name))}
    if not files:
        raise FormatError(f"There is no file {pattern} in the folder {folder.name}.")
    return NumberedFiles(pattern, dict(sorted(files.items())))
