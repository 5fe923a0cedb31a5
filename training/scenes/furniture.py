"""Things that stand in rooms: sofas, chairs, tables, lamps, images, curtains."""

from __future__ import annotations

import math
from collections.abc import Sequence

import bpy
import geometry as g
import numpy as np

Material = bpy.types.Material


def sofa(
    at: g.Point, turn: float, width: float, cloth: Material, legs: Material, seats: int = 3
) -> None:
    """A sofa facing -y with `seats` seat and back cushions."""
    deep, arm = 0.92, 0.17
    parts = [
        g.cushion("frame", (width - 0.06, deep - 0.06, 0.2), (0, 0, 0.13), cloth, power=14),
        g.cushion(
            "back", (width - 0.02, 0.2, 0.62), (0, deep / 2 - 0.11, 0.14), cloth, (-6, 0, 0), 9
        ),
    ]
    for side in (-1, 1):
        parts.append(
            g.cushion(
                "arm",
                (arm, deep, 0.47),
                (side * (width - arm) / 2, 0, 0.13),
                cloth,
                power=8,
                crown=0.012,
            )
        )
    span = (width - 2 * arm) / seats
    for index in range(seats):
        x = (index - (seats - 1) / 2) * span
        parts.append(
            g.cushion(
                "seat", (span * 0.995, 0.7, 0.17), (x, -0.09, 0.3), cloth, (1, 0, 0), 8, 0.028
            )
        )
        parts.append(
            g.cushion(
                "rest",
                (span * 0.98, 0.2, 0.44),
                (x, 0.2, 0.45),
                cloth,
                (-13, 0, (index - 1) * 1.5),
                6,
                0.02,
            )
        )
    for x in (-width / 2 + 0.12, width / 2 - 0.12):
        for y in (-deep / 2 + 0.1, deep / 2 - 0.1):
            parts.append(
                g.lathe("leg", [(0, 0), (0.014, 0), (0.024, 0.15), (0, 0.15)], (x, y, 0), legs, 20)
            )
    g.group(parts, at, turn)


def armchair(at: g.Point, turn: float, cloth: Material, timber: Material) -> None:
    """A lounge chair facing -y: two cushions in an open wooden frame with bent arms."""
    parts = [
        g.cushion("seat", (0.62, 0.66, 0.16), (0, -0.02, 0.33), cloth, (4, 0, 0), 7, 0.025),
        g.cushion("back", (0.6, 0.17, 0.62), (0, 0.33, 0.42), cloth, (-17, 0, 0), 6, 0.02),
    ]
    for side in (-1, 1):
        x = side * 0.36
        arm = [(x, -0.38, 0.55), (x, -0.2, 0.595), (x, 0.15, 0.59), (x, 0.4, 0.53)]
        parts.append(g.tube("arm", arm, 0.024, timber, curved=True))
        parts.append(g.tube("front", [(x, -0.41, 0), (x, -0.35, 0.56)], [0.014, 0.022], timber))
        parts.append(
            g.tube(
                "rear",
                [(x, 0.52, 0), (x, 0.36, 0.54), (x * 0.92, 0.5, 1.0)],
                [0.015, 0.022, 0.015],
                timber,
            )
        )
        parts.append(g.tube("rail", [(x, -0.38, 0.3), (x, 0.44, 0.27)], 0.018, timber))
    for y, z in ((-0.36, 0.3), (0.44, 0.27), (0.46, 0.9)):
        parts.append(g.tube("bar", [(-0.36, y, z), (0.36, y, z)], 0.016, timber))
    g.group(parts, at, turn)


def round_table(at: g.Point, radius: float, height: float, top: Material, legs: Material) -> None:
    rim = [
        (0, height - 0.032),
        (radius - 0.02, height - 0.032),
        (radius, height - 0.016),
        (radius - 0.006, height),
        (0, height),
    ]
    g.lathe("table", rim, at, top, 96)
    for index in range(3):
        a = index * 2 * math.pi / 3 + 0.5
        c, s = math.cos(a), math.sin(a)
        g.tube(
            "leg",
            [
                (c * radius * 0.8, s * radius * 0.8, 0),
                (c * radius * 0.5, s * radius * 0.5, height - 0.03),
            ],
            [0.013, 0.024],
            legs,
            at,
        )


