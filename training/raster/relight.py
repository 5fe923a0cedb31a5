"""The same scene in another light, partly repainted: what a network must not mistake for depth.

From half of the scenes some things are taken away as well: what a network must not overlook.
"""

from __future__ import annotations

import dataclasses
import math
import random

from . import materials as m
from .indoor_light import indoor_sky
from .outdoors import daylight
from .scene import FIRST_COLOR, GLOW, NO_MASK, PAINT, PATTERN, SECOND_COLOR, Light, Scene, Sky, Vec

__all__ = ["dusk", "relit"]

_PANES, _LEAVES, _BLINDS = 1.0, 2.0, 3.0
_REPAINTED = 0.6  # share of scenes whose things take other colours
_CLEARED = 0.5  # share of scenes from which things are taken away
_TAKEN = 0.2  # of their things
_PATTERNS = (0, 0, 1, 3, 5, 6, 8, 10, 14, 14)
_FACADE = 12


def _tinted(rng: random.Random, strength: float) -> Vec:
    """From candle light to overcast sky: stronger casts than a room's own lamps have."""
    t = rng.uniform(-0.3, 0.65)
    return (strength * (1 + t), strength, strength * max(0.15, 1 - t))


def _mask(rng: random.Random, kinds: tuple[float, ...]) -> Vec:
    return (rng.choice(kinds), rng.uniform(1.2, 6.0), rng.uniform(0.0, 9.0))


def _indoors(scene: Scene, rng: random.Random) -> None:
    """New lamps near the old ones, some through a window or a blind; other ambient light."""
    places = [light.position for light in scene.lights] or [(0.0, 0.0, 2.0)]
    targets = [light.aim for light in scene.lights] or [(0.0, 0.0, 0.0)]
    indoor_sky(scene, rng)
    dim = rng.choice([1.0, 1.0, 0.5, 0.2])
    scene.sky.ambient_up = _tinted(rng, dim * rng.uniform(0.15, 0.5))
    scene.sky.ambient_down = _tinted(rng, dim * rng.uniform(0.08, 0.3))
    scene.lights = []
    for i in range(rng.choice([1, 1, 2, 2, 3])):
        x, y, z = rng.choice(places)
        a, b, c = rng.choice(targets)
        masked = i == 0 and rng.random() < 0.45
        position = (x + rng.gauss(0, 0.4), y + rng.gauss(0, 0.4), z * rng.uniform(0.75, 1.0))
        aim = (a + rng.gauss(0, 0.5), b + rng.gauss(0, 0.5), c + rng.uniform(0.0, 0.8))
        mask = _mask(rng, (_PANES, _PANES, _LEAVES, _BLINDS)) if masked else NO_MASK
        strength = rng.uniform(0.8, 6.0) * (2.0 if masked else 1.0)
        shadow = masked or (i < 2 and rng.random() < 0.85)
        scene.lights.append(Light(position, _tinted(rng, strength), False, shadow, aim, mask))


def dusk(scene: Scene, rng: random.Random) -> None:
    """No sun: a coloured sky low over the ground, lamps at head height and above."""
    glow, bright = rng.uniform(0.3, 1.0), rng.uniform(0.05, 0.6)
    low = (bright, bright * (1 - 0.45 * glow), bright * (1 - 0.75 * glow))
    top = (bright * 0.4, bright * 0.45, bright * rng.uniform(0.5, 0.9))
    ambient = tuple(0.4 * (a + b) for a, b in zip(top, low, strict=True))
    scene.sky = Sky(
        top=top, low=low, clouds=rng.random(), ambient_up=ambient,  # type: ignore[arg-type]
        ambient_down=m.shade(low, 0.35), fog=low, occlusion=rng.uniform(0.5, 1.1),
        fog_density=rng.choice([0.0, 0.004, 0.012, rng.uniform(0.0, 0.05)]),
    )  # fmt: skip
    eyes = [camera.eye for camera in scene.cameras] or [scene.focus]
    scene.lights = []
    for i in range(rng.randint(1, 4)):
        x, y, _ = rng.choice(eyes)
        place = (x + rng.gauss(0, 4), y + rng.gauss(0, 6), rng.uniform(2.0, 5.0))
        aim = (place[0] + rng.gauss(0, 1), place[1] + rng.gauss(0, 1), 0.0)
        scene.lights.append(
            Light(place, _tinted(rng, rng.uniform(0.5, 8.0)), shadow=i == 0, aim=aim)
        )


def _outdoors(scene: Scene, rng: random.Random) -> None:
    if rng.random() < 0.5:
        dusk(scene, rng)
        return
    scene.lights = []
    daylight(scene, rng, scene.reach)
    if rng.random() < 0.3:
        mask = _mask(rng, (_LEAVES,))
        scene.lights = [dataclasses.replace(light, mask=mask) for light in scene.lights]


def _repaint(rng: random.Random, row: tuple[float, ...], night: bool) -> tuple[float, ...]:
    """Another colour, sometimes another pattern; lamps and lit windows switched on or off."""
    cells = list(row)
    if row[GLOW] > 0:
        cells[GLOW] *= rng.choice([0.1, rng.uniform(0.3, 2.0)])
    elif row[PATTERN] == _FACADE:
        cells[GLOW] = rng.uniform(0.3, 2.5) if night else 0.0
    elif rng.random() < 0.6:
        first = m.any_color(rng, 0.4)
        cells[FIRST_COLOR] = first
        cells[SECOND_COLOR] = (
            m.shade(first, rng.uniform(0.4, 1.4)) if rng.random() < 0.6 else m.any_color(rng, 0.4)
        )
        if rng.random() < 0.35:
            cells[PATTERN] = float(rng.choice(_PATTERNS))
    return tuple(cells)


def _repainted(scene: Scene, rng: random.Random, night: bool) -> dict[str, list[tuple[float, ...]]]:
    """Things of one material stay of one material."""
    salt = rng.random()

    def paint(row: tuple[float, ...]) -> tuple[float, ...]:
        return _repaint(random.Random(f"{salt}{row[PAINT]}"), row, night)

    return {mesh: [paint(row) for row in rows] for mesh, rows in scene.rows.items()}


def _clear(scene: Scene, rng: random.Random) -> None:
    """Takes some things away, with all that stands on them."""
    things = sorted({thing for paths in scene.owners.values() for path in paths for thing in path})
    gone = {thing for thing in things if rng.random() < _TAKEN}
    kept = {
        mesh: [i for i, path in enumerate(paths) if gone.isdisjoint(path)]
        for mesh, paths in scene.owners.items()
    }
    scene.rows = {mesh: [scene.rows[mesh][i] for i in kept[mesh]] for mesh in kept if kept[mesh]}
    scene.owners = {mesh: [scene.owners[mesh][i] for i in kept[mesh]] for mesh in scene.rows}


def relit(scene: Scene, rng: random.Random) -> Scene:
    """A scene of the same cameras under another light, most often repainted, partly cleared."""
    other = dataclasses.replace(scene, rng=rng, lights=list(scene.lights))
    outside = any(light.is_sun for light in scene.lights)
    (_outdoors if outside else _indoors)(other, rng)
    if rng.random() < _REPAINTED:
        night = outside and not any(light.is_sun for light in other.lights)
        other.rows = _repainted(scene, rng, night)
    if rng.random() < _CLEARED:
        _clear(other, rng)
    other.shadow_softness = math.exp(rng.uniform(math.log(0.002), math.log(0.03)))
    return other
