"""`genvr-depth models`: what is installed, what can be downloaded, under which licence."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..estimators.model_store import Installed

__all__ = ["add_arguments", "run"]

_COLUMNS = ("name", "state", "kind", "megabytes", "licence", "commercial", "folder")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON list")


def run(args: argparse.Namespace) -> int:
    rows = _model_rows()
    if args.json:
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return 0
    texts = [_COLUMNS, *(tuple(_text(row[column]) for column in _COLUMNS) for row in rows)]
    widths = [max(len(line[i]) for line in texts) for i in range(len(_COLUMNS))]
    for line in texts:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")
    return 0


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "NO"
    return "" if value is None else str(value)


def _model_rows() -> list[dict[str, Any]]:
    from ..estimators import BUILTIN, BUILTIN_LICENCE, MODELS
    from ..estimators.geometry_family import geometry_names
    from ..estimators.loading import BUILTIN_WEIGHTS
    from ..estimators.model_store import Installed, cached_folder, installed
    from ..folders import geometry_folders, model_folders

    folders = model_folders()
    found = {model.name: model for model in installed(folders)}
    for row in MODELS:
        if row.name not in found and (cached := cached_folder(row)) is not None:
            found[row.name] = Installed(row.name, cached, row, ())
    own = {
        "name": BUILTIN,
        "state": "installed" if BUILTIN_WEIGHTS.is_file() else "missing",
        "kind": "disparity",
        "megabytes": _megabytes(BUILTIN_WEIGHTS.parent),
        "licence": BUILTIN_LICENCE,
        "commercial": True,
        "repository": None,
        "folder": "bundled",
    }
    known = [
        {
            "name": row.name,
            "state": _state(found.get(row.name)),
            "kind": row.kind,
            "megabytes": row.download_mb,
            "licence": row.licence,
            "commercial": row.commercial,
            "repository": row.repository,
            "folder": str(_folder(row.name, found, folders)),
        }
        for row in MODELS
    ]
    brought = [
        {
            "name": model.name,
            "state": _state(model),
            "kind": None,
            "megabytes": _megabytes(model.folder),
            "licence": None,
            "commercial": None,
            "repository": None,
            "folder": str(model.folder),
        }
        for model in found.values()
        if model.row is None
    ]
    core = [
        {
            "name": name,
            "state": "needs ComfyUI",
            "kind": None,
            "megabytes": round(path.stat().st_size / 1e6),
            "licence": None,
            "commercial": None,
            "repository": None,
            "folder": str(path.parent),
        }
        for name, path in geometry_names(geometry_folders()).items()
    ]
    return [own, *known, *brought, *core]


def _folder(name: str, found: dict[str, Installed], folders: list[Path]) -> Path:
    """Where the model lies, or where a download would put it."""
    from ..estimators.model_store import target_folder

    return found[name].folder if name in found else target_folder(name, folders)


def _megabytes(folder: Path) -> int:
    """What lies on the disk, in 10^6 bytes as the table counts downloads."""
    return round(sum(path.stat().st_size for path in folder.glob("*.safetensors")) / 1e6)


def _state(model: Any) -> str:
    if model is None:
        return "can be downloaded"
    return "installed" if not model.missing else f"lacks {', '.join(model.missing)}"
