"""A layer seen by another camera.

Forward for the depth, backward for the colour: every pixel of the layer is thrown onto the pixels
it touches, the nearest one wins; then each pixel of the new view looks up where on the winner's
plane it lies, between the pixels of the layer that belong to the same surface. The share of those
pixels is how much of the new pixel the surface covers, so that outlines are smooth.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..depth_map import Pinhole, Size
from .camera_path import Pose
from .disocclusion import Layer

__all__ = ["Seen", "landed", "see"]

# Places are rounded to this share of a pixel, so that a camera at rest gives each pixel itself.
_STEPS = 256
_NEAREST = 1e-4
# Pixels, and rows of a layer, that are worked on at once: they bound the memory.
_CHUNK = 1 << 17
_BAND = 128
_CLEARLY = 0.02
_OPAQUE = 0.99


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """color: (H, W, 4), premultiplied colour and opacity, which is also how much of the pixel the
    layer covers; inverse: (H, W) 1 / distance, 0 where nothing is."""

    color: Tensor
    inverse: Tensor

    @classmethod
    def nothing(cls, size: Size) -> Seen:
        return cls(torch.zeros(*size, 4), torch.zeros(size))


def see(layer: Layer, camera: Pinhole, pose: Pose, size: Size, *, through: bool = False) -> Seen:
    """camera: the photo's, `size` its (height, width); the pose's zoom multiplies its focal
    length. through: also what the layer itself shows behind its own transparent pixels."""
    lens = _zoomed(camera, pose)
    thrown = _Thrown.of(layer.inverse, layer.camera, lens, pose)
    nearness = (layer.inverse / thrown.ahead).contiguous()
    # The bits of a positive float sort like the float; below them the index of the pixel.
    key = nearness.view(torch.int32).long().bitwise_left_shift_(32)
    key.bitwise_or_(torch.arange(nearness.numel()).view(nearness.shape))
    best = thrown.strongest(key, size)
    if bool((best < 0).all()):
        return Seen.nothing(size)
    # Where a surface is seen enlarged its pixels leave gaps, and what lies behind shows through.
    magnified = pose.zoom / thrown.ahead[thrown.visible].min().item()
    wide = _nearest_winner(best, 1 + int(magnified / 2))
    seen = Seen.nothing(size)
    _look_up(seen, layer, lens, pose, best, best >= 0)
    _look_up(seen, layer, lens, pose, wide, _nearer(wide, best))
    open_ = seen.color[..., 3] < _OPAQUE
    if through and bool(open_.any()):
        covered = nearness < thrown.at(_inverse_of(wide)) - layer.tolerance / thrown.ahead
        covered &= thrown.at(best) != key
        del best, wide, nearness
        under = thrown.strongest(key.masked_fill_(~covered, -1), size)
        behind = Seen.nothing(size)
        _look_up(behind, layer, lens, pose, under, open_ & (under >= 0))
        return _over(seen, behind)
    return seen


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


@dataclass(frozen=True, slots=True, eq=False)
class _Thrown:
    """Where every pixel of a layer comes to lie. ahead: (H, W), how much farther it is than before,
    at least `_NEAREST`; visible: bool, in front of the new camera; x, y: (H, W) pixels."""

    ahead: Tensor
    visible: Tensor
    x: Tensor
    y: Tensor

    @classmethod
    def of(cls, inverse: Tensor, own: Pinhole, lens: Pinhole, pose: Pose) -> _Thrown:
        height, width = inverse.shape
        ray_x = (torch.arange(width) + 0.5 - own.cx) / own.fx
        ray_y = ((torch.arange(height) + 0.5 - own.cy) / own.fy)[:, None]
        cx, cy, cz = pose.position
        # From the new camera, in units of the old distance along z: finite even at infinity.
        x, y, z = ray_x - cx * inverse, ray_y - cy * inverse, 1 - cz * inverse
        (a, b, c), (d, e, f), (g, h, i) = pose.rotation()
        ahead = c * x + f * y + i * z
        visible = ahead > _NEAREST
        ahead.clamp_min_(_NEAREST)
        to_x = (a * x + d * y + g * z).div_(ahead).mul_(lens.fx).add_(lens.cx - 0.5)
        to_y = (b * x + e * y + h * z).div_(ahead).mul_(lens.fy).add_(lens.cy - 0.5)
        return cls(ahead, visible, _subpixel_step(to_x), _subpixel_step(to_y))

    def at(self, plane: Tensor) -> Tensor:
        """(H, W): the value of a plane of the new view where each pixel comes to lie."""
        height, width = plane.shape
        x, y = self.x.round().clamp_(0, width - 1), self.y.round().clamp_(0, height - 1)
        return plane.flatten()[y.long().mul_(width).add_(x.long())]

    def strongest(self, key: Tensor, size: Size) -> Tensor:
        """(h, w), the largest key (H, W) of the pixels that touch each new one, -1 where none."""
        height, width = size
        best = key.new_full((height * width + 1,), -1)
        for rows in range(0, len(key), _BAND):
            band = slice(rows, rows + _BAND)
            part = _Thrown(*(plane[band] for plane in (self.ahead, self.visible, self.x, self.y)))
            part._throw(best, key[band], size)
        return best[:-1].view(height, width)

    def _throw(self, best: Tensor, key: Tensor, size: Size) -> None:
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


def landed(inverse: Tensor, camera: Pinhole, pose: Pose) -> Tensor:
    """(H, W) bool: whether anything that the photo shows touches a pixel of the new view, in front
    or behind."""
    thrown = _Thrown.of(inverse, camera, _zoomed(camera, pose), pose)
    size = (inverse.shape[0], inverse.shape[1])
    return thrown.strongest(torch.zeros(size, dtype=torch.int8), size) == 0


def _zoomed(camera: Pinhole, pose: Pose) -> Pinhole:
    return Pinhole(camera.fx * pose.zoom, camera.fy * pose.zoom, camera.cx, camera.cy)


def _subpixel_step(place: Tensor) -> Tensor:
    return place.mul_(_STEPS).round_().div_(_STEPS)


def _nearest_winner(key: Tensor, radius: int) -> Tensor:
    """The nearest winner within `radius` pixels: closes the gaps of a surface seen enlarged."""
    for dim in (0, 1):
        found = key.clone()
        for step in range(1, radius + 1):
            count = key.shape[dim] - step
            if count <= 0:
                break
            ahead, behind = found.narrow(dim, step, count), found.narrow(dim, 0, count)
            ahead.copy_(torch.maximum(ahead, key.narrow(dim, 0, count)))
            behind.copy_(torch.maximum(behind, key.narrow(dim, step, count)))
        key = found
    return key


def _look_up(seen: Seen, layer: Layer, lens: Pinhole, pose: Pose, key: Tensor, at: Tensor) -> None:
    """Write the pixels of the mask that the surface of `key` covers at all."""
    flat = key.flatten()
    for place in at.flatten().nonzero()[:, 0].split(_CHUNK):
        _look_up_chunk(seen, layer, lens, pose, flat[place], place)


def _look_up_chunk(
    seen: Seen, layer: Layer, lens: Pinhole, pose: Pose, key: Tensor, place: Tensor
) -> None:
    width = seen.inverse.shape[1]
    winner = key & 0xFFFFFFFF
    near, loose = layer.inverse.flatten()[winner], layer.tolerance.flatten()[winner]
    ray_x = (place % width + (0.5 - lens.cx)) / lens.fx
    ray_y = (place // width + (0.5 - lens.cy)) / lens.fy
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


def _surface_bilinear(
    layer: Layer, x: Tensor, y: Tensor, near: Tensor, loose: Tensor
) -> tuple[Tensor, Tensor]:
    """Bilinear at (x, y) over the pixels of the winner's surface: colours times cover, cover."""
    height, width = layer.inverse.shape
    flat, planes = layer.inverse.flatten(), layer.color.view(-1, 4)
    left, top = x.floor(), y.floor()
    share_x, share_y = x - left, y - top
    color = torch.zeros(*x.shape, 4)
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
    return color, cover
