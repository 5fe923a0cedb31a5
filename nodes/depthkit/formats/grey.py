"""Depth from an image of one or several channels, or what its colours are instead."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..depth_map import DepthMap
from ..errors import FormatError
from ..images import is_grey
from .options import LoadOptions
from .packed import PACKED, looks_packed
from .record import Record
from .unlabelled import Plane, understand, unpacked

__all__ = ["depth_of", "grey_plane", "not_grey"]

# A colour map is a line through the colours and crosses few of their 16 x 16 x 16 cells.
_CELLS_OF_A_LINE = 150


def depth_of(
    planes: NDArray[np.generic],
    record: Record | None,
    what: str,
    options: LoadOptions,
    *,
    log_range: tuple[float, float] | None = None,
    layer: str = "",
    no_data: float | None = None,
    full: int | None = None,
) -> DepthMap:
    """The map of (H, W, C) planes; the rest as in `Plane`. Raises FormatError on colours."""
    if options.meaning in PACKED:
        return unpacked(planes, what, options)
    stored, known = grey_plane(planes)
    if stored is None:
        raise not_grey(planes, what)
    plane = Plane(
        stored, record, what, log_range=log_range, layer=layer, known=known, no_data=no_data,
        full=full,
    )  # fmt: skip
    return understand(plane, options)


def grey_plane(
    planes: NDArray[np.generic],
) -> tuple[NDArray[np.generic] | None, NDArray[np.bool_] | None]:
    """(H, W, C), C = 1..4 -> the grey plane, None if coloured; and the opaque pixels, None if all.

    Channels that differ by a code or two, as JPEG leaves them, are still grey: their median counts.
    """
    count = planes.shape[-1]
    known = None
    if count in (2, 4):
        alpha: NDArray[Any] = planes[..., -1]
        top = np.iinfo(alpha.dtype.name).max if alpha.dtype.kind in "ui" else 1.0
        opaque = alpha >= 0.5 * top
        known = None if opaque.all() else opaque
    if count < 3:
        return np.ascontiguousarray(planes[..., 0]), known
    colours = planes[..., :3]
    if (colours == colours[..., :1]).all():
        return np.ascontiguousarray(colours[..., 0]), known
    seen = colours if known is None else colours[known]
    if not is_grey(seen):
        return None, known
    return np.ascontiguousarray(np.sort(colours, axis=-1)[..., 1]), known


def not_grey(planes: NDArray[np.generic], what: str) -> FormatError:
    """The error for a coloured image: packed depth, a colour map, or a photo."""
    colours = planes[..., :3]
    if looks_packed(colours):
        return FormatError(
            f"The colours of this {what} look like depth packed into the bytes of three channels. "
            "Choose one of the 'packed colour' meanings: that of the simulator it comes from."
        )
    if _cells(colours) > _CELLS_OF_A_LINE:
        return FormatError(
            f"This {what} is an ordinary photo or drawing: its colours are not depth. To make "
            "depth from it use Depth Estimation."
        )
    return FormatError(
        f"This {what} is painted with a colour map, which cannot be turned back into depth. Save "
        "the grey map instead."
    )


def _cells(colours: NDArray[Any]) -> int:
    """How many of the cells hold at least one pixel in ten thousand."""
    bits = 8 * colours.dtype.itemsize - 4
    if colours.dtype.kind == "f":
        top = float(np.nanmax(colours)) or 1.0
        cells = np.clip(np.nan_to_num(colours / top) * 15.99, 0, 15).astype(np.int64)
    else:
        cells = (colours >> bits).astype(np.int64)
    index = cells[..., 0] * 256 + cells[..., 1] * 16 + cells[..., 2]
    counts = np.bincount(index.ravel(), minlength=4096)
    return int((counts > index.size / 10_000).sum())
