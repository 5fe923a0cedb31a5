"""The names of our socket types, and the inputs that several nodes share."""

from __future__ import annotations

from collections.abc import Mapping

from ..depthkit.ranges import SCOPES, WINDOWS
from .declared import Choice, Declared, Float, FrameSocket, Input, Int, ShownWhen, Socket, Widget

__all__ = [
    "DEPTH_MAP",
    "DEPTH_MODEL",
    "PassesDepthOn",
    "advanced",
    "depth_map_input",
    "fov_widget",
    "image_input",
    "metres_widget",
    "paid_depth_input",
    "paid_image_input",
    "scope_widget",
    "space_widgets",
    "window_widgets",
]

DEPTH_MAP = "DEPTH_MAP"
DEPTH_MODEL = "DEPTH_MODEL"

_NO_VIDEO = "No VIDEO: each image is paid for; take the frames you want out of it first."
_IMAGE_TOO = "A grey depth image (near = white) can be connected too."


class PassesDepthOn(Declared):
    """The outputs of a node that may end a branch, or stand in the middle of one."""

    OUTPUT_NODE = True
    RETURN_TYPES = (DEPTH_MAP,)
    RETURN_NAMES = ("depth",)
    OUTPUT_TOOLTIPS = ("The same depth, unchanged.",)


def advanced(widgets: Mapping[str, Widget]) -> dict[str, Widget]:
    """The same widgets, folded away until the user asks for them."""
    return {name: widget.but(advanced=True) for name, widget in widgets.items()}


def depth_map_input(tooltip: str = "The depth to work on.") -> FrameSocket:
    """Takes an IMAGE and a VIDEO as well; what arrives goes through `given_depth`."""
    return FrameSocket(f"{DEPTH_MAP},IMAGE", f"{tooltip} {_IMAGE_TOO}", streamed=True)


def image_input(tooltip: str, *, streamed: bool = False) -> FrameSocket:
    """Images, or a VIDEO of them; streamed: the node reads them one at a time."""
    return FrameSocket("IMAGE", tooltip, streamed=streamed)


def paid_depth_input(tooltip: str) -> Socket:
    """As `depth_map_input`, without a VIDEO; see `paid_image_input`."""
    return Socket(f"{DEPTH_MAP},IMAGE", f"{tooltip} {_IMAGE_TOO} {_NO_VIDEO}")


def paid_image_input(tooltip: str) -> Socket:
    """No VIDEO: hundreds of images would be paid for by one wire."""
    return Socket("IMAGE", f"{tooltip} {_NO_VIDEO}")


_FOV_TIP = (
    "Horizontal field of view in degrees. auto: the camera of the depth, or 60 where it has none."
)


def fov_widget(tooltip: str = _FOV_TIP) -> Float:
    return Float(tooltip, 0.0, 0.0, 170.0, step=0.1, auto=0.0, advanced=True)


def metres_widget(tooltip: str) -> Float:
    """A distance that may be left out: 0 says nothing about it."""
    return Float(tooltip, 0.0, 0.0, 100000.0, auto=0.0)


def scope_widget() -> Choice:
    return Choice(
        "clip: one range for the whole batch, so that video does not flicker. "
        "frame: each image gets its own range.",
        "clip",
        choices=SCOPES,
        display_name="range per",
    )


_WITH_ENDS = {"window": ("percentile", "fixed")}


def window_widgets() -> dict[str, Widget]:
    """How the range of the map becomes black..white; the arguments of `ranges.Window`."""
    end = "{} end of the window: a percentage, or a value for the fixed window."
    return {
        "window": Choice(
            "percentile ignores a few extreme pixels; min-max uses all of them; "
            "fixed takes low and high as values of the map itself (metres for metric depth).",
            "percentile",
            choices=WINDOWS,
        ),
        "low": Float(end.format("Low"), 0.5, -1e6, 1e6, shown_when=_WITH_ENDS),
        "high": Float(end.format("High"), 99.5, -1e6, 1e6, shown_when=_WITH_ENDS),
        "scope": scope_widget(),
    }


_METRES_TIP = (
    "Metres of the {} point, for relative depth only. auto: the ends are read as 1 and 5 metres; "
    "the shape is then plausible, the scale free."
)


def space_widgets(cut_when: ShownWhen | None = None) -> dict[str, Input]:
    """Camera, scale, cut and decimation: what every way into space needs."""
    return {
        "field_of_view": fov_widget(),
        "near": metres_widget(_METRES_TIP.format("nearest")),
        "far": metres_widget(_METRES_TIP.format("farthest")),
        "cut": Float(
            "Leave out triangles where neighbouring pixels differ in depth by more "
            "than this share: 0.1 is 10%. 0 keeps every triangle.",
            0.1,
            0.0,
            10.0,
            display_name="cut at jumps of",
            shown_when=cut_when,
        ),
        "step": Int(
            "Take every n-th pixel: 2 makes a quarter of the triangles.",
            1,
            1,
            64,
            display_name="every n-th pixel",
            advanced=True,
        ),
    }
