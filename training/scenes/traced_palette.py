"""Random colours and materials of the path-traced places."""

from __future__ import annotations

import colorsys
import itertools
from random import Random

import bpy
import materials as m

Material = bpy.types.Material
_COUNT = itertools.count()


def name(stem: str) -> str:
    return f"{stem} {next(_COUNT)}"


def tone(
    rng: Random,
    saturation: tuple[float, float] = (0.1, 0.6),
    value: tuple[float, float] = (0.2, 0.9),
) -> str:
    """A colour as `#rrggbb`."""
    rgb = colorsys.hsv_to_rgb(rng.random(), rng.uniform(*saturation), rng.uniform(*value))
    return "#" + "".join(f"{round(255 * c):02x}" for c in rgb)


def darker(color: str, factor: float) -> str:
    channels = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{min(255, round(c * factor)):02x}" for c in channels)


def timber(rng: Random, axis: str = "x") -> Material:
    light = rng.choice(("#a9794a", "#8a5f3b", "#d8b98a", "#5c442f", "#b5653a", "#e0d6c4"))
    dark = darker(light, rng.uniform(0.5, 0.8))
    return m.wood(name("timber"), dark, light, axis, rng.uniform(0.2, 0.6))


def cloth(rng: Random) -> Material:
    return m.fabric(name("cloth"), tone(rng), 0.005, rng.uniform(0.0, 0.5))


def paint(rng: Random, pale: bool = False) -> Material:
    color = tone(rng, (0.0, 0.25), (0.6, 0.95)) if pale else tone(rng)
    return m.plain(name("paint"), color, rng.uniform(0.15, 0.8))


def metal(rng: Random) -> Material:
    color = rng.choice(("#a9823f", "#b9b6b0", "#1b1a18", "#6b6f73"))
    return m.plain(name("metal"), color, rng.uniform(0.15, 0.5), Metallic=rng.choice((0.5, 1.0)))


def floor(rng: Random) -> Material:
    """Boards, tiles, polished squares, carpet, screed."""
    kind = rng.random()
    if kind < 0.45:
        light = rng.choice(("#c49a6c", "#9c734a", "#e0c9a6", "#6b4a2e", "#b8ada0"))
        tones = (darker(light, 0.55), darker(light, 0.78), light)
        size = (rng.uniform(0.8, 2.0), rng.uniform(0.08, 0.2))
        return m.planks(name("boards"), tones, size, rng.uniform(0.15, 0.5))
    if kind < 0.65:
        color, side = tone(rng, (0.0, 0.3), (0.35, 0.9)), rng.uniform(0.2, 0.8)
        pair = (darker(color, rng.uniform(0.75, 1.0)), color)
        joint = rng.choice(("#4d4a45", "#c9c4ba"))
        return m.paving(
            name("tiles"),
            pair,
            (side, side * rng.choice((1.0, 0.5))),
            joint,
            rng.uniform(0.2, 0.7),
            0.0,
        )
    if kind < 0.75:
        first = tone(rng, (0.0, 0.3), (0.6, 0.95))
        return m.checker(
            name("squares"), first, darker(first, rng.uniform(0.2, 0.6)), rng.uniform(0.3, 0.7)
        )
    if kind < 0.9:
        return m.fabric(name("carpet"), tone(rng, (0.05, 0.4), (0.3, 0.8)), 0.008)
    return m.plaster(name("screed"), tone(rng, (0.0, 0.15), (0.4, 0.8)), 0.001, 0.3)


def wall(rng: Random) -> Material:
    kind = rng.random()
    if kind < 0.1:
        color = rng.choice(("#95503a", "#c4a678", "#d8d2c8"))
        return m.brick(name("brick"), (darker(color, 0.75), color))
    if kind < 0.25:
        return _striped(rng)
    return m.plaster(name("wall"), tone(rng, (0.02, 0.4), (0.45, 0.95)), 0.0006, 0.08)


def _striped(rng: Random) -> Material:
    graph = m.Graph(name("paper"))
    source = graph.node("ShaderNodeTexCoord").outputs["Object"]
    xyz = graph.node("ShaderNodeSeparateXYZ", {0: source}).outputs
    along = graph.math("DIVIDE", graph.math("ADD", xyz[0], xyz[1]), rng.uniform(0.1, 0.5))
    band = graph.math("GREATER_THAN", graph.math("FRACT", along), rng.uniform(0.3, 0.7))
    first = tone(rng, (0.05, 0.4), (0.5, 0.95))
    second = darker(first, rng.uniform(0.7, 0.95))
    return graph.finish(
        Base_Color=graph.mix(band, m.linear(first), m.linear(second)), Roughness=0.8
    )


def rug(rng: Random, half: tuple[float, float]) -> Material:
    """A woven field inside stripes, or one tone inside a border that is paler or darker."""
    ground = tone(rng, (0.05, 0.5), (0.25, 0.95))
    figure, accent = tone(rng, (0.1, 0.7), (0.15, 0.8)), tone(rng, (0.1, 0.7), (0.15, 0.8))
    if rng.random() < 0.5:
        pale = tone(rng, (0.05, 0.25), (0.75, 0.95))
        return m.rug(name("rug"), rng.choice((ground, pale)), figure, accent, half)
    graph = m.Graph(name("rug"))
    source = graph.node("ShaderNodeTexCoord").outputs["Object"]
    xyz = graph.node("ShaderNodeSeparateXYZ", {0: source}).outputs
    rim = graph.math(
        "MINIMUM",
        graph.math("SUBTRACT", half[0], graph.math("ABSOLUTE", xyz[0])),
        graph.math("SUBTRACT", half[1], graph.math("ABSOLUTE", xyz[1])),
    )
    border = rng.choice((tone(rng, (0.0, 0.2), (0.8, 0.95)), darker(ground, 0.4)))
    start, wide = rng.choice((0.0, 0.0, rng.uniform(0.03, 0.15))), rng.uniform(0.04, 0.2)
    stops: list[tuple[float, m.Color]] = [(0.0, ground), (start, border), (start + wide, ground)]
    field = graph.ramp(rim, stops if start else stops[1:])
    field.node.color_ramp.interpolation = "CONSTANT"
    pile = graph.noise(source, 160.0, 2.0)
    worn = graph.mix(graph.span(pile, 0.0, 0.3), field, (0.03, 0.025, 0.02, 1.0))
    return graph.finish(Base_Color=worn, Roughness=0.95)


def canvas(rng: Random) -> Material:
    places = sorted(rng.uniform(0, 1) for _ in range(5))
    stops: list[tuple[float, m.Color]] = [(at, tone(rng, (0.1, 0.7), (0.2, 0.95))) for at in places]
    return m.canvas(name("canvas"), stops, rng.uniform(1.5, 5.0), rng.uniform(0.2, 1.2))
