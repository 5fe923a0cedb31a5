"""Between the numbers of a DepthMap and the numbers of a file. No bytes here.

Integers hold a share of the window in codes 1..65535, rounded to nearest; 0 is "no value". No
colour transform, ever.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from ..conversions import to_disparity, to_metric
from ..depth_map import DepthMap, capped
from ..errors import FormatError, InvalidInput
from ..white import White
from .options import SaveOptions
from .record import Record

__all__ = ["Coding", "as_floats", "choose_coding", "quantise", "record_of", "restore"]

FULL = 65535
FIRST = 1
_STRIP = 1 << 18


@dataclass(frozen=True, slots=True)
class Coding:
    """How every frame of one batch is written: one window, so that a clip stays comparable."""

    encoding: str
    near: float
    far: float
    normalisation: str


def choose_coding(depth: DepthMap, options: SaveOptions) -> tuple[DepthMap, Coding]:
    """The batch in the kind that is written, and the coding its frames share.

    Raises MissingInformation where metres are asked of relative depth without near and far.
    """
    chosen = depth
    if options.values == "metric":
        chosen = to_metric(depth, options.near, options.far)
    elif options.values == "disparity" and depth.kind == "depth":
        chosen = to_disparity(depth, options.near, options.far)
        options = SaveOptions(values=options.values)
    near, far = _window(chosen, options)
    fixed = options.near is not None or options.far is not None
    scope = "clip" if depth.batch > 1 else "frame"
    if options.values != "disparity":
        return chosen, Coding("values", near, far, "fixed" if fixed else scope)
    encoding = "inverse" if chosen.kind == "metric" else "linear"
    return chosen, Coding(encoding, near, far, "fixed" if fixed else scope)


def _window(depth: DepthMap, options: SaveOptions) -> tuple[float, float]:
    low, high = depth.extremes() or (1.0, 1.0)
    near, far = (high, low) if depth.near_is_large else (low, high)
    near = near if options.near is None else options.near
    far = far if options.far is None else options.far
    ordered = far <= near if depth.near_is_large else near <= far
    if not ordered or (depth.kind == "metric" and near <= 0):
        larger = "above" if depth.near_is_large else "below"
        raise InvalidInput(
            f"near = {near:g} and far = {far:g} do not make a window of this {depth.kind} map; "
            f"near must be {larger} far. Leave both at 0 to take them from the map."
        )
    return near, far


def record_of(depth: DepthMap, coding: Coding, bits: int) -> Record:
    """The record of one frame; integer files always hold a share, never bare values.

    bits: of the file, 0 for floats; codes of fewer bits are described as the 16 they stand for.
    """
    encoding = "linear" if bits and coding.encoding == "values" else coding.encoding
    return Record(
        depth.kind,
        encoding,
        coding.near,
        coding.far,
        16 if bits else 0,
        depth.width,
        depth.height,
        "none" if encoding == "values" else coding.normalisation,
        depth.camera,
        depth.source[:200],
        depth.measured,
        depth.projection,
    )


def quantise(depth: DepthMap, record: Record) -> NDArray[np.uint16]:
    """One frame as integer codes: (H, W) uint16, 0 where invalid."""
    values, valid = _single_frame(depth)
    out = np.empty(values.shape, np.uint16)
    for start in range(0, values.size, _STRIP):
        part = slice(start, start + _STRIP)
        share = _share(values[part], record)
        np.multiply(share, FULL - FIRST, out=share)
        np.rint(share, out=share)
        np.add(share, FIRST, out=share)
        out[part] = share * valid[part]
    return out.reshape(depth.height, depth.width)


def as_floats(depth: DepthMap, record: Record) -> NDArray[np.float32]:
    """One frame as floats: (H, W) float32, NaN where invalid."""
    values, valid = _single_frame(depth)
    stored = values if record.encoding == "values" else _share(values, record).astype(np.float32)
    return np.where(valid, stored, np.float32(np.nan)).reshape(depth.height, depth.width)


def _single_frame(depth: DepthMap) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    if depth.batch != 1:
        raise InvalidInput("One file holds one depth map; save the frames of a batch one by one.")
    return depth.values[0].numpy().ravel(), depth.valid[0].numpy().ravel()


def _coded_ends(record: Record) -> tuple[float, float]:
    """What share 0 and share 1 stand for, in the numbers that are spaced evenly."""
    if record.encoding == "inverse":
        return White.NEAR_DISPARITY.ends(record.near, record.far)
    near, far = record.near, record.far
    return (far, near) if record.near_is_large else (near, far)


def _share(values: NDArray[np.float32], record: Record) -> NDArray[np.float64]:
    """Position 0..1 in the window, double precision so that rounding is the only loss."""
    low, high = _coded_ends(record)
    share = values.astype(np.float64)
    if record.encoding == "inverse":
        # Invalid pixels are 0; what becomes of them is decided by the mask alone.
        np.divide(1.0, np.where(share > 0, share, 1.0), out=share)
    if high == low:
        share.fill(0.5)
        return share
    np.subtract(share, low, out=share)
    np.multiply(share, 1.0 / (high - low), out=share)
    return np.clip(share, 0.0, 1.0, out=share)


def restore(stored: NDArray[np.generic], record: Record) -> DepthMap:
    """The DepthMap of one file; `stored` is (H, W) uint16 codes or floats as the record says.

    Raises FormatError where the pixels do not fit the record (the file was changed by another
    program since), because the numbers could then only be read wrongly.
    """
    if stored.shape != (record.height, record.width) or _bits(stored) != record.bits:
        raise FormatError(
            f"The file's record states {record.width} x {record.height} pixels of "
            f"{record.bits or 'float'} bits, the file holds {stored.shape[1]} x {stored.shape[0]} "
            f"{stored.dtype}: another program resized or converted it. Choose by hand what its "
            "numbers mean."
        )
    valid = (stored != 0) if record.bits else np.isfinite(stored)
    values = np.empty(stored.shape, np.float32)
    flat, codes = values.reshape(-1), stored.reshape(-1)
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, flat.size, _STRIP):
            part = slice(start, start + _STRIP)
            numbers = codes[part]
            flat[part] = numbers if record.encoding == "values" else _from_share(numbers, record)
    depth = DepthMap.owning(
        torch.from_numpy(values)[None],
        record.kind,
        torch.from_numpy(valid)[None],
        record.camera if record.projection == "perspective" else None,
        record.source,
        record.measured and capped(record.measured, stored.shape),
    )
    return replace(depth, projection=record.projection)


def _from_share(stored: NDArray[np.generic], record: Record) -> NDArray[np.float64]:
    """Of codes or shares; what becomes of invalid ones is decided by the mask alone."""
    share = stored.astype(np.float64)
    if record.bits:
        share = (share - FIRST) / (FULL - FIRST)
    low, high = _coded_ends(record)
    even = low + share * (high - low)
    if record.encoding == "inverse":
        return 1.0 / np.where(even > 0, even, 1.0)
    return even


def _bits(stored: NDArray[np.generic]) -> int:
    return 16 if stored.dtype == np.uint16 else (0 if stored.dtype.kind == "f" else -1)
