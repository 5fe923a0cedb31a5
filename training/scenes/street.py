"""A city street in the sun: shops, parked cars, trees, a crossing, people on the pavement."""

from __future__ import annotations

import facade
import figure
import geometry as g
import materials as m
import nature
import numpy as np
import pavement
import studio
import vehicles
from facade import House

TITLE = "Street"
CAPTION = (
    "a sunny city street with brick and plaster houses, shops with striped awnings, parked "
    "cars, street trees, "
    "lamps, a bicycle, a zebra crossing and people walking on the pavement"
)
FLOOR = 0.0
KERB, FRONT, LONG = 4.3, 7.6, 112.0
PAVEMENT = 0.14

LEFT = (
    House(8.4, 3, 4, "cream", "green paint", "#2f5a48"),
    House(6.6, 4, 3, "red brick", "black paint"),
    House(9.0, 3, 4, "ochre", "navy paint", "#a8392f"),
    House(7.2, 4, 3, "grey", "oxblood paint", None, True),
    House(8.6, 3, 4, "yellow brick", "teal paint", "#2b4f63"),
    House(6.8, 4, 3, "rose", "green paint", None, True),
    House(9.2, 3, 4, "dark brick", "black paint"),
    House(8.0, 4, 4, "cream", "navy paint"),
    House(8.0, 3, 3, "red brick", "green paint"),
    House(9.0, 4, 4, "blue", "oxblood paint"),
    House(8.0, 3, 3, "cream", "black paint"),
    House(9.0, 4, 4, "yellow brick", "navy paint"),
    House(9.0, 3, 4, "grey", "teal paint"),
)
RIGHT = (
    House(7.6, 3, 3, "dark brick", "navy paint", "#c08a2e"),
    House(8.8, 3, 4, "blue", "oxblood paint", None, True),
    House(6.8, 2, 3, "cream", "teal paint", "#7a2f2a"),
    House(8.4, 3, 4, "red brick", "green paint"),
    House(7.4, 3, 3, "rose", "black paint"),
    House(9.0, 2, 4, "yellow brick", "navy paint"),
    House(7.8, 3, 3, "ochre", "green paint"),
    House(8.6, 3, 4, "grey", "oxblood paint"),
    House(8.0, 3, 3, "cream", "navy paint"),
    House(9.0, 3, 4, "red brick", "black paint"),
    House(8.0, 3, 3, "blue", "green paint"),
    House(9.0, 3, 4, "cream", "teal paint"),
    House(9.0, 3, 4, "dark brick", "navy paint"),
)


def build(variant: str) -> tuple[studio.View, studio.Look]:
    relit = variant == "relit"
    paints = facade.palette(relit)
    _ground()
    _rows(paints)
    _traffic(relit, moved=variant == "moved")
    _trees()
    pavement.lamps(PAVEMENT, paints["iron"])
    pavement.cafe(PAVEMENT)
    pavement.planters(PAVEMENT)
    _people()
    if relit:
        studio.sky(4, -60, 0.05, 3.0)
        studio.sun(9, -28, 3.0, "#ff9a5a", 1.0)
    else:
        studio.sky(48, 128, 0.2, 6.0)
        studio.sun(48, 128, 11.0, "#fff0d8", 0.6)
    view = studio.View(1024, 768, 27, (1.35, -2.2, 1.68), yaw=-5, rise=0.07, near=1.0, far=400.0)
    return view, studio.Look(
        exposure=0.7 if relit else 0.1, haze=0.0018, haze_color="#e8b48a" if relit else "#bcd0e2"
    )


def _ground() -> None:
    asphalt = _asphalt()
    slabs = m.paving("slabs", ("#8f8a82", "#b3ada2"), (0.6, 0.6), roughness=0.85)
    granite = m.paving("granite", ("#8d8a86", "#a8a49e"), (1.0, 1.0))
    g.box("road", (2 * KERB, LONG + 60, 0.3), (0, LONG / 2, -0.3), asphalt, edge=0)
    for side in (-1, 1):
        g.box(
            "pavement",
            (FRONT - KERB + 0.6, LONG + 60, 0.3),
            (side * (KERB + 0.2 + (FRONT - KERB + 0.6) / 2), LONG / 2, PAVEMENT - 0.3),
            slabs,
            edge=0,
        )
        g.box(
            "kerb",
            (0.22, LONG + 60, 0.3),
            (side * (KERB + 0.1), LONG / 2, PAVEMENT - 0.3),
            granite,
            edge=0.02,
        )
        g.boxes(
            "gutter",
            [((0.3, LONG + 60, 0.302), (side * (KERB - 0.16), LONG / 2, -0.3))],
            granite,
            0,
        )
    paint = _road_paint()
    stripes = [((0.5, 3.4, 0.004), (x, 4.2, 0.0)) for x in np.arange(-3.75, 3.9, 1.0)]
    dashes = [((0.13, 2.2, 0.004), (0, y, 0.0)) for y in np.arange(9.5, LONG, 5.0)]
    stop = [((3.9, 0.3, 0.004), (2.1, 1.6, 0.0)), ((3.9, 0.3, 0.004), (-2.1, 6.9, 0.0))]
    g.boxes("markings", [*stripes, *dashes, *stop], paint, 0)
    iron = m.plain("manhole", "#3b3936", 0.5, Metallic=0.7)
    for x, y in ((0.9, 9.4), (-2.2, 17.0), (1.8, 27.0)):
        g.lathe(
            "manhole",
            [(0, 0), (0.33, 0), (0.33, 0.004), (0.29, 0.004), (0.285, 0.002), (0, 0.003)],
            (x, y, 0),
            iron,
            40,
        )


