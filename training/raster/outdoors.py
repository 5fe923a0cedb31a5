"""Outdoor scenes: streets and terrain, with sky, sun, fog and camera positions."""

from __future__ import annotations

import math
import random

from . import materials as m
from .clutter import plant
from .figures import animal, person
from .scene import Camera, Light, Scene, Sky

__all__ = ["bush", "car", "daylight", "lamp_post", "landscape", "street", "tree"]


def daylight(scene: Scene, rng: random.Random, reach: float) -> None:
    """Sky and sun of a random hour and weather; `reach`: metres that the sun's shadows cover."""
    grey = rng.random()
    bright = rng.uniform(0.4, 1.0)
    top = tuple(bright * (c * (1 - grey) + 0.6 * grey) for c in (0.22, 0.42, 0.85))
    low = tuple(bright * (c * (1 - grey) + 0.75 * grey) for c in (0.75, 0.8, 0.88))
    if rng.random() < 0.15:
        low = (bright, bright * 0.6, bright * 0.35)
    up = tuple(0.35 * (t + lo) for t, lo in zip(top, low, strict=True))
    scene.sky = Sky(
        top=top,
        low=low,
        clouds=rng.random(),
        ambient_up=up,
        ambient_down=(0.15, 0.14, 0.12),
        fog=low,  # type: ignore[arg-type]
        fog_density=rng.choice([0.0, 0.003, 0.01, rng.uniform(0, 0.05)]),
        occlusion=rng.uniform(0.5, 1.1),
    )
    sun = rng.uniform(0.0, 2.2) * (1 - 0.7 * grey)
    azimuth, height = rng.uniform(0, 6.28), rng.uniform(0.25, 1.4)
    direction = (
        math.cos(azimuth) * math.cos(height),
        math.sin(azimuth) * math.cos(height),
        math.sin(height),
    )
    scene.lights.append(Light(direction, (sun, sun * 0.93, sun * 0.82), is_sun=True, shadow=True))
    scene.reach, scene.occlusion_reach = reach, 0.7
    scene.shadow_softness = rng.choice([0.002, 0.006])


_CLOSED = (0.0, 1.0)


def _gaps(rng: random.Random) -> tuple[float, float]:
    """Holes between the leaves of most crowns: the cut and the size of a spray in metres."""
    return (8.0, rng.uniform(0.1, 0.4)) if rng.random() < 0.65 else _CLOSED


def tree(scene: Scene, rng: random.Random, height: float = 0.0) -> None:
    """Of a random height unless one is given, in metres."""
    h = height or rng.uniform(2.5, 11)
    scene.rod((0, 0, -0.2), (rng.gauss(0, 0.1), 0, h * 0.6), 0.05 + h * 0.035, m.bark(rng))
    mat = m.foliage(rng)
    if rng.random() < 0.25:
        for i in range(4):
            w = h * 0.5 * (1 - i * 0.2)
            scene.add("cone", (0, 0, h * (0.35 + 0.2 * i)), (w, w, h * 0.35), mat)
        return
    gaps = _gaps(rng)
    for _ in range(rng.randint(3, 9) if gaps == _CLOSED else rng.randint(5, 13)):
        r = h * rng.uniform(0.2, 0.42)
        pos = (rng.gauss(0, 0.13) * h, rng.gauss(0, 0.13) * h, h * rng.uniform(0.55, 0.95))
        size = (r, r, r * rng.uniform(0.6, 1))
        scene.add("ball", pos, size, mat, shape=(2, 0, 0, 0.5), cut=gaps)
    for _ in range(rng.choice([0, 0, 4])):
        a = rng.uniform(0, 6.28)
        scene.rod(
            (0, 0, h * 0.4),
            (h * 0.3 * math.cos(a), h * 0.3 * math.sin(a), h * 0.8),
            0.08,
            m.bark(rng),
        )


