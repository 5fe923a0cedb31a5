"""The names of our socket types, and the widget declarations that several nodes share."""

from __future__ import annotations

from typing import Any

from ..depthkit.ranges import SCOPES, WINDOWS

__all__ = [
    "DEPTH_MAP",
    "DEPTH_MODEL",
    "PassesDepthOn",
    "advanced",
    "depth_map_input",
    "fov_widget",
    "image_input",
    "metres_widget",
    "scope_widget",
    "space_widgets",
    "window_widgets",
]

DEPTH_MAP = "DEPTH_MAP"
DEPTH_MODEL = "DEPTH_MODEL"

Declaration = tuple[Any, dict[str, Any]]


class PassesDepthOn:
    """The outputs of a node that may end a branch, or stand in the middle of one."""

    OUTPUT_NODE = True
    RETURN_TYPES = (DEPTH_MAP,)
    RETURN_NAMES = ("depth",)
    OUTPUT_TOOLTIPS = ("The same depth, unchanged.",)


def advanced(widgets: dict[str, Declaration]) -> dict[str, Declaration]:
    """The same widgets, folded away until a person asks for them."""
    return {
        name: (kind, {**options, "advanced": True}) for name, (kind, options) in widgets.items()
    }


def depth_map_input(tooltip: str = "The depth to work on.") -> Declaration:
    return (DEPTH_MAP, {"tooltip": tooltip})


def image_input(tooltip: str) -> Declaration:
    return ("IMAGE", {"tooltip": tooltip})


_FOV_TIP = (
    "Horizontal field of view in degrees. 0 takes the camera that came with the depth, or 60 where "
    "there is none."
)


def fov_widget(tooltip: str = _FOV_TIP) -> Declaration:
    return (
        "FLOAT",
        {"default": 0.0, "min": 0.0, "max": 170.0, "step": 0.1, "tooltip": tooltip},
    )


def metres_widget(tooltip: str) -> Declaration:
    """A distance that may be left out: 0 says nothing about it."""
    return (
        "FLOAT",
        {"default": 0.0, "min": 0.0, "max": 100000.0, "step": 0.01, "tooltip": tooltip},
    )


def scope_widget() -> Declaration:
    return (
        list(SCOPES),
        {
            "default": "clip",
            "tooltip": "clip: one range for the whole batch, so that video does not flicker. "
            "frame: each image gets its own range.",
        },
    )


def window_widgets() -> dict[str, Declaration]:
    """How the range of the map becomes black..white; the arguments of `ranges.Window`."""
    return {
        "window": (
            list(WINDOWS),
            {
                "default": "percentile",
                "tooltip": "percentile ignores a few extreme pixels; min-max uses all of them; "
                "fixed takes low and high as values of the map itself (metres for metric depth).",
            },
        ),
        "low": (
            "FLOAT",
            {
                "default": 0.5,
                "min": -1e6,
                "max": 1e6,
                "step": 0.01,
                "tooltip": "Low end of the window: a percentage, or a value for the fixed window.",
            },
        ),
        "high": (
            "FLOAT",
            {
                "default": 99.5,
                "min": -1e6,
                "max": 1e6,
                "step": 0.01,
                "tooltip": "High end of the window: a percentage, or a value for the fixed window.",
            },
        ),
        "scope": scope_widget(),
    }


_METRES_TIP = (
    "Metres of the {} point, for relative depth only. With 0 the ends are read as 1 and 5 metres; "
    "the shape is then plausible, the scale free."
)


def space_widgets() -> dict[str, Declaration]:
    """Camera, scale, cut and decimation: what every way into space needs."""
    return {
        "field_of_view": fov_widget(),
        "near": metres_widget(_METRES_TIP.format("nearest")),
        "far": metres_widget(_METRES_TIP.format("farthest")),
        "cut": (
            "FLOAT",
            {
                "default": 0.1,
                "min": 0.0,
                "max": 10.0,
                "step": 0.01,
                "tooltip": "Leave out triangles where neighbouring pixels differ in depth by more "
                "than this share: 0.1 is 10%. 0 keeps a skin over every edge.",
            },
        ),
        "step": (
            "INT",
            {
                "default": 1,
                "min": 1,
                "max": 64,
                "tooltip": "Take every n-th pixel: 2 makes a quarter of the triangles.",
            },
        ),
    }
