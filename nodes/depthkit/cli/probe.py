"""`genvr-depth probe`: whether the live GenVR service still fits this version. Free, no key."""

from __future__ import annotations

import argparse
import sys

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profile", default="default", help="whose address to ask")


def run(args: argparse.Namespace) -> int:
    """Exit code 1 where something differs."""
    from ..genvr.client import Client
    from ..genvr.credentials import public_profile
    from ..genvr.parameter_probe import probe
    from ..genvr.places import command_line_folder

    profile = public_profile(command_line_folder(), args.profile)
    differences = probe(Client.of(profile, patience_s=30.0))
    for line in differences:
        sys.stdout.write(f"{line}\n")
    if not differences:
        sys.stdout.write(f"{profile.base} fits: every model, parameter and range is as expected.\n")
    return 1 if differences else 0