def bush(scene: Scene, rng: random.Random) -> None:
    gaps = _gaps(rng)
    for _ in range(rng.randint(1, 3)):
        s = rng.uniform(0.4, 1.6)
        scene.add(
            "ball",
            (rng.gauss(0, 0.3), rng.gauss(0, 0.3), s * 0.3),
            (s, s, s * 0.8),
            m.foliage(rng),
            shape=(2, 0, 0, 0.4),
            cut=gaps,
        )


def _rock(scene: Scene, rng: random.Random) -> None:
    s = rng.uniform(0.2, 1.8)
    scene.add(
        "ball",
        (0, 0, s * 0.2),
        (s, s * rng.uniform(0.6, 1.2), s * rng.uniform(0.4, 0.8)),
        m.stone(rng),
        shape=(3, 0, 0, 0.35),
    )


def car(scene: Scene, rng: random.Random) -> None:
    """Long axis along y."""
    w, length, h = rng.uniform(1.65, 1.9), rng.uniform(3.6, 4.8), rng.uniform(1.35, 1.75)
    mat, glass, dark = (
        m.plain(rng, m.any_color(rng, 0.4), 0.9),
        m.plain(rng, (0.02, 0.03, 0.04), 1.0),
        m.plain(rng, (0.015,) * 3),
    )
    scene.soft((0, 0, h * 0.4), (w, length, h * 0.5), mat, 6.0)
    scene.add(
        "ball",
        (0, length * 0.05, h * 0.72),
        (w * 0.86, length * 0.58, h * 0.6),
        glass,
        shape=(3.5, -0.3, 0, 0),
    )
    scene.soft((0, length * 0.05, h * 0.95), (w * 0.7, length * 0.36, h * 0.12), mat, 4.0)
    for sx in (-1, 1):
        for sy in (-0.31, 0.31):
            scene.add(
                "cylinder",
                (sx * w * 0.45, sy * length, 0.31),
                (0.62, 0.62, 0.22),
                dark,
                (0, math.pi / 2, 0),
            )
        scene.box((sx * w * 0.33, -length * 0.49, h * 0.42), (0.3, 0.08, 0.14), m.glow(rng, 0.6))


def lamp_post(scene: Scene, rng: random.Random) -> None:
    h = rng.uniform(2.2, 6)
    scene.rod((0, 0, 0), (0, 0, h), rng.uniform(0.05, 0.16), m.metal(rng))
    roll = rng.random()
    if roll < 0.5:
        scene.rod((0, 0, h), (0.9, 0, h + 0.1), 0.08, m.metal(rng))
        scene.box((0.9, 0, h + 0.08), (0.5, 0.2, 0.1), m.glow(rng, 0.5))
    elif roll < 0.85:
        scene.box(
            (0, -0.06, h - 0.3), (rng.uniform(0.4, 0.9), 0.03, rng.uniform(0.4, 0.8)), m.poster(rng)
        )


def _fence(scene: Scene, rng: random.Random) -> None:
    w, h = rng.uniform(2, 10), rng.uniform(0.7, 1.8)
    scene.add(
        "quad",
        (0, 0, h / 2),
        (w, h, 1),
        rng.choice([m.wood, m.metal, m.paint])(rng),
        (0, 0, math.pi / 2),
        cut=(rng.choice([3.0, 3.0, 4.0, 2.0]), rng.uniform(0.1, 0.3)),
    )
    for i in range(4):
        scene.box(((i / 3 - 0.5) * w, 0, h * 0.53), (0.1, 0.1, h * 1.06), m.wood(rng))


def _bench(scene: Scene, rng: random.Random) -> None:
    mat = m.wood(rng)
    for i in range(4):
        scene.box((0, i * 0.11 - 0.2, 0.45), (1.6, 0.08, 0.04), mat)
    for i in range(3):
        scene.box((0, 0.24, 0.6 + i * 0.13), (1.6, 0.03, 0.09), mat)
    for sx in (-0.7, 0.7):
        scene.box((sx, 0, 0.22), (0.06, 0.5, 0.44), m.metal(rng))


