"""Models of the transformers library, loaded from a folder and nothing else: no network, no pickles.

The only module that imports transformers. Pictures are prepared here (mean and standard deviation
from the folder), sizes are the driver's business, and the values leave as the network made them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..depth_map import Kind
from ..errors import ModelError
from .base import Estimator, Placement, Placer
from .table import ModelRow, find_row

__all__ = ["FAMILIES", "Family", "family_of", "load_folder"]

Size = tuple[int, int]
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


@dataclass(frozen=True, slots=True)
class Family:
    """One architecture: what it predicts and how its pictures are prepared when the folder's
    preprocessor_config.json does not say. size: (multiple, inner size)."""

    kind: Kind
    size: Size
    normalisation: tuple[tuple[float, ...], tuple[float, ...]]


_DEPTH_ANYTHING: dict[str, Family] = {
    "relative": Family("disparity", (14, 518), _IMAGENET),
    "metric": Family("metric", (14, 518), _IMAGENET),
}

# MiDaS heads answer in disparity; the DINOv2 heads (NYU, KITTI) and the others in metres.
FAMILIES: dict[str, Family] = {
    "depth_anything": _DEPTH_ANYTHING["relative"],
    "depth_anything metric": _DEPTH_ANYTHING["metric"],
    "dpt": Family("disparity", (32, 384), _HALF),
    "dpt dinov2": Family("metric", (14, 518), _IMAGENET),
    "zoedepth": Family("metric", (32, 384), _HALF),
    "depth_pro": Family("metric", (1536, 1536), _HALF),
    "glpn": Family("metric", (32, 480), ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))),
}


def family_of(config: Mapping[str, Any], where: str) -> str:
    """The row of FAMILIES a config.json belongs to. Raises ModelError naming the architecture."""
    architecture = config.get("model_type")
    name = str(architecture)
    if name == "depth_anything" and config.get("depth_estimation_type") == "metric":
        name = "depth_anything metric"
    backbone = config.get("backbone_config")
    if name == "dpt" and isinstance(backbone, dict) and backbone.get("model_type") == "dinov2":
        name = "dpt dinov2"
    if name not in FAMILIES:
        raise ModelError(
            f"The folder {where} holds a model of type {architecture!r}, which is not a depth model "
            f"this node knows ({', '.join(f for f in FAMILIES if ' ' not in f)}). Put the files of "
            "one of these there, or choose another model."
        )
    return name


def load_folder(folder: Path, place: Placer, dtype: torch.dtype = torch.float32) -> Estimator:
    """The estimator in a folder with config.json and model.safetensors.

    place: whoever manages memory; dtype: what the network computes in. Raises ModelError where a
    file is missing or damaged, or where the folder is of an architecture we do not know.
    """
    config = _json(folder / "config.json", folder)
    family = family_of(config, folder.name)
    prepare = _json(folder / "preprocessor_config.json", folder, required=False)
    if not (folder / "model.safetensors").is_file() and not _shards(folder):
        raise ModelError(
            f"The model folder {folder} has no model.safetensors. Put the file there, or let the "
            "node download it (download: if missing). Older .bin files are not read, because "
            "opening them can run code."
        )
    network = _network(folder, dtype)
    facts = _facts(folder.name, family, config)
    mean, deviation = FAMILIES[family].normalisation
    build = _DepthPro if family == "depth_pro" else _Transformer
    return build(
        network,
        place(network),
        facts,
        torch.tensor(prepare.get("image_mean", mean))[:, None, None],
        torch.tensor(prepare.get("image_std", deviation))[:, None, None],
        dtype,
    )


@dataclass(frozen=True, slots=True)
class _Facts:
    name: str
    kind: Kind
    multiple: int
    inner_size: int
    licence: str


def _facts(name: str, family: str, config: Mapping[str, Any]) -> _Facts:
    row: ModelRow | None = find_row(name)
    kind, (multiple, inner_size) = FAMILIES[family].kind, FAMILIES[family].size
    if family == "depth_pro":
        # The network cuts its picture into fixed patches: four of them along each side.
        multiple = inner_size = 4 * int(config.get("patch_size", 384))
    elif row is not None:
        multiple, inner_size = row.multiple, row.inner_size
    licence = "see the model's own page" if row is None else row.licence
    return _Facts(name, kind, multiple, inner_size, licence)


class _Transformer:
    """An `Estimator` around one network."""

    def __init__(
        self,
        network: nn.Module,
        placement: Placement,
        facts: _Facts,
        mean: Tensor,
        deviation: Tensor,
        dtype: torch.dtype,
    ) -> None:
        self.network, self.placement, self.dtype = network, placement, dtype
        self.name, self.kind, self.licence = facts.name, facts.kind, facts.licence
        self.multiple, self.inner_size = facts.multiple, facts.inner_size
        self.mean, self.deviation = mean, deviation

    def __call__(self, images: Tensor) -> Tensor:
        return self._forward(images).predicted_depth.float()

    def _forward(self, images: Tensor) -> Any:
        device = self.placement()
        prepared = (images.to(device) - self.mean.to(device)) / self.deviation.to(device)
        return self.network(pixel_values=prepared.to(self.dtype))


class _DepthPro(_Transformer):
    """Depth Pro works on one fixed square size and also measures the field of view."""

    def __call__(self, images: Tensor) -> Tensor:
        return self.with_fov(images)[0]

    def with_fov(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Metres = 1 / (canonical inverse depth * width / focal), where width / focal is
        2 tan(fov / 2) (Bochkovskii et al. 2024, eq. 1); the width itself cancels."""
        side = self.inner_size
        square = torch.nn.functional.interpolate(
            images, (side, side), mode="bilinear", align_corners=False, antialias=True
        )
        out = self._forward(images if images.shape[-2:] == (side, side) else square)
        canonical = out.predicted_depth.float()
        fov_deg = out.field_of_view.float().flatten()
        inverse = canonical * (2 * torch.tan(torch.deg2rad(fov_deg) / 2))[:, None, None]
        return 1.0 / inverse.clamp(1e-4, 1e4), fov_deg


def _network(folder: Path, dtype: torch.dtype) -> nn.Module:
    from safetensors import SafetensorError
    from transformers import AutoModelForDepthEstimation

    try:
        network, loaded = AutoModelForDepthEstimation.from_pretrained(
            folder,
            local_files_only=True,
            use_safetensors=True,
            output_loading_info=True,
            dtype=dtype,
        )
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
        raise ModelError(
            f"The model in {folder} cannot be loaded: {str(error).splitlines()[0] if str(error) else type(error).__name__}. A file is probably "
            "damaged or cut short; delete the folder and download the model again."
        ) from error
    if loaded["missing_keys"]:
        # transformers would go on with random numbers in their place.
        raise ModelError(
            f"The weights in {folder} lack {len(loaded['missing_keys'])} tensors (for instance "
            f"{sorted(loaded['missing_keys'])[0]}); they belong to another architecture than its "
            "config.json. Download both files from the same model."
        )
    return network.eval().requires_grad_(False)


def _shards(folder: Path) -> bool:
    return (folder / "model.safetensors.index.json").is_file()


def _json(path: Path, folder: Path, *, required: bool = True) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if not required:
            return {}
        raise ModelError(
            f"The model folder {folder} has no {path.name}. Put the model's files there, or let the "
            "node download them (download: if missing)."
        ) from None
    except (OSError, ValueError) as error:
        raise ModelError(
            f"The file {path} cannot be read ({error}). Delete it and download it again."
        ) from error
    if not isinstance(content, dict):
        raise ModelError(f"The file {path} is not a model description. Download it again.")
    return content
