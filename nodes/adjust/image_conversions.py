"""Image to Depth and Depth to Image: the border to every other node."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ..depthkit.depth_map import DepthMap
from ..depthkit.ranges import Window
from ..depthkit.views.colour_map import COLORMAPS
from ..depthkit.views.render import MEANINGS, SCALES, RenderOptions, from_image, render
from ..shared.depth_view import depth_ui
from ..shared.sockets import (
    DEPTH_MAP,
    advanced,
    depth_map_input,
    image_input,
    metres_widget,
    window_widgets,
)

__all__ = ["GenVRDepthFromImage", "GenVRDepthToImage"]


class GenVRDepthFromImage:
    CATEGORY = "GenVR Depth/estimate"
    DESCRIPTION = "Read a grey image as depth: say what white means, and the metres if known."
    SEARCH_ALIASES = ["image to depth", "depth from image", "grayscale to depth", "import depth"]
    FUNCTION = "convert"
    HAS_INTERMEDIATE_OUTPUT = True  # a cached run still fills the viewer
    RETURN_TYPES = (DEPTH_MAP,)
    RETURN_NAMES = ("depth",)
    OUTPUT_TOOLTIPS = ("The depth the image stands for; metric if near and far were given.",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "image": image_input(
                    "A grey depth image. Transparent pixels are taken as unknown."
                ),
                "white_means": (
                    list(MEANINGS),
                    {
                        "default": MEANINGS[0],
                        "tooltip": "What the numbers are. Control maps of MiDaS, Depth Anything "
                        "and ControlNets are 'white is near (disparity)'; Z passes of a renderer "
                        "are 'white is far (distance)' or metres.",
                    },
                ),
            },
            "optional": {
                "near_m": metres_widget(_METRES_TIP.format("near")),
                "far_m": metres_widget(_METRES_TIP.format("far")),
            },
        }

    def convert(
        self, image: Tensor, white_means: str, near_m: float = 0.0, far_m: float = 0.0
    ) -> dict[str, Any]:
        depth = from_image(image, white_means, near_m, far_m)
        return {"ui": depth_ui(depth), "result": (depth,)}


_METRES_TIP = (
    "Metres at the {} end of the image's range (0 to 1). Leave near and far at 0 for relative "
    "depth."
)


class GenVRDepthToImage:
    CATEGORY = "GenVR Depth/adjust"
    DESCRIPTION = "Turn depth into an image: grey for ControlNets, or a colour map to look at."
    SEARCH_ALIASES = ["depth to image", "depth map image", "colorize depth", "colormap", "turbo"]
    FUNCTION = "convert"
    RETURN_TYPES = ("IMAGE",)
    RETURN_NAMES = ("image",)
    OUTPUT_TOOLTIPS = ("The image; pixels of unknown depth are black.",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "depth": depth_map_input("The depth to draw."),
                "colormap": (
                    list(COLORMAPS),
                    {"default": "grey", "tooltip": "grey for ControlNets; the others for people."},
                ),
                "near_is": (
                    ["white", "black"],
                    {
                        "default": "white",
                        "tooltip": "ControlNets expect white. With a colour map: near takes the "
                        "colour at the end (white) or at the start (black).",
                    },
                ),
            },
            "optional": {
                "scale": (
                    list(SCALES),
                    {
                        "default": "disparity",
                        "tooltip": "disparity: fine steps near the camera, as depth models and "
                        "ControlNets have it. depth: even steps of distance.",
                    },
                ),
                "multiple": (
                    "INT",
                    {
                        "default": 1,
                        "min": 1,
                        "max": 256,
                        "tooltip": "Round both sides to a multiple of this, resampled smoothly, "
                        "for models that need it (8, 16, 32, 64). 1 keeps the size.",
                    },
                ),
                **advanced(window_widgets()),
            },
        }

    def convert(
        self,
        depth: DepthMap,
        colormap: str,
        near_is: str,
        scale: str = "disparity",
        multiple: int = 1,
        window: str = "percentile",
        low: float = 0.5,
        high: float = 99.5,
        scope: str = "clip",
    ) -> tuple[Tensor]:
        options = RenderOptions(colormap, near_is, scale, multiple)
        return (render(depth, options, Window(window, low, high, scope)),)
