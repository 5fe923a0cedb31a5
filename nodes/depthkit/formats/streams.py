"""Open files read in pieces, so that a large one is not held beside the numbers made of it."""

from __future__ import annotations

import os
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError

__all__ = ["byte_count", "fill"]

_PIECE = 1 << 22


def byte_count(file: IO[bytes]) -> int:
    """Length of the file, which is at its start then."""
    length = file.seek(0, os.SEEK_END)
    file.seek(0)
    return length


def fill(array: NDArray[Any], file: IO[bytes]) -> None:
    """Read a contiguous array's bytes. Raises FormatError where the file ends before."""
    flat = array.reshape(-1).view(np.uint8)
    for start in range(0, len(flat), _PIECE):
        piece = flat[start : start + _PIECE]
        body = file.read(len(piece))
        if len(body) < len(piece):
            raise FormatError("This file is cut short: its header promises more numbers.")
        piece[:] = np.frombuffer(body, np.uint8)
