"""A depth map and its camera turned upright, as Exif and TIFF orientations say."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..depth_map import DepthMap, Pinhole

__all__ = ["ORIENTATION", "turned", "turned_pixels"]

ORIENTATION = 0x0112
# Exif orientation -> whether rows and columns change places, and what is mirrored then: dimension 1
# of (B, H, W) is up and down, 2 left and right.
_TURNS: dict[int, tuple[bool, tuple[int, ...]]] = {
    2: (False, (2,)),
    3: (False, (1, 2)),
    4: (False, (1,)),
    5: (True, ()),
    6: (True, (2,)),
    7: (True, (1, 2)),
    8: (True, (1,)),
}


def turned(depth: DepthMap, orientation: int) -> DepthMap:
    """The map and its camera turned as an Exif orientation says."""
    if orientation not in _TURNS:
        return depth
    transposed, mirrored = _TURNS[orientation]
    measured = depth.measured
    if measured is not None and transposed:
        measured = measured[1], measured[0]
    values, valid = (
        (plane.mT if transposed else plane).flip(mirrored) for plane in (depth.values, depth.valid)
    )
    camera = depth.camera
    if camera is not None:
        fx, fy, cx, cy = camera.fx, camera.fy, camera.cx, camera.cy
        fx, fy, cx, cy = (fy, fx, cy, cx) if transposed else (fx, fy, cx, cy)
        height, width = values.shape[1:]
        cx, cy = width - cx if 2 in mirrored else cx, height - cy if 1 in mirrored else cy
        camera = Pinhole(fx, fy, cx, cy)
    return DepthMap.make(values, depth.kind, valid, camera, depth.source, measured)


def turned_pixels(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """(H, W, C) of an image, turned in the same way."""
    transposed, mirrored = _TURNS.get(orientation, (False, ()))
    planes = pixels.swapaxes(0, 1) if transposed else pixels
    return np.flip(planes, tuple(axis - 1 for axis in mirrored)) if mirrored else planes
