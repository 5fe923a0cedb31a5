"""The bundled sample images: rendered by training/scenes, each with the exact depth of every
pixel.

`scenes.json` lists them. The depth is a 16-bit grey PNG with logarithmic steps: code 0 is
invalid (sky), code c stands for near * (far / near) ** ((c - 1) / 65534) metres along the
camera's axis, measured at the pixel centre; one step is at most 1.1e-4 of the depth.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..depth_map import DepthMap, Pinhole
from ..errors import InvalidInput

__all__ = ["SCENE_NAMES", "Scene", "image_path", "load_scene", "scene_titles"]

FOLDER = Path(__file__).parent
LAST_CODE = 65535


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """image: (1, H, W, 3) float32 in 0..1, sRGB; depth: metric, with its camera, (1, H, W).

    horizon: the image row of the horizon (pixel centres at +0.5); it may lie outside the image.
    """

    name: str
    title: str
    caption: str
    image: Tensor
    depth: DepthMap
    horizon: float


class _SceneEntry(TypedDict):
    """One of scenes.json: lengths in pixels, near and far in metres."""

    name: str
    title: str
    caption: str
    near: float
    far: float
    fx: float
    fy: float
    cx: float
    cy: float
    horizon: float


def _read_listing() -> dict[str, _SceneEntry]:
    listing = json.loads((FOLDER / "scenes.json").read_text(encoding="utf-8"))
    return {entry["name"]: entry for entry in listing}


SCENE_NAMES: tuple[str, ...] = tuple(_read_listing())


def scene_titles() -> dict[str, str]:
    """The title in plain English of every scene, by its name, in the order of `SCENE_NAMES`."""
    return {name: entry["title"] for name, entry in _read_listing().items()}


def image_path(name: str) -> Path:
    """The JPEG of the scene `name`. Raises InvalidInput for a name that is not in `SCENE_NAMES`."""
    return FOLDER / f"{_entry_of(name)['name']}.jpg"


def load_scene(name: str) -> Scene:
    """Image and exact depth of the scene `name`; InvalidInput for an unknown name."""
    entry = _entry_of(name)
    photo, coded = Image.open(image_path(name)), Image.open(FOLDER / f"{name}.depth.png")
    with photo, coded:
        pixels = np.asarray(photo.convert("RGB"), dtype=np.float32) / 255
        codes = np.asarray(coded, dtype=np.uint16)
    depth = DepthMap.make(
        torch.as_tensor(_decoded_metres(codes, entry["near"], entry["far"]))[None],
        "metric",
        torch.as_tensor(codes > 0)[None],
        Pinhole(entry["fx"], entry["fy"], entry["cx"], entry["cy"]),
        f"sample scene {name}",
        codes.shape,
    )
    image = torch.as_tensor(pixels)[None]
    depth = replace(depth, photo=image)
    return Scene(name, entry["title"], entry["caption"], image, depth, entry["horizon"])


def _entry_of(name: str) -> _SceneEntry:
    listing = _read_listing()
    if name not in listing:
        raise InvalidInput(
            f"There is no sample scene {name!r}; choose one of {', '.join(listing)}."
        )
    return listing[name]


def _decoded_metres(codes: np.ndarray, near: float, far: float) -> np.ndarray:
    """(H, W) uint16 codes -> float32 metres; what code 0 gives is masked by the caller."""
    share = (np.arange(LAST_CODE + 1) - 1) / (LAST_CODE - 1)
    return (near * (far / near) ** share).astype(np.float32)[codes]