def image(
    at: g.Point,
    turn: float,
    size: tuple[float, float],
    frame: Material,
    mat: Material,
    art: Material,
) -> None:
    """A framed image hanging with its face towards -y; `at` is the middle of its lower edge on
    the wall.
    """
    wide, high = size
    bar, deep, border = 0.026, 0.03, 0.13 * min(size)
    parts = [g.box("mat", (wide, 0.008, high), (0, -0.008, 0), mat, edge=0.0)]
    parts.append(
        g.box(
            "art", (wide - 2 * border, 0.004, high - 2 * border), (0, -0.014, border), art, edge=0.0
        )
    )
    for side in (-1, 1):
        parts.append(
            g.box(
                "bar",
                (bar, deep, high + bar),
                (side * wide / 2, -deep / 2, -bar / 2),
                frame,
                edge=0.003,
            )
        )
        parts.append(
            g.box(
                "bar",
                (wide - bar, deep, bar),
                (0, -deep / 2, (high if side > 0 else 0) - bar / 2),
                frame,
                edge=0.003,
            )
        )
    g.group(parts, at, turn)


def floor_lamp(at: g.Point, height: float, metal: Material, shade: Material) -> None:
    g.lathe(
        "base",
        [(0, 0), (0.15, 0), (0.15, 0.015), (0.14, 0.025), (0.012, 0.03), (0.0, 0.03)],
        at,
        metal,
    )
    g.tube("pole", [(0, 0, 0.02), (0, 0, height)], 0.011, metal, at)
    lamp_shade((at[0], at[1], at[2] + height - 0.05), 0.2, 0.26, shade)


def lamp_shade(at: g.Point, radius: float, height: float, shade: Material) -> None:
    """An open drum of cloth, wider below."""

    def drum(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        r = radius * (1 - 0.22 * v)
        return r * np.cos(2 * np.pi * u), r * np.sin(2 * np.pi * u), height * v

    g.sheet("shade", drum, (64, 6), shade, at, thickness=0.003)


def drapes(
    at: g.Point,
    turn: float,
    size: tuple[float, float],
    cloth: Material,
    seed: int,
    folds: float = 9.0,
    gather: float = 0.0,
) -> None:
    """A curtain hanging from `at` (the middle of its upper edge) in the plane y = 0, wavy towards
    the hem.
    """
    random = np.random.default_rng(seed)
    phase = random.uniform(0, 6.28, 4)
    wide, high = size

    def hang(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        wave = np.sin(folds * 2 * np.pi * u + phase[0] + 0.7 * np.sin(3 * u * np.pi + phase[1]))
        slow = np.sin(2 * np.pi * 2 * u + phase[2] + 1.5 * v)
        depth = (0.028 + 0.018 * v) * wave + 0.016 * v * slow
        narrow = 1 - gather * np.sin(np.pi * v.clip(0, 1)) ** 2
        return (u - 0.5) * wide * narrow + 0.01 * v * slow, depth, -high * v

    cells = (int(folds * 14), 30)
    g.sheet("drape", hang, cells, cloth, at, (0, 0, turn), 0.003)


def ceramic(
    name: str, profile: Sequence[tuple[float, float]], at: g.Point, glaze: Material
) -> g.Object:
    """A thrown vessel from its half-profile, smoothed."""
    return g.subdivide(g.lathe(name, profile, at, glaze, 40, sharp=180.0), 2)


VASE = [
    (0, 0),
    (0.05, 0),
    (0.075, 0.04),
    (0.09, 0.11),
    (0.075, 0.19),
    (0.04, 0.25),
    (0.032, 0.29),
    (0.043, 0.32),
    (0.036, 0.32),
    (0.026, 0.29),
    (0.03, 0.25),
    (0.0, 0.22),
]
BOWL = [
    (0, 0),
    (0.05, 0),
    (0.055, 0.012),
    (0.1, 0.035),
    (0.14, 0.075),
    (0.15, 0.095),
    (0.143, 0.096),
    (0.13, 0.075),
    (0.09, 0.04),
    (0, 0.024),
]
POT = [
    (0, 0),
    (0.12, 0),
    (0.135, 0.02),
    (0.16, 0.28),
    (0.165, 0.3),
    (0.15, 0.3),
    (0.145, 0.27),
    (0, 0.26),
]
