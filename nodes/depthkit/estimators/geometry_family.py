"""ComfyUI's own geometry models, Depth Anything 3 and MoGe, as estimators.

Networks, loading and forward passes are ComfyUI's: whoever runs inside it hands in a
`GeometryNetwork` that calls its nodes. Sizes, tiles, clips and memory are the driver's business, as
for every other estimator.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ..depth_map import Kind
from ..errors import ModelError

__all__ = [
    "GEOMETRY_PREFIX",
    "GeometryKind",
    "GeometryNetwork",
    "GeometrySettings",
    "geometry_estimator",
    "geometry_kind",
    "geometry_names",
    "is_geometry_name",
    "needs_comfyui",
]

GEOMETRY_PREFIX = "geometry_estimation/"
"""Before the file's name, in the list of models: ComfyUI's own folder for them."""

_LICENCE = "see the model's own page"
_SUFFIXES = (".safetensors", ".sft", ".pt", ".pth", ".ckpt", ".bin", ".pkl")
_LARGEST_HEADER = 100_000_000  # bytes, as safetensors itself
# The focal length the metric network was trained at (Depth Anything 3, section on metric depth).
_DA3_FOCAL_PX = 300.0
_DA3_PATCH, _DA3_SIDE = 14, 504
_SKY = 0.5
# Tokens of 14 x 14 pixels at MoGe's resolution levels 0 and 9; its heads answer on a grid of 16 x
# 16 a token.
_TOKENS = {"MoGe 1": (1200, 2500), "MoGe": (1200, 3600)}
_TOKEN_PX, _GRID_PX, _LEVELS = 14, 16, 9
_USUAL_ASPECT = 4 / 3


@dataclass(frozen=True, slots=True)
class GeometryKind:
    """What lies in a file. family: "Depth Anything 3", "MoGe 1" or "MoGe" (2 and 3).

    metric: the network answers in metres (Depth Anything 3: once the field of view is known).
    """

    family: str
    metric: bool


@dataclass(frozen=True, slots=True)
class GeometrySettings:
    """fov_deg: horizontal field of view of the images, 0 for unknown. refine_steps: of MoGe 3."""

    fov_deg: float = 0.0
    refine_steps: int = 3


class GeometryNetwork(Protocol):
    """A network of ComfyUI, run by ComfyUI's own nodes."""

    module: nn.Module

    def run(self, images: Tensor, **settings: Any) -> Mapping[str, Any]:
        """(B, h, w, 3) 0..1 -> the packet of its node."""
        ...


def is_geometry_name(name: str) -> bool:
    """Whether a model's name in our list means one of ComfyUI's own files."""
    return name.startswith(GEOMETRY_PREFIX)


