"""The size a clip is sampled at: the depth's ratio, the family's multiple."""

from __future__ import annotations

import math

from ...errors import PlanError
from ..facts import Extent
from ..sampling_size import MEGAPIXEL, SIZES, same_ratio
from .facts import ClipConnected, ClipSettings
from .video_family import VideoFamily

__all__ = ["clip_size"]

_SMALLEST = 64
_LARGEST = 16384


def clip_size(
    family: VideoFamily, connected: ClipConnected, settings: ClipSettings
) -> tuple[Extent, list[str]]:
    """Width and height, and what the user should know about them; PlanError on nonsense."""
    if settings.size not in SIZES:
        raise PlanError(f"Unknown size {settings.size!r}; use one of {', '.join(SIZES)}.")
    depth, scale = connected.depth, 1.0
    if settings.size == "megapixels":
        wanted = family.megapixels if settings.megapixels is None else settings.megapixels
        if wanted <= 0:
            raise PlanError(
                f"{wanted} megapixels is no size; type 0.1 or more, or leave it at auto."
            )
        scale = math.sqrt(wanted * MEGAPIXEL / (depth.width * depth.height))
    multiple = family.multiple * connected.model.guide_downscale
    width, height = (
        max(round(side * scale / multiple) * multiple, _SMALLEST)
        for side in (depth.width, depth.height)
    )
    if max(width, height) > _LARGEST:
        raise PlanError(
            f"The clip would be {width}x{height}; a side can have at most {_LARGEST} pixels. Set "
            "size to megapixels."
        )
    size = Extent(width, height)
    notes: list[str] = []
    if not same_ratio(depth, size):
        notes.append(
            f"Warning: the depth is {depth.width}x{depth.height}, the clip {size}, a multiple of "
            f"{multiple}: the ratio changes."
        )
    pixels = width * height / MEGAPIXEL
    if pixels > 3 * family.megapixels:
        notes.append(
            f"{family.title} was trained at about {family.megapixels:.2g} megapixels, this clip "
            f"has {pixels:.2g}: it takes long and may repeat itself."
        )
    return size, notes
