"""Split Depth Layers."""

from __future__ import annotations

from torch import Tensor

from ..depthkit.depth_map import DepthMap
from ..depthkit.images import rgb
from ..shared import host
from ..shared.declared import Choice, Declared, Float, Inputs, Int, Text
from ..shared.given_depth import given_depth
from ..shared.on_demand import layers as cutting
from ..shared.sockets import depth_map_input, image_input

__all__ = ["GenVRDepthLayers"]


class GenVRDepthLayers(Declared):
    CATEGORY = "GenVR Depth/adjust"
    DESCRIPTION = "Cut an image into near, middle and far: masks that add up to one, RGBA layers."
    SEARCH_ALIASES = [
        "depth mask",
        "foreground mask",
        "background mask",
        "depth slices",
        "multiplane",
        "parallax layers",
        "otsu",
    ]
    FUNCTION = "split"
    RETURN_TYPES = ("MASK", "MASK", "MASK", "IMAGE", "MASK", "STRING", "IMAGE")
    RETURN_NAMES = (
        "foreground",
        "midground",
        "background",
        "layers",
        "masks",
        "thresholds",
        "color_map",
    )
    OUTPUT_TOOLTIPS = (
        "The nearest layer.",
        "All between the nearest and the farthest layer; empty for two layers.",
        "The farthest layer, sky included.",
        "RGBA layers, nearest first, all layers of a frame together; laid over each other they "
        "give the image back. Without an image they show the depth in grey.",
        "One mask per layer in the same order; at every pixel they add up to 1.",
        "Where the layers were cut: nearness, 0 farthest to 1 nearest.",
        "One flat colour for each layer: the regions that MOSS-Image takes beside the depth.",
    )

    INPUTS = Inputs(
        required={
            "depth": depth_map_input(),
            "layers": Int(
                "How many layers to cut.",
                3,
                2,
                8,
                shown_when=lambda: {"method": [m for m in cutting.METHODS if m != "thresholds"]},
            ),
            "method": Choice(
                "automatic cuts in the valleys between things; equal depth and "
                "equal area cut evenly; thresholds uses your own list.",
                "automatic",
                choices=lambda: cutting.METHODS,
            ),
            "feather": Float(
                "Width of the soft border between layers, as a share of the "
                "depth range; 0 is hard.",
            ),
        },
        optional={
            "image": image_input("The photo to cut; a larger photo sharpens the cut."),
            "thresholds": Text(
                "For method thresholds: nearness values between 0 (farthest) "
                "and 1 (nearest), comma-separated; their number decides the layers.",
                "0.66, 0.33",
                shown_when={"method": ("thresholds",)},
            ),
        },
    )

    def split(
        self,
        depth: DepthMap | Tensor,
        layers: int = 3,
        method: str = "automatic",
        feather: float = 0.0,
        image: Tensor | None = None,
        thresholds: str = "0.66, 0.33",
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, str, Tensor]:
        depth = given_depth(depth, image=image).depth
        cuts = cutting.parse_thresholds(thresholds) if method == "thresholds" else ()
        photo = None if image is None else rgb(image)
        with host.current().task(depth.batch) as task:
            split, coloured = cutting.split_image(
                depth, photo, layers, method,
                thresholds=cuts, feather=feather, on_progress=task.on_progress,
            )  # fmt: skip
        fore, mid, back = split.foreground, split.midground, split.background
        masks = split.masks.flatten(0, 1)
        return fore, mid, back, coloured, masks, split.text, split.color_map
