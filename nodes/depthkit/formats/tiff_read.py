"""Pixels of any TIFF: tifffile where it has the codec itself, Pillow's libtiff for the rest."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import FormatError, FormatUnavailable
from .options import check_size
from .streams import byte_count
from .tiff_bits import DEFLATED, PACKBITS, unpacked_samples

__all__ = ["Page", "page_names", "read_page", "recognises", "tifffile"]

_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_DESCRIPTION, _ORIENTATION, _GDAL_NODATA = 270, 274, 42113
_MAX_PAGES = 4096
_MAX_CHANNELS = 64
# What tifffile unpacks without imagecodecs; 1 is none.
_CODECS = DEFLATED | {1, PACKBITS}
_FLOAT_PREDICTOR = 3
_GREYS = (0, 1, 2)
# Strips are unpacked outside the interpreter lock.
_WORKERS = min(4, os.cpu_count() or 1)
_POOLED_BYTES = 1 << 24
_MIN_IS_WHITE = 0
_DEFLATE_RATIO = 1032


@dataclass(frozen=True, slots=True)
class Page:
    """One page. planes: (H, W, C); full: code of white of packed bits, None where the type says it.

    name: which of several it is, "" for the only one; orientation: as in Exif.
    """

    planes: NDArray[np.generic]
    name: str
    description: str
    orientation: int
    no_data: float | None
    full: int | None


def recognises(data: bytes) -> bool:
    return data[:4] in _MAGIC


@cache
def tifffile() -> ModuleType:
    """The library, silent: what it logs about damaged files becomes our error."""
    try:
        import tifffile
    except ImportError as error:
        raise FormatUnavailable(
            "TIFF files need the package tifffile, which is not installed: pip install tifffile."
        ) from error
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    return tifffile


def page_names(file: IO[bytes]) -> list[str]:
    """Numbers of the pages, as they are typed."""
    with tifffile().TiffFile(file) as tiff:
        first = tiff.pages[0]
        count = first.shape[0] if _is_stack(first) else min(len(tiff.pages), _MAX_PAGES)
        return [str(number) for number in range(1, count + 1)]


def read_page(file: IO[bytes], wanted: str) -> Page:
    """The page with the number `wanted`, or the first one.

    Raises FormatError on a page that is not there, and on kinds of TIFF that cannot be read.
    """
    number, length = _page_number(wanted), byte_count(file)
    with tifffile().TiffFile(file) as tiff:
        first = tiff.pages[0]
        stack = _is_stack(first)
        count = first.shape[0] if stack else min(len(tiff.pages), _MAX_PAGES)
        if number > count:
            raise FormatError(f"This TIFF has {count} pages; there is no page {wanted}.")
        page = first if stack else tiff.pages[number - 1]
        _check_page(page, length)
        simple = _is_simple(page)
        found = _array(page, file) if simple else _through_pillow(page, file, number - 1)
        if stack and found.ndim == 3:
            found = found[number - 1]
        planes = found[..., None] if found.ndim == 2 else found
        if planes.shape[-1] > 4:
            raise FormatError(f"This TIFF has {planes.shape[-1]} channels; depth is one channel.")
        return Page(
            _white_is_large(planes, page) if simple else planes,
            f"page {number} of {count}" if count > 1 else "",
            str(_tag(page, _DESCRIPTION, "")),
            int(_tag(page, _ORIENTATION, 1)) if simple else 1,  # Pillow turns it itself
            _no_data(page),
            _full(page),
        )


def _page_number(wanted: str) -> int:
    plain = wanted.lower().removeprefix("page").strip() or "1"
    if not (plain.isascii() and plain.isdigit()) or int(plain) < 1:
        raise FormatError(f"{wanted!r} is no page of a TIFF; type a number into 'channel'.")
    return int(plain)


def _is_stack(page: Any) -> bool:
    """Whether separate planes of a page are maps of their own, as arrays are often saved."""
    separate = len(page.shape) == 3 and page.axes.startswith("S")
    return separate and (page.dtype.kind == "f" or page.shape[0] not in (3, 4))


def _check_page(page: Any, length: int) -> None:
    check_size(int(page.imagewidth), int(page.imagelength))
    if page.dtype is None or page.dtype.kind not in "fuib" or len(page.shape) > 3:
        raise FormatError(
            f"This kind of TIFF is not supported (numbers of type {page.dtype}, shape "
            f"{page.shape}). Save it as 32-bit float or 16-bit grey."
        )
    if int(page.samplesperpixel) > _MAX_CHANNELS:
        raise FormatError(f"This TIFF has {page.samplesperpixel} channels; depth is one channel.")
    if page.nbytes > length * _DEFLATE_RATIO or sum(page.databytecounts) > 2 * length:
        raise FormatError("This TIFF is cut short: its header promises more than it can hold.")


def _is_simple(page: Any) -> bool:
    """Whether tifffile needs no codec of another package."""
    known = int(page.photometric) in _GREYS and int(page.compression) in _CODECS
    return known and int(page.predictor) != _FLOAT_PREDICTOR


def _array(page: Any, file: IO[bytes]) -> NDArray[Any]:
    """(H, W), (H, W, C) or, of a stack, (N, H, W)."""
    if _full(page) is not None:
        return unpacked_samples(page, file)
    workers = _WORKERS if page.nbytes > _POOLED_BYTES else 1
    found = page.asarray(maxworkers=workers, buffersize=_POOLED_BYTES)
    return np.moveaxis(found, 0, -1) if page.axes == "SYX" and not _is_stack(page) else found


def _through_pillow(page: Any, file: IO[bytes], index: int) -> NDArray[Any]:
    """LZW, JPEG, palettes and what else libtiff knows, where Pillow has a mode for the numbers."""
    kind, bits = page.dtype, int(page.bitspersample)
    one = int(page.samplesperpixel) == 1
    # Pillow keeps 8 bits of deeper colours.
    if not (bits <= 8 or (one and (kind == np.float32 or kind == np.uint16))):
        raise FormatError(
            f"TIFF with compression {page.compression.name} is not supported for numbers of type "
            f"{kind}. Save it with deflate or without compression."
        )
    file.seek(0)
    with Image.open(file, formats=["TIFF"]) as image:
        image.seek(index)
        image.load()
        if image.mode in ("P", "PA", "CMYK", "YCbCr", "LAB", "1"):
            plain = "L" if image.mode == "1" else "RGBA" if image.has_transparency_data else "RGB"
            return np.asarray(image.convert(plain))
        found = np.asarray(image)
    return found.astype(np.uint16) if kind == np.uint16 else found


def _white_is_large(planes: NDArray[Any], page: Any) -> NDArray[Any]:
    if int(page.photometric) != _MIN_IS_WHITE or planes.dtype.kind != "u":
        return planes
    top = _full(page) or np.iinfo(planes.dtype.name).max
    return np.subtract(planes.dtype.type(top), planes)


def _full(page: Any) -> int | None:
    """White of packed integers of 2 to 31 bits."""
    bits = int(page.bitspersample)
    packed = page.dtype.kind == "u" and bits != page.dtype.itemsize * 8
    return (1 << bits) - 1 if packed else None


def _no_data(page: Any) -> float | None:
    """GDAL writes the number as text."""
    value = _tag(page, _GDAL_NODATA, None)
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        return None


def _tag(page: Any, number: int, absent: Any) -> Any:
    tag = page.tags.get(number)
    return absent if tag is None else tag.value
