"""Random streets for training: houses, parked cars, trees with gaps, lamps, people."""

from __future__ import annotations

import math
from random import Random

import facade
import figure
import geometry as g
import materials as m
import nature
import pavement
import studio
import traced_palette as p
import vehicles
from facade import House
from traced_mesh import joined

_WALLS = ("red brick", "dark brick", "yellow brick", "cream", "ochre", "rose", "grey", "blue")
_SHOPS = ("green paint", "navy paint", "oxblood paint", "black paint", "teal paint")
_GROUND = 0.14


def street(rng: Random) -> list[studio.View]:
    """Builds a street and returns cameras on its road and its pavements."""
    kerb = rng.uniform(2.8, 5.5)
    front = kerb + rng.uniform(1.8, 4.5)
    length = rng.uniform(35, 80)
    _ground(rng, kerb, front, length)
    _houses(rng, front, length)
    _traffic(rng, kerb, length)
    _trees(rng, kerb, length)
    _furniture(rng, kerb, front, length)
    for _ in range(rng.randint(3, 10)):
        side = rng.choice((-1, 1))
        x = (
            side * rng.uniform(kerb + 0.4, front - 0.5)
            if rng.random() < 0.8
            else rng.uniform(-2, 2)
        )
        tones = [p.tone(rng, (0.1, 0.6), (0.15, 0.8)) for _ in range(4)]
        at = (x, rng.uniform(2, 30), _GROUND if abs(x) > kerb else 0.0)
        figure.stand(at, rng.uniform(0, 360), figure.Outfit(*tones), rng.random() < 0.4)
    _light(rng)
    return [_camera(rng, kerb, front) for _ in range(16)]


def _ground(rng: Random, kerb: float, front: float, length: float) -> None:
    color = p.tone(rng, (0.0, 0.1), (0.25, 0.55))
    road = m.plaster(p.name("asphalt"), color, 0.004, 0.4)
    if rng.random() < 0.25:
        road = m.paving(p.name("setts"), (p.darker(color, 0.8), color), (0.2, 0.12))
    light = p.tone(rng, (0.0, 0.15), (0.5, 0.8))
    slabs = m.paving(p.name("slabs"), (p.darker(light, 0.8), light), (0.6, rng.choice((0.4, 0.6))))
    g.box("road", (2 * kerb, length + 80, 0.3), (0, length / 2, -0.3), road, edge=0)
    for side in (-1, 1):
        wide = front - kerb + 0.6
        at = (side * (kerb + wide / 2), length / 2, _GROUND - 0.3)
        g.box("pavement", (wide, length + 80, 0.3), at, slabs, edge=0)
    paint = m.plain(p.name("marking"), "#d9d7cf", 0.7)
    marks = []
    if rng.random() < 0.6:
        marks += [((0.13, 2.2, 0.004), (0, y, 0.0)) for y in range(-20, round(length), 5)]
    if rng.random() < 0.5:
        y, pitch = rng.uniform(2.5, 9.0), rng.uniform(0.9, 1.2)
        count = int(kerb / pitch)
        marks += [((0.5, 3.2, 0.004), (k * pitch, y, 0.0)) for k in range(-count, count + 1)]
    if marks:
        g.boxes("markings", marks, paint, 0)


def _houses(rng: Random, front: float, length: float) -> None:
    paints = facade.palette(False)
    for side in (-1, 1):
        y = -18.0
        gap = rng.random() < 0.2
        while y < length:
            wide = rng.uniform(6.0, 10.0)
            awning = p.tone(rng) if rng.random() < 0.3 else None
            storeys = rng.randint(1, 4)
            plan = House(
                wide, storeys, rng.randint(2, 4), rng.choice(_WALLS), rng.choice(_SHOPS), awning
            )
            if not (gap and rng.random() < 0.3):
                at = (side * front, y + wide / 2, _GROUND)
                facade.house(plan, at, -90 * side, paints, rng.randrange(999))
            y += wide + 0.04
    if rng.random() < 0.6:
        for index in range(3):
            plan = House(9, rng.randint(2, 4), 4, rng.choice(_WALLS), rng.choice(_SHOPS))
            at = (-10 + 9.6 * index, length + 4, _GROUND)
            facade.house(plan, at, 0, paints, rng.randrange(999))


def _traffic(rng: Random, kerb: float, length: float) -> None:
    for side in (-1, 1):
        y = rng.uniform(0, 6)
        share = rng.uniform(0.2, 0.9)
        while y < min(length, 45):
            if rng.random() < share:
                color = p.tone(rng, (0.0, 0.8), (0.08, 0.9))
                paint = m.plain(p.name("car"), color, 0.28, Coat_Weight=1.0, Metallic=0.25)
                turn = (0 if side < 0 else 180) + rng.uniform(-3, 3)
                g.group(vehicles.car(paint), (side * (kerb - 1.1), y, 0), turn)
            y += rng.uniform(5.0, 7.5)
    if rng.random() < 0.4:
        paint = m.plain(p.name("car"), p.tone(rng), 0.28, Coat_Weight=1.0, Metallic=0.25)
        g.group(
            vehicles.car(paint),
            (rng.uniform(-1.5, 1.5), rng.uniform(8, 25), 0),
            rng.choice((0, 180)),
        )
    if rng.random() < 0.5:
        side = rng.choice((-1, 1))
        at = (side * (kerb + 0.6), rng.uniform(3, 12), _GROUND)
        g.group(vehicles.bicycle(p.paint(rng)), at, rng.uniform(70, 110))


