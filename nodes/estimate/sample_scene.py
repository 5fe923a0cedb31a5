"""Sample Scene: a bundled image with its exact depth, so that everything runs at once."""

from __future__ import annotations

from typing import Any

from ..shared.declared import Choice, Declared, Inputs
from ..shared.depth_view import depth_ui
from ..shared.on_demand import scenes
from ..shared.sockets import DEPTH_MAP

__all__ = ["GenVRDepthSampleScene"]


class GenVRDepthSampleScene(Declared):
    CATEGORY = "GenVR Depth/estimate"
    DESCRIPTION = "A bundled image and its exact depth in metres; no download."
    SEARCH_ALIASES = ["sample", "demo", "example image", "test scene", "ground truth depth"]
    FUNCTION = "load"
    HAS_INTERMEDIATE_OUTPUT = True  # a cached run still fills the viewer
    RETURN_TYPES = ("IMAGE", DEPTH_MAP)
    RETURN_NAMES = ("image", "depth")
    OUTPUT_TOOLTIPS = (
        "The rendered image, 1024 pixels on its longer side.",
        "The exact depth of every pixel in metres, with the camera.",
    )

    INPUTS = Inputs(
        required={
            "scene": Choice(
                "Which of the bundled scenes to use.",
                "furnished_room",
                choices=lambda: scenes.SCENE_NAMES,
            )
        }
    )

    def load(self, scene: str) -> dict[str, Any]:
        chosen = scenes.load_scene(scene)
        ui = depth_ui(chosen.depth, chosen.image, chosen.image)
        return {"ui": ui, "result": (chosen.image, chosen.depth)}
