"""Places whose shape misleads a depth network that never saw them.

Halls under vaults, avenues of trees in front of houses, and floors on which a bright strip between
two rugs narrows towards its vanishing point like a post.
"""

from __future__ import annotations

import math
import random
from itertools import pairwise

from . import materials as m
from .clutter import plant
from .figures import person
from .furniture import FLOOR_PIECES, chair, table
from .indoor_light import indoor_sky, warm
from .outdoors import car, lamp_post, street, tree
from .rooms import furnish_walls, room_lights
from .scene import Camera, Light, Material, Scene
from .walls import enclose

__all__ = ["avenue", "hall", "strips"]

_STEPS = 9  # straight pieces of an arch


def _arc(radius: float, rise: float) -> list[tuple[float, float, float, float]]:
    """Pieces of half an ellipse over x: middle x and z, length and slope of each."""
    points = [
        (-radius * math.cos(a), rise * math.sin(a))
        for a in (math.pi * i / _STEPS for i in range(_STEPS + 1))
    ]
    return [
        ((x0 + x1) / 2, (z0 + z1) / 2, math.hypot(x1 - x0, z1 - z0), math.atan2(z1 - z0, x1 - x0))
        for (x0, z0), (x1, z1) in pairwise(points)
    ]


def _vault(scene: Scene, size: tuple[float, float, float, float], mat: Material) -> None:
    """A barrel over x; size: radius, rise, height of its springing, length along y."""
    radius, rise, springing, length = size
    for x, z, long, slope in _arc(radius, rise):
        place = (x, length / 2 - 2.0, springing + z)
        scene.add("box", place, (long * 1.08, length + 4.0, 0.12), mat, (0.0, -slope, 0.0))


def _rib(scene: Scene, size: tuple[float, float, float, float], y: float, mat: Material) -> None:
    radius, rise, springing, width = size
    for x, z, long, slope in _arc(radius, rise):
        place = (x, y, springing + z)
        scene.add("box", place, (long * 1.08, width, 0.22), mat, (0.0, -slope, 0.0))


def _arcade(
    scene: Scene, rng: random.Random, away: float, height: float, bay: float, count: int
) -> None:
    """Both side walls: piers or columns, and between them arches cut out of the wall above."""
    stone = m.stone(rng) if rng.random() < 0.5 else m.paint(rng)
    trim = m.paint(rng) if rng.random() < 0.5 else stone
    pier, thick = rng.uniform(0.3, 0.9), rng.uniform(0.3, 0.7)
    half = (bay - pier) / 2
    rise = half * rng.choice([0.1, 0.6, 1.0])
    springing = min(rng.uniform(2.0, 3.2), height - rise - 0.2)
    column = rng.random() < 0.5
    for side in (-1, 1):
        x = side * away
        for i in range(count + 1):
            y = (i - 1) * bay
            if column:
                scene.add(
                    "cylinder", (x, y, springing / 2), (pier * 0.7, pier * 0.7, springing), stone
                )
                for z, size in ((0.12, 0.24), (springing - 0.08, 0.16)):
                    scene.box((x, y, z), (pier, pier, size), trim)
            else:
                scene.box((x, y, springing / 2), (thick, pier, springing), stone)
            scene.box((x, y, (springing + height) / 2), (thick, pier, height - springing), stone)
            for across, up, long, _ in _arc(half, rise):
                low = springing + up
                middle = (x, y + bay / 2 + across, (low + height) / 2)
                scene.box(middle, (thick, long * 1.02, height - low), stone)
        scene.box((x, count * bay / 2, height - 0.1), (thick + 0.2, (count + 2) * bay, 0.14), trim)


def _beyond(scene: Scene, rng: random.Random, away: float, length: float, height: float) -> None:
    """What is seen through the arches: an aisle's wall or the sky, and an end."""
    for side in (-1, 1):
        if rng.random() < 0.6:
            x = side * (away + rng.uniform(1.2, 4.0))
            scene.box((x, length / 2, height / 2), (0.2, length + 8, height), m.wall(rng))
    if rng.random() < 0.75:
        scene.box(
            (0, length + rng.uniform(0.0, 3.0), height), (4 * away, 0.3, 3 * height), m.wall(rng)
        )


def _hall_things(scene: Scene, rng: random.Random, away: float, length: float) -> None:
    for _ in range(rng.randint(1, 7)):
        x = rng.choice([rng.gauss(0, 0.3), rng.choice([-0.75, 0.75])]) * away
        with scene.at((x, rng.uniform(2.0, length * 0.7), 0.0), rng.uniform(0, 6.28)):
            rng.choice([person, person, person, plant, chair, table])(scene, rng)


