"""Random procedural materials with plausible colours, all linear light."""

from __future__ import annotations

import colorsys
import random

from .scene import Material, Vec

__all__ = [
    "any_color",
    "anything",
    "bark",
    "book_row",
    "brick",
    "carpet",
    "fabric",
    "facade",
    "floor",
    "foliage",
    "glow",
    "ground",
    "leather",
    "metal",
    "paint",
    "painting",
    "paper",
    "plain",
    "plastic",
    "poster",
    "shade",
    "skin",
    "stone",
    "tiles",
    "wall",
    "wood",
]


def _linear(r: float, g: float, b: float) -> Vec:
    return (r**2.2, g**2.2, b**2.2)


def _hsv(h: float, s: float, v: float) -> Vec:
    return _linear(*colorsys.hsv_to_rgb(h % 1.0, min(s, 1.0), min(v, 1.0)))


def any_color(rng: random.Random, vivid: float = 0.3) -> Vec:
    """Mostly greys, browns and muted hues; `vivid` is the share of strong colours."""
    if rng.random() < vivid:
        return _hsv(rng.random(), rng.uniform(0.5, 1.0), rng.uniform(0.35, 1.0))
    if rng.random() < 0.5:
        return _hsv(rng.uniform(0.03, 0.14), rng.uniform(0.05, 0.55), rng.uniform(0.15, 0.95))
    return _hsv(rng.random(), rng.uniform(0.0, 0.3), rng.uniform(0.08, 0.97))


def shade(color: Vec, factor: float) -> Vec:
    return (min(color[0] * factor, 1.0), min(color[1] * factor, 1.0), min(color[2] * factor, 1.0))


def _make(
    rng: random.Random, a: Vec, b: Vec, pattern: int, size: float, gloss: float, bump: float = 0.0
) -> Material:
    return Material(a, b, pattern, size, gloss, 0.0, bump, rng.uniform(0.0, 60.0))


def plain(rng: random.Random, color: Vec | None = None, gloss: float = 0.1) -> Material:
    color = color or any_color(rng)
    return _make(rng, color, shade(color, rng.uniform(0.5, 1.3)), 0, rng.uniform(0.2, 1.0), gloss)


def wood(rng: random.Random) -> Material:
    hue, sat = rng.uniform(0.04, 0.12), rng.uniform(0.25, 0.75)
    value = rng.choice([rng.uniform(0.15, 0.4), rng.uniform(0.4, 0.7), rng.uniform(0.7, 0.95)])
    first = _hsv(hue, sat, value)
    return _make(
        rng,
        first,
        _hsv(hue, sat, value * rng.uniform(0.55, 0.9)),
        2,
        rng.uniform(0.1, 0.5),
        rng.uniform(0.05, 0.8),
    )


def paint(rng: random.Random) -> Material:
    if rng.random() < 0.5:
        color = _hsv(rng.uniform(0.05, 0.17), rng.uniform(0.0, 0.2), rng.uniform(0.6, 0.98))
    else:
        color = any_color(rng, 0.15)
    return _make(
        rng,
        color,
        shade(color, rng.uniform(0.75, 1.1)),
        rng.choice([0, 0, 1]),
        rng.uniform(0.3, 2.0),
        rng.uniform(0.0, 0.25),
    )


def plastic(rng: random.Random) -> Material:
    return plain(rng, any_color(rng, 0.65), rng.uniform(0.3, 0.9))


def metal(rng: random.Random) -> Material:
    color = _hsv(rng.choice([0.6, 0.1]), rng.uniform(0.0, 0.25), rng.uniform(0.25, 0.9))
    return _make(rng, color, shade(color, 0.7), 0, 0.2, rng.uniform(0.6, 1.0))


def fabric(rng: random.Random) -> Material:
    a, b = any_color(rng, 0.35), any_color(rng, 0.35)
    pattern = rng.choice([14, 14, 14, 5, 6, 10, 8, 1, 0])
    return _make(
        rng,
        a,
        b if pattern != 14 else shade(a, 0.7),
        pattern,
        rng.uniform(0.08, 0.5),
        0.0,
        rng.choice([0.0, 0.02, 0.05]),
    )


def leather(rng: random.Random) -> Material:
    color = any_color(rng, 0.2)
    return _make(rng, color, shade(color, 0.6), 1, 0.3, rng.uniform(0.2, 0.6), 0.02)


def skin(rng: random.Random) -> Material:
    color = _hsv(rng.uniform(0.04, 0.08), rng.uniform(0.25, 0.6), rng.uniform(0.25, 0.95))
    return _make(rng, color, shade(color, 0.85), 0, 0.3, 0.15)


def paper(rng: random.Random) -> Material:
    light = _hsv(rng.random(), rng.uniform(0.0, 0.25), rng.uniform(0.75, 1.0))
    return _make(rng, light, any_color(rng, 0.4), 7, rng.uniform(0.05, 0.3), 0.05)


def poster(rng: random.Random) -> Material:
    return _make(
        rng,
        any_color(rng, 0.6),
        any_color(rng, 0.6),
        rng.choice([8, 8, 8, 16, 7, 10]),
        rng.uniform(0.08, 0.6),
        rng.uniform(0.0, 0.4),
    )


