"""A whole run: the same rows in this process or spread over Ray actors.

The unit of work is a row: one image, or a segment of a video. What is finished is on disk,
complete (files appear whole or not at all), so that a run that was cut short goes on where it
stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InvalidInput, Stopped
from ..progress import Progress, no_progress
from .input_files import Found, find_rows
from .output_names import check_formats
from .ray_engine import over_ray
from .rows import Row
from .worker import Answer, Setup, Worker

__all__ = ["ENGINES", "BatchReport", "estimate_files", "run_rows"]

ENGINES = ("local", "ray")


@dataclass(frozen=True, slots=True)
class BatchReport:
    """done, skipped: counts of rows; failed: (source, reason) in words."""

    done: int
    skipped: int
    failed: tuple[tuple[str, str], ...] = ()


def estimate_files(
    inputs: Sequence[Path],
    out: Path,
    setup: Setup,
    *,
    engine: str = "local",
    actors: int = 2,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> BatchReport:
    """Estimate every image and video under `inputs`, mirrored under `out`.

    inputs: files and folders, searched in depth. An image a/b.jpg of the folder a becomes
    out/b_depth.png (or the chosen formats), a video c.mp4 out/c/000000_depth.png and so on.
    Finished files of folders and videos are skipped. A file that fails is listed and the rest goes
    on. Raises InvalidInput on unknown names and where nothing was found, MissingInformation where
    engine "ray" is asked for without Ray, Stopped when `should_stop` says so.
    """
    check_formats(setup.formats)
    found = find_rows(inputs, out, setup.formats)
    return run_rows(
        found,
        setup,
        engine=engine,
        actors=actors,
        on_progress=on_progress,
        should_stop=should_stop,
    )


def run_rows(
    found: Found,
    setup: Setup,
    *,
    engine: str = "local",
    actors: int = 2,
    on_progress: Progress | None = None,
    on_answer: Callable[[Answer], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> BatchReport:
    """Do the waiting rows of `found`; the errors are those of `estimate_files`.

    on_progress: images and frames of the whole run, or the steps inside the model where one image
    is all there is. on_answer: called with each row's answer when it is there.
    """
    if engine not in ENGINES:
        raise InvalidInput(f"Unknown engine {engine!r}; use one of {', '.join(ENGINES)}.")
    stopped = should_stop or (lambda: False)
    count = _Count(found.waiting, on_progress)
    if engine == "ray":
        answers = over_ray(found.waiting, setup, actors)
    else:
        answers = _in_this_process(found.waiting, setup, count, stopped)
    done, failed = 0, list(found.failed)
    for answer in answers:
        if stopped():
            raise Stopped
        done += not answer.reason
        if answer.reason:
            failed.append((answer.source, answer.reason))
        if on_answer is not None:
            on_answer(answer)
        count.finished(answer)
    return BatchReport(done, found.skipped, tuple(failed))


class _Count:
    """The bar of a run. A video moves it by frames; an image alone by the steps of its model."""

    def __init__(self, rows: Sequence[Row], on_progress: Progress | None) -> None:
        self._report = on_progress or no_progress
        self._alone = len(rows) == 1
        self._total = sum(max(1, row["count"]) for row in rows)
        self._done = 0

    def inside(self, row: Row) -> Progress | None:
        """The bar inside one row of this process."""
        if self._alone:
            return self._report
        return self._frames if row["count"] else None

    def _frames(self, done: int, total: int) -> None:
        # The row's answer reports the last one.
        if done < total:
            self._report(self._done + done, self._total)

    def finished(self, answer: Answer) -> None:
        self._done += answer.frames
        self._report(self._done, self._total)


def _in_this_process(
    rows: Sequence[Row], setup: Setup, count: _Count, stopped: Callable[[], bool]
) -> Iterator[Answer]:
    if not rows:
        return
    worker = Worker(setup)
    for row in rows:
        if stopped():
            raise Stopped
        yield worker(row, count.inside(row), stopped)