def _trees(rng: Random, kerb: float, length: float) -> None:
    if rng.random() < 0.15:
        return
    green = rng.choice(("#7d9a3c", "#5c7d34", "#a8a040", "#b0702e", "#4c6a3a"))
    leaf = m.leaf(p.name("crown"), p.darker(green, 0.45), green)
    bark = m.wood(p.name("bark"), "#2f251d", "#5a4a3c", "z", 0.9, 1.5)
    tall = rng.uniform(4.5, 8.5)
    made = nature.tree(
        tall, rng.uniform(1.4, 2.6), leaf, bark, rng.randrange(99), rng.randint(2500, 8000)
    )
    spots = []
    for side in (-1, 1):
        y = rng.uniform(2, 9)
        while y < length:
            if rng.random() < 0.85:
                at = (side * (kerb + rng.uniform(0.5, 0.9)), y, _GROUND)
                spots.append((at, rng.uniform(0, 360), rng.uniform(0.75, 1.2)))
            y += rng.uniform(6, 11)
    whole = joined(made)
    whole["own"] = True
    g.copies([whole], spots)


def _furniture(rng: Random, kerb: float, front: float, length: float) -> None:
    iron = m.plain(p.name("iron"), p.tone(rng, (0.0, 0.4), (0.05, 0.4)), 0.4)
    milk = m.glow(p.name("lamp"), "#fff0d8", rng.uniform(0.5, 2.0))
    for side in (-1, 1):
        scale, y = rng.uniform(0.9, 1.6), rng.uniform(4, 12)
        while y < length and rng.random() < 0.95:
            x = side * (kerb + 0.35)
            post = [(r, z * scale) for r, z in pavement.POST]
            g.lathe("post", post, (x, y, _GROUND), iron, 16)
            g.lathe("glass", pavement.GLASS, (x, y, 3.72 * scale + _GROUND), milk, 6)
            g.lathe("cap", pavement.CAP, (x, y, 3.72 * scale + 0.36 + _GROUND), iron, 16)
            y += rng.uniform(12, 20)
        for _ in range(rng.randint(0, 6)):
            at = (side * (kerb + 0.25), rng.uniform(1, 15), _GROUND)
            g.lathe("bollard", pavement.BOLLARD, at, iron, 16)
        for _ in range(rng.randint(0, 3)):
            at = (side * rng.uniform(kerb + 0.6, front - 0.4), rng.uniform(1, 20), _GROUND)
            size = (rng.uniform(0.3, 0.8), rng.uniform(0.3, 1.2), rng.uniform(0.4, 1.3))
            g.box("box", size, at, p.paint(rng), edge=0.02)


def _light(rng: Random) -> None:
    if rng.random() < 0.2:
        studio.sky(rng.uniform(2, 8), rng.uniform(-90, 90), 0.05, rng.uniform(1.0, 4.0))
        studio.sun(rng.uniform(6, 14), rng.uniform(-60, 60), 3.0, "#ff9a5a", 1.0)
        return
    elevation, azimuth = rng.uniform(25, 65), rng.uniform(-180, 180)
    studio.sky(elevation, azimuth, 0.2, rng.choice((0.0, 3.0, 6.0, 9.0)))
    if rng.random() < 0.75:
        studio.sun(elevation, azimuth, rng.uniform(4, 12), "#fff0d8", 0.6)


def _camera(rng: Random, kerb: float, front: float) -> studio.View:
    road = rng.random() < 0.6
    x = rng.uniform(-kerb + 2.2, kerb - 2.2) if road and kerb > 3 else rng.uniform(-1, 1)
    if not road:
        x = rng.choice((-1, 1)) * rng.uniform(kerb + 0.9, front - 0.7)
    y, height = rng.uniform(-8, 8), rng.uniform(1.3, 1.9)
    yaw = rng.gauss(0, 9) if rng.random() < 0.8 else rng.uniform(-60, 60)
    if not road:
        yaw -= math.copysign(rng.uniform(0, 15), x)
    level = rng.random() < 0.6
    pitch = 0.0 if level else rng.uniform(-8, 10)
    rise = rng.uniform(-0.02, 0.12) if level else 0.0
    return studio.View(
        240, 180, rng.uniform(18, 40), (x, y, height), yaw=yaw, pitch=pitch, rise=rise
    )
