"""What weights are scored and looked at on: photographs with measured depth, the bundled scenes.

The photographs belong to others and are not in the project: see README.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from genvr_depth.nodes.depthkit.scenes import SCENE_NAMES, load_scene
from PIL import Image
from torch import Tensor

__all__ = ["FOLDER", "Photograph", "bundled", "photographs"]

FOLDER = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
_MOTORCYCLE_SHIFT = 31.086  # px; 1 / depth is proportional to disparity plus this
# Name, folder, image, units a metre, the range in metres that is scored.
_RANGED = (
    ("NYU sofa", "nyu_sofa", "rgb.png", 1000, 0.3, 9.99),
    ("KITTI", "kitti_100", "rgb.png", 256, 1.0, 80.0),
    ("Chair", "chair", "rgb.jpg", 1000, 0.3, 9.0),
)


@dataclass(frozen=True)
class Photograph:
    """image: (3, H, W) 0..1; depth: (h, w), any unit; valid: (h, w) bool."""

    name: str
    image: Tensor
    depth: Tensor
    valid: Tensor


def _image(path: Path) -> Tensor:
    data = np.asarray(Image.open(path).convert("RGB"), dtype=np.float32) / 255
    return torch.from_numpy(data.copy()).permute(2, 0, 1)


def _map(path: Path) -> Tensor:
    return torch.from_numpy(np.asarray(Image.open(path)).astype(np.float32))


def photographs(folder: Path = FOLDER) -> list[Photograph]:
    """The seven photographs, or nothing where the folder is absent."""
    if not folder.is_dir():
        return []
    return [*_old(folder), *_validation(folder / "validation")]


def _old(folder: Path) -> list[Photograph]:
    rgb = torch.from_numpy(np.load(folder / "nyu_fastdepth" / "rgb.npy").astype(np.float32))
    nyu = torch.from_numpy(
        np.load(folder / "nyu_fastdepth" / "depth.npy").astype(np.float32)
    ).squeeze()
    disparity = _map(folder / "middlebury_cones" / "disp2.png")
    lidar = _map(folder / "arkit" / "arkit_depth.png") / 1000
    cones = _image(folder / "middlebury_cones" / "im2.png")
    return [
        Photograph("NYUv2", rgb.permute(2, 0, 1), nyu, nyu > 0),
        Photograph("Cones", cones, 1 / disparity.clamp_min(1e-3), disparity > 0),
        Photograph("ARKit", _image(folder / "arkit" / "image.jpg"), lidar, lidar > 0),
    ]


def _validation(folder: Path) -> list[Photograph]:
    stereo = np.load(folder / "motorcycle" / "disp.npz")
    disparity = torch.from_numpy(stereo[stereo.files[0]].astype(np.float32))
    known = torch.isfinite(disparity)
    inverse = torch.where(known, disparity + _MOTORCYCLE_SHIFT, torch.ones_like(disparity))
    motorcycle = _image(folder / "motorcycle" / "left.png")
    photos = [Photograph("Motorcycle", motorcycle, 1 / inverse, known)]
    for name, place, image, unit, near, far in _RANGED:
        depth = _map(folder / place / "depth.png") / unit
        valid = (depth >= near) & (depth <= far)
        photos.append(Photograph(name, _image(folder / place / image), depth, valid))
    return photos


def bundled() -> Iterator[Photograph]:
    """The sample scenes of the pack with their exact depth."""
    for name in SCENE_NAMES:
        scene = load_scene(name)
        image = scene.image[0].permute(2, 0, 1)
        yield Photograph(name, image, scene.depth.values[0], scene.depth.valid[0])
