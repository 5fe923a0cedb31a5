"""Checks of a depth map against the photo of the same view: misaligned, or seen through glass."""

from __future__ import annotations

from dataclasses import asdict

from ..images import SAME_SHAPE
from .edges import EdgeFit, Patch, edge_map, lone_patches
from .frame_view import Checks, Found, FrameView
from .place_names import place_name

__all__ = ["PHOTO_CHECKS"]


def _misaligned(view: FrameView) -> Found | None:
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


def _transparent(view: FrameView) -> Found | None:
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


PHOTO_CHECKS: Checks = {
    "misaligned": ("problem", _misaligned),
    "transparent": ("note", _transparent),
}
