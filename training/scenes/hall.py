"""A figure in a hall: an arcade with a barrel vault, low sun on polished stone."""

from __future__ import annotations

import math

import figure
import furniture as f
import geometry as g
import materials as m
import nature
import numpy as np
import studio

TITLE = "Figure in a hall"
CAPTION = (
    "a person in a long coat and a hat, seen from behind, walking with a suitcase down a "
    "vaulted hall with arches, "
    "low sunlight and long shadows on a polished chequered stone floor"
)
FLOOR = 0.0
HALF, BAY, BAYS = 2.9, 3.4, 9
OPEN, SPRING, WALL, RIM = 2.3, 2.9, 5.0, 0.6


def build(variant: str) -> tuple[studio.View, studio.Look]:
    relit = variant == "relit"
    _shell(relit)
    _vault(relit)
    _furnish()
    _garden()
    outfit = figure.Outfit("#35506a", "#20262b", "#3a332b", "#c9a24a") if relit else figure.Outfit()
    figure.stand((1.25, 5.0, 0) if variant == "moved" else (0.2, 3.7, 0), 5, outfit)
    _light(relit)
    view = studio.View(768, 1024, 33, (-0.25, -0.1, 1.5), yaw=1.5, rise=0.06, near=0.8, far=60.0)
    return view, studio.Look(exposure=0.2, haze=0.004, haze_color="#cfd0cc")


def _arch(
    width: float, spring: float, top: float, thick: float, bay: float
) -> tuple[list[g.Point], list[list[int]]]:
    """A wall `bay` wide in the x-z plane with a round-headed opening; y from 0 to `thick`."""
    steps = 24
    radius = width / 2
    curve = [
        (-radius, 0.0),
        *(
            (-radius * math.cos(a), spring + radius * math.sin(a))
            for a in np.linspace(0, math.pi, steps + 1)
        ),
        (radius, 0.0),
    ]
    rim = [
        (-bay / 2, 0.0),
        *((min(max(x * bay / width, -bay / 2), bay / 2), top) for x, _ in curve[1:-1]),
        (bay / 2, 0.0),
    ]
    points: list[g.Point] = [(x, y, z) for y in (0.0, thick) for x, z in (*curve, *rim)]
    count, faces = len(curve), []
    for i in range(count - 1):
        faces.append([i, i + 1, count + i + 1, count + i])
        back = 2 * count
        faces.append([back + i, back + count + i, back + count + i + 1, back + i + 1])
        faces.append([i, back + i, back + i + 1, i + 1])
    return points, faces


def _shell(relit: bool) -> None:
    g.box(
        "floor",
        (2 * HALF + 9, BAY * (BAYS + 2), 0.2),
        (0, BAY * BAYS / 2, -0.2),
        m.checker("floor", "#d9ccb6", "#8a7866", 0.6),
        edge=0,
    )
    stone = m.plaster("stone", "#a9b0b3" if relit else "#d3c8b4", 0.004, 0.35)
    trim = m.plaster("trim", "#c6c9c8" if relit else "#e2d9c8", 0.002, 0.25)
    points, faces = _arch(OPEN, SPRING, WALL, RIM, BAY)
    for index in range(BAYS + 1):
        y = (index - 0.5) * BAY
        for side in (-1, 1):
            at = (side * HALF, y, 0)
            g.mesh("arcade", points, faces, stone, at, (0, 0, -90 if side > 0 else 90))
            _pier((side * (HALF + 0.02), y + BAY / 2), trim)
            _moulding(side, y, trim)
    for side in (-1, 1):
        g.box(
            "cornice",
            (0.22, BAY * (BAYS + 1), 0.12),
            (side * (HALF - 0.03), BAY * BAYS / 2, WALL - 0.14),
            trim,
            edge=0.04,
        )
        g.box(
            "fillet",
            (0.12, BAY * (BAYS + 1), 0.08),
            (side * (HALF - 0.02), BAY * BAYS / 2, WALL - 0.26),
            trim,
            edge=0.02,
        )
    g.box("aisle", (0.3, BAY * (BAYS + 1), 6), (HALF + 3.4, BAY * BAYS / 2, 0), stone, edge=0)
    g.box("roof", (3.6, BAY * (BAYS + 1), 0.2), (HALF + 1.9, BAY * BAYS / 2, 5.2), stone, edge=0)
    end = [*_arch(3.0, 3.4, 8.5, 0.6, 2 * HALF + 1)]
    g.mesh("end", *end, stone, (0, BAY * (BAYS + 0.45), 0))
    g.box(
        "garden",
        (40, 20, 0.1),
        (0, BAY * (BAYS + 4), -0.15),
        m.plaster("lawn", "#5d6b3a", 0.02, 0.3),
        edge=0,
    )


