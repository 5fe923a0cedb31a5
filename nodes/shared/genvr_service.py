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
from .declared import Boolean, Choice, Float, Int, Text, Widget
from .given_depth import given_depth
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

_TOOLTIPS = {
    "prompt": "What the new image shows. Depth comes from the photo; say what it is made of, the "
    "light, the style.",
    "seed": "The same seed and settings are the same image: already paid, served from disk. "
    "Another seed is a new image.",
}


def parameter_widget(parameter: genvr.Parameter) -> Widget:
    """The widget of one row of the model table."""
    tooltip = parameter.tooltip or _TOOLTIPS.get(parameter.name, "")
    first = (tooltip, parameter.default)
    if parameter.type in ("choice", "switch"):
        return Choice(*first, choices=parameter.choices)
    if parameter.type == "flag":
        return Boolean(*first)
    if parameter.type == "text":
        return Text(*first, multiline=True)
    low, high = parameter.low or 0, parameter.high or genvr.service_models.SEED_MAX
    if parameter.type == "number":
        return Float(*first, low, high, step=0.5)
    # "fixed": a seed that changes automatically would pay for another image at every run.
    control = "fixed" if parameter.name == "seed" else None
    return Int(*first, int(low), int(high), control_after_generate=control)


def profile_widget() -> Choice:
    """Names of profiles only. A key never goes through a node."""
    return Choice(
        "Which GenVR account to use, by name. Keys are set in Settings > GenVR Depth, with "
        "`genvr-depth login`, or in the environment.",
        genvr.credentials.DEFAULT_PROFILE,
        choices=_profile_names,
    )


def _profile_names() -> list[str]:
    try:
        place = host.current().private_place()
        states = genvr.credentials.states(place.folder, alone=place.alone)
    except DepthError:
        return [genvr.credentials.DEFAULT_PROFILE]
    return [state.name for state in states]


def money_widgets() -> dict[str, Widget]:
    """What every node that pays offers: another take, how many at once, the cap, paying again."""
    limits = genvr.settings.LIMITS
    return {
        "take": Int(
            "Another number asks, and pays, for another image of exactly the same request.",
            0,
            0,
            9999,
            display_name="variation",
        ),
        "concurrency": Int(
            "Images made at once; auto = the default of the settings (3).",
            0,
            0,
            int(limits["concurrency"][1]),
            auto=0,
            display_name="images at once",
        ),
        "max_credits": Float(
            "Credits one run may cost at most; auto = the settings' default (100). A "
            "run that would cost more stops before anything is sent.",
            0.0,
            0.0,
            limits["spending_cap"][1],
            step=5.0,
            auto=0.0,
            display_name="spending cap",
        ),
        "unclear_or_failed": Choice(
            "Requests whose payment is unclear, or whose task failed, stop with an "
            "error (ask). 'pay again' sends them once more, which may cost again.",
            ASK,
            choices=(ASK, PAY_AGAIN),
            display_name="if a request failed",
        ),
    }


def control_images(
    images: Sequence[Tensor | None], depths: Sequence[DepthMap | Tensor | None]
) -> list[genvr.ControlImage]:
    """Every image of every connected batch. Raises InvalidInput unless one kind is connected."""
    photos = [image for image in images if image is not None]
    maps = [depth for depth in depths if depth is not None]
    if photos and maps:
        raise InvalidInput("Connect 'image' or 'depth', not both: the service takes one image.")
    found = [control for image in photos for control in genvr.from_images(image)]
    for depth, note in map(given_depth, maps):
        found += genvr.from_depth(depth, *([note] if note else []))
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
    make_requests: Callable[[], Sequence[genvr.Request]],
    limits: genvr.Limits,
    task: host.Task,
    should_stop: Callable[[], bool],
) -> genvr.Batch:
    """Open the profile and run the requests, with the node's bar and status line."""
    place = host.current().private_place()
    service = genvr.Service.open(place.folder, profile, alone=place.alone)
    return service.run(
        make_requests(),
        limits,
        on_progress=task.on_progress,
        say=task.say,
        should_stop=should_stop,
    )


def parameters_shown(model: genvr.Model) -> dict[str, Widget]:
    return {p.name: parameter_widget(p) for p in model.parameters}
