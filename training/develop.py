"""What turns a rendered view into one to learn from: exposure and film, and which are left out."""

from __future__ import annotations

import random

import numpy as np

__all__ = ["develop", "inverse", "usable"]


def usable(distance: np.ndarray) -> bool:
    """Rejects views that stare at one near surface or have the lens inside something."""
    seen = distance > 0
    if seen.mean() < 0.35:
        return False
    near = np.where(seen, distance, 1e3)
    if np.percentile(near, 1.0) < 0.22 or near.min() < 0.1:
        return False
    inverse = np.where(seen, 1.0 / np.maximum(distance, 0.05), 0.0)
    low, high = np.percentile(inverse, [5, 95])
    return bool(high > 1.35 * low + 0.01)


def develop(rng: random.Random, radiance: np.ndarray) -> np.ndarray:
    """Linear radiance to sRGB bytes: exposure by the view's own brightness, a film curve, gamma."""
    level = np.percentile(radiance.mean(-1), rng.uniform(70, 92)) + 1e-4
    x = radiance * (rng.uniform(0.35, 0.8) / level)
    shoulder = rng.uniform(0.0, 1.0)
    x = (1 - shoulder) * np.minimum(x, 1.0) + shoulder * (x * (1 + x * 0.25) / (1 + x))
    return (np.clip(x, 0, 1) ** (1 / 2.2) * 255 + 0.5).astype(np.uint8)


def inverse(distance: np.ndarray) -> np.ndarray:
    """Distance in metres, 0 where there is nothing, to 1/metres as float16; 0 stays 0."""
    return np.where(distance > 0, 1.0 / np.maximum(distance, 0.05), 0.0).astype(np.float16)
