"""Rooms and corridors with furniture, lights and camera positions."""

from __future__ import annotations

import math
import random

from . import materials as m
from .clutter import plant, small_thing
from .figures import animal, person
from .furniture import FLOOR_PIECES, WALL_PIECES, bookcase, chair, table
from .indoor_light import indoor_sky, warm
from .scene import Camera, Light, Scene
from .walls import enclose

__all__ = ["corridor", "furnish_walls", "room", "room_lights"]


def _window_light(rng: random.Random, w: float, d: float, h: float) -> Light:
    """Hard and low from beside a wall, through panes, leaves or blinds: strips on the floor."""
    side, along = rng.choice([-0.46, 0.46]), rng.uniform(-0.4, 0.4)
    across = rng.random() < 0.5
    place = (side * w, along * d) if across else (along * w, side * d)
    aim = (rng.uniform(-0.35, 0.35) * w, rng.uniform(-0.35, 0.35) * d, 0.0)
    mask = (rng.choice([1.0, 1.0, 2.0, 3.0]), rng.uniform(1.2, 6.0), rng.uniform(0.0, 9.0))
    color = warm(rng, rng.uniform(4.0, 16.0))
    return Light((*place, h * rng.uniform(0.5, 0.9)), color, False, True, aim, mask)


def room_lights(scene: Scene, rng: random.Random, w: float, d: float, h: float) -> None:
    if rng.random() < 0.45:
        scene.lights.append(_window_light(rng, w, d, h))
    for i in range(rng.choice([1, 1, 2, 2, 3])):
        pos = (
            rng.uniform(-0.45, 0.45) * w,
            rng.uniform(-0.45, 0.45) * d,
            h * rng.uniform(0.6, 0.93),
        )
        aim = (rng.uniform(-0.3, 0.3) * w, rng.uniform(-0.3, 0.3) * d, 0.0)
        scene.lights.append(
            Light(
                pos,
                warm(rng, rng.uniform(0.8, 6.0)),
                shadow=i < 2 and rng.random() < 0.85,
                aim=aim,
            )
        )


def furnish_walls(
    scene: Scene, rng: random.Random, w: float, d: float, taken: list[tuple[float, float, float]]
) -> None:
    makers, weights, sizes = zip(*WALL_PIECES, strict=True)
    for i in range(4):
        length, away = (w, d / 2) if i % 2 == 0 else (d, w / 2)
        x = -length / 2 + 0.3
        if rng.random() < 0.12:
            with scene.at((0, 0, 0), i * math.pi / 2), scene.at((0, away - 0.22, 0)):
                bookcase(scene, rng, (length, rng.uniform(1.8, 2.6)), rng.uniform(0.1, 0.9))
            continue
        while x < length / 2 - 0.8:
            k = rng.choices(range(len(makers)), weights)[0]
            r = sizes[k]
            x += r
            if rng.random() < 0.6 and x < length / 2 - r:
                with scene.at((0, 0, 0), i * math.pi / 2):
                    pos = (x, away - min(r, 0.5) - 0.1, 0.0)
                    taken.append((*scene.place(pos)[:2], r))
                    with scene.at(pos, rng.gauss(0, 0.02)):
                        makers[k](scene, rng)
            x += r + rng.uniform(0.0, 0.8)


def _free(
    rng: random.Random, w: float, d: float, r: float, taken: list[tuple[float, float, float]]
) -> tuple[float, float] | None:
    for _ in range(12):
        x, y = (
            rng.uniform(-0.5, 0.5) * max(w - 2 * r, 0.2),
            rng.uniform(-0.5, 0.5) * max(d - 2 * r, 0.2),
        )
        if all(math.hypot(x - a, y - b) > r * 0.8 + c * 0.8 for a, b, c in taken):
            return x, y
    return None


def _dining(scene: Scene, rng: random.Random) -> None:
    """A table with the same chair copied around it."""
    w, d = rng.uniform(1.2, 2.6), rng.uniform(0.8, 1.2)
    table(scene, rng, (w, d, rng.uniform(0.7, 0.78)))
    seed = rng.random()
    n = max(1, round(w / 0.7))
    for side in (-1, 1):
        for i in range(n):
            x = ((i + 0.5) / n - 0.5) * w
            with scene.at(
                (x, side * (d / 2 + rng.uniform(0.0, 0.35)), 0),
                (0 if side > 0 else math.pi) + rng.gauss(0, 0.15),
            ):
                chair(scene, random.Random(seed))
    for side in (-1, 1):
        if rng.random() < 0.6:
            with scene.at((side * (w / 2 + 0.2), 0, 0), -side * math.pi / 2 + rng.gauss(0, 0.2)):
                chair(scene, random.Random(seed))


