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
their places is taken to be kept (see `kept_edges`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..conversions import to_disparity, to_metric
from ..depth_map import DepthMap
from ..errors import InvalidInput, Stopped
from ..estimators import Estimator, estimate
from ..images import SAME_SHAPE, luminance
from ..maps.align import align_depth_to, fit_affine_robust
from ..progress import Progress
from ..ranges import Window, find_window, normalise
from ..views.colour_map import colorize
from .agreement import layout, outlines, ranking, worst_place
from .kept_edges import with_kept_depth
from .metrics import boundary_f1, control_rmse, depth_scores
from .vanishing_point import vanishing_point

__all__ = [
    "Comparison",
    "StructureReport",
    "best_first",
    "compare",
    "fit_frame",
    "heat_map",
    "score_images",
    "verdict",
    "yardstick",
]

# Longer side of both maps while they are compared; part of the definition of the score.
COMPARE_SIDE = 256
# Relative control maps hold no metres: AbsRel and delta read their ends as these distances.
NEAR_M, FAR_M = 1.0, 10.0
# Where less of the control has a depth in both maps, the score says so.
_SHARED = 0.75


@dataclass(frozen=True, slots=True)
class StructureReport:
    """score 0..100, outlines (G), layout (L) and worst_place (W, -1..1) as in the module's text.

    The rest as in `metrics`. control_rmse: 0..255 between the min-max normalised maps
    (ControlNet++). abs_rel, delta1: after alignment. boundary_f1: exact to the pixel, hence low
    even for good images. horizon_shift, vanishing_shift: percent of the image's height and
    width, None where no lines were found. judged: whether the control is an answer of the same
    estimator; if not, the score compares an estimate with a depth of another sharpness.
    """

    score: float
    spearman: float
    outlines: float
    layout: float
    worst_place: float
    control_rmse: float
    abs_rel: float
    delta1: float
    boundary_f1: float
    horizon_shift: float | None = None
    vanishing_shift: float | None = None
    estimator: str = ""
    size: str = ""
    judged: bool = True
    notes: tuple[str, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"notes": list(self.notes)}

    def text(self) -> str:
        """As text: the verdict first, then the numbers with their conditions."""
        opinion = verdict(self.score) if self.judged else "no verdict, see below."
        rows = [
            f"Structure score {self.score:.1f} of 100: {opinion}",
            f"rank correlation {self.spearman:.3f}, outlines {self.outlines:.3f}, layout "
            f"{self.layout:.3f}, worst place {self.worst_place:.3f}, boundary F1 "
            f"{self.boundary_f1:.3f}",
            f"aligned AbsRel {self.abs_rel:.4f}, delta1 {self.delta1:.3f}, control RMSE "
            f"{self.control_rmse:.2f} of 255 (min-max)",
        ]
        if self.horizon_shift is not None:
            rows.append(
                f"horizon moved {self.horizon_shift:+.1f} % of the height, vanishing point "
                f"{self.vanishing_shift:.1f} % of the width"
            )
        rows.append(f"estimator {self.estimator or 'unknown'}, compared at {self.size}")
        return "\n".join([*rows, *self.notes])


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """report, and error (h, w) float32 0..1: disparity difference as a share of the range."""

    report: StructureReport
    error: Tensor


_VERDICTS = (
    (80.0, "the structure is kept."),
    (60.0, "mostly kept, with local changes."),
    (35.0, "loosely followed."),
    (20.0, "hardly followed."),
    (0.0, "not the same scene."),
)


def verdict(score: float) -> str:
    """A score of 0..100 in words."""
    return next(text for limit, text in _VERDICTS if score >= limit)


def compare(control: DepthMap, found: DepthMap) -> Comparison:
    """One frame against one frame that shows the same crop; see `fit_frame` where it may not.

    control, found: batch 1, any kind, any sizes of about the same aspect. Only pixels valid in the
    control count. Raises InvalidInput where the two have no valid pixel in common.
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
    first, second = _aligned(to_disparity(target), to_disparity(other))
    rho = ranking(first, second, other)
    lines, left = outlines(first, second, valid), layout(first, second, valid)
    place = worst_place(first, second, valid)
    depth = to_metric(target, NEAR_M, FAR_M)
    predicted = align_depth_to(to_disparity(other).values, depth.values, valid, space="disparity")
    scores = depth_scores(predicted, depth.values, valid)
    report = StructureReport(
        score=100 * max(0.0, rho) * max(0.0, lines) * max(0.0, left) * (2 + place) / 3,
        spearman=rho,
        outlines=lines,
        layout=left,
        worst_place=place,
        control_rmse=control_rmse(_grey(other), _grey(target), valid),
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


def _aligned(target: DepthMap, other: DepthMap) -> tuple[Tensor, Tensor]:
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


def _grey(depth: DepthMap) -> Tensor:
    return normalise(to_disparity(depth), Window("min-max"))


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
    error = F.interpolate(
        comparison.error[None, None], image.shape[:2], mode="bilinear", align_corners=False
    )[0, 0]
    glow = (2 * error).clamp(0, 1)
    return torch.lerp(
        0.4 * luminance(image)[..., None].expand(*image.shape),
        colorize(glow, "inferno"),
        glow.sqrt()[..., None],
    )


def best_first(scores: Sequence[float]) -> list[int]:
    """Indices from the best score to the worst; equal scores keep their order."""
    return sorted(range(len(scores)), key=lambda index: -scores[index])
