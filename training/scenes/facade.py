"""House fronts: walls with real window openings, frames, sills, shops with awnings, cornices,
roofs.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import bpy
import geometry as g
import materials as m
import numpy as np

Material = bpy.types.Material
Parts = dict[str, list[tuple[g.Point, g.Point]]]

GROUND, STOREY, DEEP = 3.9, 3.15, 9.0
REVEAL = 0.24


@dataclass(frozen=True)
class House:
    """One house: metres wide, storeys above the ground floor, window columns, names of its wall and
    shop paint.
    """

    wide: float
    storeys: int
    columns: int
    wall: str
    shop: str
    awning: str | None = None
    balconies: bool = False


def palette(relit: bool) -> dict[str, Material]:
    """The materials that all houses share, by name."""
    made = {
        "red brick": m.brick("red brick", ("#6d3324", "#95503a")),
        "dark brick": m.brick("dark brick", ("#4a2e27", "#6e463a"), "#8b8278"),
        "yellow brick": m.brick("yellow brick", ("#a5865a", "#c4a678"), "#b9ad99"),
        "cream": m.plaster("cream", "#d9cbb0", 0.003, 0.3),
        "ochre": m.plaster("ochre", "#c79a58", 0.003, 0.3),
        "rose": m.plaster("rose", "#c9988a", 0.003, 0.3),
        "grey": m.plaster("grey", "#a9aca8", 0.003, 0.3),
        "blue": m.plaster("blue", "#8fa3ae", 0.003, 0.3),
        "stone": m.plaster("stone", "#c9bfae", 0.003, 0.3),
        "frame": m.plain("frame", "#ece8df", 0.35),
        "slate": m.plaster("slate", "#4a4d52", 0.01, 0.3),
        "green paint": m.plain("green paint", "#1f3d33", 0.28),
        "navy paint": m.plain("navy paint", "#1c2b45", 0.28),
        "oxblood paint": m.plain("oxblood paint", "#5a1c1a", 0.28),
        "black paint": m.plain("black paint", "#18191a", 0.28),
        "teal paint": m.plain("teal paint", "#2b5f63", 0.28),
        "blind": m.plain("blind", "#d3c8b2", 0.8),
        "iron": m.plain("iron", "#141516", 0.4),
        "sign": m.plain("sign", "#d8c08a", 0.35, Metallic=0.4),
        "inside": m.plain("inside", "#2a2018", 0.7),
    }
    made["glass"] = m.plain("window", "#1c252b", 0.03, Specular_IOR_Level=0.9, Coat_Weight=0.5)
    made["lit"] = m.Graph("lit").finish(
        Base_Color=m.linear("#3a2c1c"),
        Roughness=0.05,
        Coat_Weight=0.6,
        Emission_Color=m.linear("#ffb765"),
        Emission_Strength=4.0 if relit else 0.35,
    )
    return made


def house(plan: House, at: g.Point, turn: float, paints: dict[str, Material], seed: int) -> None:
    """Build `plan` with its front at y = 0 facing -y, then move it to `at`."""
    random = np.random.default_rng(seed)
    parts: Parts = defaultdict(list)
    top = GROUND + plan.storeys * STOREY
    _upper_floors(plan, parts, random)
    _shop(plan, parts, random)
    parts["stone"] += [
        ((plan.wide + 0.05, 0.34, 0.16), (0, 0.05, GROUND - 0.16)),
        ((plan.wide + 0.1, 0.5, 0.1), (0, 0.0, GROUND)),
        ((plan.wide + 0.1, 0.5, 0.22), (0, 0.05, top)),
        ((plan.wide + 0.2, 0.8, 0.16), (0, 0.0, top + 0.22)),
        ((plan.wide + 0.3, 1.05, 0.1), (0, 0.0, top + 0.38)),
    ]
    for x in np.arange(-plan.wide / 2 + 0.35, plan.wide / 2, 0.55):
        parts["stone"].append(((0.14, 0.32, 0.2), (float(x), -0.16, top + 0.03)))
    parts[plan.wall] += [
        ((plan.wide, DEEP, top), (0, DEEP / 2 + 0.9, 0)),
        ((0.9, 0.9, 2.6), (plan.wide / 2 - 0.7, 3.0, top)),
    ]
    parts["slate"].append(((plan.wide, DEEP - 1.6, 0.9), (0, DEEP / 2 + 1.0, top + 0.1)))
    made = [
        g.boxes(name, boxes, paints[name], 0.0 if "brick" in name else 0.012)
        for name, boxes in parts.items()
    ]
    made.append(_roof(plan, top, paints["slate"]))
    if plan.awning:
        made.append(_awning(plan, plan.awning))
    g.group(made, at, turn)


def _upper_floors(plan: House, parts: Parts, random: np.random.Generator) -> None:
    pitch = plan.wide / plan.columns
    wide, high = min(1.15, pitch * 0.52), 1.85
    for storey in range(plan.storeys):
        floor = GROUND + storey * STOREY
        sill, head = floor + 0.75, floor + 0.75 + high * (0.86 if storey == plan.storeys - 1 else 1)
        thick = 0.5
        parts[plan.wall] += [
            ((plan.wide, thick, sill - floor), (0, thick / 2, floor)),
            ((plan.wide, thick, floor + STOREY - head), (0, thick / 2, head)),
        ]
        for column in range(plan.columns + 1):
            left = (
                -plan.wide / 2
                if column == 0
                else -plan.wide / 2 + (column - 0.5) * pitch + wide / 2
            )
            right = (
                plan.wide / 2
                if column == plan.columns
                else -plan.wide / 2 + (column + 0.5) * pitch - wide / 2
            )
            parts[plan.wall].append(
                ((right - left, thick, head - sill), ((left + right) / 2, thick / 2, sill))
            )
        for column in range(plan.columns):
            x = -plan.wide / 2 + (column + 0.5) * pitch
            _window(parts, x, sill, wide, head - sill, random)
            if plan.balconies and storey < plan.storeys - 1:
                _balcony(parts, x, sill - 0.35, wide + 0.5)


def _window(
    parts: Parts, x: float, sill: float, wide: float, high: float, random: np.random.Generator
) -> None:
    y = REVEAL
    kind = "lit" if random.uniform() < 0.12 else "glass"
    parts[kind].append(((wide, 0.02, high), (x, y + 0.05, sill)))
    drawn = random.choice([0.0, 0.0, 0.25, 0.45, 0.8])
    if drawn:
        parts["blind"].append(
            ((wide - 0.1, 0.004, high * drawn), (x, y + 0.036, sill + high * (1 - drawn)))
        )
    bar = 0.06
    for dx in (-wide / 2 + bar / 2, 0, wide / 2 - bar / 2):
        parts["frame"].append(((bar, 0.07, high), (x + dx, y, sill)))
    for dz in (0.0, high * 0.66, high - bar):
        parts["frame"].append(((wide, 0.06, bar), (x, y, sill + dz)))
    parts["stone"].append(((wide + 0.26, 0.42, 0.09), (x, 0.08, sill - 0.09)))
    parts["stone"].append(((wide + 0.22, 0.2, 0.2), (x, 0.04, sill + high)))
    for side in (-1, 1):
        parts["stone"].append(((0.11, 0.14, high), (x + side * (wide / 2 + 0.055), 0.02, sill)))


def _balcony(parts: Parts, x: float, z: float, wide: float) -> None:
    parts["stone"].append(((wide, 0.5, 0.1), (x, -0.22, z)))
    parts["iron"].append(((wide, 0.03, 0.03), (x, -0.44, z + 0.85)))
    for dx in np.linspace(-wide / 2 + 0.03, wide / 2 - 0.03, 13):
        parts["iron"].append(((0.016, 0.016, 0.8), (x + float(dx), -0.44, z + 0.08)))


def _shop(plan: House, parts: Parts, random: np.random.Generator) -> None:
    paint, half = plan.shop, plan.wide / 2
    parts[paint] += [
        ((plan.wide - 0.3, 0.16, 0.62), (0, -0.02, GROUND - 0.82)),
        ((plan.wide - 0.3, 0.26, 0.1), (0, -0.06, GROUND - 0.24)),
    ]
    parts["sign"].append(
        ((plan.wide * random.uniform(0.3, 0.5), 0.03, 0.2), (0, -0.11, GROUND - 0.62))
    )
    parts[plan.wall] += [((0.35, 0.5, GROUND), (side * (half - 0.175), 0.2, 0)) for side in (-1, 1)]
    parts[plan.wall].append(((plan.wide, 0.4, 0.4), (0, 0.3, GROUND - 0.4)))
    door = random.choice([-1, 0, 1]) * plan.wide / 4
    parts["inside"].append(((plan.wide, 0.05, GROUND), (0, 0.86, 0)))
    panes = max(3, round(plan.wide / 1.6))
    pitch = (plan.wide - 0.7) / panes
    for index in range(panes):
        x = -half + 0.35 + (index + 0.5) * pitch
        entrance = abs(x - door) <= pitch / 2
        y = 0.45 if entrance else 0.16
        low = 0.08 if entrance else 0.62
        kind = "lit" if random.uniform() < 0.45 else "glass"
        parts[kind].append(((pitch - 0.08, 0.02, 3.02 - low), (x, y + 0.03, low)))
        parts[paint] += [
            ((pitch, 0.2, low), (x, y, 0)),
            ((pitch, 0.08, 0.09), (x, y, 2.35)),
            ((pitch, 0.1, 0.1), (x, y, 3.0)),
        ]
        for side in (-1, 1):
            parts[paint].append(((0.1, 0.5, 3.1), (x + side * pitch / 2, 0.3, 0)))
    parts["stone"].append(((plan.wide, 0.7, 0.12), (0, 0.3, 0)))


def _awning(plan: House, tone: str) -> g.Object:
    cloth = _striped(f"awning {tone}", tone)
    wide = plan.wide - 0.9

    def slope(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        flap = np.clip((v - 0.85) / 0.15, 0, 1)
        out = np.minimum(v / 0.85, 1.0)
        scallop = 0.05 * flap * np.abs(np.sin(np.pi * u * wide / 0.4))
        return (u - 0.5) * wide, -0.1 - 1.25 * out, 3.05 - 0.62 * out - 0.24 * flap + scallop

    return g.sheet("awning", slope, (120, 20), cloth, thickness=0.008)


def _striped(name: str, tone: str) -> Material:
    graph = m.Graph(name)
    xyz = graph.node(
        "ShaderNodeSeparateXYZ", {0: graph.node("ShaderNodeTexCoord").outputs["Object"]}
    ).outputs
    band = graph.math("GREATER_THAN", graph.math("FRACT", graph.math("DIVIDE", xyz[0], 0.8)), 0.5)
    return graph.finish(
        Base_Color=graph.mix(band, m.linear("#e6dfce"), m.linear(tone)), Roughness=0.85
    )


def _roof(plan: House, top: float, slate: Material) -> g.Object:
    half, low, high = plan.wide / 2, top + 0.9, top + 2.6
    points = [
        (-half, 0.7, low - 0.5),
        (half, 0.7, low - 0.5),
        (half, DEEP, low - 0.5),
        (-half, DEEP, low - 0.5),
        (-half, DEEP / 2, high),
        (half, DEEP / 2, high),
    ]
    return g.mesh("roof", points, [(0, 1, 5, 4), (2, 3, 4, 5), (1, 2, 5), (3, 0, 4)], slate)
