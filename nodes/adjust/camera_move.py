"""Depth to Camera Move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ..depthkit.depth_map import DepthMap
from ..depthkit.images import Images, RgbFrames
from ..shared import host
from ..shared.declared import Choice, Declared, Float, Inputs, Int, Socket, Text
from ..shared.given_depth import given_depth, with_note
from ..shared.on_demand import moves
from ..shared.sockets import depth_map_input, image_input

__all__ = ["GenVRDepthCameraMove"]

FILLS = ("background", "off")
AUTO = -1.0


class GenVRDepthCameraMove(Declared):
    CATEGORY = "GenVR Depth/adjust"
    DESCRIPTION = (
        "Turn a photo and its depth into a clip along a camera path, with hole masks and the depth "
        "of every frame."
    )
    SEARCH_ALIASES = [
        "camera path",
        "ken burns 3d",
        "parallax",
        "dolly zoom",
        "orbit",
        "uni3c",
        "novel view",
        "2.5d animation",
    ]
    FUNCTION = "move"
    RETURN_TYPES = ("IMAGE", "MASK", "DEPTH_MAP", "STRING")
    RETURN_NAMES = ("frames", "holes", "depth", "report")
    OUTPUT_TOOLTIPS = (
        "The clip: a finished parallax shot, or the guide of a video model (Uni3C, VACE).",
        "White where the photo shows nothing of what the camera sees: the area to inpaint.",
        "The depth of every frame.",
        "The path, and how much of the frames the photo does not show.",
    )

    INPUTS = Inputs(
        required={
            "depth": depth_map_input("The depth of the image, of the same size."),
            "image": image_input(
                "The photo, or the frames of a clip with its depth.", streamed=True
            ),
            "move": Choice(
                "push in, pull out: forwards, backwards. truck: sideways. pedestal: up. orbit: "
                "around the focus. dolly zoom: forwards while the focus keeps its size. crane: up, "
                "looking at the focus. handheld: small sways.",
                "orbit",
                choices=lambda: moves.MOVES,
            ),
            "amount": Float(
                "Length of the move as a share of the distance to the focus; negative goes the "
                "other way. 0 gives the photo itself.",
                0.1,
                -0.9,
                0.9,
                step=0.01,
            ),
            "frames": Int(
                "Frames of the clip. Wan models want 4n + 1 (81), LTX 8n + 1 (97). A clip with its "
                "own depth keeps its number.",
                49,
                1,
                4096,
            ),
            "timing": Choice(
                "ease in and out, steady: from the photo to the end of the move. there and back: "
                "returns, loops. sway: to both sides, loops.",
                "ease in and out",
                choices=lambda: moves.TIMINGS,
            ),
            "fill_holes": Choice(
                "background: continue what lies behind. off: black, for inpainting with the mask.",
                "background",
                choices=FILLS,
            ),
        },
        optional={
            "focus": Float(
                "What the camera turns about: 0 the farthest point, 1 the nearest, auto the middle "
                "of the frame.",
                AUTO,
                AUTO,
                1.0,
                step=0.01,
                auto=AUTO,
            ),
            "keyframes": Text(
                "A path of your own instead of the preset, one key frame a line: time (0 to 1), "
                "colon, right up forward, pan tilt roll in degrees, zoom. Distances in metres, or "
                "in a depth of 1 to 5 where the map is relative. Example: 1: 0.2 0 0.5 -5 0 0 1",
                multiline=True,
            ),
            "field_of_view": Float(
                "Horizontal, in degrees. auto takes the depth map's camera, or 60.",
                0.0,
                0.0,
                170.0,
                step=0.1,
                auto=0.0,
                advanced=True,
            ),
            "camera": Socket(
                "LOAD3D_CAMERA",
                "Where the move ends: the camera of a 3D viewer that shows this photo's mesh.",
            ),
            "model_3d_info": Socket(
                "LOAD3D_MODEL_INFO", "Where that viewer placed the mesh, if it moved it."
            ),
        },
    )

    def move(
        self,
        depth: DepthMap | Tensor,
        image: Images,
        move: str = "orbit",
        amount: float = 0.1,
        frames: int = 49,
        timing: str = "ease in and out",
        fill_holes: str = "background",
        focus: float = AUTO,
        keyframes: str = "",
        field_of_view: float = 0.0,
        camera: Mapping[str, Any] | None = None,
        model_3d_info: Sequence[Mapping[str, Any]] | None = None,
    ) -> tuple[Tensor, Tensor, DepthMap, str]:
        depth, note = given_depth(depth, image=image)
        count = depth.batch if depth.batch > 1 else frames
        path = _Path(move, amount, timing, keyframes, camera, model_3d_info)
        distance = moves.focus_distance(depth, None if focus == AUTO else focus)
        poses = path.poses(distance, count)
        with host.current().task(count) as task:
            made = moves.camera_move(
                depth,
                RgbFrames(image),
                poses,
                fill=fill_holes != "off",
                fov_deg=field_of_view,
                dtype=host.current().intermediate_dtype(),
                on_progress=task.on_progress,
                should_stop=task.should_stop,
            )
            report = with_note(note, path.describe(distance, depth) + moves.coverage(made))
            task.say(report)
        return made.images, made.holes, made.depth, report


@dataclass(frozen=True, slots=True)
class _Path:
    """Which of the three ways to give a path was used."""

    move: str
    amount: float
    timing: str
    keyframes: str
    camera: Mapping[str, Any] | None
    model: Sequence[Mapping[str, Any]] | None

    def poses(self, focus: float, count: int) -> list[Any]:
        if self.camera is not None:
            return moves.toward(moves.viewer_pose(self.camera, self.model), self.timing, count)
        if self.keyframes.strip():
            return moves.key_framed(self.keyframes, count)
        return moves.moved(self.move, self.timing, self.amount, focus, count)

    def describe(self, focus: float, depth: DepthMap) -> str:
        if self.camera is not None:
            return "To the connected camera; "
        if self.keyframes.strip():
            return "Along the key frames; "
        unit = " m" if depth.kind == "metric" else ", the map read as 1 to 5 away"
        share = f"{abs(self.amount):.0%} of the distance to the focus"
        return f"{self.move} by {share} ({focus:.2f}{unit}); "