def _building(scene: Scene, rng: random.Random, w: float, d: float, h: float) -> None:
    """Front at -y."""
    mat = m.facade(rng) if rng.random() < 0.6 else rng.choice([m.brick, m.paint])(rng)
    scene.box((0, 0, h / 2), (w, d, h), mat)
    if h < 9 and rng.random() < 0.7:
        scene.add(
            "ball",
            (0, 0, h),
            (w * 1.3, d * 1.3, rng.uniform(2, 5)),
            m.brick(rng),
            shape=(1.05, 0, 0, 0),
        )
    n, trim = max(1, round(w / rng.uniform(1.8, 3.2))), m.paint(rng)
    for j in range(min(4, int(h / 2.9))):
        for i in range(n):
            x, z = ((i + 0.5) / n - 0.5) * w, 1.5 + j * 2.9
            if j == 0 and rng.random() < 0.25:
                scene.box((x, -d / 2, 1.1), (1.0, 0.1, 2.2), m.wood(rng))
                continue
            scene.box((x, -d / 2, z), (1.15, 0.12, 1.55), trim)
            scene.box(
                (x, -d / 2 - 0.02, z), (1.0, 0.12, 1.4), m.plain(rng, (0.05, 0.06, 0.08), 0.9)
            )
            if rng.random() < 0.12:
                scene.box((x, -d / 2 - 0.5, z - 0.8), (1.8, 1.0, 0.12), trim)
    if rng.random() < 0.3:
        scene.box((0, -d / 2 - 0.6, 2.7), (w * 0.7, 1.2, 0.08), m.fabric(rng), (0, 0, 0.3))


_PROPS = (
    (tree, 4),
    (lamp_post, 3),
    (person, 5),
    (_bench, 1),
    (bush, 2),
    (_fence, 1),
    (animal, 1),
    (plant, 1),
    (_rock, 0.6),
)


def _prop(scene: Scene, rng: random.Random) -> None:
    makers, weights = zip(*_PROPS, strict=True)
    rng.choices(makers, weights)[0](scene, rng)


def street(scene: Scene, rng: random.Random) -> None:
    """Road along y with pavements, house fronts, cars, trees, lamps and people."""
    daylight(scene, rng, 30.0)
    road, walk = rng.uniform(4, 11), rng.uniform(1.2, 4)
    scene.box((0, 40, -0.05), (200, 240, 0.08), m.ground(rng))
    scene.box(
        (0, 40, -0.04),
        (road, 240, 0.1),
        m.plain(rng, (0.08, 0.08, 0.085)) if rng.random() < 0.7 else m.stone(rng),
    )
    for i in range(14):
        scene.box((0, i * 4 - 8, 0.015), (0.14, 1.6, 0.01), m.plain(rng, (0.7, 0.7, 0.65)))
    for side in (-1, 1):
        scene.box(
            (side * (road + walk) / 2, 40, 0.0),
            (walk, 240, 0.24),
            m.tiles(rng) if rng.random() < 0.6 else m.stone(rng),
        )
        y, setback = -20.0, rng.choice([0.2, rng.uniform(0, 6)])
        base = rng.uniform(4, 14)
        while y < 90:
            w, d, h = rng.uniform(5, 16), rng.uniform(6, 12), base * rng.uniform(0.6, 1.6)
            if rng.random() < 0.85:
                with scene.at(
                    (side * (road / 2 + walk + setback + d / 2), y + w / 2, 0), side * -math.pi / 2
                ):
                    _building(scene, rng, w, d, h)
            y += w + rng.choice([0.0, 0.0, rng.uniform(1, 6)])
        for _ in range(rng.randint(3, 16)):
            with scene.at(
                (side * (road / 2 + rng.uniform(0.2, walk)), rng.uniform(0, 45), 0.12),
                rng.choice([math.pi / 2, rng.uniform(0, 6.28)]),
            ):
                _prop(scene, rng)
        for _ in range(rng.randint(0, 6)):
            with scene.at(
                (side * (road / 2 - rng.choice([1.1, road * 0.3])), rng.uniform(4, 45), 0.0),
                rng.choice([0, math.pi]),
            ):
                car(scene, rng)
    scene.focus = (0.0, 14.0, 0.0)
    for _ in range(6):
        x = rng.choice(
            [
                rng.uniform(-0.4, 0.4) * road,
                rng.choice([-1, 1]) * (road / 2 + rng.uniform(0.3, walk * 0.8)),
            ]
        )
        yaw = math.pi / 2 + rng.choice([rng.gauss(0, 0.15), rng.gauss(0, 0.6)])
        scene.cameras.append(
            Camera(
                (x, rng.uniform(-6, 6), rng.choice([rng.uniform(1.1, 1.9), rng.uniform(1.5, 5)])),
                yaw,
                rng.gauss(-0.06, 0.12),
                rng.gauss(0, 0.02),
                math.radians(rng.uniform(35, 72)),
            )
        )


