"""Refine Depth Edges."""

from __future__ import annotations

from torch import Tensor

from ..depthkit.depth_map import DepthMap
from ..depthkit.images import Images, RgbFrames
from ..shared import host
from ..shared.declared import Declared, Float, Inputs
from ..shared.given_depth import given_depth
from ..shared.on_demand import refine
from ..shared.sockets import DEPTH_MAP, depth_map_input, image_input

__all__ = ["GenVRDepthRefine"]


class GenVRDepthRefine(Declared):
    CATEGORY = "GenVR Depth/adjust"
    DESCRIPTION = (
        "Bring depth to the photo's size and snap its edges to the photo's, without halos."
    )
    SEARCH_ALIASES = [
        "guided filter",
        "joint bilateral",
        "upscale depth",
        "sharpen depth edges",
        "depth upsampling",
    ]
    FUNCTION = "refine"
    RETURN_TYPES = (DEPTH_MAP,)
    RETURN_NAMES = ("depth",)
    OUTPUT_TOOLTIPS = ("The depth at the guide's size, in the same unit.",)

    INPUTS = Inputs(
        required={
            "depth": depth_map_input("The depth to refine, usually smaller than the photo."),
            "guide": image_input(
                "The photo the depth was made from, at the size you want.", streamed=True
            ),
        },
        optional={
            "strength": Float(
                "0 resamples only, 1 follows the photo's edges fully.", 1.0, step=0.05
            ),
            "sensitivity": Float(
                "The colour difference (0 to 1) that counts as an edge of the "
                "photo; smaller follows fainter edges.",
                0.05,
                0.005,
                0.5,
                step=0.005,
            ),
        },
    )

    def refine(
        self,
        depth: DepthMap | Tensor,
        guide: Images,
        strength: float = 1.0,
        sensitivity: float = 0.05,
    ) -> tuple[DepthMap]:
        depth = given_depth(depth, image=guide).depth
        with host.current().task(depth.batch) as task:
            refined = refine.refine(
                depth,
                RgbFrames(guide, "guide"),
                strength=strength,
                sensitivity=sensitivity,
                on_progress=task.on_progress,
                should_stop=task.should_stop,
            )
        return (refined,)
