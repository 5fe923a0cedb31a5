"""Shapes: meshes made from numbers, in metres, z up, each object standing on its own origin."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import bmesh
import bpy
import numpy as np
from mathutils import Matrix, Vector

Point = Sequence[float]
Material = bpy.types.Material
Object = bpy.types.Object


def mesh(
    name: str,
    points: Sequence[Point] | np.ndarray,
    faces: Sequence[Sequence[int]] | np.ndarray,
    material: Material,
    at: Point = (0, 0, 0),
    turn: Point = (0, 0, 0),
    sharp: float | None = None,
) -> Object:
    """An object from raw points; `sharp` (degrees) smooths every edge that is blunter than this."""
    data = bpy.data.meshes.new(name)
    data.from_pydata([tuple(p) for p in points], [], [tuple(int(i) for i in f) for f in faces])
    data.materials.append(material)
    made = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(made)
    made.location, made.rotation_euler = at, [math.radians(a) for a in turn]
    if sharp is not None:
        smooth(made, sharp)
    return made


def smooth(made: Object, sharp: float = 40.0) -> None:
    data = made.data
    data.polygons.foreach_set("use_smooth", [True] * len(data.polygons))
    data.set_sharp_from_angle(angle=math.radians(sharp))


def bevel(made: Object, width: float, segments: int = 2) -> Object:
    changed = made.modifiers.new("bevel", "BEVEL")
    changed.width, changed.segments, changed.limit_method = width, segments, "ANGLE"
    changed.harden_normals = True
    smooth(made, 180.0)
    return made


def subdivide(made: Object, levels: int = 2) -> Object:
    changed = made.modifiers.new("subdivision", "SUBSURF")
    changed.levels = changed.render_levels = levels
    smooth(made, 180.0)
    return made


def box(
    name: str,
    size: Point,
    at: Point,
    material: Material,
    turn: Point = (0, 0, 0),
    edge: float = 0.004,
) -> Object:
    """A box with rounded edges; `at` is the centre of its underside."""
    x, y, z = size[0] / 2, size[1] / 2, size[2]
    points = [
        (sx * x, sy * y, h) for h in (0, z) for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    faces = [(3, 2, 1, 0), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)]
    made = mesh(name, points, faces, material, at, turn)
    return bevel(made, min(edge, 0.45 * min(size))) if edge else made


def boxes(
    name: str, parts: Sequence[tuple[Point, Point]], material: Material, edge: float = 0.004
) -> Object:
    """Many boxes as one object: each (size, centre of its underside)."""
    corners = np.array(
        [(x, y, z) for z in (0, 1) for x, y in ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))]
    )
    sides = np.array(
        [(3, 2, 1, 0), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)]
    )
    points = np.concatenate([corners * np.array(size) + np.array(at) for size, at in parts])
    faces = np.concatenate([sides + 8 * index for index in range(len(parts))])
    made = mesh(name, points, faces, material)
    return bevel(made, edge, 1) if edge else made


def lathe(
    name: str,
    profile: Sequence[tuple[float, float]],
    at: Point,
    material: Material,
    segments: int = 64,
    turn: Point = (0, 0, 0),
    sharp: float = 35.0,
) -> Object:
    """Turn (radius, height) pairs about the z axis; a radius of 0 closes an end."""
    angles = np.linspace(0, 2 * math.pi, segments, endpoint=False)
    rings = [[(r * math.cos(a), r * math.sin(a), z) for a in angles] for r, z in profile]
    return loft(name, rings, material, at, turn, sharp)


def loft(
    name: str,
    rings: Sequence[Sequence[Point]],
    material: Material,
    at: Point = (0, 0, 0),
    turn: Point = (0, 0, 0),
    sharp: float = 60.0,
) -> Object:
    """Skin a stack of closed rings with equal numbers of points; the two ends are capped."""
    count = len(rings[0])
    points = [p for ring in rings for p in ring]
    faces: list[tuple[int, ...]] = []
    for level in range(len(rings) - 1):
        low, high = level * count, (level + 1) * count
        faces += [
            (low + i, low + (i + 1) % count, high + (i + 1) % count, high + i) for i in range(count)
        ]
    faces += [tuple(reversed(range(count))), tuple(range(len(points) - count, len(points)))]
    made = mesh(name, points, faces, material, at, turn)
    work = bmesh.new()
    work.from_mesh(made.data)
    bmesh.ops.remove_doubles(work, verts=work.verts, dist=1e-6)
    bmesh.ops.recalc_face_normals(work, faces=work.faces)
    work.to_mesh(made.data)
    work.free()
    smooth(made, sharp)
    return made


def ellipse(
    center: Point, rx: float, ry: float, count: int = 48, power: float = 2.0
) -> list[Point]:
    """A horizontal superellipse of `count` points; power 2 is an ellipse, larger is squarer."""
    ring: list[Point] = []
    for step in range(count):
        c, s = math.cos(2 * math.pi * step / count), math.sin(2 * math.pi * step / count)
        x = rx * math.copysign(abs(c) ** (2 / power), c)
        y = ry * math.copysign(abs(s) ** (2 / power), s)
        ring.append((center[0] + x, center[1] + y, center[2]))
    return ring


def tube(
    name: str,
    points: Sequence[Point],
    radius: float | Sequence[float],
    material: Material,
    at: Point = (0, 0, 0),
    turn: Point = (0, 0, 0),
    closed: bool = False,
    curved: bool = False,
) -> Object:
    """A round bar along `points`, with one radius or one for each point; `curved` bends it
    smoothly.
    """
    curve = bpy.data.curves.new(name, "CURVE")
    curve.dimensions, curve.bevel_depth, curve.bevel_resolution = "3D", 1.0, 3
    curve.use_fill_caps = True
    spline = curve.splines.new("NURBS" if curved else "POLY")
    spline.points.add(len(points) - 1)
    radii = [radius] * len(points) if isinstance(radius, int | float) else radius
    for slot, place, r in zip(spline.points, points, radii, strict=True):
        slot.co, slot.radius = (*place, 1.0), r
    spline.use_cyclic_u = closed
    if curved:
        spline.use_endpoint_u, spline.order_u, spline.resolution_u = True, min(4, len(points)), 6
    curve.materials.append(material)
    made = bpy.data.objects.new(name, curve)
    bpy.context.scene.collection.objects.link(made)
    made.location, made.rotation_euler = at, [math.radians(a) for a in turn]
    return made


def sheet(
    name: str,
    surface: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]],
    cells: tuple[int, int],
    material: Material,
    at: Point = (0, 0, 0),
    turn: Point = (0, 0, 0),
    thickness: float = 0.0,
) -> Object:
    """A grid of `cells` over u, v in 0..1, placed by `surface(u, v) -> x, y, z`."""
    u, v = np.meshgrid(
        np.linspace(0, 1, cells[0] + 1), np.linspace(0, 1, cells[1] + 1), indexing="ij"
    )
    points = np.stack([np.broadcast_to(c, u.shape) for c in surface(u, v)], -1).reshape(-1, 3)
    index = np.arange(points.shape[0]).reshape(u.shape)
    faces = np.stack([index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]], -1).reshape(
        -1, 4
    )
    made = mesh(name, points, faces, material, at, turn, sharp=180.0)
    if thickness:
        changed = made.modifiers.new("thickness", "SOLIDIFY")
        changed.thickness, changed.offset = thickness, 0.0
    return made


def cushion(
    name: str,
    size: Point,
    at: Point,
    material: Material,
    turn: Point = (0, 0, 0),
    power: float = 7.0,
    crown: float = 0.0,
    cells: int = 14,
) -> Object:
    """A rounded, slightly inflated block (a superellipsoid): seats, pillows, stones. `at`:
    underside centre.
    """
    work = bmesh.new()
    bmesh.ops.create_cube(work, size=2.0)
    bmesh.ops.subdivide_edges(work, edges=work.edges[:], cuts=cells, use_grid_fill=True)
    for vertex in work.verts:
        p = vertex.co
        p /= sum(abs(c) ** power for c in p) ** (1 / power)
        dome = crown * max(0.0, 1 - p.x**4) * max(0.0, 1 - p.y**4)
        vertex.co = Vector((p.x * size[0] / 2, p.y * size[1] / 2, p.z * (size[2] / 2 + dome)))
    data = bpy.data.meshes.new(name)
    work.to_mesh(data)
    work.free()
    data.transform(Matrix.Translation((0, 0, size[2] / 2)))
    data.materials.append(material)
    made = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(made)
    made.location, made.rotation_euler = at, [math.radians(a) for a in turn]
    smooth(made, 180.0)
    return made


def pillow(
    name: str, side: float, thick: float, at: Point, material: Material, turn: Point = (0, 0, 0)
) -> Object:
    """A scatter cushion standing on edge (its face towards -y), with drawn-in sides and pointed
    corners.
    """
    cells = 22
    grid = np.linspace(-1, 1, cells + 1)
    u, v = np.meshgrid(grid, grid, indexing="ij")
    shrink_u, shrink_v = 1 - 0.10 * (1 - v**2), 1 - 0.10 * (1 - u**2)
    bulge = ((1 - u**2) * (1 - v**2)).clip(0) ** 0.42
    bulge *= 1 + 0.05 * np.sin(7 * u + 3 * v) * np.sin(5 * v - 2 * u)
    layers = [
        np.stack(
            [u * shrink_u * side / 2, sign * bulge * thick / 2, (v * shrink_v + 1) * side / 2], -1
        )
        for sign in (-1, 1)
    ]
    index = np.arange(u.size).reshape(u.shape)
    front = np.stack([index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]], -1).reshape(
        -1, 4
    )
    faces = np.concatenate([front, front[:, ::-1] + u.size])
    return mesh(
        name,
        np.concatenate([layer.reshape(-1, 3) for layer in layers]),
        faces,
        material,
        at,
        turn,
        180.0,
    )


def group(made: Sequence[Object], at: Point, turn: float = 0.0) -> Object:
    """Move things that were built round the origin to `at`, turned by `turn` degrees about z."""
    handle = bpy.data.objects.new("group", None)
    bpy.context.scene.collection.objects.link(handle)
    for thing in made:
        thing.parent = handle
    handle.location, handle.rotation_euler = at, (0, 0, math.radians(turn))
    return handle


def copies(made: Sequence[Object], places: Sequence[tuple[Point, float, float]]) -> None:
    """Move things built round the origin to the first (at, turn, scale) and copies of them to the
    others.
    """
    for index, (at, turn, scale) in enumerate(places):
        things = list(made) if index == 0 else [thing.copy() for thing in made]
        for thing in things if index else ():
            bpy.context.scene.collection.objects.link(thing)
        group(things, at, turn).scale = (scale, scale, scale)


def meshes() -> list[Object]:
    return [thing for thing in bpy.context.scene.objects if thing.type == "MESH"]


def drape(cloth: Object, supports: Sequence[Object], frames: int = 60) -> None:
    """Let `cloth` fall on `supports` under gravity and freeze it where it lies."""
    for support in supports:
        support.modifiers.new("collision", "COLLISION")
        support.collision.thickness_outer = 0.006
        support.collision.cloth_friction = 20
    physics = cloth.modifiers.new("cloth", "CLOTH")
    settings = physics.settings
    settings.quality, settings.mass, settings.tension_stiffness = 7, 0.3, 15
    settings.bending_stiffness, settings.air_damping = 0.4, 1.5
    physics.collision_settings.distance_min = 0.006
    physics.collision_settings.use_self_collision = False
    scene = bpy.context.scene
    for frame in range(1, frames + 1):
        scene.frame_set(frame)
    settled = bpy.data.meshes.new_from_object(
        cloth.evaluated_get(bpy.context.evaluated_depsgraph_get())
    )
    cloth.modifiers.clear()
    cloth.data = settled
    for support in supports:
        support.modifiers.remove(support.modifiers["collision"])
    scene.frame_set(1)
    smooth(cloth, 180.0)
