"""Models of the transformers library, from a folder and nothing else: no network, no pickles.

Images are prepared here (mean and standard deviation from the folder), sizes are the driver's
business, and the values leave as the network made them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from ..depth_map import Kind
from ..errors import InvalidInput, ModelError
from .base import Estimator, Placement, Placer
from .model_table import find_row
from .transformers_network import load_network
from .working_size import SIZE_RULES

__all__ = ["FAMILIES", "Family", "family_of", "load_folder"]

_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
_WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
_POSSIBLE_FOV_DEG = (1.0, 170.0)
_NONE = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


@dataclass(frozen=True, slots=True)
class Family:
    """One architecture. size_rule: see SIZE_RULES. normalisation: mean and standard deviation of
    the images where the folder has no preprocessor_config.json."""

    kind: Kind
    multiple: int
    inner_size: int
    size_rule: str
    normalisation: tuple[tuple[float, ...], tuple[float, ...]]


# MiDaS heads answer in disparity; the DINOv2 heads (NYU, KITTI) and the others in metres.
FAMILIES: dict[str, Family] = {
    "depth_anything": Family("disparity", 14, 518, "free", _IMAGENET),
    "depth_anything metric": Family("metric", 14, 518, "free", _IMAGENET),
    "dpt": Family("disparity", 32, 384, "square", _HALF),
    "dpt beit": Family("disparity", 32, 384, "free", _HALF),
    "dpt swinv2": Family("disparity", 32, 256, "square", _HALF),
    "dpt dinov2": Family("metric", 14, 518, "free", _IMAGENET),
    "zoedepth": Family("metric", 32, 384, "free", _HALF),
    "depth_pro": Family("metric", 1536, 1536, "fixed", _HALF),
    "depth_pro without lens": Family("disparity", 1536, 1536, "fixed", _HALF),
    "glpn": Family("metric", 32, 480, "free", _NONE),
    "prompt_depth_anything": Family("metric", 14, 756, "free", _IMAGENET),
    "tipsv2_dpt": Family("metric", 14, 448, "free", _NONE),
}

_REFUSED = {
    "chmv2": "measures the height of trees in aerial images, not the distance from a camera",
    "sapiens2": "knows people only and leaves everything around them without depth",
}
"""Architectures that come with depth-like weights and are no depth model, and why."""


def family_of(config: Mapping[str, Any], where: str) -> str:
    """The row of FAMILIES a config.json belongs to. Raises ModelError naming the architecture."""
    architecture = config.get("model_type")
    variant = _VARIANTS.get(str(architecture), lambda _: "")(config)
    name = f"{architecture} {variant}".strip()
    if architecture in _REFUSED:
        raise ModelError(
            f"The folder {where} holds a model of type {name!r}: it {_REFUSED[architecture]}. "
            "Choose a depth model from the list."
        )
    if name not in FAMILIES:
        known = ", ".join(sorted({family.split()[0] for family in FAMILIES}))
        raise ModelError(
            f"The folder {where} holds a model of type {name!r}, which is not a depth model this "
            f"node knows ({known}). Put the files of one of these there, or choose another model."
        )
    return name


def _backbone(config: Mapping[str, object]) -> str:
    backbone = config.get("backbone_config")
    if not isinstance(backbone, dict) or config.get("is_hybrid"):
        return ""
    return str(cast("dict[str, Any]", backbone).get("model_type"))


_VARIANTS: dict[str, Callable[[Mapping[str, object]], str]] = {
    "depth_anything": lambda c: "metric" if c.get("depth_estimation_type") == "metric" else "",
    "dpt": _backbone,
    "depth_pro": lambda c: "" if c.get("use_fov_model") else "without lens",
}


def load_folder(
    folder: Path, place: Placer, dtype: torch.dtype = torch.float32, name: str = ""
) -> Estimator:
    """The estimator in a folder with config.json and model.safetensors.

    place: whoever manages memory; dtype: what the network computes in; name: the model's, where the
    folder is not called so. Raises ModelError where a file is missing or damaged, or where the
    folder is of an architecture we do not know.
    """
    config = _model_json(folder / "config.json", folder)
    architecture = family_of(config, folder.name)
    family = FAMILIES[architecture]
    prepare = _model_json(folder / "preprocessor_config.json", folder, required=False)
    if not any((folder / file).is_file() for file in _WEIGHTS):
        raise ModelError(
            f"The model folder {folder} has no model.safetensors. Put the file there, or let the "
            "node download it (download: if missing). Older .bin files are not read, because "
            "opening them can run code."
        )
    network = load_network(folder, str(config["model_type"]), dtype)
    build = _BUILDERS.get(architecture, _Transformer)
    if build is _ZoeDepth and not prepare.get("do_pad", True):
        build = _Transformer
    facts = _facts(name or folder.name, family, config)
    return build(network, place(network), facts, *_normalisation(prepare, family, folder), dtype)


def _normalisation(
    prepare: Mapping[str, Any], family: Family, folder: Path
) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of images in 0..1, (3, 1, 1) each: the folder's, else the
    family's.

    The folder's are in units of its own scaling of 0..255: with do_rescale false (DPT with DINOv2)
    they are near 120 and 57.
    """
    given = (prepare.get("image_mean"), prepare.get("image_std"))
    if not prepare.get("do_normalize", True):
        given = _NONE
    scaled = prepare.get("do_rescale", True)
    try:
        white = 255 * float(prepare.get("rescale_factor", 1 / 255)) if scaled else 255.0
        mean, deviation = (
            torch.tensor(own, dtype=torch.float32).expand(3) / white if own else torch.tensor(usual)
            for own, usual in zip(given, family.normalisation, strict=True)
        )
    except (TypeError, ValueError, RuntimeError):
        mean, deviation = torch.zeros(3), torch.zeros(3)
    if not (mean.isfinite().all() and deviation.isfinite().all() and deviation.min() > 0):
        raise ModelError(
            f"The file {folder / 'preprocessor_config.json'} gives no usable image_mean and "
            "image_std (three numbers each). Download it again, or delete it."
        )
    return mean[:, None, None], deviation[:, None, None]


