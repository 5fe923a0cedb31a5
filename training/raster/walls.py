"""What encloses a room: floor, ceiling, walls with windows, doors and images on them."""

from __future__ import annotations

import math
import random

from . import materials as m
from .scene import Light, Scene

__all__ = ["enclose"]


def _window(scene: Scene, rng: random.Random) -> None:
    """Bright opening with frame, bars, perhaps curtains; wall face at y = 0, room at -y."""
    w, h, z = rng.uniform(0.6, 2.2), rng.uniform(0.8, 1.8), rng.uniform(1.3, 1.7)
    glass = (
        m.glow(rng, rng.uniform(0.4, 4.0))
        if rng.random() < 0.8
        else m.plain(rng, (0.02, 0.02, 0.03), 0.9)
    )
    if glass.glow > 1.0 and len(scene.lights) < 2:
        _daylight(scene, rng, z)
    frame = m.paint(rng)
    scene.box((0, -0.005, z), (w, 0.01, h), glass)
    for side in (-1, 1):
        scene.box((side * w / 2, -0.03, z), (0.07, 0.07, h + 0.07), frame)
        scene.box((0, -0.03, z + side * h / 2), (w + 0.07, 0.07 if side > 0 else 0.14, 0.06), frame)
    for i in range(rng.randint(0, 3)):
        scene.box(((i + 1) / 4 * w - w / 2, -0.02, z), (0.03, 0.03, h), frame)
    if rng.random() < 0.4:
        scene.box((0, -0.02, z), (w, 0.03, 0.03), frame)
    if rng.random() < 0.6:
        mat, drop = m.fabric(rng), rng.uniform(h + 0.2, z + h / 2)
        for side in (-1, 1):
            cw = w * rng.uniform(0.25, 0.6)
            scene.add(
                "cloth",
                (side * (w / 2 + cw * 0.2), -0.1, z + h / 2 + 0.1 - drop / 2),
                (cw, drop, 0.1),
                mat,
                (0, 0, math.pi / 2),
                (2, rng.uniform(3, 9), 1.0, rng.uniform(0.02, 0.05)),
            )


def _daylight(scene: Scene, rng: random.Random, z: float) -> None:
    """Light that a bright window sheds into the room."""
    strength = rng.uniform(0.5, 3.0)
    color = (strength * rng.uniform(0.8, 1.0), strength, strength * rng.uniform(0.95, 1.25))
    near, inside = scene.place((0.0, -0.35, z)), scene.place((rng.gauss(0, 1), -2.5, 0.0))
    scene.lights.append(Light(near, color, shadow=rng.random() < 0.5, aim=inside))


def _panels(scene: Scene, rng: random.Random, length: float, away: float) -> None:
    """Wainscot: a rail at chair height and framed panels below it."""
    mat, rail = m.paint(rng), rng.uniform(0.75, 1.1)
    scene.box((0, away - 0.01, rail / 2), (length, 0.02, rail), mat)
    scene.box((0, away - 0.025, rail), (length, 0.05, 0.06), mat)
    count = max(1, round(length / rng.uniform(0.5, 1.0)))
    edge = m.plain(rng, m.shade(mat.first, 0.8))
    for i in range(count):
        x, w = ((i + 0.5) / count - 0.5) * length, length / count - 0.18
        scene.box((x, away - 0.022, rail / 2), (w, 0.012, rail - 0.3), edge)
        scene.box((x, away - 0.026, rail / 2), (w - 0.06, 0.012, rail - 0.36), mat)


def _door(scene: Scene, rng: random.Random) -> None:
    mat, frame = rng.choice([m.wood, m.paint])(rng), m.paint(rng)
    w, h = rng.uniform(0.75, 1.0), rng.uniform(1.95, 2.15)
    opened = rng.choice([0.0, 0.0, rng.uniform(0.2, 1.6)])
    if opened:
        scene.box((0, -0.003, h / 2), (w, 0.006, h), m.plain(rng, (0.02, 0.02, 0.02)))
    with scene.at((-w / 2, -0.03, 0), -opened):
        scene.box((w / 2, 0, h / 2), (w, 0.04, h), mat)
        for z in (0.28, 0.72):
            scene.box((w / 2, -0.022, h * z), (w * 0.65, 0.015, h * 0.34), mat)
        scene.soft((w * 0.9, -0.05, 1.0), (0.12, 0.05, 0.03), m.metal(rng), 3.0)
    for side in (-1, 1):
        scene.box((side * (w / 2 + 0.04), -0.02, h / 2), (0.08, 0.05, h), frame)
    scene.box((0, -0.02, h + 0.04), (w + 0.16, 0.05, 0.08), frame)


