"""Outlines of a photo taken apart: what of a pixel is the nearer thing's, and what lies behind.

A lens, and every resampling since, mixes the two colours at an outline. Left where the farther
thing is, such pixels stand there as a ghost once the nearer one has moved away. Their colour is
taken apart by its place between the pure colours around (the compositing equation, Porter and Duff
1984), the nearer part travels with the nearer thing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..kernels import local_max

__all__ = ["Fringe", "take_apart"]

# Pure colours are looked for within so many pixels of the zone, nearer ones count more.
_REACH, _SIGMA = 2, 1.5
# Squared difference of two colours that is too small to tell a share from noise.
_ALIKE = 0.01
_FAINT = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Fringe:
    """Pixels of the farther thing that hold some of the nearer one.

    row, column: (N,) int64; share: (N,) 0..1 how much; colour: (N, 3) of the nearer thing;
    shift: (N,) its parallax.
    """

    row: Tensor
    column: Tensor
    share: Tensor
    colour: Tensor
    shift: Tensor


def take_apart(image: Tensor, nearness: Tensor, step: float, radius: int) -> tuple[Tensor, Fringe]:
    """The photo without what nearer things left on the farther ones, and what was taken.

    image: (H, W, 3); nearness: (H, W) in pixels of parallax, the larger is nearer; step: pixels
    that make an outline; radius: pixels on its far side that may be mixed. `Fringe.shift` is in
    nearness.
    """
    high = local_max(nearness[None], radius)[0]
    low = -local_max(-nearness[None], radius)[0]
    zone = (high - low) > step
    middle = (high + low) / 2
    row, column = (zone & (nearness < middle)).nonzero(as_tuple=True)
    if not len(row):
        return image, _nothing()
    near, far, near_colour, far_colour = _pure_colours(
        image, nearness, zone, middle[row, column], row, column, radius + _REACH
    )
    apart = near_colour - far_colour
    length = apart.square().sum(1)
    here = image[row, column]
    share = (((here - far_colour) * apart).sum(1) / length.clamp_min(1e-6)).clamp(0, 1)
    told = (near > 0) & (far > 0) & (length > _ALIKE) & (share > _FAINT)
    row, column, share = row[told], column[told], share[told]
    clean = image.clone()
    clean[row, column] = (here[told] - share[:, None] * apart[told]).clamp(0, 1)
    return clean, Fringe(row, column, share, near_colour[told], high[row, column])


def _nothing() -> Fringe:
    none = torch.zeros(0)
    return Fringe(none.long(), none.long(), none, torch.zeros(0, 3), none)


def _pure_colours(
    image: Tensor,
    nearness: Tensor,
    zone: Tensor,
    middle: Tensor,
    row: Tensor,
    column: Tensor,
    reach: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Weights (N,) and mean colours (N, 3) of the nearer and the farther thing around pixels."""
    height, width = nearness.shape
    near, far = torch.zeros(len(row)), torch.zeros(len(row))
    near_sum, far_sum = torch.zeros(len(row), 3), torch.zeros(len(row), 3)
    for down in range(-reach, reach + 1):
        for across in range(-reach, reach + 1):
            y, x = row + down, column + across
            inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
            y, x = y.clamp(0, height - 1), x.clamp(0, width - 1)
            weight = math.exp(-(down**2 + across**2) / (2 * _SIGMA**2))
            pure = weight * (inside & ~zone[y, x]).float()
            nearer = (nearness[y, x] > middle).float()
            colour = image[y, x]
            near, far = near + pure * nearer, far + pure * (1 - nearer)
            near_sum += (pure * nearer)[:, None] * colour
            far_sum += (pure * (1 - nearer))[:, None] * colour
    return (
        near, far, near_sum / near[:, None].clamp_min(1e-9), far_sum / far[:, None].clamp_min(1e-9)
    )  # fmt: skip
