"""A still life on a wooden table by a window: bottle, cups, fruit, bread, cloth."""

from __future__ import annotations

import math

import bpy
import food
import furniture as f
import geometry as g
import materials as m
import nature
import numpy as np
import studio

TITLE = "Product table"
CAPTION = (
    "a still life on a rustic wooden table by a window: a green glass bottle, stoneware "
    "cups, a bowl of fruit, "
    "bread on a board, a linen cloth and a vase with olive twigs"
)
FLOOR = 0.75
TOP = FLOOR


def build(variant: str) -> tuple[studio.View, studio.Look]:
    relit = variant == "relit"
    _room(relit)
    food.bread(TOP)
    food.fruit(TOP, relit)
    if variant != "moved":
        _bottle((-0.1, 0.2))
    _crockery(relit)
    _vase((-0.2, 0.36))
    _cloth(relit)
    _light(relit)
    view = studio.View(
        1024,
        768,
        51,
        (0.09, -1.18, 1.1),
        yaw=-2.5,
        pitch=-10.8,
        near=0.5,
        far=8.0,
        focus=1.3,
        stop=9,
    )
    return view, studio.Look(exposure=1.1 if relit else 0.3)


def _room(relit: bool) -> None:
    oak = m.wood("table", "#3d2717", "#8f643f", "x", 0.38)
    for index in range(6):
        y = -0.45 + index * 0.2
        g.box(
            "plank", (2.4, 0.197, 0.045), (0.004 * (-1) ** index, y, TOP - 0.045), oak, edge=0.004
        )
    g.box("apron", (2.2, 0.9, 0.1), (0, 0.05, TOP - 0.146), oak)
    wall = m.plaster("wall", "#6d5a52" if relit else "#5d6f70", 0.003, 0.35)
    g.box("wall", (7, 0.2, 4), (0, 2.0, 0), wall, edge=0)
    g.box(
        "floor",
        (7, 6, 0.1),
        (0, 0, -0.1),
        m.planks("boards", ("#3b2a1d", "#5c432d", "#76583c")),
        edge=0,
    )
    paint = m.plain("panel", "#8d948d", 0.45)
    for index in range(-8, 12):
        g.box("panel", (0.144, 0.03, 1.05), (0.147 * index, 1.88, 0), paint, edge=0.006)
    g.box("dado", (7, 0.08, 0.04), (0, 1.87, 1.05), paint, edge=0.012)


def _bottle(at: tuple[float, float]) -> None:
    glass = m.Graph("glass").finish(
        Base_Color=m.linear("#6fa05c"), Roughness=0.02, Transmission_Weight=1.0, IOR=1.5
    )
    outer = [
        (0, 0.004),
        (0.034, 0.0),
        (0.038, 0.006),
        (0.038, 0.17),
        (0.034, 0.195),
        (0.018, 0.225),
        (0.0145, 0.25),
        (0.0145, 0.295),
        (0.017, 0.297),
        (0.017, 0.312),
        (0.0145, 0.314),
    ]
    inner = [
        (0.011, 0.314),
        (0.0115, 0.25),
        (0.015, 0.225),
        (0.031, 0.195),
        (0.0352, 0.17),
        (0.0352, 0.012),
        (0, 0.016),
    ]
    g.lathe("bottle", outer + inner, (*at, TOP), glass, 96, sharp=50)
    cork = m.plaster("cork", "#b98f62", 0.002, 0.3)
    g.lathe(
        "cork",
        [(0, 0.29), (0.0108, 0.29), (0.0125, 0.325), (0.011, 0.328), (0, 0.328)],
        (*at, TOP),
        cork,
    )
    paper = m.plain("label", "#e9e0cb", 0.8)
    ring = [(0.0384, 0.05), (0.0386, 0.052), (0.0386, 0.128), (0.0384, 0.13)]
    _arc_label("label", ring, (*at, TOP), paper, 150)
    ink = m.plain("ink", "#33442f", 0.8)
    _arc_label("band", [(0.0388, 0.07), (0.0388, 0.1)], (*at, TOP), ink, 110)
    _arc_label("line", [(0.0388, 0.06), (0.0388, 0.0615)], (*at, TOP), ink, 110)


