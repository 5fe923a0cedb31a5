"""Check Depth."""

from __future__ import annotations

from torch import Tensor

from ..depthkit.depth_map import DepthMap
from ..depthkit.images import rgb
from ..shared import host
from ..shared.declared import Choice, Declared, Inputs, Int
from ..shared.given_depth import given_depth, with_note
from ..shared.on_demand import quality
from ..shared.sockets import DEPTH_MAP, depth_map_input, image_input

__all__ = ["GenVRDepthCheck"]

ACTIONS = ("report", "stop the run")
_NO_PHOTO = "Check Depth has no photo to hand on: connect one to its 'image' input."


class GenVRDepthCheck(Declared):
    CATEGORY = "GenVR Depth/adjust"
    DESCRIPTION = "Find out whether a depth map is fit for use before minutes or credits are spent."
    SEARCH_ALIASES = ["depth quality", "validate depth", "depth lint", "inverted depth", "banding"]
    FUNCTION = "check"
    OUTPUT_NODE = True
    RETURN_TYPES = (DEPTH_MAP, "STRING", "BOOLEAN", "STRING", "IMAGE")
    RETURN_NAMES = ("depth", "report", "ok", "json", "image")
    OUTPUT_TOOLTIPS = (
        "The same depth, unchanged; wire it on so that the check runs first.",
        "What was found, and what to do about it.",
        "True if nothing was found that spoils the result.",
        "The findings as JSON.",
        "The same photo, unchanged; wire it into a GenVR node so that the check runs before "
        "anything is paid.",
    )

    INPUTS = Inputs(
        required={
            "depth": depth_map_input("The depth to look at."),
            "on_problem": Choice(
                "report: say what is wrong and go on. stop the run: end it here "
                "if the map would spoil the result.",
                ACTIONS[0],
                choices=ACTIONS,
            ),
        },
        optional={
            "image": image_input("The photo of the same view; more can be checked with it."),
            "target_size": Int(
                "Shorter side in pixels of the image to be made; off leaves the size unchecked.",
                0,
                0,
                16384,
                auto=0,
                word="off",
            ),
        },
    )

    def check(
        self,
        depth: DepthMap | Tensor,
        on_problem: str = ACTIONS[0],
        image: Tensor | None = None,
        target_size: int = 0,
    ) -> tuple[DepthMap, str, bool, str, Tensor]:
        depth, note = given_depth(depth, image=image)
        photo = None if image is None else rgb(image)
        here = host.current()
        with here.task(depth.batch) as task:
            report = quality.check_depth(depth, photo, target_size, on_progress=task.on_progress)
            text = with_note(note, report.text())
            task.say(text)
        if on_problem == ACTIONS[1]:
            report.stop_on_problem()
        passed = here.blocked(_NO_PHOTO) if image is None else image
        return depth, text, report.ok, report.as_json(), passed
