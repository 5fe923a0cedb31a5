"""Books: standing, leaning, in stacks, and the case that holds them."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import geometry as g
import numpy as np

Material = bpy.types.Material


def bookcase(
    at: g.Point,
    turn: float,
    size: tuple[float, float, float],
    timber: Material,
    covers: Sequence[Material],
    paper: Material,
    seed: int,
    shelves: int = 5,
) -> None:
    """Open shelves facing -y, filled with rows, stacks and leaning books and a few gaps."""
    random = np.random.default_rng(seed)
    wide, deep, tall = size
    board = 0.026
    inner = wide - 2 * board
    pitch = (tall - board) / shelves
    side, back = (board, deep, tall), (inner, 0.012, tall)
    parts = [
        g.box("side", side, (s * (wide - board) / 2, 0, 0), timber, edge=0.003) for s in (-1, 1)
    ]
    parts.append(g.box("back", back, (0, deep / 2 - 0.006, 0), timber, edge=0.001))
    for level in range(shelves + 1):
        place = (0, 0, level * pitch)
        parts.append(g.box("shelf", (inner, deep - 0.01, board), place, timber, edge=0.003))
    for level in range(shelves):
        room = (inner, pitch - board, level * pitch + board)
        parts += _row(room, covers, paper, random)
    g.group(parts, at, turn)


def _row(
    room: tuple[float, float, float],
    covers: Sequence[Material],
    paper: Material,
    random: np.random.Generator,
) -> list[g.Object]:
    """Books for one shelf; `room` is its inner width and height and the height it stands at."""
    wide, tall, floor = room
    x, end = -wide / 2 + 0.004, wide / 2 - 0.02
    fill = x + (end - x) * random.uniform(0.62, 0.96)
    made: list[g.Object] = []
    while x < fill:
        thick, high = random.uniform(0.016, 0.05), random.uniform(0.6, 0.86) * tall
        lean = random.choice([0, 0, 0, 0, 0, 9]) if x > -wide / 4 - 0.013 else 0
        size = (thick, random.uniform(0.13, 0.2), high)
        place = (x + thick / 2 + lean * 0.003, -0.03, floor)
        made += book(size, place, covers, paper, random, (0, lean, 0))
        x += thick + 0.0015 + lean * 0.004
    if end - x > 0.16:
        made += stack((x + 0.12, -0.02, floor), covers, paper, random, 3)
    return made


def book(
    size: g.Point,
    at: g.Point,
    covers: Sequence[Material],
    paper: Material,
    random: np.random.Generator,
    turn: g.Point = (0, 0, 0),
) -> list[g.Object]:
    """A standing book with its spine towards -y."""
    cover = covers[int(random.integers(len(covers)))]
    wide, deep, high = size
    made = [g.box("spine", (wide, deep, high), at, cover, turn, 0.0025)]
    if wide > 0.024:
        band = covers[int(random.integers(len(covers)))]
        made.append(
            g.box(
                "band",
                (wide * 1.01, deep * 1.005, high * 0.12),
                (at[0], at[1], at[2] + high * 0.7),
                band if not turn[1] else cover,
                edge=0.0005,
            )
        )
    made.append(
        g.box(
            "pages",
            (wide * 0.8, deep * 0.96, high * 0.98),
            (at[0], at[1] - 0.0, at[2] + high * 0.03),
            paper,
            turn,
            0.0,
        )
    )
    return made


def stack(
    at: g.Point,
    covers: Sequence[Material],
    paper: Material,
    random: np.random.Generator,
    count: int,
) -> list[g.Object]:
    """Books lying on each other, each turned a little."""
    made: list[g.Object] = []
    z = at[2]
    for _ in range(count):
        size = (random.uniform(0.15, 0.2), random.uniform(0.2, 0.27), random.uniform(0.018, 0.034))
        turn = (0, 0, float(random.uniform(-14, 14)))
        cover = covers[int(random.integers(len(covers)))]
        place = (at[0], at[1], z)
        made.append(g.box("lower", (size[0], size[1], 0.003), place, cover, turn, 0.0012))
        made.append(
            g.box(
                "pages",
                (size[0] - 0.008, size[1] - 0.01, size[2] - 0.006),
                (at[0], at[1], z + 0.003),
                paper,
                turn,
                0.001,
            )
        )
        made.append(
            g.box(
                "upper",
                (size[0], size[1], 0.003),
                (at[0], at[1], z + size[2] - 0.003),
                cover,
                turn,
                0.0012,
            )
        )
        z += size[2]
    return made
