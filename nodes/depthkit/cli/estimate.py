"""`genvr-depth estimate`: photographs in, depth files out, next to nothing surprising."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DepthError, InvalidInput
from ..progress import Progress

if TYPE_CHECKING:
    from torch import Tensor

    from ..estimators import Estimate, EstimateOptions, Estimator

__all__ = ["add_arguments", "run"]

PREVIEW = "preview"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="photographs, videos, or folders")
    parser.add_argument("--model", default="builtin", help="see `genvr-depth models`")
    parser.add_argument("--out", default="depth-out", type=Path, help="folder (default: depth-out)")
    parser.add_argument(
        "--format",
        default="png16,preview",
        help="comma-separated: png16, exr, preview and the other formats of Save Depth",
    )
    parser.add_argument("--resolution", type=int, default=0, help="shorter side inside the model")
    parser.add_argument("--detail", choices=("off", "tiles"), default="off")
    parser.add_argument("--download", action="store_true", help="fetch the model if it is missing")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, mps")
    parser.add_argument(
        "--json", action="store_true", help="print JSON: an object per image, or one for a tree"
    )
    parser.add_argument(
        "--engine",
        choices=("local", "ray"),
        help="folders and videos: local (default) in this process, ray over many actors; folders "
        "are searched in depth, finished files skipped",
    )
    parser.add_argument("--actors", type=int, default=2, help="processes of --engine ray")


def run(args: argparse.Namespace) -> int:
    """Every image that can be done is done; the exit code is 1 if one of them failed."""
    from ..estimators import BUILTIN, EstimateOptions

    if args.model == BUILTIN and not args.json:
        sys.stderr.write("Using the built-in model; nothing to download.\n")
    if args.engine or _is_tree(args.files):
        from .tree import run_tree

        return run_tree(args)
    options = EstimateOptions(inner_size=args.resolution, detail=args.detail)
    formats = named_formats(args.format)
    estimator = chosen_estimator(args)
    failed, taken = 0, set()
    for path in map(Path, args.files):
        try:
            report = _one(path, estimator, options, _targets(path, formats, args.out, taken))
        except DepthError as error:
            failed += 1
            report = {"input": str(path), "error": str(error)}
        _tell(report, as_json=args.json)
    return 1 if failed else 0


def named_formats(text: str) -> list[str]:
    from ..formats import FORMATS

    names = [name.strip() for name in text.split(",") if name.strip()]
    known = {*FORMATS, PREVIEW}
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise InvalidInput(
            f"Unknown format {', '.join(unknown) or text!r}; use {', '.join(sorted(known))}."
        )
    return names


def _is_tree(arguments: list[str]) -> bool:
    from ..batch.tree_run import VIDEO_TYPES

    return any(Path(a).is_dir() or Path(a).suffix.lower() in VIDEO_TYPES for a in arguments)


def chosen_estimator(args: argparse.Namespace) -> Estimator:
    from ..estimators import find_device, load_estimator, resident
    from ..folders import model_folders

    place = resident(find_device(args.device))
    with _bar(f"downloading {args.model}", unit="B") as progress:
        return load_estimator(
            args.model,
            model_folders(),
            download_policy="if missing" if args.download else "never",
            place=place,
            on_progress=progress,
        )


def _one(
    path: Path, estimator: Estimator, options: EstimateOptions, targets: dict[str, Path]
) -> dict[str, Any]:
    from ..estimators import estimate
    from ..formats import decode_image

    image = decode_image(_read(path))
    with _bar(path.name) as progress:
        found = estimate(estimator, image, options, on_progress=progress)
    for name, target in targets.items():
        _write(found, image, name, target)
    return {
        "input": str(path),
        "width": found.depth.width,
        "height": found.depth.height,
        "kind": found.depth.kind,
        "model": estimator.name,
        "notes": list(found.notes),
        "files": {name: str(target) for name, target in targets.items()},
    }


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InvalidInput(f"There is no file or folder {path}.") from None
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from error


def _targets(path: Path, formats: list[str], out: Path, taken: set[Path]) -> dict[str, Path]:
    """A name per format; equal names within one run are told apart, an earlier run's replaced."""
    from ..formats import FORMATS

    targets: dict[str, Path] = {}
    for name in formats:
        extension = "png" if name == PREVIEW else FORMATS[name].extension
        plain = out / f"{path.stem}_{PREVIEW if name == PREVIEW else 'depth'}.{extension}"
        candidates = (
            plain,
            out / f"{path.stem}_{name}.{extension}",
            out / f"{path.resolve().parent.name}_{path.stem}_{name}.{extension}",
            *(out / f"{path.stem}_{name}_{n}.{extension}" for n in range(2, len(taken) + 3)),
        )
        targets[name] = next(c for c in candidates if c not in taken)
        taken.add(targets[name])
    return targets


def _write(found: Estimate, image: Tensor, name: str, target: Path) -> None:
    from ..batch.tree_run import encode_output
    from ..formats.depth_files import write_atomic

    write_atomic(target, encode_output(found.depth, image, name))


@contextmanager
def _bar(title: str, unit: str = "it") -> Iterator[Progress]:
    """A progress bar on a terminal; it appears with the first report."""
    from tqdm import tqdm

    bar = tqdm(desc=title, unit=unit, unit_scale=unit == "B", leave=False, delay=0.2, disable=None)

    def progress(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)

    try:
        yield progress
    finally:
        bar.close()


def _tell(report: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(report) + "\n")
    elif "error" in report:
        sys.stderr.write(f"{report['input']}: {report['error']}\n")
    else:
        files = ", ".join(report["files"].values())
        size = f"{report['width']}x{report['height']}"
        sys.stdout.write(f"{report['input']}: {report['kind']} {size} -> {files}\n")
