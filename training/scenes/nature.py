"""Plants: leaves as real little surfaces, house plants, street trees, twigs in a vase."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import bpy
import geometry as g
import numpy as np


@dataclass(frozen=True)
class Leaf:
    """Shape of one leaf: metres, the bend of its rib and the fold of its halves in radians."""

    length: float
    width: float
    bend: float = 0.8
    fold: float = 0.35
    steps: int = 6


def _blade(shape: Leaf) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 3) of one leaf along +x with its upper side towards +z, and its quads."""
    t = np.linspace(0, 1, shape.steps + 1)
    half = shape.width / 2 * np.sin(np.pi * t**0.75) ** 0.9
    angle = shape.bend * t
    x = np.concatenate([[0], np.cumsum(np.cos(angle[:-1]))]) * shape.length / shape.steps
    z = -np.concatenate([[0], np.cumsum(np.sin(angle[:-1]))]) * shape.length / shape.steps
    rows = [
        np.stack(
            [x, side * half * math.cos(shape.fold), z + abs(side) * half * math.sin(shape.fold)], -1
        )
        for side in (-1, 0, 1)
    ]
    index = np.arange(3 * len(t)).reshape(3, -1)
    quads = np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], -1).reshape(
        -1, 4
    )
    return np.concatenate(rows), quads


def leaves(
    name: str,
    shape: Leaf,
    origins: np.ndarray,
    headings: np.ndarray,
    material: bpy.types.Material,
    random: np.random.Generator,
    vary: float = 0.3,
) -> g.Object:
    """One mesh with a leaf at every origin (n, 3), its rib along the unit heading (n, 3)."""
    points, quads = _blade(shape)
    count = len(origins)
    up = np.array([0.0, 0.0, 1.0]) + random.normal(0, 0.25, (count, 3))
    side = np.cross(up, headings)
    side /= np.linalg.norm(side, axis=1, keepdims=True) + 1e-9
    top = np.cross(headings, side)
    size = random.uniform(1 - vary, 1 + vary, count)[:, None, None]
    frame = np.stack([headings, side, top], 1)
    placed = np.einsum("pk,nkj->npj", points, frame) * size + origins[:, None, :]
    faces = quads[None] + (np.arange(count) * len(points))[:, None, None]
    return g.mesh(name, placed.reshape(-1, 3), faces.reshape(-1, 4), material, sharp=180.0)


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / (np.linalg.norm(vectors, axis=-1, keepdims=True) + 1e-9)


def house_plant(
    at: g.Point,
    height: float,
    leaf: bpy.types.Material,
    stem: bpy.types.Material,
    seed: int,
    shape: Leaf | None = None,
    stems: int = 9,
    spread: float = 0.38,
) -> None:
    """A rubber-plant-like shrub: bent stems with broad leaves all along them."""
    random = np.random.default_rng(seed)
    origins: list[np.ndarray] = []
    headings: list[np.ndarray] = []
    for index in range(stems):
        turn = 2 * math.pi * (index / stems) + random.uniform(-0.3, 0.3)
        reach, tall = spread * random.uniform(0.3, 1.0), height * random.uniform(0.6, 1.0)
        t = np.linspace(0, 1, 9)
        path = np.stack(
            [np.cos(turn) * reach * t**1.6, np.sin(turn) * reach * t**1.6, tall * t], -1
        ) + np.array(at)
        g.tube("stem", path.tolist(), [0.011 * (1 - 0.65 * s) for s in t], stem)
        for step in np.linspace(0.3, 1.0, 9):
            place = np.array([np.interp(step, t, path[:, k]) for k in range(3)])
            way = turn + step * 21 + random.uniform(-0.5, 0.5)
            lift = 0.35 + 0.8 * step * random.uniform(0.4, 1)
            origins.append(place)
            headings.append(np.array([math.cos(way), math.sin(way), lift]))
    shape = shape or Leaf(0.24, 0.12)
    leaves("leaves", shape, np.array(origins), unit(np.array(headings)), leaf, random)


def palm(
    at: g.Point, height: float, leaf: bpy.types.Material, stem: bpy.types.Material, seed: int
) -> None:
    """Arching fronds from one root, each a rib with two rows of narrow leaves."""
    random = np.random.default_rng(seed)
    origins: list[np.ndarray] = []
    headings: list[np.ndarray] = []
    for index in range(15):
        turn = index * 2.4 + random.uniform(-0.2, 0.2)
        tall, reach = height * random.uniform(0.65, 1.0), height * random.uniform(0.25, 0.55)
        t = np.linspace(0, 1, 16)
        out, up = reach * t**1.3, tall * (t - 0.33 * t**3)
        path = np.stack([np.cos(turn) * out, np.sin(turn) * out, up], -1) + np.array(at)
        g.tube("frond", path.tolist(), [0.007 * (1 - 0.8 * s) for s in t], stem)
        along = unit(np.gradient(path, axis=0))
        across = np.array([-math.sin(turn), math.cos(turn), 0.0])
        for step in range(5, 16):
            for side in (-1, 1):
                origins.append(path[step])
                headings.append(along[step] * 0.8 + side * across * 0.75 + np.array([0, 0, 0.1]))
    leaves(
        "palm",
        Leaf(0.3, 0.035, 0.9, 0.3),
        np.array(origins),
        unit(np.array(headings)),
        leaf,
        random,
        0.2,
    )


