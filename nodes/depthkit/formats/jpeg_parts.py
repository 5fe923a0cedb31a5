"""Where a JPEG image ends inside its file, and the images that lie behind it (MPO)."""

from __future__ import annotations

import re
import struct

__all__ = ["end_of", "images_behind"]

_START = b"\xff\xd8\xff"
_END, _SCAN = 0xD9, 0xDA
_BARE = frozenset((0x01, 0xD8, *range(0xD0, 0xD8)))
# Inside entropy-coded data 0xFF is followed by 0, a restart marker or another 0xFF.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_MOST = 16


def end_of(data: bytes, start: int = 0) -> int:
    """The place behind the end marker of the JPEG at `start`; -1 where there is none."""
    place = start + 2
    while place + 2 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == _END:
            return place + 2
        if marker in _BARE or marker == 0xFF:
            place += 1 if marker == 0xFF else 2
            continue
        if place + 4 > len(data):
            return -1
        (length,) = struct.unpack_from(">H", data, place + 2)
        place += 2 + max(length, 2)
        if marker == _SCAN:
            found = _MARKER.search(data, place)
            if found is None:
                return -1
            place = found.start()
    return -1


def images_behind(data: bytes) -> list[bytes]:
    """The JPEG images that follow the first one, each cut at its end marker."""
    found: list[bytes] = []
    end = end_of(data)
    while end > 0 and len(found) < _MOST:
        start = data.find(_START, end)
        if start < 0:
            break
        end = end_of(data, start)
        if end > 0:
            found.append(data[start:end])
    return found