def _image(scene: Scene, rng: random.Random) -> None:
    w, h, z = rng.uniform(0.2, 1.3), rng.uniform(0.25, 1.0), rng.uniform(1.3, 1.9)
    scene.box(
        (0, -0.015, z), (w + 0.08, 0.03, h + 0.08), rng.choice([m.wood, m.metal, m.plain])(rng)
    )
    scene.box((0, -0.022, z), (w, 0.03, h), m.painting(rng))


def _wall_thing(scene: Scene, rng: random.Random) -> None:
    roll = rng.randrange(5)
    if roll == 0:
        scene.add(
            "cylinder",
            (0, -0.02, rng.uniform(1.7, 2.2)),
            (0.3, 0.3, 0.04),
            m.plain(rng),
            (0, 0, math.pi / 2),
        )
    elif roll == 1:
        w = rng.uniform(0.6, 1.4)
        for i in range(round(w / 0.07)):
            scene.soft(
                (i * 0.07 - w / 2, -0.07, 0.42), (0.06, 0.1, 0.6), m.paint(random.Random(1)), 5.0
            )
    elif roll == 2:
        w = rng.uniform(0.7, 1.5)
        scene.box((0, -0.03, 1.2), (w, 0.05, w * 0.57), m.plain(rng, (0.01, 0.01, 0.01), 0.9))
    elif roll == 3:
        w = rng.uniform(0.5, 1.5)
        scene.add(
            "quad",
            (0, -0.06, rng.uniform(0.8, 1.5)),
            (w, rng.uniform(0.8, 2.2), 1),
            m.wood(rng),
            (0, 0, math.pi / 2),
            cut=(rng.choice([2.0, 4.0]), rng.uniform(0.06, 0.2)),
        )
    else:
        scene.box(
            (0, -0.06, rng.uniform(1.1, 1.8)),
            (rng.uniform(0.3, 1.0), 0.12, rng.uniform(0.3, 0.9)),
            m.anything(rng),
        )


def enclose(scene: Scene, rng: random.Random, w: float, d: float, h: float) -> None:
    main = m.wall(rng)
    scene.box((0, 0, -0.05), (w + 0.4, d + 0.4, 0.1), m.floor(rng))
    scene.box(
        (0, 0, h + 0.05),
        (w + 0.4, d + 0.4, 0.1),
        m.paint(rng) if rng.random() < 0.9 else m.wood(rng),
    )
    skirting = m.paint(rng) if rng.random() < 0.6 else None
    cornice = m.paint(rng) if rng.random() < 0.3 else None
    panelled = rng.random() < 0.18
    for i in range(4):
        length, away = (w, d / 2) if i % 2 == 0 else (d, w / 2)
        mat = m.wall(rng) if rng.random() < 0.15 else main
        with scene.at((0, 0, 0), i * math.pi / 2):
            scene.box((0, away + 0.05, h / 2), (length, 0.1, h), mat)
            if skirting:
                scene.box(
                    (0, away - 0.008, 0.05), (length, 0.016, rng.uniform(0.07, 0.16)), skirting
                )
            if cornice:
                scene.box((0, away - 0.03, h - 0.04), (length, 0.06, 0.08), cornice)
            if panelled:
                _panels(scene, rng, length, away)
            _dress_wall(scene, rng, length, away)


def _dress_wall(scene: Scene, rng: random.Random, length: float, away: float) -> None:
    x = -length / 2
    while x < length / 2 - 1.2:
        span = rng.uniform(0.9, 2.4)
        roll = rng.random()
        with scene.at((x + span / 2, away, 0)):
            if roll < 0.25:
                _window(scene, rng)
            elif roll < 0.35:
                _door(scene, rng)
            elif roll < 0.65:
                _image(scene, rng)
            elif roll < 0.8:
                _wall_thing(scene, rng)
        x += span
