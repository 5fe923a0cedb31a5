"""What several commands read from the command line: a model by name, an image by path."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InvalidInput

if TYPE_CHECKING:
    from torch import Tensor

    from ..estimators import Estimator

__all__ = ["load_model", "read_image"]


def load_model(name: str, device: str) -> Estimator:
    """The model `name` on `device` ("auto", "cpu", "cuda", "mps"); nothing is downloaded."""
    from ..estimators import find_device, load_estimator, resident
    from ..folders import model_folders

    place = resident(find_device(device))
    return load_estimator(name, model_folders(), download_policy="never", place=place)


def read_image(path: Path) -> Tensor:
    """(1, H, W, C) float32 0..1, turned upright."""
    from ..formats import decode_image

    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from error
    return decode_image(data)
