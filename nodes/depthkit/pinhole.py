"""The pinhole camera that a depth map travels with."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .errors import InvalidInput

__all__ = ["Pinhole"]


@dataclass(frozen=True, slots=True)
class Pinhole:
    """Pinhole intrinsics in pixels; pixel (column u, row v) has its centre at u + 0.5, v + 0.5."""

    fx: float
    fy: float
    cx: float
    cy: float

    def __post_init__(self) -> None:
        numbers = (self.fx, self.fy, self.cx, self.cy)
        if not all(math.isfinite(n) for n in numbers) or self.fx <= 0 or self.fy <= 0:
            raise InvalidInput(
                f"The camera {numbers} is not usable: the focal lengths must be positive numbers "
                "of pixels. Check the field of view or the file the camera came from."
            )

    @classmethod
    def from_fov(cls, fov_deg: float, width: int, height: int) -> Pinhole:
        """Centred camera with square pixels and a *horizontal* field of view in degrees."""
        if not 0.0 < fov_deg < 179.0:
            raise InvalidInput(
                f"A field of view of {fov_deg} degrees is not possible; use 1 to 178 (a phone's "
                "main camera has about 65)."
            )
        focal_px = 0.5 * width / math.tan(math.radians(fov_deg) / 2)
        return cls(focal_px, focal_px, width / 2, height / 2)

    @classmethod
    def from_normalised(
        cls, fx: float, fy: float, cx: float, cy: float, width: int, height: int
    ) -> Pinhole:
        """From intrinsics given as fractions of the image (principal point 0.5 = centre)."""
        return cls(fx * width, fy * height, cx * width, cy * height)

    def scaled(self, scale_x: float, scale_y: float) -> Pinhole:
        """The same camera after the image is resized by (scale_x, scale_y)."""
        return Pinhole(self.fx * scale_x, self.fy * scale_y, self.cx * scale_x, self.cy * scale_y)

    def shifted(self, left: float, top: float) -> Pinhole:
        """The same camera after `left` columns and `top` rows are cropped away."""
        return Pinhole(self.fx, self.fy, self.cx - left, self.cy - top)

    def fov_deg(self, width: int) -> float:
        """Horizontal field of view in degrees of an image `width` pixels wide."""
        return math.degrees(math.atan(self.cx / self.fx) + math.atan((width - self.cx) / self.fx))
