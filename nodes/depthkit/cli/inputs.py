"""What several commands read from the command line: a model by name, a picture by path."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InvalidInput

if TYPE_CHECKING:
    from torch import Tensor

    from ..estimators import Estimator

__all__ = ["load_model", "read_picture"]


def load_model(name: str, device: str) -> Estimator:
    """The model `name` on `device` ("auto", "cpu", "cuda", "mps"); nothing is downloaded."""
    import torch

    from ..estimators import load_estimator, resident
    from ..folders import model_folder

    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        place = resident(torch.device(device))
    except RuntimeError as error:
        raise InvalidInput(f"There is no device {device!r}; use auto, cpu, cuda or mps.") from error
    return load_estimator(name, [model_folder()], download_policy="never", place=place)


def read_picture(path: Path) -> Tensor:
    """(1, H, W, C) float32 0..1, turned upright."""
    from ..formats import decode_picture

    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from error
    return decode_picture(data)