def _rug(scene: Scene, rng: random.Random, w: float, d: float, layer: int) -> None:
    """Flat on the floor, two of three with borders: what looks like a step and is none."""
    x, y = rng.gauss(0, 0.2) * w, rng.gauss(0, 0.2) * d
    length, width = rng.uniform(0.8, w * 0.8), rng.uniform(0.8, d * 0.8)
    turn = (rng.choice([0.0, rng.gauss(0, 0.1), rng.uniform(0, 3.14)]), 0.0, 0.0)
    height = 0.003 + 0.003 * layer
    border = rng.uniform(0.05, 0.3)
    for _ in range(rng.choice([1, 2, 3])):
        mat = m.plain(rng) if rng.random() < 0.4 else m.carpet(rng)
        scene.box((x, y, height), (length, width, 2 * height), mat, turn)
        length, width, height = length - border, width - border, height + 0.001
        border *= rng.uniform(0.4, 1.6)
        if min(length, width) < 0.3:
            return


def _furnish_floor(
    scene: Scene, rng: random.Random, w: float, d: float, taken: list[tuple[float, float, float]]
) -> None:
    if min(w, d) > 3 and rng.random() < 0.35:
        with scene.at(
            (rng.gauss(0, 0.3), rng.gauss(0, 0.3), 0),
            rng.choice([0, math.pi / 2]) + rng.gauss(0, 0.1),
        ):
            _dining(scene, rng)
        taken.append((0.0, 0.0, 1.5))
    for i in range(rng.choice([0, 1, 1, 1, 2])):
        _rug(scene, rng, w, d, i)
    makers, weights, sizes = zip(*FLOOR_PIECES, strict=True)
    for _ in range(rng.randint(1, 3 + round(w * d / 5))):
        k = rng.choices(range(len(makers)), weights)[0]
        roll = rng.random()
        radius = 0.35 if roll < 0.3 else sizes[k]
        spot = _free(rng, w, d, radius, taken)
        if spot is None:
            continue
        taken.append((*spot, radius))
        with scene.at(
            (*spot, 0.0),
            rng.uniform(0, 6.28) if rng.random() < 0.6 else rng.randrange(4) * math.pi / 2,
        ):
            if roll < 0.09:
                animal(scene, rng)
            elif roll < 0.19:
                person(scene, rng)
            elif roll < 0.27:
                plant(scene, rng)
            elif roll < 0.3:
                small_thing(scene, rng)
            else:
                makers[k](scene, rng)


def _room_cameras(
    scene: Scene,
    rng: random.Random,
    w: float,
    d: float,
    h: float,
    taken: list[tuple[float, float, float]],
) -> None:
    for _ in range(9):
        if taken and rng.random() < 0.35:
            scene.cameras.append(_over_furniture(rng, w, d, rng.choice(taken)))
            continue
        x, y = rng.uniform(-0.46, 0.46) * w, rng.uniform(-0.46, 0.46) * d
        aim = (rng.gauss(0, 0.25) * w, rng.gauss(0, 0.25) * d)
        if taken and rng.random() < 0.45:
            aim = rng.choice(taken)[:2]
        z = min(
            rng.choice([rng.uniform(1.2, 1.75), rng.uniform(1.2, 1.75), rng.uniform(0.5, 1.3)]),
            h - 0.3,
        )
        pitch = -abs(rng.gauss(0.12, 0.25)) if rng.random() < 0.85 else rng.uniform(0, 0.25)
        yaw = math.atan2(aim[1] - y, aim[0] - x) + rng.gauss(0, 0.2)
        scene.cameras.append(
            Camera((x, y, z), yaw, pitch, rng.gauss(0, 0.03), math.radians(rng.uniform(38, 78)))
        )


def _hanging_lamps(scene: Scene, rng: random.Random, w: float, d: float, h: float) -> None:
    if rng.random() < 0.15:
        with scene.at((rng.gauss(0, 0.4), rng.gauss(0, 0.4), h)):
            _chandelier(scene, rng)
    for _ in range(rng.choice([0, 0, 0, 1, 2, 3])):
        x, y = rng.gauss(0, 0.2) * w, rng.gauss(0, 0.2) * d
        scene.rod((x, y, h), (x, y, h - 0.6), 0.015, m.metal(rng))
        shape = rng.choice(["cone", "ball", "cylinder"])
        scene.add(shape, (x, y, h - 0.7), (0.35, 0.35, 0.25), m.glow(rng, rng.uniform(0.5, 4)))


