"""Random table tops for training: bottles, vases, cups, fruit, books, cloths, close up."""

from __future__ import annotations

import math
from random import Random

import books
import furniture as f
import geometry as g
import materials as m
import nature
import numpy as np
import studio
import traced_palette as p


def _profile(rng: Random, height: float, radius: float) -> list[tuple[float, float]]:
    """The outer profile of a bottle, vase or jar, as radius and height, with a floor inside."""
    neck = rng.uniform(0.25, 0.9)
    shoulder = rng.uniform(0.4, 0.8)
    foot = rng.uniform(0.5, 1.0)
    rows = [(foot, 0.0), (1.0, 0.15 + 0.2 * rng.random()), (rng.uniform(0.8, 1.0), shoulder)]
    rows += [(neck, shoulder + 0.6 * (1 - shoulder)), (neck * rng.uniform(0.9, 1.3), 1.0)]
    outer = [(r * radius, z * height) for r, z in rows]
    inside = outer[-1][0] * 0.85
    return [(0, 0), *outer, (inside, height), (inside, height * 0.85), (0, height * 0.85)]


def _skin(rng: Random) -> p.Material:
    if rng.random() < 0.2:
        return m.Graph(p.name("glass")).finish(
            Base_Color=m.linear(p.tone(rng, (0.0, 0.6), (0.4, 0.95))),
            Roughness=0.03,
            Transmission_Weight=0.9,
            IOR=1.45,
        )
    gloss = rng.uniform(0.05, 0.7)
    return m.plain(p.name("glaze"), p.tone(rng, (0.0, 0.7), (0.1, 0.95)), gloss, Coat_Weight=0.4)


def _vessel(rng: Random, at: g.Point) -> None:
    height = rng.choice((rng.uniform(0.06, 0.15), rng.uniform(0.15, 0.35)))
    radius = min(0.12, height * rng.uniform(0.15, 0.5))
    f.ceramic("vessel", _profile(rng, height, radius), at, _skin(rng))
    if height > 0.16 and rng.random() < 0.35:
        green = rng.choice(("#92a27c", "#6b8f40", "#a8243a"))
        leaf = m.leaf(p.name("sprig"), p.darker(green, 0.5), green)
        stem = m.plain(p.name("twig"), "#5b4a33", 0.7)
        nature.twigs(
            (at[0], at[1], at[2] + height * 0.9),
            rng.uniform(0.2, 0.5),
            leaf,
            stem,
            rng.randrange(99),
        )


def _bowl(rng: Random, at: g.Point) -> None:
    scale, tall = rng.uniform(0.5, 1.2), rng.uniform(0.3, 1.3)
    f.ceramic("bowl", [(r * scale, z * tall) for r, z in f.BOWL], at, _skin(rng))
    for _ in range(rng.choice((0, 0, 3, 5)) if tall > 0.7 else 0):
        a, r = rng.uniform(0, 6.28), rng.uniform(0, 0.06) * scale
        _fruit(rng, (at[0] + r * math.cos(a), at[1] + r * math.sin(a), at[2] + 0.035 * tall))


def _fruit(rng: Random, at: g.Point) -> None:
    side = rng.uniform(0.05, 0.09)
    size = (side * rng.uniform(1.0, 1.6), side, side)
    skin = m.plain(p.name("fruit"), p.tone(rng, (0.5, 0.9), (0.4, 0.95)), 0.4)
    g.cushion("fruit", size, at, skin, (0, 0, rng.uniform(0, 180)), 2.1, cells=8)


def _cup(rng: Random, at: g.Point) -> None:
    radius, tall, skin = rng.uniform(0.03, 0.05), rng.uniform(0.06, 0.11), _skin(rng)
    wall = [(0, 0), (radius * 0.85, 0), (radius, tall), (radius * 0.92, tall)]
    g.lathe("cup", [*wall, (radius * 0.9, tall * 0.7), (0, tall * 0.7)], at, skin, 32)
    a = rng.uniform(0, 6.28)
    loop = [(radius, tall * 0.8), (radius + 0.03, tall * 0.75), (radius, tall * 0.3)]
    ring = [(r * math.cos(a), r * math.sin(a), z) for r, z in loop]
    g.tube("handle", ring, 0.005, skin, at, curved=True)
    if rng.random() < 0.5:
        plate = [(0, 0), (radius, 0), (radius * 1.8, 0.012), (radius * 1.8, 0.015), (0, 0.006)]
        g.lathe("saucer", plate, at, skin, 32)


