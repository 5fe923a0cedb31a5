"""The table of depth formats: what each can carry, how it is written, who reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from ..depth_map import DepthMap, Pinhole
from ..errors import FormatError, InvalidInput
from .arrays import (
    decode_npy,
    decode_npz,
    decode_pfm,
    encode_npy,
    encode_npz,
    encode_pfm,
    recognises_npy,
    recognises_npz,
    recognises_pfm,
)
from .arrays import layers as npz_layers
from .depth_photo import decode as decode_depth_photo
from .depth_photo import encode as encode_depth_photo
from .depth_photo import recognises as recognises_depth_photo
from .embed import Carrier
from .exr import decode as decode_exr
from .exr import encode_float as encode_exr
from .exr import encode_half as encode_exr_half
from .exr import layers as exr_layers
from .exr import recognises as recognises_exr
from .hdf5 import decode as decode_hdf5
from .hdf5 import layers as hdf5_layers
from .hdf5 import recognises as recognises_hdf5
from .heif import decode as decode_heif
from .heif import recognises as recognises_heif
from .image_files import decode_image
from .mesh_read import (
    decode_glb,
    decode_obj,
    decode_ply,
    recognises_glb,
    recognises_obj,
    recognises_ply,
)
from .options import AS_FILE_SAYS, LAYOUTS, WHOLE, LoadOptions, SaveOptions
from .png import decode as decode_png
from .png import encode as encode_png
from .png import recognises as recognises_png
from .quantise import Coding, choose_coding, record_of
from .record import Record
from .side_by_side import decode as decode_side_by_side
from .side_by_side import decode_recorded, recorded_layout
from .side_by_side import encode as encode_side_by_side
from .side_by_side import photo as photo_half
from .sintel import decode as decode_sintel
from .sintel import recognises as recognises_sintel
from .tiff import decode as decode_tiff
from .tiff import encode_codes as encode_tiff16
from .tiff import encode_float as encode_tiff
from .tiff import layers as tiff_layers
from .tiff import recognises as recognises_tiff

__all__ = [
    "FORMATS",
    "DepthFormat",
    "check_known",
    "decode_depth",
    "encode_depth",
    "encode_frame",
    "format_named",
    "layers_in",
    "photo_beside",
]

Encoder = Callable[[DepthMap, Record, NDArray[np.float32] | None, SaveOptions], bytes]


@dataclass(frozen=True, slots=True)
class DepthFormat:
    """One row.

    name: what the user chooses; extension: without a dot; bits: of integer codes, 0 for floats;
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
        DepthFormat("png16", "png", "PNG, 16-bit grey", 16, "all", encode_png, shows=True),
        DepthFormat(
            "exr", "exr", "OpenEXR, float", 0, "all", encode_exr,
            options=("compression", "channels"),
        ),
        DepthFormat(
            "exr-half", "exr", "OpenEXR, half", 0, "all", encode_exr_half, lossless=False,
            options=("compression", "channels"),
        ),
        DepthFormat("tiff", "tif", "TIFF, float", 0, "all", encode_tiff),
        DepthFormat("tiff16", "tif", "TIFF, 16-bit grey", 16, "all", encode_tiff16),
        DepthFormat("npz", "npz", "NumPy, compressed with record", 0, "all", encode_npz),
        DepthFormat("npy", "npy", "NumPy array", 0, "none", encode_npy),
        DepthFormat("pfm", "pfm", "Portable float map", 0, "none", encode_pfm),
        DepthFormat(
            "depth-photo", "jpg", "JPEG photo with depth inside", 16, "jpeg", encode_depth_photo,
            shows=True, lossless=False, needs_image=True, options=("quality",),
        ),
        DepthFormat(
            "side-by-side", "png", "PNG, photo left and depth right", 8, "all",
            encode_side_by_side, shows=True, lossless=False, needs_image=True,
        ),
        DepthFormat(
            "over-under", "png", "PNG, photo above and depth below", 8, "all",
            partial(encode_side_by_side, layout=LAYOUTS[3]), shows=True, lossless=False,
            needs_image=True,
        ),
    )
}  # fmt: skip

_LAYERED: tuple[tuple[Callable[[bytes], bool], Callable[[bytes], list[str]]], ...] = (
    (recognises_exr, exr_layers),
    (recognises_tiff, tiff_layers),
    (recognises_npz, npz_layers),
    (recognises_hdf5, hdf5_layers),
)

_OBJ_REMARK = (b"#", b"mtllib", b"o ", b"g ")
_READERS: tuple[tuple[Callable[[bytes], bool], Callable[[bytes, LoadOptions], DepthMap]], ...] = (
    (recognises_png, decode_png),
    (recognises_exr, decode_exr),
    (recognises_tiff, decode_tiff),
    (recognises_npy, decode_npy),
    (recognises_npz, decode_npz),
    (recognises_pfm, decode_pfm),
    (recognises_depth_photo, decode_depth_photo),
    (recognises_heif, decode_heif),
    (recognises_hdf5, decode_hdf5),
    (recognises_sintel, decode_sintel),
    (recognises_ply, decode_ply),
    (recognises_glb, decode_glb),
    (recognises_obj, decode_obj),
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
    if options.layout != WHOLE:
        return _seen_by(decode_side_by_side(data, options), options)
    layout = recorded_layout(data)
    if layout != WHOLE and options.meaning == AS_FILE_SAYS:
        return _seen_by(decode_recorded(data, layout), options)
    return _seen_by(_reader_of(data)(data, options), options)


def check_known(head: bytes) -> None:
    """Raise FormatError where the first bytes of a file are those of no format that is read."""
    # Remarks before the first vertex of an OBJ may be longer.
    if not head.lstrip().startswith(_OBJ_REMARK):
        _reader_of(head)


def layers_in(data: bytes) -> list[str]:
    """Names of the layers, arrays or pages of a file, those called depth first; none of others."""
    return next((names(data) for recognises, names in _LAYERED if recognises(data)), [])


def photo_beside(data: bytes, options: LoadOptions) -> torch.Tensor | None:
    """(1, H, W, C) of the photo that the file holds beside its depth; None where it holds none."""
    layout = options.layout if options.layout != WHOLE else recorded_layout(data)
    if layout != WHOLE:
        return photo_half(data, layout)
    if recognises_depth_photo(data) or recognises_heif(data):
        return decode_image(data)
    return None


def _reader_of(data: bytes) -> Callable[[bytes, LoadOptions], DepthMap]:
    for recognises, decode in _READERS:
        if recognises(data):
            return decode
    raise FormatError(
        "This is no depth file the loader knows. It reads PNG, TIFF, OpenEXR, NPY, NPZ, PFM, HDF5, "
        "DPT, JPEG and HEIC with embedded depth, PLY, GLB and OBJ."
    )


def _seen_by(depth: DepthMap, options: LoadOptions) -> DepthMap:
    """With the camera of the field of view where the file, ours or another's, has none."""
    if depth.camera is not None or depth.around or options.fov_deg <= 0:
        return depth
    camera = Pinhole.from_fov(options.fov_deg, depth.width, depth.height)
    return replace(depth, camera=camera)
