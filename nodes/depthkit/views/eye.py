"""A photo seen by an eye beside the camera: parallax along the rows, and nothing else.

Between pixels of one surface the new view is drawn like a mesh; at an outline each pixel of the
photo is one pixel wide. So nothing is stretched from a near thing to what lies behind it, what is
uncovered is a hole, and its width is the difference of the two parallaxes. Outlines are smooth:
what a near thing covers of a pixel it covers by that share.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .outlines import Fringe, take_apart
from .warp import fill_from_background

__all__ = ["EyeView", "see_from"]

_LEVELS = 1 << 20
# Neighbours whose parallax differs by less are one surface.
_STEP = 1.0
# One more pixel of an outline is mixed for each so many pixels of width: lens and sharpening.
_SOFT_EDGE = 2048


@dataclass(frozen=True, slots=True, eq=False)
class EyeView:
    """image: (H, W, 3), holes black unless filled; hole: (H, W) bool, what the photo does not show;
    nearness: (H, W) parallax towards the viewer, 0 in holes."""

    image: Tensor
    hole: Tensor
    nearness: Tensor


def see_from(image: Tensor, parallax: Tensor, side: float, *, fill: bool = True) -> EyeView:
    """The view of one eye.

    image: (H, W, 3); parallax: (H, W) pixels between both eyes, larger is nearer; side: the share
    of it by which this eye's view is moved to the right, negative to the left. 0 gives the image
    back bit for bit.
    """
    height, width = parallax.shape
    if side == 0 or not bool(parallax.any()):
        return EyeView(image, torch.zeros(height, width, dtype=torch.bool), parallax)
    # Nearness in pixels of this eye's own movement.
    nearness = parallax * abs(side)
    clean, fringe = take_apart(image, nearness, _STEP, 1 + width // _SOFT_EDGE)
    shift = parallax * side
    wide = _Landed.of(shift, nearness, narrow=False)
    narrow = _Landed.of(shift, nearness, narrow=True)
    seen = narrow.colours(clean)
    nearest = narrow.value(nearness)
    low = nearness.min()
    level = (nearest - low) / (nearness.max() - low).clamp_min(1e-9)
    hole = narrow.nothing
    filled = fill_from_background(seen, level.masked_fill(hole, 0), hole)
    behind = nearest.masked_fill(hole, -torch.inf)
    # What lands beside a pixel's centre covers less than half of it.
    over = ~wide.nothing & (wide.value(nearness) > behind + 0.5 * _STEP)
    cover = (1 - wide.offset.abs()).clamp(0, 1) * over
    drawn = torch.lerp(filled, wide.colours(clean), cover[..., None])
    drawn = _with_fringe(drawn, fringe, behind, side)
    if not fill:
        drawn = drawn.masked_fill(hole[..., None], 0)
    return EyeView(drawn.clamp(0, 1), hole, nearest.masked_fill(hole, 0))


@dataclass(frozen=True, slots=True, eq=False)
class _Landed:
    """source: (H, W) int64, the flat index of the pixel of the photo seen at each pixel; nothing:
    where there is none; offset: how far beside the pixel's centre it landed."""

    source: Tensor
    nothing: Tensor
    offset: Tensor

    @classmethod
    def of(cls, shift: Tensor, nearness: Tensor, *, narrow: bool) -> _Landed:
        """Each pixel lands on the two it touches, the nearest one wins.

        narrow: at an outline it lands only on the one whose centre it covers.
        """
        height, width = shift.shape
        count = height * width
        column = torch.arange(width).expand(height, width)
        row = torch.arange(height)[:, None].expand(height, width)
        place = column + shift
        left = place.floor()
        beyond = place - left
        joined = (nearness.diff(dim=1).abs() <= _STEP).logical_and(shift.diff(dim=1) > -1)
        to_right = torch.nn.functional.pad(joined, (0, 1))
        to_left = torch.nn.functional.pad(joined, (1, 0))
        low = nearness.min()
        order = ((nearness - low) / (nearness.max() - low).clamp_min(1e-9) * (_LEVELS - 1)).round()
        key = order.long() * count + torch.arange(count).view(height, width)
        best = torch.full((count,), -1, dtype=torch.int64)
        lands = (beyond <= 0.5) | to_left, (beyond >= 0.5) | to_right
        for step, covers in enumerate(lands):
            x = left.long() + step
            taken = (x >= 0) & (x < width)
            if step:
                taken &= beyond > 0
            if narrow:
                taken &= covers
            best.scatter_reduce_(0, (row * width + x)[taken], key[taken], "amax")
        nothing = (best < 0).view(height, width)
        source = (best.clamp_min(0) % count).view(height, width)
        return cls(source, nothing, column - place.flatten()[source])

    def value(self, plane: Tensor) -> Tensor:
        return plane.flatten()[self.source]

    def colours(self, image: Tensor) -> Tensor:
        """(H, W, 3): read along the row, the border repeated; halfway between linear and cubic
        convolution (Keys 1981), which is closer to true second eyes than either: of the photo's
        noise less is carried along than by the cubic one, and less is blurred than by the linear
        one."""
        width = image.shape[1]
        at = self.source % width + self.offset
        first = at.floor()
        share = (at - first)[..., None]
        columns = [(first.long() + step).clamp(0, width - 1) for step in (-1, 0, 1, 2)]
        a, b, c, d = (image.gather(1, x[..., None].expand(*x.shape, 3)) for x in columns)
        bend = share * (2 * a - 5 * b + 4 * c - d + share * (3 * (b - c) + d - a))
        cubic = b + 0.5 * share * (c - a + bend)
        found = torch.lerp(torch.lerp(b, c, share), cubic, 0.5).clamp(0, 1)
        return found.masked_fill(self.nothing[..., None], 0)


def _with_fringe(image: Tensor, fringe: Fringe, behind: Tensor, side: float) -> Tensor:
    """The soft rim of near things over what is now behind it."""
    if not len(fringe.row):
        return image
    height, width = behind.shape
    place = fringe.column + fringe.shift * (1 if side > 0 else -1)
    left = place.floor()
    cover, colour = torch.zeros(height * width), torch.zeros(height * width, 3)
    for step, near in ((0, 1 - (place - left)), (1, place - left)):
        x = left.long() + step
        at = fringe.row * width + x.clamp(0, width - 1)
        front = behind.flatten()[at] + 0.5 * _STEP < fringe.shift
        weight = (fringe.share * near)[front & (x >= 0) & (x < width)]
        at = at[front & (x >= 0) & (x < width)]
        cover.index_add_(0, at, weight)
        rim = fringe.colour[front & (x >= 0) & (x < width)]
        colour.index_add_(0, at, weight[:, None] * rim)
    mean = colour / cover[:, None].clamp_min(1e-9)
    share = cover.clamp_max(1).view(height, width, 1)
    return torch.lerp(image, mean.view(height, width, 3), share)