def _books(rng: Random, at: g.Point) -> None:
    covers, paper = [p.paint(rng) for _ in range(4)], p.paint(rng, pale=True)
    books.stack(at, covers, paper, np.random.default_rng(rng.randrange(999)), rng.randint(1, 4))


def _block(rng: Random, at: g.Point) -> None:
    size = (rng.uniform(0.05, 0.25), rng.uniform(0.05, 0.2), rng.uniform(0.02, 0.25))
    skin = rng.choice((p.paint, p.timber))(rng)
    g.box("block", size, at, skin, (0, 0, rng.uniform(0, 180)), 0.004)


def _loaf(rng: Random, at: g.Point) -> None:
    size = (rng.uniform(0.15, 0.35), rng.uniform(0.09, 0.14), rng.uniform(0.06, 0.1))
    crust = m.plaster(p.name("crust"), "#b07a3c", 0.004, 0.5)
    g.cushion("loaf", size, at, crust, (0, 0, rng.uniform(0, 180)), 2.6)


_THINGS = (_vessel, _vessel, _vessel, _bowl, _fruit, _fruit, _cup, _cup, _books, _block, _loaf)


def crockery(rng: Random, at: g.Point, reach: float, count: int) -> None:
    """Stands `count` small things on a surface, at most `reach` metres from `at`."""
    taken: list[tuple[float, float]] = []
    for _ in range(count):
        a, r = rng.uniform(0, 2 * math.pi), reach * math.sqrt(rng.random())
        x, y = at[0] + r * math.cos(a), at[1] + r * math.sin(a)
        if all(math.hypot(x - u, y - v) > 0.13 for u, v in taken):
            taken.append((x, y))
            rng.choice(_THINGS)(rng, (x, y, at[2]))


def table(rng: Random) -> list[studio.View]:
    """Builds a laid table before a wall or in a room; returns cameras close to it."""
    top = rng.choice((0.75, 0.9, 0.45))
    wide, deep = rng.uniform(1.2, 3.0), rng.uniform(0.7, 1.4)
    _surface(rng, top, wide, deep)
    back = deep / 2 + rng.choice((0.05, rng.uniform(0.3, 1.5), rng.uniform(1.5, 5.0)))
    _surroundings(rng, back)
    if rng.random() < 0.6:
        _cloth(rng, top)
    crockery(rng, (0, 0.05, top), min(wide, deep) * 0.5, rng.randint(6, 18))
    _light(rng, back)
    return [_camera(rng, top, deep) for _ in range(16)]


def _surface(rng: Random, top: float, wide: float, deep: float) -> None:
    stuff = p.timber(rng) if rng.random() < 0.65 else rng.choice((p.floor, p.cloth, p.paint))(rng)
    if rng.random() < 0.4:
        count = rng.randint(3, 7)
        for index in range(count):
            y = (index + 0.5) / count * deep - deep / 2
            g.box(
                "plank", (wide, deep / count - 0.003, 0.04), (0, y, top - 0.04), stuff, edge=0.003
            )
    else:
        g.box("top", (wide, deep, 0.04), (0, 0, top - 0.04), stuff, edge=0.004)
    for x in (-wide / 2 + 0.08, wide / 2 - 0.08):
        for y in (-deep / 2 + 0.08, deep / 2 - 0.08):
            g.box("leg", (0.07, 0.07, top - 0.04), (x, y, 0), stuff, edge=0)


