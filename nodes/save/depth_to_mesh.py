"""Depth to Mesh: core's MESH, for its own Save GLB and 3D preview."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..depthkit.depth_map import DepthMap
from ..depthkit.images import rgb
from ..shared.declared import Declared, Inputs
from ..shared.frame_images import images_for
from ..shared.given_depth import given_depth
from ..shared.host import current
from ..shared.on_demand import geometry
from ..shared.sockets import depth_map_input, image_input, space_widgets

if TYPE_CHECKING:
    from ..depthkit.views.geometry import GridMesh

__all__ = ["GenVRDepthToMesh"]


class GenVRDepthToMesh(Declared):
    CATEGORY = "GenVR Depth/save"
    DESCRIPTION = (
        "Turn depth into a textured mesh for Save 3D Model (SaveGLB) and other mesh nodes."
    )
    SEARCH_ALIASES = ["depth to mesh", "mesh", "3d", "relief", "displacement", "glb"]
    FUNCTION = "convert"
    RETURN_TYPES = ("MESH",)
    RETURN_NAMES = ("mesh",)
    OUTPUT_TOOLTIPS = ("The mesh, in metres where the depth is metric; y up, camera along -z.",)

    INPUTS = Inputs(
        required={"depth": depth_map_input("The depth to convert to 3D.")},
        optional={
            "image": image_input("The photograph of the same view; it becomes the texture."),
            **space_widgets(),
        },
    )

    def convert(
        self,
        depth: DepthMap | Tensor,
        image: Tensor | None = None,
        field_of_view: float = 0.0,
        near: float = 0.0,
        far: float = 0.0,
        cut: float = 0.1,
        step: int = 1,
    ) -> tuple[Any]:
        depth = given_depth(depth, image=image).depth
        space = geometry.with_space(depth, field_of_view, near or None, far or None)
        photos = images_for(image, depth)
        images = None if photos is None else rgb(photos)
        meshes: list[GridMesh] = []
        with current().task(depth.batch) as task:
            for index in range(depth.batch):
                meshes.append(geometry.grid_mesh(space.frame(index), cut, step))
                task.on_progress(index + 1, depth.batch)
        return (_packed(meshes, images),)


def _packed(meshes: list[GridMesh], images: Tensor | None) -> object:
    """One MESH of the batch, padded to the longest, with the true lengths beside."""
    vertices = _stack([geometry.to_gltf(m.points) for m in meshes])
    faces = _stack([m.faces for m in meshes])
    extra: dict[str, object] = {"unlit": True}
    if images is not None:
        extra["uvs"] = _stack([m.uv for m in meshes])
        extra["texture"] = images.expand(len(meshes), *images.shape[1:])
    if len(meshes) > 1:
        extra["vertex_counts"] = torch.tensor([len(m.points) for m in meshes])
        extra["face_counts"] = torch.tensor([len(m.faces) for m in meshes])
    return current().mesh(vertices, faces, **extra)


def _stack(parts: list[Tensor]) -> Tensor:
    longest = max(len(part) for part in parts)
    return torch.stack([F.pad(part, (0, 0, 0, longest - len(part))) for part in parts])
