"""Small things on surfaces: each call builds one at the frame's origin, sizes in metres."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from . import materials as m
from .meshes import LATHES
from .scene import Material, Scene

__all__ = ["book_pile", "plant", "small_thing", "standing_books", "vessel"]


def vessel(scene: Scene, rng: random.Random, height: float | None = None) -> None:
    """Vase, bottle, jar or cup, sometimes with a handle."""
    h = height or rng.uniform(0.08, 0.35)
    w = h * rng.uniform(0.3, 1.1)
    mat = rng.choice([m.plastic, m.stone, m.metal, m.plain, m.poster])(rng)
    mesh = rng.choice(
        [f"lathe{rng.randrange(LATHES)}", f"lathe{rng.randrange(LATHES)}", "cylinder"]
    )
    scene.add(mesh, (0, 0, h / 2), (w, w, h), mat)
    if rng.random() < 0.3:
        scene.add(
            "torus", (w * 0.5, 0, h / 2), (h * 0.5, h * 0.6, h * 0.6), mat, (0.0, 0.0, math.pi / 2)
        )
    if rng.random() < 0.15:
        leaves(scene, rng, h, h * rng.uniform(0.6, 1.4), rng.randint(6, 16))


def _bottle(scene: Scene, rng: random.Random) -> None:
    """Body, shoulder, neck and label; mostly of dark, glossy glass."""
    h = rng.uniform(0.18, 0.4)
    w = h * rng.uniform(0.22, 0.36)
    dark = m.shade(m.any_color(rng, 0.5), rng.uniform(0.05, 0.4))
    glass = m.plain(rng, dark, rng.uniform(0.5, 1.0)) if rng.random() < 0.75 else m.plastic(rng)
    body = h * rng.uniform(0.5, 0.68)
    scene.add("cylinder", (0, 0, body / 2), (w, w, body), glass)
    scene.add("ball", (0, 0, body), (w, w, w * rng.uniform(0.6, 1.2)), glass)
    scene.rod((0, 0, body), (0, 0, h), w * rng.uniform(0.28, 0.45), glass)
    if rng.random() < 0.7:
        label = rng.choice([m.paper, m.poster, m.plain])(rng)
        high = body * rng.uniform(0.3, 0.6)
        scene.add("cylinder", (0, 0, body * 0.5), (w * 1.02, w * 1.02, high), label)


def leaves(scene: Scene, rng: random.Random, base: float, size: float, count: int) -> None:
    mat = m.foliage(rng)
    slim = rng.uniform(0.15, 0.6)
    for _ in range(count):
        yaw, tilt = rng.uniform(0, 6.28), rng.uniform(0.15, 1.3)
        length = size * rng.uniform(0.5, 1.0)
        reach = 0.5 * length * math.sin(tilt)
        pos = (
            -math.sin(yaw) * reach * -1,
            math.cos(yaw) * reach * -1,
            base + 0.5 * length * math.cos(tilt),
        )
        scene.add(
            "leaf",
            pos,
            (length * slim, length, 0.02),
            mat,
            (yaw, 0.0, math.pi / 2 + tilt - 3.14159),
            (2, 0, rng.uniform(-0.5, 0.5), 0),
            (1.0, 1.0),
        )
        if rng.random() < 0.15:
            scene.add(
                "ball",
                (pos[0] * 2, pos[1] * 2, pos[2] + 0.3 * length),
                (size * 0.15,) * 3,
                m.plastic(rng),
            )


def plant(scene: Scene, rng: random.Random, height: float | None = None) -> None:
    """Potted plant: strap leaves or a lumpy bush."""
    h = height or rng.uniform(0.2, 1.6)
    pot = h * rng.uniform(0.2, 0.4)
    width = pot * rng.uniform(0.8, 1.2)
    scene.add(
        rng.choice(["cylinder", "box", "lathe3", "lathe7"]),
        (0, 0, pot / 2),
        (width, width, pot),
        m.anything(rng),
        shape=(2, rng.uniform(0, 0.4), 0, 0),
    )
    if rng.random() < 0.65:
        leaves(scene, rng, pot, h - pot, rng.randint(8, 28))
        return
    scene.rod((0, 0, pot), (0, 0, h * 0.7), 0.02 + 0.02 * h, m.bark(rng))
    for _ in range(rng.randint(2, 5)):
        r = h * rng.uniform(0.2, 0.45)
        mat = m.foliage(rng)
        scene.add(
            "ball",
            (rng.gauss(0, h * 0.1), rng.gauss(0, h * 0.1), h * rng.uniform(0.6, 1.0)),
            (r, r, r),
            mat,
            shape=(2, 0, 0, 0.45),
        )


def book_pile(scene: Scene, rng: random.Random) -> None:
    z, w, d = 0.0, rng.uniform(0.13, 0.3), rng.uniform(0.18, 0.3)
    for _ in range(rng.randint(1, 6)):
        t = rng.uniform(0.01, 0.05)
        mat = rng.choice([m.plain, m.poster, m.paper])(rng)
        scene.box(
            (rng.gauss(0, 0.01), rng.gauss(0, 0.01), z + t / 2),
            (w, d, t),
            mat,
            (rng.gauss(0, 0.2), 0, 0),
        )
        z += t


def standing_books(
    scene: Scene, rng: random.Random, width: float, height: float, depth: float
) -> None:
    """A row of books along x from the origin, backs at -y."""
    x, lean = 0.0, 0.0
    while x < width - 0.02:
        t = rng.uniform(0.012, 0.055)
        h = height * rng.uniform(0.6, 0.95)
        d = depth * rng.uniform(0.6, 0.95)
        if x + t > width:
            return
        mat = m.plain(rng, m.any_color(rng, 0.45)) if rng.random() < 0.7 else m.poster(rng)
        lean = rng.uniform(0.05, 0.25) if rng.random() < 0.08 else 0.0
        scene.box(
            (x + t / 2, depth / 2 - 0.02 - d / 2 + rng.uniform(-0.02, 0.01), h / 2),
            (t, d, h),
            mat,
            (0, lean, 0),
        )
        x += t + (0.03 if lean else 0.001)


def _package(scene: Scene, rng: random.Random) -> None:
    h = rng.uniform(0.05, 0.35)
    size = (rng.uniform(0.05, 0.35), rng.uniform(0.04, 0.25), h)
    mat = rng.choice([m.poster, m.paper, m.poster, m.plain, m.painting])(rng)
    scene.box((0, 0, h / 2), size, mat, (0, 0, 0))


def _ball(scene: Scene, rng: random.Random) -> None:
    d = rng.uniform(0.04, 0.28)
    scene.add(
        "ball",
        (0, 0, d / 2),
        (d, d * rng.uniform(0.8, 1), d),
        m.anything(rng),
        shape=(rng.uniform(1.8, 2.6), 0, 0, rng.choice([0, 0, 0.15])),
    )


def _cone(scene: Scene, rng: random.Random) -> None:
    h = rng.uniform(0.08, 0.5)
    w = h * rng.uniform(0.35, 0.9)
    scene.add(
        "cone", (0, 0, h / 2), (w, w, h), rng.choice([m.plastic, m.poster, m.paper, m.plain])(rng)
    )


def _toy(scene: Scene, rng: random.Random) -> None:
    """Head, body and limbs of rounded lumps."""
    s = rng.uniform(0.12, 0.4)
    mat = m.fabric(rng)
    scene.soft((0, 0, s * 0.35), (s * 0.5, s * 0.4, s * 0.6), mat, 2.3, 0.08)
    scene.soft((0, 0, s * 0.8), (s * 0.45, s * 0.4, s * 0.4), mat, 2.2, 0.08)
    for side in (-1, 1):
        scene.soft((side * s * 0.18, 0, s * 1.0), (s * 0.16, s * 0.1, s * 0.2), mat, 2.0)
        scene.rod(
            (side * s * 0.2, 0, s * 0.5),
            (side * s * 0.45, -s * 0.1, s * 0.35),
            s * 0.15,
            mat,
            "ball",
        )
        scene.rod(
            (side * s * 0.12, 0, s * 0.15),
            (side * s * 0.2, -s * 0.35, s * 0.08),
            s * 0.17,
            mat,
            "ball",
        )


def _head(scene: Scene, rng: random.Random) -> None:
    """A bust or mask: a lumpy ellipsoid with nose, eyes and mouth."""
    h = rng.uniform(0.15, 0.45)
    w, d = h * rng.uniform(0.6, 0.8), h * rng.uniform(0.35, 0.8)
    mat = rng.choice([m.wood, m.stone, m.skin, m.metal])(rng)
    dark = m.plain(rng, m.shade(mat.first, 0.3))
    scene.add("ball", (0, 0, h / 2), (w, d, h), mat, shape=(2.3, 0.2, 0, 0.06))
    scene.soft((0, -d * 0.5, h * 0.5), (w * 0.16, d * 0.3, h * 0.32), mat, 2.0)
    for side in (-1, 1):
        scene.soft((side * w * 0.22, -d * 0.42, h * 0.62), (w * 0.2, d * 0.2, h * 0.08), dark, 2.0)
        scene.soft((side * w * 0.5, 0, h * 0.52), (w * 0.12, d * 0.25, h * 0.25), mat, 2.0)
    scene.soft((0, -d * 0.44, h * 0.25), (w * 0.35, d * 0.2, h * 0.07), dark, 2.0)


def _lamp(scene: Scene, rng: random.Random) -> None:
    h = rng.uniform(0.25, 0.6)
    scene.add("cylinder", (0, 0, 0.01), (h * 0.4, h * 0.4, 0.02), m.metal(rng))
    scene.rod(
        (0, 0, 0),
        (0, 0, h * 0.7),
        h * 0.06,
        m.metal(rng),
        rng.choice(["cylinder", f"lathe{rng.randrange(LATHES)}"]),
    )
    mat = m.glow(rng, rng.uniform(0.3, 2.5)) if rng.random() < 0.5 else m.fabric(rng)
    scene.add(
        "cylinder",
        (0, 0, h * 0.82),
        (h * 0.55, h * 0.55, h * 0.35),
        mat,
        shape=(2, rng.uniform(-0.7, 0), 0, 0),
    )


def _bowl_of_fruit(scene: Scene, rng: random.Random) -> None:
    w = rng.uniform(0.15, 0.35)
    scene.add("cylinder", (0, 0, w * 0.15), (w, w, w * 0.3), m.anything(rng), shape=(2, 0.8, 0, 0))
    for _ in range(rng.randint(3, 8)):
        d = w * rng.uniform(0.22, 0.35)
        a, r = rng.uniform(0, 6.28), rng.uniform(0, w * 0.3)
        scene.add(
            "ball",
            (r * math.cos(a), r * math.sin(a), w * 0.33),
            (d, d, d),
            m.plain(rng, m.any_color(rng, 0.9), 0.4),
        )


def _bin_of_sticks(scene: Scene, rng: random.Random) -> None:
    h = rng.uniform(0.08, 0.16)
    scene.add("cylinder", (0, 0, h / 2), (h * 0.8, h * 0.8, h), m.anything(rng))
    for _ in range(rng.randint(2, 9)):
        a = rng.uniform(0, 6.28)
        top = (0.35 * h * math.cos(a), 0.35 * h * math.sin(a), h * rng.uniform(1.3, 2.4))
        scene.rod(
            (-top[0] * 0.5, -top[1] * 0.5, 0.02), top, h * rng.uniform(0.05, 0.12), m.anything(rng)
        )


def _screen(scene: Scene, rng: random.Random) -> None:
    w = rng.uniform(0.3, 0.7)
    h = w * 0.6
    mat = m.painting(rng) if rng.random() < 0.5 else m.plain(rng, (0.01, 0.01, 0.012), 0.8)
    scene.box((0, 0, h * 0.62), (w, 0.03, h), m.plain(rng, (0.02, 0.02, 0.02), 0.4), (0, 0, -0.1))
    scene.box((0, -0.017, h * 0.62), (w * 0.95, 0.005, h * 0.93), mat, (0, 0, -0.1))
    scene.box((0, 0, 0.01), (w * 0.4, 0.18, 0.02), m.metal(rng))
    scene.box((0, 0.02, h * 0.1), (0.05, 0.03, h * 0.25), m.metal(rng))


def _sheet(scene: Scene, rng: random.Random) -> None:
    mat: Material = rng.choice([m.paper, m.fabric, m.poster])(rng)
    size = rng.uniform(0.12, 0.5)
    scene.add(
        "cloth",
        (0, 0, 0.012),
        (size, size * rng.uniform(0.5, 1.4), 0.05),
        mat,
        (rng.uniform(0, 6), 0, 0),
        (1, 1.5 / size, 0, 0.03),
    )


def _blocks(scene: Scene, rng: random.Random) -> None:
    z = 0.0
    s = rng.uniform(0.04, 0.15)
    for _ in range(rng.randint(1, 4)):
        mesh = rng.choice(["box", "cylinder", "ball", "cone"])
        h = s * rng.uniform(0.5, 1.4)
        scene.add(
            mesh,
            (rng.gauss(0, s * 0.1), 0, z + h / 2),
            (s, s, h),
            m.anything(rng),
            (rng.uniform(0, 6), 0, 0),
            (rng.uniform(2, 8), 0, 0, 0),
        )
        z += h


_MAKERS: tuple[tuple[Callable[[Scene, random.Random], None], float], ...] = (
    (vessel, 5),
    (_bottle, 2),
    (book_pile, 2),
    (_package, 5),
    (_ball, 2),
    (_cone, 1.6),
    (_toy, 1.3),
    (_head, 1),
    (_lamp, 1),
    (_bowl_of_fruit, 0.8),
    (_bin_of_sticks, 1),
    (_screen, 0.8),
    (_sheet, 1),
    (_blocks, 2),
)


def small_thing(scene: Scene, rng: random.Random) -> None:
    """Any one of the small things or a little plant."""
    if rng.random() < 0.07:
        plant(scene, rng, rng.uniform(0.12, 0.45))
        return
    makers, weights = zip(*_MAKERS, strict=True)
    rng.choices(makers, weights)[0](scene, rng)
