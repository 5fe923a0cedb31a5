"""Depth of a panorama with any model: perspective views, estimated and joined on the sphere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from ..depth_map import DepthMap
from ..errors import InvalidInput, Stopped
from ..estimators import Estimate, EstimateOptions, Estimator, estimate
from ..images import Images, frames, rgb
from ..kernels import resample
from ..progress import Progress, part
from ..views.sphere import ANCHORS, VIEWS
from .join import joined

__all__ = ["estimate_panorama"]

# A panorama is twice as wide as high, give or take a row.
_SLACK = 0.02
# A view of 100 degrees has about a quarter of the circle; finer adds nothing a model sees.
_MOST_SIDE = 1024


def estimate_panorama(
    estimator: Estimator,
    images: Images,
    options: EstimateOptions | None = None,
    *,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Estimate:
    """Depth of every panorama: (B, H, W, C), W = 2 H, left and right edge meeting.

    Perspective views around the sphere are joined; a relative model is shown the whole panorama
    too, which ties their scales together. The map is equirectangular: metres along the rays from a
    metric model, disparity (1 / distance up to one scale) from any other. Raises InvalidInput on
    images of another shape, and as `estimate` does.
    """
    pictures = frames(images)
    count, height, width = pictures.shape[:3]
    if abs(width / (2 * height) - 1) > _SLACK:
        raise InvalidInput(
            f"The image is {width} x {height}; a panorama of 360 degrees is twice as wide as high. "
            "Connect the whole equirectangular image, or set panorama to off."
        )
    side = min(max(width // 4, 64), _MOST_SIDE)
    relative = estimator.kind != "metric"
    # Metres need no anchor, and a metric model takes the whole circle for a narrow view.
    anchors = ANCHORS if relative else ()
    total = len(VIEWS) + len(anchors)
    panoramas, worked = [], ""
    for index in range(count):
        planes = rgb(pictures[index : index + 1]).movedim(-1, 1)
        cuts = [*(partial(view.cut, planes, side) for view in VIEWS)]
        cuts += [partial(whole.cut, _anchor_planes(planes)) for whole in anchors]
        answers = []
        for number, cut in enumerate(cuts):
            if should_stop is not None and should_stop():
                raise Stopped
            bar = part(on_progress, index * total + number, count * total)
            seen = cut().movedim(1, -1)
            found = estimate(estimator, seen, options, on_progress=bar, should_stop=should_stop)
            answers.append(_face_inverse(found.depth))
            worked = worked or found.notes[0]
        around = list(zip(answers[len(VIEWS) :], anchors, strict=True))
        views = answers[: len(VIEWS)]
        panoramas.append(joined(views, VIEWS, (height, width), shifts=relative, anchors=around))
    inverse = torch.stack(panoramas)
    depth = _face_depth(inverse, estimator)
    note = f"{worked}, in {len(VIEWS)} views of {VIEWS[0].fov:g} degrees joined on the sphere"
    return Estimate(depth, None, (note,))


def _anchor_planes(planes: Tensor) -> Tensor:
    """What an anchor is made of: no larger than a model looks at."""
    height, width = planes.shape[2:]
    scale = min(1.0, _MOST_SIDE / width)
    return resample(planes, round(height * scale), round(width * scale), antialias=True)


def _face_inverse(depth: DepthMap) -> Tensor:
    """(side, side) 1 / z up to scale and shift, not finite where unknown."""
    values = depth.values[0]
    if depth.kind == "metric":
        values = 1 / values.clamp_min(1e-6)
    elif depth.kind == "depth":
        values = -values
    return torch.where(depth.valid[0], values, torch.nan)


def _face_depth(inverse: Tensor, estimator: Estimator) -> DepthMap:
    known = inverse[inverse.isfinite()]
    # What the joined shifts leave below zero is as far as anything.
    least = torch.quantile(known[:: 1 + known.numel() // 100_000], 0.99) * 1e-3
    positive = torch.where(inverse.isfinite(), inverse.clamp_min(least.clamp_min(1e-9)), torch.nan)
    kind = "metric" if estimator.kind == "metric" else "disparity"
    values = 1 / positive if kind == "metric" else positive
    made = DepthMap.make(values, kind, None, None, estimator.name, None, "equirectangular")
    return replace(made, measured=None)