def geometry_names(folders: list[Path]) -> dict[str, Path]:
    """The models in folders laid out like `models/geometry_estimation`, by their names here."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in _SUFFIXES and path.is_file():
                found.setdefault(GEOMETRY_PREFIX + path.relative_to(folder).as_posix(), path)
    return found


def needs_comfyui(name: str) -> ModelError:
    """What to say of such a model where there is no ComfyUI to run it."""
    return ModelError(
        f"The model {name} is run by ComfyUI's own nodes and needs ComfyUI: choose it in Load "
        "Depth Model on the canvas. Here, choose another model (see `genvr-depth models`)."
    )


def geometry_kind(path: Path) -> GeometryKind:
    """What a file holds, by the names of its tensors. Raises ModelError where it is neither.

    Depth Anything 3 Mono and Metric hold the same tensors; the file's name tells them apart.
    Formats other than safetensors are told by their name altogether.
    """
    name = path.name.lower()
    metric = "metric" in name
    if path.suffix.lower() not in (".safetensors", ".sft"):
        if "moge" in name:
            return GeometryKind("MoGe 1" if "moge_1" in name else "MoGe", "moge_1" not in name)
        return GeometryKind("Depth Anything 3", metric)
    tensors = _tensor_names(path)
    if any(key.startswith(("points_head.", "scale_head.")) for key in tensors):
        return GeometryKind("MoGe", metric=True)
    if any(key.startswith("head.upsample_blocks.") for key in tensors):
        return GeometryKind("MoGe 1", metric=False)
    if any("head.scratch." in key for key in tensors):
        return GeometryKind("Depth Anything 3", metric)
    raise ModelError(
        f"The file {path.name} in models/geometry_estimation is neither Depth Anything 3 nor MoGe "
        "in ComfyUI's format. Move it elsewhere, or download it again in that format."
    )


def _tensor_names(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            if not 2 <= size <= _LARGEST_HEADER:
                raise ValueError("no header")
            header = json.loads(file.read(size))
            return [str(key) for key in header]
    except (OSError, ValueError, TypeError) as fault:
        raise ModelError(
            f"The file {path.name} in models/geometry_estimation is damaged or cut short "
            f"({fault}). Download it again."
        ) from fault


def geometry_estimator(
    name: str, kind: GeometryKind, network: GeometryNetwork, settings: GeometrySettings
) -> _DepthAnything3 | _MoGe:
    """The estimator around a loaded network."""
    build = _DepthAnything3 if kind.family == "Depth Anything 3" else _MoGe
    return build(name, kind, network, settings)


class _DepthAnything3:
    """Sky is unknown. Metres = focal length in pixels of the worked image x output / 300."""

    licence = _LICENCE
    multiple, inner_size = _DA3_PATCH, _DA3_SIDE

    def __init__(
        self, name: str, kind: GeometryKind, network: GeometryNetwork, settings: GeometrySettings
    ) -> None:
        self.name, self.geometry, self.network = name, network, network.module
        self.fov_deg = settings.fov_deg
        self.kind: Kind = "metric" if kind.metric and settings.fov_deg > 0 else "depth"

    def __call__(self, images: Tensor) -> Tensor:
        height, width = images.shape[-2:]
        packet = self.geometry.run(
            images.movedim(1, -1),
            resolution=max(height, width),
            resize_method="upper_bound_resize",
            mode={"mode": "mono"},
        )
        values = packet["depth"].float()
        if self.kind == "metric":
            focal_px = 0.5 * width / math.tan(math.radians(self.fov_deg) / 2)
            values = values * (focal_px / _DA3_FOCAL_PX)
        sky = packet.get("sky")
        return values if sky is None else values.masked_fill(sky >= _SKY, torch.nan)

    def with_fov(self, images: Tensor) -> tuple[Tensor, Tensor]:
        known = self.fov_deg if self.fov_deg > 0 else torch.nan
        return self(images), torch.full((len(images),), known)


class _MoGe:
    """MoGe finds the field of view itself, or takes the given one; what it masks is unknown."""

    licence = _LICENCE
    multiple = 1

    def __init__(
        self, name: str, kind: GeometryKind, network: GeometryNetwork, settings: GeometrySettings
    ) -> None:
        self.name, self.geometry, self.network = name, network, network.module
        self.settings = settings
        self.kind: Kind = "metric" if kind.metric else "depth"
        self.fewest, self.most = _TOKENS[kind.family]
        self.inner_size = round(_TOKEN_PX * math.sqrt(self.most / _USUAL_ASPECT))

    def choose_size(self, height: int, width: int, short_side: int) -> tuple[int, int]:
        """Its cost goes with the area: that of a 4:3 image with this shorter side, on the grid
        that its heads answer on."""
        area = short_side**2 * _USUAL_ASPECT * (_GRID_PX / _TOKEN_PX) ** 2
        scale = math.sqrt(area / (height * width))
        return max(1, round(height * scale)), max(1, round(width * scale))

    def __call__(self, images: Tensor) -> Tensor:
        return self._run(images, 0.0)["depth"].float()

    def with_fov(self, images: Tensor) -> tuple[Tensor, Tensor]:
        packet = self._run(images, self.settings.fov_deg)
        focal = packet["intrinsics"][:, 0, 0].float().cpu()  # in widths of the image
        return packet["depth"].float(), torch.rad2deg(2 * torch.atan(0.5 / focal))

    def _run(self, images: Tensor, fov_deg: float) -> Mapping[str, Any]:
        return self.geometry.run(
            images.movedim(1, -1),
            resolution_level=self._level(*images.shape[-2:]),
            fov_x_degrees=fov_deg,
            batch_size=len(images),
            force_projection=True,
            apply_mask=True,
            refine_steps=self.settings.refine_steps,
        )

    def _level(self, height: int, width: int) -> int:
        tokens = height * width / _GRID_PX**2
        level = _LEVELS * (tokens - self.fewest) / (self.most - self.fewest)
        return min(max(round(level), 0), _LEVELS)
