"""Panoramas of 360 degrees: seen through perspective cameras, and joined again on the sphere."""

from __future__ import annotations

from .panorama_estimate import estimate_panorama

__all__ = ["estimate_panorama"]
