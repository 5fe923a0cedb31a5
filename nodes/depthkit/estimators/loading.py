"""From a model's name to an estimator: built in, on disk, or downloaded when that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from .. import folders as homes
from ..depth_map import Kind
from ..errors import ModelError
from ..progress import Progress
from .base import Estimator, Placement, Placer, resident
from .builtin import INNER_SIZE, MULTIPLE, load_builtin
from .geometry_family import is_geometry_name, needs_comfyui
from .model_download import Origin, download
from .model_store import find_folder, target_folder
from .model_table import BUILTIN, BUILTIN_LICENCE, find_row
from .transformers_family import load_folder

__all__ = [
    "BUILTIN_WEIGHTS",
    "DOWNLOAD_POLICIES",
    "builtin_estimator",
    "ensure_folder",
    "load_estimator",
]

DOWNLOAD_POLICIES: tuple[str, ...] = ("never", "if missing")
BUILTIN_WEIGHTS = homes.PACKAGE / "weights" / "builtin.safetensors.gz"


def builtin_estimator(
    device: torch.device | str = "cpu",
    place: Placer | None = None,
    weights: Path = BUILTIN_WEIGHTS,
    dtype: torch.dtype = torch.float32,
) -> Estimator:
    """The pack's own small model; nothing to download.

    place: whoever manages memory, in the place of `device`; dtype: what the network computes in.
    Raises ModelError while its weights file is not there.
    """
    if not weights.is_file():
        raise ModelError(
            f"The built-in depth model's weights are not in this copy of the pack ({weights.name} "
            "is missing from nodes/depthkit/weights). Reinstall the pack, or connect a Load Depth "
            "Model node."
        )
    network = load_builtin(weights, dtype=dtype)
    return _Builtin(network, (place or resident(device))(network), dtype)


class _Builtin:
    """The pack's own network as an `Estimator`."""

    name = BUILTIN
    licence = BUILTIN_LICENCE
    multiple = MULTIPLE
    # Measured on 4:3 images with INNER_SIZE on the longer side.
    inner_size = INNER_SIZE * 3 // 4

    def __init__(self, network: nn.Module, placement: Placement, dtype: torch.dtype) -> None:
        self.kind: Kind = "disparity"
        self.network, self.placement, self._dtype = network, placement, dtype

    def __call__(self, images: Tensor) -> Tensor:
        device = self.placement()
        return self.network(images.to(device, self._dtype)).float()


def load_estimator(
    name: str,
    folders: Sequence[Path],
    *,
    download_policy: str = "never",
    place: Placer | None = None,
    dtype: torch.dtype = torch.float32,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
    origin: Origin | None = None,
) -> Estimator:
    """The estimator called `name`: BUILTIN, a row of the table, or a folder of the user."""
    if name == BUILTIN:
        return builtin_estimator(place=place, dtype=dtype)
    folder = ensure_folder(
        name, folders, download_policy, on_progress=on_progress, should_stop=should_stop,
        origin=origin,
    )  # fmt: skip
    return load_folder(folder, place or resident("cpu", dtype), dtype, name)


def ensure_folder(
    name: str,
    folders: Sequence[Path],
    download_policy: str = "never",
    *,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
    origin: Origin | None = None,
) -> Path:
    """The model's folder, downloaded into the first writable of `folders` if policy says so.

    A folder that is complete is used with no network at all. on_progress gets bytes. Raises
    ModelError naming the folder and the repository where the model is absent and may not come.
    """
    if is_geometry_name(name):
        raise needs_comfyui(name)
    folder = find_folder(name, folders)
    if folder is not None:
        return folder
    row = find_row(name)
    target = target_folder(name, folders)
    if row is None:
        raise ModelError(
            f"There is no model folder {name!r}; looked in {', '.join(map(str, folders))}. Put its "
            "config.json and model.safetensors there, or choose a model from the list."
        )
    if download_policy == "never":
        raise ModelError(
            f"The model {name} is not installed. Set download to 'if missing' (on the command "
            f"line: --download) to fetch {row.download_mb} MB from {row.repository}, or put "
            f"{', '.join(row.files)} of that repository into {target} by hand."
        )
    download(row, target, on_progress=on_progress, should_stop=should_stop, origin=origin)
    return target