def _pier(at: tuple[float, float], stone: m.bpy.types.Material) -> None:
    """A half-column on a plinth between two arches."""
    x, y = at
    g.box("plinth", (0.62, 0.62, 0.3), (x, y, 0), stone, edge=0.02)
    base = [
        (0, 0.3),
        (0.27, 0.3),
        (0.285, 0.33),
        (0.27, 0.37),
        (0.235, 0.385),
        (0.245, 0.42),
        (0.22, 0.44),
        (0.2, 0.47),
    ]
    shaft = [(0.205 - 0.03 * t**1.6, 0.47 + 2.15 * t) for t in np.linspace(0, 1, 9)]
    head = [
        (0.19, 2.64),
        (0.2, 2.66),
        (0.18, 2.69),
        (0.19, 2.78),
        (0.27, 2.88),
        (0.28, 2.9),
        (0, 2.9),
    ]
    g.lathe("column", base + shaft + head, (x, y, 0), stone, 48)
    g.box("abacus", (0.6, 0.6, 0.1), (x, y, 2.88), stone, edge=0.015)
    g.box(
        "pilaster",
        (0.2, 0.36, WALL - 2.98),
        (x - math.copysign(0.02, x), y, 2.98),
        stone,
        edge=0.015,
    )


def _moulding(side: int, y: float, stone: m.bpy.types.Material) -> None:
    """A raised band round the arch's head."""
    radius = OPEN / 2 + 0.1
    path = [
        (0.0, -radius * math.cos(a), SPRING + radius * math.sin(a))
        for a in np.linspace(0, math.pi, 33)
    ]
    g.tube("archivolt", path, 0.07, stone, (side * (HALF - 0.0), y, 0))


