"""Which pixels of a file hold a measurement: the number for "none" is the file's or the user's."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .options import AUTO, NONE, LoadOptions

__all__ = ["valid_pixels"]

# Renderers write 1e10 where a ray hits nothing; half floats end at 65504.
_HALF_END = 65504.0
_SKY = 1e9


def valid_pixels(
    stored: NDArray[np.generic],
    known: NDArray[np.bool_] | None,
    no_data: float | None,
    options: LoadOptions,
) -> NDArray[np.bool_]:
    """(H, W) of the plane. known: opaque pixels, None for all; no_data: the file's own number."""
    is_float = stored.dtype.kind == "f"
    if not is_float:
        valid = np.ones(stored.shape, np.bool_)
    elif options.no_data == AUTO:
        valid = _within(stored, _HALF_END if stored.dtype == np.float16 else _SKY)
    else:
        valid = np.isfinite(stored)
    if known is not None:
        valid &= known
    if options.no_data == NONE:
        return valid
    if not is_float and options.zero_is_invalid:
        valid &= stored != 0
    if options.no_data == AUTO:
        if no_data is not None:
            valid &= ~_equal(stored, no_data)
        return valid
    excluded = options.excluded
    return valid if excluded is None else valid & ~_equal(stored, excluded)


def _within(stored: NDArray[Any], end: float) -> NDArray[np.bool_]:
    """Pixels between -end and end; False for NaN, too. The usual file has no others: two reductions
    are cheaper than two comparisons."""
    if stored.size and -end < stored.min() and stored.max() < end:
        return np.ones(stored.shape, np.bool_)
    return (stored > -end) & (stored < end)


def _equal(stored: NDArray[np.generic], number: float) -> NDArray[np.bool_]:
    """Equal in the precision the file has: 0.1 typed is the 0.1 of a float32."""
    if stored.dtype.kind == "f":
        with np.errstate(over="ignore"):
            return stored == stored.dtype.type(number)
    return stored == number if float(number).is_integer() else np.zeros(stored.shape, np.bool_)
