"""`genvr-depth score`: did these images keep the depth they were made from?"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DepthError, FormatError, MissingInformation
from .inputs import load_model, read_image

if TYPE_CHECKING:
    from torch import Tensor

    from ..depth_map import DepthMap
    from ..estimators import Estimator
    from ..measure.structure_report import StructureReport

__all__ = ["add_arguments", "run"]

_COLUMNS = (
    ("score", "score", "{:.1f}"),
    ("rank", "spearman", "{:.3f}"),
    ("outlines", "outlines", "{:.3f}"),
    ("layout", "layout", "{:.3f}"),
    ("worst", "worst_place", "{:.3f}"),
    ("RMSE255", "control_rmse", "{:.2f}"),
    ("AbsRel", "abs_rel", "{:.4f}"),
    ("delta1", "delta1", "{:.3f}"),
    ("F1", "boundary_f1", "{:.3f}"),
)
# Printed where lines were found; percent of the height and of the width.
_LINES = (("horizon", "horizon_shift", "{:+.1f}%"), ("vanish", "vanishing_shift", "{:.1f}%"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("control", metavar="CONTROL", help="a depth file, or the original photo")
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="the generated images")
    parser.add_argument(
        "--photo",
        action="store_true",
        help="CONTROL is a photo: estimate its depth, and compare vanishing points too",
    )
    parser.add_argument(
        "--original",
        metavar="PHOTO",
        help="the photo behind CONTROL: its own depth is the yardstick, whatever made CONTROL",
    )
    parser.add_argument("--model", default="builtin", help="see `genvr-depth models`")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, mps")
    parser.add_argument("--json", action="store_true", help="print one JSON object per image")


def run(args: argparse.Namespace) -> int:
    """Best image first; the exit code is 1 if one of them could not be read or compared."""
    estimator = load_model(args.model, args.device)
    control, original = _control(args, estimator)
    rows: list[tuple[str, StructureReport]] = []
    failed = 0
    for name in args.images:
        try:
            rows.append((name, _report_for(control, read_image(Path(name)), estimator, original)))
        except DepthError as error:
            failed += 1
            _tell_failure(name, str(error), as_json=args.json)
    rows.sort(key=lambda row: -row[1].score)
    sys.stdout.write(_as_json(rows) if args.json else _as_table(rows))
    return 1 if failed else 0


def _control(args: argparse.Namespace, estimator: Estimator) -> tuple[DepthMap, Tensor | None]:
    from ..batch.input_files import there_is
    from ..estimators import estimate
    from ..formats import LoadOptions
    from ..formats.load_files import load_depth
    from ..images import rgb
    from ..measure.image_scores import yardstick

    if not args.photo:
        try:
            control = load_depth(there_is(Path(args.control)), LoadOptions())
        except (FormatError, MissingInformation) as error:
            raise type(error)(f"{error} If this is the photo itself, add --photo.") from error
        if args.original is None:
            return control, None
        original = rgb(read_image(Path(args.original)))
        return yardstick(control, original, estimator), original
    photo = read_image(Path(args.control))
    return estimate(estimator, photo).depth, photo


def _report_for(
    control: DepthMap, image: Tensor, estimator: Estimator, original: Tensor | None
) -> StructureReport:
    from ..images import rgb
    from ..measure.image_scores import score_images

    before = None if original is None else rgb(original)
    return score_images(control, rgb(image), estimator, before)[0].report


def _tell_failure(name: str, reason: str, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps({"image": name, "error": reason}) + "\n")
    else:
        sys.stderr.write(f"{name}: {reason}\n")


def _as_json(rows: list[tuple[str, StructureReport]]) -> str:
    lines: list[dict[str, Any]] = [{"image": name} | report.as_dict() for name, report in rows]
    return "".join(json.dumps(line) + "\n" for line in lines)


def _as_table(rows: list[tuple[str, StructureReport]]) -> str:
    if not rows:
        return ""
    lined = any(report.horizon_shift is not None for _, report in rows)
    columns = _COLUMNS + (_LINES if lined else ())
    head = [title for title, _, _ in columns] + ["image"]
    body = [
        [_cell(getattr(report, key), form) for _, key, form in columns] + [name]
        for name, report in rows
    ]
    widths = [max(len(row[i]) for row in [head, *body]) for i in range(len(columns))]
    lines: list[str] = []
    for row in [head, *body]:
        cells = [cell.rjust(width) for cell, width in zip(row[:-1], widths, strict=True)]
        lines.append("  ".join([*cells, row[-1]]))
    first = rows[0][1]
    notes = [f"{name}: {note}" for name, report in rows for note in report.remarks()]
    lines.append(f"estimator {first.estimator}, compared at {first.size}")
    return "\n".join([*lines, *notes]) + "\n"


def _cell(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)
