"""Depth as a 16-bit PNG with logarithmic steps, and the check that a rendered floor is a plane."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import studio
from PIL import Image

LAST_CODE = 65535


def encode(depth: np.ndarray, near: float, far: float) -> np.ndarray:
    """(H, W) metres -> uint16: 0 is invalid, code c stands for near * (far / near) ** ((c - 1) /
    65534).
    """
    valid = depth > 0
    if valid.any() and not (near <= depth[valid].min() and depth[valid].max() <= far):
        span = f"{depth[valid].min():.3f}..{depth[valid].max():.3f}"
        raise ValueError(f"depth {span} m lies outside the scene's range {near}..{far} m")
    share = np.log(np.where(valid, depth, near) / near) / math.log(far / near)
    return np.where(valid, np.rint(1 + share * (LAST_CODE - 1)), 0).astype(np.uint16)


def write_depth(path: Path, depth: np.ndarray, near: float, far: float) -> None:
    """Write the PNG; the smallest of zlib's strategies is kept."""
    image = Image.fromarray(encode(depth.astype(np.float64), near, far))
    packed: list[bytes] = []
    for strategy in range(4):
        stream = io.BytesIO()
        image.save(stream, "PNG", compress_level=9, compress_type=strategy)
        packed.append(stream.getvalue())
    path.write_bytes(min(packed, key=len))


def heights(depth: np.ndarray, view: studio.View, scale: float) -> np.ndarray:
    """(H, W) height of every pixel's surface above the ground z = 0, in metres."""
    rows = np.arange(depth.shape[0]) + 0.5
    cy, focal = view.center[1] * scale, view.focal * scale
    down = ((rows - cy) / focal)[:, None] * depth
    pitch = math.radians(view.pitch)
    return view.eye[2] + depth * math.sin(pitch) - down * math.cos(pitch)


def check_floor(depth: np.ndarray, view: studio.View, scale: float, floor: float) -> None:
    """Raise unless enough pixels lie on the plane of height `floor`, most of them within 5e-5 of
    their depth.
    """
    error = np.abs(heights(depth, view, scale) - floor) / np.maximum(depth, view.near)
    on_plane = (depth > 0) & (error < 1e-3)
    median = float(np.median(error[on_plane])) if on_plane.any() else math.inf
    if on_plane.mean() < 0.05 or median > 5e-5:
        raise ValueError(
            f"{on_plane.mean():.3f} of the pixels lie on the floor, median error {median:.2e}"
        )
