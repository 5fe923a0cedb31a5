"""Joint bilateral upsampling (Kopf et al. 2007) of a few cells of an image, and of nothing else.

A cell is the set of fine pixels between the centres of the same four coarse pixels. Its pixels lie
in a window of the image, so whole rows of them are moved at once; all cells of one size go
through one small batched product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["Axis", "Sharpener", "corners"]

# Few enough that the working set stays in the cache, enough that each call is worth its overhead.
_CELLS_AT_ONCE = 1024
_SAMPLED_ROWS = 2
# Between corners that differ by less, as a share of the largest difference, nothing is weighed.
_SLIGHT = 0.03
_NEVER, _FAINT, _KEY = -1e30, 1e-4, 1 << 20


def corners(plane: Tensor, joined: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """(h, w) -> (h - 1, w - 1): each pixel with its right, lower and diagonal neighbour."""
    pairs = joined(plane[:, 1:], plane[:, :-1])
    return joined(pairs[1:], pairs[:-1])


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """Fine pixels in cells, along one axis.

    cell: (fine,) the cell each lies in; place: (fine,) 0..1 how far into it; first, size: (cells,)
    a cell's first pixel and their count; step: from one pixel's place to the next one's.
    """

    cell: Tensor
    place: Tensor
    first: Tensor
    size: Tensor
    step: float

    @classmethod
    def of(cls, coarse: int, fine: int, between: bool = False) -> Axis:
        """The cells are the coarse pixels, or lie `between` the centres of i - 1 and i."""
        at = (torch.arange(fine, dtype=torch.float64) + 0.5) * coarse / fine + 0.5 * between
        cell = at.long().clamp_max(coarse - 1 + between)
        size = torch.bincount(cell, minlength=coarse + between)
        return cls(cell, (at - cell).float(), size.cumsum(0) - size, size, coarse / fine)

    def places(self, cells: Tensor, size: int) -> Tensor:
        """(size,) places of the pixels of these cells, all of `size`: their mean over the cells.

        The pixel grid lies differently in each unless the scale is a whole number; by less than a
        pixel, which is not worth weights for every cell.
        """
        return self.place[self.first[cells]].mean() + self.step * torch.arange(size)


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Cells of fine pixels in two dimensions."""

    down: Axis
    across: Axis

    def first(self, y: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """The upper left fine pixels of the cells y, x."""
        return self.down.first[y], self.across.first[x]

    def parts(self, wanted: Tensor) -> Iterator[tuple[int, int, Tensor, Tensor]]:
        """(height, width, y, x) of the cells where `wanted` (rows, columns) is true.

        Those of one part are of one size in fine pixels, and few enough to be handled at once.
        """
        y, x = wanted.nonzero(as_tuple=True)
        size = self.down.size[y] * _KEY + self.across.size[x]
        for key in size.unique().tolist():
            same = (size == key).nonzero()[:, 0]
            if key >= _KEY and key % _KEY:
                for part in same.split(_CELLS_AT_ONCE):
                    yield key // _KEY, key % _KEY, y[part], x[part]


@dataclass(frozen=True, slots=True, eq=False)
class Sharpener:
    """The colour-weighted means at the edges.

    grid: cells between four coarse pixels each; edge: (h + 1, w + 1) how much each is changed;
    steep: (h + 1, w + 1) bool, those of them whose corners differ so much that colours decide;
    table: (h + 2, w + 2, 5), the border repeated: colour / s^2, bias of the logit, depth.
    """

    grid: Grid
    image: Tensor
    edge: Tensor
    steep: Tensor
    table: Tensor

    @classmethod
    def of(
        cls, plane: Tensor, valid: Tensor, image: Tensor, edge: Tensor, sensitivity: float
    ) -> Sharpener:
        (rows, columns), (height, width) = plane.shape, image.shape[:2]
        level = F.pad(plane[None], (1, 1, 1, 1), mode="replicate")[0]
        spread = corners(level, torch.maximum) - corners(level, torch.minimum)
        steep = (edge > 0) & (spread > _SLIGHT * spread.max())
        colours = _coarse_colours(image, steep, rows, columns)
        sharp = colours / sensitivity**2
        bias = (-0.5 * (sharp * colours).sum(-1)).masked_fill_(~valid, _NEVER)
        table = torch.cat([sharp, bias[..., None], plane[..., None]], -1)
        table = torch.cat([table[:1], table, table[-1:]], 0)
        table = torch.cat([table[:, :1], table, table[:, -1:]], 1)
        grid = Grid(Axis.of(rows, height, True), Axis.of(columns, width, True))
        return cls(grid, image, edge, steep, table)

    def write(self, out: Tensor, mask: Tensor | None) -> None:
        """Into `out` (H, W), in place, in the cells where `edge` > 0; 0 where `mask` is false.

        The pixels of a cell are moved as one window of the image.
        """
        for tall, wide, y, x in self.grid.parts(self.steep):
            target, at = _windows(out[..., None], tall, wide), self.grid.first(y, x)
            colour = _windows(self.image, tall, wide)[at]
            pull = _pull(self.grid.down.places(y, tall), self.grid.across.places(x, wide))
            level, mean = self._means(y, x, pull, colour)
            mixed = target[at].flatten(1).lerp_(mean, self.edge[y, x][:, None])
            target[at] = _held(mixed, level.amin(1), level.amax(1)).view(-1, tall, wide)
        # Where the corners are alike their colours decide nothing; a ripple is taken out.
        for tall, wide, y, x in self.grid.parts((self.edge > 0) & ~self.steep):
            target, at = _windows(out[..., None], tall, wide), self.grid.first(y, x)
            level = _windows(self.table, 2, 2)[y, x].view(-1, 4, 5)[..., 4, None, None]
            target[at] = _held(target[at], level.amin(1), level.amax(1))
        if mask is None:
            return
        torn = corners(self.table[..., 3], torch.minimum) == _NEVER
        for tall, wide, y, x in self.grid.parts((self.edge > 0) & torn):
            target, at = _windows(out[..., None], tall, wide), self.grid.first(y, x)
            target[at] = target[at].mul_(_windows(mask[..., None], tall, wide)[at])

    def _means(self, y: Tensor, x: Tensor, pull: Tensor, colour: Tensor) -> tuple[Tensor, Tensor]:
        """Depths (n, 4, 1) of the corners of the cells y, x, and the weighted means (n, P).

        pull: (4, P) log b_k of the place; colour: (n, tall, wide * 3) of the pixels of the cells.
        The weight b_k exp(-|c - c_k|^2 / 2 s^2) of corner k is a softmax, from which the |c|^2
        that all four share drops out: a small matrix product is left.
        """
        near = _windows(self.table, 2, 2)[y, x].view(-1, 4, 5)
        # Contiguous, else the product falls back to one call per cell.
        sharp, level = near[..., :3].contiguous(), near[..., 4:].contiguous()
        logits = torch.baddbmm(near[..., 3:4], sharp, colour.view(len(y), -1, 3).mT)
        weights = logits.add_(pull).softmax(1)
        return level, weights.mul_(level).sum(1)


def _held(values: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """clamp_, which is more than twice as slow where the limits are broadcast."""
    torch.maximum(values, low, out=values)
    return torch.minimum(values, high, out=values)


def _pull(down: Tensor, across: Tensor) -> Tensor:
    """(4, tall * wide) log of the bilinear weights of the corners at these places in a cell."""
    y, x = (torch.stack([1 - p, p]).clamp_min(_FAINT).log() for p in (down, across))
    return (y[:, None, :, None] + x[None, :, None, :]).flatten(2).flatten(0, 1)


def _coarse_colours(image: Tensor, wanted: Tensor, rows: int, columns: int) -> Tensor:
    """(h, w, 3): the mean colour of every coarse pixel at the cells that are wanted, from a few of
    its rows."""
    height, width = image.shape[:2]
    grid = Grid(Axis.of(rows, height), Axis.of(columns, width))
    colours = torch.zeros(rows, columns, 3)
    for tall, wide, y, x in grid.parts(corners(wanted, torch.logical_or)):
        some = min(tall, _SAMPLED_ROWS)
        step = tall // some
        top, left = grid.first(y, x)
        margin = (tall - 1 - (some - 1) * step) // 2
        found = _windows(image, some, wide, step)[top + margin, left]
        colours[y, x] = found.view(len(y), -1, 3).mean(1)
    return colours


def _windows(image: Tensor, tall: int, wide: int, step: int = 1) -> Tensor:
    """(H, W, C) contiguous -> (H - (tall - 1) * step, W - wide + 1, tall, wide * C), no copy.

    Every window of `tall` rows, `step` apart, and `wide` columns.
    """
    height, width, channels = image.shape
    row = width * channels
    size = (height - (tall - 1) * step, width - wide + 1, tall, wide * channels)
    return image.as_strided(size, (row, channels, row * step, 1))
