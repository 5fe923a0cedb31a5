"""Deferred renderer on an off-screen OpenGL context (works on Mesa's software driver)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import moderngl
import numpy as np
from PIL import Image

from .meshes import MESHES, mesh_kind
from .scene import NO_MASK, Camera, Light, Scene, Vec
from .shaders import (
    GEOMETRY_FRAGMENT,
    GEOMETRY_VERTEX,
    LIGHT_FRAGMENT,
    LIGHT_VERTEX,
    SHADOW_FRAGMENT,
)

__all__ = ["Renderer"]

_ATTRIBUTES = {
    "i_pos": 3, "i_rx": 3, "i_ry": 3, "i_rz": 3, "i_scale": 3,
    "i_shape": 4, "i_col1": 4, "i_col2": 4, "i_misc": 4, "i_cut": 2,
}  # fmt: skip
_ROW_BYTES = 33 * 4
_MAX_INSTANCES = 1500
_SHADOW_SIZE = 512
_MAX_LIGHTS = 5
_OVER = 1.5  # drawn larger than asked, then averaged: soft edges as a lens gives them
_BRIGHTEST = 8.0

Variant = tuple[int, int, int, int]  # kind, pattern, bump, cut


def _basis(camera: Camera) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unit right, up and forward of a camera."""
    cy, sy = math.cos(camera.yaw), math.sin(camera.yaw)
    cp, sp = math.cos(camera.pitch), math.sin(camera.pitch)
    forward = np.array([cy * cp, sy * cp, sp])
    right = np.array([sy, -cy, 0.0])
    up = np.cross(right, forward)
    c, s = math.cos(camera.roll), math.sin(camera.roll)
    return c * right + s * up, c * up - s * right, forward


def _view_matrix(
    eye: np.ndarray, right: np.ndarray, up: np.ndarray, forward: np.ndarray
) -> np.ndarray:
    m = np.eye(4)
    m[:3, :3] = np.stack([right, up, -forward])
    m[:3, 3] = -m[:3, :3] @ eye
    return m


def _perspective(tan_x: float, tan_y: float, near: float, far: float) -> np.ndarray:
    m = np.zeros((4, 4))
    m[0, 0], m[1, 1] = 1 / tan_x, 1 / tan_y
    m[2, 2], m[2, 3] = -(far + near) / (far - near), -2 * far * near / (far - near)
    m[3, 2] = -1.0
    return m


def _orthographic(half: float, near: float, far: float) -> np.ndarray:
    m = np.eye(4)
    m[0, 0] = m[1, 1] = 1 / half
    m[2, 2], m[2, 3] = -2 / (far - near), -(far + near) / (far - near)
    return m


def _defined(source: str, **values: int) -> str:
    """GLSL source with a #define for every value, right after its version."""
    lines = "".join(f"#define {name} {value}\n" for name, value in values.items())
    return source.replace("#version 330\n", "#version 330\n" + lines)


def _gl_bytes(matrix: np.ndarray) -> bytes:
    return np.ascontiguousarray(matrix.T, dtype=np.float32).tobytes()


def _light_matrix(light: Light, focus: np.ndarray, reach: float) -> np.ndarray:
    """World to clip space of a light that casts shadows."""
    if light.is_sun:
        to_light = np.array(light.position) / np.linalg.norm(light.position)
        eye, forward = focus + to_light * reach * 2, -to_light
        projection = _orthographic(reach, 0.1, reach * 4)
    else:
        eye = np.array(light.position)
        forward = np.array(light.aim) - eye
        forward = forward / (np.linalg.norm(forward) + 1e-6)
        projection = _perspective(1.6, 1.6, 0.15, 30.0)
    side = np.cross(forward, [0.0, 0.1, 1.0])
    right = side / (np.linalg.norm(side) + 1e-6)
    return projection @ _view_matrix(eye, right, np.cross(right, forward), forward)


@dataclass(frozen=True)
class _Group:
    """Instances of one mesh that one program draws."""

    buffer: Any
    program: Any
    array: Any
    shadow_program: Any
    shadow_array: Any


def _by_variant(mesh: str, values: np.ndarray) -> Iterator[tuple[Variant, np.ndarray]]:
    """Splits (N, 33) instances by the program they need."""
    pattern = np.rint(values[:, 22]).astype(int)
    keys = np.stack([pattern, values[:, 30] > 0, values[:, 31] > 0], axis=1).astype(int)
    for key in np.unique(keys, axis=0):
        rows = values[(keys == key).all(axis=1)]
        yield (mesh_kind(mesh), int(key[0]), int(key[1]), int(key[2])), np.ascontiguousarray(rows)


