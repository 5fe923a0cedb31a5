"""Checks of a depth map that need its values only: flat, banded, inverted, with holes."""

from __future__ import annotations

import torch
from torch import Tensor

from ..depth_map import DepthMap
from ..kernels import components, erode
from .frame_view import Checks, Found, FrameView

__all__ = ["VALUE_CHECKS"]

# A gap smaller than this share of the image is a failed measurement, not a window.
_GAP = 0.001
# A drone sees houses of 5 m from 500 m; what differs by less than this is rounding.
_FLAT = 0.001
# Share of the pixels at an end, and the gap before it against the range of all others.
_SPIKE, _GAP_BEFORE_SPIKE = 0.002, 0.9


def _empty(view: FrameView) -> Found | None:
    if bool(view.full.valid.any()):
        return None
    return "no pixel has a known depth.", "Check the file or the model that made it.", {}


def _without_relief(view: FrameView) -> Found | None:
    inside = view.full.values[view.full.valid]
    low, high = inside.min().item(), inside.max().item()
    share = (high - low) / max(abs(high), abs(low), 1e-12)
    if share > _FLAT:
        return None
    return (
        f"the map is flat: its values differ by {share:.3%} only.",
        "Estimate the depth again, or check that the right file was loaded.",
        {"relative_range": share},
    )


