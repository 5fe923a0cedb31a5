"""Adjust Depth."""

from __future__ import annotations

from torch import Tensor

from ..depthkit.depth_map import DepthMap
from ..depthkit.ranges import WINDOWS, Window
from ..shared import host
from ..shared.declared import Boolean, Choice, Declared, Float, Inputs, Int
from ..shared.depth_view import depth_ui
from ..shared.given_depth import given_depth
from ..shared.on_demand import adjusting
from ..shared.sockets import DEPTH_MAP, advanced, depth_map_input, window_widgets

__all__ = ["GenVRDepthAdjust"]


_WINDOW = Choice(
    "Clip the map to a range. off: keep all; percentile: low and high in "
    "percent; min-max; fixed: low and high in the map's own values (metres).",
    "off",
    choices=("off", *WINDOWS),
)


class GenVRDepthAdjust(Declared):
    CATEGORY = "GenVR Depth/adjust"
    DESCRIPTION = (
        "Clip the range, apply gamma, swap near and far, smooth in space and time, fill holes."
    )
    SEARCH_ALIASES = [
        "depth levels",
        "depth gamma",
        "invert depth",
        "smooth depth",
        "fill depth holes",
        "deflicker depth",
    ]
    FUNCTION = "adjust"
    HAS_INTERMEDIATE_OUTPUT = True  # a cached run still fills the viewer
    RETURN_TYPES = (DEPTH_MAP,)
    RETURN_NAMES = ("depth",)
    OUTPUT_TOOLTIPS = (
        "The adjusted depth; gamma and invert turn metric depth into relative depth.",
    )

    INPUTS = Inputs(
        required={"depth": depth_map_input()},
        optional={
            "gamma": Float(
                "Above 1 spends more of the range on near things, below 1 on far ones.",
                1.0,
                0.05,
                20.0,
                step=0.05,
            ),
            "invert": Boolean("Swap near and far, for maps read upside down."),
            "smooth": Int(
                "Level noise and 8-bit steps within this many pixels; edges stay.", 0, 0, 256
            ),
            "smooth_time": Int(
                "Level flicker over this many frames before and after; what moves stays sharp.",
                0,
                0,
                32,
                display_name="smooth over time",
            ),
            "fill_holes": Choice(
                "Give unknown pixels a depth. smooth: continue the rim; "
                "background: take the far side; both leave the sky; all: fill everything.",
                "off",
                choices=lambda: adjusting.HOLES,
            ),
            **advanced({**window_widgets(), "window": _WINDOW}),
        },
    )

    def adjust(
        self,
        depth: DepthMap | Tensor,
        gamma: float = 1.0,
        invert: bool = False,
        smooth: int = 0,
        smooth_time: int = 0,
        fill_holes: str = "off",
        window: str = "off",
        low: float = 0.5,
        high: float = 99.5,
        scope: str = "clip",
    ) -> dict[str, object]:
        depth = given_depth(depth).depth
        chosen = None if window == "off" else Window(window, low, high, scope)
        changes = adjusting.Adjustments(chosen, gamma, invert, smooth, smooth_time, fill_holes)
        with host.current().task(depth.batch) as task:
            adjusted = adjusting.adjust(depth, changes, on_progress=task.on_progress)
        return {"ui": depth_ui(adjusted, before=depth), "result": (adjusted,)}