def hall(scene: Scene, rng: random.Random) -> None:
    """A long hall with arches or columns on both sides, a vault, beams or a flat ceiling."""
    away, bay, count = rng.uniform(1.6, 5.0), rng.uniform(2.4, 4.5), rng.randint(4, 11)
    length, height = bay * count, rng.uniform(3.2, 6.0)
    indoor_sky(scene, rng)
    floor = rng.choice([m.tiles, m.tiles, m.floor, m.stone])(rng)
    scene.box((0, length / 2, -0.05), (2 * away + 12, length + 14, 0.1), floor)
    _arcade(scene, rng, away, height, bay, count)
    ceiling, rib = m.paint(rng), m.paint(rng)
    if rng.random() < 0.7:
        size = (away + 0.15, away * rng.uniform(0.5, 1.0), height)
        _vault(scene, (*size, length), ceiling)
        for i in range(count + 1):
            _rib(scene, (size[0] - 0.1, size[1] - 0.1, height, 0.4), (i - 1) * bay, rib)
    else:
        scene.box((0, length / 2, height + 0.05), (2 * away + 10, length + 10, 0.1), ceiling)
        for i in range(count + 1):
            scene.box((0, (i - 1) * bay, height - 0.12), (2 * away, 0.3, 0.24), rib)
    _beyond(scene, rng, away, length, height)
    _hall_things(scene, rng, away, length)
    for i in range(rng.choice([0, count // 2, count])):
        y, drop = (i + 0.5) * bay, rng.uniform(0.6, 1.6)
        scene.rod((0, y, height + 1), (0, y, height - drop), 0.03, m.metal(rng))
        scene.add("lathe3", (0, y, height - drop - 0.2), (0.35, 0.35, 0.45), m.glow(rng, 1.5))
    sun = rng.uniform(2.0, 12.0)
    side = rng.choice([-1, 1]) * (away + 1.0)
    place = (side, rng.uniform(1.0, length * 0.6), rng.uniform(1.5, 3.5))
    scene.lights.append(Light(place, warm(rng, sun), False, True, (0.0, place[1] + 1.0, 0.0)))
    for y in (1.0, length * 0.45):
        scene.lights.append(Light((0.0, y, height - 0.6), warm(rng, rng.uniform(0.8, 4.0))))
    scene.focus, scene.reach = (0.0, 6.0, 0.0), 12.0
    for _ in range(6):
        eye = (rng.gauss(0, 0.25) * away, rng.uniform(-0.5, length * 0.3), rng.uniform(1.0, 1.9))
        yaw, fov = math.pi / 2 + rng.gauss(0, 0.18), math.radians(rng.uniform(42, 75))
        scene.cameras.append(Camera(eye, yaw, rng.gauss(0.02, 0.1), rng.gauss(0, 0.02), fov))


def avenue(scene: Scene, rng: random.Random) -> None:
    """A street with rows of trees close to the camera, parked cars, lamps and people."""
    street(scene, rng)
    kerb, gap = rng.uniform(2.8, 5.5), rng.uniform(5.0, 11.0)
    for side in (-1, 1):
        start = rng.uniform(1.5, 8.0)
        for i in range(rng.randint(3, 8)):
            with scene.at((side * (kerb + rng.uniform(0.3, 1.0)), start + i * gap, 0.1)):
                tree(scene, rng, rng.uniform(4.5, 9.0))
        for i in range(rng.randint(0, 6)):
            y = 5.0 + i * rng.uniform(5.2, 7.5)
            if rng.random() < 0.75:
                with scene.at((side * (kerb - 1.1), y, 0.0), rng.choice([0.0, math.pi])):
                    car(scene, rng)
        for _ in range(rng.randint(0, 4)):
            with scene.at((side * (kerb + rng.uniform(0.6, 2.5)), rng.uniform(3, 25), 0.1)):
                rng.choice([person, person, lamp_post])(scene, rng)
    if rng.random() < 0.6:
        y, paint = rng.uniform(2.0, 9.0), m.plain(rng, (0.65, 0.64, 0.6))
        for i in range(-6, 7):
            scene.box((i * 0.95, y, 0.016), (0.5, rng.uniform(3.0, 3.4), 0.01), paint)


def _strip(scene: Scene, rng: random.Random, reach: float, aside: float) -> None:
    """Two rugs, or one bright runner, whose edges lead away from the camera along y."""
    gap = rng.choice([rng.uniform(0.05, 0.2), rng.uniform(0.1, 0.6)])
    with scene.at((aside, rng.gauss(0, 0.15) * reach, 0.0), math.pi / 2 + rng.gauss(0, 0.2)):
        if rng.random() < 0.3:
            scene.box((0, 0, 0.004), (reach, gap, 0.008), rng.choice([m.plain, m.paint])(rng))
            return
        for side in rng.choice([(-1,), (1,), (-1, 1), (-1, 1)]):
            wide, inset = rng.uniform(0.6, 2.2), rng.uniform(0.08, 0.4)
            x, y = rng.gauss(0, 0.2), side * (gap + wide) / 2
            scene.box((x, y, 0.004), (reach, wide, 0.008), rng.choice([m.carpet, m.plain])(rng))
            inner = (reach - inset, max(wide - inset, 0.1), 0.016)
            scene.box((x, y, 0.008), inner, rng.choice([m.carpet, m.carpet, m.plain])(rng))


def strips(scene: Scene, rng: random.Random) -> None:
    """A room where strips of floor, rugs and runners lead away from the camera."""
    w, d, h = rng.uniform(2.8, 6.5), rng.uniform(3.5, 7.5), rng.uniform(2.3, 3.4)
    indoor_sky(scene, rng)
    enclose(scene, rng, w, d, h)
    taken: list[tuple[float, float, float]] = []
    furnish_walls(scene, rng, w, d, taken)
    for _ in range(rng.choice([1, 1, 2])):
        _strip(scene, rng, rng.uniform(0.4, 1.0) * d, rng.gauss(0, 0.2) * w)
    makers, weights, _ = zip(*FLOOR_PIECES, strict=True)
    for _ in range(rng.randint(1, 4)):
        place = (rng.uniform(-0.42, 0.42) * w, rng.uniform(-0.1, 0.4) * d, 0.0)
        with scene.at(place, rng.uniform(0, 6.28)):
            rng.choice([*rng.choices(makers, weights, k=4), person])(scene, rng)
    room_lights(scene, rng, w, d, h)
    for _ in range(9):
        eye = (rng.gauss(0, 0.2) * w, rng.uniform(-0.48, -0.25) * d, rng.uniform(0.9, 1.75))
        yaw, pitch = math.pi / 2 + rng.gauss(0, 0.25), rng.gauss(-0.17, 0.12)
        fov = math.radians(rng.uniform(42, 76))
        scene.cameras.append(Camera(eye, yaw, pitch, rng.gauss(0, 0.02), fov))
