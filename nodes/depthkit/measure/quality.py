"""Is this depth map fit to steer an image? Looked at before minutes or credits are spent.

Every check is a row of a table: a code, how bad it is, and a function that looks at one frame and
returns what it found, in plain words, with what to do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from ..depth_map import DepthMap
from ..images import SAME_SHAPE, at_frame, check_frames, luminance
from ..kernels import components, erode, resample
from ..progress import Progress
from ..ranges import Window, normalise
from .edges import EdgeFit, Patch, edge_map, lone_patches
from .findings import SEVERITIES, Finding, QualityReport
from .places import place_name

__all__ = ["CODES", "check_depth"]

_SIDE = 384
# A gap smaller than this share of the image is a failed measurement, not a window.
_GAP = 0.001
# A drone sees houses of 5 m from 500 m; what differs by less than this is rounding.
_FLAT = 0.001
# Share of the pixels at an end, and the gap before it against the range of all others.
_SPIKE, _GAP_BEFORE_SPIKE = 0.002, 0.9


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """One frame, prepared for all checks.

    near: (h, w) 0 far .. 1 near at no more than _SIDE pixels; valid: (h, w); full: the frame
    itself; grey: (h, w) luminance of the photo or None; target: shorter side to be steered, or 0;
    shape_ratio: the larger of the aspects of depth and photo over the smaller, 1 without a photo.
    """

    near: Tensor
    valid: Tensor
    full: DepthMap
    grey: Tensor | None
    target: int
    shape_ratio: float


_Found = tuple[str, str, dict[str, float]]
"""What is wrong, what to do, and the numbers."""


def check_depth(
    depth: DepthMap,
    image: Tensor | None = None,
    target_side: int = 0,
    *,
    on_progress: Progress | None = None,
) -> QualityReport:
    """Look at every frame.

    image: (B or 1, H, W, 3), the photo of the same view, or None: then what needs it is left out.
    target_side: shorter side in pixels of the image to be made; 0 skips that check. Raises
    InvalidInput where the counts of depth and photo do not fit.
    """
    if image is not None:
        check_frames(image, depth.batch)
    findings: list[Finding] = []
    for index in range(depth.batch):
        photo = None if image is None else at_frame(image, index)
        view = _prepared(depth.frame(index), photo, target_side)
        moot: set[str] = set()
        for code, (severity, look) in _CHECKS.items():
            found = None if code in moot else look(view)
            if found is not None:
                findings.append(Finding(code, severity, index, *found))
                moot.update(_MAKES_MOOT.get(code, ()))
        if on_progress is not None:
            on_progress(index + 1, depth.batch)
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    return QualityReport(tuple(findings), depth.batch)


def _prepared(frame: DepthMap, photo: Tensor | None, target: int) -> _View:
    share = min(1.0, _SIDE / max(frame.height, frame.width))
    size = (max(1, round(frame.height * share)), max(1, round(frame.width * share)))
    small = frame.resized(*size)
    near = normalise(small, Window())
    if not frame.near_is_large:
        near = (1 - near).masked_fill(~small.valid, 0.0)
    grey, ratio = None, 1.0
    if photo is not None:
        grey = resample(luminance(photo)[None, None], *size, antialias=True)[0, 0]
        ratio = (photo.shape[1] * frame.height) / (photo.shape[0] * frame.width)
    return _View(near[0], small.valid[0], frame, grey, target, max(ratio, 1 / ratio))


def _empty(view: _View) -> _Found | None:
    if bool(view.full.valid.any()):
        return None
    return "no pixel has a known depth.", "Check the file or the model that made it.", {}


def _flat(view: _View) -> _Found | None:
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


def _banded(view: _View) -> _Found | None:
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


def _clipped(view: _View) -> _Found | None:
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


def _spiked(view: _View) -> _Found | None:
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


def _inverted(view: _View) -> _Found | None:
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


def _small(view: _View) -> _Found | None:
    side = min(view.full.height, view.full.width)
    if view.target == 0 or side * 2 > view.target:
        return None
    return (
        f"the map is {view.full.width}x{view.full.height}, less than half of the {view.target} "
        "pixels to be painted: outlines will be soft.",
        "Refine Depth Edges with the photo brings it to size.",
        {"side": float(side), "target": float(view.target)},
    )


def _holes(view: _View) -> _Found | None:
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


def _speckle(view: _View) -> _Found | None:
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


def _misaligned(view: _View) -> _Found | None:
    """Depth edges lie on photo edges; if they fit far better elsewhere, the map is shifted."""
    if view.grey is None:
        return None
    if view.shape_ratio > SAME_SHAPE + 2 / min(view.full.height, view.full.width):
        return (
            "depth and photo are of different shapes: they cannot show the same frame.",
            "Connect the photo the depth was made from, uncropped.",
            {"shape_ratio": view.shape_ratio},
        )
    if min(view.near.shape) < 64:
        return None
    depth_edges, photo_edges = edge_map(view.near, view.valid), edge_map(view.grey, None)
    fit = EdgeFit.of(depth_edges, photo_edges, view.valid)
    weak = fit.may_be_shift() and not fit.is_foreign()
    if fit.is_shift() or (weak and lone_patches(view.near, view.valid, view.grey)):
        scale = view.full.width / view.near.shape[1]
        return (
            f"the map does not lie on the photo: it fits best moved by {fit.dx * scale:+.0f} "
            f"pixels across and {fit.dy * scale:+.0f} down.",
            "Use the depth of this very photo, uncropped.",
            fit.numbers(),
        )
    if fit.is_foreign():
        return (
            "depth edges and photo edges have nothing in common: is this the depth of another "
            "image?",
            "Connect the photo the depth was made from.",
            fit.numbers(),
        )
    return None


def _transparent(view: _View) -> _Found | None:
    """Depth edges where the photo has none: what the model saw is not on the surface."""
    if view.grey is None or min(view.near.shape) < 64:
        return None
    patches = lone_patches(view.near, view.valid, view.grey)
    if not patches:
        return None
    places = "; ".join(_place_of_patch(patch) for patch in patches)
    numbers = {"patches": float(len(patches))}
    for index, patch in enumerate(patches, 1):
        numbers |= {f"{key}_{index}": value for key, value in asdict(patch).items()}
    return (
        f"depth edges have no edge in the photo {places}: glass, mirrors or water may have misled "
        "the model.",
        "Look there in the depth viewer.",
        numbers,
    )


def _place_of_patch(patch: Patch) -> str:
    name = place_name((patch.left + patch.right) / 2, (patch.top + patch.bottom) / 2)
    return (
        f"{name} ({patch.left:.0%} to {patch.right:.0%} across, {patch.top:.0%} "
        f"to {patch.bottom:.0%} down)"
    )


_CHECKS: dict[str, tuple[str, Callable[[_View], _Found | None]]] = {
    "empty": ("problem", _empty),
    "flat": ("problem", _flat),
    "spike": ("problem", _spiked),
    "inverted": ("problem", _inverted),
    "misaligned": ("problem", _misaligned),
    "clipped": ("warning", _clipped),
    "banded": ("warning", _banded),
    "too small": ("warning", _small),
    "holes": ("warning", _holes),
    "speckle": ("warning", _speckle),
    "transparent": ("note", _transparent),
}
CODES: tuple[str, ...] = tuple(_CHECKS)
# What a finding leaves nothing to say about: the edges of a shifted map say nothing of glass.
_MAKES_MOOT: dict[str, tuple[str, ...]] = {
    "empty": CODES,
    "flat": CODES,
    "spike": ("inverted", "clipped", "speckle"),
    "misaligned": ("transparent",),
}
