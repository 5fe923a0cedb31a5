"""Cars and a bicycle, simplified: lofted and subdivided bodies, glass, wheels, lights, plates."""

from __future__ import annotations

import math

import bpy
import geometry as g
import materials as m
import numpy as np

STATIONS = (
    # y, bottom, belt, top, half-widths at bottom, belt, top
    (-2.14, 0.36, 0.50, 0.55, 0.66, 0.68, 0.58),
    (-2.08, 0.24, 0.58, 0.67, 0.77, 0.79, 0.68),
    (-1.78, 0.21, 0.68, 0.79, 0.84, 0.86, 0.74),
    (-1.05, 0.21, 0.80, 0.92, 0.86, 0.88, 0.76),
    (-0.86, 0.21, 0.84, 0.97, 0.86, 0.88, 0.76),
    (-0.22, 0.21, 0.88, 1.38, 0.86, 0.88, 0.57),
    (0.35, 0.21, 0.90, 1.45, 0.86, 0.88, 0.59),
    (1.2, 0.21, 0.92, 1.42, 0.86, 0.88, 0.58),
    (1.62, 0.22, 0.93, 1.28, 0.85, 0.87, 0.57),
    (1.98, 0.25, 0.92, 0.99, 0.82, 0.84, 0.66),
    (2.1, 0.27, 0.74, 0.85, 0.77, 0.79, 0.66),
    (2.15, 0.38, 0.55, 0.66, 0.66, 0.68, 0.58),
)
WHEEL_Y, WHEEL_R = (-1.36, 1.3), 0.325


def car(paint: bpy.types.Material) -> list[g.Object]:
    """A hatchback 4.3 m long round the origin, its front towards -y."""
    glass = m.plain("car-glass", "#0b0f12", 0.04, Coat_Weight=0.6)
    dark = m.plain("arch", "#090909", 0.7)
    made = [_body(paint, glass), *_lights(), *_wheels(dark)]
    for side in (-1, 1):
        made.append(
            g.tube("pillar", [(side * 0.872, 0.42, 0.9), (side * 0.64, 0.44, 1.37)], 0.026, dark)
        )
        made.append(
            g.cushion("mirror", (0.2, 0.1, 0.13), (side * 0.98, -0.72, 0.94), paint, power=3)
        )
        made.append(g.box("sill", (0.03, 1.9, 0.07), (side * 0.87, -0.02, 0.19), dark, edge=0.02))
        made.append(
            g.tube("seam", [(side * 0.884, 0.43, 0.3), (side * 0.888, 0.43, 0.86)], 0.004, dark)
        )
        made.append(
            g.box("handle", (0.02, 0.17, 0.025), (side * 0.885, 0.2, 0.78), dark, edge=0.008)
        )
    for y, z in ((-2.15, 0.36), (2.16, 0.56)):
        made.append(
            g.box(
                "plate", (0.5, 0.02, 0.11), (0, y, z), m.plain("plate", "#e9e7dc", 0.4), edge=0.004
            )
        )
    made.append(g.box("grille", (0.9, 0.06, 0.12), (0, -2.07, 0.26), dark, edge=0.02))
    made.append(g.box("bumper", (1.2, 0.05, 0.1), (0, 2.1, 0.29), dark, edge=0.02))
    return made


def _body(paint: bpy.types.Material, glass: bpy.types.Material) -> g.Object:
    rings = []
    for y, low, belt, top, wide_low, wide_belt, wide_top in STATIONS:
        half = [
            (wide_low * 0.9, low),
            (wide_low, low + 0.06),
            (wide_belt, (low + belt) / 2),
            (wide_belt * 0.985, belt),
            (wide_belt * 0.955, belt + 0.03),
            (wide_top + (wide_belt - wide_top) * 0.12, top - 0.06),
            (wide_top * 0.86, top),
        ]
        ring = (
            [(x, y, z) for x, z in half]
            + [(0, y, top + 0.025)]
            + [(-x, y, z) for x, z in reversed(half)]
        )
        rings.append(ring)
    body = g.loft("body", rings, paint)
    body.data.materials.append(glass)
    for face in body.data.polygons:
        middle = face.center
        side = abs(face.normal.x) > 0.6 and middle.z > 0.96 and -0.75 < middle.y < 1.6
        screen = (
            abs(face.normal.y) > 0.25
            and middle.z > 1.0
            and (middle.y < -0.3 or middle.y > 1.25)
            and abs(middle.x) < 0.62
        )
        face.material_index = int(side or screen)
    return g.subdivide(body, 2)


