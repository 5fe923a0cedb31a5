"""What an OpenEXR header may promise, checked against the length of the file.

Every chunk of a file has an entry of 8 bytes in the offset table and at least 8 bytes of its own
(OpenEXR file layout), so that a short file cannot hold many rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import FormatError
from .options import check_size

__all__ = ["check_headers"]

_MAX_CHANNELS = 256
# Rows of one chunk; what is not listed has one.
_ROWS = {
    "ZIP": 16, "PXR24": 16, "PIZ": 32, "B44": 32, "B44A": 32, "DWAA": 32, "DWAB": 256,
    "HTJ2K32": 32, "HTJ2K256": 256, "LJ2K": 256, "ZSTD": 1,
}  # fmt: skip
_CHUNK_BYTES = 16
# A small thing rendered alone in a frame of 8K.
_MAX_EMPTY_PIXELS = 1 << 25
_BYTES_PER_SAMPLE = 4
# What a part may take in memory whatever the length of its file, and how far deflate shrinks.
_FREE_BYTES = 1 << 28
_DEFLATE_RATIO = 1032


def check_headers(headers: Sequence[Mapping[str, Any]], length: int) -> None:
    """Raise FormatError unless a file of `length` bytes can hold what its headers promise."""
    chunks = total = 0
    for header in headers:
        for window in ("dataWindow", "displayWindow"):
            check_size(*_window_size(header[window]))
        count = len(header["channels"])
        if count > _MAX_CHANNELS:
            raise FormatError(f"The EXR has {count} channels in one part; too many.")
        if "deep" in str(header.get("type", "")):
            raise FormatError(
                "This EXR is a deep image (many depths in one pixel). Flatten it in the program "
                "that made it, then load that file."
            )
        width, height = _window_size(header["dataWindow"])
        chunks += _chunks(header, width, height)
        total += width * height * count * _BYTES_PER_SAMPLE
        shown, stored = math.prod(_window_size(header["displayWindow"])), width * height
        if shown > max(_MAX_EMPTY_PIXELS, 4 * stored):
            raise FormatError(
                f"The image of this EXR has {shown} pixels, and only {stored} of them are stored. "
                "The file is damaged, or must be cropped first."
            )
    if chunks * _CHUNK_BYTES > length or total > max(_FREE_BYTES, length * _DEFLATE_RATIO):
        raise FormatError("This EXR is cut short: its header promises more than it can hold.")


def _window_size(window: Any) -> tuple[int, int]:
    (left, top), (right, bottom) = window
    return int(right) - int(left) + 1, int(bottom) - int(top) + 1


def _chunks(header: Mapping[str, Any], width: int, height: int) -> int:
    tiles = header.get("tiles")
    if tiles is not None and "tile" in str(header.get("type", "")):
        across, down = max(1, int(tiles.xSize)), max(1, int(tiles.ySize))
        return -(-width // across) * -(-height // down)
    name = str(getattr(header.get("compression"), "name", "")).removesuffix("_COMPRESSION")
    return -(-height // _ROWS.get(name, 1))
