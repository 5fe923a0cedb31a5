"""Saving a batch: encode on all cores, write each file whole, name them in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..progress import Progress
from .depth_files import place, write_atomic, write_beside
from .pool import in_order

__all__ = ["Encoded", "Saved", "save_batch"]

BATCH_TOKEN = "%batch_num%"


@dataclass(frozen=True, slots=True)
class Encoded:
    """One frame: its bytes, and what lies beside it (suffix -> bytes, e.g. ".json")."""

    data: bytes
    beside: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Saved:
    """The file of one frame and its companions, in that order."""

    path: Path
    beside: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class _Waiting:
    temporary: Path | None
    beside: Mapping[str, bytes]


def save_batch(
    folder: Path,
    stem: str,
    counter: int,
    extension: str,
    frames: Iterable[Callable[[], Encoded]],
    total: int,
    *,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
    workers: int | None = None,
) -> list[Saved]:
    """Save every frame as `stem_00001_.extension`, counting on from `counter`.

    frames: one callable per frame, run in threads; `%batch_num%` in the stem becomes its index.
    workers: most frames encoded at once, never more than there are cores; None: that many.
    Raises FormatError where the disk refuses, Stopped after Stop. What was saved until then stays,
    each file whole; nothing half-written stays and no existing file is touched.
    """
    saved: list[Saved] = []
    over = threading.Event()
    following = counter

    def take(waiting: _Waiting) -> None:
        nonlocal following
        if waiting.temporary is None:
            return
        name = stem.replace(BATCH_TOKEN, str(len(saved)))
        path, number = place(waiting.temporary, name, following, extension)
        following = number + 1
        beside = []
        for suffix, data in waiting.beside.items():
            beside.append(path.with_name(path.name + suffix))
            write_atomic(beside[-1], data)
        saved.append(Saved(path, tuple(beside)))

    jobs = (_job(folder, frame, over) for frame in frames)
    try:
        in_order(
            jobs,
            take,
            total=total,
            discard=_remove,
            on_progress=on_progress,
            should_stop=should_stop,
            workers=workers,
        )
    finally:
        over.set()
    return saved


def _job(
    folder: Path, frame: Callable[[], Encoded], over: threading.Event
) -> Callable[[], _Waiting]:
    def run() -> _Waiting:
        encoded = frame()
        temporary = None if over.is_set() else write_beside(folder, encoded.data)
        return _Waiting(temporary, encoded.beside)

    return run


def _remove(waiting: _Waiting) -> None:
    if waiting.temporary is not None:
        waiting.temporary.unlink(missing_ok=True)
