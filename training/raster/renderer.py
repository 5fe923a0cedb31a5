"""Deferred renderer on an off-screen OpenGL context (works on Mesa's software driver)."""

from __future__ import annotations

import math
import random
from typing import Any

import moderngl
import numpy as np

from .meshes import MESHES, mesh_kind
from .scene import Camera, Light, Scene
from .shaders import (
    GEOMETRY_FRAGMENT,
    GEOMETRY_VERTEX,
    LIGHT_FRAGMENT,
    LIGHT_VERTEX,
    SHADOW_FRAGMENT,
)

__all__ = ["Renderer"]

_ATTRIBUTES = ("i_pos", "i_rx", "i_ry", "i_rz", "i_scale", "i_shape", "i_col1", "i_col2", "i_misc", "i_cut")
_LAYOUT = "3f 3f 3f 3f 3f 4f 4f 4f 4f 2f/i"
_ROW_BYTES = 33 * 4
_MAX_INSTANCES = 4000
_SHADOW_SIZE = 512
_MAX_LIGHTS = 5


def _basis(camera: Camera) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unit right, up and forward of a camera."""
    cy, sy = math.cos(camera.yaw), math.sin(camera.yaw)
    cp, sp = math.cos(camera.pitch), math.sin(camera.pitch)
    forward = np.array([cy * cp, sy * cp, sp])
    right = np.array([sy, -cy, 0.0])
    up = np.cross(right, forward)
    c, s = math.cos(camera.roll), math.sin(camera.roll)
    return c * right + s * up, c * up - s * right, forward


def _view_matrix(eye: np.ndarray, right: np.ndarray, up: np.ndarray, forward: np.ndarray) -> np.ndarray:
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


class Renderer:
    """Draws scenes at twice the asked size and averages them down."""

    def __init__(self, backend: str = "egl") -> None:
        self.ctx = moderngl.create_context(standalone=True, backend=backend)
        self.ctx.enable(moderngl.DEPTH_TEST)
        self.geometry = self.ctx.program(GEOMETRY_VERTEX, GEOMETRY_FRAGMENT)
        self.shadow = self.ctx.program(GEOMETRY_VERTEX, SHADOW_FRAGMENT)
        self.light = self.ctx.program(LIGHT_VERTEX, LIGHT_FRAGMENT)
        self.instances = self.ctx.buffer(reserve=_MAX_INSTANCES * _ROW_BYTES, dynamic=True)
        self.buffers = {name: self.ctx.buffer(mesh.tobytes()) for name, mesh in MESHES.items()}
        corners = np.array([-1, -1, 1, -1, -1, 1, 1, 1], dtype=np.float32)
        self.screen = self.ctx.vertex_array(
            self.light, [(self.ctx.buffer(corners.tobytes()), "2f", "in_pos")]
        )
        self.shadow_maps = [self.ctx.depth_texture((_SHADOW_SIZE, _SHADOW_SIZE)) for _ in range(2)]
        for texture in self.shadow_maps:
            texture.compare_func = ""
            texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
            texture.repeat_x = texture.repeat_y = False
        self.shadow_targets = [self.ctx.framebuffer(depth_attachment=t) for t in self.shadow_maps]
        self._targets: dict[tuple[int, int], tuple[Any, Any]] = {}
        self._arrays: dict[str, list[tuple[Any, Any, int, int]]] = {}

    def _target(self, size: tuple[int, int]) -> tuple[Any, Any]:
        if size not in self._targets:
            colors = [
                self.ctx.texture(size, 4, dtype="f2"),
                self.ctx.texture(size, 4, dtype="f2"),
                self.ctx.texture(size, 1, dtype="f4"),
            ]
            for texture in colors:
                texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
                texture.repeat_x = texture.repeat_y = False
            surface = self.ctx.framebuffer(colors, self.ctx.depth_renderbuffer(size))
            lit = self.ctx.framebuffer([self.ctx.texture(size, 4, dtype="f2")])
            self._targets[size] = (surface, lit)
        return self._targets[size]

    def load(self, scene: Scene) -> None:
        """Sends a scene's instances to the driver; then `shoot` draws it from cameras."""
        rows = scene.instances()
        data, spans, start = [], [], 0
        for name, values in rows.items():
            values = values[: _MAX_INSTANCES - start]
            spans.append((name, start, len(values)))
            data.append(values)
            start += len(values)
        self.instances.write(np.concatenate(data).tobytes())
        self._spans = spans
        self._shadows: list[np.ndarray] | None = None

    def _draw(self, program: Any, matrix: np.ndarray) -> None:
        program["u_view_proj"].write(_gl_bytes(matrix))
        for name, start, count in self._spans:
            if count == 0:
                continue
            program["u_kind"].value = mesh_kind(name)
            attributes = [a for a in _ATTRIBUTES if a in program]
            layout = _layout_for(attributes)
            layout_mesh = "3f 3f" if "in_nrm" in program else "3f 3x4"
            names = ["in_pos", "in_nrm"] if "in_nrm" in program else ["in_pos"]
            vao = self.ctx.vertex_array(
                program,
                [
                    (self.buffers[name], layout_mesh, *names),
                    (self.instances, layout, *attributes),
                ],
            )
            vao.render(moderngl.TRIANGLES, instances=count, first=0) if start == 0 else None
            if start:
                self._render_from(vao, start, count)
            vao.release()

    def _render_from(self, vao: Any, start: int, count: int) -> None:
        raise NotImplementedError


def _layout_for(attributes: list[str]) -> str:
    raise NotImplementedError


__unused__ = random