def tree(
    height: float,
    crown: float,
    leaf: bpy.types.Material,
    bark: bpy.types.Material,
    seed: int,
    count: int,
) -> list[g.Object]:
    """A street tree at the origin: a forked trunk, `count` leaves in clumps round its branches."""
    random = np.random.default_rng(seed)
    fork = np.array([0.05, 0.0, height * 0.42])
    bow = (fork * 0.5 + random.normal(0, 0.03, 3)).tolist()
    thick = [height * 0.026, height * 0.02, height * 0.017]
    trunk = g.tube("trunk", [(0, 0, 0), bow, fork.tolist()], thick, bark)
    branches, clumps = _branches(fork, height, crown, bark, random)
    chosen = random.integers(0, len(clumps), count)
    reach = random.normal(0, 1, (count, 3))
    offsets = unit(reach) * (random.uniform(0, 1, (count, 1)) ** 0.5) * crown * 0.34
    offsets[:, 2] *= 0.75
    headings = unit(offsets * 0.7 + random.normal(0, 0.35, (count, 3)) - np.array([0, 0, 0.15]))
    shape, origins = Leaf(0.13, 0.085, 0.7, 0.3, 3), clumps[chosen] + offsets
    return [trunk, *branches, leaves("crown", shape, origins, headings, leaf, random, 0.35)]


def _branches(
    fork: np.ndarray,
    height: float,
    crown: float,
    bark: bpy.types.Material,
    random: np.random.Generator,
) -> tuple[list[g.Object], np.ndarray]:
    """Bent branches out of `fork`, and the (n, 3) middles of the clumps of leaves on them."""
    made: list[g.Object] = []
    clumps: list[np.ndarray] = []
    for index in range(13):
        turn = index * 2.4 + random.uniform(-0.3, 0.3)
        high = random.uniform(0.15, 1.0)
        dome = math.sqrt(max(0.08, 1 - (high - 0.35) ** 2 / 0.5))
        wide = crown * random.uniform(0.45, 0.85) * dome
        end = fork + np.array([math.cos(turn) * wide, math.sin(turn) * wide, height * 0.5 * high])
        bend = fork + (end - fork) * 0.5 + np.array([0, 0, 0.12 * height * high])
        arm = [fork.tolist(), bend.tolist(), end.tolist()]
        thick = [height * 0.012, height * 0.008, 0.012]
        made.append(g.tube("branch", arm, thick, bark, curved=True))
        clumps += [end, bend + (end - bend) * 0.5, bend + random.normal(0, crown * 0.2, 3)]
    return made, np.array(clumps)


def twigs(
    at: g.Point,
    height: float,
    leaf: bpy.types.Material,
    stem: bpy.types.Material,
    seed: int,
    count: int = 7,
    shape: Leaf | None = None,
    lean: float = 0.45,
    rows: Sequence[float] = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97),
) -> None:
    """Cut branches with small leaves in pairs (eucalyptus, olive), fanned out of a vase's neck at
    `at`.
    """
    random = np.random.default_rng(seed)
    origins: list[np.ndarray] = []
    headings: list[np.ndarray] = []
    for index in range(count):
        turn = index * 2.4 + random.uniform(-0.4, 0.4)
        tall, out = height * random.uniform(0.65, 1.0), height * lean * random.uniform(0.35, 1.0)
        t = np.linspace(0, 1, 12)
        path = np.stack(
            [np.cos(turn) * out * t**1.5, np.sin(turn) * out * t**1.5, tall * t * (1 - 0.12 * t)],
            -1,
        ) + np.array(at)
        g.tube("twig", path.tolist(), [0.0028 * (1 - 0.6 * s) for s in t], stem)
        along = unit(np.gradient(path, axis=0))
        for row in rows:
            place = np.array([np.interp(row, t, path[:, k]) for k in range(3)])
            rib = np.array([np.interp(row, t, along[:, k]) for k in range(3)])
            across = unit(np.cross(rib, random.normal(0, 1, 3)))
            for side in (-1, 1):
                origins.append(place)
                headings.append(rib * 0.55 + side * across)
    leaves(
        "sprig",
        shape or Leaf(0.05, 0.03, 0.5, 0.25),
        np.array(origins),
        unit(np.array(headings)),
        leaf,
        random,
    )
