"""Means that respect what must not be mixed: over a neighbourhood, and over time.

Every function takes a valid mask and computes normalised means (Knutsson and Westin 1993): an
invalid pixel gives nothing to its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..depth_map import DepthMap
from ..errors import InvalidInput
from ..kernels import box_mean
from ..progress import Progress

__all__ = ["smooth", "smooth_clip", "value_span"]


def value_span(depth: DepthMap) -> float:
    """Largest minus smallest valid value of the whole clip; 0 for a flat or an empty map."""
    low, high = torch.tensor(depth.extremes() or (0.0, 0.0))
    return (high - low).item()


def _in_logarithms(depth: DepthMap, level: Callable[[DepthMap], DepthMap]) -> DepthMap:
    """`level` for metres: a step that is noise at the end of a street is an object beside us."""
    logs = DepthMap.make(torch.where(depth.valid, depth.values, 1.0).log(), "depth", depth.valid)
    # A factor, so that what is left as it is keeps every bit.
    return depth.with_values(depth.values * (level(logs).values - logs.values).exp())


def smooth(
    depth: DepthMap, radius: int, edge: float = 0.02, *, on_progress: Progress | None = None
) -> DepthMap:
    """Level noise and 8-bit steps, keep discontinuities: a self-guided filter (He and Sun 2013).

    radius: pixels, 0 = unchanged. edge: the step that counts half as noise and half as an edge, as
    a share of the distance for metres, of the map's range for relative maps. Invalid pixels stay
    invalid. Raises InvalidInput on a negative radius.
    """
    if radius < 0:
        raise InvalidInput(f"A smoothing radius of {radius} pixels is not possible; use 0 or more.")
    span = value_span(depth)
    if radius == 0 or span == 0:
        return depth
    if depth.kind == "metric":
        return _in_logarithms(depth, lambda logs: _levelled(logs, radius, edge, on_progress))
    return _levelled(depth, radius, edge * span, on_progress)


def _levelled(depth: DepthMap, radius: int, step: float, on_progress: Progress | None) -> DepthMap:
    out = torch.empty_like(depth.values)
    for index in range(depth.batch):
        here = slice(index, index + 1)
        out[here] = _self_guided(depth.values[here], depth.valid[here], radius, step**2)
        if on_progress is not None:
            on_progress(index + 1, depth.batch)
    return depth.with_values(out)


def _self_guided(values: Tensor, valid: Tensor, radius: int, noise: float) -> Tensor:
    if not bool(valid.any()):
        return values
    weight = valid.float()
    # Differences from the mean keep float32 exact for a map far from zero.
    centre = values[valid].mean()
    offset = (values - centre) * weight
    share = box_mean(weight, radius).clamp_min(1e-6)
    mean = box_mean(offset, radius) / share
    variance = (box_mean(offset * offset, radius) / share - mean * mean).clamp_min(0)
    slope = variance / (variance + noise)
    level = (1 - slope) * mean
    slope = box_mean(slope * weight, radius) / share
    level = box_mean(level * weight, radius) / share
    low, high = values[valid].min(), values[valid].max()
    return (slope * offset + level + centre).clamp(low, high)


def smooth_clip(
    depth: DepthMap, frames: int, edge: float = 0.05, *, on_progress: Progress | None = None
) -> DepthMap:
    """Level flicker over time without ghosts behind things that move.

    Each pixel becomes a mean over `frames` frames before and after; a frame counts by
    exp(-(difference / step)^2), so that what moved in depth stays out. The step is the share `edge`
    of the distance for metres, of the clip's range for relative maps. 0 frames or a single image:
    unchanged. Raises InvalidInput on a negative count.
    """
    if frames < 0:
        raise InvalidInput(f"{frames} frames cannot be averaged; use 0 or more.")
    span = value_span(depth)
    if frames == 0 or depth.batch == 1 or span == 0:
        return depth
    if depth.kind == "metric":
        return _in_logarithms(depth, lambda logs: _steadied(logs, frames, edge, on_progress))
    return _steadied(depth, frames, edge * span, on_progress)


def _steadied(depth: DepthMap, frames: int, step: float, on_progress: Progress | None) -> DepthMap:
    out = torch.empty_like(depth.values)
    for index in range(depth.batch):
        here = depth.values[index]
        total, weights = torch.zeros_like(here), torch.zeros_like(here)
        for other in range(max(0, index - frames), min(depth.batch, index + frames + 1)):
            change = (depth.values[other] - here) / step
            weight = torch.exp(-change.square()) * depth.valid[other]
            total += weight * change
            weights += weight
        # The mean of the changes, not of the values: a constant pixel stays exactly what it is.
        out[index] = here + step * total / weights.clamp_min(1e-6)
        if on_progress is not None:
            on_progress(index + 1, depth.batch)
    return depth.with_values(out)
