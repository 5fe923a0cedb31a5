"""Depth estimated by the GenVR service, for machines without a GPU and without weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

from torch import Tensor

from ..depthkit.depth_map import DepthMap
from ..depthkit.images import frames
from ..depthkit.ranges import control_image
from ..shared import host
from ..shared.declared import Declared, Inputs
from ..shared.depth_view import depth_ui
from ..shared.genvr_service import (
    beside_the_loop,
    control_images,
    limits_from,
    money_widgets,
    obtain,
    parameters_shown,
    profile_widget,
)
from ..shared.on_demand import genvr
from ..shared.sockets import DEPTH_MAP, advanced, paid_image_input

__all__ = ["GenVRDepthEstimateRemote"]


@cache
def _detector_inputs() -> Inputs:
    return Inputs(
        required={
            "image": paid_image_input("The image, or a batch."),
            **parameters_shown(genvr.model_named("detect")),
        },
        optional=advanced({**money_widgets(), "profile": profile_widget()}),
    )


class GenVRDepthEstimateRemote(Declared):
    """MiDaS or LeReS on GenVR's machines."""

    RETURN_TYPES = (DEPTH_MAP, "IMAGE", "STRING")
    RETURN_NAMES = ("depth", "control_image", "report")
    OUTPUT_TOOLTIPS = (
        "Relative depth at the size of the image.",
        "The depth as an image for a ControlNet: near is white.",
        "What was paid, resumed or served from disk, with task numbers and credits.",
    )
    FUNCTION = "estimate"
    CATEGORY = "GenVR Depth/estimate"
    DESCRIPTION = "Estimate depth with MiDaS or LeReS on the GenVR service; no GPU, no download."
    SEARCH_ALIASES = ["genvr", "midas", "leres", "remote depth", "depth api"]

    @classmethod
    def inputs(cls) -> Inputs:
        return _detector_inputs()

    async def estimate(
        self,
        image: Tensor,
        detector: str,
        take: int = 0,
        concurrency: int = 0,
        max_credits: float = 0.0,
        unclear_or_failed: str = "ask",
        profile: str = "default",
    ) -> dict[str, object]:
        money: dict[str, list[object]] = {
            "concurrency": [concurrency],
            "max_credits": [max_credits],
            "unclear_or_failed": [unclear_or_failed],
        }
        with host.current().task() as task:
            depth, report = await beside_the_loop(
                task, lambda stop: _detect(image, detector, take, money, profile, task, stop)
            )
        return {
            "ui": depth_ui(depth, image=image),
            "result": (depth, control_image(depth), report),
        }


def _detect(
    image: Tensor,
    detector: str,
    take: int,
    money: dict[str, list[Any]],
    profile: str,
    task: host.Task,
    should_stop: Callable[[], bool],
) -> tuple[DepthMap, str]:
    model = genvr.model_named("detect")
    controls = control_images([image], [])

    def requests() -> list[genvr.Request]:
        return genvr.request_grid.requests_for(
            model, controls, {"detector": [detector]}, takes=[take]
        )

    batch = obtain(profile, requests, limits_from(money), task, should_stop)
    found = [batch.images(index) for index in range(len(controls))]
    depth = genvr.depth_from_images(found, controls, detector)
    return replace(depth, photo=frames(image)), batch.report