def _banded(view: FrameView) -> Found | None:
    """An 8-bit source has at most 256 levels; a float map has about as many as pixels."""
    inside = view.full.values[view.full.valid]
    # A few pixels prove a float map; only the others are sorted whole.
    some = inside[:: max(1, inside.numel() // 65536)]
    if inside.numel() < 4096 or len(some.unique()) > 256:
        return None
    levels = len(inside.unique())
    if levels > 256:
        return None
    return (
        f"the map has {levels} different values only, as an 8-bit image has: steps may show.",
        "Use the 16-bit or float original, or smooth by 4 to 8 pixels in Adjust Depth.",
        {"levels": float(levels)},
    )


def _clipped(view: FrameView) -> Found | None:
    inside = view.full.values[view.full.valid]
    low, high = inside.min(), inside.max()
    at_low = (inside == low).float().mean().item()
    at_high = (inside == high).float().mean().item()
    if max(at_low, at_high) < 0.05:
        return None
    near_end = (at_high >= at_low) == view.full.near_is_large
    if not near_end and _is_sky(view.full, low if view.full.near_is_large else high):
        return None
    end = "nearest" if near_end else "farthest"
    return (
        f"{max(at_low, at_high):.0%} of the pixels share the {end} value: that end is cut off.",
        "Widen the window where the map was made; what was cut off cannot be brought back.",
        {"share_low": at_low, "share_high": at_high},
    )


def _is_sky(frame: DepthMap, farthest: Tensor) -> bool:
    """Whether what shares the farthest value hangs down from the top of the image."""
    same = (frame.values[0] == farthest) & frame.valid[0]
    hanging = (same | ~frame.valid[0]).long().cumprod(0) * same
    return bool(hanging.sum() > 0.8 * same.sum())


def _spiked(view: FrameView) -> Found | None:
    """Many pixels with one number far from all others: how files say "no measurement"."""
    inside = view.full.values[view.full.valid]
    low, high = torch.aminmax(inside)
    for end in (high, low):
        share = (inside == end).float().mean().item()
        others = inside[inside != end]
        if share < _SPIKE or others.numel() < 2:
            continue
        least, most = torch.aminmax(others)
        gap = (end - most if end > most else least - end).item()
        width = max((most - least).item(), 1e-12)
        far_end = (end == low) == view.full.near_is_large
        # Relative maps have a number for the sky; in metres it has none.
        if view.full.kind != "metric" and far_end and _is_sky(view.full, end):
            continue
        if gap > _GAP_BEFORE_SPIKE * width:
            return (
                f"{share:.1%} of the pixels hold {end.item():g}, far from all others: it stands "
                'for "no measurement".',
                "Type the stored number into no_data of Load Depth; these pixels are then unknown.",
                {"share": share, "value": end.item(), "gap": gap / width},
            )
    return None


def _inverted(view: FrameView) -> Found | None:
    """In photographs the lower part is nearer: floors, tables, streets; and the sky is far."""
    height = view.near.shape[0]
    if height < 8:
        return None
    band = max(1, height // 5)
    top, bottom = (
        view.near[rows][view.valid[rows]] for rows in (slice(0, band), slice(-band, None))
    )
    if top.numel() == 0 or bottom.numel() == 0:
        return None
    rows = torch.arange(height, dtype=torch.float32)[:, None].expand_as(view.near)[view.valid]
    values = view.near[view.valid]
    joint = torch.corrcoef(torch.stack([rows, values]))[0, 1].nan_to_num(0.0).item()
    gap = (top.mean() - bottom.mean()).item()
    if gap < 0.15 or joint > -0.25:
        return None
    confidence = min(1.0, 0.5 * (gap / 0.5 + -joint / 0.8))
    return (
        f"the top is nearer than the bottom: near and far look swapped (confidence "
        f"{confidence:.0%}).",
        "Turn on invert in Adjust Depth, unless the image really looks up at something.",
        {"top_minus_bottom": gap, "row_correlation": joint, "confidence": confidence},
    )


def _small(view: FrameView) -> Found | None:
    side = min(view.full.height, view.full.width)
    if view.target == 0 or side * 2 > view.target:
        return None
    return (
        f"the map is {view.full.width}x{view.full.height}, less than half of the {view.target} "
        "pixels to be painted: outlines will be soft.",
        "Refine Depth Edges with the photo brings it to size.",
        {"side": float(side), "target": float(view.target)},
    )


def _holes(view: FrameView) -> Found | None:
    """Many small gaps, or large ones away from the top: sky and windows are no holes."""
    unknown = ~view.full.valid[0]
    labels = components(unknown)
    counts = torch.bincount(labels.flatten().long())
    gaps = ((labels > 0) & (counts[labels.long()] < _GAP * unknown.numel())).float().mean().item()
    below = unknown & (unknown.long().cumprod(0) == 0)
    missing = below.float().mean().item()
    if gaps < 0.004 and missing < 0.04:
        return None
    return (
        f"{missing:.1%} of the image are holes without depth.",
        "fill_holes in Adjust Depth closes them.",
        {"share": missing, "small_gaps": gaps},
    )


def _speckle(view: FrameView) -> Found | None:
    """Single pixels far off the median of their neighbourhood; large maps are sampled by rows."""
    if min(view.near.shape) < 5:
        return None
    full, known = view.full.values[0], erode(view.full.valid[0])
    step = max(1, full.numel() // 200_000)
    windows = full.unfold(0, 3, 1)[::step].unfold(1, 3, 1)
    middle = windows.reshape(*windows.shape[:2], 9).median(-1).values
    inside = full[view.full.valid[0]]
    span = (inside.max() - inside.min()).clamp_min(1e-12)
    centre, counted = full[1:-1:step, 1:-1], known[1:-1:step, 1:-1]
    off = ((centre - middle).abs() > 0.1 * span) & counted
    share = off.sum().item() / max(1, counted.numel())
    if share < 0.01:
        return None
    return (
        f"speckle: {share:.1%} of the pixels stand far off their neighbours.",
        "Smooth by 2 to 4 pixels in Adjust Depth.",
        {"share": share},
    )


VALUE_CHECKS: Checks = {
    "empty": ("problem", _empty),
    "flat": ("problem", _without_relief),
    "spike": ("problem", _spiked),
    "inverted": ("problem", _inverted),
    "clipped": ("warning", _clipped),
    "banded": ("warning", _banded),
    "too small": ("warning", _small),
    "holes": ("warning", _holes),
    "speckle": ("warning", _speckle),
}
