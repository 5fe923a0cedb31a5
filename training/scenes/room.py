"""A furnished living room in the morning: sun through tall windows onto boards, a sofa, books,
plants.
"""

from __future__ import annotations

import books
import furniture as f
import geometry as g
import materials as m
import nature
import numpy as np
import studio

TITLE = "Furnished room"
CAPTION = (
    "a bright living room with a sofa, an armchair, a round coffee table on a patterned "
    "rug, a bookcase, "
    "plants and tall windows with curtains, morning sunlight on a wooden floor"
)
FLOOR = 0.0
WIDE, DEEP, TALL = 2.7, 5.7, 2.8
WINDOWS = ((1.55, 2.75), (3.35, 4.55))
SILL, HEAD = 0.32, 2.42


def build(variant: str) -> tuple[studio.View, studio.Look]:
    relit = variant == "relit"
    _shell(relit)
    _windows()
    _seats(relit, moved=variant == "moved")
    _shelves()
    _plants()
    _light(relit)
    view = studio.View(1024, 768, 23.5, (1.25, 0.22, 1.4), yaw=-13, rise=-0.055, near=0.6, far=14.0)
    return view, studio.Look(exposure=0.35 if relit else 0.55)


def _shell(relit: bool) -> None:
    boards = m.planks("boards", ("#6b4a2e", "#9c734a", "#c49a6c"))
    g.box("floor", (2 * WIDE, DEEP + 0.4, 0.1), (0, DEEP / 2, -0.1), boards, edge=0)
    paint = m.plaster("wall", "#c4a58e" if relit else "#b9c2b1", 0.0006, 0.06)
    white = m.plaster("white", "#e9e6df", 0.0005, 0.05)
    trim = m.plain("trim", "#efece5", 0.35)
    g.box("back", (2 * WIDE, 0.2, TALL), (0, DEEP + 0.1, 0), paint, edge=0)
    g.box("right", (0.2, DEEP + 0.4, TALL), (WIDE + 0.1, DEEP / 2, 0), white, edge=0)
    g.box("front", (2 * WIDE, 0.2, TALL), (0, -0.3, 0), white, edge=0)
    g.box("ceiling", (2 * WIDE + 0.4, DEEP + 0.8, 0.2), (0, DEEP / 2, TALL), white, edge=0)
    for y0, y1, z0, z1 in _piers():
        g.box(
            "pier", (0.32, y1 - y0, z1 - z0), (-WIDE - 0.16, (y0 + y1) / 2, z0), white, edge=0.004
        )
    for at, size in (
        ((0, DEEP - 0.008), (2 * WIDE, 0.016)),
        ((WIDE - 0.008, DEEP / 2), (0.016, DEEP)),
        ((-WIDE + 0.008, DEEP / 2), (0.016, DEEP)),
    ):
        g.box("skirting", (*size, 0.13), (*at, 0), trim, edge=0.005)
        g.box(
            "cornice", (size[0] + 0.05, size[1] + 0.05, 0.07), (*at, TALL - 0.07), trim, edge=0.02
        )


def _piers() -> list[tuple[float, float, float, float]]:
    """The left wall's pieces round its windows as (y0, y1, z0, z1)."""
    pieces = []
    start = -0.2
    for y0, y1 in WINDOWS:
        pieces += [(start, y0, 0, TALL), (y0, y1, 0, SILL), (y0, y1, HEAD, TALL)]
        start = y1
    return [*pieces, (start, DEEP + 0.2, 0, TALL)]


def _windows() -> None:
    trim = m.plain("frame", "#f1eee8", 0.3)
    brass = m.plain("brass", "#b08a4a", 0.28, Metallic=1.0)
    linen = m.curtain("linen", "#d9cdb9", 0.35)
    sheer = m.curtain("sheer", "#f4f0e8", 0.6)
    for index, (y0, y1) in enumerate(WINDOWS):
        middle, wide = (y0 + y1) / 2, y1 - y0
        x = -WIDE - 0.2
        g.box("board", (0.3, wide, 0.03), (-WIDE - 0.1, middle, SILL), trim, edge=0.006)
        for y in (y0 + 0.03, middle, y1 - 0.03):
            g.box("stile", (0.06, 0.06, HEAD - SILL), (x, y, SILL), trim, edge=0.006)
        for z in (SILL + 0.03, SILL + 1.45, HEAD - 0.06):
            g.box("rail", (0.055, wide, 0.05), (x, middle, z), trim, edge=0.006)
        g.tube(
            "rod", [(-WIDE + 0.1, y0 - 0.38, 2.56), (-WIDE + 0.1, y1 + 0.38, 2.56)], 0.013, brass
        )
        for side, y in ((0, y0 - 0.12), (1, y1 + 0.12)):
            f.drapes((-WIDE + 0.1, y, 2.55), 90, (0.42, 2.52), linen, 10 * index + side, 5.0)
        f.drapes((-WIDE - 0.04, y1 - 0.14, 2.4), 90, (0.3, 2.0), sheer, 40 + index, 5.0)


