"""What the GenVR nodes share: widgets from the model table, lists, work beside ComfyUI's loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from torch import Tensor

from ..depthkit.depth_map import DepthMap
from ..depthkit.errors import DepthError, InvalidInput
from . import host
from .on_demand import genvr

__all__ = [
    "beside_the_loop",
    "control_images",
    "limits_from",
    "money_widgets",
    "obtain",
    "parameter_widget",
    "parameters_shown",
    "profile_widget",
]

ASK, PAY_AGAIN = "ask", "pay again"
Result = TypeVar("Result")
Widget = tuple[Any, dict[str, Any]]

_TOOLTIPS = {
    "prompt": "What the new image shows. Depth comes from the photo; say what it is made of, the "
    "light, the style.",
    "seed": "The same seed and settings are the same image: already paid, served from disk. "
    "Another seed is a new image.",
}


def parameter_widget(parameter: genvr.Parameter) -> Widget:
    """The ComfyUI widget of one row of the model table."""
    tooltip = parameter.tooltip or _TOOLTIPS.get(parameter.name, "")
    common = {"default": parameter.default, "tooltip": tooltip}
    if parameter.type in ("choice", "switch"):
        return (list(parameter.choices), common)
    if parameter.type == "flag":
        return ("BOOLEAN", common)
    if parameter.type == "text":
        return ("STRING", {**common, "multiline": True})
    ends = {"min": parameter.low, "max": parameter.high}
    if parameter.type == "number":
        return ("FLOAT", {**common, **ends, "step": 0.5})
    # "fixed": a seed that changes by itself would pay for another image at every run.
    seed = {"control_after_generate": "fixed"} if parameter.name == "seed" else {}
    return ("INT", {**common, **ends, **seed})


def profile_widget() -> Widget:
    """Names of profiles only. A key never goes through a node."""
    try:
        states = genvr.credentials.states(host.current().private_folder())
        names = [state.name for state in states]
    except DepthError:
        names = [genvr.credentials.DEFAULT_PROFILE]
    tooltip = (
        "Which GenVR account to use, by name. Keys are set in Settings > GenVR Depth, with "
        "`genvr-depth login`, or in the environment."
    )
    return (names, {"default": names[0], "tooltip": tooltip})


def money_widgets() -> dict[str, Widget]:
    """What every node that pays offers: another take, how many at once, the cap, paying again."""
    return {
        "take": (
            "INT",
            {
                "default": 0,
                "min": 0,
                "max": 9999,
                "tooltip": "Another number asks, and pays, for another image of exactly the same "
                "request.",
            },
        ),
        "concurrency": (
            "INT",
            {
                "default": 0,
                "min": 0,
                "max": int(genvr.settings.LIMITS["concurrency"][1]),
                "tooltip": "Images made at once; 0 = the default of the settings (3).",
            },
        ),
        "max_credits": (
            "FLOAT",
            {
                "default": 0.0,
                "min": 0.0,
                "max": genvr.settings.LIMITS["spending_cap"][1],
                "step": 5.0,
                "tooltip": "Credits one run may cost at most; 0 = the settings' default (100). A "
                "run that would cost more stops before anything is sent.",
            },
        ),
        "unclear_or_failed": (
            [ASK, PAY_AGAIN],
            {
                "default": ASK,
                "tooltip": "Requests whose payment is unclear, or whose task failed, stop with an "
                "error (ask). 'pay again' sends them once more, which may cost again.",
            },
        ),
    }


def control_images(
    images: Sequence[Tensor | None], depths: Sequence[DepthMap | None]
) -> list[genvr.ControlImage]:
    """Every image of every connected batch. Raises InvalidInput unless one kind is connected."""
    photos = [image for image in images if image is not None]
    maps = [depth for depth in depths if depth is not None]
    if photos and maps:
        raise InvalidInput("Connect 'image' or 'depth', not both: the service takes one image.")
    found = [control for image in photos for control in genvr.from_images(image)]
    found += [control for depth in maps for control in genvr.from_depth(depth)]
    return found


def limits_from(inputs: Mapping[str, Sequence[Any]]) -> genvr.Limits:
    """The money widgets of a node whose inputs are lists."""
    return genvr.Limits(
        concurrency=int(inputs["concurrency"][0]),
        # The widget's 0 has always meant the default of the settings.
        spending_cap=float(inputs["max_credits"][0]) or None,
        pay_again=inputs["unclear_or_failed"][0] == PAY_AGAIN,
    )


async def beside_the_loop(task: host.Task, work: Callable[[Callable[[], bool]], Result]) -> Result:
    """Run `work(should_stop)` in a thread, so that other nodes go on.

    When ComfyUI cancels this node (another one failed, or Stop), the thread is told to leave.
    """
    leave = threading.Event()

    def should_stop() -> bool:
        return leave.is_set() or task.should_stop()

    try:
        return await asyncio.to_thread(work, should_stop)
    finally:
        leave.set()


def obtain(
    profile: str,
    make_requests: Callable[[], Sequence[Any]],
    limits: genvr.Limits,
    task: host.Task,
    should_stop: Callable[[], bool],
) -> genvr.Batch:
    """Open the profile and run the requests, with the node's bar and status line."""
    service = genvr.Service.open(host.current().private_folder(), profile)
    return service.run(
        make_requests(),
        limits,
        on_progress=task.on_progress,
        say=task.say,
        should_stop=should_stop,
    )


def parameters_shown(model: genvr.Model) -> dict[str, Widget]:
    return {p.name: parameter_widget(p) for p in model.parameters}
