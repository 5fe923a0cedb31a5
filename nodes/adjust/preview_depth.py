"""Preview Depth."""

from __future__ import annotations

from ..depthkit.depth_map import DepthMap
from ..depthkit.images import Images
from ..shared.declared import Inputs
from ..shared.depth_view import depth_ui
from ..shared.given_depth import given_depth
from ..shared.sockets import PassesDepthOn, depth_map_input, image_input

__all__ = ["GenVRDepthPreview"]


class GenVRDepthPreview(PassesDepthOn):
    CATEGORY = "GenVR Depth/adjust"
    DESCRIPTION = (
        "Look at a depth map: colour maps, the value under the cursor, near and far, and in 3D."
    )
    SEARCH_ALIASES = ["depth", "view depth", "depth viewer", "show depth", "disparity"]
    FUNCTION = "show"

    INPUTS = Inputs(
        required={"depth": depth_map_input("The depth to look at.")},
        optional={
            "image": image_input(
                "The photograph of the same view; it colours the 3D view.", streamed=True
            ),
        },
    )

    def show(self, depth: DepthMap | Images, image: Images | None = None) -> dict[str, object]:
        depth = given_depth(depth).depth
        return {"ui": depth_ui(depth, image=image), "result": (depth,)}
