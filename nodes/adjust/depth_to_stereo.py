"""Depth to Stereo Image."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ..depthkit.depth_map import DepthMap
from ..depthkit.images import Images, RgbFrames
from ..shared import host
from ..shared.declared import Choice, Declared, Float, Inputs, Int
from ..shared.given_depth import given_depth, with_note
from ..shared.on_demand import stereo, stereo_options
from ..shared.sockets import depth_map_input, image_input

__all__ = ["GenVRDepthStereo"]

OUTLINES = ("snap to the photo", "as in the depth")
FILLS = ("background", "off")  # of the choices of Adjust Depth


def _clips() -> dict[str, str]:
    """Layouts that are clips, and their paths."""
    return {f"parallax clip, {path}": path for path in stereo_options.PATHS}


class GenVRDepthStereo(Declared):
    CATEGORY = "GenVR Depth/adjust"
    DESCRIPTION = "Turn an image into a stereo image or a short parallax clip."
    SEARCH_ALIASES = [
        "stereoscopic",
        "3d photo",
        "side by side",
        "anaglyph",
        "parallax",
        "wiggle",
        "vr photo",
        "vr180",
        "spatial photo",
        "3d sbs",
        "interlaced",
    ]
    FUNCTION = "view"
    RETURN_TYPES = ("IMAGE", "MASK", "STRING")
    RETURN_NAMES = ("images", "holes", "report")
    OUTPUT_TOOLTIPS = (
        "One stereo image per frame, or the frames of the clip; left, then right for the layout "
        "left and right.",
        "White where nothing was seen: filled from the background, or left for inpainting.",
        "Parallax in percent and in millimetres on the screen, what strains the eyes, and what the "
        "border cuts.",
    )

    INPUTS = Inputs(
        required={
            "depth": depth_map_input("The depth of the image, of the same size."),
            "image": image_input("The image to turn into stereo.", streamed=True),
            "layout": Choice(
                "Two eyes in one image, full or half size, red-cyan glasses, rows for a polarised "
                "screen, two half spheres (VR180), two images (left and right), or a clip of a "
                "small camera move.",
                "side by side",
                choices=lambda: (*stereo_options.LAYOUTS, *_clips()),
            ),
            "strength": Float(
                "How deep it looks: parallax between the farthest and nearest "
                "point, percent of the image's width. 2 to 3 is comfortable.",
                2.5,
                0.0,
                50.0,
                step=0.05,
            ),
            "screen": Float(
                "What sits at the screen: 0 the farthest point (all in front), "
                "1 the nearest (a window into depth).",
                0.5,
                step=0.05,
            ),
            "fill_holes": Choice(
                "background: fill what was hidden from the background side. off: leave it "
                "black, for inpainting with the mask.",
                "background",
                choices=FILLS,
            ),
        },
        optional={
            "frames": Int(
                "Frames of the clip.", 24, 2, 1024, shown_when=lambda: {"layout": _clips()}
            ),
            "eye_distance_mm": Float(
                "Above 0: true geometry for metric depth with a camera; "
                "63 is typical of human eyes. auto uses strength.",
                0.0,
                0.0,
                10000.0,
                step=0.05,
                auto=0.0,
                advanced=True,
                display_name="eye distance (mm)",
            ),
            "source_eye": Choice(
                "Where the photo was taken from. left eye, right eye: that eye's image is the "
                "photo, bit for bit.",
                "between both eyes",
                choices=lambda: stereo_options.SOURCE_EYES,
            ),
            "outlines": Choice(
                "snap to the photo: soft outlines of the depth follow the photo, and belong to the "
                "nearer thing. as in the depth: nothing is changed.",
                OUTLINES[0],
                choices=OUTLINES,
                advanced=True,
            ),
            "cut_by_border": Choice(
                "Where the left or right border cuts things that stand out of the screen. report: "
                "say so. move back: push everything behind it. floating window: black bars bring "
                "the border forward.",
                "report",
                choices=lambda: stereo_options.WINDOWS,
                advanced=True,
            ),
            "viewed_on": Choice(
                "The screen for which the report gives millimetres.",
                "desk screen",
                choices=lambda: stereo_options.SCREENS,
                advanced=True,
            ),
        },
    )

    def view(
        self,
        depth: DepthMap | Tensor,
        image: Images,
        layout: str = "side by side",
        strength: float = 2.5,
        screen: float = 0.5,
        fill_holes: str = "background",
        frames: int = 24,
        eye_distance_mm: float = 0.0,
        source_eye: str = "between both eyes",
        outlines: str = OUTLINES[0],
        cut_by_border: str = "report",
        viewed_on: str = "desk screen",
    ) -> tuple[Tensor, Tensor, str]:
        path = _clips().get(layout)
        options = stereo_options.StereoOptions(
            layout if path is None else "side by side",
            strength,
            screen,
            eye_distance_mm,
            fill_holes != "off",
            source_eye,
            cut_by_border,
            outlines == OUTLINES[0],
            viewed_on,
        )
        depth, note = given_depth(depth, image=image)
        with host.current().task(depth.batch) as task:
            calls: dict[str, Any] = {
                "on_progress": task.on_progress,
                "should_stop": task.should_stop,
            }
            if path is not None:
                made = stereo.parallax_clip(depth, RgbFrames(image), options, frames, path, **calls)
            else:
                made = stereo.stereo(depth, RgbFrames(image), options, **calls)
        return made.images, made.holes, with_note(note, made.report)
