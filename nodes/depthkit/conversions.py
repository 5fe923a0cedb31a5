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

__all__ = ["NEAR_FRACTION", "convert", "to_depth", "to_disparity", "to_metric"]

# An affine-invariant map has an unknown shift: without a range we read its nearest valid pixel as
# this fraction of its farthest one, which keeps the inverse bounded.
NEAR_FRACTION = 0.1

Ends = tuple[float, float]


def to_disparity(
    depth: DepthMap,
    near: float | None = None,
    far: float | None = None,
    ends: Ends | None = None,
) -> DepthMap:
    """Disparity (near is large) of any map.

    metric: 1 / z, in 1/m. disparity: unchanged. depth: `ends` (lowest and highest value; the map's
    own without it) are read as `near` and `far` metres and inverted; monotone in any case.
    Without them the ratio is 1 to 10, which suits rooms. Raises InvalidInput if near is not below
    far.
    """
    if depth.kind == "disparity":
        return depth
    if depth.kind == "metric":
        return depth.with_values(_inverse_where_valid(depth.values, depth.valid), kind="disparity")
    z = _stretch(depth, *_range_ends(near, far), near_at_low=True, ends=ends)
    return depth.with_values(_inverse_where_valid(z, depth.valid), kind="disparity")


def to_metric(depth: DepthMap, near: float | None = None, far: float | None = None) -> DepthMap:
    """Metres along z.

    Affine-invariant maps need `near` and `far`, the distances of their nearest and farthest
    valid pixel. Raises MissingInformation without them, InvalidInput if near is not below far.
    """
    if depth.kind == "metric":
        return depth
    if near is None or far is None:
        raise MissingInformation(
            f"This map is relative {depth.kind}, it holds no metres. Give the distance of its "
            "nearest and farthest point (near, far), or use a metric model."
        )
    near, far = _range_ends(near, far)
    if depth.kind == "depth":
        return depth.with_values(_stretch(depth, near, far, near_at_low=True), kind="metric")
    return _from_disparity(depth, near, far, "metric")


def to_depth(
    depth: DepthMap,
    near: float | None = None,
    far: float | None = None,
    ends: Ends | None = None,
) -> DepthMap:
    """Affine-invariant depth (far is large) of any map; metric values are kept as they are.

    near, far, ends: as in `to_disparity`.
    """
    if depth.kind == "depth":
        return depth
    if depth.kind == "metric":
        return depth.with_values(depth.values, kind="depth")
    return _from_disparity(depth, *_range_ends(near, far), "depth", ends)


_TARGETS: dict[str, Callable[[DepthMap, float | None, float | None], DepthMap]] = {
    "metric": to_metric,
    "depth": to_depth,
    "disparity": to_disparity,
}


def convert(
    depth: DepthMap, kind: str, near: float | None = None, far: float | None = None
) -> DepthMap:
    """The map as another kind; see the three functions above for what each needs."""
    if kind not in _TARGETS:
        raise InvalidInput(f"Unknown kind {kind!r}; use one of {', '.join(_TARGETS)}.")
    return _TARGETS[kind](depth, near, far)


def _range_ends(near: float | None, far: float | None) -> Ends:
    """Both distances; one that is not given follows from the other."""
    far = far if far is not None else (near or NEAR_FRACTION) / NEAR_FRACTION
    near = near if near is not None else far * NEAR_FRACTION
    if not 0 < near < far:
        raise InvalidInput(
            f"near = {near:g} and far = {far:g} metres do not make a range; near must be above 0 "
            "and below far."
        )
    return near, far


def _from_disparity(
    disparity: DepthMap, near: float, far: float, kind: str, ends: Ends | None = None
) -> DepthMap:
    inverse = _stretch(disparity, 1 / near, 1 / far, near_at_low=False, ends=ends)
    return disparity.with_values(_inverse_where_valid(inverse, disparity.valid), kind=kind)


def _inverse_where_valid(values: Tensor, valid: Tensor) -> Tensor:
    # In place: a long clip has no room for a copy per step.
    return torch.where(valid, values, 1.0).reciprocal_().masked_fill_(~valid, 0.0)


def _stretch(
    depth: DepthMap, near: float, far: float, *, near_at_low: bool, ends: Ends | None = None
) -> Tensor:
    """Values mapped linearly so that the near one of `ends` is `near` and the far one `far`."""
    low, high = ends or depth.extremes() or (0.0, 0.0)
    at_low, at_high = (near, far) if near_at_low else (far, near)
    if high <= low:
        return torch.full_like(depth.values, 0.5 * (near + far))
    share = (depth.values - low).div_(high - low).clamp_(0, 1)
    return share.mul_(at_high - at_low).add_(at_low)
