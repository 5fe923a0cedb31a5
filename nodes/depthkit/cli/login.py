"""`genvr-depth login`: store a GenVR key for this computer. The key is typed or piped, never an
argument: arguments end up in the shell's history and in process lists."""

from __future__ import annotations

import argparse
import getpass
import sys

from ..errors import DepthError

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profile", default="default", help="name of the account")
    parser.add_argument("--base", default="", help="address, if it is not GenVR's own")
    parser.add_argument("--api-version", default="", choices=("", "v2", "v1"))
    parser.add_argument(
        "--host", action="append", default=[], help="another host that images may come from"
    )
    parser.add_argument("--forget", action="store_true", help="remove the stored key")
    parser.add_argument("--no-check", action="store_true", help="do not try the key")


def run(args: argparse.Namespace) -> int:
    """Ask for key and user id (on a pipe: two lines), store them, try them free of charge."""
    from ..genvr import credentials
    from ..genvr.client import Client
    from ..genvr.places import command_line_folder

    folder = command_line_folder()
    if args.forget:
        credentials.forget(folder, args.profile)
        sys.stdout.write(f"The profile '{args.profile}' is removed.\n")
        return 0
    if args.host and credentials.allow_hosts(folder, args.profile, tuple(args.host)):
        sys.stdout.write(f"The profile '{args.profile}' now takes images from there, too.\n")
        return 0
    key, uid = _ask("GenVR key: "), _ask("GenVR user id: ")
    credentials.save(folder, args.profile, key, uid, args.base, args.api_version, tuple(args.host))
    sys.stdout.write(f"Stored as the profile '{args.profile}'.\n")
    if args.no_check:
        return 0
    try:
        Client.of(credentials.load(folder, args.profile), patience_s=20.0).upload_ticket("test.png")
    except DepthError as error:
        sys.stderr.write(f"Stored, but it does not work yet: {error}\n")
        return 1
    sys.stdout.write("The key works. Trying it was free of charge.\n")
    return 0


def _ask(label: str) -> str:
    if sys.stdin.isatty():
        return getpass.getpass(label)
    return sys.stdin.readline().strip()
