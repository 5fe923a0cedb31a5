"""A dense map of a sensor's resolution at the photo's, every sample where it was measured.

Where neighbouring samples lie on one surface the map is resampled. Between surfaces each pixel is
unknown, and takes the membrane through the samples around it that no edge of the photo separates
from it. Samples that mix two surfaces are left out there.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ..depth_map import Size
from ..kernels import dilate, local_max
from .sparse_solver import Weights, held_field

__all__ = ["at_photo_size", "mixed_samples", "samples_on"]

# Neighbours that differ by more than this in log depth lie on two surfaces.
_STEP = 0.06
# A sample between two surfaces: their difference, and how far it is from either as a share of it.
_MIXED_STEP, _BETWEEN = 0.08, 0.2
_PHOTO = 0.03


def mixed_samples(log_depth: Tensor) -> Tensor:
    """(h, w) bool: samples that are a mean of two surfaces, "flying pixels" of a sensor."""
    low, range_ = _low_and_range(log_depth)
    place = (log_depth - low) / range_.clamp_min(1e-9)
    inside = (place > _BETWEEN) & (place < 1 - _BETWEEN)
    # A steep floor has such samples too, in the middle of an even slope.
    return inside & (range_ > _MIXED_STEP) & ~_even_slope(log_depth, range_)


def _low_and_range(plane: Tensor) -> tuple[Tensor, Tensor]:
    """The least value of the 3 x 3 samples around each, and their range."""
    high, low = local_max(torch.stack([plane, -plane]), 1)
    return -low, high + low


def _even_slope(plane: Tensor, range_: Tensor) -> Tensor:
    padded = F.pad(plane[None, None], (1, 1, 1, 1), mode="replicate")[0, 0]
    across = (padded[1:-1, 2:] + padded[1:-1, :-2] - 2 * plane).abs()
    down = (padded[2:, 1:-1] + padded[:-2, 1:-1] - 2 * plane).abs()
    return torch.maximum(across, down) < 0.1 * range_


def at_photo_size(log_depth: Tensor, image: Tensor, sure: Tensor) -> Tensor:
    """(h, w) -> (H, W) log depth.

    image: (H, W, 3); sure: (h, w) bool, the samples that are held; the pixels nearest to their
    centres get exactly their value.
    """
    height, width = image.shape[:2]
    size = (height, width)
    wide = F.interpolate(log_depth[None, None], size, mode="bicubic", align_corners=False)[0, 0]
    wide = wide.clamp(log_depth.min(), log_depth.max())
    between = dilate(_low_and_range(log_depth)[1] > _STEP, 1)
    free = F.interpolate(between[None, None].float(), size, mode="nearest-exact")[0, 0] > 0
    held, level = samples_on(log_depth, sure, size)
    values = torch.where(held, level, wide)
    features = torch.cat([image, torch.zeros(height, width, 1)], -1).double().numpy()
    found = held_field(values.double().numpy(), (free & ~held).numpy(), features, Weights(_PHOTO))
    return torch.from_numpy(found).float()


def samples_on(plane: Tensor, sure: Tensor, size: Size) -> tuple[Tensor, Tensor]:
    """Samples of (h, w) on (H, W): a mask of the pixels nearest to their centres, and the values.

    A centre between two pixels is on both. Only samples that are `sure` are taken.
    """
    if tuple(plane.shape) == tuple(size):
        return sure, plane
    held, level = torch.zeros(size, dtype=torch.bool), torch.zeros(size)
    rows, columns = (
        _nearest_cells(coarse, fine) for coarse, fine in zip(plane.shape, size, strict=True)
    )
    for row in rows:
        for column in columns:
            at = torch.meshgrid(torch.from_numpy(row), torch.from_numpy(column), indexing="ij")
            held[at] |= sure
            level[at] = torch.where(sure, plane, level[at])
    return held, level


def _nearest_cells(coarse: int, fine: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    centre = (np.arange(coarse) + 0.5) * fine / coarse - 0.5
    ends = (np.ceil(centre - 0.5 - 1e-6), np.floor(centre + 0.5 + 1e-6))
    return (
        ends[0].astype(np.int64).clip(0, fine - 1),
        ends[1].astype(np.int64).clip(0, fine - 1),
    )
