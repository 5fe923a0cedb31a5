"""Depth and image file formats: bytes <-> arrays, one table row per format; then whole files."""

from __future__ import annotations

from . import embed
from .depth_files import check_prefix, file_errors, place, write_atomic
from .format_table import FORMATS, decode_depth, encode_depth, encode_frame
from .image_files import (
    IMAGES,
    SUBSAMPLING,
    ImageFormat,
    ImageOptions,
    decode_image,
    encode_image,
)
from .load_files import READABLE, clip_frames, fingerprint, layers, load_depth, load_photo
from .mesh_write import MESH_FORMATS, MeshOptions, encode_mesh
from .options import (
    COMPRESSIONS,
    EXR_CHANNELS,
    LAYOUTS,
    MEANINGS,
    PFM_SCALES,
    VALUES,
    LoadOptions,
    SaveOptions,
)
from .quantise import Coding, choose_coding, record_of
from .save_batch import Encoded, Saved, save_batch
from .sequences import is_pattern, patterns
from .stereo_photo import STEREO_PHOTOS, encode_stereo_photo
from .video_files import VIDEO_FORMATS, VideoFormat, write_video

__all__ = [
    "COMPRESSIONS",
    "EXR_CHANNELS",
    "FORMATS",
    "IMAGES",
    "LAYOUTS",
    "MEANINGS",
    "MESH_FORMATS",
    "PFM_SCALES",
    "READABLE",
    "STEREO_PHOTOS",
    "SUBSAMPLING",
    "VALUES",
    "VIDEO_FORMATS",
    "Coding",
    "Encoded",
    "ImageFormat",
    "ImageOptions",
    "LoadOptions",
    "MeshOptions",
    "SaveOptions",
    "Saved",
    "VideoFormat",
    "check_prefix",
    "choose_coding",
    "clip_frames",
    "decode_depth",
    "decode_image",
    "embed",
    "encode_depth",
    "encode_frame",
    "encode_image",
    "encode_mesh",
    "encode_stereo_photo",
    "file_errors",
    "fingerprint",
    "is_pattern",
    "layers",
    "load_depth",
    "load_photo",
    "patterns",
    "place",
    "record_of",
    "save_batch",
    "write_atomic",
    "write_video",
]
