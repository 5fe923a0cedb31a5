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
from .frame_move import STILL, find_move, undone, undone_image
from .kept_edges import EdgeWitness, uprightness, with_kept_depth
from .structure import compare, fit_frame
from .structure_report import Comparison, StructureReport
from .vanishing_point import VanishingPoint, vanishing_point

# What a move of the whole frame by its longer side would cost, as a share of the score.
_MOVE_COST = 1.5
# A move that the edges are sure of is named even where undoing it helps the depth by no more: the
# estimator's answer to a moved frame is not quite the moved answer.
_UNHELPFUL = 5.0
# Half the side of the frame around a changed place, as a share of the longer side.
_FRAME = 0.08

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
    no verdict (see `yardstick`). images: (B, H, W, 3). original: the photo whose depth the control
    is, (1 or B, h, w, 3): its edges tell a move of the whole frame, another light and another thing
    apart, and its lines the vanishing point. Raises InvalidInput on counts that do not fit, Stopped
    when `should_stop` says so.
    """
    _check_counts(control, images, original)
    found = estimate(estimator, images, on_progress=on_progress, should_stop=should_stop).depth
    shared = original is not None and len(original) == 1
    lines = vanishing_point(original[0]) if original is not None and shared else None
    done = []
    for index in range(found.batch):
        if should_stop is not None and should_stop():
            raise Stopped
        target = control.frame(min(index, control.batch - 1))
        before = None if original is None else original[min(index, len(original) - 1)]
        one = _scored(target, found.frame(index), before, images[index])
        if before is not None:
            first = lines if shared else vanishing_point(before)
            one = replace(one, report=_with_lines(one.report, first, images[index]))
        done.append(one)
    return tuple(done)


def _scored(target: DepthMap, found: DepthMap, before: Tensor | None, after: Tensor) -> Comparison:
    """One image. Where its whole frame moved a little, the move is undone and costs a few points.

    before: (h, w, 3), whose depth by the same estimator `target` is, or None.
    """
    like = target.source == found.source
    witness = before if like and _one_shape(target, before, after) else None
    still = _witnessed(target, found, witness, after)
    reason = "" if like else _unlike(target.source, found.source)
    move = STILL if witness is None else find_move(luminance(witness), luminance(after))
    best = still
    if move != STILL:
        back = _witnessed(target, undone(move, found), witness, undone_image(move, after))
        cost = _MOVE_COST * move.displacement(found.height, found.width)
        score = max(0.0, 1 - cost) * back.report.score
        if score > still.report.score - _UNHELPFUL:
            best = replace(back, report=replace(back.report, score=score, move=move))
    return replace(best, report=replace(best.report, unjudged=reason))


def _one_shape(target: DepthMap, before: Tensor | None, after: Tensor) -> bool:
    """Whether depth, photo and image are of one aspect: else nobody knows what lies where."""
    if before is None:
        return False
    shapes = [target.width / target.height, *(x.shape[1] / x.shape[0] for x in (before, after))]
    return max(shapes) / min(shapes) <= SAME_SHAPE


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


def _witnessed(
    target: DepthMap, found: DepthMap, before: Tensor | None, after: Tensor
) -> Comparison:
    """The score and its parts with the photo's own edges as a witness, if there is one; the usual
    metrics stay those of the estimates."""
    plain = fit_frame(target, found)
    if before is None:
        return plain
    edges = EdgeWitness.of(before, after, target.height, target.width)
    seen = compare(target, with_kept_depth(target, found, edges.kept), edges.lost)
    parts = {
        name: getattr(seen.report, name)
        for name in ("score", "spearman", "outlines", "layout", "worst_place", "worst_at")
    }
    report, upright = replace(plain.report, **parts), uprightness(before, after)
    if upright < 1:
        note = "The photo's edges fit better mirrored or upside down; they decide."
        report = replace(report, score=upright * report.score, notes=(*report.notes, note))
    return Comparison(report, seen.error)


def _unlike(source: str, estimator: str) -> str:
    origin = f"comes from {source}" if source else "does not say which model it comes from"
    return (
        f"the control {origin}, the images were read by {estimator}, and two sources differ even "
        "for the same photo. To get a score, connect the photo as 'original' (`--original` on the "
        "command line)."
    )


def _with_lines(
    report: StructureReport, first: VanishingPoint | None, after: Tensor
) -> StructureReport:
    """first: the photo's vanishing point; without one the image's is not looked for."""
    second = None if first is None else vanishing_point(after)
    if first is None or second is None:
        return report
    across, down = 100 * (second.x - first.x), 100 * (second.y - first.y)
    return replace(report, horizon_shift=down, vanishing_shift=math.hypot(across, down))


def heat_map(comparison: Comparison, image: Tensor) -> Tensor:
    """Where the structure broke: (H, W, 3), the image in dark grey under the glowing error.

    image: (H, W, 3). Full glow stands for half of the depth range; a white frame surrounds the
    place where content changed, if there is one.
    """
    error = resample(comparison.error[None, None], *image.shape[:2], antialias=False)[0, 0]
    glow = (2 * error).clamp(0, 1)
    shown = torch.lerp(
        0.4 * luminance(image)[..., None].expand(*image.shape),
        colorize(glow, "inferno"),
        glow.sqrt()[..., None],
    )
    place = comparison.report.changed_at
    return shown if place is None else _framed(shown, *place)


def _framed(image: Tensor, across: float, down: float) -> Tensor:
    """(H, W, 3) with a white frame around a place, 0..1 of width and height."""
    height, width = image.shape[:2]
    reach, line = _FRAME * max(height, width), max(1.0, max(height, width) / 300)
    y = (torch.arange(height) + 0.5 - down * height).abs()
    x = (torch.arange(width) + 0.5 - across * width).abs()
    away = torch.maximum(y[:, None], x)
    return image.masked_fill(((away - reach).abs() <= line)[..., None], 1.0)


def best_first(scores: Sequence[float]) -> list[int]:
    """Indices from the best score to the worst; equal scores keep their order."""
    return sorted(range(len(scores)), key=lambda index: -scores[index])
