"""`genvr-depth`: the library from the command line, one module per command.

A command module gives `add_arguments(parser)` and `run(args) -> int` (the exit code: 0 done, 1 some
of it failed, 2 unusable arguments). Heavy imports happen inside `run`.
"""

from __future__ import annotations

import argparse
import io
import sys
from dataclasses import dataclass
from types import ModuleType

from ..errors import DepthError, Stopped
from ..version import VERSION
from . import complete, convert, estimate, generate, ledger, login, models, plan, probe, score
from .interrupt import ending_at_ctrl_c

__all__ = ["COMMANDS", "Command", "main"]


@dataclass(frozen=True, slots=True)
class Command:
    """One row of the table: what it does, and its module, whose name is the word to type."""

    module: ModuleType
    summary: str

    @property
    def name(self) -> str:
        return self.module.__name__.rpartition(".")[2]


COMMANDS: tuple[Command, ...] = (
    Command(estimate, "Estimate the depth of images and videos and save it."),
    Command(convert, "Convert a depth file into another format, a 3D file or an image."),
    Command(complete, "Make a sensor's partial depth dense and metric with its photo."),
    Command(score, "Measure how well images kept the depth they were made from."),
    Command(models, "List the depth models: installed, downloadable, licence, size, folder."),
    Command(plan, "Show what Generate from Depth (Local) would build for a model family."),
    Command(generate, "Generate new images from the depth of a photo with the GenVR service."),
    Command(ledger, "Show what the GenVR service has cost so far."),
    Command(login, "Store a GenVR key for this computer."),
    Command(probe, "Check that the live GenVR service fits this version (free, no key)."),
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="genvr-depth", description="Depth from images, measured and saved without loss."
    )
    parser.add_argument("--version", action="version", version=f"genvr-depth {VERSION}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        sub = commands.add_parser(command.name, help=command.summary, description=command.summary)
        command.module.add_arguments(sub)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command; every error of ours becomes one line that says what to do."""
    _prepare_streams()
    with ending_at_ctrl_c("genvr-depth") as ending:
        try:
            args = _parser().parse_args(arguments)
            command = next(c for c in COMMANDS if c.name == args.command)
            ending.program = f"genvr-depth {command.name}"
            return command.module.run(args)
        except DepthError as error:
            sys.stderr.write(f"{ending.program}: {error}\n")
            return 1
        except (KeyboardInterrupt, Stopped):
            return ending.say_stopped()


def _prepare_streams() -> None:
    """A terminal or pipe whose code page lacks a letter of a name shows its number instead. Lines
    leave at once, so that none is lost where Ctrl-C ends the process."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace", line_buffering=True)
