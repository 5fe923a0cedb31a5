"""Measured distances: typed as text, or the valid pixels of a sensor's map, on one grid."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..depth_map import DepthMap, Size
from ..errors import InvalidInput, MissingInformation
from ..images import SAME_SHAPE, at_frame

__all__ = ["PARTIAL", "Measured", "TypedPoint", "gather", "parse_points"]

_NUMBER = r"([-+]?\d*\.?\d+(?:e[-+]?\d+)?)"
_LINE = re.compile(rf"^\(?\s*{_NUMBER}\s*[,;\s]\s*{_NUMBER}\s*\)?\s*[=:]\s*{_NUMBER}\s*m?$", re.I)
# Two tapes at one place may differ by so much.
_SAME = 0.02
PARTIAL = 0.25
"""A map with fewer valid pixels than this share is a set of points, on the photo's own pixels."""


@dataclass(frozen=True, slots=True)
class TypedPoint:
    """A pixel of the photo (x right, y down, the upper left one is 0, 0) and its distance."""

    x: float
    y: float
    metres: float


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Measurements of one frame on a grid.

    metres: (h, w), 0 where nothing was measured; known: (h, w) bool.
    """

    metres: Tensor
    known: Tensor

    @property
    def size(self) -> Size:
        return (self.metres.shape[0], self.metres.shape[1])

    @property
    def count(self) -> int:
        return int(self.known.sum())


def parse_points(text: str) -> tuple[TypedPoint, ...]:
    """Lines `x, y = metres`; empty lines and what follows a # are left out.

    Raises InvalidInput naming the line that is not of this form.
    """
    points = []
    for number, line in enumerate(text.splitlines(), 1):
        content = line.split("#")[0].strip()
        if not content:
            continue
        found = _LINE.match(content)
        x, y, metres = map(float, found.groups()) if found else (math.nan,) * 3
        if not metres > 0:
            raise InvalidInput(
                f"Line {number} of 'points', {content!r}, is not a measured point. Write the "
                "pixel and its distance in metres, for example 640, 360 = 2.45 (x from the left, "
                "y from the top, a point as the decimal mark)."
            )
        points.append(TypedPoint(x, y, metres))
    return tuple(points)


def gather(
    depth: DepthMap | None,
    typed: Sequence[TypedPoint],
    photo: Size,
    index: int = 0,
    *,
    on_photo: bool = False,
) -> Measured:
    """All measurements of frame `index` on one grid.

    depth: a metric map of the photo's view, of any resolution, partial or complete, or None; typed:
    in pixels of the photo, they replace what the map says there. The grid is the map's own, or
    the photo's where there are only points, or with `on_photo`. Raises MissingInformation where the
    map holds no metres, InvalidInput where it shows another crop, where points lie outside the
    photo or contradict each other, and where nothing was measured at all.
    """
    _check_typed(typed, photo)
    if depth is None:
        metres = torch.zeros(photo)
    else:
        _check_map(depth, photo)
        metres = at_frame(depth.values * depth.valid, index)
        few = on_photo or (metres > 0).float().mean() < PARTIAL
        if few and depth.height * depth.width <= math.prod(photo):
            metres = _moved(metres, photo)
    metres = metres.clone()
    height, width = metres.shape
    for point in typed:
        row = min(int((point.y + 0.5) * height / photo[0]), height - 1)
        column = min(int((point.x + 0.5) * width / photo[1]), width - 1)
        metres[row, column] = point.metres
    known = metres > 0
    if not bool(known.any()):
        raise InvalidInput(
            "Nothing was measured: 'measured' has no valid pixel and 'points' no line. Connect a "
            "map in metres with at least two valid pixels, or type points such as 640, 360 = 2.45."
        )
    return Measured(metres, known)


def _check_typed(typed: Sequence[TypedPoint], photo: Size) -> None:
    seen: dict[tuple[int, int], TypedPoint] = {}
    for point in typed:
        if not (-0.5 <= point.x < photo[1] - 0.5 and -0.5 <= point.y < photo[0] - 0.5):
            raise InvalidInput(
                f"The point {point.x:g}, {point.y:g} lies outside the photo, which is {photo[1]} x "
                f"{photo[0]} pixels: x goes from 0 to {photo[1] - 1}, y from 0 to {photo[0] - 1}. "
                "Correct it, or connect the photo in which it was measured, uncropped."
            )
        place = (round(point.y), round(point.x))
        other = seen.setdefault(place, point)
        if abs(other.metres - point.metres) > _SAME * min(other.metres, point.metres):
            raise InvalidInput(
                f"The pixel {place[1]}, {place[0]} is said to be {other.metres:g} and "
                f"{point.metres:g} metres away. Keep the line that is right."
            )


def _check_map(depth: DepthMap, photo: Size) -> None:
    if depth.kind != "metric":
        raise MissingInformation(
            f"The input 'measured' is relative {depth.kind}, it holds no metres. Connect a map in "
            "metres (Load Depth with unit_scale 0.001 reads millimetres), or convert it with "
            "Adjust Depth (near and far)."
        )
    ratio = (photo[1] / photo[0]) / (depth.width / depth.height)
    slack = SAME_SHAPE + 1 / min(depth.height, depth.width)
    if not 1 / slack <= ratio <= slack:
        raise InvalidInput(
            f"The photo is {photo[1]} x {photo[0]} and the measured map {depth.width} x "
            f"{depth.height}: they do not show the same frame. Connect the photo that belongs to "
            "the map, uncropped and not turned."
        )


def _moved(metres: Tensor, size: Size) -> Tensor:
    """The points of a sparse map on the pixels of a larger grid that their centres lie in."""
    if tuple(metres.shape) == tuple(size):
        return metres
    row, column = metres.nonzero(as_tuple=True)
    moved = torch.zeros(size)
    down = ((row + 0.5) * size[0] / metres.shape[0]).long().clamp_max(size[0] - 1)
    across = ((column + 0.5) * size[1] / metres.shape[1]).long().clamp_max(size[1] - 1)
    moved[down, across] = metres[row, column]
    return moved
