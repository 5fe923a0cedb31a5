"""TIFF depth: 32-bit float or 16-bit grey, deflate, the record in ImageDescription."""

from __future__ import annotations

from typing import IO

import numpy as np
from numpy.typing import NDArray

from ..depth_map import DepthMap
from .embed import exif_tags
from .grey import depth_of
from .guard import damaged_is_an_error
from .options import LoadOptions, SaveOptions
from .orientation import turned
from .quantise import as_floats, quantise
from .record import Record
from .tiff_read import page_names, read_page, recognises
from .tiff_write import write as write_tiff

__all__ = ["decode", "encode_codes", "encode_float", "layers", "recognises"]

_DESCRIPTION = 270


def encode_float(
    depth: DepthMap, record: Record, image: NDArray[np.float32] | None, options: SaveOptions
) -> bytes:
    """32-bit float, NaN where invalid."""
    return _encode_tiff(as_floats(depth, record), record, options)


def encode_codes(
    depth: DepthMap, record: Record, image: NDArray[np.float32] | None, options: SaveOptions
) -> bytes:
    """16-bit codes, 0 where invalid."""
    return _encode_tiff(quantise(depth, record), record, options)


def _encode_tiff(pixels: NDArray[np.generic], record: Record, options: SaveOptions) -> bytes:
    texts = {_DESCRIPTION: record.to_json(), **exif_tags(options.texts)}
    return write_tiff(pixels, texts)


def decode(file: IO[bytes], options: LoadOptions) -> DepthMap:
    """Depth of a TIFF of any real type, upright: the page `options.channel`, or the first."""
    with damaged_is_an_error("TIFF"):
        page = read_page(file, options.channel)
        is_ours = page.description.startswith('{"version"')
        record = Record.from_json(page.description) if is_ours else None
        depth = depth_of(
            page.planes,
            record,
            "TIFF",
            options,
            layer=page.name,
            no_data=page.no_data,
            full=page.full,
        )
        return turned(depth, page.orientation)


def layers(file: IO[bytes]) -> list[str]:
    """Numbers of its pages. Raises FormatError."""
    with damaged_is_an_error("TIFF"):
        return page_names(file)
