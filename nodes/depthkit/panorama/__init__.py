"""Panoramas of 360 degrees: seen through perspective cameras, and joined again on the sphere."""

from __future__ import annotations

from .estimate import estimate_panorama

__all__ = ["estimate_panorama"]
