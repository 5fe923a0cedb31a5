"""The table of depth formats: what each can carry, how it is written, who reads it."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import IO

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
    "HEAD_BYTES",
    "DepthFormat",
    "check_known",
    "decode_depth",
    "decode_file",
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

Recogniser = Callable[[bytes], bool]

_LAYERED: tuple[tuple[Recogniser, Callable[[IO[bytes]], list[str]]], ...] = (
    (recognises_exr, exr_layers),
    (recognises_tiff, tiff_layers),
    (recognises_npz, npz_layers),
    (recognises_hdf5, hdf5_layers),
)

HEAD_BYTES = 4096
_OBJ_REMARK = (b"#", b"mtllib", b"o ", b"g ")
# Files of nothing but numbers may be large: they are read from the disk in pieces.
_READERS: tuple[tuple[Recogniser, Callable[[IO[bytes], LoadOptions], DepthMap]], ...] = (
    (recognises_png, decode_png),
    (recognises_exr, decode_exr),
    (recognises_tiff, decode_tiff),
    (recognises_npy, decode_npy),
    (recognises_npz, decode_npz),
    (recognises_pfm, decode_pfm),
    (recognises_hdf5, decode_hdf5),
)
_WHOLE_READERS: tuple[tuple[Recogniser, Callable[[bytes, LoadOptions], DepthMap]], ...] = (
    (recognises_depth_photo, decode_depth_photo),
    (recognises_heif, decode_heif),
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
    return decode_file(io.BytesIO(data), options or LoadOptions())


def decode_file(file: IO[bytes], options: LoadOptions) -> DepthMap:
    """`decode_depth` of an open file."""
    head = _head_of(file)
    if options.layout != WHOLE:
        return _seen_by(decode_side_by_side(file.read(), options), options)
    layout = recorded_layout(head, file)
    file.seek(0)
    if layout != WHOLE and options.meaning == AS_FILE_SAYS:
        return _seen_by(decode_recorded(file, layout), options)
    for recognises, decode in _READERS:
        if recognises(head):
            return _seen_by(decode(file, options), options)
    data = file.read()
    for recognises, decode_whole in _WHOLE_READERS:
        if recognises(data):
            return _seen_by(decode_whole(data, options), options)
    raise _unknown()


def _head_of(file: IO[bytes]) -> bytes:
    """The bytes by which a file is recognised; it is at its start afterwards."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(0)
    return head


def check_known(head: bytes) -> None:
    """Raise FormatError where the first bytes of a file are those of no format that is read."""
    # Remarks before the first vertex of an OBJ may be longer.
    known = any(recognises(head) for recognises, _ in (*_READERS, *_WHOLE_READERS))
    if not known and not head.lstrip().startswith(_OBJ_REMARK):
        raise _unknown()


def layers_in(file: IO[bytes]) -> list[str]:
    """Names of the layers, arrays or pages of a file, those called depth first; none of others."""
    head = _head_of(file)
    return next((names(file) for recognises, names in _LAYERED if recognises(head)), [])


def photo_beside(file: IO[bytes], options: LoadOptions) -> torch.Tensor | None:
    """(1, H, W, C) of the photo that the file holds beside its depth; None where it holds none."""
    head = _head_of(file)
    layout = options.layout if options.layout != WHOLE else recorded_layout(head, file)
    file.seek(0)
    if layout != WHOLE:
        return photo_half(file.read(), layout)
    if recognises_depth_photo(head) or recognises_heif(head):
        return decode_image(file.read())
    return None


def _unknown() -> FormatError:
    return FormatError(
        "This is no depth file the loader knows. It reads PNG, TIFF, OpenEXR, NPY, NPZ, PFM, HDF5, "
        "DPT, JPEG and HEIC with embedded depth, PLY, GLB and OBJ."
    )


def _seen_by(depth: DepthMap, options: LoadOptions) -> DepthMap:
    """With the camera of the field of view where the file, ours or another's, has none."""
    if depth.camera is not None or depth.around or options.fov_deg <= 0:
        return depth
    camera = Pinhole.from_fov(options.fov_deg, depth.width, depth.height)
    return replace(depth, camera=camera)
