"""Scenes that were made around a subject: people in groups, an animal or plant close up, a vehicle.

Each puts the subject in front of some cameras of another kind of scene, so that it stands out from
the background, is cut by the frame, or hides most of it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace

from .clutter import plant
from .figures import animal, person
from .outdoors import bush, car, landscape, street
from .relight import dusk
from .rooms import room
from .scene import Camera, Scene

__all__ = ["close_up", "group", "night_street", "vehicle"]

Maker = Callable[[Scene, random.Random], None]
_CHOSEN = 2  # cameras of a scene that a subject is put in front of
_TAKES = 3  # views of each subject


def _floor_point(camera: Camera, distance: float, aside: float) -> tuple[float, float, float]:
    """A point on the ground, metres ahead of the camera and aside of its axis."""
    c, s = math.cos(camera.yaw), math.sin(camera.yaw)
    return camera.eye[0] + distance * c + aside * s, camera.eye[1] + distance * s - aside * c, 0.0


def _facing(camera: Camera) -> float:
    """The turn with which a thing whose front is at -y looks at the camera."""
    return camera.yaw - math.pi / 2


def _take(rng: random.Random, camera: Camera, distance: float, height: float) -> Camera:
    """The camera moved a little and aimed near a height at a distance."""
    aside, near = rng.gauss(0, 0.12) * distance, rng.uniform(-0.15, 0.1) * distance
    c, s = math.cos(camera.yaw), math.sin(camera.yaw)
    eye = (
        camera.eye[0] + near * c + aside * s,
        camera.eye[1] + near * s - aside * c,
        max(0.15, camera.eye[2] + rng.gauss(0, 0.1)),
    )
    pitch = math.atan2(height - eye[2], distance - near) + rng.gauss(0, 0.08)
    yaw = camera.yaw + math.atan2(aside, distance) * rng.uniform(0.0, 1.3) + rng.gauss(0, 0.1)
    fov = math.radians(rng.uniform(30, 65))
    return Camera(eye, yaw, pitch, rng.gauss(0, 0.03), fov)


def _low(rng: random.Random, camera: Camera, height: float) -> Camera:
    return replace(camera, eye=(*camera.eye[:2], height * rng.uniform(0.7, 1.6)))


def _background(scene: Scene, rng: random.Random, weights: tuple[float, float, float]) -> None:
    rng.choices((room, street, landscape), weights)[0](scene, rng)


def group(scene: Scene, rng: random.Random) -> None:
    """Two to seven people side by side and one behind the other, some cut by the frame."""
    _background(scene, rng, (0.5, 0.25, 0.25))
    takes = []
    for camera in rng.sample(scene.cameras, _CHOSEN):
        distance = rng.uniform(0.9, 3.2)
        for _ in range(rng.randint(2, 7)):
            ahead = distance + abs(rng.gauss(0, 0.7))
            aside = rng.gauss(0, 0.35) * ahead
            turn = _facing(camera) + rng.choice([rng.gauss(0, 0.5), rng.uniform(0, 6.28)])
            with scene.at(_floor_point(camera, ahead, aside), turn):
                person(scene, rng, rng.random() < 0.12)
        for _ in range(_TAKES):
            takes.append(_take(rng, camera, distance, rng.uniform(0.7, 1.5)))
    scene.cameras = takes + scene.cameras


def close_up(scene: Scene, rng: random.Random) -> None:
    """An animal, a plant or a bush that fills much of the image."""
    _background(scene, rng, (0.4, 0.1, 0.5))
    takes = []
    for camera in rng.sample(scene.cameras, _CHOSEN):
        maker: Maker = rng.choices((animal, plant, bush), (5, 3, 1))[0]
        size = rng.uniform(0.3, 0.9)
        distance = size * rng.uniform(1.2, 3.0) + 0.25
        low = _low(rng, camera, size)
        for _ in range(rng.choice([1, 1, 1, 2, 4])):
            ahead, aside = distance + abs(rng.gauss(0, 0.25)), rng.gauss(0, 0.12) * distance
            turn = _facing(camera) + rng.choice([rng.gauss(0, 0.8), rng.uniform(0, 6.28)])
            with scene.at(_floor_point(camera, ahead, aside), turn, size * rng.uniform(0.8, 1.2)):
                maker(scene, rng)
        for _ in range(_TAKES):
            takes.append(_take(rng, low, distance, size * rng.uniform(0.2, 0.7)))
    scene.cameras = takes + scene.cameras


def vehicle(scene: Scene, rng: random.Random) -> None:
    """A car at any angle, near the camera, often cut by the frame."""
    _background(scene, rng, (0.0, 0.7, 0.3))
    takes = []
    for camera in rng.sample(scene.cameras, _CHOSEN):
        distance = rng.uniform(3.2, 9.0)
        for i in range(rng.choice([1, 1, 2, 3])):
            point = _floor_point(camera, distance + 4.5 * i, rng.gauss(0, 0.2) * distance)
            with scene.at(point, rng.uniform(0, 6.28)):
                car(scene, rng)
        for _ in range(_TAKES):
            takes.append(_take(rng, camera, distance, rng.uniform(0.3, 1.6)))
    scene.cameras = takes + scene.cameras


def night_street(scene: Scene, rng: random.Random) -> None:
    """A street or a park by the light of its lamps."""
    _background(scene, rng, (0.0, 0.75, 0.25))
    dusk(scene, rng)