def _asphalt() -> m.bpy.types.Material:
    graph = m.Graph("asphalt")
    place = graph.coords()
    grit = graph.noise(place, 130.0, 3.0, 0.7)
    wear = graph.noise(graph.coords((1, 0.12, 1)), 0.9, 5.0, 0.6)
    tone = graph.mix(graph.span(wear, 0.0, 1.0), m.linear("#525150"), m.linear("#7b7772"))
    tone = graph.mix(graph.span(grit, 0.0, 0.5), tone, m.linear("#2e2e31"))
    graph.bump(grit, 0.006)
    return graph.finish(Base_Color=tone, Roughness=0.82)


def _road_paint() -> m.bpy.types.Material:
    graph = m.Graph("road paint")
    worn = graph.mix(
        0.5, graph.noise(graph.coords(), 6.0, 6.0, 0.7), graph.noise(graph.coords(), 60.0, 3.0)
    )
    tone = graph.mix(
        graph.span(worn, 0.0, 0.85, 0.5, 0.66), m.linear("#d9d7cf"), m.linear("#5b5a58")
    )
    return graph.finish(Base_Color=tone, Roughness=0.7)


def _rows(paints: dict[str, m.bpy.types.Material]) -> None:
    for side, row in ((-1, LEFT), (1, RIGHT)):
        y = -4.0 if side < 0 else -1.5
        for index, plan in enumerate(row):
            place = (side * FRONT, y + plan.wide / 2, PAVEMENT)
            facade.house(plan, place, -90 * side, paints, 10 * index + side + 1)
            y += plan.wide + 0.04
    for index, plan in enumerate(
        (
            House(9, 4, 4, "cream", "navy paint"),
            House(9, 3, 4, "red brick", "green paint"),
            House(10, 4, 5, "grey", "black paint"),
        )
    ):
        facade.house(plan, (-10 + 9.6 * index, LONG + 6, PAVEMENT), 0, paints, 90 + index)
    stone = paints["stone"]
    g.box("tower", (7, 7, 30), (-5, LONG + 40, 0), stone, edge=0.1)
    g.boxes(
        "belfry",
        [((1.2, 7.2, 4), (-5 + dx, LONG + 40, 23)) for dx in (-1.6, 1.6)],
        paints["inside"],
        0,
    )
    g.lathe(
        "spire",
        [(0, 0), (4.6, 0), (0.15, 17), (0, 17)],
        (-5, LONG + 40, 30),
        paints["slate"],
        8,
        (0, 0, 22.5),
    )


def _traffic(relit: bool, moved: bool) -> None:
    tones = ("#7a1620", "#c8ccd0", "#1f3a5c", "#20242a", "#d9d4c4", "#3d5a4a", "#9aa3a8", "#5a1f1a")
    paints = [
        m.plain(f"paint {tone}", tone, 0.28, Coat_Weight=1.0, Coat_Roughness=0.03, Metallic=0.25)
        for tone in tones
    ]
    if relit:
        paints = paints[3:] + paints[:3]
    left = (10.8, 16.6, 28.4, 34.0, 45.0, 51.0, 62.0)
    right = (9.6, 20.4, 26.0, 37.5, 43.0, 54.0, 66.0)
    for index, y in enumerate(left):
        pulled_out = moved and index == 0
        place = (0.2, 8.4, 0) if pulled_out else (-KERB + 1.12, y, 0)
        g.group(vehicles.car(paints[index % 8]), place, 0)
    for index, y in enumerate(right):
        g.group(vehicles.car(paints[(index * 3 + 1) % 8]), (KERB - 1.12, y, 0), 180)
    g.group(vehicles.car(paints[4]), (-1.75, 39.0, 0), 0)
    g.group(vehicles.bicycle(paints[2]), (-5.15, 8.2, PAVEMENT), 86)


def _trees() -> None:
    bark = m.wood("bark", "#2f251d", "#5a4a3c", "z", 0.9, 1.5)
    green = m.leaf("lime", "#2f5220", "#7d9a3c")
    made = nature.tree(7.0, 2.1, green, bark, 5, 8000)
    spots = [
        ((-5.0, y, PAVEMENT), y * 37.0, 0.9 + 0.12 * ((y * 7) % 3))
        for y in (13.6, 22.5, 31.3, 40.5, 49, 58, 68, 79, 90)
    ]
    spots += [
        ((5.0, y, PAVEMENT), y * 53.0, 0.92 + 0.1 * ((y * 5) % 3))
        for y in (6.6, 15.0, 23.4, 32, 41, 50, 60, 71, 83, 95)
    ]
    g.copies(made, spots)
    iron = m.plain("grate", "#2b2927", 0.6)
    for (x, y, z), _, _ in spots:
        g.box("grate", (1.1, 1.1, 0.012), (x, y, z), iron, edge=0.003)


def _people() -> None:
    outfits = (
        figure.Outfit("#2b3d55", "#1d2228", "#1f2226", "#b0863c"),
        figure.Outfit("#8a3d33", "#3a2018", "#2c2a33", "#d9cdb4"),
        figure.Outfit("#6d6a5c", "#26231e", "#2a2420", "#3f5a66"),
        figure.Outfit("#c2a77a", "#4a3a28", "#26303c", "#7c2f2f"),
    )
    spots = (
        ((-5.9, 7.4, PAVEMENT), 6, True),
        ((-6.3, 18.5, PAVEMENT), 176, False),
        ((6.55, 13.2, PAVEMENT), 4, False),
        ((-1.9, 4.6, 0), -88, True),
    )
    for outfit, (at, turn, luggage) in zip(outfits, spots, strict=True):
        figure.stand(at, turn, outfit, luggage)
