"""Where a moving camera stands: presets, key frames, or the camera of a 3D viewer.

A pose is given in the axes of the photo's own camera (OpenCV: x right, y down, z forward), which
stands at the origin and is not turned. Distances are in the unit of the depth map.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import InvalidInput

__all__ = ["MOVES", "TIMINGS", "Pose", "key_framed", "moved", "toward", "viewer_pose"]

Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]  # w, x, y, z


@dataclass(frozen=True, slots=True)
class Pose:
    """A camera: where it stands, how it is turned, and its focal length as a multiple."""

    position: Vector = (0.0, 0.0, 0.0)
    turn: Quaternion = (1.0, 0.0, 0.0, 0.0)
    zoom: float = 1.0

    @classmethod
    def turned(
        cls,
        position: Vector,
        pan: float = 0.0,
        tilt: float = 0.0,
        roll: float = 0.0,
        zoom: float = 1.0,
    ) -> Pose:
        """Angles in radians: pan to the right, tilt up, roll clockwise as the camera sees it."""
        about_y = (math.cos(pan / 2), 0.0, math.sin(pan / 2), 0.0)
        about_x = (math.cos(tilt / 2), math.sin(tilt / 2), 0.0, 0.0)
        about_z = (math.cos(roll / 2), 0.0, 0.0, math.sin(roll / 2))
        return cls(position, _product(_product(about_y, about_x), about_z), zoom)

    def rotation(self) -> tuple[Vector, Vector, Vector]:
        """Rows of the matrix that takes directions of this camera to those of the photo's."""
        w, x, y, z = self.turn
        return (
            (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
            (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
            (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
        )


def _orbit(s: float, reach: float, focus: float) -> Pose:
    angle = s * reach / focus
    return Pose.turned(
        (focus * math.sin(angle), 0.0, focus * (1 - math.cos(angle))),
        pan=-angle,
    )


def _dolly_zoom(s: float, reach: float, focus: float) -> Pose:
    """The thing at the focus keeps its size, the room behind it grows or shrinks."""
    return Pose((0.0, 0.0, s * reach), zoom=1 - s * reach / focus)


def _crane(s: float, reach: float, focus: float) -> Pose:
    return Pose.turned((0.0, -s * reach, 0.0), tilt=-math.atan(s * reach / focus))


def _handheld(s: float, reach: float, focus: float) -> Pose:
    """Slow sums of sines that begin and end at rest in the photo's own place."""

    def wave(*parts: tuple[float, float, float]) -> float:
        start = sum(size * math.sin(phase) for size, _, phase in parts)
        return sum(z * math.sin(2 * math.pi * k * s + p) for z, k, p in parts) - start

    x = wave((1.0, 1, 0.0), (0.45, 3, 1.3), (0.2, 7, 0.4))
    y = wave((0.7, 2, 0.9), (0.3, 5, 2.1), (0.15, 8, 1.7))
    z = wave((0.5, 1, 2.4), (0.2, 4, 0.2))
    step = 0.2 * reach
    sway = 0.06 * reach / focus
    return Pose.turned(
        (step * x, step * y, step * z),
        pan=sway * wave((1.0, 2, 0.5), (0.4, 5, 1.1)),
        tilt=sway * wave((0.8, 3, 1.9), (0.3, 6, 0.3)),
        roll=0.5 * sway * wave((1.0, 2, 2.7)),
    )


Move = Callable[[float, float, float], Pose]
MOVES: dict[str, Move] = {
    "push in": lambda s, reach, focus: Pose((0.0, 0.0, s * reach)),
    "pull out": lambda s, reach, focus: Pose((0.0, 0.0, -s * reach)),
    "truck": lambda s, reach, focus: Pose((s * reach, 0.0, 0.0)),
    "pedestal": lambda s, reach, focus: Pose((0.0, -s * reach, 0.0)),
    "orbit": _orbit,
    "dolly zoom": _dolly_zoom,
    "crane": _crane,
    "handheld": _handheld,
}
"""Name -> pose after the share `s` of a move of length `reach` about a thing `focus` away."""

TIMINGS: dict[str, Callable[[int, int], float]] = {
    "ease in and out": lambda index, count: _eased(index / max(count - 1, 1)),
    "steady": lambda index, count: index / max(count - 1, 1),
    "there and back": lambda index, count: (1 - math.cos(2 * math.pi * index / count)) / 2,
    "sway": lambda index, count: math.sin(2 * math.pi * index / count),
}
"""Name -> how far along the move frame `index` of `count` is; the last two loop."""


def moved(move: str, timing: str, amount: float, focus: float, frames: int) -> list[Pose]:
    """One pose per frame of a preset.

    amount: length of the move as a share of the distance to the focus, negative for the other way.
    Raises InvalidInput on unknown names, or where the camera would reach the focus.
    """
    if move not in MOVES or timing not in TIMINGS:
        raise InvalidInput(
            f"Unknown move {move!r} or timing {timing!r}; use one of {', '.join(MOVES)}, and one "
            f"of {', '.join(TIMINGS)}."
        )
    if not -0.9 <= amount <= 0.9:
        raise InvalidInput(
            f"An amount of {amount:g} is too much: 0.9 goes nine tenths of the way to the focus. "
            "Set it between -0.9 and 0.9."
        )
    return [
        MOVES[move](TIMINGS[timing](index, frames), amount * focus, focus)
        for index in range(frames)
    ]


def key_framed(text: str, frames: int) -> list[Pose]:
    """Poses through key frames, one a line: `time: right up forward  pan tilt roll  zoom`.

    time is a share of the clip, 0 to 1; distances in the map's unit, angles in degrees (pan to the
    right, tilt up); what is left out is 0, and 1 for the zoom. Between them a Catmull-Rom spline,
    at rest at both ends. Raises InvalidInput naming the line.
    """
    keys = sorted(_key(line) for line in text.splitlines() if line.strip())
    times = [time for time, _ in keys]
    if len(set(times)) != len(times):
        raise InvalidInput("Two key frames have the same time; give each its own.")
    return [_posed(_spline_pose(keys, index / max(frames - 1, 1))) for index in range(frames)]


def toward(last: Pose, timing: str, frames: int) -> list[Pose]:
    """From the photo's own camera to another pose."""
    if timing not in TIMINGS:
        raise InvalidInput(f"Unknown timing {timing!r}; use one of {', '.join(TIMINGS)}.")
    return [_partly(last, TIMINGS[timing](index, frames)) for index in range(frames)]


def viewer_pose(
    camera: Mapping[str, Any], model: Sequence[Mapping[str, Any]] | None = None
) -> Pose:
    """The pose of a LOAD3D_CAMERA: right-handed, y up, looking along -z.

    model: LOAD3D_MODEL_INFO, where the viewer put the model; None = where the file puts it.
    The field of view stays the photo's; the viewer's zoom counts. Raises InvalidInput where the
    packet lacks a position.
    """
    try:
        position = _vector(camera["position"])
        turn = _viewer_turn(camera, position)
        zoom = float(camera.get("zoom", 1.0))
        if model:
            position, turn = _in_model_space(model[0], position, turn)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(
            "The input 'camera' is not the camera of a 3D viewer: it has no position and target. "
            "Connect camera_info of Preview 3D, Load 3D or Create Camera Info."
        ) from error
    if zoom <= 0:
        raise InvalidInput(f"The camera's zoom is {zoom:g}; it must be above 0.")
    w, x, y, z = turn
    right, up, back = position
    return Pose((right, -up, -back), (w, x, -y, -z), zoom)


def _eased(t: float) -> float:
    return t * t * (3 - 2 * t)


def _product(a: Quaternion, b: Quaternion) -> Quaternion:
    aw, ax, ay, az = a
    bw, bx, by, bz = b
    return (
        aw * bw - ax * bx - ay * by - az * bz,
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
    )


def _partly(last: Pose, s: float) -> Pose:
    """The share `s` of a turn about its own axis, of the way, and of the zoom in stops."""
    w, x, y, z = last.turn if last.turn[0] >= 0 else tuple(-part for part in last.turn)
    half = math.atan2(math.hypot(x, y, z), w)
    scale = math.sin(s * half) / math.sin(half) if half > 1e-9 else 0.0
    px, py, pz = last.position
    turn = (math.cos(s * half), x * scale, y * scale, z * scale)
    return Pose((s * px, s * py, s * pz), turn, last.zoom**s)


_KEY_DEFAULTS = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
_Key = tuple[float, tuple[float, ...]]


def _key(line: str) -> _Key:
    time, _, rest = line.partition(":")
    try:
        numbers = [float(part) for part in rest.replace(",", " ").split()]
        at = float(time)
    except ValueError:
        numbers, at = [], -1.0
    whole = tuple(numbers) + _KEY_DEFAULTS[len(numbers) :]
    usable = 3 <= len(numbers) <= 7 and 0 <= at <= 1 and whole[6] > 0
    if not usable or not all(math.isfinite(number) for number in whole):
        raise InvalidInput(
            f"The key frame {line.strip()!r} cannot be read. Write a time from 0 to 1, a colon, "
            "and three to seven numbers: right up forward, pan tilt roll in degrees, zoom; for "
            "instance 0.5: 0.2 0 0.4 -10 0 0 1."
        )
    return at, whole


def _spline_pose(keys: list[_Key], time: float) -> tuple[float, ...]:
    """Catmull-Rom at any time; before the first and after the last key the pose stays."""
    if time <= keys[0][0]:
        return keys[0][1]
    if time >= keys[-1][0]:
        return keys[-1][1]
    after = next(place for place, (at, _) in enumerate(keys) if at > time)
    (start, a), (end, b) = keys[after - 1], keys[after]
    t = (time - start) / (end - start)
    slope_a, slope_b = (_key_slope(keys, place) for place in (after - 1, after))
    length = end - start
    return tuple(
        (2 * t**3 - 3 * t**2 + 1) * from_
        + (t**3 - 2 * t**2 + t) * length * out
        + (-2 * t**3 + 3 * t**2) * to
        + (t**3 - t**2) * length * into
        for from_, to, out, into in zip(a, b, slope_a, slope_b, strict=True)
    )


def _key_slope(keys: list[_Key], place: int) -> tuple[float, ...]:
    if place in (0, len(keys) - 1):
        return (0.0,) * len(_KEY_DEFAULTS)
    (before, a), (after, b) = keys[place - 1], keys[place + 1]
    return tuple((to - from_) / (after - before) for from_, to in zip(a, b, strict=True))


def _posed(numbers: tuple[float, ...]) -> Pose:
    right, up, forward, pan, tilt, roll, zoom = numbers
    angles = (math.radians(angle) for angle in (pan, tilt, roll))
    return Pose.turned((right, -up, forward), *angles, zoom=max(zoom, 0.01))


def _vector(parts: Mapping[str, Any]) -> Vector:
    return float(parts["x"]), float(parts["y"]), float(parts["z"])


def _quaternion(parts: Mapping[str, Any]) -> Quaternion:
    return (float(parts["w"]), *_vector(parts))


def _viewer_turn(camera: Mapping[str, Any], position: Vector) -> Quaternion:
    """Its quaternion, or the turn that looks at the target with y up."""
    if camera.get("quaternion"):
        return _quaternion(camera["quaternion"])
    x, y, z = (to - at for to, at in zip(_vector(camera["target"]), position, strict=True))
    pan, tilt = math.atan2(-x, -z), math.atan2(y, math.hypot(x, z))
    return _product(
        (math.cos(pan / 2), 0.0, math.sin(pan / 2), 0.0),
        (math.cos(tilt / 2), math.sin(tilt / 2), 0.0, 0.0),
    )


def _in_model_space(
    model: Mapping[str, Any], position: Vector, turn: Quaternion
) -> tuple[Vector, Quaternion]:
    """The same camera in the coordinates of the model's file."""
    w, x, y, z = _quaternion(model["quaternion"])
    back = (w, -x, -y, -z)
    moved_by = [at - to for at, to in zip(position, _vector(model["position"]), strict=True)]
    turned = _product(_product(back, (0.0, moved_by[0], moved_by[1], moved_by[2])), (w, x, y, z))
    scale = _vector(model["scale"])
    inner = (turned[1] / scale[0], turned[2] / scale[1], turned[3] / scale[2])
    return inner, _product(back, turn)
