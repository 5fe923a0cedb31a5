"""Colour of 16 bits a channel, for which Pillow has no mode: it keeps the high byte of each sample.

Told the opposite byte order, the same decoder keeps the low byte. Two passes give all 16 bits, with
filters and interlacing undone by Pillow itself.
"""

from __future__ import annotations

import sys
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

__all__ = ["sixteen_bit_colour"]

_NATIVE = "L" if sys.byteorder == "little" else "B"
_OTHER_ORDER = {"L": "B", "B": "L"}
_GREY_ALPHA = "LA;16B"
_FORMATS = ("PNG",)
_MAGIC = b"\x89PNG"


def sixteen_bit_colour(file: IO[bytes]) -> NDArray[np.uint16] | None:
    """(H, W, C) of a PNG with 2 (grey and alpha), 3 or 4 channels of 16 bits, upright.

    None for every other file, grey ones included: Pillow reads those whole.
    """
    file.seek(0)
    if file.read(len(_MAGIC)) != _MAGIC:
        return None
    with _opened_photo(file) as image:
        raw = _raw_mode(image)
        # A colour that stands for "transparent" is compared with 8 bits by Pillow.
        if ";16" not in raw or image.mode.startswith("I") or "transparency" in image.info:
            return None
        if raw == _GREY_ALPHA:
            # Four bytes a pixel, and no opposite order in Pillow: they come as four channels.
            pairs = _unpacked_by_pillow(file, "RGBA")
            return _sixteen_bits(pairs[..., 0::2], pairs[..., 1::2])
        high = np.asarray(ImageOps.exif_transpose(image)).astype(np.uint16)
    return _sixteen_bits(high, _unpacked_by_pillow(file, _opposite(raw)))


def _sixteen_bits(high: NDArray[np.uint16], low: NDArray[np.uint16]) -> NDArray[np.uint16]:
    return np.bitwise_or(np.left_shift(high, 8, dtype=np.uint16), low, dtype=np.uint16)


def _raw_mode(image: Image.Image) -> str:
    tiles = getattr(image, "tile", None)
    if not tiles:
        return ""
    args = tiles[0][3]
    return str(args if isinstance(args, str) else args[0])


def _opposite(raw: str) -> str:
    order = raw[-1] if raw[-1] in _OTHER_ORDER else _NATIVE
    return f"{raw[:-1]}{_OTHER_ORDER[order]}"


def _opened_photo(file: IO[bytes]) -> Image.Image:
    file.seek(0)
    return Image.open(file, formats=_FORMATS)


def _unpacked_by_pillow(file: IO[bytes], raw: str) -> NDArray[np.uint16]:
    """The image through another of Pillow's unpackers."""
    with _opened_photo(file) as image:
        for index, tile in enumerate(image.tile):  # type: ignore[attr-defined]
            parts = (*tile[:3], _with(tile[3], raw))
            # A plain tuple up to Pillow 10, a named one since.
            changed = parts if type(tile) is tuple else type(tile)(*parts)
            image.tile[index] = changed  # type: ignore[attr-defined]
        return np.asarray(ImageOps.exif_transpose(image)).astype(np.uint16)


def _with(args: object, raw: str) -> object:
    return raw if isinstance(args, str) else (raw, *args[1:])  # type: ignore[index]
