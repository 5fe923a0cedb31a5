"""3D files through trimesh: PLY point clouds, GLB and OBJ meshes.

All are written in glTF axes (y up, right-handed, the camera looks along -z) and, where the depth is
metric, in metres, so that every viewer shows them upright and to scale.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from ..depth_map import DepthMap
from ..errors import FormatUnavailable, InvalidInput
from ..images import resize
from ..views.geometry import grid_mesh, normals, to_gltf, unproject
from .quantise import Coding, record_of
from .record import RECORD_KEY

__all__ = ["MESH_FORMATS", "MeshFormat", "MeshOptions", "encode_mesh", "trimesh"]

# Some PLY readers keep a line in 1024 bytes.
_COMMENT_BYTES = 200


@dataclass(frozen=True, slots=True)
class MeshOptions:
    """How space is written.

    cut, step: as in `geometry.grid_mesh`; a cloud takes every `step`-th pixel and cuts nothing.
    with_normals: PLY only. texts: as in SaveOptions.
    """

    cut: float = 0.1
    step: int = 1
    with_normals: bool = False
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MeshFormat:
    """One row: what the user chooses, the extension, and who writes it."""

    name: str
    extension: str
    label: str
    encode: Callable[[DepthMap, torch.Tensor | None, MeshOptions], bytes]


def trimesh() -> ModuleType:
    """The seam to the library."""
    try:
        import trimesh as library
    except ImportError as error:
        raise FormatUnavailable(
            "PLY, GLB and OBJ files need the package trimesh, which is not installed: pip install "
            "trimesh."
        ) from error
    return library


def encode_mesh(
    depth: DepthMap,
    image: torch.Tensor | None,
    format: str,
    options: MeshOptions | None = None,
) -> bytes:
    """One metric map with a camera (batch 1) as the bytes of a 3D file.

    image: (h, w, 3) float 0..1 of the same view, any size; grey without it.
    """
    if format not in MESH_FORMATS:
        raise InvalidInput(f"Unknown 3D format {format!r}; use one of {', '.join(MESH_FORMATS)}.")
    return MESH_FORMATS[format].encode(depth, image, options or MeshOptions())


def _mesh_texts(depth: DepthMap, options: MeshOptions) -> dict[str, str]:
    record = record_of(depth, Coding("values", *(depth.extremes() or (1.0, 1.0)), "none"), 0)
    return {RECORD_KEY: record.to_json(), **dict(options.texts)}


def _colours(image: torch.Tensor | None, depth: DepthMap) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 at the size of the map."""
    if image is None:
        return np.full((depth.height, depth.width, 3), 200, np.uint8)
    sized = resize(image[None], depth.height, depth.width)[0]
    return (sized.clamp(0, 1) * 255).round().to(torch.uint8).numpy()


def _ply(depth: DepthMap, image: torch.Tensor | None, options: MeshOptions) -> bytes:
    every = (slice(None, None, options.step), slice(None, None, options.step))
    keep = depth.valid[0][every]
    if not keep.any():
        raise InvalidInput("Not one pixel of this depth map is valid; there is nothing to save.")
    points = to_gltf(unproject(depth)[0][every][keep]).numpy()
    colours = _colours(image, depth)[every][keep.numpy()]
    cloud = trimesh().PointCloud(points, colors=colours)
    if options.with_normals:
        directions = to_gltf(normals(depth)[0][every][keep]).numpy()
        cloud.vertex_attributes = {f"n{axis}": directions[:, i] for i, axis in enumerate("xyz")}
    return _with_comments(cloud.export(file_type="ply"), _mesh_texts(depth, options))


def _with_comments(ply: bytes, texts: Mapping[str, str]) -> bytes:
    """Long texts are cut into numbered comment lines: `comment key index piece`."""
    lines = []
    for key, text in texts.items():
        plain = text.replace("\r", " ").replace("\n", " ").encode("ascii", "backslashreplace")
        for index, start in enumerate(range(0, len(plain), _COMMENT_BYTES)):
            piece = plain[start : start + _COMMENT_BYTES]
            lines.append(b"comment %s %d %s\n" % (key.encode("ascii", "replace"), index, piece))
    head, mark, body = ply.partition(b"element ")
    return head + b"".join(lines) + mark + body


def _glb(depth: DepthMap, image: torch.Tensor | None, options: MeshOptions) -> bytes:
    library, mesh = trimesh(), grid_mesh(depth, options.cut, options.step)
    material = library.visual.material.PBRMaterial(
        metallicFactor=0.0, roughnessFactor=1.0, doubleSided=True
    )
    if image is not None:
        colours = (image.clamp(0, 1) * 255).round().to(torch.uint8).numpy()
        material.baseColorTexture = Image.fromarray(colours)
    surface = _trimesh_of(mesh.points, mesh.faces)
    # trimesh counts v from the bottom and turns it back when it writes glTF.
    uv = mesh.uv.numpy() * (1.0, -1.0) + (0.0, 1.0)
    surface.visual = library.visual.TextureVisuals(uv=uv, material=material)
    texts = _mesh_texts(depth, options)

    def finish(tree: dict[str, Any]) -> None:
        tree["asset"]["extras"] = texts
        # The light is in the photograph already.
        tree["extensionsUsed"] = ["KHR_materials_unlit"]
        for entry in tree["materials"]:
            entry["extensions"] = {"KHR_materials_unlit": {}}

    return library.Scene(surface).export(
        file_type="glb", include_normals=False, tree_postprocessor=finish
    )


def _obj(depth: DepthMap, image: torch.Tensor | None, options: MeshOptions) -> bytes:
    """Colours per vertex: an OBJ with a texture would be three files that must stay together."""
    mesh = grid_mesh(depth, options.cut, options.step)
    surface = _trimesh_of(mesh.points, mesh.faces)
    columns = (mesh.uv[:, 0] * depth.width).long().numpy()
    rows = (mesh.uv[:, 1] * depth.height).long().numpy()
    colours = _colours(image, depth)[rows, columns]
    surface.visual = trimesh().visual.ColorVisuals(surface, vertex_colors=colours)
    body = surface.export(file_type="obj", header=None, include_normals=False)
    comments = "".join(f"# {key} {text}\n" for key, text in _mesh_texts(depth, options).items())
    return (comments + body).encode()


def _trimesh_of(points: torch.Tensor, faces: torch.Tensor) -> Any:
    return trimesh().Trimesh(to_gltf(points).numpy(), faces.numpy(), process=False)


MESH_FORMATS: dict[str, MeshFormat] = {
    row.name: row
    for row in (
        MeshFormat("ply", "ply", "PLY point cloud", _ply),
        MeshFormat("glb", "glb", "GLB mesh with the image as texture", _glb),
        MeshFormat("obj", "obj", "OBJ mesh with vertex colours", _obj),
    )
}
