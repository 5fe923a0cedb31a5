"""Sample Scene: a bundled image with its exact depth, or the user's own photo in its place."""

from __future__ import annotations

import math

from torch import Tensor

from ..depthkit.depth_map import DepthMap
from ..depthkit.errors import InvalidInput
from ..depthkit.images import rgb
from ..shared.canvas_files import file_behind, files_below
from ..shared.declared import Declared, FileChoice, Inputs, Socket
from ..shared.depth_view import depth_ui
from ..shared.estimating import estimate_depth
from ..shared.host import current
from ..shared.on_demand import estimators, formats, scenes
from ..shared.sockets import DEPTH_MAP, DEPTH_MODEL

__all__ = ["GenVRDepthSampleScene"]

_PHOTOS = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".avif", ".tif", ".tiff", ".bmp", ".heic", ".heif", ".hif"}
)
_MAX_LISTED = 500


class GenVRDepthSampleScene(Declared):
    CATEGORY = "GenVR Depth/estimate"
    DESCRIPTION = (
        "A bundled image and its exact depth in metres, or your own photo and its estimated depth; "
        "no download."
    )
    SEARCH_ALIASES = ["sample", "demo", "example image", "test scene", "load photo", "my photo"]
    FUNCTION = "load"
    HAS_INTERMEDIATE_OUTPUT = True  # a cached run still fills the viewer
    RETURN_TYPES = ("IMAGE", DEPTH_MAP)
    RETURN_NAMES = ("image", "depth")
    OUTPUT_TOOLTIPS = (
        "The rendered image, 1024 pixels on its longer side; of your own photo all pixels.",
        "The exact depth of every pixel in metres, with the camera; of your own photo its "
        "estimated depth.",
    )

    INPUTS = Inputs(
        required={
            "scene": FileChoice(
                "One of the bundled scenes, or a photo in ComfyUI's input folder. Drop a photo on "
                "the node, or use its button, to put it there.",
                "furnished_room",
                choices=lambda: [*scenes.SCENE_NAMES, *_own_photos()],
                upload_extensions=lambda: _PHOTOS,
            )
        },
        optional={
            "model": Socket(
                DEPTH_MODEL,
                "From Load Depth Model, for your own photo. Not connected: the built-in model.",
            )
        },
    )

    @classmethod
    def VALIDATE_INPUTS(cls, scene: str | None) -> bool | str:
        if scene is None or scene in scenes.SCENE_NAMES:  # None: wired in
            return True
        try:
            file_behind(scene)
        except InvalidInput as error:
            return str(error)
        return True

    @classmethod
    def IS_CHANGED(cls, scene: str | None, **_: object) -> str | float:
        if scene is None:
            return math.nan
        return scene if scene in scenes.SCENE_NAMES else formats.fingerprint(file_behind(scene))

    def load(self, scene: str, model: estimators.Estimator | None = None) -> dict[str, object]:
        image, depth = (
            _bundled_scene(scene) if scene in scenes.SCENE_NAMES else _own_photo(scene, model)
        )
        return {"ui": depth_ui(depth, image, image), "result": (image, depth)}


def _own_photos() -> list[str]:
    return sorted(files_below(current().input_folder(), _PHOTOS))[:_MAX_LISTED]


def _bundled_scene(name: str) -> tuple[Tensor, DepthMap]:
    chosen = scenes.load_scene(name)
    return chosen.image, chosen.depth


def _own_photo(name: str, model: estimators.Estimator | None) -> tuple[Tensor, DepthMap]:
    path = file_behind(name)
    image = rgb(formats.decode_image(path.read_bytes()))
    return image, estimate_depth(image, model, estimators.EstimateOptions()).depth
