"""A scene under construction: instances of unit meshes, lights and a sky, all in metres, z up."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

__all__ = [
    "FIRST_COLOR",
    "GLOW",
    "NO_MASK",
    "PAINT",
    "PATTERN",
    "SECOND_COLOR",
    "Camera",
    "Light",
    "Material",
    "Scene",
    "Sky",
    "Vec",
]

Vec = tuple[float, float, float]
NO_MASK: Vec = (0.0, 0.0, 0.0)
# Where a row of `Scene.add` holds what a thing is painted with.
FIRST_COLOR, PATTERN, SECOND_COLOR, GLOW = slice(13, 16), 16, slice(17, 20), 23
PAINT = slice(FIRST_COLOR.start, SECOND_COLOR.stop)


@dataclass(frozen=True)
class Material:
    """Procedural surface: two linear colours, pattern number and size (metres), finish."""

    first: Vec
    second: Vec
    pattern: int = 0
    size: float = 0.3
    gloss: float = 0.1
    glow: float = 0.0
    bump: float = 0.0
    seed: float = 0.0


@dataclass(frozen=True)
class Light:
    """`position` is a point (metres) or, for the sun, a direction towards it.

    mask: what a light with shadow shines through: kind (0 nothing, 1 window panes, 2 leaves,
    3 blinds), repeats across its beam, phase.
    """

    position: Vec
    color: Vec
    is_sun: bool = False
    shadow: bool = False
    aim: Vec = (0.0, 0.0, 0.0)
    mask: Vec = NO_MASK


@dataclass
class Sky:
    top: Vec = (0.3, 0.5, 0.9)
    low: Vec = (0.8, 0.85, 0.9)
    clouds: float = 0.4
    ambient_up: Vec = (0.5, 0.5, 0.5)
    ambient_down: Vec = (0.25, 0.25, 0.25)
    fog: Vec = (0.7, 0.75, 0.8)
    fog_density: float = 0.0
    occlusion: float = 1.0


@dataclass(frozen=True)
class Camera:
    """Pinhole: eye in metres; yaw, pitch, roll and vertical field of view in radians."""

    eye: Vec
    yaw: float
    pitch: float
    roll: float
    fov: float


@dataclass
class Scene:
    """Collects instances; `at` moves, turns and scales everything added inside it.

    What is added inside a moved frame is one thing, and part of the thing around it; a frame that
    only turns (the walls of a room) makes none.
    """

    rng: random.Random
    sky: Sky = field(default_factory=Sky)
    lights: list[Light] = field(default_factory=list)
    cameras: list[Camera] = field(default_factory=list)
    focus: Vec = (0.0, 0.0, 1.0)
    reach: float = 8.0
    shadow_softness: float = 0.006
    occlusion_reach: float = 0.35
    rows: dict[str, list[tuple[float, ...]]] = field(default_factory=dict)
    owners: dict[str, list[tuple[int, ...]]] = field(default_factory=dict)
    """Of every row the things it belongs to, the outermost first: see `at`."""
    _things: list[int] = field(default_factory=list)
    _count: int = 0
    _frames: list[tuple[float, float, float, float, float]] = field(
        default_factory=lambda: [(0.0, 0.0, 0.0, 0.0, 1.0)]
    )

    @contextmanager
    def at(self, pos: Vec, yaw: float = 0.0, scale: float = 1.0) -> Iterator[None]:
        x, y, z = self.place(pos)
        _, _, _, turn, size = self._frames[-1]
        self._frames.append((x, y, z, turn + yaw, size * scale))
        outer = self._things
        if pos != (0, 0, 0):
            self._count += 1
            self._things = [*outer, self._count]
        yield
        self._things = outer
        self._frames.pop()

    def place(self, pos: Vec) -> Vec:
        """A point of the current frame in world metres."""
        x, y, z, yaw, s = self._frames[-1]
        c, n = math.cos(yaw), math.sin(yaw)
        return (
            x + s * (c * pos[0] - n * pos[1]),
            y + s * (n * pos[0] + c * pos[1]),
            z + s * pos[2],
        )

    def add(
        self,
        mesh: str,
        pos: Vec,
        size: Vec,
        mat: Material,
        turn: Vec = (0.0, 0.0, 0.0),
        shape: tuple[float, float, float, float] = (2.0, 0.0, 0.0, 0.0),
        cut: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        """One instance: centre, full extents, turn = yaw, pitch, roll (Rz Ry Rx)."""
        _, _, _, yaw, s = self._frames[-1]
        self.owners.setdefault(mesh, []).append(tuple(self._things))
        self.rows.setdefault(mesh, []).append(
            (
                *self.place(pos),
                *(turn[0] + yaw, turn[1], turn[2]),
                *(size[0] * s, size[1] * s, size[2] * s),
                *shape,
                *(*mat.first, float(mat.pattern), *mat.second, mat.size),
                *(mat.seed, mat.gloss, mat.glow, mat.bump, *cut),
            )
        )

    def box(self, pos: Vec, size: Vec, mat: Material, turn: Vec = (0.0, 0.0, 0.0)) -> None:
        self.add("box", pos, size, mat, turn)

    def soft(
        self, pos: Vec, size: Vec, mat: Material, power: float = 5.0, lumps: float = 0.0
    ) -> None:
        """Rounded block: 2 is an ellipsoid, larger is squarer."""
        self.add("ball", pos, size, mat, shape=(power, 0.0, 0.0, lumps))

    def rod(self, a: Vec, b: Vec, width: float, mat: Material, mesh: str = "cylinder") -> None:
        """A thin mesh from a to b."""
        d = (b[0] - a[0], b[1] - a[1], b[2] - a[2])
        length = math.sqrt(d[0] ** 2 + d[1] ** 2 + d[2] ** 2) + 1e-6
        middle = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2)
        turn = (math.atan2(d[1], d[0]), math.acos(max(-1.0, min(1.0, d[2] / length))), 0.0)
        stretch = 1.0 if mesh != "ball" else 1.15
        power = 2.6 if mesh == "ball" else 2.0
        self.add(mesh, middle, (width, width, length * stretch), mat, turn, (power, 0.0, 0.0, 0.0))

    def instances(self) -> dict[str, np.ndarray]:
        """(N, 33) float32 a mesh, in the order of the renderer's attributes."""
        return {mesh: _pack(np.array(rows, dtype=np.float64)) for mesh, rows in self.rows.items()}


def _pack(rows: np.ndarray) -> np.ndarray:
    yaw, pitch, roll = rows[:, 3], rows[:, 4], rows[:, 5]
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    cr, sr = np.cos(roll), np.sin(roll)
    x_axis = np.stack([cy * cp, sy * cp, -sp], axis=1)
    y_axis = np.stack([cy * sp * sr - sy * cr, sy * sp * sr + cy * cr, cp * sr], axis=1)
    z_axis = np.stack([cy * sp * cr + sy * sr, sy * sp * cr - cy * sr, cp * cr], axis=1)
    packed = np.concatenate([rows[:, :3], x_axis, y_axis, z_axis, rows[:, 6:]], axis=1)
    return np.ascontiguousarray(packed, dtype=np.float32)
