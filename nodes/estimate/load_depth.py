"""Load Depth: every depth format, other programs' files with what their numbers mean."""

from __future__ import annotations

import math
import os
from pathlib import Path

from torch import Tensor

from ..depthkit.depth_map import DepthMap
from ..depthkit.errors import InvalidInput
from ..depthkit.images import rgb
from ..depthkit.ranges import control_image
from ..shared.canvas_files import clip_or_file, files_below
from ..shared.declared import Boolean, Choice, Declared, FileChoice, Float, Inputs, Int, Text
from ..shared.depth_view import depth_ui
from ..shared.host import current
from ..shared.on_demand import formats
from ..shared.sockets import DEPTH_MAP, advanced, fov_widget

__all__ = ["GenVRDepthLoad"]

_MAX_LISTED = 2000
_MAX_CLIPS = 200
# An input folder is full of photographs; the list is cut, and depth must not fall off it.
_OFTEN_PHOTOS = frozenset({".png", ".jpg", ".jpeg", ".heic", ".mp4", ".mov", ".webm", ".mkv"})


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
    """The meanings of an image, where white is near or far, or those of stored numbers."""
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


_NO_PHOTO = (
    "This file holds no photo beside its depth. Phone photos and images or videos with a layout "
    "do; for others load the photo with Load Image."
)


def _frame_widget(what: str) -> Int:
    text = f"{what}; in a video or an array it counts from 1. auto takes the end that is there."
    return Int(text, 0, 0, 999_999_999, auto=0)


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
        "Load depth from PNG, TIFF, OpenEXR, NumPy, PFM, HDF5, phone portrait photos, PLY, GLB, "
        "OBJ, a video, or numbered files as a clip."
    )
    SEARCH_ALIASES = [
        "load depth",
        "import depth",
        "exr",
        "z pass",
        "kinect",
        "arkit",
        "npz",
        "pfm",
    ]
    FUNCTION = "load"
    HAS_INTERMEDIATE_OUTPUT = True  # a cached run still fills the viewer
    RETURN_TYPES = (DEPTH_MAP, "IMAGE", "MASK", "IMAGE")
    RETURN_NAMES = ("depth", "control_image", "valid", "photo")
    OUTPUT_TOOLTIPS = (
        "The depth, in metres where the file or the inputs say so.",
        "The depth as a control image: disparity, near = white.",
        "White where the file has a depth value.",
        "The photo in the same file: of phone photos and of images that show both.",
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
                display_name="zero is no depth",
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
                        display_name="number for no depth",
                    ),
                    "pfm_scale": Choice(
                        "PFM only. ignore: the numbers as they are stored, as Middlebury means "
                        "them. multiply: times the scale in the header.",
                        "ignore",
                        choices=lambda: formats.PFM_SCALES,
                    ),
                    "first_frame": _frame_widget(
                        "First frame of a clip: its number in the file names"
                    ),
                    "last_frame": _frame_widget("Last frame of a clip"),
                    "step": Int(
                        "Take every n-th frame of a clip.",
                        1,
                        1,
                        1000,
                        display_name="every n-th frame",
                    ),
                    "layout": Choice(
                        "Images and videos that show the photo beside its depth: where the depth "
                        "is.",
                        "whole",
                        choices=lambda: formats.LAYOUTS,
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
            clip_or_file(file)
        except InvalidInput as error:
            return str(error)
        return True

    @classmethod
    def IS_CHANGED(cls, file: str | None, **_: object) -> str | float:
        # Wired in, the file is not known yet: NaN equals nothing, so that it is read again.
        return math.nan if file is None else formats.fingerprint(clip_or_file(file))

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
        first_frame: int = 0,
        last_frame: int = 0,
        step: int = 1,
        layout: str = "whole",
    ) -> dict[str, object]:
        path = clip_or_file(file)
        size = (width, height) if width and height else None
        options = formats.LoadOptions(
            meaning, near or None, far or None, unit_scale, zero_is_invalid, channel.strip(),
            field_of_view, size=size, no_data=no_data.strip(), pfm_scale=pfm_scale,
            first_frame=first_frame, last_frame=last_frame, step=step, layout=layout,
        )  # fmt: skip
        depth = formats.load_depth(path, options)
        photo = formats.load_photo(path, options)
        passed = current().blocked(_NO_PHOTO) if photo is None else rgb(photo)
        result = (depth, *_control_and_valid(depth), passed)
        return {"ui": depth_ui(depth), "result": result}


def _control_and_valid(depth: DepthMap) -> tuple[Tensor, Tensor]:
    return control_image(depth), depth.valid.float()


def _depth_files(folder: Path) -> list[str]:
    """Numbered files as clips, then depth files, in the input folder and below.

    Formats for depth first, then by name.
    """
    found = files_below(folder, formats.READABLE)
    photos = {name for name in found if os.path.splitext(name)[1].lower() in _OFTEN_PHOTOS}
    files = [*sorted(name for name in found if name not in photos), *sorted(photos)]
    return [*sorted(formats.patterns(found))[:_MAX_CLIPS], *files[:_MAX_LISTED]]
