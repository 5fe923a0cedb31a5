"""Unit meshes of the rasteriser: each fits the cube -0.5..0.5, rows of position and normal."""

from __future__ import annotations

import math
import random

import numpy as np

__all__ = ["GRID_KIND", "LATHES", "MESHES", "SOLID_KIND", "SUPER_KIND", "Mesh", "mesh_kind"]

Mesh = np.ndarray  # (N, 6) float32: x y z nx ny nz, three rows a triangle
SOLID_KIND, SUPER_KIND, GRID_KIND = 0, 1, 2
LATHES = 14


def _triangles(points: np.ndarray, normals: np.ndarray) -> Mesh:
    """(R, C, 3) grids of points and normals -> two triangles a cell."""
    both = np.concatenate([points, normals], axis=-1)
    a, b, c, d = both[:-1, :-1], both[:-1, 1:], both[1:, 1:], both[1:, :-1]
    return np.stack([a, b, c, a, c, d], axis=2).reshape(-1, 6).astype(np.float32)


def _box() -> Mesh:
    faces = []
    for axis in range(3):
        for side in (-1.0, 1.0):
            u, v = (axis + 1) % 3, (axis + 2) % 3
            points = np.zeros((2, 2, 3))
            normals = np.zeros((2, 2, 3))
            points[..., axis], normals[..., axis] = side / 2, side
            points[..., u], points[..., v] = np.meshgrid([-0.5, 0.5], [-0.5, 0.5])
            faces.append(_triangles(points, normals))
    return np.concatenate(faces)


def _ball(rows: int = 13, columns: int = 21) -> Mesh:
    theta, phi = np.meshgrid(
        np.linspace(0, math.pi, rows), np.linspace(0, 2 * math.pi, columns), indexing="ij"
    )
    points = np.stack(
        [np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=-1
    )
    return _triangles(points, points)


def _revolve(profile: np.ndarray, columns: int = 19) -> Mesh:
    """Surface of revolution of (K, 2) rows radius, height."""
    phi = np.linspace(0, 2 * math.pi, columns)
    slope = np.gradient(profile, axis=0)
    normal = np.stack([slope[:, 1], -slope[:, 0]], axis=1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6)
    ring = np.stack([np.cos(phi), np.sin(phi)], axis=-1)
    points = np.concatenate(
        [profile[:, None, :1] * ring[None], np.repeat(profile[:, None, 1:], columns, 1)], axis=-1
    )
    normals = np.concatenate(
        [normal[:, None, :1] * ring[None], np.repeat(normal[:, None, 1:], columns, 1)], axis=-1
    )
    return _triangles(points, normals)


def _disc(height: float, up: float, columns: int = 19) -> Mesh:
    phi = np.linspace(0, 2 * math.pi, columns)
    rim = np.stack([0.5 * np.cos(phi), 0.5 * np.sin(phi), np.full(columns, height)], axis=-1)
    centre = np.zeros_like(rim)
    centre[:, 2] = height
    normals = np.zeros((2, columns, 3))
    normals[..., 2] = up
    return _triangles(np.stack([centre, rim]), normals)


def _cylinder() -> Mesh:
    side = _revolve(np.array([[0.5, -0.5], [0.5, 0.5]]))
    return np.concatenate([side, _disc(0.5, 1.0), _disc(-0.5, -1.0)])


def _cone() -> Mesh:
    return np.concatenate([_revolve(np.array([[0.5, -0.5], [0.004, 0.5]])), _disc(-0.5, -1.0)])


def _torus(tube: float = 0.08) -> Mesh:
    a, b = np.meshgrid(
        np.linspace(0, 2 * math.pi, 19), np.linspace(0, 2 * math.pi, 9), indexing="ij"
    )
    radius = 0.5 - tube + tube * np.cos(b)
    points = np.stack([radius * np.cos(a), radius * np.sin(a), tube * np.sin(b)], axis=-1)
    normals = np.stack([np.cos(b) * np.cos(a), np.cos(b) * np.sin(a), np.sin(b)], axis=-1)
    return _triangles(points, normals)


def _grid(cells: int) -> Mesh:
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, cells + 1), np.linspace(-0.5, 0.5, cells + 1))
    points = np.stack([x, y, np.zeros_like(x)], axis=-1)
    normals = np.zeros_like(points)
    normals[..., 2] = 1.0
    return _triangles(points, normals)


def _lathe(seed: int) -> Mesh:
    """A vase, bottle, cup or turned leg: smooth random radii along the height."""
    rng = random.Random(f"lathe-{seed}")
    knots = [rng.uniform(0.12, 0.5) for _ in range(rng.randint(3, 6))]
    knots = [k / max(knots) * 0.5 for k in knots]
    t = np.linspace(0, len(knots) - 1, 14)
    base = np.interp(t, np.arange(len(knots)), knots)
    smooth = np.convolve(np.pad(base, 2, mode="edge"), np.ones(5) / 5, mode="valid")
    radius = np.concatenate([[0.001], smooth, [0.001]])
    height = np.concatenate([[-0.5], np.linspace(-0.5, 0.5, 14), [0.5]])
    return _revolve(np.stack([radius, height], axis=1))


MESHES: dict[str, Mesh] = {
    "box": _box(),
    "ball": _ball(),
    "cylinder": _cylinder(),
    "cone": _cone(),
    "torus": _torus(),
    "quad": _grid(1),
    "leaf": _grid(4),
    "cloth": _grid(28),
    "terrain": _grid(72),
    **{f"lathe{i}": _lathe(i) for i in range(LATHES)},
}


def mesh_kind(name: str) -> int:
    """Which deformation the vertex shader applies to a mesh."""
    return {"ball": SUPER_KIND, "cloth": GRID_KIND, "terrain": GRID_KIND}.get(name, SOLID_KIND)