def _lights() -> list[g.Object]:
    clear = m.plain("headlight", "#dfe6ea", 0.08, Coat_Weight=1.0)
    red = m.plain("taillight", "#7d0c0c", 0.12, Coat_Weight=1.0)
    made = []
    for side in (-1, 1):
        made.append(
            g.cushion(
                "head", (0.34, 0.2, 0.13), (side * 0.58, -2.0, 0.52), clear, (0, 0, -side * 24), 3
            )
        )
        made.append(
            g.cushion(
                "tail", (0.2, 0.16, 0.22), (side * 0.68, 2.03, 0.66), red, (0, 0, side * 20), 3
            )
        )
    return made


def _wheels(dark: bpy.types.Material) -> list[g.Object]:
    rubber = m.plain("tyre", "#131313", 0.8)
    alloy = m.plain("alloy", "#a9acae", 0.25, Metallic=1.0)
    tyre = [
        (0.2, -0.1),
        (0.29, -0.105),
        (WHEEL_R - 0.01, -0.09),
        (WHEEL_R, -0.05),
        (WHEEL_R, 0.05),
        (WHEEL_R - 0.01, 0.09),
        (0.29, 0.105),
        (0.2, 0.1),
    ]
    made = []
    for side in (-1, 1):
        for y in WHEEL_Y:
            turn = (0, 90 * side, 0)
            made.append(
                g.lathe(
                    "well",
                    [(0, 0), (0.375, 0), (0.375, 0.052), (0, 0.052)],
                    (side * 0.84, y, WHEEL_R + 0.01),
                    dark,
                    40,
                    turn,
                )
            )
            made.append(g.lathe("tyre", tyre, (side * 0.81, y, WHEEL_R), rubber, 40, turn))
            made.append(
                g.lathe(
                    "hub",
                    [
                        (0, 0.07),
                        (0.05, 0.085),
                        (0.07, 0.06),
                        (0.2, 0.03),
                        (0.215, 0.095),
                        (0.225, 0.09),
                    ],
                    (side * 0.81, y, WHEEL_R),
                    alloy,
                    40,
                    turn,
                )
            )
            for spoke in range(5):
                a = spoke * 2 * math.pi / 5 + 0.3
                reach = (side * 0.895, y + 0.2 * math.cos(a), WHEEL_R + 0.2 * math.sin(a))
                made.append(
                    g.tube("spoke", [(side * 0.89, y, WHEEL_R), reach], [0.026, 0.018], alloy)
                )
    return made


def bicycle(paint: bpy.types.Material) -> list[g.Object]:
    """A city bicycle along x, standing upright."""
    steel = m.plain("bike-steel", "#9a9da0", 0.3, Metallic=1.0)
    rear, front = (-0.52, 0, 0.34), (0.54, 0, 0.34)
    crank, seat, head = (-0.08, 0, 0.28), (-0.2, 0, 0.78), (0.36, 0, 0.82)
    made = [*_bicycle_wheel(rear, steel), *_bicycle_wheel(front, steel)]
    low, high = (-0.18, 0, 0.68), (-0.18, 0, 0.7)
    for bar in ((crank, seat), (crank, head), (low, head), (rear, crank), (rear, high)):
        made.append(g.tube("frame", bar, 0.016, paint))
    made.append(g.tube("fork", [(0.33, 0, 0.95), head, front], 0.014, paint))
    grips = [(0.22, -0.28, 1.02), (0.34, -0.2, 1.03), (0.34, 0.2, 1.03), (0.22, 0.28, 1.02)]
    made.append(g.tube("bar", grips, 0.012, steel, curved=True))
    made.append(g.tube("post", [seat, (-0.22, 0, 0.9)], 0.012, steel))
    leather = m.plain("saddle", "#4a2a18", 0.5)
    made.append(g.cushion("saddle", (0.26, 0.15, 0.06), (-0.22, 0, 0.9), leather, power=2.6))
    wicker = m.fabric("wicker", "#9a7444", 0.015, 0.0)
    made.append(g.box("basket", (0.3, 0.34, 0.22), (0.52, 0, 0.8), wicker, edge=0.02))
    return made


def _bicycle_wheel(hub: g.Point, steel: bpy.types.Material) -> list[g.Object]:
    rubber = m.plain("bike-tyre", "#161616", 0.8)
    x, _, radius = hub
    rim = radius - 0.018
    turns = np.linspace(0, 2 * math.pi, 33)[:-1]
    ring = [(x + rim * math.cos(a), 0, radius + rim * math.sin(a)) for a in turns]
    made = [g.tube("tyre", ring, 0.018, rubber, closed=True)]
    for a in np.linspace(0, math.pi, 9)[:-1]:
        dx, dz = (radius - 0.03) * math.cos(a), (radius - 0.03) * math.sin(a)
        ends = [(x - dx, 0, radius - dz), (x + dx, 0, radius + dz)]
        made.append(g.tube("spoke", ends, 0.0018, steel))
    return made
