"""Cluttered table tops seen from close by."""

from __future__ import annotations

import math
import random

from . import materials as m
from .clutter import plant, small_thing
from .figures import person
from .furniture import bookcase, sofa
from .indoor_light import indoor_sky, warm
from .scene import Camera, Light, Scene

__all__ = ["table_top"]


def _backdrop(scene: Scene, rng: random.Random, depth: float, table_height: float) -> None:
    """What stands behind the table: near screens and posters, and a far wall."""
    far = depth / 2 + rng.choice(
        [rng.uniform(0.05, 0.4), rng.uniform(0.3, 3.0), rng.uniform(1.0, 5.0)]
    )
    wall = rng.choice([m.wall, m.poster, m.paint])(rng)
    scene.box((0, far + 0.05, 1.3), (14, 0.1, 3.2), wall)
    scene.box((0, 0, -0.05), (14, 14, 0.1), m.floor(rng))
    for _ in range(rng.choice([0, 1, 1, 2, 3])):
        y = rng.uniform(depth / 2, max(far, depth / 2 + 0.02))
        x, w, h = rng.gauss(0, 0.5), rng.uniform(0.3, 1.6), rng.uniform(0.4, 1.8)
        z = table_height + rng.uniform(-0.3, 0.6)
        turn = (rng.gauss(0, 0.3), 0.0, math.pi / 2 + rng.gauss(0, 0.05))
        roll = rng.random()
        if roll < 0.4:
            scene.add("quad", (x, y, z), (w, h, 1), m.poster(rng), turn)
        elif roll < 0.65:
            scene.add(
                "quad",
                (x, y, z),
                (w, h, 1),
                m.wood(rng),
                turn,
                cut=(rng.choice([2.0, 2.0, 4.0, 3.0]), rng.uniform(0.05, 0.16)),
            )
        elif roll < 0.85:
            scene.add(
                "cloth",
                (x, y, z),
                (w, h, 0.1),
                m.fabric(rng),
                turn,
                (2, rng.uniform(2, 6), 1.0, rng.uniform(0.01, 0.05)),
            )
        else:
            with scene.at((x, y + 0.3, 0), rng.gauss(0, 0.1)):
                rng.choice([bookcase, sofa, person, plant])(scene, rng)


def table_top(scene: Scene, rng: random.Random) -> None:
    """A cluttered table seen from close by in front of a backdrop."""
    w, d, h = rng.uniform(0.8, 3.0), rng.uniform(0.5, 1.4), rng.uniform(0.6, 0.95)
    indoor_sky(scene, rng)
    scene.occlusion_reach = 0.12
    # Most tables go on below the image, as in photographs of things.
    nearer = rng.choice([0.0, 1.2, 1.2, 1.2])
    top = m.floor(rng) if rng.random() < 0.7 else m.fabric(rng)
    scene.box((0, -nearer / 2, h - 0.02), (w + nearer, d + nearer, 0.04), top)
    _backdrop(scene, rng, d, h)
    same = rng.random() if rng.random() < 0.3 else None
    count = rng.randint(3, 26)
    size = rng.uniform(0.7, 1.3)
    for _ in range(count):
        x, y = rng.gauss(0, 0.24) * min(w, 1.4), rng.uniform(-0.48, 0.48) * d
        with scene.at(
            (x, y, h),
            rng.uniform(0, 6.28) if rng.random() < 0.6 else rng.gauss(0, 0.3),
            size * rng.uniform(0.7, 1.3),
        ):
            small_thing(
                scene, random.Random(same) if same is not None and rng.random() < 0.6 else rng
            )
    for i in range(rng.choice([1, 2, 2])):
        pos = (rng.uniform(-1.5, 1.5), rng.uniform(-2.0, 0.3), h + rng.uniform(0.6, 1.8))
        scene.lights.append(
            Light(pos, warm(rng, rng.uniform(1, 5)), shadow=i < 2, aim=(0.0, 0.0, h))
        )
    for _ in range(6):
        distance, yaw = rng.uniform(0.45, 1.5), rng.gauss(0, 0.35)
        pitch = -rng.uniform(0.05, 0.7)
        target = (rng.gauss(0, 0.12), rng.gauss(0, 0.1) * d, h + rng.uniform(0.0, 0.25))
        eye = (
            target[0] - math.sin(yaw) * distance * math.cos(pitch),
            target[1] - math.cos(yaw) * distance * math.cos(pitch),
            target[2] - math.sin(pitch) * distance,
        )
        scene.cameras.append(
            Camera(
                eye, math.pi / 2 - yaw, pitch, rng.gauss(0, 0.03), math.radians(rng.uniform(28, 62))
            )
        )
