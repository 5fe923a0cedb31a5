"""Filling what is missing: holes of a depth map, colours beyond an outline.

Push-pull (Gortler et al. 1996): the known pixels are averaged into ever coarser levels, and each
hole takes the finest level that knows something about it.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .depth_map import DepthMap
from .errors import InvalidInput

__all__ = ["HOLES", "fill_holes", "label_holes", "push_pull"]

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
    wide = F.interpolate(coarse, (height, width), mode="bilinear", align_corners=False)
    return torch.where(weight >= 1, values, known + (1 - weight) * wide)


def fill_holes(depth: DepthMap, mode: str, largest: float = 0.05) -> DepthMap:
    """Give invalid pixels a value.

    mode: "off"; "smooth" continues the surroundings; "background" takes the farthest depth around
    the hole (an object's shadow belongs to what is behind it); both leave holes larger than the
    share `largest` of the picture, such as the sky, invalid. "all" fills those too. Raises
    InvalidInput on an unknown mode. A frame without any valid pixel stays as it is.
    """
    if mode not in HOLES:
        raise InvalidInput(f"Unknown way to fill holes {mode!r}; use one of {', '.join(HOLES)}.")
    if mode == "off" or bool(depth.valid.all()):
        return depth
    values, valid = depth.values.clone(), depth.valid.clone()
    for index in range(depth.batch):
        mask = depth.valid[index]
        labels = label_holes(mask)
        holes = ~mask if mode == "all" else _small(labels, largest)
        if not bool(mask.any()) or not bool(holes.any()):
            continue
        source = _far_rim(depth, index, labels) if mode == "background" else mask.float()
        filled = push_pull(depth.values[index][None, None], source[None, None])[0, 0]
        values[index] = torch.where(holes, filled, values[index])
        valid[index] |= holes
    return depth.with_values(values, valid=valid)


def label_holes(mask: Tensor) -> Tensor:
    """(H, W) int32: 0 where `mask` is True, elsewhere one number per connected part (4 neighbours).

    Labels spread until they rest, along whole runs at a time.
    """
    holes = (~mask).flatten()
    groups = [_runs(~mask, axis) for axis in (1, 0)]
    labels = torch.arange(1, mask.numel() + 1, dtype=torch.int32) * holes
    while True:
        spread = labels
        for group in groups:
            best = torch.zeros(mask.numel() + sum(mask.shape), dtype=labels.dtype)
            spread = best.scatter_reduce(0, group, spread, "amax")[group] * holes
        if torch.equal(spread, labels):
            return labels.view(mask.shape)
        labels = spread


def _runs(holes: Tensor, axis: int) -> Tensor:
    """A number per pixel, the same for all pixels of one unbroken run of holes along `axis`."""
    run = (~holes).to(torch.int64).cumsum(axis)
    line = torch.arange(holes.shape[1 - axis]) * (holes.shape[axis] + 1)
    return (run + (line if axis == 0 else line[:, None])).flatten()


def _small(labels: Tensor, largest: float) -> Tensor:
    """The holes that cover at most the share `largest` of the picture, and single pixels."""
    counts = torch.bincount(labels.flatten(), minlength=1)
    limit = max(1.0, largest * labels.numel())
    return (labels > 0) & (counts[labels.long()] <= limit)


def _far_rim(depth: DepthMap, index: int, labels: Tensor) -> Tensor:
    """(H, W) weights: 1 for pixels beside a hole that are about as far as the farthest there."""
    values, mask = depth.values[index], depth.valid[index]
    away = -values if depth.near_is_large else values
    inside = away[mask]
    span = (inside.max() - inside.min()).clamp_min(1e-12)
    beside = _widest(torch.where(mask, away, inside.min()), 1)
    flat = labels.long().flatten()
    farthest = torch.full((int(flat.max()) + 1,), inside.min().item())
    farthest = farthest.scatter_reduce(0, flat, beside.flatten(), "amax")
    limit = torch.where(mask, -torch.inf, farthest[flat].view(mask.shape))
    limit = _widest(limit, _RIM)
    return (mask & limit.isfinite() & (away >= limit - 0.1 * span)).float()


def _widest(plane: Tensor, radius: int) -> Tensor:
    return F.max_pool2d(plane[None, None], 2 * radius + 1, 1, radius)[0, 0]
