"""HEIC files built box by box: HEVC pictures by FFmpeg's encoder, items after ISO/IEC 23008-12.

No HEIC writer is among the test packages, and none writes what phones write: a grid of tiles, an
auxiliary depth image with XMP of its own, a rotation.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass, field

import numpy as np
import pytest

DEPTH_TYPE = b"urn:mpeg:hevc:2015:auxid:2"


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def full(kind: bytes, version: int, *parts: bytes) -> bytes:
    return box(kind, struct.pack(">I", version << 24), *parts)


def hevc(pixels: np.ndarray) -> tuple[bytes, bytes]:
    """(`hvcC` box, length-prefixed access unit) of a picture of (H, W) or (H, W, 3) uint8."""
    av = pytest.importorskip("av")
    if "libx265" not in av.codecs_available:
        pytest.skip("this FFmpeg has no HEVC encoder")
    colour = pixels.ndim == 3
    frame = av.VideoFrame.from_ndarray(pixels, "rgb24" if colour else "gray")
    stream = io.BytesIO()
    with av.open(stream, "w", "mp4") as container:
        track = container.add_stream("libx265", rate=1)
        track.height, track.width = pixels.shape[:2]
        track.pix_fmt = "yuv444p" if colour else "gray"
        track.options = {"x265-params": "lossless=1:keyint=1:log-level=none:info=0"}
        for packet in (*track.encode(frame), *track.encode(None)):
            container.mux(packet)
    data = stream.getvalue()
    at = data.index(b"hvcC") - 4
    (size,) = struct.unpack_from(">I", data, at)
    start = data.index(b"mdat") + 4
    (length,) = struct.unpack_from(">I", data, start - 8)
    return data[at : at + size], data[start : start - 8 + length]


@dataclass
class Item:
    """kind: hvc1, grid, mime or Exif; refers: (kind of reference, item numbers)."""

    kind: bytes
    data: bytes
    properties: list[bytes] = field(default_factory=list)
    refers: list[tuple[bytes, list[int]]] = field(default_factory=list)
    content: bytes = b""


def picture(pixels: np.ndarray, turn: int = 0, **more) -> Item:
    """turn: quarters against the clock, as the file's own rotation."""
    config, unit = hevc(pixels)
    height, width = pixels.shape[:2]
    properties = [config, full(b"ispe", 0, struct.pack(">II", width, height))]
    depths = bytes([8] * (3 if pixels.ndim == 3 else 1))
    properties.append(full(b"pixi", 0, bytes([len(depths)]), depths))
    if turn:
        properties.append(box(b"irot", bytes([turn])))
    return Item(b"hvc1", unit, properties, **more)


def grid(pixels: np.ndarray, tile: int, turn: int = 0) -> list[Item]:
    """Item 1 is the photo, put together from tiles; the tiles are the items behind it."""
    height, width = pixels.shape[:2]
    rows, columns = -(-height // tile), -(-width // tile)
    padded = np.pad(pixels, ((0, rows * tile - height), (0, columns * tile - width), (0, 0)))
    tiles = [
        picture(np.ascontiguousarray(padded[y : y + tile, x : x + tile]))
        for y in range(0, rows * tile, tile)
        for x in range(0, columns * tile, tile)
    ]
    body = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, width, height)
    properties = [full(b"ispe", 0, struct.pack(">II", width, height))]
    properties.append(full(b"pixi", 0, bytes([3, 8, 8, 8])))
    if turn:
        properties.append(box(b"irot", bytes([turn])))
    numbers = list(range(2, 2 + len(tiles)))
    return [Item(b"grid", body, properties, [(b"dimg", numbers)]), *tiles]


def depth_of(pixels: np.ndarray, number: int, xmp: str, turn: int = 0) -> list[Item]:
    """The auxiliary depth image (to be item `number`) of item 1 and its XMP."""
    item = picture(pixels, turn, refers=[(b"auxl", [1])])
    item.properties.append(full(b"auxC", 0, DEPTH_TYPE + b"\0"))
    return [item, text(xmp, number)]


def text(xmp: str, of: int) -> Item:
    return Item(b"mime", xmp.encode(), [], [(b"cdsc", [of])], b"application/rdf+xml\0")


def exif(orientation: int) -> Item:
    from PIL import Image

    tags = Image.Exif()
    tags[0x0112] = orientation
    block = tags.tobytes().removeprefix(b"Exif\0\0")
    return Item(b"Exif", struct.pack(">I", 6) + b"Exif\0\0" + block, [], [(b"cdsc", [1])])


def heic(items: list[Item]) -> bytes:
    """The file; item numbers begin at 1, which is the photo."""
    entries, associations, references = [], [], []
    boxes: list[bytes] = []
    for number, item in enumerate(items, 1):
        hidden = 1 if item.kind == b"hvc1" and number > 1 and not item.refers else 0
        head = struct.pack(">I", (2 << 24) | hidden) + struct.pack(">HH4s", number, 0, item.kind)
        entries.append(box(b"infe", head, b"\0", item.content))
        places = []
        for one in item.properties:
            if one not in boxes:
                boxes.append(one)
            essential = 0x80 if one[4:8] in (b"hvcC", b"irot") else 0
            places.append(essential | (boxes.index(one) + 1))
        if places:
            associations.append(struct.pack(">HB", number, len(places)) + bytes(places))
        for kind, to in item.refers:
            numbers = struct.pack(f">{len(to)}H", *to)
            references.append(box(kind, struct.pack(">HH", number, len(to)), numbers))

    def meta(start: int) -> bytes:
        rows, at = [], start
        for number, item in enumerate(items, 1):
            rows.append(struct.pack(">HHHII", number, 0, 1, at, len(item.data)))
            at += len(item.data)
        return full(
            b"meta",
            0,
            full(b"hdlr", 0, struct.pack(">I4s12x", 0, b"pict"), b"\0"),
            full(b"pitm", 0, struct.pack(">H", 1)),
            full(b"iloc", 0, b"\x44\x00", struct.pack(">H", len(items)), *rows),
            full(b"iinf", 0, struct.pack(">H", len(items)), *entries),
            full(b"iref", 0, *references),
            box(
                b"iprp",
                box(b"ipco", *boxes),
                full(b"ipma", 0, struct.pack(">I", len(associations)), *associations),
            ),
        )

    kind = box(b"ftyp", b"heic", struct.pack(">I", 0), b"mif1", b"heic")
    start = len(kind) + len(meta(0)) + 8
    return kind + meta(start) + box(b"mdat", *(item.data for item in items))
