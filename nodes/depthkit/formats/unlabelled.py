"""Files of others: what their numbers mean comes from the user, or the file is refused.

A scale is never guessed. A plane with our record is restored by it unless a meaning is chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..depth_map import DepthMap, Pinhole
from ..errors import FormatError, MissingInformation
from ..white import White
from .no_data import valid_pixels
from .options import AS_FILE_SAYS, INVERSE_METRES, METRES, RAY_METRES, LoadOptions
from .packed import PACKED, Packed
from .quantise import restore
from .record import Record

__all__ = ["Plane", "understand", "unpacked", "white_of"]

_STRIP = 1 << 18


@dataclass(frozen=True, slots=True)
class Plane:
    """Numbers as a decoder found them.

    stored: (H, W) of any real type; record: ours, if the file has one; what: for messages.
    metric: the format itself defines the numbers as distances along z (a renderer's Z channel);
    ray: along the line of sight instead. log_range: near and far metres of logarithmic codes.
    camera: intrinsics from the file. white: what white means, where the file's own words say it.
    hint: what else is known of numbers whose meaning must be asked for. layer: which of several the
    plane is. known: (H, W) pixels that hold depth, None for all; no_data: the number the file gives
    for the others. full: the code of white, None for numbers that have none.
    """

    stored: NDArray[np.generic]
    record: Record | None
    what: str
    metric: bool = False
    ray: bool = False
    log_range: tuple[float, float] | None = None
    camera: Pinhole | None = None
    white: White | None = None
    hint: str = ""
    layer: str = ""
    known: NDArray[np.bool_] | None = None
    no_data: float | None = None
    full: int | None = None


Values = NDArray[np.float64]


def understand(plane: Plane, options: LoadOptions) -> DepthMap:
    """The DepthMap of a plane. Raises MissingInformation where nothing says what it means."""
    meaning = options.meaning
    if meaning == AS_FILE_SAYS:
        return _as_file_says(plane, options)
    if meaning in PACKED:
        raise FormatError(f"{meaning!r} is for colour images; this {plane.what} has one channel.")
    if meaning == METRES and options.unit_scale == 1:
        return _made("metric", None, plane, options)
    if meaning in _METRES:
        convert = _METRES[meaning]
        return _made("metric", lambda v: convert(v, options.unit_scale), plane, options)
    return _by_white(White(meaning), plane, options)


def _scaled(values: Values, scale: float) -> Values:
    return values * scale


def _inverse_codes(values: Values, scale: float) -> Values:
    usable = values > 0
    return np.where(usable, scale / np.where(usable, values, 1.0), 0.0)


_METRES: dict[str, Callable[[Values, float], Values]] = {
    METRES: _scaled,
    RAY_METRES: _scaled,
    INVERSE_METRES: _inverse_codes,
}


def unpacked(colours: NDArray[np.generic], what: str, options: LoadOptions) -> DepthMap:
    """The DepthMap of (H, W, C) colours whose bytes are numbers; `options.meaning` says how."""
    metres, known = Packed(options.meaning).metres(colours, options.unit_scale)
    whole = Plane(metres, None, what, metric=True, known=known)
    excluded = options.excluded
    if excluded is not None:
        known &= ~np.isclose(metres, excluded, rtol=1e-6, atol=0)
    return _made("metric", lambda v: v, whole, LoadOptions(name=options.name))


def _as_file_says(plane: Plane, options: LoadOptions) -> DepthMap:
    record = plane.record or (Record.from_sidecar(options.sidecar) if options.sidecar else None)
    if record is not None:
        return restore(plane.stored, record)
    if plane.log_range is not None and plane.stored.dtype == np.uint16:
        near, far = plane.log_range
        codes = plane.stored.astype(np.uint16)
        known = (codes > 0) & (codes < 65535)
        return _made("metric", lambda v: _logarithmic(v, near, far), plane, options, known)
    if plane.metric and options.unit_scale == 1:
        return _made("metric", None, plane, options)
    if plane.metric or plane.ray:
        return _made("metric", lambda v: v * options.unit_scale, plane, options)
    if plane.white is not None:
        return _by_white(plane.white, plane, options)
    raise MissingInformation(
        f"This {plane.what} does not say what its numbers mean. Set 'meaning': metres with a unit "
        "scale for sensors (0.001 for millimetres), or what white means for grey images."
        f"{' ' if plane.hint else ''}{plane.hint}"
    )


def _logarithmic(codes: Values, near: float, far: float) -> Values:
    """MoGe's codes 1..65534."""
    return np.exp(np.log(near) + (codes - 1) / 65533 * (np.log(far) - np.log(near)))


def _by_white(white: White, plane: Plane, options: LoadOptions) -> DepthMap:
    valid = valid_pixels(plane.stored, plane.known, plane.no_data, options)
    ends = _ends(plane.stored, valid)
    top = ends[1] if ends else 0.0
    full = plane.full or (white_of(plane.stored) if plane.stored.dtype in _IMAGES else None)
    if options.near is None or options.far is None:
        end = float(full or 1) if options.common else top
        kind, _ = white.relative(np.zeros(1), end)
        return _made(kind, lambda v: white.relative(v, end)[1], plane, options, valid)
    if full is None and ends and not 0 <= ends[0] <= top <= 1:
        raise FormatError(
            f"near and far describe black and white, but this {plane.what} holds numbers up to "
            f"{top:g}. Leave them at 0, or read the numbers as metres."
        )
    near, far = options.near, options.far
    return _made(
        "metric", lambda v: white.metres(v / (full or 1), near, far), plane, options, valid
    )


def _ends(stored: NDArray[Any], valid: NDArray[np.bool_]) -> tuple[float, float] | None:
    """Smallest and largest number of the valid pixels, in pieces; None where there are none."""
    lows: list[float] = []
    highs: list[float] = []
    rows = max(1, _STRIP // stored.shape[1])
    for top in range(0, len(stored), rows):
        inside = stored[top : top + rows][valid[top : top + rows]]
        if inside.size:
            lows.append(float(inside.min()))
            highs.append(float(inside.max()))
    return (min(lows), max(highs)) if lows else None


# Types of image files, where the largest code is white; other whole numbers are just numbers.
_IMAGES = (np.dtype(np.uint8), np.dtype(np.uint16))


def white_of(stored: NDArray[np.generic]) -> int:
    """The largest code of an integer plane."""
    return int(np.iinfo(np.dtype(stored.dtype).name).max)


def _made(
    kind: str,
    convert: Callable[[Values], Values] | None,
    plane: Plane,
    options: LoadOptions,
    valid: NDArray[np.bool_] | None = None,
) -> DepthMap:
    """The map of numbers converted one by one. convert: None keeps them; valid: None finds it."""
    if valid is None:
        valid = valid_pixels(plane.stored, plane.known, plane.no_data, options)
    source = f"{options.name} ({plane.layer})" if options.name and plane.layer else options.name
    if convert is None and kind == "metric" and plane.stored.dtype == np.float32:
        return _as_it_is(plane, valid, source)
    height, width = valid.shape
    along_ray = plane.ray or options.meaning == RAY_METRES
    camera = _camera_of_plane(plane, options) if along_ray else plane.camera
    single = np.empty((height, width), np.float32)
    rows = max(1, _STRIP // width)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        for top in range(0, height, rows):
            part = slice(top, top + rows)
            # Double precision in pieces: integers of 32 bits survive, memory does not double.
            values = np.where(valid[part], plane.stored[part], 1).astype(np.float64)
            single[part] = convert(values) if convert else values
            if along_ray and camera is not None:
                single[part] *= _along_axis(camera, width, range(top, min(top + rows, height)))
    # A renderer's own channel is exact in every pixel, and whole units of length (millimetres) are
    # a sensor's; of other files it is unknown.
    sensor = options.meaning in _METRES and plane.stored.dtype.kind in "iu"
    measured = (height, width) if plane.metric or plane.ray or sensor else None
    return DepthMap.owning(
        torch.from_numpy(single)[None],
        kind,
        torch.from_numpy(valid)[None],
        camera,
        source,
        measured,
    )


def _as_it_is(plane: Plane, valid: NDArray[np.bool_], source: str) -> DepthMap:
    """Metres of a float file, without the copies that a conversion needs: a long clip is made of
    these."""
    stored = np.asarray(plane.stored, np.float32)
    if not stored.min() > 0:
        valid &= stored > 0
    own = stored.flags.writeable and stored.flags.c_contiguous
    values = stored if own else stored.copy()
    if not valid.all():
        np.copyto(values, 0, where=~valid)
    measured = (valid.shape[0], valid.shape[1]) if plane.metric else None
    return DepthMap(
        torch.from_numpy(values)[None],
        "metric",
        torch.from_numpy(valid)[None],
        plane.camera,
        source,
        measured,
    )


def _camera_of_plane(plane: Plane, options: LoadOptions) -> Pinhole:
    if plane.camera is not None:
        return plane.camera
    if options.fov_deg <= 0:
        raise MissingInformation(
            f"The numbers of this {plane.what} are distances along the line of sight. Give the "
            "field of view, so that they can be turned into distances along the axis."
        )
    return Pinhole.from_fov(options.fov_deg, plane.stored.shape[1], plane.stored.shape[0])


def _along_axis(camera: Pinhole, width: int, rows: range) -> NDArray[np.float32]:
    """z per unit of distance along the ray through each pixel's centre, of some rows."""
    x = (np.arange(width) + 0.5 - camera.cx) / camera.fx
    y = (np.asarray(rows) + 0.5 - camera.cy) / camera.fy
    return (1 / np.sqrt(1 + x[None] ** 2 + y[:, None] ** 2)).astype(np.float32)