def _chandelier(scene: Scene, rng: random.Random) -> None:
    """Hangs from the frame's origin."""
    mat, drop, r = m.metal(rng), rng.uniform(0.5, 1.2), rng.uniform(0.25, 0.5)
    scene.rod((0, 0, 0), (0, 0, -drop), 0.02, mat)
    scene.add("lathe2", (0, 0, -drop), (0.12, 0.12, 0.3), mat)
    arms = rng.randint(4, 9)
    bulb = m.glow(rng, rng.uniform(0.5, 3))
    for i in range(arms):
        a = 6.2832 * i / arms
        tip = (r * math.cos(a), r * math.sin(a), -drop + 0.05)
        scene.rod((0, 0, -drop - 0.08), tip, 0.02, mat)
        scene.add("cylinder", (tip[0], tip[1], tip[2] + 0.06), (0.05, 0.05, 0.12), bulb)


def _over_furniture(
    rng: random.Random, w: float, d: float, spot: tuple[float, float, float]
) -> Camera:
    """A camera close to one piece that looks over it into the room."""
    angle, reach = rng.uniform(0, 6.28), spot[2] + rng.uniform(0.4, 1.6)
    x = max(-0.47 * w, min(0.47 * w, spot[0] + reach * math.cos(angle)))
    y = max(-0.47 * d, min(0.47 * d, spot[1] + reach * math.sin(angle)))
    yaw = math.atan2(spot[1] - y, spot[0] - x) + rng.gauss(0, 0.3)
    pitch = rng.gauss(-0.22, 0.15)
    fov = math.radians(rng.uniform(40, 70))
    return Camera((x, y, rng.uniform(0.9, 1.65)), yaw, pitch, rng.gauss(0, 0.03), fov)


def room(scene: Scene, rng: random.Random) -> None:
    """Living room, bedroom, office, kitchen or dining room in one grammar."""
    w, d, h = rng.uniform(2.4, 7.5), rng.uniform(2.4, 7.5), rng.uniform(2.3, 3.6)
    indoor_sky(scene, rng)
    enclose(scene, rng, w, d, h)
    taken: list[tuple[float, float, float]] = []
    furnish_walls(scene, rng, w, d, taken)
    _furnish_floor(scene, rng, w, d, taken)
    room_lights(scene, rng, w, d, h)
    _hanging_lamps(scene, rng, w, d, h)
    _room_cameras(scene, rng, w, d, h, taken)


def corridor(scene: Scene, rng: random.Random) -> None:
    """Long narrow space with doors, images, lamps, now and then a person."""
    w, d, h = rng.uniform(1.3, 3.2), rng.uniform(7, 25), rng.uniform(2.3, 3.4)
    indoor_sky(scene, rng)
    enclose(scene, rng, w, d, h)
    step = rng.uniform(2, 4)
    for i in range(int(d / step)):
        y = (i + 0.5) * step - d / 2
        scene.box((0, y, h - 0.01), (0.3, 1.0, 0.03), m.glow(rng, rng.uniform(1, 4)))
        if i % max(1, int(d / step / 4)) == 0:
            scene.lights.append(
                Light(
                    (0.0, y, h - 0.2),
                    warm(rng, rng.uniform(0.7, 3)),
                    shadow=len(scene.lights) < 1,
                    aim=(0.0, y + 0.5, 0.0),
                )
            )
        if rng.random() < 0.5:
            side = rng.choice([-1, 1])
            with scene.at((side * w * rng.uniform(0.15, 0.35), y, 0), rng.uniform(0, 6.28)):
                rng.choice([person, person, plant, small_thing, chair])(scene, rng)
    for _ in range(6):
        y = -d / 2 + rng.uniform(0.5, d * 0.5)
        yaw = math.pi / 2 + rng.gauss(0, 0.2)
        scene.cameras.append(
            Camera(
                (rng.gauss(0, 0.15) * w, y, rng.uniform(1.0, 1.75)),
                yaw,
                rng.gauss(-0.1, 0.12),
                rng.gauss(0, 0.02),
                math.radians(rng.uniform(40, 75)),
            )
        )
