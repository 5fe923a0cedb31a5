"""Image to Depth and Depth to Control Image: the border to every other node."""

from __future__ import annotations

from torch import Tensor

from ..depthkit.depth_map import DepthMap
from ..depthkit.images import Images
from ..depthkit.ranges import Window
from ..depthkit.views.colour_map import COLORMAPS
from ..depthkit.views.render import MEANINGS, SCALES, RenderOptions, from_image, render
from ..shared.declared import Choice, Declared, Inputs, Int
from ..shared.depth_view import depth_ui
from ..shared.given_depth import given_depth
from ..shared.sockets import (
    DEPTH_MAP,
    advanced,
    depth_map_input,
    image_input,
    metres_widget,
    window_widgets,
)

__all__ = ["GenVRDepthFromImage", "GenVRDepthToImage"]


_METRES_TIP = (
    "Metres at the {} end of the image's range (0 to 1). Leave near and far at auto for "
    "relative depth."
)


class GenVRDepthFromImage(Declared):
    CATEGORY = "GenVR Depth/estimate"
    DESCRIPTION = "Read a grey image as depth: say what white means, and the metres if known."
    SEARCH_ALIASES = ["image to depth", "depth from image", "grayscale to depth", "import depth"]
    FUNCTION = "convert"
    HAS_INTERMEDIATE_OUTPUT = True  # a cached run still fills the viewer
    RETURN_TYPES = (DEPTH_MAP,)
    RETURN_NAMES = ("depth",)
    OUTPUT_TOOLTIPS = ("The depth the image stands for; metric if near and far were given.",)

    INPUTS = Inputs(
        required={
            "image": image_input(
                "A grey depth image. Transparent pixels are taken as unknown.", streamed=True
            ),
            "white_means": Choice(
                "What the numbers are. Control maps of MiDaS, Depth Anything "
                "and ControlNets are 'white is near (disparity)'; Z passes of a renderer "
                "are 'white is far (distance)' or metres.",
                MEANINGS[0],
                choices=MEANINGS,
            ),
        },
        optional={
            "near": metres_widget(_METRES_TIP.format("near")),
            "far": metres_widget(_METRES_TIP.format("far")),
        },
    )

    def convert(
        self, image: Images, white_means: str, near: float = 0.0, far: float = 0.0
    ) -> dict[str, object]:
        depth = from_image(image, white_means, near, far)
        return {"ui": depth_ui(depth), "result": (depth,)}


class GenVRDepthToImage(Declared):
    CATEGORY = "GenVR Depth/adjust"
    DESCRIPTION = "Turn depth into an image: grey for ControlNets, or a colour map to look at."
    SEARCH_ALIASES = ["depth to image", "depth map image", "colorize depth", "colormap", "turbo"]
    FUNCTION = "convert"
    RETURN_TYPES = ("IMAGE",)
    RETURN_NAMES = ("image",)
    OUTPUT_TOOLTIPS = ("The image; pixels of unknown depth are black.",)

    INPUTS = Inputs(
        required={
            "depth": depth_map_input("The depth to draw."),
            "colormap": Choice(
                "grey is for ControlNets, the others are for viewing.", "grey", choices=COLORMAPS
            ),
            "near_is": Choice(
                "ControlNets expect white. With a colour map: near takes the "
                "colour at the end (white) or at the start (black).",
                "white",
                choices=("white", "black"),
            ),
        },
        optional={
            "scale": Choice(
                "disparity: fine steps near the camera, as depth models and "
                "ControlNets have it. depth: even steps of distance.",
                "disparity",
                choices=SCALES,
            ),
            "multiple": Int(
                "Round both sides to a multiple of this, resampled smoothly, "
                "for models that need it (8, 16, 32, 64). 1 keeps the size.",
                1,
                1,
                256,
                display_name="round sides to",
                advanced=True,
            ),
            **advanced(window_widgets()),
        },
    )

    def convert(
        self,
        depth: DepthMap | Tensor,
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
        return (render(given_depth(depth).depth, options, Window(window, low, high, scope)),)