def _arc_label(
    name: str,
    profile: list[tuple[float, float]],
    at: g.Point,
    paper: bpy.types.Material,
    span: float,
) -> None:
    """A strip round part of a bottle, its middle towards the camera."""
    low, high = profile[0], profile[-1]
    start = -math.pi / 2 - math.radians(span) / 2

    def wrap(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        angle = start + math.radians(span) * u
        return (
            max(r for r, _ in profile) * np.cos(angle),
            max(r for r, _ in profile) * np.sin(angle),
            low[1] + (high[1] - low[1]) * v,
        )

    g.sheet(name, wrap, (48, 1), paper, at)


CUP = [
    (0, 0),
    (0.03, 0),
    (0.036, 0.006),
    (0.04, 0.03),
    (0.042, 0.085),
    (0.0395, 0.0855),
    (0.0375, 0.03),
    (0.032, 0.012),
    (0, 0.009),
]
HANDLE = [
    (0.04, 0, 0.07),
    (0.06, 0, 0.074),
    (0.071, 0, 0.055),
    (0.066, 0, 0.034),
    (0.039, 0, 0.024),
]
SAUCER = [
    (0, 0),
    (0.042, 0),
    (0.046, 0.004),
    (0.075, 0.013),
    (0.0755, 0.0155),
    (0.045, 0.008),
    (0, 0.008),
]


def _crockery(relit: bool) -> None:
    glaze = m.plain("cup-glaze", "#8a4b3c" if relit else "#35506a", 0.25, Coat_Weight=0.4)
    _cup((-0.24, -0.02), 205, _speckle("cup-raw", "#d9cfbd"))
    _cup((-0.35, 0.13), 150, glaze)
    _spoon((0.33, -0.16))


def _cup(at: tuple[float, float], turn: float, skin: bpy.types.Material) -> None:
    """A filled cup on its saucer, the handle turned by `turn` degrees from +x."""
    made = f.ceramic("cup", CUP, (*at, TOP + 0.014), skin)
    g.tube(
        "handle", HANDLE, [0.0055, 0.005, 0.0048, 0.005, 0.0055], skin, curved=True
    ).parent = made
    made.rotation_euler[2] = math.radians(turn)
    coffee = m.plain("coffee", "#1d0f08", 0.08)
    g.lathe("coffee", [(0, 0.07), (0.0385, 0.07), (0, 0.071)], (*at, TOP + 0.014), coffee)
    f.ceramic("saucer", SAUCER, (*at, TOP), skin)


def _vase(at: tuple[float, float]) -> None:
    profile = [(r * 0.85, z * 0.72) for r, z in f.VASE]
    f.ceramic("vase", profile, (*at, TOP), _speckle("vase", "#e4ddd0"))
    stem, olive = m.plain("twig", "#5b4a33", 0.7), m.leaf("olive", "#3f5238", "#92a27c")
    shape = nature.Leaf(0.05, 0.013, 0.3, 0.2)
    nature.twigs((*at, TOP + 0.22), 0.34, olive, stem, 11, 9, shape, 0.75)


def _spoon(at: tuple[float, float]) -> None:
    steel = m.plain("steel", "#b9b6b0", 0.22, Metallic=1.0)
    stem = [(-0.02, 0, 0.004), (0.05, 0, 0.006), (0.1, 0, 0.005)]
    g.tube("spoon", stem, [0.0022, 0.002, 0.0036], steel, (*at, TOP + 0.004), (0, 0, -155))
    place = (at[0] + 0.02, at[1] + 0.009, TOP + 0.003)
    g.cushion("spoon-bowl", (0.042, 0.028, 0.008), place, steel, (0, -4, -155), 2.0)


def _speckle(name: str, tone: str) -> bpy.types.Material:
    graph = m.Graph(name)
    dots = graph.span(graph.noise(graph.coords(), 520, 2, 0.4), 0.0, 0.75, 0.66, 0.72)
    tint = graph.mix(dots, m.linear(tone), m.linear("#4a3524"))
    return graph.finish(Base_Color=tint, Roughness=0.32, Coat_Weight=0.25)


def _cloth(relit: bool) -> None:
    linen = m.fabric("linen", "#b8c0c2" if relit else "#c8b9a2", 0.0022, 0.3)

    def folds(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x, y = 0.36 * u, 0.3 * v
        height = np.full(u.shape, 0.004)
        for angle, offset, width, crest, sway in (
            (0.5, 0.10, 0.017, 0.024, 0.012),
            (0.85, 0.19, 0.014, 0.018, 0.016),
            (0.3, 0.22, 0.02, 0.02, 0.01),
            (1.5, 0.26, 0.013, 0.014, 0.01),
        ):
            along, across = (
                x * math.cos(angle) + y * math.sin(angle),
                -x * math.sin(angle) + y * math.cos(angle),
            )
            middle = offset - 0.14 + sway * np.sin(17 * along + 40 * offset)
            height = height + crest * np.exp(-(((across - middle) / width) ** 2)) * (
                0.55 + 0.45 * np.sin(9 * along + offset * 30)
            )
        edge = np.minimum(np.minimum(u, 1 - u), np.minimum(v, 1 - v)).clip(0, 0.08) / 0.08
        return (
            x + 0.014 * np.sin(8 * v),
            y + 0.012 * np.sin(7 * u + 1),
            0.002 + height * (0.35 + 0.65 * edge),
        )

    g.sheet("linen", folds, (110, 90), linen, (-0.29, -0.35, TOP), (0, 0, 13), 0.0016)


def _light(relit: bool) -> None:
    if relit:
        studio.surround("#2a3550", 0.5)
        studio.panel((1.5, -0.3, 1.9), (0, 0.1, 0.8), (0.7, 0.7), 34, "#ffc48a")
        studio.panel((-2.2, 1.0, 1.8), (0, 0.1, 0.8), (1.2, 1.2), 14, "#7fa2e0")
        return
    _window()
    studio.surround("#b9c6d4", 0.3)
    studio.sun(25, -112, 9.0, "#ffdcae", 0.9)
    studio.panel((-1.5, 0.3, 1.65), (0.1, 0.1, 0.8), (2.0, 1.2), 46, "#eef4ff")
    studio.panel((1.9, -0.9, 1.6), (0.1, 0.2, 0.8), (1.2, 1.2), 5, "#fff0dd")


def _window() -> None:
    """The wall at the left, out of the image, whose panes the sun draws on the table and the
    wall.
    """
    trim = m.plain("trim", "#d9d5cb", 0.5)
    solid = [((0.2, 12, 0.98), (-1.75, 0, 0)), ((0.2, 12, 2), (-1.75, 0, 2.35))]
    solid += [((0.2, 5, 4), (-1.75, y, 0)) for y in (-4.0, 4.0)]
    bars = [((0.08, 0.09, 2), (-1.75, y, 0.6)) for y in (-1.0, -0.5, 0.0, 0.5, 1.0)] + [
        ((0.08, 3, 0.07), (-1.75, 0, 1.62))
    ]
    g.boxes("window", solid + bars, trim, 0)
