"""OpenEXR through its official binding: the only reader that gets every compression right.

Writing: one channel `Z` (or `Y`), or three equal ones, float or half, NaN where invalid. Reading:
the depth channel of single-part, multi-part and multi-layer files, placed in the display window.
"""

from __future__ import annotations

import io
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..depth_map import DepthMap
from ..errors import FormatError, FormatUnavailable
from .guard import damaged_is_an_error
from .options import LoadOptions, SaveOptions, check_size
from .quantise import as_floats
from .record import RECORD_KEY, Record
from .unlabelled import Plane, understand

__all__ = ["decode", "encode_float", "encode_half", "recognises"]

MAGIC = b"v/1\x01"
# Names that renderers give to distance along z, by last word of the channel name.
_DEPTH_WORDS = ("z", "depth")
_DEPTH_LAYERS = ("depth", "zdepth", "z")
_LAYER_WORDS = ("v", "z", "y", "r", "x")
_MAX_CHANNELS = 256


def recognises(data: bytes) -> bool:
    return data.startswith(MAGIC)


def _binding() -> ModuleType:
    try:
        import OpenEXR
    except ImportError as error:
        raise FormatUnavailable(
            "OpenEXR files need the package OpenEXR, which is not installed: pip install OpenEXR."
        ) from error
    return OpenEXR


def encode_float(
    depth: DepthMap, record: Record, image: NDArray[np.float32] | None, options: SaveOptions
) -> bytes:
    """32-bit float: every valid number exactly."""
    return _encode(as_floats(depth, record), record, options)


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
    return _encode(single.astype(np.float16), record, options)


def _encode(pixels: NDArray[np.floating[Any]], record: Record, options: SaveOptions) -> bytes:
    binding = _binding()
    header: dict[str, Any] = {
        "compression": getattr(binding, f"{options.compression.upper()}_COMPRESSION", None)
        or binding.NO_COMPRESSION,
        "type": binding.scanlineimage,
        RECORD_KEY: record.to_json(),
        **dict(options.texts),
    }
    names = tuple(options.channels) if options.channels == "RGB" else (options.channels,)
    stream = io.BytesIO()
    # One thread each: the batch is already spread over the cores by its frames.
    file = binding.File(header, dict.fromkeys(names, pixels), num_threads=0)
    file.write(stream)
    return stream.getvalue()


def decode(data: bytes, options: LoadOptions) -> DepthMap:
    """Depth of an EXR file. Raises FormatError where no channel is depth, listing what is there."""
    binding = _binding()
    with damaged_is_an_error("EXR"):
        heads = binding.File(io.BytesIO(data), separate_channels=True, header_only=True)
        for part in heads.parts:
            _check_header(part.header)
        file = binding.File(io.BytesIO(data), separate_channels=True, num_threads=0)
        # The binding leaves out a part whose pixels it cannot decode, without raising.
        if len(file.parts) != len(heads.parts):
            raise FormatError("Pixels of this EXR are damaged or cut off; render or copy it again.")
        header, name, channel = _choose(file.parts, options.channel)
        names = {_full_name(part, c) for part in file.parts for c in part.channels}
        record = _record(header)
        plane = Plane(
            _display_window(header, channel.pixels),
            record,
            f"EXR (channel {name})",
            metric=_rank(name, names) < _UNRANKED,
        )
        return understand(plane, options)


def _check_header(header: dict[str, Any]) -> None:
    for window in ("dataWindow", "displayWindow"):
        low, high = (np.asarray(corner, dtype=np.int64) for corner in header[window])
        width, height = (int(n) for n in high - low + 1)
        check_size(width, height)
    if len(header["channels"]) > _MAX_CHANNELS:
        raise FormatError(f"The EXR has {len(header['channels'])} channels in one part; too many.")
    if "deep" in str(header.get("type", "")):
        raise FormatError(
            "This EXR is a deep image (many depths in one pixel). Flatten it in the program that "
            "made it, then load that file."
        )
    width = int(header["dataWindow"][1][0]) - int(header["dataWindow"][0][0]) + 1
    height = int(header["dataWindow"][1][1]) - int(header["dataWindow"][0][1]) + 1
    check_size(width * max(1, len(header["channels"]) // 8), height)


def _record(header: dict[str, Any]) -> Record | None:
    text = header.get(RECORD_KEY)
    return Record.from_json(text) if isinstance(text, str) else None


def _choose(parts: list[Any], wanted: str) -> tuple[dict[str, Any], str, Any]:
    """The depth channel: the one asked for, else the best name, else the only plane there is."""
    found = [
        (part.header, full, channel)
        for part in parts
        for full, channel in ((_full_name(part, n), c) for n, c in part.channels.items())
    ]
    names = {name for _, name, _ in found}
    if wanted:
        chosen = [f for f in found if f[1] == wanted or f[1].split(":")[-1] == wanted]
        chosen = chosen or [f for f in found if f[1].rpartition(".")[0].endswith(wanted)]
    else:
        ranked = sorted(found, key=lambda f: _rank(f[1], names))
        chosen = [f for f in ranked if RECORD_KEY in f[0]]
        chosen = chosen or [f for f in ranked if _rank(f[1], names) < _UNRANKED]
        if not chosen and (len(found) == 1 or _equal_planes(found)):
            chosen = found[:1]
    if not chosen:
        listed = ", ".join(name for _, name, _ in found[:24])
        raise FormatError(
            f"No channel of this EXR is depth by its name. It has: {listed}. Type the right one "
            "into 'channel'."
        )
    header, name, channel = chosen[0]
    if channel.xSampling != 1 or channel.ySampling != 1:
        raise FormatError(f"Channel {name} is stored at reduced resolution; choose another one.")
    return header, name, channel


def _full_name(part: Any, channel: str) -> str:
    label = part.header.get("name", "")
    return f"{label}:{channel}" if label else channel


_UNRANKED = 9


def _rank(full: str, names: set[str]) -> int:
    """0 is certainly depth, 9 is not: `Z`, `Layer.Depth.Z`, `depth.V`, or a part named depth.

    names: all of the file, because the Z of a normal or a position has an X beside it.
    """
    part, _, channel = full.rpartition(":")
    words = channel.lower().split(".")
    if words[-1] == "z" and {full[:-1] + "X", full[:-1] + "x"} & names:
        return _UNRANKED
    if words == ["z"]:
        return 0
    if len(words) > 1 and words[-2] in _DEPTH_LAYERS and words[-1] in _LAYER_WORDS:
        return 1
    if words[-1] in _DEPTH_WORDS:
        return 2
    return 3 if part.lower().split(".")[-1] in _DEPTH_LAYERS else _UNRANKED


def _equal_planes(found: list[tuple[dict[str, Any], str, Any]]) -> bool:
    """Three colour channels with the same numbers: one plane, saved for tools that read colour."""
    planes = [channel.pixels for _, _, channel in found if channel.pixels.ndim == 2]
    if len(planes) != len(found) or any(p.shape != planes[0].shape for p in planes):
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
