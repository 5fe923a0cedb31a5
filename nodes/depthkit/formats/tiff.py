"""TIFF depth: 32-bit float or 16-bit grey, deflate, the record in ImageDescription."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..depth_map import DepthMap
from ..errors import FormatError
from .embed import exif_tags
from .guard import damaged_is_an_error
from .options import LoadOptions, SaveOptions, check_size
from .quantise import as_floats, quantise
from .record import Record
from .tiff_write import write as write_tiff
from .unlabelled import Plane, understand

__all__ = ["decode", "encode_codes", "encode_float", "recognises"]

_DESCRIPTION = 270
_MODES = ("F", "I;16", "I;16B", "L", "I;16L")


def recognises(data: bytes) -> bool:
    return data[:4] in (b"II*\0", b"MM\0*")


def encode_float(
    depth: DepthMap, record: Record, image: NDArray[np.float32] | None, options: SaveOptions
) -> bytes:
    """32-bit float, NaN where invalid."""
    return _encode(as_floats(depth, record), record, options)


def encode_codes(
    depth: DepthMap, record: Record, image: NDArray[np.float32] | None, options: SaveOptions
) -> bytes:
    """16-bit codes, 0 where invalid."""
    return _encode(quantise(depth, record), record, options)


def _encode(pixels: NDArray[np.generic], record: Record, options: SaveOptions) -> bytes:
    texts = {_DESCRIPTION: record.to_json(), **exif_tags(options.texts)}
    return write_tiff(pixels, texts)


def decode(data: bytes, options: LoadOptions) -> DepthMap:
    """Depth of a one-channel TIFF (first page)."""
    with (
        damaged_is_an_error("TIFF"),
        Image.open(io.BytesIO(data), formats=["TIFF"]) as image,
    ):
        check_size(*image.size)
        if image.mode not in _MODES:
            raise FormatError(
                f"This TIFF is of kind {image.mode}; depth is one channel of 16-bit grey or 32-bit "
                "float. Convert it first."
            )
        text = image.tag_v2.get(_DESCRIPTION, "")  # type: ignore[attr-defined]
        is_ours = isinstance(text, str) and text.startswith('{"version"')
        pixels = np.asarray(image)
        if image.mode.startswith("I"):
            pixels = pixels.astype(np.uint16)
        return understand(
            Plane(pixels, Record.from_json(text) if is_ours else None, "TIFF"), options
        )
