"""An image seen from a place beside the camera: forward warp with a depth test.

Every pixel is moved by its own shift and splatted onto the four pixels it touches; the nearest one
wins. The winner's colour is read between pixels, so that motion is smooth, and a shift of zero
gives the image back bit for bit. What nothing moved to is a hole.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["fill_from_background", "forward_warp"]

_LEVELS = 1 << 20


def forward_warp(
    image: Tensor, near: Tensor, shift_x: Tensor, shift_y: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Move every pixel.

    image: (H, W, C); near: (H, W) 0 far .. 1 near, the larger wins; shift_x, shift_y: (H, W)
    pixels, right and down. Returns the image (H, W, C), 0 in holes; its nearness (H, W); and the
    holes (H, W) bool.
    """
    height, width = near.shape
    rows = torch.arange(height)[:, None].expand(height, width)
    columns = torch.arange(width).expand(height, width)
    to_x, to_y = columns + shift_x, rows + shift_y
    winner = _winners(near, to_x, to_y)
    hole = winner < 0
    source = winner.clamp_min(0)
    # Where between the winner and its neighbours this pixel's colour lies.
    at_x = (source % width) + (columns - to_x.flatten()[source])
    at_y = (source // width) + (rows - to_y.flatten()[source])
    warped = _bilinear(image, at_x, at_y).masked_fill(hole[..., None], 0)
    return warped, near.flatten()[source].masked_fill(hole, 0), hole


def _winners(near: Tensor, to_x: Tensor, to_y: Tensor) -> Tensor:
    """(H, W) int64: which source pixel is seen at each pixel, -1 for none."""
    height, width = near.shape
    count = height * width
    order = (near.clamp(0, 1) * (_LEVELS - 1)).round().long().flatten() * count
    key = order + torch.arange(count)
    best = torch.full((count,), -1, dtype=torch.int64)
    left, top = to_x.floor().long().flatten(), to_y.floor().long().flatten()
    beyond_x = (to_x.flatten() > left).long()
    beyond_y = (to_y.flatten() > top).long()
    # A pixel that lands exactly on another touches that one only.
    for step_x in (0, 1):
        for step_y in (0, 1):
            x, y = left + step_x * beyond_x, top + step_y * beyond_y
            inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
            best.scatter_reduce_(0, (y * width + x)[inside], key[inside], "amax")
    return torch.where(best < 0, best, best % count).view(height, width)


def _bilinear(image: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Bilinear lookup at (x, y) pixels, the border repeated: (H, W, C)."""
    height, width = image.shape[:2]
    left, top = x.floor(), y.floor()
    share_x, share_y = (x - left)[..., None], (y - top)[..., None]
    columns = [(left.long() + step).clamp(0, width - 1) for step in (0, 1)]
    rows = [(top.long() + step).clamp(0, height - 1) for step in (0, 1)]
    upper, lower = (torch.lerp(image[r, columns[0]], image[r, columns[1]], share_x) for r in rows)
    return torch.lerp(upper, lower, share_y)


def fill_from_background(image: Tensor, near: Tensor, hole: Tensor) -> Tensor:
    """Fill holes of a warped image with what lies behind: (H, W, C).

    Along its row each hole borders on two things; the farther one continues into it, mirrored at
    the border so that texture goes on. What the mirror cannot reach repeats the border; a row that
    nothing moved to repeats the next one above or below.
    """
    width = hole.shape[1]
    column = torch.arange(width).expand(hole.shape)
    left = torch.where(hole, -1, column).cummax(1).values
    right = torch.where(hole, width, column).flip(1).cummin(1).values.flip(1)
    near_left = near.gather(1, left.clamp_min(0)).masked_fill(left < 0, 2.0)
    near_right = near.gather(1, right.clamp_max(width - 1)).masked_fill(right >= width, 2.0)
    from_left = near_left <= near_right
    border = torch.where(from_left, left, right).clamp(0, width - 1)
    mirrored = (2 * border - column + torch.where(from_left, 1, -1)).clamp(0, width - 1)
    level = torch.where(from_left, near_left, near_right)
    usable = ~hole.gather(1, mirrored) & ((near.gather(1, mirrored) - level).abs() < 0.1)
    source = torch.where(hole, torch.where(usable, mirrored, border), column)
    filled = image.gather(1, source[..., None].expand_as(image))
    seen = (~hole).any(1).nonzero()[:, 0]
    if len(seen) in (0, len(hole)):
        return filled
    row = torch.arange(len(hole))
    return filled[seen[(row[:, None] - seen).abs().argmin(1)]]
