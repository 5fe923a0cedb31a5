"""Furniture on the floor at the frame's origin: x is the width, the front looks at -y, metres."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from . import materials as m
from .clutter import small_thing, standing_books
from .meshes import LATHES
from .scene import Material, Scene

__all__ = ["FLOOR_PIECES", "WALL_PIECES", "bookcase", "chair", "sofa", "table"]


def _legs(scene: Scene, rng: random.Random, w: float, d: float, h: float, mat: Material) -> None:
    t = rng.uniform(0.025, 0.08)
    mesh = rng.choice(["box", "box", "cylinder", f"lathe{rng.randrange(LATHES)}"])
    for sx in (-1, 1):
        for sy in (-1, 1):
            scene.add(mesh, (sx * (w / 2 - t), sy * (d / 2 - t), h / 2), (t, t, h), mat)


def table(scene: Scene, rng: random.Random, size: tuple[float, float, float] | None = None) -> None:
    """Dining table, desk, coffee table or round table, often laid with things."""
    w, d, h = size or (
        rng.uniform(0.6, 2.4),
        rng.uniform(0.5, 1.2),
        rng.choice([rng.uniform(0.35, 0.5), rng.uniform(0.68, 0.8), 0.74]),
    )
    mat = rng.choice([m.wood, m.wood, m.plain, m.stone, m.metal])(rng)
    t = rng.uniform(0.02, 0.06)
    if rng.random() < 0.25:
        d = w = min(w, 1.4)
        scene.add("cylinder", (0, 0, h - t / 2), (w, d, t), mat)
        scene.add(f"lathe{rng.randrange(LATHES)}", (0, 0, h / 2), (w * 0.3, d * 0.3, h - t), mat)
    else:
        scene.box((0, 0, h - t / 2), (w, d, t), mat)
        _legs(scene, rng, w * 0.95, d * 0.95, h - t, mat)
        if rng.random() < 0.25:
            side = rng.choice([-1, 1])
            scene.box((side * w * 0.3, 0, h * 0.55), (w * 0.3, d * 0.85, h * 0.8), mat)
    for _ in range(rng.choice([0, 1, 3, 6, 10])):
        with scene.at(
            (rng.uniform(-0.42, 0.42) * w, rng.uniform(-0.4, 0.4) * d, h), rng.uniform(0, 6.28)
        ):
            small_thing(scene, rng)


def chair(scene: Scene, rng: random.Random) -> None:
    w, d = rng.uniform(0.38, 0.6), rng.uniform(0.4, 0.6)
    seat, back = rng.uniform(0.4, 0.5), rng.uniform(0.35, 0.7)
    frame = rng.choice([m.wood, m.wood, m.metal, m.plastic])(rng)
    pad = rng.choice([frame, m.fabric(rng), m.leather(rng)])
    _legs(scene, rng, w, d, seat, frame)
    scene.soft((0, 0, seat), (w, d, rng.uniform(0.04, 0.14)), pad, rng.choice([4.0, 8.0]))
    y = d / 2 - 0.02
    style = rng.randrange(4)
    for sx in (-1, 1):
        if style != 3:
            scene.rod(
                (sx * (w / 2 - 0.03), y, seat),
                (sx * (w / 2 - 0.03), y + 0.06, seat + back),
                0.035,
                frame,
            )
        if rng.random() < 0.3:
            scene.box((sx * w / 2, 0, seat + 0.22), (0.05, d * 0.9, 0.04), frame)
            scene.rod(
                (sx * w / 2, -d * 0.4, seat), (sx * w / 2, -d * 0.4, seat + 0.22), 0.035, frame
            )
    if style == 0:
        for i in range(rng.randint(3, 6)):
            scene.box((0, y + 0.03, seat + back * (0.25 + 0.15 * i)), (w * 0.9, 0.02, 0.04), frame)
    elif style == 1:
        for i in range(5):
            x = (i - 2) * w * 0.18
            scene.rod((x, y, seat), (x, y + 0.05, seat + back), 0.02, frame)
        scene.box((0, y + 0.05, seat + back), (w, 0.03, 0.07), frame)
    else:
        power = rng.choice([2.2, 4.0, 9.0])
        scene.add(
            "ball",
            (0, y + 0.03, seat + back * 0.62),
            (w * 0.95, 0.07, back * 0.8),
            pad,
            (0, 0, -0.1),
            (power, 0, 0, 0),
        )
        if power < 3:
            scene.add(
                "torus",
                (0, y + 0.035, seat + back * 0.62),
                (w, back * 0.86, 0.4),
                frame,
                (0, 0, math.pi / 2),
            )


def sofa(scene: Scene, rng: random.Random) -> None:
    w, d, seat = rng.uniform(0.8, 2.6), rng.uniform(0.75, 1.05), rng.uniform(0.36, 0.48)
    back, arm = rng.uniform(0.3, 0.55), rng.uniform(0.08, 0.25)
    mat = rng.choice([m.fabric, m.leather, m.plain])(rng)
    power = rng.choice([5.0, 8.0, 12.0])
    scene.soft((0, 0, seat / 2), (w, d, seat), mat, 10.0)
    scene.soft((0, d / 2 - 0.12, seat + back / 2 - 0.1), (w, 0.24, back + 0.2), mat, power)
    for sx in (-1, 1):
        scene.soft((sx * (w / 2 - arm / 2), 0, seat * 0.75), (arm, d, seat + 0.35), mat, power)
    n = max(1, round(w / 0.75))
    for i in range(n):
        x = (i - (n - 1) / 2) * (w - 2 * arm) / n
        scene.soft((x, -0.08, seat + 0.05), ((w - 2 * arm) / n, d - 0.2, 0.17), mat, 5.0)
        if rng.random() < 0.5:
            s = rng.uniform(0.3, 0.5)
            scene.add(
                "ball",
                (x, d / 2 - 0.32, seat + s * 0.55),
                (s, 0.18, s),
                m.fabric(rng),
                (rng.gauss(0, 0.3), 0, -0.3),
                (3.5, 0, 0, 0),
            )
    if rng.random() < 0.25:
        scene.add(
            "cloth",
            (rng.uniform(-0.3, 0.3) * w, -0.1, seat + 0.15),
            (0.7, 0.7, 0.1),
            m.fabric(rng),
            shape=(1, 3, 0, 0.08),
        )


def _bed(scene: Scene, rng: random.Random) -> None:
    w, length, h = rng.uniform(0.9, 2.0), rng.uniform(1.9, 2.15), rng.uniform(0.4, 0.65)
    frame, sheet, cover = m.wood(rng), m.fabric(rng), m.fabric(rng)
    scene.box((0, 0, h * 0.3), (w, length, h * 0.6), frame)
    scene.soft((0, 0, h * 0.75), (w * 0.97, length * 0.97, h * 0.5), sheet, 10.0)
    scene.add(
        "ball",
        (0, -length * 0.14, h * 0.85),
        (w * 1.04, length * 0.7, h * 0.45),
        cover,
        shape=(7.0, 0, 0, 0.06),
    )
    scene.box((0, length / 2, h), (w * 1.03, 0.06, h * 1.2), frame)
    for i in range(1 if w < 1.2 else 2):
        x = 0.0 if w < 1.2 else (i - 0.5) * w * 0.5
        scene.add(
            "ball",
            (x, length * 0.36, h * 1.08),
            (0.6, 0.4, 0.2),
            rng.choice([sheet, m.fabric(rng)]),
            shape=(3.0, 0, 0, 0.1),
        )


def _cabinet(scene: Scene, rng: random.Random) -> None:
    w, d = rng.uniform(0.4, 2.0), rng.uniform(0.35, 0.65)
    h = rng.choice([rng.uniform(0.4, 1.0), rng.uniform(0.8, 1.2), rng.uniform(1.7, 2.3)])
    mat = rng.choice([m.wood, m.plain, m.paint, m.metal])(rng)
    scene.box((0, 0, h / 2), (w, d, h), mat)
    columns, rows = max(1, round(w / 0.5)), rng.choice([1, 1, 2, 3, 4])
    face = (
        m.plain(rng, m.shade(mat.first, rng.uniform(0.8, 1.2)), mat.gloss)
        if rng.random() < 0.4
        else mat
    )
    handle = m.metal(rng)
    for i in range(columns):
        for j in range(rows):
            x, z = (i + 0.5) / columns * w - w / 2, (j + 0.5) / rows * (h - 0.08) + 0.06
            scene.box(
                (x, -d / 2 - 0.008, z), (w / columns - 0.012, 0.02, (h - 0.08) / rows - 0.012), face
            )
            scene.box(
                (x + (0 if rows > 1 else w / columns * 0.38), -d / 2 - 0.03, z),
                (0.1, 0.02, 0.015) if rows > 1 else (0.015, 0.02, 0.12),
                handle,
            )
    if h < 1.3:
        for _ in range(rng.choice([0, 2, 5])):
            with scene.at(
                (rng.uniform(-0.4, 0.4) * w, rng.uniform(-0.2, 0.2) * d, h), rng.gauss(0, 0.4)
            ):
                small_thing(scene, rng)


def bookcase(
    scene: Scene,
    rng: random.Random,
    size: tuple[float, float] | None = None,
    full: float | None = None,
) -> None:
    """Open shelves; each compartment is empty, a row of books or clutter."""
    w, h = size or (rng.uniform(0.5, 2.0), rng.uniform(0.9, 2.4))
    d = rng.uniform(0.22, 0.42)
    mat = rng.choice([m.wood, m.wood, m.paint, m.metal])(rng)
    t = rng.uniform(0.015, 0.04)
    columns, rows = (
        max(1, round(w / rng.uniform(0.35, 0.9))),
        max(2, round(h / rng.uniform(0.28, 0.45))),
    )
    if rng.random() < 0.8:
        scene.box((0, d / 2 - 0.005, h / 2), (w, 0.01, h), mat)
    for i in range(columns + 1):
        scene.box(((i / columns - 0.5) * w, 0, h / 2), (t, d, h), mat)
    for j in range(rows + 1):
        scene.box((0, 0, t / 2 + j / rows * (h - t)), (w, d, t), mat)
    fill = rng.uniform(0.2, 1.0) if full is None else full
    cell_w, cell_h = w / columns - t, (h - t) / rows - t
    for i in range(columns):
        for j in range(rows):
            if rng.random() < fill:
                with scene.at(((i / columns - 0.5) * w + t / 2, 0, t + j / rows * (h - t))):
                    _fill_cell(scene, rng, cell_w, cell_h, d)


def _fill_cell(scene: Scene, rng: random.Random, w: float, h: float, d: float) -> None:
    roll = rng.random()
    if roll < 0.45:
        standing_books(scene, rng, w * rng.uniform(0.3, 1.0), h, d)
    elif roll < 0.6:
        scene.box((w / 2, 0.02, h * 0.4), (w * 0.97, d * 0.7, h * 0.8), m.book_row(rng))
    elif roll < 0.75:
        s = min(w, h) * 0.8
        scene.box((w / 2, 0, s / 2), (s, d * 0.7, s), m.anything(rng), (rng.gauss(0, 0.1), 0, 0))
    else:
        with scene.at((w * rng.uniform(0.3, 0.7), 0, 0), scale=min(1.0, h / 0.4)):
            small_thing(scene, rng)


def _wall_shelves(scene: Scene, rng: random.Random) -> None:
    w, mat = rng.uniform(0.5, 1.6), m.wood(rng)
    for _ in range(rng.randint(1, 3)):
        z = rng.uniform(1.0, 2.0)
        scene.box((0, 0, z), (w, 0.22, 0.03), mat)
        for _ in range(rng.randint(1, 5)):
            with scene.at((rng.uniform(-0.45, 0.45) * w, 0, z + 0.015), 0, 0.7):
                small_thing(scene, rng)


def _counter(scene: Scene, rng: random.Random) -> None:
    """Kitchen: base units, worktop, sink or hob, wall units."""
    w, base, top = rng.uniform(1.2, 3.2), m.paint(rng), m.stone(rng)
    scene.box((0, 0, 0.43), (w, 0.58, 0.86), base)
    scene.box((0, -0.01, 0.89), (w + 0.04, 0.63, 0.04), top)
    n = max(2, round(w / 0.6))
    for i in range(n):
        x = ((i + 0.5) / n - 0.5) * w
        scene.box((x, -0.3, 0.47), (w / n - 0.015, 0.02, 0.74), base)
        scene.box((x, -0.325, 0.78), (0.14, 0.02, 0.015), m.metal(rng))
        if rng.random() < 0.75:
            scene.box((x, 0.12, 1.85), (w / n - 0.01, 0.33, 0.75), base)
        if rng.random() < 0.5:
            with scene.at((x, rng.uniform(-0.15, 0.1), 0.91), rng.uniform(0, 6)):
                small_thing(scene, rng)


def _appliance(scene: Scene, rng: random.Random) -> None:
    w, h = rng.uniform(0.55, 0.95), rng.choice([0.85, 1.5, 1.85])
    mat = m.metal(rng) if rng.random() < 0.5 else m.plain(rng, (0.85, 0.85, 0.85), 0.5)
    scene.soft((0, 0, h / 2), (w, 0.65, h), mat, 14.0)
    split = rng.uniform(0.3, 0.7) * h
    scene.box((0, -0.325, split), (w * 0.96, 0.02, 0.012), m.plain(rng, (0.02, 0.02, 0.02)))
    scene.box((w * 0.38, -0.36, split + 0.25 * h), (0.02, 0.03, h * 0.25), m.metal(rng))


def _floor_lamp(scene: Scene, rng: random.Random) -> None:
    h = rng.uniform(1.3, 1.9)
    scene.add("cylinder", (0, 0, 0.015), (0.3, 0.3, 0.03), m.metal(rng))
    scene.rod((0, 0, 0), (0, 0, h), 0.03, m.metal(rng))
    mat = m.glow(rng, rng.uniform(0.3, 3)) if rng.random() < 0.5 else m.fabric(rng)
    scene.add("cylinder", (0, 0, h), (0.4, 0.4, 0.3), mat, shape=(2, rng.uniform(-0.7, 0.1), 0, 0))


def _stool(scene: Scene, rng: random.Random) -> None:
    h, w = rng.uniform(0.4, 0.8), rng.uniform(0.3, 0.5)
    mat = rng.choice([m.wood, m.fabric, m.plastic, m.leather])(rng)
    if rng.random() < 0.5:
        scene.soft((0, 0, h / 2), (w, w, h), mat, rng.uniform(2.5, 9))
        return
    scene.add("cylinder", (0, 0, h), (w, w, 0.05), mat)
    _legs(scene, rng, w * 0.8, w * 0.8, h, mat)


def _heap(scene: Scene, rng: random.Random) -> None:
    """Boxes, bags and baskets left on the floor."""
    for _ in range(rng.randint(1, 4)):
        s = rng.uniform(0.2, 0.6)
        pos = (rng.gauss(0, 0.25), rng.gauss(0, 0.25), s * 0.4)
        size = (s, s * rng.uniform(0.5, 1.2), s * 0.8)
        if rng.random() < 0.5:
            scene.box(
                pos,
                size,
                rng.choice([m.plain, m.paper, m.poster, m.wood])(rng),
                (rng.uniform(0, 6), 0, 0),
            )
        else:
            scene.soft(pos, size, rng.choice([m.fabric, m.leather])(rng), rng.uniform(2, 5), 0.25)


def _office_chair(scene: Scene, rng: random.Random) -> None:
    mat, dark = m.fabric(rng), m.plain(rng, (0.02, 0.02, 0.02), 0.4)
    for i in range(5):
        a = i * 1.2566
        scene.rod((0, 0, 0.1), (0.3 * math.cos(a), 0.3 * math.sin(a), 0.05), 0.04, dark)
    scene.rod((0, 0, 0.1), (0, 0, 0.45), 0.05, dark)
    scene.soft((0, 0, 0.48), (0.5, 0.5, 0.1), mat, 4.0)
    scene.add("ball", (0, 0.25, 0.85), (0.46, 0.08, 0.6), mat, (0, 0, -0.1), (4.0, 0, 0, 0))


Maker = Callable[[Scene, random.Random], None]
WALL_PIECES: tuple[tuple[Maker, float, float], ...] = (
    (sofa, 3, 1.0),
    (_bed, 2, 1.1),
    (_cabinet, 4, 0.5),
    (bookcase, 4, 0.5),
    (_counter, 1.2, 1.3),
    (_appliance, 1, 0.45),
    (_wall_shelves, 1, 0.5),
    (table, 1.5, 0.8),
)
FLOOR_PIECES: tuple[tuple[Maker, float, float], ...] = (
    (table, 3, 0.9),
    (chair, 6, 0.35),
    (sofa, 2, 1.0),
    (_stool, 1.5, 0.3),
    (_heap, 2, 0.5),
    (_office_chair, 1.2, 0.35),
    (_floor_lamp, 1, 0.25),
    (_cabinet, 0.5, 0.6),
)
