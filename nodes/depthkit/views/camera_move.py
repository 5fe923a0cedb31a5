"""A photo and its depth as a clip along a camera path."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..depth_map import DepthMap, Pinhole, Size
from ..errors import InvalidInput, Stopped
from ..images import Images, at_frame, check_pixels
from ..maps.fill import fill_holes, push_pull
from ..progress import Progress
from .camera_path import Pose
from .disocclusion import Layer, Layers, layers
from .geometry import with_space
from .reproject import View, landed, row_bands
from .sphere import check_perspective

__all__ = ["MoveResult", "Moved", "camera_move", "coverage", "focus_distance", "moved_frames"]

# Outlines are steps of 1 / distance that open a gap this wide, or larger than this share of all.
_GAP_PX = 1.0
_SHARE = 0.002
_WIDEST_REACH = 0.25
_WIDEST_MARGIN = 0.5
# A pixel of which less than this share is covered takes its colour from its surroundings.
_THIN = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """One frame: image (H, W, 3); hole (H, W) bool, where the photo shows nothing of what would be
    seen; inverse: (H, W) 1 / distance, 0 at infinity or where nothing is."""

    image: Tensor
    hole: Tensor
    inverse: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class MoveResult:
    """images: (N, H, W, 3); holes: (N, H, W), 1 = not in the photo; depth: of every frame,
    "metric" where the map was, else "depth"."""

    images: Tensor
    holes: Tensor
    depth: DepthMap


def focus_distance(depth: DepthMap, nearness: float | None = None) -> float:
    """Distance to what a move turns about, in the map's unit.

    nearness: 0 the farthest, 1 the nearest of the map, by 1 / distance; None = the harmonic mean
    of the middle of the frame.
    """
    if nearness is not None and not 0 <= nearness <= 1:
        raise InvalidInput(f"The focus is {nearness:g}; it must be 0 (farthest) to 1 (nearest).")
    inverse, _ = _inverse_distances(depth.frame(0))
    if nearness is None:
        height, width = inverse.shape
        middle = inverse[height // 4 : height - height // 4, width // 4 : width - width // 4]
        inverse = middle if bool((middle > 0).any()) else inverse
    known = inverse[inverse > 0]
    if not len(known):
        raise InvalidInput("The depth map has no valid pixel; a camera cannot move through it.")
    if nearness is None:
        return 1 / known.mean().item()
    low, high = known.min().item(), known.max().item()
    return 1 / (low + nearness * (high - low))


def camera_move(
    depth: DepthMap,
    image: Images,
    poses: Sequence[Pose],
    *,
    fill: bool = True,
    fov_deg: float = 0.0,
    dtype: torch.dtype = torch.float32,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> MoveResult:
    """All frames of `moved_frames`, written in place as they come; dtype: of images and holes."""
    count, size = len(poses), (depth.height, depth.width)
    images = torch.empty(count, *size, 3, dtype=dtype)
    holes = torch.empty(count, *size, dtype=dtype)
    far, valid = torch.empty(count, *size), torch.ones((), dtype=torch.bool).expand(count, *size)
    frames = moved_frames(depth, image, poses, fill=fill, fov_deg=fov_deg, should_stop=should_stop)
    for index, frame in enumerate(frames):
        images[index], holes[index] = frame.image, frame.hole
        known = frame.inverse > 0
        if not bool(known.all()):
            # One value serves a clip in which everything is valid.
            valid = valid.contiguous()
            valid[index] = known
        far[index] = frame.inverse.clamp_min_(1e-12).reciprocal_().mul_(known)
        if on_progress is not None:
            on_progress(index + 1, count)
    kind = "metric" if depth.kind == "metric" else "depth"
    camera = with_space(depth.frame(0), fov_deg).camera
    return MoveResult(images, holes, DepthMap(far, kind, valid, camera, depth.source))


def moved_frames(
    depth: DepthMap,
    image: Images,
    poses: Sequence[Pose],
    *,
    fill: bool = True,
    fov_deg: float = 0.0,
    should_stop: Callable[[], bool] | None = None,
) -> Iterator[Moved]:
    """One frame per pose, made when it is asked for.

    depth: one map, or one per pose (a clip whose camera is moved); image: (B or 1, H, W, 3) of its
    size. fill: continue the background where the photo shows nothing; else that is black. fov_deg:
    horizontal field of view, 0 = the map's own camera. Raises InvalidInput where they do not fit.
    """
    check_pixels(image, depth.batch, depth.height, depth.width)
    if depth.batch not in (1, len(poses)):
        raise InvalidInput(
            f"The depth has {depth.batch} frames and the move {len(poses)}; use one photo, or as "
            "many frames as the clip has."
        )
    made: Layers | None = None
    for index, pose in enumerate(poses):
        if should_stop is not None and should_stop():
            raise Stopped
        if made is None or depth.batch > 1:
            made = _frame_layers(depth, image, index, poses, fov_deg)
        yield _moved_frame(made, pose, fill)


def _frame_layers(
    depth: DepthMap, image: Images, index: int, poses: Sequence[Pose], fov_deg: float
) -> Layers:
    frame = depth.frame(min(index, depth.batch - 1))
    inverse, camera = _inverse_distances(frame, fov_deg)
    low, high = torch.quantile(
        inverse.flatten()[:: max(1, inverse.numel() // 200_000)], torch.tensor((0.01, 0.99))
    ).tolist()
    widest = max(math.dist(pose.position, (0, 0, 0)) for pose in poses)
    jump = max(_GAP_PX / max(camera.fx * widest, 1e-9), _SHARE * (high - low), 1e-9)
    reach = _reach(poses, camera, high - low, frame.width)
    margin = _margin_px(poses, camera, (low, high), frame)
    return layers(at_frame(image, index), inverse, camera, jump, reach, margin)


def _inverse_distances(depth: DepthMap, fov_deg: float = 0.0) -> tuple[Tensor, Pinhole]:
    """(H, W) 1 / distance of the first map; small gaps get the background's, large ones are sky."""
    check_perspective(depth)
    space = fill_holes(with_space(depth, fov_deg), "background")
    values, valid = space.values[0], space.valid[0]
    inverse = torch.where(valid, values.clamp_min(1e-12).reciprocal(), 0.0)
    if space.camera is None:
        raise InvalidInput("The depth has no camera; set a field of view.")
    return inverse, space.camera