def landscape(scene: Scene, rng: random.Random) -> None:
    """Garden, park, field or hills: rolling ground with trees, rocks, bushes, animals, people."""
    daylight(scene, rng, 22.0)
    flat = rng.random() < 0.6
    amount = rng.uniform(0.0, 0.5) if flat else rng.uniform(1, 4)
    scene.add("terrain", (0, 30, -0.2), (160, 160, 1), m.ground(rng), shape=(1, 0.08, 0, amount))
    if rng.random() < 0.6:
        scene.add(
            "terrain",
            (rng.gauss(0, 30), 160, -6),
            (420, 120, 1),
            m.ground(rng),
            shape=(1, 0.02, 0, rng.uniform(15, 70)),
        )
    if rng.random() < 0.35:
        scene.add(
            "terrain",
            (rng.gauss(0, 2), 20, 0.02),
            (rng.uniform(1.2, 4), 90, 1),
            m.stone(rng),
            (rng.gauss(0, 0.3), 0, 0),
            (1, 0.08, 0, amount),
        )
    spread = rng.choice([5.0, 12.0, 25.0])
    for _ in range(rng.randint(4, 36)):
        y = 2.0 + abs(rng.gauss(0, 1)) * spread
        with scene.at((rng.gauss(0, 0.6) * (y + 2), y, amount * 0.1), rng.uniform(0, 6.28)):
            _prop(scene, rng)
    for _ in range(rng.choice([0, 0, 1, 2])):
        with scene.at((rng.uniform(-25, 25), rng.uniform(15, 60), 0), rng.uniform(0, 6.28)):
            _building(scene, rng, rng.uniform(6, 14), rng.uniform(6, 10), rng.uniform(3, 8))
    if rng.random() < 0.5:
        mat = m.foliage(rng)
        for _ in range(rng.randint(20, 150)):
            s = rng.uniform(0.08, 0.35)
            y = rng.uniform(0.8, 9)
            scene.add(
                "leaf",
                (rng.gauss(0, 0.5) * (y + 1), y, s * 0.4 + amount * 0.05),
                (s * 0.25, s, 0.02),
                mat,
                (rng.uniform(0, 6.28), 0, 1.2 + rng.uniform(0, 0.7)),
                (2, 0, 0.3, 0),
                (1.0, 1.0),
            )
    scene.focus = (0.0, 10.0, 0.0)
    for _ in range(6):
        z = amount * 0.4 + rng.choice(
            [rng.uniform(0.4, 1.2), rng.uniform(1.2, 1.9), rng.uniform(1.5, 4)]
        )
        scene.cameras.append(
            Camera(
                (rng.gauss(0, 1), rng.uniform(-3, 1), z),
                math.pi / 2 + rng.gauss(0, 0.3),
                rng.gauss(-0.1, 0.13),
                rng.gauss(0, 0.03),
                math.radians(rng.uniform(32, 72)),
            )
        )
