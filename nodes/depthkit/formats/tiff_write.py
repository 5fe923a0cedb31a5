"""A baseline TIFF writer for what Pillow cannot write: 16-bit and float colour, and any of it fast.

Little-endian, deflate, strips, one page (TIFF 6.0; deflate and float from Adobe's supplements).
Whole numbers are stored as differences to the left neighbour (predictor 2).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError

__all__ = ["write"]

_STRIP_BYTES = 1 << 20
_ASCII, _SHORT, _LONG, _UNDEFINED = 2, 3, 4, 7
_CODES = {_SHORT: "H", _LONG: "I"}
_DEFLATE, _DIFFERENCES = 8, 2
_ICC = 34675
_UNASSOCIATED_ALPHA = 2


def write(
    image: NDArray[np.generic], texts: Mapping[int, str] | None = None, profile: bytes = b""
) -> bytes:
    """TIFF bytes of (H, W) or (H, W, C) uint8, uint16 or float32, C = 1, 3 or 4.

    texts: tag number -> text; profile: an ICC profile.
    """
    planes = image if image.ndim == 3 else image[..., None]
    strips, rows = _strips(planes)
    tags = _tags(planes, rows) | {
        tag: (_ASCII, text.encode() + b"\0") for tag, text in (texts or {}).items()
    }
    if profile:
        tags[_ICC] = (_UNDEFINED, profile)
    starts, place = [], 8
    for strip in strips:
        starts.append(place)
        place += len(strip) + len(strip) % 2
    tags[273], tags[279] = (_LONG, starts), (_LONG, [len(s) for s in strips])
    directory = _directory(tags, place)
    if place + len(directory) >= 1 << 32:
        raise FormatError("This image is too large for TIFF (4 GB); save it as OpenEXR or PNG.")
    padded = [s + b"\0" * (len(s) % 2) for s in strips]
    return b"".join((struct.pack("<2sHI", b"II", 42, place), *padded, directory))


def _tags(planes: NDArray[np.generic], rows: int) -> dict[int, tuple[int, list[int] | bytes]]:
    height, width, channels = planes.shape
    is_float = planes.dtype.kind == "f"
    tags: dict[int, tuple[int, list[int] | bytes]] = {
        256: (_LONG, [width]),
        257: (_LONG, [height]),
        258: (_SHORT, [planes.dtype.itemsize * 8] * channels),
        259: (_SHORT, [_DEFLATE]),
        262: (_SHORT, [2 if channels >= 3 else 1]),
        277: (_SHORT, [channels]),
        278: (_LONG, [rows]),
        284: (_SHORT, [1]),
        339: (_SHORT, [3 if is_float else 1] * channels),
    }
    if not is_float:
        tags[317] = (_SHORT, [_DIFFERENCES])
    if channels == 4:
        tags[338] = (_SHORT, [_UNASSOCIATED_ALPHA])
    return tags


def _strips(planes: NDArray[np.generic]) -> tuple[list[bytes], int]:
    little = planes.astype(planes.dtype.newbyteorder("<"), copy=False)
    row_bytes = max(1, little[:1].nbytes)
    rows = min(len(little), max(1, _STRIP_BYTES // row_bytes))
    strips = []
    for start in range(0, len(little), rows):
        strip = np.ascontiguousarray(little[start : start + rows])
        if strip.dtype.kind != "f":
            strip = strip.copy()
            strip[:, 1:] -= little[start : start + rows, :-1]
        strips.append(zlib.compress(strip.tobytes(), 1))
    return strips, rows


def _directory(tags: Mapping[int, tuple[int, list[int] | bytes]], place: int) -> bytes:
    """The directory and behind it the values that do not fit into four bytes."""
    entries, behind = [], b""
    start = place + 2 + 12 * len(tags) + 4
    for tag, (kind, value) in sorted(tags.items()):
        body = value
        if not isinstance(body, bytes):
            body = struct.pack(f"<{len(value)}{_CODES[kind]}", *value)
        if len(body) <= 4:
            inline = body.ljust(4, b"\0")
        else:
            inline = struct.pack("<I", start + len(behind))
            behind += body + b"\0" * (len(body) % 2)
        entries.append(struct.pack("<HHI", tag, kind, len(value)) + inline)
    return struct.pack("<H", len(tags)) + b"".join(entries) + b"\0\0\0\0" + behind