class Renderer:
    """Draws scenes larger than asked and averages the colour down."""

    def __init__(self, backend: str = "egl") -> None:
        self.ctx = moderngl.create_context(standalone=True, backend=backend)
        self.ctx.enable(moderngl.DEPTH_TEST)
        self.vertices = {name: self.ctx.buffer(mesh.tobytes()) for name, mesh in MESHES.items()}
        self._programs: dict[tuple[bool, Variant], Any] = {}
        self._groups: dict[tuple[str, Variant], _Group] = {}
        self._lighting = [self._light_program(masked) for masked in (0, 1)]
        self.light, self.screen = self._lighting[0]
        self.shadow_maps = [self._shadow_map() for _ in range(2)]
        self.shadow_targets = [self.ctx.framebuffer(depth_attachment=t) for t in self.shadow_maps]
        self._targets: dict[tuple[int, int], tuple[Any, Any]] = {}
        self._drawn: list[tuple[_Group, int]] = []
        self._shadow_matrices: list[np.ndarray] = []

    def _light_program(self, masked: int) -> tuple[Any, Any]:
        """The lighting pass and its rectangle; masks cost time, so it comes with and without."""
        program = self.ctx.program(LIGHT_VERTEX, _defined(LIGHT_FRAGMENT, MASK=masked))
        corners = np.array([-1, -1, 1, -1, -1, 1, 1, 1], dtype=np.float32)
        buffer = self.ctx.buffer(corners.tobytes())
        return program, self.ctx.vertex_array(program, [(buffer, "2f", "in_pos")])

    def _program(self, is_shadow: bool, variant: Variant) -> Any:
        key = (is_shadow, variant if not is_shadow else (variant[0], 0, 0, variant[3]))
        if key not in self._programs:
            names = ("KIND", "PATTERN", "BUMP", "CUT")
            values = dict(zip(names, key[1], strict=True))
            fragment = SHADOW_FRAGMENT if is_shadow else GEOMETRY_FRAGMENT
            sources = [_defined(text, **values) for text in (GEOMETRY_VERTEX, fragment)]
            self._programs[key] = self.ctx.program(*sources)
        return self._programs[key]

    def _group(self, mesh: str, variant: Variant) -> _Group:
        key = (mesh, variant)
        if key not in self._groups:
            buffer = self.ctx.buffer(reserve=_MAX_INSTANCES * _ROW_BYTES, dynamic=True)
            programs = [self._program(is_shadow, variant) for is_shadow in (False, True)]
            arrays = [self._array(p, self.vertices[mesh], buffer) for p in programs]
            self._groups[key] = _Group(buffer, programs[0], arrays[0], programs[1], arrays[1])
        return self._groups[key]

    def _array(self, program: Any, vertices: Any, instances: Any) -> Any:
        fields = [f"{n}f" if a in program else f"{n}x4" for a, n in _ATTRIBUTES.items()]
        names = [a for a in _ATTRIBUTES if a in program]
        content = [
            (vertices, "3f 3f" if "in_nrm" in program else "3f 3x4",
             *(a for a in ("in_pos", "in_nrm") if a in program)),
            (instances, " ".join(fields) + "/i", *names),
        ]  # fmt: skip
        return self.ctx.vertex_array(program, content)

    def _shadow_map(self) -> Any:
        texture = self.ctx.depth_texture((_SHADOW_SIZE, _SHADOW_SIZE))
        texture.compare_func = ""
        texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
        texture.repeat_x = texture.repeat_y = False
        return texture

    def _target(self, size: tuple[int, int]) -> tuple[Any, Any]:
        if size not in self._targets:
            colors = [
                self.ctx.texture(size, n, dtype=t) for n, t in ((4, "f2"), (4, "f2"), (1, "f4"))
            ]
            for texture in colors:
                texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
                texture.repeat_x = texture.repeat_y = False
            surface = self.ctx.framebuffer(colors, self.ctx.depth_renderbuffer(size))
            lit = self.ctx.framebuffer([self.ctx.texture(size, 4, dtype="f2")])
            self._targets[size] = (surface, lit)
        return self._targets[size]

    def load(self, scene: Scene) -> None:
        """Sends a scene to the driver and draws its shadow maps; `shoot` then draws views."""
        self._drawn = []
        for mesh, values in scene.instances().items():
            for variant, rows in _by_variant(mesh, values):
                rows = rows[:_MAX_INSTANCES]
                group = self._group(mesh, variant)
                group.buffer.write(rows.tobytes())
                self._drawn.append((group, len(rows)))
        self._scene = scene
        focus = np.array(scene.focus)
        casters = [light for light in scene.lights if light.shadow][:2]
        rest = [light for light in scene.lights if not light.shadow]
        self._lights = (casters + rest)[:_MAX_LIGHTS]
        self.light, self.screen = self._lighting[any(c.mask != NO_MASK for c in casters)]
        self._shadow_matrices = [_light_matrix(light, focus, scene.reach) for light in casters]
        for target, matrix in zip(self.shadow_targets, self._shadow_matrices, strict=False):
            target.use()
            target.clear(depth=1.0)
            self._draw_shadow(matrix)

    def _draw_shadow(self, matrix: np.ndarray) -> None:
        for group, count in self._drawn:
            group.shadow_program["u_view_proj"].write(_gl_bytes(matrix))
            group.shadow_array.render(moderngl.TRIANGLES, instances=count)

    def _draw(self, matrix: np.ndarray, eye: Vec, forward: Vec) -> None:
        data = _gl_bytes(matrix)
        for group, count in self._drawn:
            program = group.program
            program["u_view_proj"].write(data)
            program["u_eye"].value = eye
            program["u_forward"].value = forward
            group.array.render(moderngl.TRIANGLES, instances=count)

    def distances(self, camera: Camera, size: tuple[int, int]) -> np.ndarray:
        """Geometry pass: (H, W) metres along the view axis, 0 where nothing was hit."""
        width, height = _drawn_size(size)
        surface, _ = self._target((width, height))
        right, up, forward = _basis(camera)
        eye = np.array(camera.eye)
        tan_y = math.tan(camera.fov / 2)
        matrix = _perspective(tan_y * width / height, tan_y, 0.05, 400.0)
        surface.use()
        surface.clear(0.0, 0.0, 0.0, 0.0, depth=1.0)
        view = _view_matrix(eye, right, up, forward)
        self._draw(matrix @ view, camera.eye, tuple(float(v) for v in forward))
        depth = np.frombuffer(surface.color_attachments[2].read(), dtype=np.float32)
        rows = ((np.arange(size[1]) + 0.5) * _OVER).astype(int)
        columns = ((np.arange(size[0]) + 0.5) * _OVER).astype(int)
        return depth.reshape(height, width)[::-1][np.ix_(rows, columns)]

    def shoot(self, camera: Camera, size: tuple[int, int]) -> np.ndarray:
        """Lighting pass after `distances` of the same camera: (H, W, 3) linear radiance."""
        width, height = _drawn_size(size)
        surface, lit = self._target((width, height))
        for unit, texture in enumerate([*surface.color_attachments, *self.shadow_maps]):
            texture.use(unit)
        self._set_camera(camera, width / height)
        self._set_lights()
        lit.use()
        self.screen.render(moderngl.TRIANGLE_STRIP)
        data = np.frombuffer(lit.color_attachments[0].read(), dtype=np.float16)
        data = data.reshape(height, width, 4)[::-1, :, :3].astype(np.float32)
        data = np.minimum(np.nan_to_num(data, nan=0.0, posinf=_BRIGHTEST), _BRIGHTEST)
        planes = [
            Image.fromarray(data[..., i]).resize(size, Image.Resampling.BOX) for i in range(3)
        ]
        return np.stack([np.asarray(plane) for plane in planes], axis=-1)

    def _set(self, name: str, value: Any) -> None:
        if name in self.light:
            self.light[name].value = value

    def _set_camera(self, camera: Camera, aspect: float) -> None:
        right, up, forward = _basis(camera)
        tan_y = math.tan(camera.fov / 2)
        names = ("t_albedo", "t_normal", "t_depth", "t_shadow0", "t_shadow1")
        for unit, name in enumerate(names):
            self._set(name, unit)
        for name, vector in (
            ("u_eye", camera.eye),
            ("u_right", right),
            ("u_up", up),
            ("u_forward", forward),
        ):
            self._set(name, tuple(float(v) for v in vector))
        self._set("u_tan", (tan_y * aspect, tan_y))
        reach = self._scene.occlusion_reach
        self._set("u_ao_step", (reach / (2 * tan_y * aspect), reach / (2 * tan_y)))

    def _set_lights(self) -> None:
        sky = self._scene.sky
        count = len(self._shadow_matrices)
        padding = _MAX_LIGHTS - len(self._lights)
        matrices = (self._shadow_matrices + [np.eye(4)] * 2)[:2]
        self.light["u_shadow_matrix"].write(b"".join(_gl_bytes(m) for m in matrices))
        self._set("u_shadow_count", count)
        self._set("u_shadow_soft", self._scene.shadow_softness)
        masks = [light.mask for light in self._lights[:count]]
        self._set("u_mask", (masks + [NO_MASK] * 2)[:2])
        self._set("u_bias", 0.0015)
        self._set("u_light_count", len(self._lights))
        positions = [(*light.position, 0.0 if light.is_sun else 1.0) for light in self._lights]
        positions = [_unit(p) if p[3] == 0.0 else p for p in positions]
        self._set("u_light", positions + [(0.0, 0.0, 1.0, 0.0)] * padding)
        self._set("u_light_color", [light.color for light in self._lights] + [(0.0,) * 3] * padding)
        for name, value in (
            ("u_ambient_up", sky.ambient_up), ("u_ambient_down", sky.ambient_down),
            ("u_fog", (*sky.fog, sky.fog_density)), ("u_sky_top", sky.top), ("u_sky_low", sky.low),
            ("u_sky", (sky.clouds, self._scene.rng.uniform(0, 50))), ("u_ao", sky.occlusion),
        ):  # fmt: skip
            self._set(name, value)


def _drawn_size(size: tuple[int, int]) -> tuple[int, int]:
    return round(size[0] * _OVER), round(size[1] * _OVER)


def _unit(p: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    n = math.sqrt(p[0] ** 2 + p[1] ** 2 + p[2] ** 2)
    return (p[0] / n, p[1] / n, p[2] / n, p[3])
