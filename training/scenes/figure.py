"""A person in a long coat and a hat, seen from behind, with a suitcase: lofted garments, no bare
face.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import bpy
import geometry as g
import materials as m
import numpy as np

Ring = tuple[float, float, float, float, float]
"""Height, sideways and forward offset of the centre, half-width, half-depth; metres."""

COAT: Sequence[Ring] = (
    (0.4, 0, 0, 0.254, 0.209),
    (0.44, 0, 0, 0.251, 0.206),
    (0.58, 0, 0, 0.233, 0.186),
    (0.75, 0, 0, 0.209, 0.166),
    (0.92, 0, 0, 0.185, 0.147),
    (1.02, 0, 0.005, 0.163, 0.128),
    (1.08, 0, 0.006, 0.155, 0.121),
    (1.16, 0, 0.006, 0.161, 0.125),
    (1.27, 0, -0.002, 0.174, 0.128),
    (1.36, 0, -0.008, 0.182, 0.121),
    (1.42, 0, -0.012, 0.174, 0.104),
    (1.455, 0, -0.012, 0.150, 0.087),
    (1.478, 0, -0.01, 0.107, 0.073),
    (1.49, 0, -0.004, 0.067, 0.061),
)


@dataclass(frozen=True)
class Outfit:
    coat: str = "#8c5a35"
    hat: str = "#3b2a20"
    trousers: str = "#23262b"
    scarf: str = "#a33b2e"


def stand(at: g.Point, turn: float, outfit: Outfit, luggage: bool = True) -> None:
    """A standing figure 1.74 m tall that faces +y before it is turned by `turn` degrees."""
    coat = m.fabric("coat", outfit.coat, 0.003, 0.5)
    made = [*_coat(coat), *_legs(m.fabric("trousers", outfit.trousers, 0.003, 0.2)), *_head(outfit)]
    if luggage:
        made += _luggage()
    g.group(made, at, turn)


def _coat(cloth: bpy.types.Material) -> list[g.Object]:
    made = [_skirted("coat", COAT, cloth)]
    belt = [
        (1.055, 0, 0.006, 0.161, 0.127),
        (1.06, 0, 0.006, 0.164, 0.130),
        (1.098, 0, 0.006, 0.163, 0.129),
        (1.102, 0, 0.006, 0.160, 0.126),
    ]
    made.append(_skirted("belt", belt, cloth, 0.0))
    for side in (-1, 1):
        swing = 0.05 if side > 0 else -0.035
        sleeve = [
            (side * 0.115, -0.012, 1.405),
            (side * 0.18, -0.01, 1.345),
            (side * 0.218, -0.012, 1.2),
            (side * 0.234, -0.01 + swing * 0.4, 1.08),
            (side * 0.242, 0.01 + swing, 0.96),
            (side * 0.246, 0.02 + swing * 1.4, 0.85),
        ]
        made.append(
            g.tube("sleeve", sleeve, [0.046, 0.065, 0.058, 0.052, 0.051, 0.055], cloth, curved=True)
        )
        glove = m.plain("glove", "#2b1c14", 0.45)
        end = (side * 0.246, 0.02 + swing * 1.4, 0.85)
        made.append(
            g.cushion(
                "hand",
                (0.052, 0.085, 0.12),
                (end[0], end[1], end[2] - 0.105),
                glove,
                (0, side * 4, 0),
                2.6,
            )
        )
    made.append(_collar(cloth))
    for x, z in ((-0.05, 1.08), (0.05, 1.08)):
        made.append(
            g.lathe(
                "button",
                [(0, 0), (0.013, 0), (0.013, 0.004), (0, 0.006)],
                (x, -0.125, z),
                m.plain("horn", "#1d1510", 0.3),
                20,
                (90, 0, 0),
            )
        )
    return made


def _skirted(
    name: str, rings: Sequence[Ring], cloth: bpy.types.Material, fold: float = 1.0
) -> g.Object:
    """Rings skinned with vertical folds that open towards the hem, a back vent and soft horizontal
    creases.
    """
    heights = np.array([ring[0] for ring in rings])
    fine = np.linspace(heights[0], heights[-1], 90 if fold else 12)
    smooth = [np.interp(fine, heights, [ring[k] for ring in rings]) for k in range(1, 5)]
    angles = np.linspace(0, 2 * np.pi, 140, endpoint=False)
    stack = []
    for z, cx, cy, rx, ry in zip(fine, *smooth, strict=True):
        open_ = fold * max(0.0, (1.06 - z) / 0.66)
        wave = (
            0.6 * np.sin(9 * angles + 0.6)
            + 0.4 * np.sin(14 * angles + 2.0)
            + 0.35 * np.sin(5 * angles)
        )
        vent = -1.6 * np.exp(-((np.angle(np.exp(1j * (angles + np.pi / 2))) / 0.09) ** 2))
        crease = (
            fold
            * 0.0035
            * np.sin(70 * z + 3 * np.sin(2 * angles))
            * np.exp(-(((z - 1.1) / 0.1) ** 2))
        )
        puff = 1 + open_ * (0.045 * wave + 0.035 * vent) + crease / rx
        power = 2.35
        c, s = np.cos(angles), np.sin(angles)
        x = cx + rx * puff * np.sign(c) * np.abs(c) ** (2 / power)
        y = cy + ry * puff * np.sign(s) * np.abs(s) ** (2 / power)
        stack.append(np.stack([x, y, np.full_like(x, z)], -1).tolist())
    return g.loft(name, stack, cloth, sharp=70)


def _collar(cloth: bpy.types.Material) -> g.Object:
    def stand_up(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        angle = np.pi / 2 + 0.35 + (2 * np.pi - 0.7) * u
        flare = 1 + 0.32 * v**1.5
        return (
            0.082 * flare * np.cos(angle),
            -0.008 + 0.078 * flare * np.sin(angle),
            1.462 + 0.085 * v - 0.02 * np.sin(angle) * v,
        )

    return g.sheet("collar", stand_up, (60, 8), cloth, thickness=0.008)


def _legs(cloth: bpy.types.Material) -> list[g.Object]:
    leather = m.plain("leather", "#1c120c", 0.3, Coat_Weight=0.3)
    made = []
    for side, step in ((-1, -0.05), (1, 0.08)):
        x = side * 0.08
        rings = [
            g.ellipse((x * 1.02, step - 0.015, 0.07), 0.068, 0.082),
            g.ellipse((x, step - 0.01, 0.12), 0.066, 0.076),
            g.ellipse((x, step * 0.7, 0.3), 0.068, 0.075),
            g.ellipse((x, step * 0.4, 0.5), 0.08, 0.088),
            g.ellipse((x, 0, 0.7), 0.085, 0.095),
        ]
        made.append(g.loft("leg", rings, cloth))
        made.append(
            g.cushion(
                "shoe",
                (0.098, 0.27, 0.085),
                (x, step + 0.045, 0.012),
                leather,
                (0, 0, -side * 7),
                2.7,
            )
        )
        made.append(
            g.box(
                "heel", (0.075, 0.075, 0.03), (x, step - 0.05, 0), leather, (0, 0, -side * 7), 0.006
            )
        )
    return made


def _head(outfit: Outfit) -> list[g.Object]:
    hair = m.wood("hair", "#2a170d", "#5b3720", "z", 0.45, 6.0)
    skin = m.plain(
        "skin", "#c58f70", 0.5, Subsurface_Weight=0.2, Subsurface_Radius=(0.01, 0.004, 0.002)
    )
    felt = m.fabric("felt", outfit.hat, 0.0015, 0.6)
    scarf = m.fabric("scarf", outfit.scarf, 0.004, 0.6)
    made = [
        g.tube("neck", [(0, -0.005, 1.46), (0, 0.012, 1.56)], [0.056, 0.054], skin),
        g.cushion("head", (0.155, 0.2, 0.235), (0, 0.025, 1.52), skin, (6, 0, 0), 2.2),
        g.cushion("nose", (0.026, 0.04, 0.045), (0, 0.122, 1.585), skin, (12, 0, 0), 2.4),
        g.cushion("hair", (0.176, 0.2, 0.22), (0, -0.004, 1.535), hair, power=2.3),
        g.cushion("bun", (0.1, 0.085, 0.085), (0, -0.105, 1.53), hair, power=2.0),
        g.tube(
            "scarf",
            [
                (0.075 * math.cos(a), 0.07 * math.sin(a) - 0.005, 1.478 + 0.012 * math.sin(2 * a))
                for a in np.linspace(0, 2 * math.pi, 16, endpoint=False)
            ],
            0.034,
            scarf,
            closed=True,
            curved=True,
        ),
    ]
    brim = [
        (0.0, 0.0),
        (0.09, 0.0),
        (0.15, -0.008),
        (0.185, -0.004),
        (0.186, 0.0),
        (0.15, -0.003),
        (0.1, 0.006),
        (0.098, 0.04),
        (0.092, 0.09),
        (0.07, 0.108),
        (0.03, 0.104),
        (0, 0.1),
    ]
    hat = g.subdivide(g.lathe("hat", brim, (0, 0.008, 1.665), felt, 40, (-5, 3, 0), 180), 2)
    band = g.lathe(
        "band",
        [(0.1015, 0.004), (0.103, 0.006), (0.102, 0.03), (0.1, 0.032)],
        (0, 0.008, 1.665),
        m.plain("ribbon", "#14100d", 0.5),
        48,
        (-5, 3, 0),
    )
    hat.scale = band.scale = (0.98, 1.14, 1.0)
    return [*made, hat, band]


def _luggage() -> list[g.Object]:
    hide = m.plain("hide", "#6b3d20", 0.38, Coat_Weight=0.2)
    brass = m.plain("clasp", "#b58d47", 0.3, Metallic=1.0)
    at = (0.25, 0.075, 0.345)
    made = [g.box("case", (0.15, 0.5, 0.36), at, hide, edge=0.022)]
    for y in (-0.15, 0.15):
        made.append(
            g.box(
                "strap",
                (0.158, 0.035, 0.366),
                (at[0], at[1] + y, at[2] - 0.003),
                m.plain("strap", "#3a2213", 0.45),
                edge=0.015,
            )
        )
        made.append(
            g.box(
                "clasp",
                (0.02, 0.03, 0.03),
                (at[0] - 0.076, at[1] + y, at[2] + 0.26),
                brass,
                edge=0.003,
            )
        )
    grip = [
        (at[0], at[1] - 0.08, at[2] + 0.355),
        (at[0], at[1] - 0.07, at[2] + 0.41),
        (at[0], at[1] + 0.07, at[2] + 0.41),
        (at[0], at[1] + 0.08, at[2] + 0.355),
    ]
    made.append(g.tube("grip", grip, 0.011, hide, curved=True))
    return made
