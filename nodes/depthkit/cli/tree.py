"""`genvr-depth estimate FOLDER`: folder trees and videos, resumable, one process or many."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

__all__ = ["run_tree"]


def run_tree(args: argparse.Namespace) -> int:
    """The exit code is 1 if a file failed; the failures are listed on stderr."""
    from tqdm import tqdm

    from ..batch.tree_run import Setup, estimate_tree
    from ..folders import model_folders
    from .estimate import chosen_estimator, named_formats

    if args.download:
        # Once, here: the workers only ever read what lies there.
        chosen_estimator(args)
    setup = Setup(
        model=args.model,
        folders=tuple(map(str, model_folders())),
        device=args.device,
        inner_size=args.resolution,
        detail=args.detail,
        formats=tuple(named_formats(args.format)),
    )
    with tqdm(desc="estimating", leave=False, delay=0.2, disable=None) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        report = estimate_tree(
            [Path(name) for name in args.files],
            args.out,
            setup,
            engine=args.engine or "local",
            actors=args.actors,
            on_progress=progress,
        )
    if args.json:
        sys.stdout.write(json.dumps(asdict(report)) + "\n")
    else:
        sys.stdout.write(
            f"{report.done} estimated, {report.skipped} already done, {len(report.failed)} failed\n"
        )
        sys.stderr.writelines(f"{source}: {reason}\n" for source, reason in report.failed)
    return 1 if report.failed else 0
