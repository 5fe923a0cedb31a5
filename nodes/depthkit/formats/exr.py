"""OpenEXR through its official binding: the only reader that gets every compression right.

Writing: one channel `Z` (or `Y`), or three equal ones, float or half, NaN where invalid. Reading:
the depth channel of single-part, multi-part and multi-layer files, placed in the display window.
"""

from __future__ import annotations

import io
from types import ModuleType
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..depth_map import DepthMap
from ..errors import FormatError, FormatUnavailable
from ..white import White
from .exr_header import check_headers
from .exr_layers import channels_of, choose, nothing_named, ranked
from .guard import damaged_is_an_error
from .options import LoadOptions, SaveOptions
from .quantise import as_floats
from .record import RECORD_KEY, Record
from .streams import byte_count
from .unlabelled import Plane, understand

__all__ = ["decode", "encode_float", "encode_half", "layers", "recognises"]

MAGIC = b"v/1\x01"


def recognises(data: bytes) -> bool:
    return data.startswith(MAGIC)


def _openexr() -> ModuleType:
    try:
        import OpenEXR
    except ImportError as error:
        raise FormatUnavailable(
            "OpenEXR files need the package OpenEXR, which is not installed: pip install OpenEXR."
        ) from error
    return OpenEXR


# The smallest number with all 11 bits.
_SMALLEST_HALF = 2.0**-14


def encode_float(
    depth: DepthMap, record: Record, image: NDArray[np.float32] | None, options: SaveOptions
) -> bytes:
    """32-bit float: every valid number exactly."""
    return _encode_exr(as_floats(depth, record), record, options)


def encode_half(
    depth: DepthMap, record: Record, image: NDArray[np.float32] | None, options: SaveOptions
) -> bytes:
    """16-bit float, rounded to nearest: 11 bits of precision, numbers up to 65504."""
    single = as_floats(depth, record)
    largest = np.nanmax(np.abs(single), initial=0.0, where=np.isfinite(single))
    if largest >= 65520:
        raise FormatError(
            f"Half precision ends at 65504 and this map goes to {largest:g}; save it as float EXR."
        )
    half = single.astype(np.float16)
    # Zero metres would be read as unknown; a map of nothing but zeros as flat.
    gone = (half == 0) & (single != 0)
    if gone.any() and (record.kind == "metric" or largest < _SMALLEST_HALF):
        smallest = np.abs(single[gone]).min()
        raise FormatError(
            f"Half precision begins at 6e-08 and this map goes down to {smallest:g}, which would "
            "become a hole; save it as float EXR."
        )
    return _encode_exr(half, record, options)


def _encode_exr(pixels: NDArray[np.floating[Any]], record: Record, options: SaveOptions) -> bytes:
    binding = _openexr()
    header: dict[str, Any] = {
        "compression": getattr(binding, f"{options.compression.upper()}_COMPRESSION", None)
        or binding.NO_COMPRESSION,
        "type": binding.scanlineimage,
        "colorInteropID": "data",  # no colour: readers that know it convert nothing
        RECORD_KEY: record.to_json(),
        **dict(options.texts),
    }
    names = tuple(options.channels) if options.channels == "RGB" else (options.channels,)
    stream = io.BytesIO()
    # One thread each: the batch is already spread over the cores by its frames.
    file = binding.File(header, dict.fromkeys(names, pixels), num_threads=0)
    file.write(stream)
    return stream.getvalue()


def decode(file: IO[bytes], options: LoadOptions) -> DepthMap:
    """Depth of an EXR file. Raises FormatError where no channel is depth, listing what is there."""
    binding = _openexr()
    with damaged_is_an_error("EXR"):
        headers = _headers(binding, file)
        channels, reading = choose(channels_of(headers, RECORD_KEY), options.channel)
        file.seek(0)
        whole = binding.File(file, separate_channels=True, num_threads=0)
        # The binding leaves out a part whose pixels it cannot decode, without raising.
        if len(whole.parts) != len(headers):
            raise FormatError("Pixels of this EXR are damaged or cut off; render or copy it again.")
        found = [whole.parts[channel.part].channels[channel.key] for channel in channels]
        name, channel = channels[0].name, found[0]
        if channel.xSampling != 1 or channel.ySampling != 1:
            raise FormatError(f"Channel {name} is stored at reduced resolution; choose another.")
        if not _equal_planes([one.pixels for one in found]):
            raise nothing_named(channels)
        header = headers[channels[0].part]
        plane = Plane(
            _display_window(header, channel.pixels),
            _record(header),
            f"EXR (channel {name})",
            metric=reading.metric,
            white=White.FAR_DISTANCE if reading.white_is_far else None,
            hint=reading.hint,
            layer=name if sum(len(h["channels"]) for h in headers) > 1 else "",
        )
        return understand(plane, options)


def layers(file: IO[bytes]) -> list[str]:
    """Names of all channels, the surest depth first. Raises FormatError."""
    with damaged_is_an_error("EXR"):
        found = ranked(channels_of(_headers(_openexr(), file), RECORD_KEY))
        return list(dict.fromkeys(channel.name for channel, _ in found))


def _headers(binding: ModuleType, file: IO[bytes]) -> list[dict[str, Any]]:
    length = byte_count(file)
    parts = binding.File(file, separate_channels=True, header_only=True).parts
    headers = [part.header for part in parts]
    check_headers(headers, length)
    return headers


def _record(header: dict[str, Any]) -> Record | None:
    text = header.get(RECORD_KEY)
    return Record.from_json(text) if isinstance(text, str) else None


def _equal_planes(planes: list[NDArray[Any]]) -> bool:
    """Colour channels with the same numbers: one plane, saved for tools that read colour."""
    if any(plane.ndim != 2 or plane.shape != planes[0].shape for plane in planes):
        return False
    return all(np.array_equal(planes[0], p, equal_nan=p.dtype.kind == "f") for p in planes[1:])


def _display_window(header: dict[str, Any], pixels: NDArray[Any]) -> NDArray[np.generic]:
    """Crop or pad the data window to the display window; what was never rendered is NaN."""
    data_low, data_high = (np.asarray(c, dtype=np.int64) for c in header["dataWindow"])
    low, high = (np.asarray(c, dtype=np.int64) for c in header["displayWindow"])
    if (data_low == low).all() and (data_high == high).all():
        return pixels
    width, height = (int(n) for n in high - low + 1)
    canvas = np.full((height, width), np.nan, np.float32 if pixels.dtype != np.float16 else "f2")
    left, top = np.maximum(data_low, low)
    right, bottom = np.minimum(data_high, high) + 1
    if left < right and top < bottom:
        canvas[top - low[1] : bottom - low[1], left - low[0] : right - low[0]] = pixels[
            top - data_low[1] : bottom - data_low[1], left - data_low[0] : right - data_low[0]
        ]
    return canvas
