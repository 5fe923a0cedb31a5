"""Depth and picture file formats: bytes <-> arrays, one table row per format, no paths."""

from __future__ import annotations

from .options import LoadOptions, SaveOptions
from .pictures import PICTURES, PictureOptions, decode_picture, encode_picture
from .stored import plan
from .table import FORMATS, decode_depth, encode_depth, encode_frame

__all__ = [
    "FORMATS",
    "PICTURES",
    "LoadOptions",
    "PictureOptions",
    "SaveOptions",
    "decode_depth",
    "decode_picture",
    "encode_depth",
    "encode_frame",
    "encode_picture",
    "plan",
]
