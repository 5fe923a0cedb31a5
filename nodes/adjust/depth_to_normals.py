"""Depth to Surface Normals: the surface direction of every pixel as a normal map."""

from __future__ import annotations

from torch import Tensor

from ..depthkit.depth_map import DepthMap
from ..shared import host
from ..shared.declared import Choice, Declared, Inputs
from ..shared.given_depth import given_depth
from ..shared.on_demand import geometry
from ..shared.sockets import depth_map_input, fov_widget

__all__ = ["GenVRDepthNormals"]


class GenVRDepthNormals(Declared):
    CATEGORY = "GenVR Depth/adjust"
    DESCRIPTION = "Turn depth into a normal map, OpenGL or DirectX."
    SEARCH_ALIASES = ["normal map", "normals", "depth to normal", "bump", "surface"]
    FUNCTION = "convert"
    RETURN_TYPES = ("IMAGE",)
    RETURN_NAMES = ("normals",)
    OUTPUT_TOOLTIPS = ("The normal map; pixels without depth get the neutral blue.",)

    INPUTS = Inputs(
        required={
            "depth": depth_map_input("The depth to compute normals from."),
            "style": Choice(
                "OpenGL: green points up (Blender, Unity, normal ControlNets). "
                "DirectX: green points down (Unreal).",
                "OpenGL",
                choices=lambda: geometry.NORMAL_STYLES,
            ),
        },
        optional={"field_of_view": fov_widget()},
    )

    def convert(
        self, depth: DepthMap | Tensor, style: str = "OpenGL", field_of_view: float = 0.0
    ) -> tuple[Tensor]:
        depth = given_depth(depth).depth
        with host.current().task(depth.batch) as task:
            directions = geometry.normals(depth, field_of_view, on_progress=task.on_progress)
        return (geometry.normal_image(directions, style),)
