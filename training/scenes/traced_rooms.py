"""Random furnished rooms for training: rugs with borders under legs, seats, tables, shelves."""

from __future__ import annotations

import math
from random import Random

import bpy
import furniture as f
import geometry as g
import materials as m
import studio
import traced_palette as p
from traced_furniture import FURNITURE


class Floor:
    """The free places of a room's floor."""

    def __init__(self, rng: Random, wide: float, deep: float) -> None:
        self.rng, self.wide, self.deep = rng, wide, deep
        self.taken: list[tuple[float, float, float]] = []

    def take(self, x: float, y: float, radius: float) -> bool:
        """Whether a circle round a place is free and in the room; then it is taken."""
        inside = abs(x) < self.wide / 2 - radius and radius < y < self.deep - radius
        free = all(math.hypot(x - a, y - b) > radius + c for a, b, c in self.taken)
        if inside and free:
            self.taken.append((x, y, radius))
        return inside and free

    def find(self, radius: float, wall: bool = False) -> tuple[float, float, float] | None:
        """x, y and the turn in degrees of a free circle; by a wall its back is to that wall."""
        for _ in range(30):
            x = self.rng.uniform(-self.wide / 2 + radius, self.wide / 2 - radius)
            y = self.rng.uniform(radius, self.deep - radius)
            turn = self.rng.uniform(-180, 180)
            if wall:
                side = self.rng.choice(("back", "back", "right", "left"))
                if side == "back":
                    y, turn = self.deep - radius * 0.9, 0.0
                else:
                    sign = 1 if side == "right" else -1
                    x, turn = sign * (self.wide / 2 - radius * 0.9), -90.0 * sign
            if self.take(x, y, radius * 0.89):
                return x, y, turn
        return None


def room(rng: Random) -> list[studio.View]:
    """Builds a room and returns the cameras to look at it with."""
    wide, deep, tall = rng.uniform(3.4, 6.5), rng.uniform(4.0, 8.0), rng.uniform(2.4, 3.2)
    _shell(rng, wide, deep, tall)
    space = Floor(rng, wide, deep)
    corners = _rugs(rng, wide, deep)
    for x, y in corners:
        maker, radius, by_wall = rng.choice(FURNITURE)
        if rng.random() < 0.5 and not by_wall and space.take(x, y, radius):
            maker(rng, (x, y, 0.0), rng.uniform(-180, 180))
    for _ in range(rng.randint(5, 11)):
        maker, radius, by_wall = rng.choice(FURNITURE)
        if place := space.find(radius, by_wall):
            x, y, turn = place
            maker(rng, (x, y, 0.0), turn)
    _walls(rng, wide, deep, tall)
    _light(rng, wide, deep, tall)
    along = [_along(rng, corner, wide) for corner in corners if corner[1] > 1.0]
    cameras = [_camera(rng, wide, deep) for _ in range(16 - 2 * len(along))]
    cameras += along
    rng.shuffle(cameras)
    return cameras


def _shell(rng: Random, wide: float, deep: float, tall: float) -> None:
    ground = g.box("floor", (wide, deep, 0.1), (0, deep / 2, -0.1), p.floor(rng), edge=0)
    ground.rotation_euler[2] = rng.choice((0.0, math.pi)) if rng.random() < 0.7 else 0.0
    walls = p.wall(rng)
    other = p.wall(rng) if rng.random() < 0.4 else walls
    trim = p.paint(rng, pale=True)
    white = m.plaster(p.name("ceiling"), "#eeece6", 0.0005, 0.05)
    g.box("back", (wide, 0.2, tall), (0, deep + 0.1, 0), walls, edge=0)
    g.box("front", (wide, 0.2, tall), (0, -0.1, 0), other, edge=0)
    g.box("right", (0.2, deep, tall), (wide / 2 + 0.1, deep / 2, 0), other, edge=0)
    g.box("roof", (wide + 0.4, deep + 0.4, 0.2), (0, deep / 2, tall), white, edge=0)
    skirting = [
        ((wide, 0.02, 0.12), (0, deep - 0.01, 0)),
        ((0.02, deep, 0.12), (wide / 2 - 0.01, deep / 2, 0)),
        ((0.02, deep, 0.12), (-wide / 2 + 0.01, deep / 2, 0)),
    ]
    g.boxes("skirting", skirting, trim, 0)
    _window_wall(rng, wide, deep, tall, other, trim)


