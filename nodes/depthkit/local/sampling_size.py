"""The exact size that is sampled: the ratio of the depth, the family's multiple."""

from __future__ import annotations

import math

from ..errors import PlanError
from .facts import Connected, Extent, Settings
from .families import GENERIC
from .family import Family

__all__ = ["SIZES", "same_ratio", "sampling_size", "second_size", "size_multiple", "size_notes"]

SIZES = ("from depth", "megapixels")
MEGAPIXEL = 1024 * 1024

_SMALLEST = 64
_LARGEST = 16384  # core's own limit of a side
_RATIO_TOLERANCE = 0.03
_T2I_MULTIPLE = 64


def size_multiple(family: Family, connected: Connected) -> int:
    """T2I adapters halve three times below the latent without padding; nets pad."""
    adapter = connected.control is not None and connected.control.kind == "t2i"
    # Transformers work on patches of two by two latents.
    patch = 2 * connected.model.downscale if family is GENERIC else 1
    return max(_T2I_MULTIPLE if adapter else family.multiple, patch)


def sampling_size(family: Family, connected: Connected, settings: Settings) -> Extent:
    """Size of the first pass; raises PlanError on an impossible size."""
    if settings.size not in SIZES:
        raise PlanError(f"Unknown size {settings.size!r}; use one of {', '.join(SIZES)}.")
    scale = 1.0
    if settings.size == "megapixels":
        wanted = family.megapixels if settings.megapixels is None else settings.megapixels
        if wanted <= 0:
            raise PlanError(
                f"{wanted} megapixels is no size; type 0.1 or more, or leave it at auto."
            )
        scale = math.sqrt(wanted * MEGAPIXEL / (connected.depth.width * connected.depth.height))
    return _extent(connected, scale, size_multiple(family, connected))


def second_size(family: Family, connected: Connected, first: Extent, scale: float) -> Extent:
    """Size of the second pass, `scale` times the first in each direction."""
    base = first.width / connected.depth.width * scale
    tall = first.height / connected.depth.height * scale
    return _extent(connected, base, size_multiple(family, connected), tall)


def _extent(
    connected: Connected, scale: float, multiple: int, scale_y: float | None = None
) -> Extent:
    def side(pixels: float) -> int:
        return max(round(pixels / multiple) * multiple, _SMALLEST)

    width = side(connected.depth.width * scale)
    height = side(connected.depth.height * (scale if scale_y is None else scale_y))
    if max(width, height) > _LARGEST:
        raise PlanError(
            f"The image would be {width}x{height}; a side can have at most {_LARGEST} pixels. "
            "Set size to megapixels, or make the second pass smaller."
        )
    return Extent(width, height)


def size_notes(family: Family, connected: Connected, size: Extent) -> list[str]:
    """What the user should know about the size before waiting for it."""
    notes: list[str] = []
    depth = connected.depth
    if not same_ratio(depth, size):
        notes.append(
            f"Warning: the depth is {depth.width}x{depth.height}, the image {size}: a multiple "
            f"of {size_multiple(family, connected)}, at least {_SMALLEST}; the ratio changes."
        )
    pixels = size.width * size.height / MEGAPIXEL
    if not 0.3 * family.megapixels < pixels < 2.5 * family.megapixels:
        notes.append(
            f"{family.title} was trained at about {family.megapixels:.2g} megapixels, this image "
            f"has {pixels:.2g}. Size megapixels takes its own; a second pass adds detail."
        )
    return notes


def same_ratio(one: Extent, other: Extent) -> bool:
    """Whether both show the same frame, up to rounding to whole pixels."""
    off = abs(math.log(one.width * other.height / (one.height * other.width)))
    rounding = 1 / min(one.width, one.height, other.width, other.height)
    return off <= max(_RATIO_TOLERANCE, rounding)
