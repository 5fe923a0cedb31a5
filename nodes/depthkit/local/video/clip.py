"""The tensors a plan for a clip asks for, made frame by frame at the exact size and count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import overload

import torch
from torch import Tensor

from ... import images
from ...conversions import to_disparity
from ...depth_map import DepthMap
from ...kernels import resample
from ...ranges import Window, known, normalise, percentile
from ..control_input import mask_planes
from .plan import VideoPlan

__all__ = ["clip_images"]


def clip_images(
    plan: VideoPlan,
    depth: DepthMap | images.Images,
    first: Tensor | None = None,
    last: Tensor | None = None,
    reference: Tensor | None = None,
    source: images.Images | None = None,
    mask: Tensor | None = None,
) -> dict[str, Tensor]:
    """Name -> tensor: "control_video" (T, h, w, 3), near = white, one range for the clip;
    "control_masks" (T, h, w), 0 where given pixels stay; "first_frame", "last_frame", "reference"
    (1, h, w, 3); "source_video" and "mask" like the control video and its masks.

    source: frames that stay where mask (one, or one a frame) is below 0.5.
    """
    height, width = plan.size.height, plan.size.width
    stills = {"first_frame": first, "last_frame": last, "reference": reference}
    found = {
        name: images.resize(images.rgb(image[:1], name), height, width)
        for name, image in stills.items()
        if image is not None
    }
    video = torch.empty(plan.timing.length, height, width, 3)
    if isinstance(depth, DepthMap):
        one = _grey_frames(depth, height, width)
    else:
        one = _finished(depth, height, width)
    shown = -1
    for index, frame in enumerate(plan.timing.sources):
        video[index] = video[index - 1] if frame == shown else one(frame)
        shown = frame
    found["control_video"] = video
    masks = torch.ones(video.shape[:3])
    if source is not None and mask is not None:
        found |= _keep_source(plan, video, masks, source, mask_planes(mask))
    if plan.family.route == "vace":
        _keep_stills(found, video, masks)
        found["control_masks"] = masks
    return found


def _keep_source(
    plan: VideoPlan, video: Tensor, masks: Tensor, source: images.Images, mask: Tensor
) -> dict[str, Tensor]:
    """For VACE the source stands in the control video itself; others take it beside that."""
    height, width = video.shape[1:3]
    one = _finished(source, height, width, "source_video")
    whole = video if plan.family.route == "vace" else torch.zeros_like(video)
    for index, frame in enumerate(plan.timing.sources):
        plane = images.at_frame(mask, frame)[None, None]
        masks[index] = resample(plane, height, width, antialias=True)[0, 0] >= 0.5
        whole[index] = torch.where(masks[index, ..., None] > 0, whole[index], one(frame))
    return {} if whole is video else {"source_video": whole, "mask": masks}


def _keep_stills(found: dict[str, Tensor], video: Tensor, masks: Tensor) -> None:
    """Given frames stand in the control video, and the mask says that they stay."""
    for name, place in (("first_frame", 0), ("last_frame", -1)):
        if name in found:
            video[place] = found[name][0]
            masks[place] = 0


class _Disparities(Sequence[Tensor]):
    """The known values of every frame, converted when they are asked for."""

    def __init__(self, depth: DepthMap) -> None:
        self._depth = depth
        self._ends = depth.extremes() if depth.kind == "depth" else None

    def __len__(self) -> int:
        return self._depth.batch

    def frame(self, index: int) -> DepthMap:
        return to_disparity(self._depth.frame(index), ends=self._ends)

    @overload
    def __getitem__(self, index: int) -> Tensor: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Tensor]: ...
    def __getitem__(self, index: int | slice) -> Tensor | Sequence[Tensor]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        one = self.frame(index)
        return known(one.values[0], one.valid[0])


_Frame = Callable[[int], Tensor]


def _finished(frames: images.Images, height: int, width: int, name: str = "depth") -> _Frame:
    """Frame index -> (height, width, 3) of the input `name`."""
    clip = images.RgbFrames(frames, name)

    def one(index: int) -> Tensor:
        return images.resize(clip[index : index + 1], height, width)[0]

    return one


def _grey_frames(depth: DepthMap, height: int, width: int) -> _Frame:
    """Frame index -> (height, width, 1) grey: disparity in the window of the whole clip."""
    frames = _Disparities(depth)
    window = Window()
    low, high = (float(end) for end in percentile(frames, (window.low, window.high)))
    if high - low <= 1e-6 * max(abs(low), abs(high), 1e-12):
        low = min(part.min().item() for part in frames if part.numel())
        high = max(part.max().item() for part in frames if part.numel())
    shown = Window("fixed", low, high) if low < high else window

    def one(index: int) -> Tensor:
        return normalise(frames.frame(index).resized(height, width), shown)[0][..., None]

    return one
