"""Images from the GenVR service: Depth and its siblings, one class per row of the model table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, cast

from torch import Tensor

from ..depthkit.errors import DepthError
from ..shared import host
from ..shared.declared import Choice, Declared, Inputs, Int, Widget
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
from ..shared.sockets import advanced, paid_depth_input, paid_image_input

__all__ = ["GenVRDepthGenerateCanny", "GenVRDepthGenerateRemote", "GenVRDepthGenerateScribble"]

PER_LINE = ("one", "one per line")


_COUNT = Int("Images per prompt, with seed, seed + 1, ... Each one is paid for.", 1, 1, 64)
_RARE = ("safety_tolerance", "prompt_upsampling", "added_prompt", "resolution")


@cache
def _generator_inputs(model: str, takes_depth: bool) -> Inputs:
    source = {"image": paid_image_input("The photo itself: the service extracts its structure.")}
    if takes_depth:
        source["depth"] = paid_depth_input(
            "Instead of a photo: sent as a grey image and interpreted again by the service. "
            "The photo usually works better."
        )
    shown = parameters_shown(genvr.model_named(model))
    rare = {name: shown.pop(name) for name in _RARE if name in shown}
    folded: dict[str, Widget] = {**rare, **_more(), **money_widgets(), "profile": profile_widget()}
    return Inputs(required=shown, optional={**source, "count": _COUNT, **advanced(folded)})


def _more() -> dict[str, Widget]:
    return {
        "prompts": Choice(
            "one: the whole text is one prompt. one per line: each line is an image of its own.",
            PER_LINE[0],
            choices=PER_LINE,
        ),
        "combine": Choice(
            "Several images and several prompts: every combination, or the first "
            "with the first, the second with the second.",
            genvr.request_grid.COMBINE[0],
            choices=genvr.request_grid.COMBINE,
        ),
        "layout": Choice(
            "as returned: a list in the service's own sizes. control size: each "
            "image at the size of its photo. one batch: all in one IMAGE, at the first "
            "photo's size. The aspect ratio is kept and the overhang is cropped.",
            genvr.request_grid.LAYOUTS[0],
            choices=genvr.request_grid.LAYOUTS,
        ),
    }


class _Generate(Declared):
    """All there is to a node of this family; subclasses name the model and take depth or not."""

    MODEL = "depth"
    TAKES_DEPTH = False
    INPUT_IS_LIST = True
    OUTPUT_IS_LIST = (True, False, True)
    RETURN_TYPES = ("IMAGE", "STRING", "STRING")
    RETURN_NAMES = ("image", "report", "prompt")
    OUTPUT_TOOLTIPS = (
        "The images, in the order images x prompts x seeds.",
        "What was paid, resumed or served from disk, with task numbers and credits.",
        "The prompt of each image, in the same order.",
    )
    FUNCTION = "generate"
    CATEGORY = "GenVR Depth/generate"

    @classmethod
    def inputs(cls) -> Inputs:
        return _generator_inputs(cls.MODEL, cls.TAKES_DEPTH)

    @classmethod
    def VALIDATE_INPUTS(cls, prompt: object = None) -> bool | str:
        """Typed prompts are checked before the queue; linked ones when they arrive."""
        texts = [text for text in _as_list(prompt) if isinstance(text, str)]
        longest = max((line for text in texts for line in text.splitlines()), key=len, default="")
        parameter = genvr.model_named(cls.MODEL).parameter("prompt")
        try:
            if texts and parameter is not None:
                parameter.clean(longest)
        except DepthError as error:
            return str(error)
        return True

    async def generate(self, **given: Any) -> tuple[list[Tensor], str, list[str]]:
        inputs = {name: _as_list(value) for name, value in {**self.defaults(), **given}.items()}
        with host.current().task() as task:
            return await beside_the_loop(task, lambda stop: self._work(inputs, task, stop))

    def _work(
        self, inputs: dict[str, list[Any]], task: host.Task, should_stop: Callable[[], bool]
    ) -> tuple[list[Tensor], str, list[str]]:
        limits, profile = limits_from(inputs), str(inputs["profile"][0])
        batch = obtain(profile, lambda: self._requests(inputs), limits, task, should_stop)
        return _laid_out(batch, str(inputs["layout"][0]))

    def _requests(self, inputs: dict[str, list[Any]]) -> list[genvr.Request]:
        model = genvr.model_named(self.MODEL)
        controls = control_images(inputs.get("image", []), inputs.get("depth", []))
        axes: dict[str, Sequence[Any]] = {p.name: inputs[p.name] for p in model.parameters}
        axes["prompt"] = genvr.request_grid.split_prompts(
            inputs["prompt"], inputs["prompts"][0] == PER_LINE[1]
        )
        axes["seed"] = genvr.request_grid.seeds_from(
            [int(s) for s in inputs["seed"]], int(inputs["count"][0])
        )
        takes = [int(take) for take in inputs["take"]]
        how = str(inputs["combine"][0])
        return genvr.request_grid.requests_for(model, controls, axes, takes=takes, combine=how)


def _as_list(value: object) -> list[Any]:
    return (
        list(cast("list[object] | tuple[object, ...]", value))
        if isinstance(value, list | tuple)
        else [value]
    )


def _laid_out(batch: genvr.Batch, how: str) -> tuple[list[Tensor], str, list[str]]:
    images: list[Tensor] = []
    controls: list[genvr.ControlImage] = []
    prompts: list[str] = []
    for index, request in enumerate(batch.requests):
        for image in batch.images(index):
            images.append(image)
            controls.append(request.image)
            prompts.append(request.asked.prompt)
    laid, notes = genvr.request_grid.layout(images, controls, how)
    report = "\n".join([batch.report, *(f"Note: {note}" for note in notes)])
    return laid, report, prompts


class GenVRDepthGenerateRemote(_Generate):
    """GenVR's Depth model."""

    TAKES_DEPTH = True
    DESCRIPTION = (
        "Generate new images from the depth of a photo with the GenVR service; each is paid for "
        "once."
    )
    SEARCH_ALIASES = ["genvr", "flux depth", "restyle", "depth to image", "virtual staging", "api"]


class GenVRDepthGenerateCanny(_Generate):
    """GenVR's Canny model."""

    MODEL = "canny"
    DESCRIPTION = "Generate new images from the edges of a photo with the GenVR service."
    SEARCH_ALIASES = ["genvr", "flux canny", "edges", "line art to image", "api"]


class GenVRDepthGenerateScribble(_Generate):
    """GenVR's Scribble model."""

    MODEL = "scribble"
    DESCRIPTION = "Generate an image from a rough drawing with the GenVR service."
    SEARCH_ALIASES = ["genvr", "scribble", "sketch to image", "doodle", "api"]
