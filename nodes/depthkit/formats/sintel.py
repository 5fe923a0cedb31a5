"""`.dpt` of MPI Sintel: a magic number, width, height and metres along z as float32."""

from __future__ import annotations

import struct

import numpy as np

from ..depth_map import DepthMap
from ..errors import FormatError
from .guard import damaged_is_an_error
from .options import LoadOptions, check_size
from .unlabelled import Plane, understand

__all__ = ["decode", "recognises"]

_MAGIC = struct.pack("<f", 202021.25)
_HEADER = 12


def recognises(data: bytes) -> bool:
    return data.startswith(_MAGIC)


def decode(data: bytes, options: LoadOptions) -> DepthMap:
    """Depth of a DPT file; optical flow has the same magic number and twice the numbers."""
    with damaged_is_an_error("DPT"):
        width, height = struct.unpack_from("<2i", data, 4)
        check_size(width, height)
        numbers = len(data) - _HEADER
        if numbers == width * height * 8:
            raise FormatError("This is optical flow (.flo), which is no depth.")
        if numbers < width * height * 4:
            raise FormatError("This DPT is cut short: its header promises more than it holds.")
        plane = np.frombuffer(data, "<f4", width * height, _HEADER).reshape(height, width)
        return understand(Plane(plane, None, "DPT", metric=True), options)
