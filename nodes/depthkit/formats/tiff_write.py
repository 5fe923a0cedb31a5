"""TIFF files through tifffile: deflate, strips of a megabyte, differences for whole numbers."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .tiff_read import tifffile

__all__ = ["write"]

_STRIP_BYTES = 1 << 20
_DESCRIPTION = 270
# Where 32-bit offsets end; beyond it BigTIFF is written.
_CLASSIC_BYTES = (1 << 32) - (1 << 26)


def write(
    image: NDArray[np.generic], texts: Mapping[int, str] | None = None, profile: bytes = b""
) -> bytes:
    """TIFF bytes of (H, W) or (H, W, C) uint8, uint16 or float32, C = 1, 3 or 4.

    texts: tag number -> text; profile: an ICC profile.
    """
    planes = image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image
    channels = planes.shape[2] if planes.ndim == 3 else 1
    others = {tag: text for tag, text in (texts or {}).items() if tag != _DESCRIPTION}
    stream = io.BytesIO()
    tifffile().imwrite(
        stream,
        np.ascontiguousarray(planes),
        byteorder="<",
        bigtiff=planes.nbytes > _CLASSIC_BYTES,
        photometric="rgb" if channels >= 3 else "minisblack",
        planarconfig="contig" if channels >= 3 else None,
        extrasamples=["unassalpha"] if channels == 4 else None,
        compression="zlib",
        compressionargs={"level": 1},
        predictor=planes.dtype.kind != "f",
        rowsperstrip=max(1, _STRIP_BYTES // max(1, planes[:1].nbytes)),
        description=(texts or {}).get(_DESCRIPTION),
        extratags=[(tag, "s", 0, text, True) for tag, text in others.items()],
        iccprofile=profile or None,
        metadata=None,
        software=False,
        maxworkers=1,
    )
    return stream.getvalue()
