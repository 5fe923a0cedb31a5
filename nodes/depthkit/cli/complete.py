"""`genvr-depth complete PHOTO DEPTH`: a sensor's partial depth made dense with its photo."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import FormatError, InvalidInput
from .inputs import load_model, read_image, read_text

if TYPE_CHECKING:
    from ..completion import TypedPoint
    from ..depth_map import DepthMap

__all__ = ["add_arguments", "run"]

_BY_EXTENSION = {
    ".npz": "npz",
    ".npy": "npy",
    ".exr": "exr",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".png": "png16",
    ".pfm": "pfm",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("photo", type=Path, metavar="PHOTO", help="the photo")
    parser.add_argument(
        "depth",
        type=Path,
        metavar="DEPTH",
        help="depth in metres of the same view, with holes or of low resolution; or a text file "
        "(.txt) with lines x, y = metres",
    )
    parser.add_argument("--points", type=Path, help="a text file of points beside DEPTH")
    parser.add_argument("--out", type=Path, help="default: PHOTO-complete.npz beside the photo")
    parser.add_argument("--unit-scale", type=float, default=1.0, help="0.001 reads millimetres")
    parser.add_argument("--model", default="builtin", help="see `genvr-depth models`")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, mps")
    parser.add_argument("--force", action="store_true", help="replace an existing OUT")


def run(args: argparse.Namespace) -> int:
    from ..completion import estimate_and_complete
    from ..estimators import builtin_estimator
    from ..formats import SaveOptions, choose_coding, encode_frame
    from ..formats.depth_files import write_atomic
    from ..images import rgb

    target: Path = args.out or args.photo.with_name(f"{args.photo.stem}-complete.npz")
    form = _BY_EXTENSION.get(target.suffix.lower())
    if form is None:
        raise InvalidInput(
            f"The extension {target.suffix or '(none)'} names no format; use one of "
            f"{' '.join(_BY_EXTENSION)}."
        )
    if target.exists() and not args.force:
        raise FormatError(f"{target} exists already; choose another name or add --force.")
    measured, typed = _measurements(args)
    photo = rgb(read_image(args.photo))
    found = estimate_and_complete(
        load_model(args.model, args.device), photo, measured, typed, fallback=builtin_estimator
    )
    chosen, coding = choose_coding(found.depth, SaveOptions())
    write_atomic(target, encode_frame(chosen, coding, photo[0].numpy(), form, SaveOptions()))
    sys.stdout.write(f"{target}\n")
    sys.stderr.write(f"{found.report}\n")
    return 0


def _measurements(args: argparse.Namespace) -> tuple[DepthMap | None, tuple[TypedPoint, ...]]:
    from ..batch.input_files import there_is
    from ..completion import parse_points
    from ..formats import LoadOptions
    from ..formats.load_files import load_depth

    typed = parse_points(read_text(args.points)) if args.points else ()
    if args.depth.suffix.lower() == ".txt":
        return None, (*typed, *parse_points(read_text(args.depth)))
    options = LoadOptions(unit_scale=args.unit_scale)
    if args.unit_scale != 1:
        from ..formats.options import METRES

        options = LoadOptions(meaning=METRES, unit_scale=args.unit_scale)
    return load_depth(there_is(args.depth), options), typed