def painting(rng: random.Random) -> Material:
    if rng.random() < 0.4:
        return poster(rng)
    return _make(
        rng,
        any_color(rng, 0.4),
        any_color(rng, 0.4),
        rng.choice([15, 15, 1, 9]),
        rng.uniform(0.3, 1.0),
        0.1,
    )


def book_row(rng: random.Random) -> Material:
    return _make(rng, any_color(rng, 0.5), any_color(rng, 0.5), 11, rng.uniform(0.15, 0.3), 0.15)


def stone(rng: random.Random) -> Material:
    color = _hsv(rng.uniform(0.05, 0.65), rng.uniform(0.0, 0.15), rng.uniform(0.25, 0.85))
    return _make(
        rng,
        color,
        shade(color, 0.5),
        rng.choice([1, 9, 13]),
        rng.uniform(0.1, 1.0),
        rng.uniform(0.0, 0.5),
        rng.choice([0.0, 0.05, 0.1]),
    )


def tiles(rng: random.Random) -> Material:
    a = any_color(rng, 0.2)
    return _make(
        rng, a, shade(a, rng.uniform(0.4, 1.5)), 3, rng.uniform(0.1, 0.7), rng.uniform(0.1, 0.9)
    )


def brick(rng: random.Random) -> Material:
    a = _hsv(rng.uniform(0.0, 0.09), rng.uniform(0.1, 0.7), rng.uniform(0.35, 0.85))
    return _make(
        rng, a, _hsv(0.1, 0.08, rng.uniform(0.4, 0.8)), 4, rng.uniform(0.07, 0.2), 0.0, 0.04
    )


def carpet(rng: random.Random) -> Material:
    return _make(
        rng,
        any_color(rng, 0.35),
        any_color(rng, 0.35),
        rng.choice([10, 10, 14, 13, 6, 1, 5, 8]),
        rng.uniform(0.15, 1.2),
        0.0,
    )


def floor(rng: random.Random) -> Material:
    maker = rng.choices([wood, tiles, carpet, stone, plain], [5, 3, 4, 1.5, 2.5])[0]
    return maker(rng)


def wall(rng: random.Random) -> Material:
    maker = rng.choices(
        [paint, brick, tiles, wood, fabric, poster, stone], [12, 1.2, 1, 1.2, 1.2, 0.5, 0.6]
    )[0]
    return maker(rng)


def ground(rng: random.Random) -> Material:
    if rng.random() < 0.5:
        hue, sat, value = rng.uniform(0.16, 0.36), rng.uniform(0.3, 0.8), rng.uniform(0.25, 0.7)
    else:
        hue, sat, value = rng.uniform(0.03, 0.16), rng.uniform(0.05, 0.5), rng.uniform(0.25, 0.9)
    a = _hsv(hue, sat, value)
    return _make(
        rng,
        a,
        _hsv(hue + rng.uniform(-0.06, 0.06), sat, value * rng.uniform(0.4, 0.9)),
        rng.choice([13, 13, 1]),
        rng.uniform(0.3, 3.0),
        0.0,
        rng.choice([0.0, 0.06]),
    )


def foliage(rng: random.Random) -> Material:
    hue = rng.uniform(0.18, 0.4) if rng.random() < 0.85 else rng.uniform(0.0, 0.15)
    a = _hsv(hue, rng.uniform(0.3, 0.9), rng.uniform(0.2, 0.7))
    return _make(
        rng,
        a,
        shade(a, rng.uniform(0.3, 1.6)),
        rng.choice([13, 1]),
        rng.uniform(0.1, 0.6),
        rng.uniform(0.0, 0.4),
        0.05,
    )


def bark(rng: random.Random) -> Material:
    a = _hsv(rng.uniform(0.04, 0.12), rng.uniform(0.1, 0.5), rng.uniform(0.15, 0.6))
    return _make(rng, a, shade(a, 0.4), 2, 0.2, 0.0, 0.1)


def facade(rng: random.Random) -> Material:
    a = any_color(rng, 0.15)
    return _make(rng, a, any_color(rng, 0.1), 12, rng.uniform(1.8, 3.6), rng.uniform(0.0, 0.3))


def glow(rng: random.Random, strength: float) -> Material:
    color = _hsv(rng.choice([0.1, 0.6, 0.12]), rng.uniform(0.0, 0.25), 1.0)
    return Material(
        color,
        shade(color, 0.8),
        rng.choice([0, 0, 1, 15]),
        rng.uniform(0.3, 1.0),
        0.0,
        strength,
        0.0,
        rng.uniform(0, 60),
    )


def anything(rng: random.Random) -> Material:
    maker = rng.choices(
        [
            plastic,
            wood,
            fabric,
            paper,
            poster,
            metal,
            stone,
            leather,
            plain,
            tiles,
            painting,
            book_row,
        ],
        [5, 3, 4, 2, 3, 2, 2, 1, 4, 0.7, 1, 0.5],
    )[0]
    return maker(rng)