def _seats(relit: bool, moved: bool) -> None:
    cloth = m.fabric("sofa", "#7b3f35" if relit else "#5f7480", 0.005)
    oak = m.wood("oak", "#6d4a2c", "#a9794a", "z", 0.35)
    table = m.wood("table", "#5a3b24", "#8a5f3b", "x", 0.28)
    f.sofa((-0.55, DEEP - 0.62, 0), 0, 2.35, cloth, oak)
    if not moved:
        f.armchair((1.62, 3.35, 0), -58, m.fabric("ochre", "#b9823a", 0.005), oak)
    half = (1.55, 1.05)
    pile = m.rug("rug", "#d8c8ad", "#7c3b30", "#2f4a5c", half)
    g.box("rug", (2 * half[0], 2 * half[1], 0.012), (-0.3, 3.25, 0), pile, (0, 0, 2), 0.005)
    f.round_table((-0.35, 3.4, 0.012), 0.5, 0.4, table, oak)
    f.round_table((-1.98, DEEP - 0.6, 0), 0.24, 0.52, table, oak)
    tones = (("pillow-a", "#c98a3a"), ("pillow-b", "#e3d8c5"), ("pillow-c", "#8c4a36"))
    for (name, tone), x, turn in zip(
        tones, (-1.38, -1.05, 0.26), ((-22, 8, 12), (-26, -5, -6), (-22, -10, -14)), strict=True
    ):
        f_cloth = m.fabric(name, tone, 0.004)
        g.pillow("pillow", 0.44, 0.17, (x, DEEP - 0.78, 0.47), f_cloth, turn)
    _throw()
    _table_things()
    _pendant()


def _throw() -> None:
    wool = m.fabric("wool", "#d6c4a4", 0.007, 0.8)
    wrap = g.sheet(
        "throw",
        lambda u, v: (0.62 * u + 0.1 * v, 1.3 * v, 0.03 * np.sin(6 * u)),
        (40, 84),
        wool,
        (-0.62, DEEP - 1.28, 1.0),
    )
    supports = [
        thing
        for thing in g.meshes()
        if thing.name.split(".")[0] in {"seat", "rest", "frame", "back", "floor"}
    ]
    g.drape(wrap, supports, 55)


def _table_things() -> None:
    random = np.random.default_rng(3)
    covers = _covers()
    paper = m.plain("paper", "#e8dfca", 0.8)
    books.stack((-0.5, 3.3, 0.412), covers, paper, random, 3)
    glaze = m.plain("glaze", "#d9d2c4", 0.25, Coat_Weight=0.4)
    dark = m.plain("stoneware", "#3f4a4c", 0.3, Coat_Weight=0.3)
    f.ceramic("vase", f.VASE, (-0.2, 3.58, 0.412), glaze)
    stem, olive = m.plain("twig", "#5b4a33", 0.7), m.leaf("olive", "#4c6040", "#8a9b6e")
    nature.twigs((-0.2, 3.58, 0.72), 0.42, olive, stem, 4)
    f.ceramic("bowl", f.BOWL, (-0.1, 3.2, 0.412), dark)
    fruit = m.plain("orange", "#d9822b", 0.42)
    for x, y in ((-0.13, 3.18), (-0.06, 3.22), (-0.11, 3.25)):
        g.cushion("orange", (0.075, 0.075, 0.07), (x, y, 0.452), fruit, power=2.05)
    brass, shade = (
        m.plain("lamp", "#a9823f", 0.25, Metallic=1.0),
        m.curtain("shade", "#f3dfbe", 0.65),
    )
    f.ceramic(
        "foot",
        [(0, 0), (0.07, 0), (0.085, 0.05), (0.05, 0.16), (0.02, 0.22), (0.0, 0.22)],
        (-1.98, DEEP - 0.6, 0.52),
        dark,
    )
    f.lamp_shade((-1.98, DEEP - 0.6, 0.76), 0.15, 0.2, shade)
    studio.bulb((-1.98, DEEP - 0.6, 0.86), 9)
    f.floor_lamp((0.98, DEEP - 0.4, 0), 1.6, brass, shade)
    studio.bulb((0.98, DEEP - 0.4, 1.68), 14)


