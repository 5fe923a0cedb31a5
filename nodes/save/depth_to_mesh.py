"""Depth to Mesh: core's MESH, for its own Save GLB and 3D preview."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..depthkit.depth_map import DepthMap
from ..depthkit.errors import InvalidInput
from ..depthkit.images import rgb
from ..depthkit.views.geometry import GridMesh, grid_mesh, to_gltf, with_space
from ..shared.host import current
from ..shared.sockets import depth_map_input, fov_widget, image_input, metres_widget

__all__ = ["GenVRDepthToMesh", "frame_image", "images_for", "space_widgets"]


def space_widgets() -> dict[str, tuple[str, dict[str, Any]]]:
    """Camera, scale, cut and decimation: what every way into space needs."""
    return {
        "field_of_view": fov_widget(),
        "near": metres_widget(_METRES_TIP.format("nearest")),
        "far": metres_widget(_METRES_TIP.format("farthest")),
        "cut": (
            "FLOAT",
            {
                "default": 0.1,
                "min": 0.0,
                "max": 10.0,
                "step": 0.01,
                "tooltip": "Leave out triangles where neighbouring pixels differ in depth by more "
                "than this share: 0.1 is 10%. 0 keeps a skin over every edge.",
            },
        ),
        "step": (
            "INT",
            {
                "default": 1,
                "min": 1,
                "max": 64,
                "tooltip": "Take every n-th pixel: 2 makes a quarter of the triangles.",
            },
        ),
    }


_METRES_TIP = (
    "Metres of the {} point, for relative depth only. With 0 the ends are read as 1 and 5 metres; "
    "the shape is then plausible, the scale free."
)


def images_for(image: Tensor | None, depth: DepthMap) -> Tensor | None:
    """One image, or one for each frame: (B, h, w, 3) at its own size, or None."""
    if image is None:
        return None
    pictures = rgb(image)
    if pictures.shape[0] not in (1, depth.batch):
        raise InvalidInput(
            f"The input 'image' has {pictures.shape[0]} images, the depth {depth.batch} frames; "
            "connect one image, or one for each frame."
        )
    return pictures


def frame_image(pictures: Tensor | None, index: int) -> Tensor | None:
    """(h, w, 3) of one frame."""
    return None if pictures is None else pictures[min(index, pictures.shape[0] - 1)]


class GenVRDepthToMesh:
    CATEGORY = "GenVR Depth/save"
    DESCRIPTION = (
        "Turn depth into a textured mesh for Save 3D Model (SaveGLB) and other mesh nodes."
    )
    SEARCH_ALIASES = ["depth to mesh", "mesh", "3d", "relief", "displacement", "glb"]
    FUNCTION = "convert"
    RETURN_TYPES = ("MESH",)
    RETURN_NAMES = ("mesh",)
    OUTPUT_TOOLTIPS = ("The mesh, in metres where the depth is metric; y up, camera along -z.",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {"depth": depth_map_input("The depth to bring into space.")},
            "optional": {
                "image": image_input("The photograph of the same view; it becomes the texture."),
                **space_widgets(),
            },
        }

    def convert(
        self,
        depth: DepthMap,
        image: Tensor | None = None,
        field_of_view: float = 0.0,
        near: float = 0.0,
        far: float = 0.0,
        cut: float = 0.1,
        step: int = 1,
    ) -> tuple[Any]:
        space = with_space(depth, field_of_view, near or None, far or None)
        pictures = images_for(image, depth)
        meshes = []
        with current().task(depth.batch) as task:
            for index in range(depth.batch):
                meshes.append(grid_mesh(space.frame(index), cut, step))
                task.on_progress(index + 1, depth.batch)
        return (_packed(meshes, pictures),)


def _packed(meshes: list[GridMesh], pictures: Tensor | None) -> Any:
    """One MESH of the batch, padded to the longest, with the true lengths beside."""
    vertices = _stack([to_gltf(m.points) for m in meshes])
    faces = _stack([m.faces for m in meshes])
    extra: dict[str, Any] = {"unlit": True}
    if pictures is not None:
        extra["uvs"] = _stack([m.uv for m in meshes])
        extra["texture"] = pictures.expand(len(meshes), *pictures.shape[1:])
    if len(meshes) > 1:
        extra["vertex_counts"] = torch.tensor([len(m.points) for m in meshes])
        extra["face_counts"] = torch.tensor([len(m.faces) for m in meshes])
    return current().mesh(vertices, faces, **extra)


def _stack(parts: list[Tensor]) -> Tensor:
    longest = max(len(part) for part in parts)
    return torch.stack([F.pad(part, (0, 0, 0, longest - len(part))) for part in parts])
