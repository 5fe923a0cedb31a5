"""`genvr-depth generate`: new images over the depth of a photo, through the GenVR service."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DepthError, FormatError, Stopped
from .inputs import read_image, read_text
from .progress_display import status_line

if TYPE_CHECKING:
    from torch import Tensor

    from ..genvr import Request, Service

__all__ = ["add_arguments", "run"]

_UNFIT = re.compile(r"[^\w]+")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("photo", nargs="+", type=Path, metavar="PHOTO", help="the control image")
    parser.add_argument("--prompt", action="append", required=True, help="may be given repeatedly")
    parser.add_argument("--model", default="depth", choices=("depth", "canny", "scribble"))
    parser.add_argument("--count", type=int, default=1, help="images per prompt, from seed on")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, help="default: the model's own")
    parser.add_argument("--guidance", type=float, help="default: the model's own")
    parser.add_argument("--output-format", choices=("jpg", "png"), help="default: jpg")
    parser.add_argument("--safety-tolerance", type=int, help="1 strict to 6, default 2")
    parser.add_argument("--style-file", type=Path, help="styles, one per line: 'label: words'")
    parser.add_argument("--styles", help="a ready-made group of styles, e.g. looks or seasons")
    parser.add_argument("--out", type=Path, default=Path("generated"), help="folder")
    parser.add_argument("--take", type=int, default=0, help="another number pays for another one")
    parser.add_argument(
        "--max-credits",
        type=float,
        help="most this run may cost; 0 fetches only what is paid for already (default: settings)",
    )
    parser.add_argument("--concurrency", type=int, default=0, help="images at once, up to 10")
    parser.add_argument("--pay-again", action="store_true", help="resend unclear or failed ones")
    parser.add_argument("--profile", default="default", help="name of the account")


def run(args: argparse.Namespace) -> int:
    """Pay at most once per image; the same command again costs nothing."""
    from ..genvr import Limits, Service
    from ..genvr.places import command_line_folder
    from ..genvr.service_errors import SomeFailed

    requests, names = _requests_and_stems(args)
    service = Service.open(command_line_folder(), args.profile)
    _check_writable(args.out)
    limits = Limits(args.concurrency, args.max_credits, args.pay_again)
    try:
        with status_line() as say:
            batch = service.run(requests, limits, say=say)
    except (SomeFailed, Stopped, KeyboardInterrupt):
        # The images that did come are paid for.
        _rescue(service, requests, names, args.out)
        raise
    _save([batch.files(index) for index in range(len(names))], names, args.out)
    sys.stderr.write(f"{batch.report}\n")
    return 0


def _check_writable(folder: Path) -> None:
    """Raises FormatError where no file can be written, before anything is paid for."""
    from ..formats.depth_files import write_beside

    write_beside(folder, b"").unlink()


def _rescue(service: Service, requests: list[Request], names: list[str], folder: Path) -> None:
    """Save what is stored. Its own failure is told beside the one that is on its way."""
    try:
        _save(service.stored(requests), names, folder)
    except DepthError as error:
        sys.stderr.write(f"{error}\n")


def _requests_and_stems(args: argparse.Namespace) -> tuple[list[Request], list[str]]:
    """The requests, and a file name stem for each."""
    from ..genvr import from_images, model_named
    from ..genvr.request_grid import requests_for, seeds_from
    from ..genvr.variations import own_styles, shipped, told_apart, vary

    styles = shipped(args.styles) if args.styles else []
    if args.style_file:
        styles += own_styles(read_text(args.style_file))
    variations = vary(args.prompt, styles)
    model, seeds = model_named(args.model), seeds_from([args.seed], args.count)
    values = {name: [v] for name in _OPTIONAL if (v := getattr(args, name)) is not None}
    requests: list[Request] = []
    names: list[str] = []
    take = f"_take{args.take}" if args.take else ""
    for path in args.photo:
        images = from_images(_named_photo(path), str(path))
        axes: dict[str, list[Any]] = {
            "prompt": [v.prompt for v in variations],
            "seed": seeds,
            **values,
        }
        requests += requests_for(model, images, axes, takes=[args.take])
        stem = _UNFIT.sub("-", path.stem)
        names += [f"{stem}_{v.label}_seed{seed}{take}" for v in variations for seed in seeds]
    return requests, told_apart(names)


def _named_photo(path: Path) -> Tensor:
    """Several may be given, so the message says which one."""
    try:
        return read_image(path)
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from error


_OPTIONAL = ("steps", "guidance", "output_format", "safety_tolerance")


def _save(files: list[list[bytes]], names: list[str], folder: Path) -> None:
    """The service's own files, byte for byte; never over another image."""
    from ..formats.depth_files import write_new
    from ..genvr.control_images import sniff

    for name, images in zip(names, files, strict=True):
        for number, data in enumerate(images):
            suffix = f"_{number + 1}" if number else ""
            sys.stdout.write(f"{write_new(folder / f'{name}{suffix}.{sniff(data)}', data)}\n")