def _reach(poses: Sequence[Pose], camera: Pinhole, span: float, width: int) -> int:
    """The widest gap that opens beside an outline, in pixels of the photo."""
    widest = 0.0
    for pose in poses:
        x, y, z = pose.position
        widest = max(widest, camera.fx * math.hypot(x, y) + abs(z) * width / 2)
    return 4 + math.ceil(min(widest * span, _WIDEST_REACH * width))


def _margin_px(
    poses: Sequence[Pose], camera: Pinhole, spans: tuple[float, float], frame: DepthMap
) -> int:
    """How far beyond the photo the corners of any frame look, in pixels."""
    farthest = 0.0
    corners = [(x, y) for x in (0.0, float(frame.width)) for y in (0.0, float(frame.height))]
    for pose in poses:
        rows = pose.rotation()
        for u, v in corners:
            ray = ((u - camera.cx) / camera.fx / pose.zoom, (v - camera.cy) / camera.fy / pose.zoom)
            x, y, z = (row[0] * ray[0] + row[1] * ray[1] + row[2] for row in rows)
            for inverse in spans:
                length = (1 - pose.position[2] * inverse) / z if z > 1e-3 else 0.0
                at_x = camera.fx * (x * length + pose.position[0] * inverse) + camera.cx
                at_y = camera.fy * (y * length + pose.position[1] * inverse) + camera.cy
                beyond = (-at_x, at_x - frame.width, -at_y, at_y - frame.height)
                farthest = max(farthest, *beyond)
    side = max(frame.width, frame.height)
    return math.ceil(min(farthest, _WIDEST_MARGIN * side)) + (2 if farthest > 0 else 0)


def _moved_frame(made: Layers, pose: Pose, fill: bool) -> Moved:
    camera, size = made.front.camera, (made.inverse.shape[0], made.inverse.shape[1])
    image, inverse = _closed_background(*_seen_background(made.back, camera, pose, size))
    # Pixels that touch nothing may still lie between those of a surface seen enlarged.
    hole = ~landed(made.inverse, camera, pose)
    view = View.of(made.front, camera, pose, size, through=True)
    for rows in row_bands(size[0]):
        front = view.rows(rows)
        share = front.color[..., 3]
        hole[rows] &= share < 0.5
        behind = (1 - share[..., None]) * image[rows]
        image[rows] = (front.color[..., :3] + behind).clamp_(0, 1)
        inverse[rows] = torch.where(share >= 0.5, front.inverse, inverse[rows])
    if fill:
        return Moved(image, hole, inverse)
    return Moved(image.masked_fill_(hole[..., None], 0), hole, inverse.masked_fill_(hole, -1))


def _seen_background(
    layer: Layer, camera: Pinhole, pose: Pose, size: Size
) -> tuple[Tensor, Tensor, Tensor]:
    """(H, W, 3) colours, (H, W) 1 / distance, and (H, W) how much of a pixel is covered."""
    color, inverse, cover = torch.empty(*size, 3), torch.empty(size), torch.empty(size)
    view = View.of(layer, camera, pose, size)
    for rows in row_bands(size[0]):
        seen = view.rows(rows)
        cover[rows], inverse[rows] = seen.color[..., 3], seen.inverse
        color[rows] = seen.color[..., :3] / seen.color[..., 3:].clamp_min(1e-3)
    return color, inverse, cover


def _closed_background(color: Tensor, inverse: Tensor, cover: Tensor) -> tuple[Tensor, Tensor]:
    """Colours and 1 / distance of `_seen_background`, from their surroundings where it has none."""
    thin = cover < _THIN
    if not bool(thin.any()):
        return color, inverse
    known = (~thin).float()[None, None]

    def whole(plane: Tensor) -> Tensor:
        return push_pull(plane[None, None], known)[0, 0]

    for channel in range(3):
        color[..., channel] = whole(color[..., channel])
    return color, whole(inverse)


def coverage(made: MoveResult) -> str:
    """How much of the frames the photo does not show, as words."""
    shares = [hole.float().mean().item() for hole in made.holes]
    return (
        f"{len(shares)} frames, of which the photo does not show {shares[-1]:.1%} of the last and "
        f"at most {max(shares):.1%} of any."
    )
