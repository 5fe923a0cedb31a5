"""A layer seen by another camera.

Forward for the depth, backward for the colour: every pixel of the layer is thrown onto the pixels
it touches, the nearest one wins; then each pixel of the new view looks up where on the winner's
plane it lies, between the pixels of the layer that belong to the same surface. The share of those
pixels is how much of the new pixel the surface covers, so that outlines are smooth.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ..depth_map import Pinhole, Size
from .camera_path import Pose
from .disocclusion import Layer

__all__ = ["Seen", "View", "landed", "row_bands"]

# Places are rounded to this share of a pixel, so that a camera at rest gives each pixel itself.
_STEPS = 256
_NEAREST = 1e-4
# Rows of a layer, and of a view, that are worked on at once: they bound the memory.
_BAND = 64
_CLEARLY = 0.02
_OPAQUE = 0.99


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Rows of a view. color: (h, W, 4), premultiplied colour and opacity, which is also how much of
    a pixel the layer covers; inverse: (h, W) 1 / distance, 0 where nothing is."""

    color: Tensor
    inverse: Tensor

    @classmethod
    def nothing(cls, size: Size) -> Seen:
        return cls(torch.zeros(*size, 4), torch.zeros(size))


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A layer for another camera, whose pixels are made when their rows are asked for.

    best: (H, W) int64, the key of the nearest pixel of the layer that touches each new one, -1
    where none does; wide: that of the nearest around it; under: of what the layer shows behind its
    own transparent pixels, None where that is not asked for.
    """

    layer: Layer
    lens: Pinhole
    pose: Pose
    best: Tensor
    wide: Tensor
    under: Tensor | None

    @classmethod
    def of(
        cls, layer: Layer, camera: Pinhole, pose: Pose, size: Size, *, through: bool = False
    ) -> View:
        """camera: the photo's, `size` its (height, width); the pose's zoom multiplies its focal
        length. through: also what the layer itself shows behind its own transparent pixels."""
        lens = _zoomed(camera, pose)
        best, nearest = _no_winner(size), math.inf
        for band in _thrown_bands(layer, lens, pose):
            band.throw(best, band.key(), size)
            if bool(band.visible.any()):
                nearest = min(nearest, band.ahead[band.visible].min().item())
        # A surface seen enlarged leaves gaps between its pixels: what lies behind shows through.
        best = best[:-1].view(size)
        wide = _nearest_winner(best, 1 + int(pose.zoom / nearest / 2))
        under = _covered_winners(layer, lens, pose, best, wide) if through else None
        return cls(layer, lens, pose, best, wide, under)

    def rows(self, rows: slice) -> Seen:
        best, wide = self.best[rows], self.wide[rows]
        seen = Seen.nothing(best.shape)  # type: ignore[arg-type]
        self._look_up(seen, rows.start, best, best >= 0)
        self._look_up(seen, rows.start, wide, _nearer(wide, best))
        if self.under is None:
            return seen
        under, behind = self.under[rows], Seen.nothing(best.shape)  # type: ignore[arg-type]
        open_ = seen.color[..., 3] < _OPAQUE
        self._look_up(behind, rows.start, under, open_ & (under >= 0))
        return _over(seen, behind)

    def _look_up(self, seen: Seen, top: int, key: Tensor, at: Tensor) -> None:
        """Write the pixels of the mask that the surface of `key` covers at all."""
        layer, lens, pose = self.layer, self.lens, self.pose
        width = seen.inverse.shape[1]
        place = at.flatten().nonzero()[:, 0]
        winner = key.flatten()[place] & 0xFFFFFFFF
        near, loose = layer.inverse.flatten()[winner], layer.tolerance.flatten()[winner]
        ray_x = (place % width + (0.5 - lens.cx)) / lens.fx
        ray_y = (place // width + top + (0.5 - lens.cy)) / lens.fy
        (a, b, c), (d, e, f), (g, h, i) = pose.rotation()
        cx, cy, cz = pose.position
        # Where this pixel's ray meets the plane at the winner's distance, in the layer's camera.
        length = (1 - cz * near) / (g * ray_x + h * ray_y + i)
        own = layer.camera
        at_x = (a * ray_x + b * ray_y + c).mul_(length).add_(cx * near)
        at_y = (d * ray_x + e * ray_y + f).mul_(length).add_(cy * near)
        at_x = _subpixel_step(at_x.mul_(own.fx).add_(own.cx - 0.5))
        at_y = _subpixel_step(at_y.mul_(own.fy).add_(own.cy - 0.5))
        color, cover = _surface_bilinear(layer, at_x, at_y, near, loose)
        touched = (cover > 0) & (length > 0)
        place = place[touched]
        seen.color.view(-1, 4)[place] = color[touched]
        seen.inverse.view(-1)[place] = (near / length.clamp_min(1e-12))[touched]


def row_bands(height: int) -> Iterator[slice]:
    """All rows of a view, a few at a time."""
    return (slice(top, min(top + _BAND, height)) for top in range(0, height, _BAND))


def landed(inverse: Tensor, camera: Pinhole, pose: Pose) -> Tensor:
    """(H, W) bool: whether anything that the photo shows touches a pixel of the new view, in front
    or behind."""
    lens, size = _zoomed(camera, pose), (inverse.shape[0], inverse.shape[1])
    found = torch.zeros(inverse.numel() + 1, dtype=torch.int8)
    for rows in row_bands(size[0]):
        band = _Thrown.of(inverse[rows], rows.start, camera, lens, pose)
        band.throw(found, torch.ones_like(band.ahead, dtype=torch.int8), size)
    return found[:-1].view(size) == 1


def _over(front: Seen, back: Seen) -> Seen:
    share = front.color[..., 3:]
    nearest = torch.where(share[..., 0] >= 0.5, front.inverse, back.inverse)
    either = torch.where(back.color[..., 3] > 0, nearest, front.inverse)
    return Seen(front.color + (1 - share) * back.color, either)


def _nearer(wide: Tensor, key: Tensor) -> Tensor:
    """Whether another winner beside a pixel lies clearly in front of its own."""
    return _inverse_of(wide) > (1 + _CLEARLY) * _inverse_of(key.clamp_min(0))


def _inverse_of(key: Tensor) -> Tensor:
    return (key >> 32).clamp_min(0).to(torch.int32).view(torch.float32)


def _no_winner(size: Size) -> Tensor:
    """Keys of a view, and at the end one for what lands nowhere."""
    return torch.full((size[0] * size[1] + 1,), -1, dtype=torch.int64)


@dataclass(frozen=True, slots=True, eq=False)
class _Thrown:
    """Where rows of a layer come to lie. first: the index of their first pixel in the layer; ahead:
    (h, W), how much farther a pixel is than before, at least `_NEAREST`; visible: bool, in front of
    the new camera; x, y: (h, W) pixels."""

    inverse: Tensor
    first: int
    ahead: Tensor
    visible: Tensor
    x: Tensor
    y: Tensor

    @classmethod
    def of(cls, inverse: Tensor, top: int, own: Pinhole, lens: Pinhole, pose: Pose) -> _Thrown:
        """inverse: the rows from `top` on of a layer whose camera is `own`."""
        height, width = inverse.shape
        ray_x = (torch.arange(width) + 0.5 - own.cx) / own.fx
        ray_y = ((torch.arange(top, top + height) + 0.5 - own.cy) / own.fy)[:, None]
        cx, cy, cz = pose.position
        # From the new camera, in units of the old distance along z: finite even at infinity.
        x, y, z = ray_x - cx * inverse, ray_y - cy * inverse, 1 - cz * inverse
        (a, b, c), (d, e, f), (g, h, i) = pose.rotation()
        ahead = c * x + f * y + i * z
        visible = ahead > _NEAREST
        ahead.clamp_min_(_NEAREST)
        to_x = (a * x + d * y + g * z).div_(ahead).mul_(lens.fx).add_(lens.cx - 0.5)
        to_y = (b * x + e * y + h * z).div_(ahead).mul_(lens.fy).add_(lens.cy - 0.5)
        return cls(inverse, top * width, ahead, visible, _subpixel_step(to_x), _subpixel_step(to_y))

    def nearness(self) -> Tensor:
        """(h, W) 1 / distance from the new camera."""
        return (self.inverse / self.ahead).contiguous()

    def key(self) -> Tensor:
        """(h, W) int64: the bits of a positive float sort like the float; below them the index of
        the pixel."""
        key = self.nearness().view(torch.int32).long().bitwise_left_shift_(32)
        last = self.first + key.numel()
        return key.bitwise_or_(torch.arange(self.first, last).view(key.shape))

    def place(self, size: Size) -> Tensor:
        """(h, W): the index of the pixel of the new view in which each comes to lie."""
        height, width = size
        x, y = self.x.round().clamp_(0, width - 1), self.y.round().clamp_(0, height - 1)
        return y.long().mul_(width).add_(x.long())

    def throw(self, best: Tensor, key: Tensor, size: Size) -> None:
        """Raise `best`, of `_no_winner`, to the key (h, W) wherever its pixel touches."""
        height, width = size
        nowhere = height * width
        left, top = self.x.floor(), self.y.floor()
        # A pixel that lands exactly on another touches that one only.
        beside_x, beside_y = (self.x > left).float(), (self.y > top).float()
        for step_x in (0, 1):
            for step_y in (0, 1):
                x, y = left + step_x * beside_x, top + step_y * beside_y
                inside = self.visible & (x >= 0) & (x < width) & (y >= 0) & (y < height)
                x.clamp_(0, width - 1)
                y.clamp_(0, height - 1)
                place = y.long().mul_(width).add_(x.long())
                place = torch.where(inside, place, nowhere).flatten()
                best.scatter_reduce_(0, place, key.flatten(), "amax")


def _thrown_bands(layer: Layer, lens: Pinhole, pose: Pose) -> Iterator[_Thrown]:
    for rows in row_bands(len(layer.inverse)):
        yield _Thrown.of(layer.inverse[rows], rows.start, layer.camera, lens, pose)


def _covered_winners(layer: Layer, lens: Pinhole, pose: Pose, best: Tensor, wide: Tensor) -> Tensor:
    """(H, W) keys of the nearest pixels that lie clearly behind the winners."""
    size = (best.shape[0], best.shape[1])
    under = _no_winner(size)
    for band, loose in zip(
        _thrown_bands(layer, lens, pose), layer.tolerance.split(_BAND), strict=True
    ):
        key, place = band.key(), band.place(size)
        covered = band.nearness() < _inverse_of(wide.flatten()[place]) - loose / band.ahead
        covered &= best.flatten()[place] != key
        band.throw(under, key.masked_fill_(~covered, -1), size)
    return under[:-1].view(size)


def _zoomed(camera: Pinhole, pose: Pose) -> Pinhole:
    return Pinhole(camera.fx * pose.zoom, camera.fy * pose.zoom, camera.cx, camera.cy)


def _subpixel_step(place: Tensor) -> Tensor:
    return place.mul_(_STEPS).round_().div_(_STEPS)


def _nearest_winner(key: Tensor, radius: int) -> Tensor:
    """The nearest winner within `radius` pixels: closes the gaps of a surface seen enlarged."""
    found = _spread(key, radius, 0)
    for rows in found.split(_BAND):
        rows.copy_(_spread(rows, radius, 1))
    return found


def _spread(key: Tensor, radius: int, dim: int) -> Tensor:
    found = key.clone()
    for step in range(1, radius + 1):
        count = key.shape[dim] - step
        if count <= 0:
            break
        ahead, behind = found.narrow(dim, step, count), found.narrow(dim, 0, count)
        torch.maximum(ahead, key.narrow(dim, 0, count), out=ahead)
        torch.maximum(behind, key.narrow(dim, step, count), out=behind)
    return found


def _surface_bilinear(
    layer: Layer, x: Tensor, y: Tensor, near: Tensor, loose: Tensor
) -> tuple[Tensor, Tensor]:
    """Bilinear at (x, y) over the pixels of the winner's surface: (N, 4) colours and opacity times
    cover, and (N,) cover."""
    height, width = layer.inverse.shape
    flat, planes = layer.inverse.flatten(), layer.color.flatten(0, 1)
    left, top = x.floor(), y.floor()
    share_x, share_y = x - left, y - top
    color = torch.zeros(len(x), planes.shape[-1])
    cover = torch.zeros_like(x)
    for step_x in (0, 1):
        for step_y in (0, 1):
            column, row = left + step_x, top + step_y
            weight = (share_x if step_x else 1 - share_x) * (share_y if step_y else 1 - share_y)
            inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
            column, row = column.clamp(0, width - 1), row.clamp(0, height - 1)
            place = row.long().mul_(width).add_(column.long())
            same = (flat[place] - near).abs() <= loose
            weight = weight * (same & inside)
            color.addcmul_(planes[place], weight[..., None])
            cover.add_(weight)
    opaque = planes.shape[-1] == 3
    return (torch.cat((color, cover[:, None]), -1) if opaque else color), cover
