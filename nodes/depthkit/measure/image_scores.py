"""Structure scores of generated images: the depth of each is estimated and compared."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ..depth_map import DepthMap
from ..errors import InvalidInput, Stopped
from ..estimators import Estimator, estimate
from ..images import SAME_SHAPE, luminance
from ..kernels import resample
from ..progress import Progress
from ..views.colour_map import colorize
from .kept_edges import with_kept_depth
from .structure import compare, fit_frame
from .structure_report import Comparison, StructureReport
from .vanishing_point import vanishing_point

__all__ = ["best_first", "heat_map", "score_images", "yardstick"]


def score_images(
    control: DepthMap,
    images: Tensor,
    estimator: Estimator,
    original: Tensor | None = None,
    *,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> tuple[Comparison, ...]:
    """Estimate the depth of every image and compare it with its control.

    control: one frame for all images, or one for each; an answer of the same estimator, or there is
    no verdict (see `yardstick`). images: (B, H, W, 3). original: the photo the control was made
    from, (1 or B, h, w, 3), for the vanishing point. Raises InvalidInput on
    counts that do not fit, Stopped when `should_stop` says so.
    """
    _check_counts(control, images, original)
    found = estimate(estimator, images, on_progress=on_progress, should_stop=should_stop).depth
    done = []
    for index in range(found.batch):
        if should_stop is not None and should_stop():
            raise Stopped
        target = control.frame(min(index, control.batch - 1))
        one = fit_frame(target, found.frame(index))
        if original is not None and control.source == estimator.name:
            before = original[min(index, len(original) - 1)]
            one = _with_photo(one, target, found.frame(index), before, images[index])
        one = replace(one, report=_with_source(one.report, control.source))
        if original is not None:
            before = original[min(index, len(original) - 1)]
            one = replace(one, report=_with_lines(one.report, before, images[index]))
        done.append(one)
    return tuple(done)


def yardstick(
    control: DepthMap,
    original: Tensor,
    estimator: Estimator,
    *,
    should_stop: Callable[[], bool] | None = None,
) -> DepthMap:
    """What the photo itself gets from the estimator, to be held against what images get.

    control: of any source, one frame or as many as photos; only says where to look. original:
    (B, h, w, 3). Returns a map of the photos' size, valid where the control is too: like is judged
    with like, and the photo scores 100 whatever the control is. Raises InvalidInput where the
    control is of another shape than the photo.
    """
    answer = estimate(estimator, original, should_stop=should_stop).depth
    ratio = (control.width / control.height) / (answer.width / answer.height)
    slack = SAME_SHAPE + 1 / min(control.height, control.width, answer.height, answer.width)
    if not 1 / slack <= ratio <= slack:
        raise InvalidInput(
            f"The input 'original' is {answer.width}x{answer.height}, the control "
            f"{control.width}x{control.height}: not the same photo. Connect the photo that the "
            "control was made from."
        )
    looked_at = control.resized(answer.height, answer.width).valid
    return answer.with_values(answer.values, valid=answer.valid & looked_at)


def _check_counts(control: DepthMap, images: Tensor, original: Tensor | None) -> None:
    given = {"control": control.batch, "original": 1 if original is None else len(original)}
    for name, count in given.items():
        if count not in (1, len(images)):
            raise InvalidInput(
                f"There are {len(images)} images but {count} of '{name}'; give one for all "
                "images, or one for each."
            )


def _with_photo(
    plain: Comparison, target: DepthMap, found: DepthMap, before: Tensor, after: Tensor
) -> Comparison:
    """The score and its parts with the photo's own edges as a witness; the usual metrics stay those
    of the estimates. An image of another shape is judged by these alone."""
    shapes = [target.width / target.height, *(x.shape[1] / x.shape[0] for x in (before, after))]
    if max(shapes) / min(shapes) > SAME_SHAPE:
        return plain
    kept = with_kept_depth(target, found, before, after)
    seen = compare(target, kept)
    parts = {
        name: getattr(seen.report, name)
        for name in ("score", "spearman", "outlines", "layout", "worst_place")
    }
    return Comparison(replace(plain.report, **parts), seen.error)


def _with_source(report: StructureReport, source: str) -> StructureReport:
    if source in ("", report.estimator):
        return report
    note = (
        f"No verdict: the control comes from {source}, the images were read by {report.estimator}, "
        "and the two differ even for the same photo. Connect the photo itself as 'original' "
        "(`--original` on the command line) to get a score."
    )
    return replace(report, judged=False, notes=(*report.notes, note))


def _with_lines(report: StructureReport, before: Tensor, after: Tensor) -> StructureReport:
    first, second = vanishing_point(before), vanishing_point(after)
    if first is None or second is None:
        return report
    across, down = 100 * (second.x - first.x), 100 * (second.y - first.y)
    return replace(report, horizon_shift=down, vanishing_shift=math.hypot(across, down))


def heat_map(comparison: Comparison, image: Tensor) -> Tensor:
    """Where the structure broke: (H, W, 3), the image in dark grey under the glowing error.

    image: (H, W, 3). Full glow stands for half of the depth range.
    """
    error = resample(comparison.error[None, None], *image.shape[:2], antialias=False)[0, 0]
    glow = (2 * error).clamp(0, 1)
    return torch.lerp(
        0.4 * luminance(image)[..., None].expand(*image.shape),
        colorize(glow, "inferno"),
        glow.sqrt()[..., None],
    )


def best_first(scores: Sequence[float]) -> list[int]:
    """Indices from the best score to the worst; equal scores keep their order."""
    return sorted(range(len(scores)), key=lambda index: -scores[index])
