"""Structure Score and Keep Best Structure."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
from torch import Tensor

from ..depthkit.depth_map import DepthMap
from ..depthkit.errors import InvalidInput
from ..depthkit.images import rgb
from ..shared.builtin_model import model_or_builtin
from ..shared.declared import Declared, Inputs, Int, Socket
from ..shared.given_depth import given_depth, given_depths, with_note
from ..shared.host import current
from ..shared.on_demand import estimators, image_scores
from ..shared.sockets import DEPTH_MODEL, depth_map_input, image_input

__all__ = ["GenVRDepthKeepBest", "GenVRDepthStructureScore"]

_MODEL = Socket(
    DEPTH_MODEL,
    "The model that made the control depth, from Load Depth Model. Not connected: "
    "the built-in model.",
)

_ORIGINAL = image_input(
    "The photo the control was made from: its own depth is the yardstick, whatever the control's "
    "source. Not connected: the photo that Depth Estimation, Sample Scene or Depth from Geometry "
    "read, where the control comes from there."
)


def _score(
    controls: Sequence[DepthMap],
    images: Sequence[Tensor],
    model: estimators.Estimator | None,
    originals: Sequence[Tensor | None] = (None,),
) -> list[image_scores.Comparison]:
    """One comparison per image.

    controls, originals: one frame each, one for all images or one for each. images:
    (1, H, W, 3) each, of any sizes.
    """
    targets = _one_each(controls, len(images), "control")
    before = _one_each(originals, len(images), "original")
    with current().task(len(images)) as task:
        used = model_or_builtin(model, task)
        if before[0] is not None:
            targets = _yardsticks(controls, originals, used, task.should_stop)
            targets = _one_each(targets, len(images), "original")
        done: list[image_scores.Comparison] = []
        for index, image in enumerate(images):
            done += image_scores.score_images(
                targets[index], image, used, before[index], should_stop=task.should_stop
            )
            task.on_progress(index + 1, len(images))
        task.say(", ".join(f"{one.report.score:.0f}" for one in done))
    return done


def _yardsticks(
    controls: Sequence[DepthMap],
    originals: Sequence[Tensor | None],
    model: estimators.Estimator,
    should_stop: Callable[[], bool],
) -> list[DepthMap]:
    """One for each original, or for each control where there is one photo for several."""
    count = max(len(controls), len(originals))
    pairs = zip(
        _one_each(controls, count, "control"), _one_each(originals, count, "original"), strict=True
    )
    return [
        image_scores.yardstick(control, original, model, should_stop=should_stop)
        for control, original in pairs
        if original is not None
    ]


def _photos(
    controls: Sequence[DepthMap], given: Sequence[Tensor] | None
) -> tuple[Sequence[Tensor | None], str]:
    """The originals, one frame each, and a line for the report where the controls knew them."""
    if given is not None:
        return [one for batch in given for one in torch.split(rgb(batch, "original"), 1)], ""
    known = [one.photo for one in controls if one.photo is not None]
    if len(known) < len(controls):
        return (None,), ""
    return [rgb(photo) for photo in known], _KNOWN


_KNOWN = "Original: the photo that the control was made from."
_Item = TypeVar("_Item")


def _one_each(given: Sequence[_Item], count: int, name: str) -> Sequence[_Item]:
    if len(given) not in (1, count):
        raise InvalidInput(
            f"There are {count} images but {len(given)} of '{name}'; give one for all images, "
            "or one for each."
        )
    return list(given) * (count if len(given) == 1 else 1)


def _single_frames(depth: DepthMap) -> list[DepthMap]:
    return [depth.frame(index) for index in range(depth.batch)]


def _score_report(scored: Sequence[image_scores.Comparison], names: Sequence[str]) -> str:
    rows = zip(names, scored, strict=True)
    return "\n\n".join(f"{name}: {one.report.text()}" for name, one in rows)


class GenVRDepthStructureScore(Declared):
    CATEGORY = "GenVR Depth/generate"
    DESCRIPTION = "Measure how well a generated image kept the depth it was made from: 0 to 100."
    SEARCH_ALIASES = [
        "controlnet score",
        "structure fidelity",
        "depth rmse",
        "compare depth",
        "structure survived",
    ]
    FUNCTION = "score"
    RETURN_TYPES = ("FLOAT", "STRING", "IMAGE", "STRING")
    RETURN_NAMES = ("score", "report", "heat_map", "json")
    OUTPUT_TOOLTIPS = (
        "0 to 100, the mean over the batch; 100 is the same depth, an unrelated image is below 20.",
        "The score in words, with the usual metrics.",
        "Bright where the structure differs.",
        "The same numbers as JSON: a list, one entry per image.",
    )

    INPUTS = Inputs(
        required={
            "control": depth_map_input("The depth the images were made from."),
            "image": image_input("The generated images, any size or crop around the centre."),
        },
        optional={
            "model": _MODEL,
            "original": _ORIGINAL,
        },
    )

    def score(
        self,
        control: DepthMap | Tensor,
        image: Tensor,
        model: estimators.Estimator | None = None,
        original: Tensor | None = None,
    ) -> tuple[float, str, Tensor, str]:
        control, note = given_depth(control, "control")
        images, controls = rgb(image), _single_frames(control)
        before, known = _photos(controls, None if original is None else [original])
        scored = _score(controls, torch.split(images, 1), model, before)
        heat = torch.stack(
            [image_scores.heat_map(c, p) for c, p in zip(scored, images, strict=True)]
        )
        reports = [one.report for one in scored]
        mean = sum(report.score for report in reports) / len(reports)
        text = with_note(
            known, _score_report(scored, [f"image {n + 1}" for n in range(len(scored))])
        )
        text = with_note(note, text)
        return mean, text, heat, json.dumps([report.as_dict() for report in reports])


class GenVRDepthKeepBest(Declared):
    CATEGORY = "GenVR Depth/generate"
    DESCRIPTION = "Keep the images that follow the control depth best."
    SEARCH_ALIASES = ["best of batch", "pick best", "rank images", "structure score", "bad seed"]
    FUNCTION = "keep"
    INPUT_IS_LIST = True
    RETURN_TYPES = ("IMAGE", "FLOAT", "STRING")
    RETURN_NAMES = ("images", "scores", "report")
    OUTPUT_IS_LIST = (True, True, False)
    OUTPUT_TOOLTIPS = (
        "The best images, best first: one batch if they are all of one size, else a list.",
        "Their scores in the same order, 0 to 100.",
        "All images with their scores, kept or not.",
    )

    INPUTS = Inputs(
        required={
            "control": depth_map_input("The depth the images were made from."),
            "images": image_input("A batch or a list of images, any sizes."),
            "keep": Int("How many to keep; more than there are keeps all, sorted.", 1, 1, 4096),
        },
        optional={"model": _MODEL, "original": _ORIGINAL},
    )

    def keep(
        self,
        control: list[DepthMap | Tensor],
        images: list[Tensor],
        keep: list[int],
        model: list[estimators.Estimator | None] | None = None,
        original: list[Tensor] | None = None,
    ) -> tuple[list[Tensor], list[float], str]:
        candidates = [one for batch in images for one in torch.split(rgb(batch, "images"), 1)]
        maps, note = given_depths(control, "control")
        controls = [frame for depth in maps for frame in _single_frames(depth)]
        before, known = _photos(controls, original)
        scored = _score(controls, candidates, (model or [None])[0], before)
        scores = [one.report.score for one in scored]
        order = image_scores.best_first(scores)
        chosen = [candidates[index] for index in order[: keep[0]]]
        alike = len({image.shape for image in chosen}) == 1
        text = _score_report([scored[n] for n in order], [f"image {n + 1}" for n in order])
        kept = [torch.cat(chosen)] if alike else chosen
        return (
            kept,
            [scores[index] for index in order[: keep[0]]],
            with_note(note, with_note(known, text)),
        )
