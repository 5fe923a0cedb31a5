"""Directions of an equirectangular image, and perspective views cut out of it.

Axes are OpenCV's (x right, y down, z forward). Column u has the longitude
((u + 0.5) / W - 0.5) 360 degrees, 0 along z and positive to the right; row v the latitude
((v + 0.5) / H - 0.5) 180 degrees, positive downwards.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..depth_map import DepthMap
from ..errors import InvalidInput

__all__ = ["ANCHORS", "VIEWS", "View", "Whole", "check_perspective", "directions"]


def check_perspective(depth: DepthMap) -> None:
    """Raise InvalidInput for a panorama, where only a camera that looks one way can be moved."""
    if depth.around:
        raise InvalidInput(
            "This depth is a panorama of 360 degrees; a second eye or a moved camera needs a photo "
            "that looks one way. Crop a part from the middle of the panorama and estimate it with "
            "panorama off, or use Depth to Mesh or Save Depth 3D, which take the whole circle."
        )


def directions(height: int, width: int) -> Tensor:
    """(H, W, 3) float32 unit vectors of the rays through the pixels' centres."""
    longitude = ((torch.arange(width) + 0.5) / width - 0.5) * (2 * math.pi)
    latitude = ((torch.arange(height) + 0.5) / height - 0.5) * math.pi
    level = latitude.cos()[:, None]
    return torch.stack(
        [level * longitude.sin(), latitude.sin()[:, None].expand(height, width),
         level * longitude.cos()], -1,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class View:
    """A square perspective camera in the middle of the sphere: degrees to the right and downwards,
    and its field of view."""

    yaw: float
    pitch: float
    fov: float

    def axes(self) -> Tensor:
        """(3, 3): the camera's x, y and z in the sphere's axes, one a row."""
        yaw, pitch = math.radians(self.yaw), math.radians(self.pitch)
        ahead = (math.cos(pitch) * math.sin(yaw), math.sin(pitch), math.cos(pitch) * math.cos(yaw))
        right = (math.cos(yaw), 0.0, -math.sin(yaw))
        x, z = torch.tensor(right), torch.tensor(ahead)
        return torch.stack([x, torch.linalg.cross(z, x), z])

    def cut(self, panorama: Tensor, side: int) -> Tensor:
        """(B, C, H, W) -> (B, C, side, side): what the camera sees, the seam closed."""
        half = math.tan(math.radians(self.fov) / 2)
        line = ((torch.arange(side) + 0.5) / side * 2 - 1) * half
        y, x = torch.meshgrid(line, line, indexing="ij")
        rays = torch.stack([x, y, torch.ones_like(x)], -1) @ self.axes()
        longitude = torch.atan2(rays[..., 0], rays[..., 2])
        latitude = torch.atan2(rays[..., 1], torch.hypot(rays[..., 0], rays[..., 2]))
        width = panorama.shape[3]
        # A column more on either side, so that reading between the last and the first is smooth.
        wide = torch.cat([panorama[..., -1:], panorama, panorama[..., :1]], 3)
        u = (longitude / (2 * math.pi) + 0.5) * width + 1
        grid = torch.stack([2 * u / (width + 2) - 1, latitude / (math.pi / 2)], -1)
        grid = grid[None].expand(len(panorama), -1, -1, -1)
        return F.grid_sample(wide, grid, "bilinear", "border", align_corners=False)

    def place(self, rays: Tensor) -> tuple[Tensor, Tensor]:
        """Where rays (..., 3) meet the image plane: (..., 2) in -1..1 inside the view, and the
        cosine of the angle to the axis; behind the camera the place is far outside."""
        seen = rays @ self.axes().T
        ahead = seen[..., 2]
        half = math.tan(math.radians(self.fov) / 2)
        at = seen[..., :2] / (ahead.clamp_min(1e-6)[..., None] * half)
        return torch.where(ahead[..., None] > 1e-3, at, 10.0), ahead


@dataclass(frozen=True, slots=True)
class Whole:
    """The panorama as one image, turned by `yaw` degrees to the right; its seam lies behind."""

    yaw: float

    def cut(self, panorama: Tensor) -> Tensor:
        """(B, C, H, W) -> the same, the column of `yaw` in the middle."""
        return torch.roll(panorama, -round(panorama.shape[3] * self.yaw / 360), 3)

    def place(self, rays: Tensor) -> tuple[Tensor, Tensor]:
        """As `View.place`; what it shows is a distance along the ray, so the cosine is 1."""
        longitude = torch.atan2(rays[..., 0], rays[..., 2]) / math.pi - self.yaw / 180
        latitude = rays[..., 1].clamp(-1, 1).asin() / (math.pi / 2)
        at = torch.stack([(longitude + 1) % 2 - 1, latitude], -1)
        return at, torch.ones_like(longitude)


VIEWS: tuple[View, ...] = (
    *(View(yaw, 0.0, 100.0) for yaw in range(0, 360, 45)),
    *(View(yaw, -50.0, 100.0) for yaw in range(0, 360, 60)),
    *(View(yaw, 50.0, 100.0) for yaw in range(30, 390, 60)),
)
"""Every direction is seen by two views at least, most by four and more."""

ANCHORS: tuple[Whole, ...] = (Whole(0.0), Whole(180.0))
"""Two seams, so that every direction is far from one of them."""
