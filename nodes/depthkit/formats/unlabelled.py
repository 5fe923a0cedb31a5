"""Files of others: what their numbers mean comes from the user, or the file is refused.

A scale is never guessed. A plane with our record is restored by it unless a meaning is chosen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ..depth_map import DepthMap, Pinhole
from ..errors import FormatError, MissingInformation
from ..white import White
from .options import (
    AS_FILE_SAYS,
    INVERSE_METRES,
    METRES,
    LoadOptions,
)
from .quantise import restore
from .record import Record

__all__ = ["Plane", "understand", "white_of"]


@dataclass(frozen=True, slots=True)
class Plane:
    """Numbers as a decoder found them.

    stored: (H, W) uint8, uint16 or float; record: ours, if the file has one; what: for messages.
    metric: the format itself defines the numbers as distances along z (a renderer's Z channel).
    log_range: near and far metres of logarithmic codes. camera: intrinsics from the file.
    white: what white means, where the file's own words say it. hint: what else is known of numbers
    whose meaning must be asked for. layer: which of several the plane is.
    """

    stored: NDArray[np.generic]
    record: Record | None
    what: str
    metric: bool = False
    log_range: tuple[float, float] | None = None
    camera: Pinhole | None = None
    white: White | None = None
    hint: str = ""
    layer: str = ""


def understand(plane: Plane, options: LoadOptions) -> DepthMap:
    """The DepthMap of a plane. Raises MissingInformation where nothing says what it means."""
    if options.meaning == AS_FILE_SAYS:
        return _as_file_says(plane, options)
    values = plane.stored.astype(np.float64)
    valid = _valid(plane.stored, options)
    if options.meaning == METRES:
        return _make("metric", values * options.unit_scale, valid, plane, options)
    if options.meaning == INVERSE_METRES:
        inverse = _inverse_metres(values, valid, options.unit_scale)
        return _make("metric", inverse, valid, plane, options)
    kind, result = _by_white(White(options.meaning), values, valid, plane, options)
    return _make(kind, result, valid, plane, options)


def _as_file_says(plane: Plane, options: LoadOptions) -> DepthMap:
    record = plane.record or (Record.from_sidecar(options.sidecar) if options.sidecar else None)
    if record is not None:
        return restore(plane.stored, record)
    if plane.log_range is not None and plane.stored.dtype == np.uint16:
        return _make("metric", *_logarithmic(plane.stored, plane.log_range), plane, options)
    if plane.metric:
        valid = _valid(plane.stored, options)
        scaled = plane.stored.astype(np.float64) * options.unit_scale
        return _make("metric", scaled, valid, plane, options)
    if plane.white is not None:
        valid = _valid(plane.stored, options)
        values = plane.stored.astype(np.float64)
        kind, result = _by_white(plane.white, values, valid, plane, options)
        return _make(kind, result, valid, plane, options)
    raise MissingInformation(
        f"This {plane.what} does not say what its numbers mean. Set 'meaning': metres with a unit "
        "scale for sensors (0.001 for millimetres), or what white means for grey images."
        f"{' ' if plane.hint else ''}{plane.hint}"
    )


def _make(
    kind: str,
    values: NDArray[np.float64],
    valid: NDArray[np.bool_],
    plane: Plane,
    options: LoadOptions,
) -> DepthMap:
    with np.errstate(over="ignore"):
        single = np.where(valid, values, 0.0).astype(np.float32)
    # A renderer's own channel is exact in every pixel; of other files it is unknown.
    measured = single.shape if plane.metric else None
    source = f"{options.name} ({plane.layer})" if options.name and plane.layer else options.name
    return DepthMap.make(
        torch.from_numpy(single), kind, torch.from_numpy(valid), plane.camera, source, measured
    )


def _valid(stored: NDArray[np.generic], options: LoadOptions) -> NDArray[np.bool_]:
    if stored.dtype.kind == "f":
        return np.isfinite(stored) & (_below_background(stored))
    return stored != 0 if options.zero_is_invalid else np.ones(stored.shape, bool)


def _below_background(stored: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Renderers write 1e10 where a ray hits nothing; half floats end at 65504."""
    return np.abs(stored) < (65504.0 if stored.dtype == np.float16 else 1e9)


def _logarithmic(
    stored: NDArray[np.generic], ends: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    codes = stored.astype(np.float64)
    near, far = ends
    values = np.exp(np.log(near) + (codes - 1) / 65533 * (np.log(far) - np.log(near)))
    return values, (codes > 0) & (codes < 65535)


def _inverse_metres(
    values: NDArray[np.float64], valid: NDArray[np.bool_], unit_scale: float
) -> NDArray[np.float64]:
    usable = valid & (values > 0)
    return np.where(usable, unit_scale / np.where(usable, values, 1.0), 0.0)


def _by_white(
    white: White,
    values: NDArray[np.float64],
    valid: NDArray[np.bool_],
    plane: Plane,
    options: LoadOptions,
) -> tuple[str, NDArray[np.float64]]:
    """Kind and values where it is known what white is."""
    if options.near is None or options.far is None:
        return white.relative(values, values[valid].max() if valid.any() else 0.0)
    return "metric", white.metres(_normalised(values, valid, plane), options.near, options.far)


def white_of(stored: NDArray[np.generic]) -> int:
    """The largest code of an integer plane."""
    return int(np.iinfo(np.dtype(stored.dtype).name).max)


def _normalised(
    values: NDArray[np.float64], valid: NDArray[np.bool_], plane: Plane
) -> NDArray[np.float64]:
    """0..1 between black and white; floats have no white and must lie in 0..1 already."""
    if plane.stored.dtype.kind != "f":
        return values / white_of(plane.stored)
    inside = values[valid]
    if inside.size and (inside.min() < 0 or inside.max() > 1):
        raise FormatError(
            f"near and far describe black and white, but this {plane.what} holds numbers up to "
            f"{inside.max():g}. Leave them at 0, or read the numbers as metres."
        )
    return values
