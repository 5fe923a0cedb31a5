"""Did the image keep the structure? One number, and the usual ones beside it.

Depth is estimated again on the generated image and compared with the control it was made from.

    score = 100 * max(0, rho) * max(0, G) * max(0, L) * (2 + W) / 3

rho is Spearman's rank correlation of the two depths; G is the mean over three scales of

    2 * sum(da * db) / sum(da^2 + db^2)

where da, db are the differences of neighbouring pixels of the two disparities, the second aligned
to the first (robust scale and shift); L is the same ratio, 2 cov(a, b) / (var a + var b), of what
is left of the two disparities after each has lost its own vertical trend (a quadratic in the row);
W is that ratio once more, at the coarsest scale, in the window where it is lowest.
rho asks whether near is still near, G whether the outlines are still where they were, L whether
the image is more than another view with its floor at the bottom, which is all that two unrelated
photographs have in common. W asks for the one thing that is missing, new or elsewhere, which is too
small to weigh in the others: where it stood W is about 0, and a third is taken off (two at most).
All are 1 for the same depth, and the product is near 0 for an unrelated image. Blur lowers da
against db, a shift or a warp moves them apart. The four are measured in `agreement`.

Where the photo itself is known, its edges are a witness: the depth behind edges that are still in
their places is taken to be kept, and where they alone are gone W counts small differences too (see
`kept_edges`). A small move of the whole frame is undone first and takes off 1.5 % of the score for
each percent of the longer side by which the pixels moved on average (see `frame_move`).
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ..conversions import to_disparity, to_metric
from ..depth_map import DepthMap
from ..errors import InvalidInput
from ..images import SAME_SHAPE
from ..maps.align import align_depth_to, fit_affine_robust
from ..ranges import Window, find_window, normalise
from .agreement import layout, outlines, ranking, worst_place
from .metrics import boundary_f1, control_rmse, depth_scores
from .structure_report import Comparison, StructureReport

__all__ = ["compare", "fit_frame"]

# Longer side of both maps while they are compared; part of the definition of the score.
COMPARE_SIDE = 256
# Relative control maps hold no metres: AbsRel and delta read their ends as these distances.
NEAR_M, FAR_M = 1.0, 10.0
# Where less of the control has a depth in both maps, the score says so.
_SHARED = 0.75


def compare(control: DepthMap, found: DepthMap, lost: Tensor | None = None) -> Comparison:
    """One frame against one frame that shows the same crop; see `fit_frame` where it may not.

    control, found: batch 1, any kind, any sizes of about the same aspect. Only pixels valid in the
    control count. lost: (h, w) 0..1 where the photo's edges are gone, None where it is not known,
    see `EdgeWitness`. Raises InvalidInput where the two have no valid pixel in common.
    """
    if control.batch != 1 or found.batch != 1:
        raise InvalidInput("Structure is compared one image at a time; split the batch.")
    height, width = _compare_size(control)
    target, other = control.resized(height, width), found.resized(height, width)
    valid = target.valid & other.valid
    if not bool(valid.any()):
        raise InvalidInput(
            "The control depth and the estimated depth have no valid pixel in common; check the "
            "control (all sky?)."
        )
    shared = (valid.sum() / target.valid.sum()).item()
    target = target.with_values(target.values, valid=valid)
    other = other.with_values(other.values, valid=valid)
    first, second = _in_target_range(to_disparity(target), to_disparity(other))
    rho = ranking(first, second, other)
    lines, left = outlines(first, second, valid), layout(first, second, valid)
    place = worst_place(first, second, valid, lost)
    depth = to_metric(target, NEAR_M, FAR_M)
    predicted = align_depth_to(to_disparity(other).values, depth.values, valid, space="disparity")
    scores = depth_scores(predicted, depth.values, valid)
    report = StructureReport(
        score=100 * max(0.0, rho) * max(0.0, lines) * max(0.0, left) * (2 + place.agreement) / 3,
        spearman=rho,
        outlines=lines,
        layout=left,
        worst_place=place.agreement,
        worst_at=(place.across, place.down),
        control_rmse=control_rmse(_disparity_grey(other), _disparity_grey(target), valid),
        abs_rel=scores.abs_rel,
        delta1=scores.delta1,
        boundary_f1=boundary_f1(predicted[0], depth.values[0], valid[0]),
        estimator=found.source,
        size=f"{width}x{height}",
        notes=() if shared > _SHARED else (f"Only {shared:.0%} of the control could be compared.",),
    )
    return Comparison(report, ((first - second).abs() * valid)[0].clamp(0, 1))


def fit_frame(control: DepthMap, found: DepthMap) -> Comparison:
    """`compare` for an image of any shape.

    Generators answer in their own sizes: an image of another aspect was either squeezed or
    cropped around the centre. Both readings are tried; the better one counts and is named.
    """
    ratio = (found.width / found.height) / (control.width / control.height)
    slack = SAME_SHAPE + 1 / min(control.height, control.width, found.height, found.width)
    if 1 / slack <= ratio <= slack:
        return compare(control, found)
    squeezed = compare(control, found)
    cropped = compare(_centre(control, found), found)
    best, how = max(
        ((squeezed, "squeezed to another shape"), (cropped, "cropped around the centre")),
        key=lambda pair: pair[0].report.score,
    )
    note = (
        f"The image is {found.width}x{found.height}, the control {control.width}x"
        f"{control.height}: compared as {how}."
    )
    return replace(best, report=replace(best.report, notes=(note, *best.report.notes)))


def _centre(depth: DepthMap, other: DepthMap) -> DepthMap:
    """The largest centred part of `depth` with the aspect of `other`."""
    aspect = other.width / other.height
    width = min(depth.width, max(1, round(depth.height * aspect)))
    height = min(depth.height, max(1, round(depth.width / aspect)))
    top, left = (depth.height - height) // 2, (depth.width - width) // 2
    return depth.cropped(top, left, height, width)


def _compare_size(depth: DepthMap) -> tuple[int, int]:
    share = COMPARE_SIDE / max(depth.height, depth.width)
    return max(1, round(depth.height * share)), max(1, round(depth.width * share))


def _in_target_range(target: DepthMap, other: DepthMap) -> tuple[Tensor, Tensor]:
    """Both disparities in units of the target's range (0.5 to 99.5 percent), clipped to it.

    A map that can only be fitted upside down is not fitted at all: it becomes flat.
    """
    low, high = find_window(target, Window())[0].tolist()
    span = max(high - low, 1e-12)
    first = ((target.values - low) / span).clamp(0, 1)
    fit = fit_affine_robust(other.values, first, target.valid)
    if fit.scale <= 0:
        return first, torch.full_like(first, first[target.valid].mean().item())
    return first, fit(other.values).clamp(0, 1)


def _disparity_grey(depth: DepthMap) -> Tensor:
    return normalise(to_disparity(depth), Window("min-max"))
