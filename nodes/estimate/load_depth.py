"""Load Depth: every depth format, other programs' files with what their numbers mean."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from torch import Tensor

from ..depthkit.depth_map import DepthMap
from ..depthkit.errors import InvalidInput
from ..depthkit.ranges import control_image
from ..shared.declared import Boolean, Choice, Declared, FileChoice, Float, Inputs, Int, Text
from ..shared.depth_view import depth_ui
from ..shared.host import current
from ..shared.input_files import file_behind, files_below
from ..shared.on_demand import formats
from ..shared.sockets import DEPTH_MAP, advanced, fov_widget

__all__ = ["GenVRDepthLoad"]

_MAX_LISTED = 2000
# An input folder is full of photographs; the list is cut, and depth must not fall off it.
_OFTEN_PHOTOS = frozenset({".png", ".jpg", ".jpeg"})


_NEAR_TIP = (
    "Metres of the nearest stored value, for the white-is meanings; near and far at auto give "
    "relative depth."
)
_SCALE_TIP = (
    "Metres per stored number: 0.001 for the millimetres of Kinect and ARKit, 0.0254 for inches."
)
_FOV_TIP = (
    "Horizontal field of view in degrees for a file without a camera; a camera in the file is "
    "kept. auto leaves it unknown."
)
_MEANING_TIP = (
    "What the numbers in the file mean. 'as the file says' reads files of this pack, EXR depth "
    "channels (as metres), MoGe PNGs and phone photos, and refuses files that do not state it."
)


def _stated_meanings(white: bool) -> dict[str, list[str]]:
    """The meanings of a picture, where white is near or far, or those of stored numbers."""
    _, *stated = formats.MEANINGS
    return {"meaning": [meaning for meaning in stated if ("white" in meaning) == white]}


def _metres(tooltip: str) -> Float:
    return Float(
        tooltip,
        0.0,
        0.0,
        1e6,
        step=0.0001,
        round=False,
        auto=0.0,
        shown_when=lambda: _stated_meanings(white=True),
    )


def _render_side(side: str) -> Int:
    return Int(
        f"{side.capitalize()} at which a 3D file of another program is drawn; files of this "
        "pack store their size.",
        0,
        0,
        16384,
        auto=0,
    )


class GenVRDepthLoad(Declared):
    CATEGORY = "GenVR Depth/estimate"
    DESCRIPTION = (
        "Load depth from PNG, TIFF, OpenEXR, NumPy, PFM, phone portrait photos, PLY, GLB or OBJ."
    )
    SEARCH_ALIASES = [
        "load depth",
        "import depth",
        "exr",
        "z-depth",
        "kinect",
        "arkit",
        "npz",
        "pfm",
    ]
    FUNCTION = "load"
    HAS_INTERMEDIATE_OUTPUT = True  # a cached run still fills the viewer
    RETURN_TYPES = (DEPTH_MAP, "IMAGE", "MASK")
    RETURN_NAMES = ("depth", "control_image", "valid")
    OUTPUT_TOOLTIPS = (
        "The depth, in metres where the file or the inputs say so.",
        "The depth as a control image: disparity, near = white.",
        "White where the file has a depth value.",
    )

    INPUTS = Inputs(
        required={
            "file": FileChoice(
                "A file in ComfyUI's input folder or below it. Drop one on the "
                "node, or use its button, to put it there.",
                choices=lambda: _depth_files(current().input_folder()),
                upload_extensions=lambda: formats.READABLE,
            ),
            "meaning": Choice(_MEANING_TIP, "as the file says", choices=lambda: formats.MEANINGS),
        },
        optional={
            "near": _metres(_NEAR_TIP),
            "far": _metres("Metres of the farthest stored value; see near."),
            "unit_scale": Float(
                _SCALE_TIP,
                1.0,
                0.0,
                1e6,
                step=0.0001,
                round=False,
                shown_when=lambda: _stated_meanings(white=False),
            ),
            "zero_is_invalid": Boolean(
                "Whole-number files: a stored 0 means no measurement. Turn off "
                "for grey images where black is a depth.",
                True,
            ),
            "channel": Text(
                "EXR layer, NPZ array or TIFF page to read: its name, or whole words of it. "
                "Empty takes what is called depth, or the first page.",
            ),
            **advanced(
                {
                    "field_of_view": fov_widget(_FOV_TIP),
                    "width": _render_side("width"),
                    "height": _render_side("height"),
                    "no_data": Text(
                        "The stored number that means no measurement, such as 65535 or -1. auto "
                        "takes what the file says and the huge numbers of renderers; none takes "
                        "every number.",
                        "auto",
                    ),
                    "pfm_scale": Choice(
                        "PFM only. ignore: the numbers as they are stored, as Middlebury means "
                        "them. multiply: times the scale in the header.",
                        "ignore",
                        choices=lambda: formats.PFM_SCALES,
                    ),
                }
            ),
        },
    )

    @classmethod
    def VALIDATE_INPUTS(cls, file: str | None) -> bool | str:
        if file is None:  # wired in: its value comes with the run
            return True
        try:
            file_behind(file)
        except InvalidInput as error:
            return str(error)
        return True

    @classmethod
    def IS_CHANGED(cls, file: str | None, **_: Any) -> str | float:
        # Wired in, the file is not known yet: NaN equals nothing, so that it is read again.
        return math.nan if file is None else formats.fingerprint(file_behind(file))

    def load(
        self,
        file: str,
        meaning: str = "as the file says",
        near: float = 0.0,
        far: float = 0.0,
        unit_scale: float = 1.0,
        zero_is_invalid: bool = True,
        channel: str = "",
        field_of_view: float = 0.0,
        width: int = 0,
        height: int = 0,
        no_data: str = "auto",
        pfm_scale: str = "ignore",
    ) -> dict[str, Any]:
        path = file_behind(file)
        size = (width, height) if width and height else None
        options = formats.LoadOptions(
            meaning, near or None, far or None, unit_scale, zero_is_invalid, channel.strip(),
            field_of_view, size=size, no_data=no_data.strip(), pfm_scale=pfm_scale,
        )  # fmt: skip
        depth = formats.load_depth(path, options)
        return {"ui": depth_ui(depth), "result": (depth, *_control_and_valid(depth))}


def _control_and_valid(depth: DepthMap) -> tuple[Tensor, Tensor]:
    return control_image(depth), depth.valid.float()


def _depth_files(folder: Path) -> list[str]:
    """Depth files in the input folder and below: formats for depth first, then by name."""
    found = files_below(folder, formats.READABLE)
    photos = {name for name in found if Path(name).suffix.lower() in _OFTEN_PHOTOS}
    return sorted(found, key=lambda name: (name in photos, name))[:_MAX_LISTED]
