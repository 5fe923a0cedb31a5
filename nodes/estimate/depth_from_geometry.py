"""Depth from Geometry: the packets of ComfyUI's own Depth Anything 3 and MoGe nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ..depthkit.ranges import control_image
from ..shared.declared import Choice, Declared, Float, Inputs, Int, Socket
from ..shared.depth_view import depth_ui
from ..shared.host import current
from ..shared.on_demand import core_geometry
from ..shared.sockets import DEPTH_MAP

__all__ = ["GenVRDepthFromGeometry"]

# Core's own words for them.
RESIZE_METHODS = ("upper_bound_resize", "lower_bound_resize")


class GenVRDepthFromGeometry(Declared):
    CATEGORY = "GenVR Depth/estimate"
    DESCRIPTION = (
        "Read the depth of ComfyUI's own Depth Anything 3 or MoGe geometry, with camera, sky mask "
        "and metres corrected."
    )
    SEARCH_ALIASES = ["da3", "depth anything 3", "moge", "geometry to depth", "metric depth"]
    FUNCTION = "convert"
    HAS_INTERMEDIATE_OUTPUT = True  # a cached run still fills the viewer
    RETURN_TYPES = (DEPTH_MAP, "IMAGE", "MASK")
    RETURN_NAMES = ("depth", "control_image", "valid")
    OUTPUT_TOOLTIPS = (
        "The depth, with the camera where the packet or the field of view gives one.",
        "The depth as an image for a ControlNet: near is white, sky is black.",
        "White where the depth is known; black in the sky and where the model masked it.",
    )

    INPUTS = Inputs(
        required={
            "geometry": Socket(
                "DA3_GEOMETRY,MOGE_GEOMETRY", "The output of Run Depth Anything 3 or of Run MoGe."
            ),
        },
        optional={
            "unit": Choice(
                "The packet does not say which weights made it. metres: Depth "
                "Anything 3 Metric, MoGe 2 and 3. relative: all others. auto: MoGe is metric "
                "unless it is a panorama, the rest relative; set relative for MoGe 1.",
                "auto",
                choices=lambda: core_geometry.UNITS,
            ),
            "field_of_view": Float(
                "Horizontal field of view of the photo in degrees; auto = unknown. "
                "Needed for metres from Depth Anything 3 (a phone has about 65).",
                0.0,
                0.0,
                178.0,
                step=0.1,
                auto=0.0,
            ),
            "run_size": Int(
                "The resolution set on Run Depth Anything 3. Only used for metres.",
                504,
                14,
                8192,
                advanced=True,
            ),
            "resize_method": Choice(
                "The resize_method set on Run Depth Anything 3: whether run_size is the longer "
                "side (upper bound) or the shorter one (lower bound). Only used for metres.",
                RESIZE_METHODS[0],
                choices=RESIZE_METHODS,
                advanced=True,
            ),
        },
    )

    def convert(
        self,
        geometry: Mapping[str, Any],
        unit: str = "auto",
        field_of_view: float = 0.0,
        run_size: int = 504,
        resize_method: str = RESIZE_METHODS[0],
    ) -> dict[str, object]:
        shorter = resize_method == RESIZE_METHODS[1]
        options = core_geometry.GeometryOptions(unit, field_of_view, run_size, shorter)
        depth = core_geometry.from_geometry(geometry, options)
        if note := core_geometry.unit_note(geometry, options):
            with current().task() as task:
                task.say(note)
        control = control_image(depth)
        image: Tensor | None = geometry.get("image")
        ui = depth_ui(depth, control, image)
        return {"ui": ui, "result": (depth, control, depth.valid.float())}
