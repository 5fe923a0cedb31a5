"""Ambient light and lamps of indoor scenes."""

from __future__ import annotations

import random

from .scene import Scene, Sky, Vec

__all__ = ["indoor_sky", "warm"]


def warm(rng: random.Random, strength: float) -> Vec:
    t = rng.uniform(-0.25, 0.3)
    return (strength * (1 + t), strength, strength * (1 - t))


def indoor_sky(scene: Scene, rng: random.Random) -> None:
    up, down = rng.uniform(0.15, 0.6), rng.uniform(0.08, 0.35)
    scene.sky = Sky(
        top=(0.4, 0.6, 0.9), low=(0.9, 0.95, 1.0), clouds=rng.random(), ambient_up=warm(rng, up),
        ambient_down=warm(rng, down), fog_density=0.0, occlusion=rng.uniform(0.6, 1.3),
    )  # fmt: skip
    scene.shadow_softness = rng.uniform(0.004, 0.03)
