"""People and animals out of capsules and lumps, standing at the frame's origin, facing -y."""

from __future__ import annotations

import random

from . import materials as m
from .scene import Scene

__all__ = ["animal", "person"]


def person(scene: Scene, rng: random.Random, seated: bool = False) -> None:
    h = rng.uniform(1.05, 1.95)
    skin, top, legs = m.skin(rng), m.fabric(rng), m.fabric(rng)
    hair = m.plain(rng, m.any_color(rng, 0.05))
    hip = 0.45 if seated else h * 0.5
    torso, width = h * 0.32, h * rng.uniform(0.2, 0.28)
    lean = rng.gauss(0, 0.04)
    scene.add(
        "ball",
        (lean, 0, hip + torso * 0.5),
        (width, width * 0.6, torso * 1.2),
        top,
        shape=(3, 0.3, 0, 0.05),
    )
    head = hip + torso + h * 0.09
    scene.rod((lean, 0, hip + torso * 0.9), (lean, 0, head), h * 0.06, skin)
    scene.soft((lean, -0.01, head), (h * 0.095, h * 0.11, h * 0.14), skin, 2.2)
    scene.soft((lean, 0.015, head + h * 0.025), (h * 0.105, h * 0.115, h * 0.12), hair, 2.2, 0.1)
    for side in (-1, 1):
        _arm(scene, rng, side, (lean + side * width * 0.5, 0.0, hip + torso * 0.9), h, (top, skin))
        _leg(scene, rng, side, width, hip, h, seated, legs)


def _arm(
    scene: Scene, rng: random.Random, side: int, shoulder: tuple, h: float, mats: tuple
) -> None:
    x, y, z = shoulder
    out, front = rng.uniform(0.0, 0.12), rng.uniform(-0.1, 0.1)
    elbow = (x + side * (0.02 + out), y - front, z - h * 0.17)
    raised = rng.random() < 0.3
    hand = (
        elbow[0] - side * 0.05,
        elbow[1] - h * 0.12,
        elbow[2] + (h * 0.08 if raised else -h * 0.13),
    )
    scene.rod(shoulder, elbow, h * 0.06, mats[0], "ball")
    scene.rod(elbow, hand, h * 0.045, rng.choice(mats), "ball")
    scene.soft(hand, (h * 0.045,) * 3, mats[1], 2.0)


def _leg(
    scene: Scene,
    rng: random.Random,
    side: int,
    width: float,
    hip: float,
    h: float,
    seated: bool,
    mat: object,
) -> None:
    x = side * width * 0.3
    step = rng.gauss(0, 0.08)
    knee = (x, -h * 0.25, hip) if seated else (x, step - 0.03, hip * 0.52)
    foot = (x, knee[1] + (0.0 if seated else step * 0.7 + 0.04), 0.05)
    scene.rod((x, 0, hip), knee, h * 0.09, mat, "ball")  # type: ignore[arg-type]
    scene.rod(knee, foot, h * 0.07, mat, "ball")  # type: ignore[arg-type]
    scene.soft((x, foot[1] - 0.05, 0.04), (0.09, 0.25, 0.09), m.leather(rng), 3.0)


def animal(scene: Scene, rng: random.Random) -> None:
    """Cat to cow: body, four legs, neck, head with ears, tail; standing, sitting or lying."""
    s = rng.choice([rng.uniform(0.22, 0.35), rng.uniform(0.35, 0.7), rng.uniform(0.9, 1.6)])
    mat = rng.choice([m.plain, m.carpet, m.foliage, m.plain])(rng)
    coat = m.Material(
        m.any_color(rng, 0.02),
        m.any_color(rng, 0.02),
        rng.choice([0, 1, 1, 13]),
        s * 0.4,
        0.0,
        0.0,
        0.06,
        mat.seed,
    )
    lying = rng.random() < 0.3
    leg = s * (0.15 if lying else 0.55)
    length, girth = s * rng.uniform(0.9, 1.4), s * rng.uniform(0.3, 0.5)
    scene.add(
        "ball",
        (0, 0, leg + girth * 0.3),
        (girth, length, girth * 1.1),
        coat,
        shape=(2.5, 0, 0, 0.12),
    )
    front = -length / 2
    head = (rng.gauss(0, 0.1) * s, front - 0.15 * s, leg + girth * 0.3 + s * rng.uniform(0.1, 0.45))
    scene.rod((0, front * 0.75, leg + girth * 0.35), head, girth * 0.55, coat, "ball")
    scene.soft(head, (s * 0.26, s * 0.3, s * 0.26), coat, 2.2)
    scene.soft(
        (head[0], head[1] - s * 0.15, head[2] - s * 0.04), (s * 0.13, s * 0.2, s * 0.12), coat, 2.4
    )
    for side in (-1, 1):
        scene.add(
            "cone",
            (head[0] + side * s * 0.09, head[1] + s * 0.03, head[2] + s * 0.16),
            (s * 0.1, s * 0.06, s * 0.16),
            coat,
        )
        for end in (-1, 1):
            x, y = side * girth * 0.3, end * length * 0.36
            foot = (
                x + rng.gauss(0, 0.03) * s,
                y + rng.gauss(0, 0.06) * s - (0.25 * s if lying else 0),
                s * 0.04,
            )
            scene.rod((x, y, leg + girth * 0.15), foot, s * 0.13, coat, "ball")
    tail = (rng.gauss(0, 0.2) * s, length * 0.5 + s * 0.3, leg + rng.uniform(-0.1, 0.5) * s)
    scene.rod((0, length * 0.42, leg + girth * 0.4), tail, s * 0.07, coat, "ball")
