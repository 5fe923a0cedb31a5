"""Depth pictures that the service's detectors draw, read back as depth."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..depth_map import DepthMap
from .control_images import ControlPicture
from .service_errors import PictureError

__all__ = ["depth_from_pictures"]

# MiDaS predicts inverse depth. LeReS predicts depth and its picture is inverted, near is white.
_KINDS = {"midas": "disparity", "leres": "depth"}
_COLOUR = 0.06


def depth_from_pictures(
    found: Sequence[Sequence[Tensor]], controls: Sequence[ControlPicture], detector: str
) -> DepthMap:
    """One map per control picture, at its size.

    found: for each control picture the (h, w, 3) pictures the service returned. Raises
    PictureError where none of them is grey, as a depth picture is.
    """
    height, width = controls[0].height, controls[0].width
    grey = [_grey(pictures) for pictures in found]
    kind = _KINDS[detector]
    maps = [
        DepthMap.make(1 - g if kind == "depth" else g, kind).resized(height, width) for g in grey
    ]
    values = torch.cat([m.values for m in maps])
    valid = torch.cat([m.valid for m in maps])
    return DepthMap.make(values, kind, valid, source=f"GenVR {detector}")


def _grey(pictures: Sequence[Tensor]) -> Tensor:
    """(h, w) of the least coloured picture."""
    best = min(pictures, key=_colour)
    if _colour(best) > _COLOUR:
        raise PictureError(
            "GenVR's detector returned a coloured picture, which is not a depth picture. The task "
            "is stored; please report this with the task's number."
        )
    return best.mean(-1)


def _colour(picture: Tensor) -> float:
    return (picture.amax(-1) - picture.amin(-1)).mean().item()
