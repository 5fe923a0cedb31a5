"""Depth Estimation: images in, a DEPTH_MAP and a control image out."""

from __future__ import annotations

from ..depthkit.images import Images
from ..depthkit.ranges import control_image
from ..shared.declared import Choice, Declared, Inputs, Int, Socket
from ..shared.depth_view import depth_ui
from ..shared.estimating import estimate_depth
from ..shared.on_demand import estimators
from ..shared.sockets import DEPTH_MAP, DEPTH_MODEL, image_input

__all__ = ["GenVRDepthEstimate"]

PANORAMAS = ("off", "360 degrees")


class GenVRDepthEstimate(Declared):
    CATEGORY = "GenVR Depth/estimate"
    DESCRIPTION = (
        "Estimate the depth of images or of a clip; works without any download when no model is "
        "connected."
    )
    SEARCH_ALIASES = [
        "z depth",
        "depth map",
        "estimate depth",
        "depth anything",
        "controlnet depth",
        "depth controlnet",
        "preprocessor",
        "midas",
        "disparity",
        "photo to depth",
        "monocular depth",
        "360",
        "panorama",
        "equirectangular",
    ]
    FUNCTION = "run"
    HAS_INTERMEDIATE_OUTPUT = True  # a cached run still fills the viewer
    RETURN_TYPES = (DEPTH_MAP, "IMAGE", "MASK", "STRING")
    RETURN_NAMES = ("depth", "control_image", "valid", "report")
    OUTPUT_TOOLTIPS = (
        "The depth itself, float, exactly as large as the image.",
        "The depth as an image for a ControlNet: near is white.",
        "White where the depth is known.",
        "What was done: model, working size, alignment of the clip, flicker.",
    )

    INPUTS = Inputs(
        required={
            "image": image_input(
                "The image, or the frames of a clip. Any size, any number.", streamed=True
            )
        },
        optional={
            "model": Socket(
                DEPTH_MODEL, "From Load Depth Model. Not connected: the built-in model."
            ),
            "resolution": Int(
                "Shorter side the model works at, in pixels; auto = the model's "
                "own. Higher finds finer detail, but too high breaks up large shapes.",
                0,
                0,
                8192,
                auto=0,
            ),
            "detail": Choice(
                "tiles: also look at overlapping parts of a large image, for fine detail; takes as "
                "many times longer as there are tiles. edges: move the outlines onto the image's. "
                "auto: edges where that costs less than the model.",
                "auto",
                choices=lambda: estimators.DETAILS,
            ),
            "consistency": Choice(
                "clip: bring neighbouring frames of a video to one scale, tied "
                "by the parts that do not move. frame: each image on its own scale.",
                "frame",
                choices=lambda: estimators.CONSISTENCIES,
            ),
            "panorama": Choice(
                "360 degrees: the image is a whole equirectangular panorama, twice as wide as "
                "high. It is looked at in perspective views that are joined on the sphere.",
                PANORAMAS[0],
                choices=PANORAMAS,
                advanced=True,
            ),
        },
    )

    def run(
        self,
        image: Images,
        model: estimators.Estimator | None = None,
        resolution: int = 0,
        detail: str = "auto",
        consistency: str = "frame",
        panorama: str = PANORAMAS[0],
    ) -> dict[str, object]:
        options = estimators.EstimateOptions(resolution, detail, consistency)
        found = estimate_depth(image, model, options, around=panorama == PANORAMAS[1])
        control, valid = control_image(found.depth), found.depth.valid.float()
        result = (found.depth, control, valid, "\n".join(found.notes))
        return {"ui": depth_ui(found.depth, control, image), "result": result}
