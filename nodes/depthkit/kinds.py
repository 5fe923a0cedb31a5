"""Conversions between the three kinds of depth, refused where the information is missing.

Metric depth z and disparity d are linked by d = 1 / z; affine-invariant maps know neither scale
nor shift, so that going to metres needs the two distances the map's own ends stand for.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from .depth_map import DepthMap
from .errors import InvalidInput, MissingInformation

__all__ = ["convert", "to_depth", "to_disparity", "to_metric"]

# An affine-invariant depth map has an unknown shift: without a range we read its nearest valid
# pixel as this fraction of its farthest one, which keeps the inverse bounded.
_NEAR_FRACTION = 0.1


def to_disparity(
    depth: DepthMap, near_m: float | None = None, far_m: float | None = None
) -> DepthMap:
    """Disparity (near is large) of any map.

    metric: 1 / z, in 1/m. disparity: unchanged. depth: the map's own ends are read as `near_m` and
    `far_m` metres (default 1 and 10, a ratio that suits rooms) and inverted; monotone in any case.
    """
    if depth.kind == "disparity":
        return depth
    if depth.kind == "metric":
        return depth.with_values(_inverse(depth.values, depth.valid), kind="disparity")
    z = _stretch(depth, near_m or _NEAR_FRACTION, far_m or 1.0, near_at_low=True)
    return depth.with_values(_inverse(z, depth.valid), kind="disparity")


def to_metric(depth: DepthMap, near_m: float | None = None, far_m: float | None = None) -> DepthMap:
    """Metres along z.

    Affine-invariant maps need `near_m` and `far_m`, the distances of their nearest and farthest
    valid pixel. Raises MissingInformation without them, InvalidInput if near is not below far.
    """
    if depth.kind == "metric":
        return depth
    if near_m is None or far_m is None:
        raise MissingInformation(
            f"This map is relative {depth.kind}, it holds no metres. Give the distance of its "
            "nearest and farthest point (near, far), or use a metric model."
        )
    if not 0 < near_m < far_m:
        raise InvalidInput(
            f"near = {near_m} and far = {far_m} metres do not make a range; near must be above 0 "
            "and below far."
        )
    if depth.kind == "depth":
        return depth.with_values(_stretch(depth, near_m, far_m, near_at_low=True), kind="metric")
    inverse = _stretch(depth, 1 / near_m, 1 / far_m, near_at_low=False)
    return depth.with_values(_inverse(inverse, depth.valid), kind="metric")


def to_depth(depth: DepthMap, near_m: float | None = None, far_m: float | None = None) -> DepthMap:
    """Affine-invariant depth (far is large) of any map; metric values are kept as they are."""
    if depth.kind == "depth":
        return depth
    if depth.kind == "metric":
        return depth.with_values(depth.values, kind="depth")
    metric = to_metric(depth, near_m or _NEAR_FRACTION, far_m or 1.0)
    return metric.with_values(metric.values, kind="depth")


_TARGETS: dict[str, Callable[[DepthMap, float | None, float | None], DepthMap]] = {
    "metric": to_metric,
    "depth": to_depth,
    "disparity": to_disparity,
}


def convert(
    depth: DepthMap, kind: str, near_m: float | None = None, far_m: float | None = None
) -> DepthMap:
    """The map as another kind; see the three functions above for what each needs."""
    if kind not in _TARGETS:
        raise InvalidInput(f"Unknown kind {kind!r}; use one of {', '.join(_TARGETS)}.")
    return _TARGETS[kind](depth, near_m, far_m)


def _inverse(values: Tensor, valid: Tensor) -> Tensor:
    return torch.where(valid, 1.0 / torch.where(valid, values, torch.ones_like(values)), 0.0)


def _stretch(depth: DepthMap, near: float, far: float, *, near_at_low: bool) -> Tensor:
    """Values mapped linearly so that the nearest valid pixel is `near` and the farthest `far`."""
    inside = depth.values[depth.valid]
    if inside.numel() == 0:
        return torch.full_like(depth.values, far)
    low, high = inside.min(), inside.max()
    at_low, at_high = (near, far) if near_at_low else (far, near)
    if high <= low:
        return torch.full_like(depth.values, 0.5 * (near + far))
    share = ((depth.values - low) / (high - low)).clamp(0, 1)
    return at_low + share * (at_high - at_low)
