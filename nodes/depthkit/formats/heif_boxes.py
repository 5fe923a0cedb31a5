"""The boxes of a HEIF file that no HEIF reader hands out: the XMP of auxiliary images.

Layout: ISO/IEC 14496-12 (boxes, `iinf`, `iloc`, `idat`) and 23008-12 (HEIF).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

__all__ = ["has_plain_names", "xmp_items"]

_XMP = b"application/rdf+xml"
_MOST_ITEMS = 4096
_MOST_BYTES = 1 << 24


def xmp_items(data: bytes) -> list[str]:
    """Every XMP packet of the file, of the photo and of its auxiliary images. No error is raised:
    what is damaged is left out."""
    try:
        return [text for text in _xmp_packets(data) if text]
    except (struct.error, IndexError):
        return []


def has_plain_names(data: bytes) -> bool:
    """Whether the kinds of items and of auxiliary images are ASCII, as they must be.

    pi-heif 1.4 ends the whole process on others.
    """
    try:
        return all(name.isascii() for name in _all_names(data))
    except (struct.error, IndexError):
        return False


def _all_names(data: bytes) -> Iterator[bytes]:
    for kind, meta in _boxes(data, 0, len(data)):
        if kind != b"meta":
            continue
        for inner, (at, stop) in _boxes(data, meta[0] + 4, meta[1]):
            if inner == b"iinf":
                yield from _item_names(data, at, stop)
            if inner == b"iprp":
                for child, (start, end) in _boxes(data, at, stop):
                    if child == b"ipco":
                        properties = _boxes(data, start, end)
                        yield from (data[a + 4 : b] for k, (a, b) in properties if k == b"auxC")


def _item_names(data: bytes, start: int, end: int) -> Iterator[bytes]:
    head = 6 if data[start] == 0 else 8
    for kind, (at, stop) in _boxes(data, start + head, end):
        if kind == b"infe":
            # Version, flags and the number of the item before its names.
            yield data[at + (8 if data[at] < 3 else 10) : stop]


def _xmp_packets(data: bytes) -> Iterator[str]:
    meta = next((body for kind, body in _boxes(data, 0, len(data)) if kind == b"meta"), None)
    if meta is None:
        return
    inside = dict(reversed(list(_boxes(data, meta[0] + 4, meta[1]))))
    if b"iinf" not in inside or b"iloc" not in inside:
        return
    wanted = set(_xmp_ids(data, *inside[b"iinf"]))
    stored = inside.get(b"idat", (0, 0))
    for item, method, extents in _locations(data, inside[b"iloc"][0]):
        if item in wanted and method in (0, 1):
            base = stored[0] if method == 1 else 0
            parts = [data[base + at : base + at + min(n, _MOST_BYTES)] for at, n in extents]
            yield b"".join(parts).decode("utf-8", "replace").strip("\0 \n")


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """(kind, (start, end) of the body) of the boxes side by side in a part of the file."""
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start + 8)
            head = 16
        size = size or end - start
        if size < head:
            return
        yield kind, (start + head, min(start + size, end))
        start += size


def _xmp_ids(data: bytes, start: int, end: int) -> Iterator[int]:
    version = data[start]
    for kind, (at, stop) in _boxes(data, start + (6 if version == 0 else 8), end):
        if kind != b"infe" or data[at] < 2:
            continue
        wide = data[at] >= 3
        (item,) = struct.unpack_from(">I" if wide else ">H", data, at + 4)
        place = at + 4 + (4 if wide else 2) + 2
        if data[place : place + 4] == b"mime" and _XMP in data[place:stop]:
            yield item


def _locations(data: bytes, at: int) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """(item, construction method, [(offset, length)])."""
    version = data[at]
    sizes, more = data[at + 4], data[at + 5]
    widths = (sizes >> 4, sizes & 15, more >> 4, more & 15 if version else 0)
    offset_bytes, length_bytes, base_bytes, index_bytes = widths
    at += 6
    count = _big_endian(data, at, 4 if version == 2 else 2)
    at += 4 if version == 2 else 2
    for _ in range(min(count, _MOST_ITEMS)):
        item = _big_endian(data, at, 4 if version == 2 else 2)
        at += 4 if version == 2 else 2
        method = _big_endian(data, at, 2) & 15 if version else 0
        at += 4 if version else 2
        base = _big_endian(data, at, base_bytes)
        at += base_bytes
        extents: list[tuple[int, int]] = []
        extent_count = _big_endian(data, at, 2)
        at += 2
        for _ in range(min(extent_count, _MOST_ITEMS)):
            at += index_bytes
            offset = _big_endian(data, at, offset_bytes)
            extents.append((base + offset, _big_endian(data, at + offset_bytes, length_bytes)))
            at += offset_bytes + length_bytes
        yield item, method, extents


def _big_endian(data: bytes, at: int, width: int) -> int:
    if at + width > len(data):
        raise IndexError("cut short")
    return int.from_bytes(data[at : at + width], "big")
