"""Neighbourhoods of pixels: box sums and means, dilation, resampling, connected components.

Everything here works on bare planes and knows nothing of depth; masks are bool. Borders are cut
off: what lies beyond the image neither counts nor is counted.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = [
    "area_mean",
    "box_mean",
    "box_sum",
    "components",
    "dilate",
    "erode",
    "local_max",
    "resample",
]


def box_mean(planes: Tensor, radius: int) -> Tensor:
    """Mean over the (2 radius + 1)^2 square around each pixel, cut off at the border.

    planes: (B, H, W) float32 -> the same. Two one-dimensional passes, so that large radii stay
    cheap.
    """
    size = 2 * radius + 1
    for kernel, pad in (((1, size), (0, radius)), ((size, 1), (radius, 0))):
        planes = F.avg_pool2d(planes, kernel, 1, pad, count_include_pad=False)
    return planes


def box_sum(planes: Tensor, radius: int) -> Tensor:
    """Sum over the (2 radius + 1)^2 square around each pixel: (B, H, W) float32 -> the same."""
    size = 2 * radius + 1
    for kernel, pad in (((1, size), (0, radius)), ((size, 1), (radius, 0))):
        planes = F.avg_pool2d(planes, kernel, 1, pad, divisor_override=1)
    return planes


def local_max(planes: Tensor, radius: int) -> Tensor:
    """Largest value of the (2 radius + 1)^2 square around each pixel: (B, H, W) -> the same."""
    return _running_max(_running_max(planes, radius, 2), radius, 1)


def _running_max(planes: Tensor, radius: int, dim: int) -> Tensor:
    """Along one axis; windows grow by doubling, so that a large radius costs hardly more."""
    length, size = planes.shape[dim], 2 * radius + 1
    pads = (radius, radius) if dim == 2 else (0, 0, radius, radius)
    found, reach = F.pad(planes, pads, value=-torch.inf), 1
    while 2 * reach <= size:
        rest = found.shape[dim] - reach
        found = torch.maximum(found.narrow(dim, 0, rest), found.narrow(dim, reach, rest))
        reach *= 2
    last = found.narrow(dim, size - reach, length)
    return torch.maximum(found.narrow(dim, 0, length), last)


def dilate(mask: Tensor, radius: int = 1) -> Tensor:
    """(H, W) bool: the mask, and all pixels within a square of `radius` around it."""
    return local_max(mask[None].float(), radius)[0] > 0


def erode(mask: Tensor, radius: int = 1) -> Tensor:
    """(H, W) bool: the pixels whose whole square of `radius` lies in the mask."""
    return ~dilate(~mask, radius)


def resample(planes: Tensor, height: int, width: int, *, antialias: bool | None = None) -> Tensor:
    """Bilinear resampling, which never overshoots an edge: (B, C, h, w) -> (B, C, height, width).

    Pixel centres correspond (align_corners=False). antialias: None does so where a side shrinks.
    A plane of that size already is returned as it is.
    """
    if planes.shape[-2:] == (height, width):
        return planes
    if antialias is None:
        antialias = height < planes.shape[-2] or width < planes.shape[-1]
    return F.interpolate(
        planes, (height, width), mode="bilinear", align_corners=False, antialias=antialias
    )


def area_mean(planes: Tensor, height: int, width: int) -> Tensor:
    """Mean over the area that each pixel of a smaller grid covers: (B, C, h, w) -> (B, C, height,
    width)."""
    return F.interpolate(planes, (height, width), mode="area")


def components(mask: Tensor) -> Tensor:
    """Connected components of a mask (4 neighbours).

    mask: (H, W) bool -> (H, W) int32, 0 outside the mask, elsewhere the number of the component,
    from 1 in the order of the rows.
    """
    # SciPy takes longer to import than the whole pack; most workflows never label anything.
    from scipy import ndimage

    labels = torch.empty(mask.shape, dtype=torch.int32)
    ndimage.label(mask.numpy(), output=labels.numpy())  # pyright: ignore[reportUnknownMemberType]
    return labels
