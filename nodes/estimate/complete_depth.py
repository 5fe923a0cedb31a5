"""Complete Depth."""

from __future__ import annotations

import torch
from torch import Tensor

from ..depthkit.depth_map import DepthMap
from ..depthkit.images import rgb
from ..shared.builtin_model import kept_builtin, model_or_builtin
from ..shared.declared import Declared, Inputs, Socket, Text
from ..shared.depth_view import depth_ui
from ..shared.host import current
from ..shared.on_demand import completion, estimators
from ..shared.sockets import DEPTH_MAP, DEPTH_MODEL, image_input

__all__ = ["GenVRDepthComplete"]


class GenVRDepthComplete(Declared):
    CATEGORY = "GenVR Depth/estimate"
    DESCRIPTION = (
        "Turn a sensor's partial depth, or a few measured distances, into depth in metres for "
        "every pixel of the photo."
    )
    SEARCH_ALIASES = [
        "depth completion",
        "lidar",
        "rgb-d",
        "sparse depth",
        "fill depth",
        "prompt depth anything",
        "metric scale",
        "calibrate depth",
    ]
    FUNCTION = "run"
    HAS_INTERMEDIATE_OUTPUT = True  # a cached run still fills the viewer
    RETURN_TYPES = (DEPTH_MAP, "MASK", "MASK", "STRING")
    RETURN_NAMES = ("depth", "error_bars", "rejected", "report")
    OUTPUT_TOOLTIPS = (
        "Depth in metres at every pixel, exact where a measurement was believed.",
        "How far off the depth may be (one sigma), as a share of it: 0.05 is 5%.",
        "White where a measurement contradicts those around it and was left out.",
        "How many measurements were rejected, and the error bars in words.",
    )

    INPUTS = Inputs(
        required={"image": image_input("The photo, or the frames of a clip.")},
        optional={
            "measured": Socket(
                DEPTH_MAP,
                "Depth in metres of the same view with holes, of low resolution or of a few points "
                "only: phone LiDAR, RGB-D, structure from motion.",
            ),
            "points": Text(
                "Measured distances, one a line: x, y = metres. x and y are pixels of the photo "
                "from its upper left corner. Two at least with a relative model.",
                "",
                multiline=True,
            ),
            "model": Socket(
                DEPTH_MODEL,
                "From Load Depth Model; Prompt Depth Anything is guided by the measurements. Not "
                "connected: the built-in model.",
            ),
        },
    )

    def run(
        self,
        image: Tensor,
        measured: DepthMap | None = None,
        points: str = "",
        model: estimators.Estimator | None = None,
    ) -> dict[str, object]:
        typed = completion.parse_points(points)
        photo = rgb(image)
        with current().task() as task:
            used = model_or_builtin(model, task)
            found = completion.estimate_and_complete(
                used,
                photo,
                measured,
                typed,
                fallback=lambda: kept_builtin(type(current()), torch.float32),
                on_progress=task.on_progress,
                should_stop=task.should_stop,
            )
            task.say(found.report)
        result = (found.depth, found.error, found.rejected.float(), found.report)
        return {"ui": depth_ui(found.depth, None, photo), "result": result}
