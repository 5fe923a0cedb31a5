"""`genvr-depth estimate`: images, folders and videos in, depth files out."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from .inputs import fetch_model
from .progress_display import progress_bar

if TYPE_CHECKING:
    from ..batch.batch_run import BatchReport
    from ..batch.worker import Answer, Facts

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="images, videos or folders; folders are searched in depth, and finished files of "
        "folders and videos are skipped",
    )
    parser.add_argument("--model", default="builtin", help="see `genvr-depth models`")
    parser.add_argument("--out", default="depth-out", type=Path, help="folder (default: depth-out)")
    parser.add_argument(
        "--format",
        default="png16,preview",
        help="comma-separated: png16, exr, preview and the other formats of Save Depth",
    )
    parser.add_argument("--resolution", type=int, default=0, help="shorter side inside the model")
    parser.add_argument(
        "--detail",
        choices=("auto", "off", "tiles", "edges", "tiles + edges"),
        default="auto",
        help="tiles: finer detail of large images; edges: outlines onto those of the image; auto "
        "(default): edges where that costs less than the model",
    )
    parser.add_argument("--download", action="store_true", help="fetch the model if it is missing")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, mps")
    parser.add_argument(
        "--json",
        action="store_true",
        help="print JSON: an object per image, or one for folders and videos",
    )
    parser.add_argument(
        "--engine",
        choices=("local", "ray"),
        default="local",
        help="local (default): in this process; ray: over many processes",
    )
    parser.add_argument("--actors", type=int, default=2, help="processes of --engine ray")


def run(args: argparse.Namespace) -> int:
    """Every image that can be done is done; the exit code is 1 if one of them failed."""
    from ..batch.batch_run import run_rows
    from ..batch.input_files import find_rows
    from ..batch.output_names import check_formats
    from ..batch.worker import Setup
    from ..estimators import BUILTIN
    from ..folders import model_folders

    formats = tuple(name.strip() for name in args.format.split(",") if name.strip())
    check_formats(formats)
    found = find_rows(args.files, args.out, formats)
    if found.waiting:
        if args.model == BUILTIN and not args.json:
            sys.stderr.write("Using the built-in model; nothing to download.\n")
        # Once, here: the workers only ever read what lies there.
        fetch_model(args.model, download=args.download)
    setup = Setup(
        model=args.model,
        folders=tuple(map(str, model_folders())),
        device=args.device,
        inner_size=args.resolution,
        detail=args.detail,
        formats=formats,
    )
    tell = _Telling(each=not _is_batch(args.files), as_json=args.json)
    for source, reason in found.failed:
        tell.failure(source, reason)
    with progress_bar("estimating") as progress:
        report = run_rows(
            found,
            setup,
            engine=args.engine,
            actors=args.actors,
            on_progress=progress,
            on_answer=tell.answer,
        )
    tell.report(report)
    return 1 if report.failed else 0


def _is_batch(files: list[Path]) -> bool:
    from ..batch.input_files import VIDEO_TYPES

    return any(path.is_dir() or path.suffix.lower() in VIDEO_TYPES for path in files)


class _Telling:
    """What is printed. each: a line per image, else a summary at the end."""

    def __init__(self, *, each: bool, as_json: bool) -> None:
        self._each, self._as_json = each, as_json

    def answer(self, answer: Answer) -> None:
        if answer.reason:
            self.failure(answer.source, answer.reason)
        elif self._each:
            self._image(answer.source, answer.facts)

    def failure(self, source: str, reason: str) -> None:
        """At once; in the summary's JSON they are listed."""
        if not self._as_json:
            _show(f"{source}: {reason}", sys.stderr)
        elif self._each:
            _show(json.dumps({"input": source, "error": reason}))

    def _image(self, source: str, facts: Facts | None) -> None:
        if self._as_json:
            _show(json.dumps({"input": source, **(facts or {})}))
            return
        if facts is None:
            return
        size, files = f"{facts['width']}x{facts['height']}", ", ".join(facts["files"].values())
        _show(f"{source}: {facts['kind']} {size} -> {files}")

    def report(self, report: BatchReport) -> None:
        if self._each:
            return
        if self._as_json:
            _show(json.dumps(asdict(report)))
            return
        _show(
            f"{report.done} estimated, {report.skipped} already done, {len(report.failed)} failed"
        )


def _show(line: str, stream: TextIO | None = None) -> None:
    """One line, above a bar that is on the same terminal."""
    from tqdm import tqdm

    tqdm.write(line, file=stream or sys.stdout)
