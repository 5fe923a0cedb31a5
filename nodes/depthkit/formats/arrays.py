"""NPY, NPZ and PFM: bare numbers, NaN where invalid.

Array headers are read and checked before a single number is (see `array_frames`).
"""

from __future__ import annotations

import io
import math
import re
import sys
import zipfile
from dataclasses import replace
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..depth_map import DepthMap, Pinhole
from ..errors import FormatError, InvalidInput
from .array_frames import ArrayFrames
from .array_frames import header as _header
from .clips import joined, wanted_numbers
from .guard import damaged_is_an_error
from .options import LoadOptions, SaveOptions, check_size
from .quantise import as_floats
from .record import Record
from .streams import byte_count, fill
from .unlabelled import Plane, understand

__all__ = [
    "decode_npy",
    "decode_npz",
    "decode_pfm",
    "encode_npy",
    "encode_npz",
    "encode_pfm",
    "layers",
    "recognises_npy",
    "recognises_npz",
    "recognises_pfm",
]

_NPY = b"\x93NUMPY"
_META = "meta"
# What other programs call the depth array in an NPZ, in this order.
_NAMES = (
    *("depth", "depths", "metric_depth", "metric_depths", "depth_map", "depth_maps"),
    *("disparity", "disparities", "disp", "arr_0"),
)
_INTRINSICS = ("intrinsics", "intrinsic", "K", "camera_matrix", "cam_K")
_MAX_SMALL = 1 << 22
_PFM_HEADER = re.compile(rb"^(PF|Pf)\s+(\d{1,9})\s+(\d{1,9})\s+([-+0-9.eE]{1,32})\s")
_PFM_HEAD_BYTES = 128
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


def decode_npy(file: IO[bytes], options: LoadOptions) -> DepthMap:
    """An array of real numbers: (H, W), or (N, H, W) as a clip; dimensions of 1 are left out."""
    with damaged_is_an_error("NPY"):
        length = byte_count(file)
        frames = ArrayFrames(file, length)
        return _clip(frames, "NPY array", None, None, options)


def decode_npz(file: IO[bytes], options: LoadOptions) -> DepthMap:
    """The array named depth (or as `options.channel` says) of an NPZ, with its intrinsics."""
    with damaged_is_an_error("NPZ"), zipfile.ZipFile(file) as archive:
        names = _members(archive)
        name = _depth_member(names, options.channel)
        record = None
        if _META in names and not options.channel:
            text = str(_whole(archive, _META))
            record = Record.from_json(text) if text.startswith('{"version"') else None
        matrix = next((_whole(archive, key) for key in _INTRINSICS if key in names), None)
        with archive.open(f"{name}.npy") as member:
            frames = ArrayFrames(member, archive.getinfo(f"{name}.npy").file_size)
            camera = _camera_of_matrix(matrix, frames.width, frames.height)
            return _clip(frames, f"NPZ ({name})", record, camera, options)


def layers(file: IO[bytes]) -> list[str]:
    """Names of the arrays of an NPZ, those that are called depth first. Raises FormatError."""
    with damaged_is_an_error("NPZ"), zipfile.ZipFile(file) as archive:
        names = [name for name in _members(archive) if name != _META]
        return sorted(names, key=lambda n: _NAMES.index(n) if n in _NAMES else len(_NAMES))


def _members(archive: zipfile.ZipFile) -> list[str]:
    return [n.removesuffix(".npy") for n in archive.namelist()[:_MAX_MEMBERS] if n.endswith(".npy")]


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


def _whole(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """A small array: a text or a matrix."""
    with archive.open(f"{name}.npy") as member:
        body = member.read(_MAX_SMALL + 1)
    if len(body) > _MAX_SMALL:
        raise FormatError(f"The array {name} is larger than its name lets one expect.")
    shape, by_column, kind, start = _header(io.BytesIO(body), len(body))
    flat = np.frombuffer(body, kind, math.prod(shape), start)
    return flat.reshape(shape, order="F" if by_column else "C")


def _clip(
    frames: ArrayFrames,
    what: str,
    record: Record | None,
    camera: Pinhole | None,
    options: LoadOptions,
) -> DepthMap:
    numbers = wanted_numbers(1, frames.count, options)
    if len(numbers) > 1 or frames.count > 1:
        options = replace(options, common=True)
    planes = frames.read(numbers)
    made = (understand(Plane(plane, record, what, camera=camera), options) for plane in planes)
    return joined(made, len(numbers))


def _camera_of_matrix(matrix: NDArray[Any] | None, width: int, height: int) -> Pinhole | None:
    """Of a 3 x 3 matrix, one for each frame (the first counts), or (fx, fy, cx, cy)."""
    if matrix is None or matrix.dtype.kind not in "fui":
        return None
    numbers = matrix.astype(np.float64)
    if numbers.ndim == 3:
        numbers = numbers[0]
    if numbers.shape == (3, 3):
        numbers = numbers[(0, 1, 0, 1), (0, 1, 2, 2)]
    if numbers.shape != (4,):
        return None
    fx, fy, cx, cy = (float(n) for n in numbers)
    try:
        # As shares of the image, as MoGe and others have them.
        if 0 < cx <= 1 and 0 < cy <= 1:
            return Pinhole.from_normalised(fx, fy, cx, cy, width, height)
        return Pinhole(fx, fy, cx, cy)
    except InvalidInput:
        return None


def decode_pfm(file: IO[bytes], options: LoadOptions) -> DepthMap:
    """One-channel PFM of either byte order.

    The format's own text calls the scale of the header a factor, the writers of depth files put
    numbers there that their readers ignore (Middlebury: 1/255 beside disparities in pixels). It is
    ignored unless the user says multiply.
    """
    with damaged_is_an_error("PFM"):
        length = byte_count(file)
        head = file.read(_PFM_HEAD_BYTES)
        match = _PFM_HEADER.match(head)
        if match is None or match[1] == b"PF":
            raise FormatError("This PFM is damaged or has three colour channels; depth has one.")
        width, height, scale = int(match[2]), int(match[3]), float(match[4])
        check_size(width, height)
        start, size = match.end(), width * height * 4
        # Some writers end lines with CR LF; of the pixels' first byte nothing may be taken for it.
        if head[start - 1 : start + 1] == b"\r\n" and length - start > size:
            start += 1
        if scale == 0 or not math.isfinite(scale) or length - start < size:
            raise FormatError("This PFM is cut short or its scale is no number.")
        file.seek(start)
        pixels = np.empty((height, width), np.float32)
        fill(pixels, file)
        if (scale < 0) != (sys.byteorder == "little"):
            pixels.byteswap(inplace=True)
        _turn_rows(pixels)
        if options.pfm_scale == "multiply" and abs(scale) != 1:
            np.multiply(pixels, np.float32(abs(scale)), out=pixels)
        return understand(Plane(pixels, None, "PFM"), options)


def _turn_rows(pixels: NDArray[np.float32]) -> None:
    """The last row first, in place."""
    for top in range(len(pixels) // 2):
        pixels[[top, -1 - top]] = pixels[[-1 - top, top]]
