"""What commands read from the command line: images by path, models by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InvalidInput
from .progress_display import progress_bar

if TYPE_CHECKING:
    from torch import Tensor

    from ..estimators import Estimator

__all__ = ["fetch_model", "load_model", "read_image", "read_text"]


def read_image(path: Path) -> Tensor:
    """(1, H, W, C) float32 0..1, turned upright. Raises InvalidInput, FormatError."""
    from ..batch.input_files import read_file
    from ..formats import decode_image

    return decode_image(read_file(path))


def read_text(path: Path) -> str:
    """The text of a UTF-8 file. Raises InvalidInput."""
    from ..batch.input_files import read_file

    try:
        return read_file(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path} is no text in UTF-8; save it as UTF-8.") from error


def load_model(name: str, device: str) -> Estimator:
    """The model `name` on `device` ("auto", "cpu", "cuda", "mps"); nothing is downloaded."""
    from ..estimators import find_device, load_estimator, resident
    from ..folders import model_folders

    place = resident(find_device(device))
    return load_estimator(name, model_folders(), download_policy="never", place=place)


def fetch_model(name: str, *, download: bool) -> None:
    """See that the model's files are there; they are fetched if `download` says so, never loaded.

    Raises ModelError where they are missing and may not be fetched, DownloadError.
    """
    from ..estimators import BUILTIN, ensure_folder
    from ..folders import model_folders

    if name == BUILTIN:
        return
    with progress_bar(f"downloading {name}", unit="B") as progress:
        policy = "if missing" if download else "never"
        ensure_folder(name, model_folders(), policy, on_progress=progress)