def _window_wall(
    rng: Random, wide: float, deep: float, tall: float, walls: p.Material, trim: p.Material
) -> None:
    """The left wall with one to three windows, sunlight and sky behind them."""
    count = rng.randint(1, 3)
    sill, head = rng.choice((0.05, 0.4, 0.9)), tall - rng.uniform(0.2, 0.5)
    pitch = deep / count
    opening = pitch * rng.uniform(0.4, 0.7)
    solid, bars = [], []
    x, start = -wide / 2 - 0.1, 0.0
    for index in range(count):
        y0, y1 = (index + 0.5) * pitch - opening / 2, (index + 0.5) * pitch + opening / 2
        middle = (y0 + y1) / 2
        solid += [((0.2, y0 - start, tall), (x, (start + y0) / 2, 0))]
        solid += [((0.2, opening, sill), (x, middle, 0))]
        solid += [((0.2, opening, tall - head), (x, middle, head))]
        start = y1
        for k in range(rng.randint(2, 4)):
            y = y0 + k * opening / 3
            bars.append(((0.06, 0.06, head - sill), (x, min(y, y1), sill)))
        bars.append(((0.06, opening, 0.06), (x, middle, sill + (head - sill) * 0.6)))
        watts = rng.uniform(30, 90) * opening
        at, toward = (x - 0.3, middle, (sill + head) / 2), (0.5, middle, 1.0)
        studio.panel(at, toward, (opening, head - sill), watts, "#e8f1ff")
        if rng.random() < 0.5:
            drape = m.curtain(p.name("drape"), p.tone(rng, (0.0, 0.5), (0.5, 0.95)), 0.35)
            for y in (y0 - 0.1, y1 + 0.1):
                hang = (rng.uniform(0.25, 0.5), head - 0.05)
                f.drapes((-wide / 2 + 0.1, y, head + 0.05), 90, hang, drape, rng.randrange(99), 4.0)
    solid.append(((0.2, deep - start, tall), (x, (start + deep) / 2, 0)))
    g.boxes("piers", [part for part in solid if min(part[0]) > 0.001], walls, 0)
    g.boxes("bars", bars, trim, 0)


def _rugs(rng: Random, wide: float, deep: float) -> list[tuple[float, float]]:
    """Lays rugs; returns the far corners of those that lie along the walls."""
    corners: list[tuple[float, float]] = []
    for index in range(rng.choice((0, 1, 1, 1, 2, 3))):
        half = (rng.uniform(0.5, wide * 0.4), rng.uniform(0.5, deep * 0.35))
        at = (rng.uniform(-0.3, 0.3) * wide, deep * rng.uniform(0.2, 0.75), 0.004 * index)
        turn = rng.choice((0.0, 0.0, 0.0, rng.uniform(-40, 40)))
        size = (2 * half[0], 2 * half[1], 0.012)
        made = g.box("rug", size, at, p.rug(rng, half), (0, 0, turn), 0)
        made["own"] = True
        if not turn:
            corners += [(at[0] + side * half[0], at[1] + half[1]) for side in (-1, 1)]
    return corners


