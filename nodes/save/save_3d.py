"""Save Depth 3D: point clouds and meshes, to scale where the depth is metric."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from torch import Tensor

from ..depthkit.depth_map import DepthMap
from ..depthkit.images import Images
from ..shared.declared import Boolean, Choice, Inputs
from ..shared.depth_view import UI_KEY, depth_ui
from ..shared.frame_images import frame_image, images_for
from ..shared.given_depth import given_depth
from ..shared.on_demand import formats, geometry
from ..shared.saving import HIDDEN, embedded_texts, listed, prefix_widget, save_frames
from ..shared.sockets import PassesDepthOn, depth_map_input, image_input, space_widgets

__all__ = ["GenVRDepthSave3D"]

# What a pixel takes on its way into a file, measured at ten megapixels; OBJ is text.
_BYTES_A_PIXEL = {"ply": 120, "glb": 280, "obj": 660}
# Frames at the same time take no more than this; a single frame takes what it needs.
_BYTES_AT_ONCE = 4_000_000_000


class GenVRDepthSave3D(PassesDepthOn):
    CATEGORY = "GenVR Depth/save"
    DESCRIPTION = "Save depth as a 3D file: PLY point cloud, GLB mesh with the image, or OBJ."
    SEARCH_ALIASES = ["point cloud", "ply", "glb", "obj", "mesh", "export 3d", "depth to 3d"]
    FUNCTION = "save"

    INPUTS = Inputs(
        required={
            "depth": depth_map_input("The depth to convert to 3D, one file per frame."),
            "filename_prefix": prefix_widget("depth3d/depth"),
            "format": Choice(
                "ply: coloured points, exact. glb: mesh with the image as "
                "texture. obj: mesh with a colour per vertex.",
                "glb",
                choices=lambda: formats.MESH_FORMATS,
            ),
        },
        optional={
            "image": image_input(
                "The photograph of the same view, for colours and texture.", streamed=True
            ),
            **space_widgets(cut_when={"format": ("glb", "obj")}),  # a cloud cuts nothing
            "normals": Boolean(
                "ply only: store the direction of each point.",
                shown_when={"format": ("ply",)},
                advanced=True,
            ),
        },
        hidden=HIDDEN,
    )

    def save(
        self,
        depth: DepthMap | Images,
        filename_prefix: str = "depth3d/depth",
        format: str = "glb",
        image: Images | None = None,
        field_of_view: float = 0.0,
        near: float = 0.0,
        far: float = 0.0,
        cut: float = 0.1,
        step: int = 1,
        normals: bool = False,
        prompt: object = None,
        extra_pnginfo: Mapping[str, object] | None = None,
    ) -> dict[str, object]:
        depth, note = given_depth(depth, image=image)
        space = geometry.with_space(depth, field_of_view, near or None, far or None)
        options = formats.MeshOptions(cut, step, normals, embedded_texts(prompt, extra_pnginfo))
        jobs = _mesh_jobs(space, images_for(image, depth), format, options)
        size = (depth.width, depth.height)
        frame = _BYTES_A_PIXEL[format] * depth.width * depth.height
        workers = max(1, _BYTES_AT_ONCE // frame)
        row = formats.MESH_FORMATS[format]
        files, _ = save_frames(
            filename_prefix, size, row.extension, jobs, depth.batch, workers, note=note
        )
        models = [file for file in files if file["filename"].endswith(row.extension)]
        # "3d": what core's 3D nodes answer with. The node itself shows the viewer, no image.
        ui: dict[str, object] = {
            **listed(files),
            UI_KEY: depth_ui(space, image=image)[UI_KEY],
            "3d": models,
        }
        return {"ui": ui, "result": (depth,)}


def _mesh_jobs(
    depth: DepthMap, images: Images | None, format: str, options: formats.MeshOptions
) -> Iterator[Callable[[], formats.Encoded]]:
    # OBJ holds texts as remarks that few programs keep; the sidecar is what restores a workflow.
    beside = {}
    if format == "obj" and options.texts:
        beside = {".json": formats.embed.sidecar(options.texts).encode()}

    def one(index: int, texture: Tensor | None) -> formats.Encoded:
        data = formats.encode_mesh(depth.frame(index), texture, format, options)
        return formats.Encoded(data, beside)

    for index in range(depth.batch):
        yield partial(one, index, frame_image(images, index))
