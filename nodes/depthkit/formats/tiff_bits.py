"""TIFF samples of 2 to 31 bits, the highest bit first, in strips and in tiles.

TIFF 6.0: rows of a strip or tile end at a byte; tiles at the edges are stored whole.
"""

from __future__ import annotations

import zlib
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from .options import check_size

__all__ = ["DEFLATED", "PACKBITS", "unpacked_samples"]

DEFLATED = frozenset((8, 32946))
PACKBITS = 32773
_PLAIN = 1
_PIECE_SAMPLES = 1 << 16


def unpacked_samples(page: Any, file: IO[bytes]) -> NDArray[Any]:
    """(H, W, C) of a page of tifffile. Raises NotImplementedError on other compressions."""
    bits, channels = int(page.bitspersample), int(page.samplesperpixel)
    compression = int(page.compression)
    if compression not in (_PLAIN, PACKBITS, *DEFLATED) or int(page.predictor) != 1:
        raise NotImplementedError(f"{bits} bits, {page.compression.name}")
    if int(page.planarconfig) != 1 and channels > 1:
        raise NotImplementedError(f"{bits} bits in separate planes")
    height, width = int(page.imagelength), int(page.imagewidth)
    tall, wide = _segment_size(page)
    check_size(wide, tall)
    out: NDArray[Any] = np.zeros((height, width, channels), page.dtype)
    row_bytes = -(-wide * channels * bits // 8)
    across = -(-width // wide)
    segments = zip(page.dataoffsets, page.databytecounts, strict=True)
    for number, (start, count) in enumerate(segments):
        top, left = number // across * tall, number % across * wide
        if top >= height or not count:  # tiles without bytes are empty
            continue
        rows = tall if page.is_tiled else min(tall, height - top)
        file.seek(start)
        body = _decompressed(file.read(count), compression, row_bytes * rows)
        stored = np.frombuffer(body, np.uint8, row_bytes * rows).reshape(rows, row_bytes)
        shown = out[top : top + rows, left : left + wide]
        _unpack(stored[: len(shown)], bits, wide * channels, shown)
    return out


def _segment_size(page: Any) -> tuple[int, int]:
    """(height, width) of a tile or of a strip."""
    if page.is_tiled:
        return int(page.tilelength), int(page.tilewidth)
    return min(int(page.rowsperstrip), int(page.imagelength)), int(page.imagewidth)


def _decompressed(body: bytes, compression: int, size: int) -> bytes:
    if compression in DEFLATED:
        return zlib.decompressobj().decompress(body, size)
    return _unpacked_runs(body, size) if compression == PACKBITS else body


def _unpacked_runs(body: bytes, size: int) -> bytes:
    """PackBits (TIFF 6.0, section 9): a count of bytes to copy, or of one byte to repeat."""
    out = bytearray()
    place = 0
    while place < len(body) and len(out) < size:
        count = body[place]
        if count < 128:
            out += body[place + 1 : place + 2 + count]
            place += count + 2
        else:
            out += body[place + 1 : place + 2] * (257 - count if count > 128 else 0)
            place += 2 if count > 128 else 1
    return bytes(out)


def _unpack(stored: NDArray[np.uint8], bits: int, samples: int, out: NDArray[Any]) -> None:
    """Rows of bytes into out (H, W, C), whose rows may be shorter than what is stored."""
    weights = (1 << np.arange(bits - 1, -1, -1)).astype(np.uint32)
    step = max(1, _PIECE_SAMPLES // samples)
    for top in range(0, len(out), step):
        rows = np.unpackbits(stored[top : top + step], axis=1)[:, : samples * bits]
        numbers = rows.reshape(len(rows), samples, bits) @ weights
        part = out[top : top + step]
        part[...] = numbers.reshape(len(rows), -1, part.shape[2])[:, : part.shape[1]]