def _surroundings(rng: Random, back: float) -> None:
    g.box("floor", (10, 10, 0.1), (0, 0, -0.1), p.floor(rng), edge=0)
    wall = p.wall(rng)
    g.box("wall", (10, 0.2, 4), (0, back + 0.1, 0), wall, edge=0)
    if rng.random() < 0.35:
        boards = p.paint(rng)
        pitch, high = rng.uniform(0.08, 0.3), rng.uniform(0.8, 1.4)
        parts = [((pitch * 0.97, 0.03, high), (pitch * k, back - 0.015, 0)) for k in range(-15, 16)]
        g.boxes("panels", parts, boards, 0.004)
    if rng.random() < 0.5:
        at = (rng.uniform(-0.8, 0.8), back, rng.uniform(1.1, 1.5))
        size = (rng.uniform(0.3, 0.9), rng.uniform(0.3, 0.7))
        f.image(at, 0, size, p.timber(rng, "z"), p.paint(rng, pale=True), p.canvas(rng))
    for side in (-1, 1):
        if rng.random() < 0.5:
            at = (side * rng.uniform(2.0, 4.5), 0, 0)
            g.box("side", (0.2, 10, 4), at, p.wall(rng), edge=0)
    if back > 1.5:
        for _ in range(rng.randint(0, 4)):
            at = (rng.uniform(-2.5, 2.5), rng.uniform(back - 1.0, back - 0.3), 0)
            size = (rng.uniform(0.3, 1.2), 0.4, rng.uniform(0.5, 2.0))
            g.box("cupboard", size, at, rng.choice((p.timber, p.paint))(rng), edge=0.01)


def _cloth(rng: Random, top: float) -> None:
    """A napkin or runner with folds."""
    wide, deep = rng.uniform(0.25, 0.8), rng.uniform(0.25, 0.5)
    waves, crest = rng.uniform(4, 14), rng.uniform(0.0, 0.02)

    def folds(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        ripple = np.sin(waves * u + 2 * np.sin(3 * v)) * np.sin(waves * 0.5 * v + 1)
        return wide * (u - 0.5), deep * (v - 0.5), 0.003 + crest * (1 + ripple) / 2

    at = (rng.uniform(-0.3, 0.3), rng.uniform(-0.3, 0.1), top)
    g.sheet("cloth", folds, (40, 40), p.cloth(rng), at, (0, 0, rng.uniform(-40, 40)), 0.002)


def _light(rng: Random, back: float) -> None:
    color = rng.choice(("#b9c6d4", "#fff4e6", "#2a3550"))
    studio.surround(color, rng.uniform(0.2, 1.0))
    if rng.random() < 0.7:
        side = rng.choice((-1, 1))
        azimuth = side * rng.uniform(60, 150)
        studio.sun(rng.uniform(15, 55), azimuth, rng.uniform(2, 10), "#ffdcae", 0.9)
        bars = [((0.08, 0.1, 2.4), (side * 1.75, y * 0.5 - 1.5, 0.4)) for y in range(7)]
        bars += [((0.2, 9, 0.9), (side * 1.8, 0, 0)), ((0.2, 9, 1.6), (side * 1.8, 0, 2.4))]
        if rng.random() < 0.6:
            g.boxes("window", bars, p.paint(rng, pale=True), 0)
    for _ in range(rng.randint(1, 2)):
        at = (rng.uniform(-2, 2), rng.uniform(-1.2, min(back, 1.0)), rng.uniform(1.5, 2.4))
        studio.panel(
            at, (0, 0.1, 0.8), (1.2, 1.0), rng.uniform(10, 50), rng.choice(("#eef4ff", "#ffd2a0"))
        )


def _camera(rng: Random, top: float, deep: float) -> studio.View:
    x = rng.uniform(-0.6, 0.6)
    distance, above = rng.uniform(0.55, 1.5), rng.uniform(0.12, 0.7)
    y, z = -distance, top + above
    target = (rng.uniform(-0.25, 0.25), rng.uniform(-0.1, 0.3), top + rng.uniform(0.0, 0.2))
    yaw = math.degrees(math.atan2(target[0] - x, target[1] - y))
    pitch = math.degrees(math.atan2(target[2] - z, math.hypot(target[0] - x, target[1] - y)))
    return studio.View(240, 180, rng.uniform(26, 55), (x, y, z), yaw=yaw, pitch=pitch)
