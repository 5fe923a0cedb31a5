"""Random furniture for the path-traced rooms: each maker stands one thing on the floor."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

import books
import figure
import furniture as f
import geometry as g
import materials as m
import nature
import studio
import traced_palette as p
from traced_tables import crockery


def _sofa(rng: Random, at: g.Point, turn: float) -> None:
    f.sofa(at, turn, rng.uniform(1.5, 2.4), p.cloth(rng), p.timber(rng, "z"), rng.randint(2, 3))


def _armchair(rng: Random, at: g.Point, turn: float) -> None:
    f.armchair(at, turn, p.cloth(rng), p.timber(rng, "z"))


def _chair(rng: Random, at: g.Point, turn: float) -> None:
    """A dining chair facing -y: seat, four legs, a rest of bars or a board."""
    frame = p.timber(rng, "z") if rng.random() < 0.7 else p.metal(rng)
    seat = p.cloth(rng) if rng.random() < 0.5 else frame
    thick, half = rng.uniform(0.02, 0.05), 0.2
    parts = [g.box("seat", (0.44, 0.44, 0.05), (0, 0, 0.43), seat, edge=0.015)]
    for x in (-half, half):
        for y in (-half, half):
            high = rng.uniform(0.8, 1.0) if y > 0 else 0.44
            parts.append(g.box("leg", (thick, thick, high), (x, y, 0), frame, edge=0))
    for z in (0.78, 0.68, 0.58)[: rng.randint(1, 3)]:
        parts.append(g.box("rest", (0.4, thick * 0.7, 0.07), (0, half, z), frame, edge=0))
    g.group(parts, at, turn)


def _round_table(rng: Random, at: g.Point, turn: float) -> None:
    radius, height = rng.uniform(0.3, 0.6), rng.choice((0.38, 0.45, 0.6, 0.74))
    f.round_table(at, radius, height, p.timber(rng), p.timber(rng, "z"))
    crockery(rng, (at[0], at[1], height), radius * 0.7, rng.randint(0, 5))


def _table(rng: Random, at: g.Point, turn: float) -> None:
    """A rectangular table with four legs, often with chairs at it."""
    wide, deep, tall = rng.uniform(0.8, 1.7), rng.uniform(0.5, 0.9), rng.choice((0.4, 0.73, 0.75))
    top, thick = p.timber(rng), rng.uniform(0.03, 0.08)
    parts = [g.box("top", (wide, deep, 0.035), (0, 0, tall - 0.035), top, edge=0.004)]
    for x in (-wide / 2 + 0.06, wide / 2 - 0.06):
        for y in (-deep / 2 + 0.06, deep / 2 - 0.06):
            parts.append(g.box("leg", (thick, thick, tall - 0.03), (x, y, 0), top, edge=0))
    g.group(parts, at, turn)
    crockery(rng, (at[0], at[1], tall), deep * 0.4, rng.randint(1, 7))
    for side in (-1, 1) if tall > 0.6 else ():
        a = math.radians(turn)
        reach = side * (deep / 2 + rng.uniform(0.1, 0.4))
        place = (at[0] - math.sin(a) * reach, at[1] + math.cos(a) * reach, 0.0)
        _chair(rng, place, turn + (0 if side > 0 else 180) + rng.uniform(-20, 20))


def _bookcase(rng: Random, at: g.Point, turn: float) -> None:
    covers = [p.paint(rng) for _ in range(6)]
    size = (rng.uniform(0.5, 0.9), 0.3, rng.uniform(0.9, 2.1))
    paper = m.plain(p.name("pages"), "#e6dcc6", 0.85)
    count = max(2, round(size[2] / 0.45))
    books.bookcase(at, turn, size, p.timber(rng, "z"), covers, paper, rng.randrange(999), count)


def _sideboard(rng: Random, at: g.Point, turn: float) -> None:
    wide, tall = rng.uniform(0.8, 1.7), rng.uniform(0.45, 1.1)
    body = p.timber(rng) if rng.random() < 0.6 else p.paint(rng)
    parts = [g.box("body", (wide, 0.42, tall - 0.1), (0, 0, 0.1), body, edge=0.006)]
    doors = rng.randint(2, 4)
    for index in range(doors):
        x = (index + 0.5) / doors * wide - wide / 2
        door = (wide / doors - 0.02, 0.02, tall - 0.16)
        parts.append(g.box("door", door, (x, -0.215, 0.13), body, edge=0.003))
    for x in (-wide / 2 + 0.05, wide / 2 - 0.05):
        parts.append(g.box("foot", (0.05, 0.38, 0.1), (x, 0, 0), body, edge=0))
    g.group(parts, at, turn)
    crockery(rng, (at[0], at[1], tall), 0.18, rng.randint(1, 4))


def _bed(rng: Random, at: g.Point, turn: float) -> None:
    wide = rng.uniform(0.9, 1.6)
    cover, white = p.cloth(rng), m.fabric(p.name("sheet"), "#e8e4da", 0.004)
    parts = [
        g.box("frame", (wide, 2.0, 0.3), (0, -0.2, 0.05), p.timber(rng), edge=0.01),
        g.cushion("cover", (wide, 1.9, 0.25), (0, -0.2, 0.32), cover, power=9, crown=0.02),
        g.box("head", (wide, 0.06, rng.uniform(0.7, 1.2)), (0, 0.82, 0), p.timber(rng), edge=0.01),
        g.cushion("pillow", (wide * 0.6, 0.4, 0.16), (0, 0.5, 0.52), white, power=4),
    ]
    g.group(parts, at, turn)


def _lamp(rng: Random, at: g.Point, turn: float) -> None:
    height = rng.uniform(1.2, 1.7)
    shade = m.curtain(p.name("shade"), p.tone(rng, (0.0, 0.4), (0.7, 0.95)), 0.6)
    f.floor_lamp(at, height, p.metal(rng), shade)
    studio.bulb((at[0], at[1], height + 0.05), rng.uniform(4, 25))


def _plant(rng: Random, at: g.Point, turn: float) -> None:
    scale = rng.uniform(0.7, 1.3)
    pot = [(r * scale, z * scale) for r, z in f.POT]
    f.ceramic("pot", pot, at, p.paint(rng))
    green = rng.choice(("#4a7038", "#6b8f40", "#8a9b6e", "#2f5526"))
    leaf = m.leaf(p.name("leaf"), p.darker(green, 0.5), green)
    stem = m.plain(p.name("stem"), "#4d5a34", 0.6)
    place = (at[0], at[1], 0.26 * scale)
    grown = rng.choice((nature.house_plant, nature.palm))
    grown(place, rng.uniform(0.5, 1.4), leaf, stem, rng.randrange(99))


def _box(rng: Random, at: g.Point, turn: float) -> None:
    size = (rng.uniform(0.25, 0.6), rng.uniform(0.25, 0.6), rng.uniform(0.2, 0.6))
    skin = rng.choice((p.paint, p.cloth, p.timber))(rng)
    if rng.random() < 0.5:
        g.cushion("pouffe", size, at, skin, (0, 0, turn), rng.choice((3.0, 8.0)))
    else:
        g.box("crate", size, at, skin, (0, 0, turn), 0.01)


def _person(rng: Random, at: g.Point, turn: float) -> None:
    tones = [p.tone(rng, (0.1, 0.6), (0.15, 0.8)) for _ in range(4)]
    figure.stand(at, turn, figure.Outfit(*tones), rng.random() < 0.3)


Maker = Callable[[Random, g.Point, float], None]
FURNITURE: tuple[tuple[Maker, float, bool], ...] = (
    (_sofa, 1.0, True),
    (_sofa, 1.1, False),
    (_armchair, 0.55, False),
    (_armchair, 0.55, False),
    (_chair, 0.35, False),
    (_chair, 0.35, False),
    (_round_table, 0.6, False),
    (_round_table, 0.6, False),
    (_table, 1.0, False),
    (_bookcase, 0.45, True),
    (_sideboard, 0.6, True),
    (_bed, 1.1, True),
    (_lamp, 0.25, False),
    (_plant, 0.35, False),
    (_plant, 0.35, True),
    (_box, 0.35, False),
    (_person, 0.4, False),
)
"""Maker, radius of the free circle in metres that it needs, whether its back is to a wall."""
