"""The table of depth formats: what each can carry, how it is written, who reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..depth_map import DepthMap, Pinhole
from ..errors import FormatError, InvalidInput
from . import arrays, depth_photo, exr, mesh_read, png, tiff
from .embed import Carrier
from .options import LoadOptions, SaveOptions
from .quantise import Coding, choose_coding, record_of
from .record import Record

__all__ = ["FORMATS", "DepthFormat", "decode_depth", "encode_depth", "encode_frame", "format_named"]

Encoder = Callable[[DepthMap, Record, NDArray[np.float32] | None, SaveOptions], bytes]


@dataclass(frozen=True, slots=True)
class DepthFormat:
    """One row.

    name: what the user chooses; extension: without a dot; bits: 16 for integer codes, 0 for floats;
    texts: what the file can hold of prompt and workflow (see `embed.Carrier`); with "none" a
    sidecar must hold the record too; shows: a browser can draw the file; needs_image: it is built
    around the photograph; options: the SaveOptions that change it beyond values, near and far.
    """

    name: str
    extension: str
    label: str
    bits: int
    texts: Carrier
    encode: Encoder
    shows: bool = False
    lossless: bool = True
    needs_image: bool = False
    options: tuple[str, ...] = ()


FORMATS: dict[str, DepthFormat] = {
    row.name: row
    for row in (
        DepthFormat("png16", "png", "PNG, 16-bit grey", 16, "all", png.encode, shows=True),
        DepthFormat(
            "exr", "exr", "OpenEXR, float", 0, "all", exr.encode_float,
            options=("compression", "channels"),
        ),
        DepthFormat(
            "exr-half", "exr", "OpenEXR, half", 0, "all", exr.encode_half, lossless=False,
            options=("compression", "channels"),
        ),
        DepthFormat("tiff", "tif", "TIFF, float", 0, "all", tiff.encode_float),
        DepthFormat("tiff16", "tif", "TIFF, 16-bit grey", 16, "all", tiff.encode_codes),
        DepthFormat("npz", "npz", "NumPy, compressed with record", 0, "all", arrays.encode_npz),
        DepthFormat("npy", "npy", "NumPy array", 0, "none", arrays.encode_npy),
        DepthFormat("pfm", "pfm", "Portable float map", 0, "none", arrays.encode_pfm),
        DepthFormat(
            "depth-photo", "jpg", "JPEG photo with depth inside", 16, "jpeg", depth_photo.encode,
            shows=True, lossless=False, needs_image=True, options=("quality",),
        ),
    )
}  # fmt: skip

_READERS: tuple[tuple[Callable[[bytes], bool], Callable[[bytes, LoadOptions], DepthMap]], ...] = (
    (png.recognises, png.decode),
    (exr.recognises, exr.decode),
    (tiff.recognises, tiff.decode),
    (arrays.recognises_npy, arrays.decode_npy),
    (arrays.recognises_npz, arrays.decode_npz),
    (arrays.recognises_pfm, arrays.decode_pfm),
    (depth_photo.recognises, depth_photo.decode),
    (mesh_read.recognises_ply, mesh_read.decode_ply),
    (mesh_read.recognises_glb, mesh_read.decode_glb),
    (mesh_read.recognises_obj, mesh_read.decode_obj),
)


def format_named(name: str) -> DepthFormat:
    """The row; raises InvalidInput on an unknown name."""
    if name not in FORMATS:
        raise InvalidInput(f"Unknown depth format {name!r}; use one of {', '.join(FORMATS)}.")
    return FORMATS[name]


def encode_depth(
    depth: DepthMap,
    image: NDArray[np.float32] | None,
    format: str,
    options: SaveOptions | None = None,
) -> bytes:
    """One depth map (batch 1) as the bytes of one file.

    image: (H, W, 3) float 0..1 of the same view, for the formats that hold one.
    """
    options = options or SaveOptions()
    chosen, coding = choose_coding(depth, options)
    return encode_frame(chosen, coding, image, format, options)


def encode_frame(
    depth: DepthMap,
    coding: Coding,
    image: NDArray[np.float32] | None,
    format: str,
    options: SaveOptions,
) -> bytes:
    """One frame of a batch for which `choose_coding` found the coding."""
    row = format_named(format)
    return row.encode(depth, record_of(depth, coding, row.bits), image, options)


def decode_depth(data: bytes, options: LoadOptions | None = None) -> DepthMap:
    """The depth map in the bytes of a file, recognised by its content.

    Raises FormatError on damaged or unknown files, MissingInformation where the file does not say
    what its numbers mean and `options.meaning` does not either.
    """
    options = options or LoadOptions()
    for recognises, decode in _READERS:
        if recognises(data):
            return _seen_by(decode(data, options), options)
    raise FormatError(
        "This is no depth file the loader knows. It reads PNG, TIFF, OpenEXR, NPY, NPZ, PFM, JPEG "
        "with embedded depth, PLY, GLB and OBJ."
    )


def _seen_by(depth: DepthMap, options: LoadOptions) -> DepthMap:
    """With the camera of the field of view where the file, ours or another's, has none."""
    if depth.camera is not None or options.fov_deg <= 0:
        return depth
    camera = Pinhole.from_fov(options.fov_deg, depth.width, depth.height)
    return replace(depth, camera=camera)
