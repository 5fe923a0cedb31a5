"""A stereo photo in one file: two JPEG images in the Multi-Picture Format (MPO, CIPA DC-007-2009).

Pillow writes such files too, but marks the second image as of no known kind, so that 3-D screens
and viewers do not know the two as the eyes of one photo.
"""

from __future__ import annotations

import struct
from dataclasses import replace

from torch import Tensor

from ..errors import InvalidInput
from .image_files import IMAGES, ImageFormat, ImageOptions, encode_image

__all__ = ["STEREO_PHOTOS", "encode_stereo_photo"]

STEREO_PHOTOS: dict[str, ImageFormat] = {
    "mpo": replace(IMAGES["jpg"], name="mpo", extension="mpo", label="MPO, two images", shows=False)
}
"""Formats of which each file holds two images, the left eye's first."""

_APP0, _APP1, _APP2 = 0xE0, 0xE1, 0xE2
# Multi-frame image (disparity); the first is what a viewer of single images shows.
_DISPARITY, _REPRESENTATIVE = 0x020002, 1 << 29
_LONG, _UNDEFINED, _RATIONAL, _SRATIONAL = 4, 7, 5, 10
_VERSION = (0xB000, _UNDEFINED, 4, b"0100")
_UNKNOWN = b"\xff" * 8
# Byte order mark and the place of the first directory; before them marker, length and MPF.
_HEADER, _BEFORE_MARK = 8, 8
_ENTRY = 16


def encode_stereo_photo(left: Tensor, right: Tensor, options: ImageOptions | None = None) -> bytes:
    """The bytes of one MPO file; the texts of the options go into the first image.

    left, right: (H, W, C) as in `encode_image`, of one size. Raises InvalidInput and FormatError
    as `encode_image` does, and InvalidInput on two sizes.
    """
    if left.shape[:2] != right.shape[:2]:
        raise InvalidInput(
            f"The left image is {left.shape[1]} x {left.shape[0]} and the right one "
            f"{right.shape[1]} x {right.shape[0]}; both eyes of a photo have one size."
        )
    options = options or ImageOptions()
    first = encode_image(left, "jpg", options)
    second = encode_image(right, "jpg", replace(options, texts={}))
    second = _with_segment(second, _mpf_segment(_viewpoint(2, version=True)))
    length = len(first) + len(_mpf_segment(_picture_index(0, 0, 0)))
    mark = _behind_exif(first) + _BEFORE_MARK
    segment = _mpf_segment(_picture_index(length, len(second), length - mark))
    return _with_segment(first, segment) + second


def _picture_index(first: int, second: int, offset: int) -> bytes:
    """The index of both images, and the first one's own attributes: lengths in bytes, and the
    second one's place from the byte order mark on."""
    entries = struct.pack("<LLLHH", _DISPARITY | _REPRESENTATIVE, first, 0, 0, 0)
    entries += struct.pack("<LLLHH", _DISPARITY, second, offset, 0, 0)
    images = (0xB001, _LONG, 1, struct.pack("<L", 2))
    table = (0xB002, _UNDEFINED, 2 * _ENTRY, entries)
    return _mpf_directory([_VERSION, images, table], _HEADER, follows=True) + _viewpoint(
        1, version=False
    )


def _viewpoint(number: int, *, version: bool) -> bytes:
    """Attributes of one image: the viewpoints are counted from the left, the first is the base;
    angle and distance between them are not known."""
    rows = [
        (0xB101, _LONG, 1, struct.pack("<L", number)),
        (0xB204, _LONG, 1, struct.pack("<L", 1)),
        (0xB205, _SRATIONAL, 1, _UNKNOWN),
        (0xB206, _RATIONAL, 1, _UNKNOWN),
    ]
    start = _HEADER if version else _HEADER + _index_bytes()
    return _mpf_directory([_VERSION, *rows] if version else rows, start, follows=False)


def _index_bytes() -> int:
    return 2 + 3 * 12 + 4 + 2 * _ENTRY


def _mpf_directory(rows: list[tuple[int, int, int, bytes]], start: int, *, follows: bool) -> bytes:
    """A TIFF directory at `start` bytes behind the byte order mark, with its longer values behind
    it, where the next one lies if one `follows`."""
    behind = start + 2 + 12 * len(rows) + 4
    fields, values = b"", b""
    for tag, kind, count, data in rows:
        place = data if len(data) <= 4 else struct.pack("<L", behind + len(values))
        values += b"" if len(data) <= 4 else data
        fields += struct.pack("<HHL", tag, kind, count) + place
    following = behind + len(values) if follows else 0
    return struct.pack("<H", len(rows)) + fields + struct.pack("<L", following) + values


def _mpf_segment(directories: bytes) -> bytes:
    body = b"MPF\0" + struct.pack("<2sHL", b"II", 42, _HEADER) + directories
    return struct.pack(">BBH", 0xFF, _APP2, 2 + len(body)) + body


def _behind_exif(jpeg: bytes) -> int:
    """Behind the segments of JFIF and Exif, which come first."""
    at = 2
    while jpeg[at + 1] in (_APP0, _APP1):
        at += 2 + struct.unpack_from(">H", jpeg, at + 2)[0]
    return at


def _with_segment(jpeg: bytes, segment: bytes) -> bytes:
    at = _behind_exif(jpeg)
    return jpeg[:at] + segment + jpeg[at:]