def _walls(rng: Random, wide: float, deep: float, tall: float) -> None:
    """Images, mirrors and a door on the walls, a lamp from the ceiling."""
    for _ in range(rng.randint(0, 5)):
        size = (rng.uniform(0.3, 1.0), rng.uniform(0.3, 1.0))
        art, mat = p.canvas(rng), p.paint(rng, pale=True)
        if rng.random() < 0.15:
            art = mat = m.plain(p.name("mirror"), "#e8e8e8", 0.03, Metallic=1.0)
        before = set(bpy.data.objects)
        place: g.Point = (rng.uniform(-0.4, 0.4) * wide, deep, rng.uniform(1.0, 1.5))
        turn = 0.0
        if rng.random() < 0.4:
            place, turn = (wide / 2, rng.uniform(0.3, 0.9) * deep, place[2]), -90.0
        f.image(place, turn, size, p.timber(rng, "z"), mat, art)
        for made in set(bpy.data.objects) - before:
            if made.name.startswith("art"):
                made["own"] = True
    if rng.random() < 0.4:
        leaf = p.paint(rng)
        at = (rng.uniform(-0.3, 0.3) * wide, deep - 0.02, 0)
        g.box("door", (0.9, 0.05, 2.05), at, leaf, edge=0.004)
    if rng.random() < 0.5:
        radius, drop = rng.uniform(0.12, 0.3), rng.uniform(0.5, 1.1)
        at = (rng.uniform(-0.2, 0.2) * wide, rng.uniform(0.4, 0.8) * deep, tall - drop)
        dome = [(0.05, radius * 0.8), (radius, 0.0), (radius * 0.97, 0.0), (0.05, radius * 0.75)]
        g.lathe("pendant", dome, at, p.paint(rng), 32)
        g.tube("cord", [(0, 0, 0.1), (0, 0, drop)], 0.005, p.metal(rng), at)
        studio.bulb((at[0], at[1], at[2] + 0.02), rng.uniform(3, 20))


def _light(rng: Random, wide: float, deep: float, tall: float) -> None:
    night = rng.random() < 0.15
    studio.surround("#20304a" if night else "#dfeaf5", 0.4 if night else rng.uniform(2.0, 5.0))
    if not night and rng.random() < 0.7:
        color = rng.choice(("#ffdcb0", "#fff0d8", "#ffc890"))
        studio.sun(rng.uniform(12, 50), rng.uniform(-125, -40), rng.uniform(6, 20), color, 0.8)
    at, down = (0, deep * rng.uniform(0.3, 0.7), tall - 0.05), (0, deep * 0.5, 0)
    if night or rng.random() < 0.4:
        studio.panel(at, down, (1.2, 1.2), rng.uniform(30, 90), rng.choice(("#ffd9a8", "#fff4e6")))
    studio.panel((0, 0.1, tall * 0.8), (0, deep, 0.8), (2.0, 1.0), rng.uniform(4, 20), "#fff4e6")


def _camera(rng: Random, wide: float, deep: float) -> studio.View:
    """From somewhere near a wall at a height people photograph from, towards the middle."""
    x, y = rng.uniform(-0.42, 0.42) * wide, rng.uniform(0.15, 0.3 * deep)
    if rng.random() < 0.25:
        y = rng.uniform(0.15, 0.9) * deep
    height = rng.uniform(1.2, 1.7) if rng.random() < 0.75 else rng.uniform(0.5, 1.2)
    target = (rng.uniform(-0.3, 0.3) * wide, deep * rng.uniform(0.55, 1.0))
    if y > 0.5 * deep:
        target = (target[0], deep * rng.uniform(0.0, 0.4))
    yaw = math.degrees(math.atan2(target[0] - x, target[1] - y))
    level = rng.random() < 0.45
    pitch = 0.0 if level else rng.uniform(-28, 4)
    rise = rng.uniform(-0.12, 0.02) if level else 0.0
    return studio.View(
        240, 180, rng.uniform(17, 34), (x, y, height), yaw=yaw, pitch=pitch, rise=rise
    )


def _along(rng: Random, corner: tuple[float, float], wide: float) -> studio.View:
    """Along the edge of a rug that leads to `corner`: a border straight away from the camera."""
    x = max(-0.45 * wide, min(0.45 * wide, corner[0] + rng.gauss(0, 0.35)))
    level = rng.random() < 0.5
    pitch = 0.0 if level else rng.uniform(-25, -5)
    rise = rng.uniform(-0.15, -0.03) if level else 0.0
    eye = (x, rng.uniform(0.15, 0.5), rng.uniform(1.1, 1.7))
    yaw = rng.gauss(0, 9)
    return studio.View(240, 180, rng.uniform(18, 30), eye, yaw=yaw, pitch=pitch, rise=rise)