@dataclass(frozen=True, slots=True)
class _Facts:
    name: str
    kind: Kind
    multiple: int
    inner_size: int
    licence: str
    size_rule: str


def _facts(name: str, family: Family, config: Mapping[str, Any]) -> _Facts:
    row = find_row(name)
    multiple, inner_size = family.multiple, family.inner_size
    if family.size_rule == "fixed":
        # Depth Pro cuts its image into patches, four of them along each side.
        multiple = inner_size = 4 * int(config.get("patch_size", 384))
    elif row is not None:
        multiple, inner_size = row.multiple, row.inner_size
    licence = "see the model's own page" if row is None else row.licence
    return _Facts(name, family.kind, multiple, inner_size, licence, family.size_rule)


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
        self.kind: Kind = facts.kind
        self.name, self.licence = facts.name, facts.licence
        self.multiple, self.inner_size = facts.multiple, facts.inner_size
        self.mean, self.deviation = mean, deviation
        self.size_rule = facts.size_rule

    def choose_size(self, height: int, width: int, short_side: int) -> tuple[int, int]:
        return SIZE_RULES[self.size_rule](height, width, short_side, self.multiple)

    def __call__(self, images: Tensor) -> Tensor:
        return self._forward(images).predicted_depth.float()

    def _forward(self, images: Tensor, **extra: Tensor) -> Any:
        device = self.placement()
        prepared = (images.to(device) - self.mean.to(device)) / self.deviation.to(device)
        return self.network(pixel_values=prepared.to(self.dtype), **extra)


class _DepthPro(_Transformer):
    """Depth Pro also measures the field of view."""

    def __call__(self, images: Tensor) -> Tensor:
        return self.with_fov(images)[0]

    def with_fov(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Metres = 1 / (canonical inverse depth * width / focal), where width / focal is
        2 tan(fov / 2) (Bochkovskii et al. 2024, eq. 1); the width itself cancels."""
        out = self._forward(images)
        fov_deg = out.field_of_view.float().flatten().clamp(*_POSSIBLE_FOV_DEG)
        inverse = out.predicted_depth.float()
        inverse = inverse * (2 * torch.tan(torch.deg2rad(fov_deg) / 2))[:, None, None]
        return 1.0 / inverse.clamp(1e-4, 1e4), fov_deg


class _ZoeDepth(_Transformer):
    """ZoeDepth was trained on images in a mirrored margin (Bhat et al. 2023, its reference code:
    three times the square root of half a side)."""

    def margin(self, height: int, width: int) -> tuple[int, int]:
        # A mirror cannot show more than the image has.
        rows, columns = (min(int(3 * math.sqrt(n / 2)), n - 1) for n in (height, width))
        return rows, columns


class _PromptDepthAnything(_Transformer):
    """Prompt Depth Anything (Lin et al. 2025): measured depth in, the same depth in detail out."""

    def __call__(self, images: Tensor) -> Tensor:
        raise InvalidInput(
            f"The model {self.name} refines measured depth and cannot work from an image alone. "
            "Connect it to Complete Depth, with the measured depth, or choose another model."
        )

    def with_prompt(self, images: Tensor, prompt: Tensor) -> Tensor:
        low, high = prompt.flatten(1).aminmax(dim=1)
        # The network divides by the range of its prompt; a missing value would set that range.
        if not bool(((low > 0) & (high > low)).all() and prompt.isfinite().all()):
            raise InvalidInput(
                f"The model {self.name} needs measured depth at every pixel, in metres, near and "
                "far things among them. Fill the holes of the measured depth first."
            )
        ready = prompt[:, None].to(self.placement(), self.dtype)
        return self._forward(images, prompt_depth=ready).predicted_depth.float()


_BUILDERS: dict[str, type[_Transformer]] = {
    "depth_pro": _DepthPro,
    "zoedepth": _ZoeDepth,
    "prompt_depth_anything": _PromptDepthAnything,
}


def _model_json(path: Path, folder: Path, *, required: bool = True) -> dict[str, object]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if not required:
            return {}
        raise ModelError(
            f"The model folder {folder} has no {path.name}. Put the model's files there, or let "
            "the node download them (download: if missing)."
        ) from None
    except (OSError, ValueError) as error:
        raise ModelError(
            f"The file {path} cannot be read ({error}). Delete it and download it again."
        ) from error
    if not isinstance(content, dict):
        raise ModelError(f"The file {path} is not a model description. Download it again.")
    return cast("dict[str, Any]", content)
