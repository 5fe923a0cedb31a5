"""Depth images that the service's detectors draw, read back as depth."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..depth_map import DepthMap
from .control_images import ControlImage
from .service_errors import ImageError

__all__ = ["depth_from_images"]

# MiDaS predicts inverse depth. LeReS predicts depth and its image is inverted, near is white.
_KINDS = {"midas": "disparity", "leres": "depth"}
_COLOUR = 0.06


def depth_from_images(
    found: Sequence[Sequence[Tensor]], controls: Sequence[ControlImage], detector: str
) -> DepthMap:
    """One map per control image, at its size.

    found: for each control image the (h, w, 3) images the service returned. Raises
    ImageError where none of them is grey, as a depth image is.
    """
    height, width = controls[0].height, controls[0].width
    grey = [_least_coloured(images) for images in found]
    kind = _KINDS[detector]
    maps = [
        DepthMap.make(1 - g if kind == "depth" else g, kind).resized(height, width) for g in grey
    ]
    values = torch.cat([m.values for m in maps])
    valid = torch.cat([m.valid for m in maps])
    return DepthMap.make(values, kind, valid, source=f"GenVR {detector}")


def _least_coloured(images: Sequence[Tensor]) -> Tensor:
    """(h, w) of the least coloured image."""
    best = min(images, key=_colourfulness)
    if _colourfulness(best) > _COLOUR:
        raise ImageError(
            "GenVR's detector returned a coloured image, which is not a depth image. The task "
            "is stored; please report this with the task's number."
        )
    return best.mean(-1)


def _colourfulness(image: Tensor) -> float:
    return (image.amax(-1) - image.amin(-1)).mean().item()
