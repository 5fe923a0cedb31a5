"""How finely a map was measured, where it is not given: from the map itself.

An enlarged map betrays its grid: linear interpolation bends at the old pixels only, so that the
second differences repeat with their spacing (Gallagher 2005, "Detection of linear and cubic
interpolation in JPEG compressed images"). A map soft for another reason has edges of some width.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..depth_map import Size
from ..kernels import erode, local_max

__all__ = ["edge_width", "hidden_grid"]

# Lines of the map that are looked at along each axis.
_LINES = 192
# A grid stands out of the spectrum by so much, and its spacing is at least so many pixels.
_PEAK, _CLOSEST, _FEWEST = 8.0, 2.5, 12
# Pixels are square, and edges at least as wide as the spacing.
_SQUARE, _WIDEST = 0.03, 1.3
# An overtone of the grid may be stronger than its first tone, but not by more.
_FIRST = 0.5
# An edge: its contrast as a share of the map's range. Windows: from pixels to a share of the side.
_CONTRAST, _NEAREST, _REACH = 0.08, 3, 0.04
# With a smaller share of the valid pixels inside valid ones, as of a laser scanner, none is known.
_DENSE = 0.5
# The sharper edges tell, some of all are enough. An edge fits a window of 1 / 1.2 of its width.
_TYPICAL, _FEW_EDGES, _FEW_SHARE, _INSIDE = 0.2, 5, 0.01, 1.2
_SAMPLED_SIDE = 1280


def hidden_grid(plane: Tensor, width_px: float) -> Size | None:
    """(height, width) of the grid from which (H, W) was interpolated, or None where none shows.

    width_px: of its edges; a grid with wider spacing would have made them wider.
    """
    rows, columns = _beat(plane.T), _beat(plane)
    if rows is None or columns is None:
        return None
    down, across = rows / plane.shape[0], columns / plane.shape[1]
    fits = abs(down / across - 1) < _SQUARE and 1 / across < _WIDEST * width_px
    return (rows, columns) if fits else None


def _beat(plane: Tensor) -> int | None:
    """How often the bends repeat along the rows of (H, W)."""
    step = max(1, plane.shape[0] // _LINES)
    lines = plane[step // 2 :: step]
    if lines.shape[1] < 4 * _FEWEST:
        return None
    bend = (lines[:, 2:] + lines[:, :-2] - 2 * lines[:, 1:-1]).abs()
    # Every line and every place counts about the same: one sharp edge is no rhythm.
    level = bend.mean(1, keepdim=True)
    profile = (bend / level.clamp_min(1e-12)).clamp_max(4).mean(0)
    profile = F.pad(profile - profile.mean(), (1, 1))
    tones = torch.fft.rfft(profile).abs()
    last = int(lines.shape[1] / _CLOSEST) // 2 * 2
    tones = tones[: min(len(tones), last)]
    tones[:_FEWEST] = 0
    floor = tones[_FEWEST:].median()
    top = tones.max()
    if top < _PEAK * floor or floor <= 0:
        return None
    return int((tones >= _FIRST * top).nonzero()[0])


def edge_width(plane: Tensor, valid: Tensor) -> float:
    """Pixels over which the sharper edges of (H, W) rise: contrast / slope. 0 where it has none.

    An edge blurred with a Gaussian of sigma s has 2.5 s; one between two pixels has 2.
    """
    step = max(1, round(max(plane.shape) / _SAMPLED_SIDE))
    plane, valid = plane[::step, ::step], valid[::step, ::step]
    inside = plane[valid]
    if not inside.numel():
        return 0.0
    some = inside[:: max(1, inside.numel() // 10_000)]
    ends = torch.quantile(some, torch.tensor([0.01, 0.99]))
    least = _CONTRAST * (ends[1] - ends[0])
    # What lies over a hole is no edge, but sensors have holes beside nearly every edge.
    inner = erode(valid, 1)
    if int(inner.sum()) < _DENSE * inside.numel():
        return 0.0
    slope = _central_slope(plane) * inner
    # From small windows to large ones: in a window of the edge's own size, slopes and other edges
    # around it count for little.
    reach = _NEAREST
    while reach <= _REACH * max(plane.shape):
        width = _width(plane, valid, slope, reach, least)
        if width:
            return step * width
        reach *= 2
    return 0.0


def _width(plane: Tensor, valid: Tensor, slope: Tensor, reach: int, least: Tensor) -> float:
    """0 where too few edges rise wholly within `reach`."""
    known = torch.stack([plane, -plane]).masked_fill_(~valid, -torch.inf)
    contrast = local_max(known, reach).sum(0)
    steepest = local_max(slope[None], max(1, reach // 2))[0]
    peak = ((slope == steepest) & (slope > 0) & (contrast > least)).nonzero(as_tuple=True)
    widths = contrast[peak] / slope[peak]
    inside = widths[widths < _INSIDE * reach]
    if len(inside) < max(_FEW_EDGES, _FEW_SHARE * len(widths)):
        return 0.0
    return torch.quantile(inside, _TYPICAL).item()


def _central_slope(plane: Tensor) -> Tensor:
    padded = F.pad(plane[None, None], (1, 1, 1, 1), mode="replicate")[0, 0]
    across = padded[1:-1, 2:] - padded[1:-1, :-2]
    return torch.hypot(across, padded[2:, 1:-1] - padded[:-2, 1:-1]) / 2