def _vault(relit: bool) -> None:
    lime = m.plaster("lime", "#b9bfc4" if relit else "#e6dfd0", 0.002, 0.2)
    rib = m.plaster("rib", "#d3d4d2" if relit else "#ddd3c0", 0.002, 0.2)
    length = BAY * (BAYS + 1)

    def barrel(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        a = np.pi * u
        return (
            -(HALF + 0.1) * np.cos(a),
            length * v - BAY / 2,
            WALL + (HALF + 0.1) * 0.82 * np.sin(a),
        )

    g.sheet("vault", barrel, (48, 2), lime)
    for index in range(BAYS + 2):
        y = index * BAY - BAY / 2 - BAY / 2
        ring = [
            (-(HALF - 0.04) * math.cos(a), WALL + (HALF - 0.04) * 0.82 * math.sin(a))
            for a in np.linspace(0, math.pi, 49)
        ]
        outer = [(x * 1.06, WALL + (z - WALL) * 1.06) for x, z in ring]
        points = [(x, dy, z) for dy in (-0.22, 0.22) for x, z in (*ring, *outer)]
        n = len(ring)
        faces = [[i, i + 1, 2 * n + i + 1, 2 * n + i] for i in range(n - 1)]
        for row in (0, 2 * n):
            faces += [[row + i, row + i + 1, row + n + i + 1, row + n + i] for i in range(n - 1)]
        g.mesh("rib", points, faces, rib, (0, y + BAY / 2, 0))


def _furnish() -> None:
    iron = m.plain("iron", "#17130f", 0.45, Metallic=0.8)
    milk = m.glow("milk", "#ffd9a0", 2.2)
    for index in range(1, BAYS, 2):
        y = index * BAY + BAY / 2
        g.tube("chain", [(0, y, WALL + 2.3), (0, y, 4.25)], 0.012, iron)
        g.lathe(
            "lantern",
            [(0, 0.0), (0.1, 0.02), (0.15, 0.12), (0.17, 0.3), (0.15, 0.4), (0, 0.44)],
            (0, y, 3.85),
            milk,
            24,
        )
        for z in (3.86, 4.26):
            g.lathe(
                "hoop",
                [(0.165, 0), (0.185, 0), (0.185, 0.025), (0.165, 0.025)],
                (0, y, z),
                iron,
                32,
            )
        studio.bulb((0, y, 3.75), 6)
    _bench((1.95, 6.6, 0))
    clay = m.plaster("clay", "#9c5a3a", 0.002, 0.3)
    stem, broad = m.plain("stem", "#4d5a34", 0.6), m.leaf("broad", "#24451f", "#5a7d3c")
    for seed, (x, y) in enumerate(((-2.2, 6.7), (2.25, 10.1), (-2.25, 13.5))):
        f.ceramic("pot", [(r * 1.35, z * 1.5) for r, z in f.POT], (x, y, 0), clay)
        nature.house_plant((x, y, 0.4), 1.3, broad, stem, seed, nature.Leaf(0.2, 0.08), 13, 0.45)


def _garden() -> None:
    """Trees beyond the far arch."""
    bark, green = m.plain("bark", "#4a3b2e", 0.9), m.leaf("tree", "#33521f", "#87994a")
    made = nature.tree(7.5, 2.4, green, bark, 3, 5000)
    far = BAY * (BAYS + 0.45)
    g.copies(
        made,
        [
            ((-2.6, far + 7, -0.1), 0, 1.0),
            ((2.9, far + 10, -0.1), 130, 1.15),
            ((0.2, far + 17, -0.1), 70, 1.1),
        ],
    )


def _bench(at: g.Point) -> None:
    timber, iron = (
        m.wood("slat", "#4a2f1b", "#8a5c36", "y", 0.35),
        m.plain("cast", "#1b1a18", 0.5, Metallic=0.6),
    )
    for index in range(5):
        g.box(
            "slat",
            (0.075, 1.7, 0.03),
            (at[0] - 0.2 + index * 0.09, at[1], 0.43),
            timber,
            edge=0.006,
        )
    for index in range(3):
        g.box(
            "rest",
            (0.028, 1.7, 0.085),
            (at[0] + 0.24 + index * 0.02, at[1], 0.54 + index * 0.11),
            timber,
            (0, 10, 0),
            0.006,
        )
    for side in (-0.7, 0.7):
        for dx in (-0.2, 0.2):
            g.tube(
                "foot",
                [(at[0] + dx * 1.15, at[1] + side, 0), (at[0] + dx, at[1] + side, 0.43)],
                0.02,
                iron,
            )
        g.tube(
            "stay",
            [(at[0] + 0.2, at[1] + side, 0.4), (at[0] + 0.3, at[1] + side, 0.85)],
            0.018,
            iron,
        )


def _light(relit: bool) -> None:
    if relit:
        studio.surround("#6a86b8", 0.7)
        studio.panel((0, 5, 6.5), (0, 5.5, 0), (2, 6), 160, "#ffd2a0")
        return
    studio.sky(24, -62, 0.2)
    studio.sun(27, -57, 19.0, "#ffdfb8", 0.7)
    studio.panel((0.0, -1.2, 3.6), (0, 6, 1.6), (3.5, 2.0), 15, "#e6eeff")
