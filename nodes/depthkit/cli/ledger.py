"""`genvr-depth ledger`: what has been spent, and what is unclear."""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import closing

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tasks", type=int, default=0, metavar="N", help="also the last N tasks")


def run(args: argparse.Namespace) -> int:
    """Read the journal; no network."""
    from ..genvr.journal import Journal
    from ..genvr.places import command_line_folder
    from ..genvr.retry import local_time
    from ..genvr.spending import totals

    with closing(Journal(command_line_folder(), time.time)) as journal:
        entries = journal.all()
    total = totals(entries)
    sys.stdout.write(f"In all: {total.text}\n")
    for day in total.days:
        sys.stdout.write(f"{day.day}  {day.credits:>8g} credits  {day.images} tasks\n")
    for entry in entries[: args.tasks]:
        when = local_time(entry.created, "%Y-%m-%d %H:%M")
        task = entry.task or "no task"
        sys.stdout.write(f"{when}  {entry.state:<10} {entry.model:<8} {task}  {entry.summary}\n")
        if entry.detail:
            sys.stdout.write(f"{'':18}{entry.detail}\n")
    return 0
