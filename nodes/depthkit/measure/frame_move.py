"""Small moves of the whole frame between two images: found, undone, and put into words.

A generator may answer a little to the side, closer or turned. Both images are searched for the
shift, zoom and rotation under which their edges lie on each other best: every combination of zoom
and rotation on a grid by cross-correlation, the best one then to a fraction of a pixel. Edges are
compared as gradients of doubled angle (Granlund 1978), to which a change of light, inverted
colours or a pencil line instead of an edge make no difference.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from ..depth_map import DepthMap
from ..kernels import resample

__all__ = ["STILL", "FrameMove", "find_move", "undone", "undone_image"]

# Longer side of the planes in the search over zoom and rotation, and in the one after it.
_COARSE, _FINE = 96, 192
# How far is searched: shares of a side, logarithm of the zoom, degrees; and the steps between.
_FARTHEST, _ZOOM, _TURN = 0.045, 0.08, 5.0
_STEPS = 4
# Correlation a move must gain to be believed, as a share and absolutely; and the least it reaches.
_GAIN, _MORE, _LEAST = 1.15, 0.03, 0.12
# A mean displacement below this share of the longer side is no move.
_NOTICED = 0.004


@dataclass(frozen=True, slots=True)
class FrameMove:
    """How the second frame lies to the first: what was at p from the centre is now at
    zoom * R p + shift.

    across, down: shift in shares of width and height, to the right and down. zoom: above 1 is
    enlarged. degrees: clockwise.
    """

    across: float = 0.0
    down: float = 0.0
    zoom: float = 1.0
    degrees: float = 0.0

    def grid(self, height: int, width: int) -> Tensor:
        """(1, height, width, 2) for `grid_sample`: where each pixel of the first frame now is."""
        cos, sin = (self.zoom * part(math.radians(self.degrees)) for part in (math.cos, math.sin))
        rows = [
            [cos, -sin * height / width, 2 * self.across],
            [sin * width / height, cos, 2 * self.down],
        ]
        return F.affine_grid(torch.tensor([rows]), [1, 1, height, width], align_corners=False)

    def displacement(self, height: int, width: int) -> float:
        """How far the pixels moved on average, as a share of the longer side."""
        here, there = (move.grid(height, width)[0] for move in (STILL, self))
        pixels = (there - here) * torch.tensor([width / 2, height / 2])
        return (pixels.norm(dim=-1).mean() / max(height, width)).item()

    def text(self) -> str:
        """In words, for example "moved 2 % to the right and 1 % down, enlarged by 5 %"."""
        shifts = [
            f"{abs(share):.0%} {way[share > 0]}".replace("%", " %")
            for share, way in (
                (self.across, ("to the left", "to the right")),
                (self.down, ("up", "down")),
            )
            if abs(share) >= 0.005
        ]
        words = [f"moved {' and '.join(shifts)}"] if shifts else []
        if abs(self.zoom - 1) >= 0.01:
            words.append(
                f"{'enlarged' if self.zoom > 1 else 'shrunk'} by {abs(self.zoom - 1):.0%}".replace(
                    "%", " %"
                )
            )
        if abs(self.degrees) >= 0.5:
            way = "clockwise" if self.degrees > 0 else "anticlockwise"
            words.append(f"turned {abs(self.degrees):.0f} degrees {way}")
        return ", ".join(words)


STILL = FrameMove()


def find_move(first: Tensor, second: Tensor) -> FrameMove:
    """first, second: (H, W) each, luminance or disparity, of one aspect. `STILL` where no move is
    sure: the edges must agree clearly better than in place."""
    height, width = first.shape
    a, b = (_doubled(_thumbnail(plane, _COARSE)) for plane in (first, second))
    best = max(_tried(a, b), key=lambda found: found[0])[1]
    a, b = (_doubled(_thumbnail(plane, _FINE)) for plane in (first, second))
    best, agreement = _improved(a, b, best)
    sure = agreement > max(_LEAST, _GAIN * _move_correlation(a, b, STILL) + _MORE)
    noticed = best.displacement(height, width) > _NOTICED
    return best if sure and noticed and _within_search(best) else STILL


def undone(move: FrameMove, depth: DepthMap) -> DepthMap:
    """The moved map as it would be in the first frame; not valid where that was moved out."""
    grid = move.grid(depth.height, depth.width)
    stack = torch.stack([depth.values * depth.valid, depth.valid.float()], 1)
    values, share = _sampled_or_zero(stack, grid.expand(depth.batch, -1, -1, -1)).unbind(1)
    return depth.with_values(values / share.clamp_min(1e-6), valid=share > 0.99)


def undone_image(move: FrameMove, image: Tensor) -> Tensor:
    """(H, W, 3) as it would be in the first frame; its border goes on where that was moved out, so
    that no edge appears there."""
    planes, grid = image.movedim(-1, 0)[None], move.grid(*image.shape[:2])
    back = F.grid_sample(planes, grid, padding_mode="border", align_corners=False)
    return back[0].movedim(0, -1)


def _sampled_or_zero(planes: Tensor, grid: Tensor) -> Tensor:
    return F.grid_sample(planes, grid, padding_mode="zeros", align_corners=False)


def _thumbnail(plane: Tensor, side: int) -> Tensor:
    height, width = plane.shape
    share = min(1.0, side / max(height, width))
    size = max(8, round(height * share)), max(8, round(width * share))
    return resample(plane[None, None], *size)[0, 0]


def _doubled(plane: Tensor) -> Tensor:
    """(h, w) -> (2, h, w): gradients with their angle doubled, each about as long as the others
    around it are."""
    padded = F.pad(plane[None, None], (1, 1, 1, 1), mode="replicate")[0, 0]
    dx = (padded[1:-1, 2:] - padded[1:-1, :-2]) / 2
    dy = (padded[2:, 1:-1] - padded[:-2, 1:-1]) / 2
    length = torch.hypot(dx, dy)
    span = (plane.amax() - plane.amin()).clamp_min(1e-6)
    around = F.avg_pool2d(length[None], 9, 1, 4, count_include_pad=False)[0]
    weight = length / (around + 0.02 * span)
    unit = length.square().clamp_min(1e-12)
    doubled = torch.stack([(dx * dx - dy * dy) / unit, 2 * dx * dy / unit])
    return doubled * weight


def _tried(first: Tensor, second: Tensor) -> Iterator[tuple[float, FrameMove]]:
    """Agreement and move of every zoom and rotation on the grid, each with its best shift."""
    height, width = first.shape[1:]
    reach = [math.ceil(_FARTHEST * side) + 1 for side in (height, width)]
    size = [height + reach[0], width + reach[1]]
    spectrum = torch.fft.rfft2(first, s=size).conj()
    for zoom in torch.linspace(-_ZOOM, _ZOOM, 2 * _STEPS + 1).exp().tolist():
        for degrees in torch.linspace(-_TURN, _TURN, 2 * _STEPS + 1).tolist():
            turned = FrameMove(zoom=zoom, degrees=degrees)
            other = _sampled_or_zero(second[None], turned.grid(height, width))[0]
            table = torch.fft.irfft2(spectrum * torch.fft.rfft2(other, s=size), s=size).sum(0)
            near = table.roll(reach, (0, 1))[: 2 * reach[0] + 1, : 2 * reach[1] + 1]
            peak = int(near.argmax())
            row, column = divmod(peak, near.shape[1])
            # The shift was found in the frame of the turned image.
            dy, dx = row - reach[0], column - reach[1]
            cos, sin = (zoom * part(math.radians(degrees)) for part in (math.cos, math.sin))
            across, down = (cos * dx - sin * dy) / width, (sin * dx + cos * dy) / height
            norm = (first.norm() * other.norm()).clamp_min(1e-9)
            yield (near.max() / norm).item(), replace(turned, across=across, down=down)


def _move_correlation(first: Tensor, second: Tensor, move: FrameMove) -> float:
    """-1..1, over what both frames show."""
    height, width = first.shape[1:]
    grid = move.grid(height, width)
    inside = (grid.abs() <= 1).all(-1)[0]
    other = _sampled_or_zero(second[None], grid)[0] * inside
    here = first * inside
    return ((here * other).sum() / (here.norm() * other.norm()).clamp_min(1e-9)).item()


def _improved(first: Tensor, second: Tensor, move: FrameMove) -> tuple[FrameMove, float]:
    """Pattern search: one number at a time, in ever smaller steps."""
    best, agreement = move, _move_correlation(first, second, move)
    steps = {"across": 0.008, "down": 0.008, "zoom": 0.016, "degrees": 1.0}
    for halving in range(5):
        for name, step in steps.items():
            for sign in (-1, 1):
                while True:
                    value = getattr(best, name) + sign * step / 2**halving
                    other = replace(best, **{name: value})
                    found = _move_correlation(first, second, other)
                    if found <= agreement:
                        break
                    best, agreement = other, found
    return best, agreement


def _within_search(move: FrameMove) -> bool:
    """At the rim of what is searched there may be a slope and no peak."""
    shifts = abs(move.across) < _FARTHEST and abs(move.down) < _FARTHEST
    return shifts and abs(math.log(move.zoom)) < _ZOOM and abs(move.degrees) < _TURN
