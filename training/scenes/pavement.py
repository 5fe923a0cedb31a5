"""What stands on a pavement: lamps, bollards, a cafe's tables and parasols, planters of flowers."""

from __future__ import annotations

import bpy
import furniture as f
import geometry as g
import materials as m
import nature
import numpy as np

Material = bpy.types.Material

POST = [
    (0, 0),
    (0.13, 0),
    (0.13, 0.5),
    (0.1, 0.58),
    (0.06, 0.7),
    (0.045, 3.6),
    (0.07, 3.66),
    (0.03, 3.72),
    (0, 3.72),
]
GLASS = [(0, 0), (0.09, 0.0), (0.17, 0.36), (0, 0.36)]
CAP = [(0, 0), (0.2, 0), (0.12, 0.13), (0.03, 0.18), (0.03, 0.24), (0, 0.25)]
BOLLARD = [
    (0, 0),
    (0.08, 0),
    (0.08, 0.06),
    (0.055, 0.1),
    (0.05, 0.78),
    (0.07, 0.8),
    (0.07, 0.84),
    (0.04, 0.92),
    (0, 0.94),
]


def lamps(ground: float, iron: Material) -> None:
    """Rows of lamps and, at the crossing, of bollards along both kerbs."""
    milk = m.glow("lamp", "#fff0d8", 1.5)
    for side in (-1, 1):
        for y in np.arange(10.2 if side < 0 else 11.2, 90, 17.5):
            x = side * 4.75
            g.lathe("post", POST, (x, float(y), ground), iron, 24)
            g.lathe("glass", GLASS, (x, float(y), 3.72 + ground), milk, 6)
            g.lathe("cap", CAP, (x, float(y), 4.08 + ground), iron, 24)
        for y in (1.8, 2.9, 6.0, 7.0):
            g.lathe("bollard", BOLLARD, (side * 4.65, y, ground), iron, 24)


def cafe(ground: float) -> None:
    """Tables with chairs under parasols in front of the first shop on the right."""
    timber = m.wood("cafe", "#5a3a22", "#9a6b40", "x", 0.4)
    steel = m.plain("cafe steel", "#2a2d2f", 0.35, Metallic=0.8)
    cream = m.curtain("parasol", "#e4d9c0", 0.3)
    roof = [(1.3, 2.05), (1.3, 2.2), (0.03, 2.72), (0, 2.72)]
    for x, y in ((6.1, 8.3), (6.1, 10.6)):
        f.round_table((x, y, ground), 0.34, 0.73, timber, steel)
        for dx, dy in ((-0.62, 0.05), (0.1, -0.66), (0.05, 0.66)):
            _chair((x + dx, y + dy, ground), (dx * 0.28, dy * 0.28), timber, steel)
        g.tube("mast", [(x, y, ground), (x, y, 2.75)], 0.025, timber)
        g.lathe("parasol", roof, (x, y, 0.1), cream, 8, sharp=20)


def _chair(at: g.Point, back: tuple[float, float], timber: Material, steel: Material) -> None:
    """A folding chair; its rest lies in the direction `back` from the middle of the seat."""
    x, y, ground = at
    g.box("seat", (0.38, 0.38, 0.03), (x, y, ground + 0.45), timber, edge=0.01)
    rest = (0.03, 0.38, 0.16) if abs(back[0]) > abs(back[1]) else (0.38, 0.03, 0.16)
    g.box("rest", rest, (x + back[0], y + back[1], ground + 0.72), timber, edge=0.01)
    for sx in (-0.16, 0.16):
        for sy in (-0.16, 0.16):
            foot = (x + sx * 1.1, y + sy * 1.1, ground)
            g.tube("leg", [foot, (x + sx, y + sy, ground + 0.45)], 0.012, steel)


def planters(ground: float) -> None:
    """Boxes of flowers in leaf and bloom."""
    timber = m.wood("planter", "#3a2a1e", "#5f4632", "y", 0.6)
    green, bloom = m.leaf("box green", "#2c4f22", "#6c8c3a"), m.leaf("bloom", "#a8243a", "#e06a7a")
    random = np.random.default_rng(8)
    for x, y in ((5.2, 9.4), (-6.9, 9.0), (-6.9, 5.2)):
        g.box("planter", (0.36, 1.1, 0.42), (x, y, ground), timber, edge=0.012)
        for count, stuff, size in ((420, green, 0.1), (110, bloom, 0.06)):
            spots = [
                random.uniform(-0.17, 0.17, count) + x,
                random.uniform(-0.52, 0.52, count) + y,
                ground + 0.42 + random.uniform(0, 0.2, count),
            ]
            headings = nature.unit(random.normal(0, 1, (count, 3)) + np.array([0, 0, 0.9]))
            shape = nature.Leaf(size, size * 0.6, 0.5, 0.3, 3)
            nature.leaves("planted", shape, np.stack(spots, -1), headings, stuff, random)
