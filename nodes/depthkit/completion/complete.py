"""A photo, an estimate of its depth and some measured distances: dense depth in metres.

The estimate is fitted to the measurements as a whole, then a smooth correction of its log depth,
cut at the edges of the photo and of the estimate, goes through them. Wrong measurements are found
twice: none of their neighbours agrees, or a map made without them contradicts them. The same
left-out points give the error bars.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..depth_map import DepthMap, Pinhole
from ..errors import Stopped
from ..images import at_frame, check_frames, resize
from ..progress import Progress
from .fine_grid import at_photo_size, mixed_samples, samples_on
from .frame_solver import error_bars, solve_frame
from .points import Measured, TypedPoint, gather

__all__ = ["Completion", "complete"]


@dataclass(frozen=True, slots=True, eq=False)
class Completion:
    """depth: metric, dense, at the size of the photo or of the measured map, whichever is larger.

    error: (B, H, W) float32, one-sigma error bars as a share of the depth, 0 at measured pixels,
    1 everywhere else where too few points were measured to know. rejected: (B, H, W) bool,
    measurements that were not believed. report: lines for the user.
    """

    depth: DepthMap
    error: Tensor
    rejected: Tensor
    report: str


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """metres, error: (H, W); rejected: (H, W) bool; the counts are of measurements."""

    metres: Tensor
    error: Tensor
    rejected: Tensor
    count: int
    wrong: int
    mixed: int


def complete(
    image: Tensor,
    estimate: DepthMap,
    measured: DepthMap | None = None,
    typed: Sequence[TypedPoint] = (),
    *,
    fine: bool = False,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Completion:
    """Dense metric depth that goes exactly through every measurement that is believed.

    image: (B, H, W, 3) float32 0..1; estimate: the depth of these images from any model, any kind;
    measured: metric, of any resolution, its valid pixels are the measurements, one frame may
    serve all; typed: points in pixels of the image, for every frame. A measured map coarser than
    the image gives its values to the pixels nearest to the centres of its own, and the outlines
    between them follow the image; fine: they follow the estimate. Raises InvalidInput
    and MissingInformation as `gather`, `solve_frame` and `fit_prior` do, Stopped.
    """
    check_frames(image, estimate.batch)
    if measured is not None:
        check_frames(measured.values, estimate.batch, "measured")
    frames: list[_Frame] = []
    for index in range(estimate.batch):
        if should_stop is not None and should_stop():
            raise Stopped
        photo = at_frame(image, index)
        taken = gather(measured, typed, (photo.shape[0], photo.shape[1]), index, on_photo=fine)
        frames.append(_completed(photo, estimate.frame(index), taken))
        if on_progress is not None:
            on_progress(index + 1, estimate.batch)
    metres, error, rejected = (
        torch.stack(planes)
        for planes in zip(*((f.metres, f.error, f.rejected) for f in frames), strict=True)
    )
    camera = _first_camera((measured, estimate), metres.shape[1], metres.shape[2])
    source = f"completed from {estimate.source or 'an estimate'}"
    depth = DepthMap.make(metres, "metric", None, camera, source, None, estimate.projection)
    return Completion(depth, error, rejected, _completion_report(frames))


def _first_camera(sources: Sequence[DepthMap | None], height: int, width: int) -> Pinhole | None:
    for depth in sources:
        if depth is not None and depth.camera is not None:
            return depth.camera.scaled(width / depth.width, height / depth.height)
    return None


def _completed(photo: Tensor, estimate: DepthMap, taken: Measured) -> _Frame:
    height, width = taken.size
    prior = replace(estimate, camera=None).resized(height, width)
    solved = solve_frame(resize(photo[None], height, width)[0], prior, taken)
    log_depth, kept = solved.log_depth, solved.kept
    mixed = torch.zeros_like(kept)
    if photo.shape[0] > height:
        mixed = kept & mixed_samples(log_depth)
        log_depth = at_photo_size(log_depth, photo, ~mixed)
    size = (log_depth.shape[0], log_depth.shape[1])
    held, level = samples_on(taken.metres, kept & ~mixed, size)
    lost, _ = samples_on(taken.metres, taken.known & ~(kept & ~mixed), size)
    metres = torch.where(held, level, log_depth.exp())
    wrong = int((taken.known & ~kept).sum())
    error = error_bars(solved.errors, held, log_depth.shape[1] / width)
    return _Frame(metres, error, lost & ~held, taken.count, wrong, int(mixed.sum()))


def _completion_report(frames: Sequence[_Frame]) -> str:
    count, wrong, mixed = (
        sum(getattr(frame, name) for frame in frames) for name in ("count", "wrong", "mixed")
    )
    reason = ": they contradict those around them" if wrong else ""
    lines = [f"{count} measurements, {wrong} rejected{reason}"]
    if mixed:
        lines.append(
            f"{mixed} samples of the sensor lie between two surfaces and were taken for neither"
        )
    spread = torch.cat([frame.error[frame.error > 0][:: 1 + frame.error.numel() // 65536]
                        for frame in frames])  # fmt: skip
    if not spread.numel():
        return "\n".join(lines)
    if spread.min() >= 1:
        lines.append("error bars: unknown, four points at least are needed to tell")
    else:
        middle, most = torch.quantile(spread, torch.tensor([0.5, 0.95])).tolist()
        lines.append(
            f"error bars (one sigma): {middle:.2%} of the depth at the median pixel, "
            f"{most:.2%} at the 95th percentile"
        )
    return "\n".join(lines)
