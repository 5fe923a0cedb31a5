"""NPY, NPZ and PFM: bare numbers, NaN where invalid.

Array headers are read and checked before a single number is: pickles are refused, and no header can
make the loader allocate more than the file holds.
"""

from __future__ import annotations

import io
import math
import re
import zipfile

import numpy as np
from numpy.typing import NDArray

from ..depth_map import DepthMap
from ..errors import FormatError
from .guard import damaged_is_an_error
from .options import MAX_PIXELS, LoadOptions, SaveOptions, check_size
from .quantise import as_floats
from .record import Record
from .unlabelled import Plane, understand

__all__ = [
    "decode_npy",
    "decode_npz",
    "decode_pfm",
    "encode_npy",
    "encode_npz",
    "encode_pfm",
    "recognises_npy",
    "recognises_npz",
    "recognises_pfm",
]

_NPY = b"\x93NUMPY"
_META = "meta"
# What other programs call the depth array in an NPZ, in this order.
_NAMES = ("depth", "metric_depth", "depth_map", "disparity", "disp", "arr_0")
_PFM_HEADER = re.compile(rb"^(PF|Pf)\s+(\d{1,9})\s+(\d{1,9})\s+([-+0-9.eE]{1,32})\s")
_MAX_MEMBERS = 1000


def recognises_npy(data: bytes) -> bool:
    return data.startswith(_NPY)


def recognises_npz(data: bytes) -> bool:
    return data.startswith(b"PK\x03\x04")


def recognises_pfm(data: bytes) -> bool:
    return data[:2] in (b"Pf", b"PF") and data[2:3].isspace()


def encode_npy(
    depth: DepthMap, record: Record, image: NDArray[np.float32] | None, options: SaveOptions
) -> bytes:
    """(H, W) float32."""
    return _npy(as_floats(depth, record))


def encode_npz(
    depth: DepthMap, record: Record, image: NDArray[np.float32] | None, options: SaveOptions
) -> bytes:
    """`depth` (H, W) float32, `meta` the record as text, and every further text under its key."""
    members = {"depth": as_floats(depth, record), _META: np.array(record.to_json())}
    members |= {key: np.array(text) for key, text in options.texts.items() if key not in members}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for key, array in members.items():
            archive.writestr(zipfile.ZipInfo(f"{key}.npy"), _npy(array), zipfile.ZIP_DEFLATED, 1)
    return stream.getvalue()


def encode_pfm(
    depth: DepthMap, record: Record, image: NDArray[np.float32] | None, options: SaveOptions
) -> bytes:
    """One channel, little-endian, rows from the bottom up as the format wants."""
    pixels = as_floats(depth, record)
    header = f"Pf\n{pixels.shape[1]} {pixels.shape[0]}\n-1.0\n".encode()
    return header + pixels[::-1].astype("<f4").tobytes()


def _npy(array: NDArray[np.generic]) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asarray(array, order="C"), allow_pickle=False)
    return stream.getvalue()


def decode_npy(data: bytes, options: LoadOptions) -> DepthMap:
    """A 2-D array (or with one leading or trailing dimension of 1) of real numbers."""
    with damaged_is_an_error("NPY"):
        return understand(Plane(_plane(_read_npy(data)), None, "NPY array"), options)


def decode_npz(data: bytes, options: LoadOptions) -> DepthMap:
    """The array named depth (or as `options.channel` says) of an NPZ."""
    with damaged_is_an_error("NPZ"), zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = [n.removesuffix(".npy") for n in archive.namelist()[:_MAX_MEMBERS]]
        name = _depth_member(names, options.channel)
        record = None
        if _META in names and not options.channel:
            text = str(_read_npy(_member(archive, _META, 1 << 22)))
            record = Record.from_json(text) if text.startswith('{"version"') else None
        array = _read_npy(_member(archive, name, MAX_PIXELS * 8))
        return understand(Plane(_plane(array), record, f"NPZ ({name})"), options)


def _depth_member(names: list[str], wanted: str) -> str:
    candidates = (wanted,) if wanted else _NAMES
    for candidate in candidates:
        if candidate in names:
            return candidate
    if len(names) == 1 and not wanted:
        return names[0]
    raise FormatError(
        f"The NPZ holds {', '.join(names[:24])}; type the name of the depth array into 'channel'."
    )


def _member(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    with archive.open(f"{name}.npy") as member:
        body = member.read(limit + 1)
    if len(body) > limit:
        raise FormatError(
            f"The array {name} unpacks to more than {limit} bytes; it is no depth map."
        )
    return body


def _read_npy(data: bytes) -> NDArray[np.generic]:
    """An array whose header fits the bytes that follow it; Python objects are refused."""
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        raise FormatError(f"NPY version {version} is not one this loader knows (1.0 and 2.0).")
    shape, by_column, kind = readers[version](stream)
    if kind.hasobject or any(n < 0 for n in shape):
        raise FormatError("This array holds Python objects, which would run code when loaded.")
    size = math.prod(shape)
    if size * kind.itemsize > len(data) - stream.tell():
        raise FormatError("This array file is cut short: the header promises more numbers.")
    flat = np.frombuffer(data, kind, size, stream.tell())
    return flat.reshape(shape, order="F" if by_column else "C")


def _plane(array: NDArray[np.generic]) -> NDArray[np.generic]:
    while array.ndim > 2 and (array.shape[0] == 1 or array.shape[-1] == 1):
        array = array[0] if array.shape[0] == 1 else array[..., 0]
    if array.ndim != 2 or array.dtype.kind not in "fui":
        raise FormatError(
            f"The array is {array.shape} of {array.dtype}; a depth map is (height, width) numbers."
        )
    check_size(array.shape[1], array.shape[0])
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def decode_pfm(data: bytes, options: LoadOptions) -> DepthMap:
    """One-channel PFM of either byte order.

    The format's own text calls the scale of the header a factor, the writers of depth files put
    numbers there that their readers ignore (Middlebury: 1/255 beside disparities in pixels). It is
    ignored unless the user says multiply.
    """
    with damaged_is_an_error("PFM"):
        match = _PFM_HEADER.match(data[:128])
        if match is None or match[1] == b"PF":
            raise FormatError("This PFM is damaged or has three colour channels; depth has one.")
        width, height, scale = int(match[2]), int(match[3]), float(match[4])
        check_size(width, height)
        start, size = match.end(), width * height * 4
        # Some writers end lines with CR LF; of the pixels' first byte nothing may be taken for it.
        if data[start - 1 : start + 1] == b"\r\n" and len(data) - start > size:
            start += 1
        if scale == 0 or not math.isfinite(scale) or len(data) - start < size:
            raise FormatError("This PFM is cut short or its scale is no number.")
        order = "<f4" if scale < 0 else ">f4"
        rows = np.frombuffer(data, order, width * height, start).reshape(height, width)
        pixels = rows[::-1].astype(np.float32)
        if options.pfm_scale == "multiply" and abs(scale) != 1:
            pixels = pixels * np.float32(abs(scale))
        return understand(Plane(pixels, None, "PFM"), options)
