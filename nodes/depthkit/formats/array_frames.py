"""The frames of a NumPy array file, read one at a time.

The header is read and checked before a single number is: pickles are refused, and no header can
make the loader allocate more than the file holds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from .options import MAX_PIXELS, check_size
from .streams import fill

__all__ = ["ArrayFrames", "frame_shape", "header"]

_COLOURS = (3, 4)
_SMALLEST_IMAGE = 8


class ArrayFrames:
    """count frames of height x width in the array at the start of a stream.

    length: bytes of the array with its header. Raises FormatError on what is no stack of maps.
    """

    def __init__(self, stream: IO[bytes], length: int) -> None:
        shape, self._by_column, self._kind, _ = header(stream, length)
        self._shape, self._stream = shape, stream
        self.count, self.height, self.width = frame_shape(shape, self._kind)

    def read(self, numbers: Iterable[int]) -> Iterator[NDArray[Any]]:
        """(H, W) of the frames with these numbers, in rising order, counted from 1."""
        native = self._kind.newbyteorder("=")
        if self._by_column:
            whole = self._array(self._shape, order="F")
            stack = whole.reshape(self.count, self.height, self.width)
            for number in numbers:
                yield stack[number - 1].astype(native, copy=False)
            return
        position = 1
        for number in numbers:
            for _ in range(number - position):
                self._array((self.height, self.width))
            position = number + 1
            yield self._array((self.height, self.width)).astype(native, copy=False)

    def _array(self, shape: tuple[int, ...], order: Any = "C") -> NDArray[Any]:
        size = math.prod(shape)
        if order == "F" and size > MAX_PIXELS * 4:
            raise FormatError("This array is stored by column and too large; save it in C order.")
        found = np.empty(size, self._kind)
        fill(found, self._stream)
        return found.reshape(shape, order=order)


def header(stream: IO[bytes], length: int) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Shape, whether it is stored by column, type, and bytes of the header."""
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
    start = stream.tell()
    if math.prod(shape) * kind.itemsize > length - start:
        raise FormatError("This array file is cut short: the header promises more numbers.")
    return shape, by_column, kind, start


def frame_shape(shape: tuple[int, ...], kind: np.dtype[Any]) -> tuple[int, int, int]:
    """(frames, height, width) of (H, W) or (N, H, W); dimensions of 1 around them are left out.

    Raises FormatError on other shapes, on colours and on what are no real numbers.
    """
    sides = list(shape)
    while len(sides) > 2 and sides[-1] == 1:
        sides.pop()
    while len(sides) > 3 and 1 in sides[:-2]:
        sides.remove(1)
    colours = len(sides) == 3 and sides[-1] in _COLOURS and min(sides[:2]) > _SMALLEST_IMAGE
    if not 2 <= len(sides) <= 3 or kind.kind not in "fui" or colours:
        raise FormatError(
            f"The array is {shape} of {kind}; a depth map is (height, width) numbers, a clip "
            "(frames, height, width)."
        )
    count, height, width = sides if len(sides) == 3 else (1, *sides)
    check_size(width, height)
    if count < 1:
        raise FormatError("The array holds no frame.")
    return count, height, width
