"""Depth packed into the bytes of a colour image, as simulators write it: the formula of each.

R, G, B, A are the 8-bit channels. In CARLA's images all bits set is the far plane (the sky).
"""

from __future__ import annotations

from enum import Enum

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError

__all__ = ["PACKED", "Packed", "looks_packed"]

_FULL = (1 << 24) - 1
_CARLA_FAR_M = 1000.0
# Neighbours differ by this share where bytes are the low part of a number, and where they are not.
_ROUGH, _SMOOTH = 0.1, 0.05


class Packed(Enum):
    """The conventions; the value is the label a user chooses by."""

    CARLA = "packed colour of CARLA (metres)"
    RED_HIGH = "packed colour, red is high (times unit scale)"
    BLUE_HIGH = "packed colour, blue is high (times unit scale)"
    FLOAT = "packed float of AirSim, TartanAir (metres)"

    def metres(
        self, colours: NDArray[np.generic], unit_scale: float
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """(H, W, C) uint8 -> metres and which pixels hold some. Raises FormatError on others.

        CARLA: 1000 (R + 256 G + 65536 B) / (2^24 - 1). Red high: 65536 R + 256 G + B, blue high
        the other way round, both times the unit scale. Float: B, G, R, A are the bytes of a
        little-endian float32.
        """
        needed = 4 if self is Packed.FLOAT else 3
        if colours.dtype != np.uint8 or colours.ndim != 3 or colours.shape[-1] < needed:
            raise FormatError(
                f"{self.value!r} is read from images of {needed} channels of 8 bits, and this has "
                f"{colours.shape[-1] if colours.ndim == 3 else 1} of {colours.dtype.itemsize * 8}."
            )
        if self is Packed.FLOAT:
            floats = np.ascontiguousarray(colours[..., (2, 1, 0, 3)]).view("<f4")[..., 0]
            finite = np.isfinite(floats)
            return np.where(finite, floats, 0).astype(np.float64), finite
        number = _packed_number(colours, red_high=self is Packed.RED_HIGH)
        if self is Packed.CARLA:
            return number * (_CARLA_FAR_M / _FULL), number < _FULL
        return number * unit_scale, number > 0


PACKED = tuple(packed.value for packed in Packed)


def _packed_number(colours: NDArray[np.generic], *, red_high: bool) -> NDArray[np.float64]:
    red, green, blue = (colours[..., i].astype(np.uint32) for i in range(3))
    high, low = (red, blue) if red_high else (blue, red)
    return (high * 65536 + green * 256 + low).astype(np.float64)


def looks_packed(colours: NDArray[np.generic]) -> bool:
    """Whether the lower bytes are noise and yet the number of all three is smooth."""
    if colours.dtype != np.uint8 or min(colours.shape[:2]) < 8:
        return False
    for red_high, low in ((True, 2), (False, 0)):
        rough = max(_median_step(colours[..., i].astype(np.float64), 255.0) for i in (low, 1))
        number = _packed_number(colours, red_high=red_high)
        if rough > _ROUGH and _median_step(number, float(np.ptp(number)) or 1.0) < _SMOOTH:
            return True
    return False


def _median_step(plane: NDArray[np.float64], scale: float) -> float:
    return float(np.median(np.abs(np.diff(plane, axis=1)))) / scale