def _pendant() -> None:
    cane = m.fabric("cane", "#b48a55", 0.009, 0.0)
    cord = m.plain("cord", "#2a2622", 0.6)
    dome = [
        (0.05, 0.2),
        (0.16, 0.17),
        (0.25, 0.08),
        (0.28, 0.0),
        (0.272, 0.0),
        (0.24, 0.075),
        (0.15, 0.16),
        (0.05, 0.19),
    ]
    f.ceramic("pendant", dome, (-0.35, 3.4, 2.08), cane)
    g.tube("cord", [(0, 0, 0.1), (0, 0, TALL - 2.08)], 0.004, cord, (-0.35, 3.4, 2.08))
    studio.bulb((-0.35, 3.4, 2.1), 6)


def _covers() -> list[m.bpy.types.Material]:
    tones = (
        "#7a2f2a",
        "#1f3a4d",
        "#c9b58c",
        "#3d5a45",
        "#d8d2c3",
        "#22201f",
        "#a8662e",
        "#5d6d7a",
        "#8c3b4a",
        "#e2c37a",
    )
    return [m.plain(f"cover-{tone}", tone, 0.55) for tone in tones]


def _shelves() -> None:
    timber = m.wood("walnut", "#4a3120", "#7c5435", "z", 0.35)
    paper = m.plain("pages", "#e6dcc6", 0.85)
    books.bookcase((1.98, DEEP - 0.17, 0), 0, (1.15, 0.32, 2.1), timber, _covers(), paper, 8)
    frame, mat = m.wood("pine", "#3a2a1e", "#5c442f", "z", 0.4), m.plain("mat", "#ece6da", 0.8)
    dusk = [
        (0.0, "#24364a"),
        (0.35, "#4a6a7c"),
        (0.5, "#d9a871"),
        (0.62, "#e8cfa6"),
        (1.0, "#7d9bb0"),
    ]
    hills = [
        (0.0, "#3c4a35"),
        (0.4, "#7c8a5a"),
        (0.55, "#c9b98a"),
        (0.7, "#d6d9cf"),
        (1.0, "#9fb4bd"),
    ]
    fields = [
        (0.0, "#5a2f27"),
        (0.3, "#b5653a"),
        (0.45, "#e4c9a0"),
        (0.6, "#3d5560"),
        (1.0, "#d9cdb8"),
    ]
    f.image((-1.02, DEEP, 1.26), 0, (0.66, 0.86), frame, mat, m.canvas("dusk", dusk, 3.0, 0.5))
    f.image((WIDE, 4.3, 1.1), -90, (0.9, 1.2), frame, mat, m.canvas("fields", fields, 2.2, 0.9))
    f.image((-0.1, DEEP, 1.4), 0, (0.86, 0.62), frame, mat, m.canvas("hills", hills, 4.0, 0.4))


def _plants() -> None:
    clay, soil = m.plaster("clay", "#a8623f", 0.002, 0.2), m.plaster("soil", "#2c2119", 0.01)
    stem, broad = m.plain("stem", "#4d5a34", 0.6), m.leaf("broad", "#1f3d1f", "#4a7038")
    fern = m.leaf("fern", "#2f5526", "#6b8f40")
    f.ceramic("pot", f.POT, (-2.2, 4.98, 0), clay)
    g.lathe("soil", [(0, 0.25), (0.14, 0.25), (0, 0.26)], (-2.2, 4.98, 0.005), soil)
    nature.house_plant((-2.2, 4.98, 0.25), 1.25, broad, stem, 5)
    basket = m.fabric("basket", "#b08d5c", 0.012, 0.0)
    f.ceramic("basket", [(r * 1.15, z * 1.1) for r, z in f.POT], (-2.12, 3.05, 0), basket)
    g.lathe("soil", [(0, 0.28), (0.16, 0.28), (0, 0.29)], (-2.12, 3.05, 0.0), soil)
    nature.palm((-2.12, 3.05, 0.28), 1.25, fern, stem, 2)


def _light(relit: bool) -> None:
    if relit:
        studio.surround("#20304a", 0.6)
        for y0, y1 in WINDOWS:
            studio.panel(
                (-WIDE - 0.45, (y0 + y1) / 2, 1.5), (0.5, 3.0, 0.8), (1.2, 2.1), 30, "#8fb0e0"
            )
        studio.panel((0.4, 2.6, TALL - 0.05), (0.4, 2.6, 0), (1.6, 1.6), 60, "#ffc890")
        return
    studio.surround("#dfeaf5", 5.0)
    studio.sun(33, -62, 16.0, "#ffdcb0", 0.8)
    for y0, y1 in WINDOWS:
        studio.panel(
            (-WIDE - 0.4, (y0 + y1) / 2, 1.45),
            (0.5, (y0 + y1) / 2, 1.0),
            (1.15, 2.0),
            75,
            "#e8f1ff",
        )
    studio.panel((0.8, 0.0, 2.0), (-0.2, 4.5, 0.9), (2.0, 1.2), 14, "#fff4e6")
