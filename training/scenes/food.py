"""A bowl of fruit, lemons, and bread on a board."""

from __future__ import annotations

import math

import bpy
import furniture as f
import geometry as g
import materials as m

APPLES = (
    # x, y, height above the table, which skin
    (0.1, 0.13, 0.045, 0),
    (0.18, 0.11, 0.045, 0),
    (0.225, 0.19, 0.05, 1),
    (0.13, 0.22, 0.048, 0),
    (0.165, 0.165, 0.105, 1),
)
LEMON = [
    (0, -0.045),
    (0.006, -0.043),
    (0.011, -0.037),
    (0.024, -0.027),
    (0.031, -0.005),
    (0.029, 0.015),
    (0.018, 0.032),
    (0.008, 0.038),
    (0, 0.042),
]
HALF_LEMON = [(0, -0.036), (0.008, -0.034), (0.024, -0.022), (0.031, -0.001)]
PULP = [(0, 0.0), (0.0285, 0.0), (0.0295, -0.001), (0, -0.004)]


def fruit(top: float, relit: bool) -> None:
    """Lay a bowl of apples, lemons and half a lemon on a table whose top is at height `top`."""
    glaze = m.plain("bowl", "#c9b9a0" if relit else "#e6dfd2", 0.22, Coat_Weight=0.5)
    f.ceramic("bowl", [(r * 1.15, z) for r, z in f.BOWL], (0.15, 0.16, top), glaze)
    skins = [
        _apple_skin("apple-red", "#7d1519", "#c9562f"),
        _apple_skin("apple-green", "#6c8a2b", "#b6b64a"),
    ]
    bark = m.plain("stalk", "#3b2a1a", 0.8)
    for index, (x, y, z, kind) in enumerate(APPLES):
        _apple((x, y, top + z), 0.04 - 0.002 * (index % 3), skins[kind], bark, index)
    rind = _peel("lemon", "#e0b51e")
    for x, y, turn in ((0.11, -0.13, (88, 0, 35)), (0.24, -0.06, (92, 0, -60))):
        g.subdivide(g.lathe("lemon", LEMON, (x, y, top + 0.031), rind, 28, turn, 180), 2)
    flesh = m.plain("half", "#f0d97a", 0.35, Subsurface_Weight=0.3)
    tilt = (35, 12, 0)
    g.subdivide(g.lathe("half", HALF_LEMON, (0.02, -0.2, top + 0.028), rind, 28, tilt, 180), 2)
    g.lathe("pulp", PULP, (0.02, -0.2, top + 0.0285), flesh, 40, tilt)


def _apple_skin(name: str, deep: str, light: str) -> bpy.types.Material:
    graph = m.Graph(name)
    place = graph.coords((1, 1, 0.25))
    streak = graph.mix(0.4, graph.noise(place, 22, 4), graph.noise(graph.coords(), 90, 3))
    tone = graph.ramp(streak, [(0.38, deep), (0.68, light)])
    return graph.finish(
        Base_Color=tone,
        Roughness=0.3,
        Coat_Weight=0.25,
        Subsurface_Weight=0.05,
        Subsurface_Radius=(0.01, 0.004, 0.002),
    )


def _peel(name: str, tone: str) -> bpy.types.Material:
    graph = m.Graph(name)
    pores = graph.noise(graph.coords(), 420, 2)
    graph.bump(pores, 0.0009)
    return graph.finish(
        Base_Color=m.linear(tone),
        Roughness=0.36,
        Subsurface_Weight=0.1,
        Subsurface_Radius=(0.008, 0.005, 0.002),
    )


def _apple(
    at: g.Point, radius: float, skin: bpy.types.Material, bark: bpy.types.Material, seed: int
) -> None:
    outline = [
        (0, 0.12),
        (0.3, 0.0),
        (0.62, 0.14),
        (0.9, 0.5),
        (1.0, 0.95),
        (0.93, 1.4),
        (0.66, 1.72),
        (0.32, 1.76),
        (0.1, 1.62),
        (0, 1.52),
    ]
    turn = (12 * math.sin(seed * 2.3), 14 * math.cos(seed * 1.7), seed * 50)
    profile = [(r * radius, z * radius - radius * 0.1) for r, z in outline]
    made = g.subdivide(g.lathe("apple", profile, at, skin, 24, turn, 180), 2)
    stalk = g.tube(
        "stalk",
        [(0, 0, radius * 1.3), (0.002, 0.001, radius * 1.65), (0.007, 0.003, radius * 1.95)],
        [0.0016, 0.0014, 0.002],
        bark,
    )
    stalk.parent = made


def bread(top: float) -> None:
    """Lay a board with a loaf and two slices on the table whose top is at height `top`."""
    timber = m.wood("board", "#6b4526", "#b98a58", "x", 0.42, 1.6)
    g.bevel(
        g.loft(
            "board",
            [g.ellipse((0, 0, z), 0.2, 0.12, 64, 6) for z in (0.0, 0.02)],
            timber,
            (0.43, 0.13, top),
            (0, 0, 24),
        ),
        0.004,
    )
    crust, crumb = _crust(), m.plaster("crumb", "#dcc293", 0.004, 0.3)
    g.cushion(
        "loaf", (0.24, 0.115, 0.095), (0.46, 0.19, top + 0.019), crust, (0, 0, 28), 2.6, 0.012, 20
    )
    inside = [(0, 0), (0.044, 0), (0.045, 0.002), (0.045, 0.012), (0.044, 0.014), (0, 0.014)]
    rind = [(0.0435, 0.0004), (0.0465, 0.002), (0.0475, 0.007), (0.0465, 0.012), (0.0435, 0.0136)]
    for index in range(2):
        place = (0.345 - 0.03 * index, 0.1 - 0.022 * index, top + 0.062 - 0.006 * index)
        tilt = (0, 74 + 8 * index, 22 + 9 * index)
        for name, profile, stuff in (("crumb", inside, crumb), ("rind", rind, crust)):
            g.lathe(name, profile, place, stuff, 48, tilt).scale = (0.8, 1.05, 1.0)


def _crust() -> bpy.types.Material:
    graph = m.Graph("crust")
    flour = graph.mix(
        0.5, graph.noise(graph.coords(), 14, 5, 0.6), graph.noise(graph.coords(), 90, 4)
    )
    graph.bump(flour, 0.008)
    return graph.finish(
        Base_Color=graph.ramp(flour, [(0.3, "#5b2f12"), (0.5, "#9a5f2a"), (0.66, "#d8b98a")]),
        Roughness=0.75,
    )
