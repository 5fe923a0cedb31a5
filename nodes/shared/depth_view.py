"""Depth on the node's face: the `ui` entry that the viewer in `web/` reads.

The viewer gets the numbers themselves, not an image of them: one raw file per shown frame,
(height, width) little-endian float32 in the map's own unit, NaN where the map is not valid.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ..depthkit.depth_map import DepthMap
from ..depthkit.images import Images, rgb
from ..depthkit.ranges import control_image
from .host import Host, current

__all__ = ["UI_KEY", "depth_ui", "frame_entry", "raw_frame", "shown_frames"]

UI_KEY = "genvr_depth"
PREFIX = "GenVRDepth"
MAX_FRAMES = 32
MAX_FRAME_PIXELS = 2_000_000
MAX_CLIP_PIXELS = 16_000_000
UNITS = {"metric": "m", "depth": "", "disparity": ""}


def depth_ui(
    depth: DepthMap,
    images: Tensor | None = None,
    image: Images | None = None,
    before: DepthMap | None = None,
) -> Mapping[str, Sequence[object]]:
    """The `ui` part of a node's answer.

    images: (B, H, W, 3) what ComfyUI itself lists as the node's image; the control image if None.
    image: (B, h, w, C) the photograph, which colours the 3D look of the viewer.
    before: the map before it was clipped, so that the sliders still reach its ends.
    Returns {"images": [...], "genvr_depth": [...]}, both empty where there is no canvas.
    """
    host = current()
    frames = shown_frames(depth.batch)
    # Encoding hundreds of images would hold up the run, and Stop with it.
    shown = host.preview(_shown_images(depth, images, frames), PREFIX)
    budget = min(MAX_FRAME_PIXELS, MAX_CLIP_PIXELS // len(frames))
    entries = [_viewer_entry(host, depth.frame(index), index, budget, image) for index in frames]
    for index, entry in zip(frames, entries, strict=True):
        if entry is not None and before is not None and before.kind == depth.kind:
            entry["reach"] = dict(
                zip(("near", "far"), _near_and_far(before.frame(index)), strict=True)
            )
    # Texts: ComfyUI counts every object of a `ui` as an output of the job.
    texts = [json.dumps(entry) for entry in entries if entry is not None]
    return {"images": shown, UI_KEY: texts}


def _shown_images(depth: DepthMap, images: Tensor | None, frames: list[int]) -> Tensor:
    if images is None:
        return control_image(depth, only=frames)
    return images[frames] if len(images) == depth.batch else images


def shown_frames(batch: int, limit: int = MAX_FRAMES) -> list[int]:
    """Which frames the viewer gets: all of a short clip, else `limit` spread from first to last."""
    if batch <= limit:
        return list(range(batch))
    return [round(step * (batch - 1) / (limit - 1)) for step in range(limit)]


def raw_frame(depth: DepthMap, max_pixels: int = MAX_FRAME_PIXELS) -> tuple[Tensor, int]:
    """(h, w) float32 of a one-image map, NaN where invalid, and the sampling step used.

    Larger maps are sampled at every `step`-th pixel, never averaged: a value that is shown is a
    value that is there.
    """
    values = torch.where(depth.valid[0], depth.values[0], torch.nan)
    step = max(1, math.ceil(math.sqrt(values.numel() / max_pixels)))
    first = step // 2 if min(values.shape) > step // 2 else 0
    return values[first::step, first::step].contiguous(), step


def frame_entry(depth: DepthMap, index: int, raw: Tensor, step: int) -> dict[str, object]:
    """What the viewer must know to read a raw file: size, unit, ends, camera and origin."""
    near, far = _near_and_far(depth)
    camera = depth.camera.scaled(1 / step, 1 / step) if depth.camera else None
    return {
        "frame": index,
        "width": raw.shape[1],
        "height": raw.shape[0],
        "full_width": depth.width,
        "full_height": depth.height,
        "step": step,
        "kind": depth.kind,
        "unit": UNITS[depth.kind],
        "near": near,
        "far": far,
        "reach": {"near": near, "far": far},
        "source": depth.source,
        "measured": [depth.measured[1], depth.measured[0]] if depth.measured else None,
        "camera": [camera.fx, camera.fy, camera.cx, camera.cy] if camera else None,
        **({"around": True} if depth.around else {}),
    }


def _near_and_far(depth: DepthMap) -> tuple[float, float]:
    """The nearest and the farthest valid value; zeros where nothing is valid."""
    ends = depth.extremes() or (0.0, 0.0)
    return (ends[1], ends[0]) if depth.near_is_large else ends


def _viewer_entry(
    host: Host, depth: DepthMap, index: int, budget: int, image: Images | None
) -> dict[str, object] | None:
    raw, step = raw_frame(depth, budget)
    data = raw.numpy().astype("<f4", copy=False).tobytes()
    file = host.temp_file(data, PREFIX, "f32")
    if file is None:
        return None
    entry = frame_entry(depth, index, raw, step) | {"file": file}
    if image is not None:
        chosen = min(index, image.shape[0] - 1)
        shown = host.preview(rgb(image[chosen : chosen + 1]), PREFIX)
        if shown:  # nothing comes back where the disk is full
            entry["image"] = shown[0]
    return entry
