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


def _row(
    name: str,
    state: str,
    megabytes: int,
    folder: str,
    *,
    kind: str | None = None,
    licence: str | None = None,
    commercial: bool | None = None,
    repository: str | None = None,
) -> dict[str, object]:
    """One line of the list; None where the pack does not know it."""
    return {
        "name": name,
        "state": state,
        "kind": kind,
        "megabytes": megabytes,
        "licence": licence,
        "commercial": commercial,
        "repository": repository,
        "folder": folder,
    }


def _model_rows() -> list[dict[str, object]]:
    """The built-in model, those of the table, the user's own, and those that ComfyUI runs."""
    from ..estimators import MODELS
    from ..estimators.model_store import Installed, cached_folder, installed
    from ..folders import model_folders

    folders = model_folders()
    found = {model.name: model for model in installed(folders)}
    for row in MODELS:
        if row.name not in found and (cached := cached_folder(row)) is not None:
            found[row.name] = Installed(row.name, cached, row, ())
    known = [
        _row(
            row.name,
            _model_state(found.get(row.name)),
            row.download_mb,
            str(_folder(row.name, found, folders)),
            kind=row.kind,
            licence=row.licence,
            commercial=row.commercial,
            repository=row.repository,
        )
        for row in MODELS
    ]
    own = [
        _row(model.name, _model_state(model), _megabytes(model.folder), str(model.folder))
        for model in found.values()
        if model.row is None
    ]
    return [_builtin_row(), *known, *own, *_comfyui_rows()]


def _builtin_row() -> dict[str, object]:
    from ..estimators import BUILTIN, BUILTIN_LICENCE
    from ..estimators.loading import BUILTIN_WEIGHTS

    state = "installed" if BUILTIN_WEIGHTS.is_file() else "missing"
    size = _megabytes(BUILTIN_WEIGHTS.parent)
    return _row(
        BUILTIN, state, size, "bundled", kind="disparity", licence=BUILTIN_LICENCE, commercial=True
    )


def _comfyui_rows() -> list[dict[str, object]]:
    from ..estimators.geometry_family import geometry_names
    from ..folders import geometry_folders

    return [
        _row(name, "needs ComfyUI", round(path.stat().st_size / 1e6), str(path.parent))
        for name, path in geometry_names(geometry_folders()).items()
    ]


def _folder(name: str, found: dict[str, Installed], folders: list[Path]) -> Path:
    """Where the model lies, or where a download would put it."""
    from ..estimators.model_store import target_folder

    return found[name].folder if name in found else target_folder(name, folders)


def _megabytes(folder: Path) -> int:
    """What lies on the disk, in 10^6 bytes as the table counts downloads."""
    return round(sum(path.stat().st_size for path in folder.glob("*.safetensors*")) / 1e6)


def _model_state(model: Any) -> str:
    if model is None:
        return "can be downloaded"
    return "installed" if not model.missing else f"lacks {', '.join(model.missing)}"
