"""Two eyes, or a moving camera, from one image and its depth."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..conversions import to_disparity
from ..depth_map import DepthMap, Pinhole
from ..errors import InvalidInput, MissingInformation, Stopped
from ..images import Images, at_frame, check_pixels
from ..kernels import local_max
from ..maps.refine import refine
from ..maps.sharpness import edge_width
from ..progress import Progress
from ..ranges import Window, find_window
from .comfort import Violation, comfort_report, window_violation
from .eye import EyeView, see_from
from .sphere import check_perspective
from .stereo_layouts import Eyes, laid_out
from .stereo_options import PATHS, SOURCE_EYES, StereoOptions
from .warp import fill_from_background, forward_warp

__all__ = ["StereoResult", "parallax_clip", "stereo"]

_FOV_DEG = 60.0
# Outlines of the depth that rise over more pixels are soft, as in what networks answer.
_SOFT = 2.5
# One more pixel of an outline is soft for each so many pixels of width: lens and sharpening.
_SOFT_EDGE = 2048


@dataclass(frozen=True, slots=True, eq=False)
class StereoResult:
    """images: (N, H', W', 3); holes: (N, H', W') float32, 1 = nothing was seen; report: words."""

    images: Tensor
    holes: Tensor
    report: str


def stereo(
    depth: DepthMap,
    image: Images,
    options: StereoOptions,
    *,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> StereoResult:
    """One stereo image per frame, two for the layout "left and right".

    image: (B or 1, H, W, 3) of the map's size. Frames are made one by one, besides the result
    nothing grows with the length of the clip. Raises InvalidInput where the two do not fit,
    MissingInformation where an eye distance is asked of a map without metres or camera.
    """
    parallax = _Parallax.of(depth, image, options)
    cut = parallax.violation()
    back = max(cut.left, cut.right) if options.window == "move back" else 0.0
    lens = depth.camera or Pinhole.from_fov(_FOV_DEG, depth.width, depth.height)
    low, high = math.inf, -math.inf

    def pair(index: int) -> tuple[Tensor, Tensor]:
        nonlocal low, high
        photo = at_frame(image, index)
        plane = parallax.frame(index, photo if options.snap else None) - back
        low, high = min(low, plane.min().item()), max(high, plane.max().item())
        left, right = (
            see_from(photo, plane, side, fill=options.fill) for side in SOURCE_EYES[options.source]
        )
        if options.window == "floating window":
            left, right = _border_masked(left, cut.left, 0), _border_masked(right, cut.right, -1)
        return laid_out(Eyes(left.image, right.image, left.hole, right.hole, lens), options.layout)

    images, holes = _gathered(pair, depth.batch, on_progress, should_stop)
    report = comfort_report(torch.tensor([low, high]), depth.width, options.viewed_on)
    lines = [report, _window_words(cut, depth.width, options.window)]
    if options.layout == "left and right":
        lines.append(_spatial_words(lens, depth.width, options, 0.5 * (low + high)))
    return StereoResult(images, holes, "\n".join(line for line in lines if line))


def _border_masked(view: EyeView, parallax: float, border: int) -> EyeView:
    """Black over the part of one border that the other eye does not see: the frame then stands as
    far before the screen as what it cuts."""
    bar = math.ceil(parallax)
    if bar == 0:
        return view
    columns = slice(0, bar) if border == 0 else slice(-bar, None)
    image, hole = view.image.clone(), view.hole.clone()
    image[:, columns], hole[:, columns] = 0, False
    return replace(view, image=image, hole=hole)


def _window_words(cut: Violation, width: int, window: str) -> str:
    if not cut:
        return ""
    sides = " and ".join(n for n, p in (("left", cut.left), ("right", cut.right)) if p > 0)
    most = 100 * max(cut.left, cut.right) / width
    found = (
        f"things that stand out by up to {most:.2f} % of the width are cut by the {sides} border"
    )
    done = {
        "report": "; raise screen, or set window to move back or floating window",
        "move back": "; everything was moved back by that much",
        "floating window": "; the frame was brought forward by that much",
    }
    return found + done[window]


def _spatial_words(lens: Pinhole, width: int, options: StereoOptions, middle: float) -> str:
    """What a writer of spatial photos asks for."""
    baseline = f"{options.eye_distance_mm:g} mm" if options.eye_distance_mm else "not known"
    return (
        f"spatial photo: horizontal field of view {lens.fov_deg(width):.1f} degrees, baseline "
        f"{baseline}, disparity adjustment {middle / width:+.4f} of the width"
    )


def _gathered(
    frame: Callable[[int], tuple[Tensor, Tensor]],
    count: int,
    on_progress: Progress | None,
    should_stop: Callable[[], bool] | None,
) -> tuple[Tensor, Tensor]:
    """All frames in one tensor each, written in place: a list and its stack need twice as much."""
    images, holes = torch.empty(0), torch.empty(0)
    for index in range(count):
        if should_stop is not None and should_stop():
            raise Stopped
        image, hole = frame(index)
        each = len(image)
        if index == 0:
            images = torch.empty(count * each, *image.shape[1:])
            holes = torch.empty(count * each, *hole.shape[1:])
        images[index * each : (index + 1) * each] = image
        holes[index * each : (index + 1) * each] = hole
        if on_progress is not None:
            on_progress(index + 1, count)
    return images, holes


def parallax_clip(
    depth: DepthMap,
    image: Images,
    options: StereoOptions,
    frames: int,
    path: str = "sway",
    *,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> StereoResult:
    """A short clip of a small camera move around the first image; sway and orbit loop.

    Raises InvalidInput on an unknown path or less than two frames, and as `stereo` does.
    """
    if path not in PATHS or frames < 2:
        raise InvalidInput(
            f"A clip needs at least 2 frames and a path of {', '.join(PATHS)}, not {frames} and "
            f"{path!r}."
        )
    first = image[:1]
    parallax = _dilated(_Parallax.of(depth.frame(0), first, options).frame(0)[None])[0]
    near = (parallax - parallax.min()) / (parallax.max() - parallax.min()).clamp_min(1e-12)

    def view(index: int) -> tuple[Tensor, Tensor]:
        time = index / (frames - 1) if path == "slide" else index / frames
        x, y = PATHS[path](time)
        warped, order, hole = forward_warp(first[0], near, -0.5 * x * parallax, -0.5 * y * parallax)
        drawn = fill_from_background(warped, order, hole) if options.fill else warped
        return drawn[None], hole[None]

    images, holes = _gathered(view, frames, on_progress, should_stop)
    report = comfort_report(parallax, depth.width, options.viewed_on)
    return StereoResult(images, holes, report)


@dataclass(frozen=True, slots=True, eq=False)
class _Parallax:
    """Signed parallax in pixels, 0 at the screen, + in front of it, a frame at a time."""

    disparity: DepthMap
    ends: tuple[float, float]
    scale: float
    shift: float

    @classmethod
    def of(cls, depth: DepthMap, image: Images, options: StereoOptions) -> _Parallax:
        check_perspective(depth)
        check_pixels(image, depth.batch, depth.height, depth.width)
        disparity = to_disparity(depth)
        if options.eye_distance_mm == 0:
            low, high = find_window(disparity, Window())[0].tolist()
            # A flat map lies at the screen.
            flat = high - low <= 1e-6 * max(abs(low), abs(high))
            scale = 0.0 if flat else options.strength / 100 * depth.width / (high - low)
            return cls(
                disparity, (low, high), scale, scale * _interpolated(low, high, options.screen)
            )
        if depth.kind != "metric" or depth.camera is None:
            raise MissingInformation(
                "An eye distance in millimetres needs depth in metres and its camera; use a metric "
                "model, or set the eye distance to 0 and choose a strength."
            )
        scale = depth.camera.fx * options.eye_distance_mm / 1000
        at_screen = _interpolated(*(disparity.extremes() or (0.0, 0.0)), options.screen)
        return cls(disparity, (0.0, math.inf), scale, scale * at_screen)

    def frame(self, index: int, photo: Tensor | None = None) -> Tensor:
        """(H, W); photo: (H, W, 3) to whose outlines soft ones of the depth are brought."""
        frame = self.disparity.frame(index)
        width = 0.0 if photo is None else edge_width(frame.values[0], frame.valid[0])
        if photo is not None and width > _SOFT:
            # A soft outline may be anywhere in its ramp: the nearer thing gets all of it.
            frame = refine(frame, photo[None])
            frame = frame.with_values(local_max(frame.values, math.ceil(width / 2)))
        low, high = self.ends
        # What is not valid is sky: as far away as anything.
        values = torch.where(frame.valid[0], frame.values[0], low)
        return values.clamp(low, high) * self.scale - self.shift

    def violation(self) -> Violation:
        found = [window_violation(self.frame(index)) for index in range(self.disparity.batch)]
        return Violation(max(cut.left for cut in found), max(cut.right for cut in found))


def _interpolated(low: float, high: float, share: float) -> float:
    return low + share * (high - low)


def _dilated(near: Tensor) -> Tensor:
    """(B, H, W), near things wider by the pixels that carry a share of their colour.

    Left behind on the background they would stand there as a ghost of the outline.
    """
    radius = 1 + near.shape[2] // _SOFT_EDGE
    return torch.stack([local_max(frame[None], radius)[0] for frame in near])
