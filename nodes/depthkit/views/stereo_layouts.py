"""How two eyes become one image: beside each other, above each other, in colours, in rows, in a
half sphere."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..depth_map import Pinhole
from ..images import luminance
from ..kernels import resample

__all__ = ["LAYOUTS", "Eyes", "laid_out"]


@dataclass(frozen=True, slots=True, eq=False)
class Eyes:
    """left, right: (H, W, 3) in 0..1; left_hole, right_hole: (H, W) bool; camera: of either."""

    left: Tensor
    right: Tensor
    left_hole: Tensor
    right_hole: Tensor
    camera: Pinhole


_Laid = tuple[Tensor, Tensor]
"""(N, H', W', 3) images and (N, H', W') bool holes; N = 1 but for pairs."""


def laid_out(eyes: Eyes, layout: str) -> _Laid:
    """layout: one of LAYOUTS. Images of which both eyes share a pixel mark a hole of either."""
    return LAYOUTS[layout](eyes)


def _joined(dim: int, swapped: bool = False) -> Callable[[Eyes], _Laid]:
    def lay(eyes: Eyes) -> _Laid:
        order = -1 if swapped else 1
        images = torch.cat((eyes.left, eyes.right)[::order], dim)
        return images[None], torch.cat((eyes.left_hole, eyes.right_hole)[::order], dim)[None]

    return lay


def _half(dim: int) -> Callable[[Eyes], _Laid]:
    """Each eye squeezed to one half of the frame; the two halves together are as large as it."""

    def lay(eyes: Eyes) -> _Laid:
        size = [eyes.left.shape[0], eyes.left.shape[1]]
        length = size[dim]
        parts: list[tuple[Tensor, Tensor]] = []
        for image, hole, side in (
            (eyes.left, eyes.left_hole, (length + 1) // 2),
            (eyes.right, eyes.right_hole, length // 2),
        ):
            size[dim] = max(side, 1)
            small = resample(image.movedim(-1, 0)[None], *size, antialias=True)[0].movedim(0, -1)
            some = F.adaptive_max_pool2d(hole[None, None].float(), (size[0], size[1]))[0, 0] > 0
            parts.append((small, some))
        images, holes = (torch.cat(planes, dim) for planes in zip(*parts, strict=True))
        return images[None], holes[None]

    return lay


def _both_eyes(eyes: Eyes) -> _Laid:
    return torch.stack([eyes.left, eyes.right]), torch.stack([eyes.left_hole, eyes.right_hole])


def _red_cyan(eyes: Eyes) -> _Laid:
    red = torch.tensor((True, False, False))
    return torch.where(red, eyes.left, eyes.right)[None], (eyes.left_hole | eyes.right_hole)[None]


def _half_colour(eyes: Eyes) -> _Laid:
    """The left eye sees brightness only: less rivalry on saturated reds."""
    red = torch.tensor((True, False, False))
    grey = luminance(eyes.left)[..., None].expand_as(eyes.left)
    return torch.where(red, grey, eyes.right)[None], (eyes.left_hole | eyes.right_hole)[None]


# Least squares for red-cyan glasses before an LCD, on linear light (Dubois 2001, "A projection
# method to generate anaglyph stereo images"; the matrices of his page for sRGB screens).
_DUBOIS_LEFT = (
    (0.4154, 0.4710, 0.1669),
    (-0.0458, -0.0484, -0.0257),
    (-0.0547, -0.0615, 0.0128),
)
_DUBOIS_RIGHT = (
    (-0.0109, -0.0364, -0.0060),
    (0.3756, 0.7333, 0.0111),
    (-0.0651, -0.1287, 1.2971),
)


def _dubois(eyes: Eyes) -> _Laid:
    light = _linear(eyes.left) @ torch.tensor(_DUBOIS_LEFT).T
    light = light + _linear(eyes.right) @ torch.tensor(_DUBOIS_RIGHT).T
    return _coded(light.clamp(0, 1))[None], (eyes.left_hole | eyes.right_hole)[None]


def _linear(image: Tensor) -> Tensor:
    """sRGB to linear light (IEC 61966-2-1)."""
    return torch.where(image <= 0.04045, image / 12.92, ((image + 0.055) / 1.055) ** 2.4)


def _coded(light: Tensor) -> Tensor:
    bent = 1.055 * light.clamp_min(1e-9) ** (1 / 2.4) - 0.055
    return torch.where(light <= 0.0031308, light * 12.92, bent)


def _interlaced(eyes: Eyes) -> _Laid:
    """Even rows for the left eye, odd ones for the right, as row-polarised screens show them."""
    even = (torch.arange(len(eyes.left)) % 2 == 0)[:, None]
    image = torch.where(even[..., None], eyes.left, eyes.right)
    return image[None], torch.where(even, eyes.left_hole, eyes.right_hole)[None]


_MOST_SIDE = 4096


def _vr180(eyes: Eyes) -> _Laid:
    """Two half spheres beside each other, 180 by 180 degrees each; black where the photo ends.

    As many pixels per degree in the middle as the photo has there, at most 4096 a side.
    """
    side = min(2 * round(math.pi * eyes.camera.fx / 2), _MOST_SIDE)
    grid = _half_sphere(side, eyes.camera, eyes.left.shape[1], eyes.left.shape[0])
    images, holes = [], []
    for image, hole in ((eyes.left, eyes.left_hole), (eyes.right, eyes.right_hole)):
        planes = torch.cat([image.movedim(-1, 0), hole[None].float()])[None]
        seen = F.grid_sample(planes, grid, mode="bilinear", align_corners=False)[0]
        images.append(seen[:3].movedim(0, -1))
        holes.append(seen[3] > 0.5)
    return torch.cat(images, 1)[None], torch.cat(holes, 1)[None]


def _half_sphere(side: int, camera: Pinhole, width: int, height: int) -> Tensor:
    """(1, side, side, 2) where each direction lies in the photo, -1..1, far outside behind it."""
    angle = ((torch.arange(side) + 0.5) / side - 0.5) * math.pi
    latitude, longitude = torch.meshgrid(angle, angle, indexing="ij")
    ahead = (latitude.cos() * longitude.cos()).clamp_min(1e-6)
    u = camera.cx + camera.fx * latitude.cos() * longitude.sin() / ahead
    v = camera.cy + camera.fy * latitude.sin() / ahead
    return torch.stack([2 * u / width - 1, 2 * v / height - 1], -1)[None]


LAYOUTS: dict[str, Callable[[Eyes], _Laid]] = {
    "side by side": _joined(1),
    "side by side, cross-eyed": _joined(1, swapped=True),
    "over under": _joined(0),
    "anaglyph": _red_cyan,
    "anaglyph, half colour": _half_colour,
    "anaglyph, Dubois": _dubois,
    "side by side, half width": _half(1),
    "over under, half height": _half(0),
    "interlaced rows": _interlaced,
    "VR180": _vr180,
    "left and right": _both_eyes,
}
