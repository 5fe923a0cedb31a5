"""Filling what is missing: holes of a depth map, colours beyond an outline.

Push-pull (Gortler et al. 1996): the known pixels are averaged into ever coarser levels, and each
hole takes the finest level that knows something about it.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..depth_map import DepthMap
from ..errors import InvalidInput
from ..kernels import components, local_max, resample
from ..progress import Progress

__all__ = ["HOLES", "fill_holes", "push_pull"]

# How many pixels beside a hole speak for its surroundings.
_RIM = 3

HOLES: tuple[str, ...] = ("off", "smooth", "background", "all")


def push_pull(values: Tensor, weight: Tensor) -> Tensor:
    """Fill the pixels of weight 0, leave those of weight 1 as they are.

    values: (B, C, H, W); weight: (B, 1, H, W) 0..1, between 0 and 1 a pixel is mixed with what the
    coarser level says. Where nothing is known at all the result is 0. Works at any size.
    """
    height, width = values.shape[-2:]
    known = values * weight
    if max(height, width) == 1:
        return known / weight.clamp_min(1e-6)
    kernel = (min(2, height), min(2, width))
    total = F.avg_pool2d(known, kernel, ceil_mode=True)
    share = F.avg_pool2d(weight, kernel, ceil_mode=True)
    mean = total / share.clamp_min(1e-6)
    coarse = push_pull(mean, (share * 4).clamp_max(1))
    wide = resample(coarse, height, width)
    return torch.where(weight >= 1, values, known + (1 - weight) * wide)


def fill_holes(
    depth: DepthMap, mode: str, largest: float = 0.05, *, on_progress: Progress | None = None
) -> DepthMap:
    """Give invalid pixels a value.

    mode: "off"; "smooth" continues the surroundings; "background" takes the farthest depth around
    the hole (an object's shadow belongs to what is behind it); both leave holes larger than the
    share `largest` of the image, such as the sky, invalid. "all" fills those too. Raises
    InvalidInput on an unknown mode. A frame without any valid pixel stays as it is.
    """
    if mode not in HOLES:
        raise InvalidInput(f"Unknown way to fill holes {mode!r}; use one of {', '.join(HOLES)}.")
    if mode == "off" or bool(depth.valid.all()):
        return depth
    values, valid = depth.values.clone(), depth.valid.clone()
    for index in range(depth.batch):
        holes, filled = _holes_and_fill(depth, index, mode, largest)
        values[index] = torch.where(holes, filled, values[index])
        valid[index] |= holes
        if on_progress is not None:
            on_progress(index + 1, depth.batch)
    return depth.with_values(values, valid=valid)


def _holes_and_fill(
    depth: DepthMap, index: int, mode: str, largest: float
) -> tuple[Tensor, Tensor]:
    """(H, W) bool, the holes to fill, and (H, W) values to take there."""
    values, mask = depth.values[index], depth.valid[index]
    nothing = torch.zeros_like(mask), values
    if not bool(mask.any()) or bool(mask.all()):
        return nothing
    labels = (~mask).int() if mode == "all" else components(~mask)
    holes = ~mask if mode == "all" else _small_holes(labels, largest)
    if not bool(holes.any()):
        return nothing
    source = _far_rim(depth, index, labels) if mode == "background" else mask.float()
    return holes, push_pull(values[None, None], source[None, None])[0, 0]


def _small_holes(labels: Tensor, largest: float) -> Tensor:
    """The holes that cover at most the share `largest` of the image, and single pixels."""
    counts = torch.bincount(labels.flatten(), minlength=1)
    limit = max(1.0, largest * labels.numel())
    return (labels > 0) & (counts[labels.long()] <= limit)


def _far_rim(depth: DepthMap, index: int, labels: Tensor) -> Tensor:
    """(H, W) weights: 1 for pixels beside a hole that are about as far as the farthest there."""
    values, mask = depth.values[index], depth.valid[index]
    away = -values if depth.near_is_large else values
    inside = away[mask]
    span = (inside.max() - inside.min()).clamp_min(1e-12)
    beside = local_max(torch.where(mask, away, inside.min())[None], 1)[0]
    flat = labels.long().flatten()
    farthest = torch.full((int(flat.max()) + 1,), inside.min().item())
    farthest = farthest.scatter_reduce(0, flat, beside.flatten(), "amax")
    limit = torch.where(mask, -torch.inf, farthest[flat].view(mask.shape))
    limit = local_max(limit[None], _RIM)[0]
    return (mask & limit.isfinite() & (away >= limit - 0.1 * span)).float()
