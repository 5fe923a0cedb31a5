"""The empty studio: camera with its pinhole figures, sun, sky and area lights."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import bpy
from materials import Color, linear
from mathutils import Vector

SENSOR_MM = 36.0


@dataclass(frozen=True)
class View:
    """A camera: `lens` is the focal length on a 36 mm wide sensor, angles in degrees, `rise` in
    image widths.
    """

    width: int
    height: int
    lens: float
    eye: tuple[float, float, float]
    yaw: float = 0.0
    pitch: float = 0.0
    rise: float = 0.0
    near: float = 0.3
    far: float = 60.0
    focus: float | None = None
    stop: float = 8.0

    @property
    def focal(self) -> float:
        """Focal length in pixels; pixels are square."""
        return self.lens / SENSOR_MM * self.width

    @property
    def center(self) -> tuple[float, float]:
        """Principal point in pixels, pixel centres at +0.5."""
        return self.width / 2, self.height / 2 + self.rise * self.width

    @property
    def horizon(self) -> float:
        """The image row of everything infinitely far and as high as the camera."""
        return self.center[1] + self.focal * math.tan(math.radians(self.pitch))

    def stepped(self, right: float, up: float, forward: float, pan: float, tilt: float) -> View:
        """The same camera after a move in its own axes: metres, then degrees right and up."""
        yaw, pitch = math.radians(self.yaw), math.radians(self.pitch)
        ahead = (
            math.sin(yaw) * math.cos(pitch),
            math.cos(yaw) * math.cos(pitch),
            math.sin(pitch),
        )
        above = (
            -math.sin(yaw) * math.sin(pitch),
            -math.cos(yaw) * math.sin(pitch),
            math.cos(pitch),
        )
        aside = (math.cos(yaw), -math.sin(yaw), 0.0)
        steps = zip(self.eye, aside, above, ahead, strict=True)
        eye = tuple(at + right * x + up * y + forward * z for at, x, y, z in steps)
        return replace(self, eye=eye, yaw=self.yaw + pan, pitch=self.pitch + tilt)

    def place(self) -> None:
        data = bpy.data.cameras.new("camera")
        data.sensor_fit, data.sensor_width, data.lens = "HORIZONTAL", SENSOR_MM, self.lens
        data.shift_y, data.clip_start, data.clip_end = self.rise, 0.01, 5000.0
        if self.focus is not None:
            data.dof.use_dof, data.dof.focus_distance, data.dof.aperture_fstop = (
                True,
                self.focus,
                self.stop,
            )
        made = bpy.data.objects.new("camera", data)
        made.location = self.eye
        made.rotation_euler = (math.radians(90 + self.pitch), 0, math.radians(-self.yaw))
        bpy.context.scene.collection.objects.link(made)
        bpy.context.scene.camera = made

    def place_around(self) -> None:
        """A camera at the same place that sees everything, its middle where this one looks,
        upright."""
        data = bpy.data.cameras.new("panorama")
        data.type, data.panorama_type = "PANO", "EQUIRECTANGULAR"
        data.clip_start, data.clip_end = 0.01, 5000.0
        made = bpy.data.objects.new("panorama", data)
        made.location = self.eye
        made.rotation_euler = (math.radians(90), 0, math.radians(-self.yaw))
        bpy.context.scene.collection.objects.link(made)
        bpy.context.scene.camera = made


@dataclass(frozen=True)
class Look:
    """How the light is turned into an image: stops of exposure, contrast look, haze per metre and
    its colour.
    """

    exposure: float = 0.0
    contrast: str = "AgX - Medium High Contrast"
    haze: float = 0.0
    haze_color: Color = "#c8d4e0"


def empty() -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.world = bpy.data.worlds.new("world")
    bpy.context.scene.world.use_nodes = True


def sky(elevation: float, azimuth: float, strength: float, clouds: float = 0.0) -> None:
    """A physical sky without its sun, which stands at `azimuth` degrees clockwise from +y.

    clouds: how white the broken clouds are, in units of the sky's own radiance; 0 is a clear sky.
    """
    tree = bpy.context.scene.world.node_tree
    made = tree.nodes.new("ShaderNodeTexSky")
    made.sky_type, made.sun_disc = "NISHITA", False
    made.sun_elevation, made.sun_rotation = math.radians(elevation), math.radians(azimuth)
    tree.nodes["Background"].inputs[1].default_value = strength
    color = _clouds(tree, made.outputs[0], clouds) if clouds else made.outputs[0]
    tree.links.new(color, tree.nodes["Background"].inputs[0])


def _clouds(tree: Any, clear: Any, white: float) -> Any:
    """Noise on a plane high above, seen in perspective, mixed over the clear sky."""

    def node(kind: str, **props: Any) -> Any:
        made = tree.nodes.new(kind)
        for key, value in props.items():
            setattr(made, key, value)
        return made

    direction = node("ShaderNodeTexCoord").outputs["Generated"]
    height = node("ShaderNodeSeparateXYZ")
    tree.links.new(direction, height.inputs[0])
    lifted = node("ShaderNodeMath", operation="ADD")
    tree.links.new(height.outputs[2], lifted.inputs[0])
    lifted.inputs[1].default_value = 0.12
    plane = node("ShaderNodeVectorMath", operation="DIVIDE")
    tree.links.new(direction, plane.inputs[0])
    tree.links.new(lifted.outputs[0], plane.inputs[1])
    noise = node("ShaderNodeTexNoise", noise_dimensions="3D")
    noise.inputs["Scale"].default_value, noise.inputs["Detail"].default_value = 0.85, 9.0
    noise.inputs["Roughness"].default_value = 0.56
    tree.links.new(plane.outputs[0], noise.inputs["Vector"])
    cover = node("ShaderNodeMapRange", interpolation_type="SMOOTHSTEP")
    for index, value in ((1, 0.5), (2, 0.72), (3, 0.0), (4, 0.85)):
        cover.inputs[index].default_value = value
    tree.links.new(noise.outputs[0], cover.inputs[0])
    mix = node("ShaderNodeMix", data_type="RGBA")
    tree.links.new(cover.outputs[0], mix.inputs[0])
    tree.links.new(clear, mix.inputs[6])
    mix.inputs[7].default_value = (white, white * 0.98, white * 0.95, 1.0)
    return mix.outputs[2]


def surround(color: Color, strength: float) -> None:
    background = bpy.context.scene.world.node_tree.nodes["Background"]
    background.inputs[0].default_value, background.inputs[1].default_value = linear(color), strength


def sun(
    elevation: float, azimuth: float, strength: float, color: Color = "#ffe9cf", size: float = 0.6
) -> None:
    data = bpy.data.lights.new("sun", "SUN")
    data.energy, data.angle, data.color = strength, math.radians(size), linear(color)[:3]
    made = bpy.data.objects.new("sun", data)
    made.rotation_euler = (math.radians(90 - elevation), 0, math.radians(180 - azimuth))
    bpy.context.scene.collection.objects.link(made)


def panel(
    at: tuple[float, float, float],
    toward: tuple[float, float, float],
    size: tuple[float, float],
    watts: float,
    color: Color = "#ffffff",
) -> None:
    """A rectangular area light at `at`, shining `toward` a point; the camera does not see it."""
    data = bpy.data.lights.new("panel", "AREA")
    data.shape, data.size, data.size_y, data.energy = "RECTANGLE", size[0], size[1], watts
    data.color = linear(color)[:3]
    made = bpy.data.objects.new("panel", data)
    made.location = at
    made.rotation_euler = (Vector(toward) - Vector(at)).to_track_quat("-Z", "Y").to_euler()
    made.visible_camera = False
    bpy.context.scene.collection.objects.link(made)


def bulb(
    at: tuple[float, float, float], watts: float, color: Color = "#ffcf94", radius: float = 0.04
) -> None:
    data = bpy.data.lights.new("bulb", "POINT")
    data.energy, data.shadow_soft_size, data.color = watts, radius, linear(color)[:3]
    made = bpy.data.objects.new("bulb", data)
    made.location = at
    bpy.context.scene.collection.objects.link(made)
