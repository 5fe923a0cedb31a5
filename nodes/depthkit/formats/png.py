"""PNG: a fast writer for 8 and 16 bits, and the depth reader.

Pillow writes 16 bits only as grey, and its deflate spends most of its time looking for repeats that
a noisy depth map does not have. Rows filtered by "up" and zlib's run-length strategy reach nearly
the same size several times faster, and zlib works outside the interpreter lock.
"""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Mapping
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..depth_map import DepthMap
from ..errors import FormatError
from .deep_colour import sixteen_bit_colour
from .grey import depth_of, grey_plane, not_grey
from .guard import damaged_is_an_error
from .options import LoadOptions, SaveOptions, check_size
from .quantise import quantise
from .record import RECORD_KEY, Record
from .streams import byte_count

__all__ = ["decode", "encode", "pixels", "planes_and_texts", "read_texts", "recognises", "write"]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
_HEAD_BYTES = 25
_UP = 2
_STRIP_BYTES = 1 << 22
# Deflate cannot shrink anything by more than this, so a header cannot promise more pixels.
_DEFLATE_RATIO = 1032


def recognises(data: bytes) -> bool:
    return data.startswith(SIGNATURE)


def write(
    image: NDArray[np.generic],
    texts: Mapping[str, str] | None = None,
    international: Mapping[str, str] | None = None,
    srgb: bool = False,
) -> bytes:
    """PNG bytes of (H, W) or (H, W, C) uint8 or uint16, C = 1..4.

    texts: Latin-1 tEXt chunks, as ComfyUI writes and reads them; international: UTF-8 iTXt chunks;
    srgb: declare the sRGB colour space (images only: depth has none).
    """
    planes = image if image.ndim == 3 else image[..., None]
    height, width, channels = planes.shape
    bits = 16 if planes.dtype == np.uint16 else 8
    header = struct.pack(">IIBBBBB", width, height, bits, _COLOUR_TYPES[channels], 0, 0, 0)
    parts = [SIGNATURE, _chunk(b"IHDR", header)]
    if srgb:
        parts.append(_chunk(b"sRGB", b"\x00"))
    for key, text in (texts or {}).items():
        parts.append(_text_chunk(key, text))
    for key, text in (international or {}).items():
        parts.append(_international_chunk(key, text))
    parts += [_chunk(b"IDAT", _deflate(planes)), _chunk(b"IEND", b"")]
    return b"".join(parts)


def _deflate(planes: NDArray[np.generic]) -> bytes:
    rows = planes.reshape(planes.shape[0], -1)
    row_bytes = rows.shape[1] * rows.dtype.itemsize
    step = max(1, _STRIP_BYTES // row_bytes)
    machine = zlib.compressobj(1, zlib.DEFLATED, 15, 9, zlib.Z_RLE)
    above = np.zeros((1, row_bytes), np.uint8)
    parts = []
    for start in range(0, len(rows), step):
        strip = rows[start : start + step]
        strip = strip.astype(strip.dtype.newbyteorder(">"), order="C").view(np.uint8)
        filtered = np.empty((len(strip), row_bytes + 1), np.uint8)
        filtered[:, 0] = _UP
        np.subtract(strip[:1], above, out=filtered[:1, 1:])
        np.subtract(strip[1:], strip[:-1], out=filtered[1:, 1:])
        above = strip[-1:]
        parts.append(machine.compress(filtered.data))
    parts.append(machine.flush())
    return b"".join(parts)


def _chunk(kind: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(body, zlib.crc32(kind))
    return b"".join((struct.pack(">I", len(body)), kind, body, struct.pack(">I", checksum)))


def _text_chunk(key: str, text: str) -> bytes:
    try:
        return _chunk(b"tEXt", key.encode("latin-1") + b"\0" + text.encode("latin-1"))
    except UnicodeEncodeError:
        return _international_chunk(key, text)


def _international_chunk(key: str, text: str) -> bytes:
    return _chunk(b"iTXt", key.encode("latin-1") + b"\0\0\0\0\0" + text.encode("utf-8"))


def encode(
    depth: DepthMap, record: Record, image: NDArray[np.float32] | None, options: SaveOptions
) -> bytes:
    """16-bit grey with the record as iTXt."""
    return write(quantise(depth, record), options.texts, {RECORD_KEY: record.to_json()})


def read_texts(data: bytes) -> dict[str, str]:
    """Every text chunk; used by tests and by whoever asks what a file carries."""
    with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
        image.load()
        return {str(k): str(v) for k, v in getattr(image, "text", {}).items()}


def decode(file: IO[bytes], options: LoadOptions) -> DepthMap:
    """Depth of a grey PNG of 1 to 16 bits, or packed into the bytes of a coloured one."""
    with damaged_is_an_error("PNG"):
        planes, texts = planes_and_texts(file)
        record = Record.from_json(texts[RECORD_KEY]) if RECORD_KEY in texts else None
        return depth_of(planes, record, "PNG", options, log_range=_log_range(texts))


def pixels(data: bytes) -> NDArray[np.generic]:
    """(H, W) uint8 or uint16 of a PNG that is grey, if only by equal channels."""
    planes, _ = planes_and_texts(io.BytesIO(data))
    stored, _ = grey_plane(planes)
    if stored is None:
        raise not_grey(planes, "PNG")
    return stored


def planes_and_texts(file: IO[bytes]) -> tuple[NDArray[np.generic], dict[str, str]]:
    """(H, W, C) uint8 or uint16, C = 1..4, and the texts."""
    length = byte_count(file)
    width, height, bits = struct.unpack(">IIB", file.read(_HEAD_BYTES)[16:])
    check_size(width, height)
    if width * height * bits // 8 > _DEFLATE_RATIO * length + 4096:
        raise FormatError("This PNG is cut short: its header promises more than it can hold.")
    file.seek(0)
    with Image.open(file, formats=["PNG"]) as image:
        image.load()
        texts = {str(k): str(v) for k, v in getattr(image, "text", {}).items()}
        if image.mode.startswith("I"):
            return _sixteen_bit_grey(image)[..., None], texts
        if bits == 16:
            planes = sixteen_bit_colour(file)
            if planes is None:
                raise FormatError("This PNG names a transparent colour; save it with alpha.")
            return planes, texts
        return np.atleast_3d(np.asarray(image.convert(_mode(image)))), texts


def _sixteen_bit_grey(image: Image.Image) -> NDArray[np.uint16]:
    """Row by row: Pillow's own way to an array holds the pixels three times."""
    out = np.empty((image.height, image.width), np.uint16)
    rows = max(1, _STRIP_BYTES // (2 * image.width))
    for top in range(0, image.height, rows):
        low = min(top + rows, image.height)
        out[top:low] = np.asarray(image.crop((0, top, image.width, low)))
    return out


def _mode(image: Image.Image) -> str:
    """The plainest mode that holds what a palette or a bit stands for."""
    if image.mode in ("L", "LA", "RGB", "RGBA"):
        return image.mode
    if image.mode == "1":
        return "L"
    return "RGBA" if image.has_transparency_data else "RGB"


def _log_range(texts: Mapping[str, str]) -> tuple[float, float] | None:
    """MoGe's 16-bit PNG: `near` and `far` as text, log codes, 0 = none, 65535 = infinity."""
    try:
        near, far = (float(json.loads(texts[key])) for key in ("near", "far"))
    except (KeyError, ValueError, TypeError):
        return None
    return (near, far) if 0 < near < far < float("inf") else None
