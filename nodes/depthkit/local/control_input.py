"""The tensors a plan's steps ask for, at the exact size of each pass.

Core resizes a control image with nearest neighbours; given one of the right size, that is the
identity. So everything is resampled here, smoothly and from float.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .. import images
from ..conversions import to_disparity
from ..depth_map import DepthMap
from ..errors import InvalidInput
from ..kernels import resample
from ..ranges import Window, control_image, find_window, normalise
from .facts import Extent
from .sampling_plan import SamplingPlan
from .steps import Pass

__all__ = ["extent_of", "hint", "mask_extent", "mask_planes", "pass_images"]


def extent_of(image: DepthMap | images.Images, name: str) -> Extent:
    """Size and number of images of a depth map or an IMAGE; InvalidInput, naming the input."""
    if isinstance(image, DepthMap):
        return Extent(image.width, image.height, image.batch)
    if not isinstance(image, Tensor | images.FrameSequence):
        raise InvalidInput(
            f"The input '{name}' is a {type(image).__name__}; connect a depth map or an image."
        )
    # One image is enough to check the shape; a clip need not be copied for that.
    several = image.ndim == 4
    frames, height, width, _ = images.rgb(image[:1] if several else image, name).shape
    return Extent(width, height, image.shape[0] if several else frames)


def mask_extent(mask: Tensor) -> Extent:
    frames, height, width = mask_planes(mask).shape
    return Extent(width, height, frames)


def pass_images(
    plan: SamplingPlan,
    depth: DepthMap | images.Images,
    reference: Tensor | None = None,
    mask: Tensor | None = None,
    color_map: Tensor | None = None,
) -> dict[str, Tensor]:
    """Name -> tensor for every pass: "hint" (B, h, w, 3), "reference", "background", "mask" and
    "color_map", with "_2" appended for the second pass."""
    found: dict[str, Tensor] = {}
    for run in plan.passes:
        found[run.named("hint")] = _for_batch(hint(depth, run.size), plan.frames)
        if reference is not None:
            resized = images.resize(
                images.rgb(reference, "reference"), run.size.height, run.size.width
            )
            found[run.named("reference")] = resized
            found[run.named("background")] = _every(resized, plan.frames)
        if mask is not None:
            found |= _masks(mask, run, plan.frames)
        if color_map is not None:
            regions = _flat(color_map, run.size)
            found[run.named("color_map")] = _for_batch(regions, plan.frames)
    return found


def hint(depth: DepthMap | images.Images, size: Extent) -> Tensor:
    """(B, h, w, 3) float32 in 0..1, near = white.

    A depth map is resampled as disparity, so that edges of invalid pixels do not bleed, and uses
    the range of the whole map, so that every pass sees the same grey for the same distance. An
    image is taken as a finished control image.
    """
    if not isinstance(depth, DepthMap):
        clip = images.RgbFrames(depth, "depth")
        found = torch.empty(len(clip), size.height, size.width, 3)
        for index in range(len(clip)):
            found[index] = images.resize(clip[index][None], size.height, size.width)[0]
        return found
    disparity = to_disparity(depth)
    low, high = (float(end) for end in find_window(disparity, Window())[0])
    resized = disparity.resized(size.height, size.width)
    if not low < high:
        return control_image(resized)
    grey = normalise(resized, Window("fixed", low, high))
    return grey[..., None].expand(*grey.shape, 3).contiguous()


def _flat(regions: Tensor, size: Extent) -> Tensor:
    """(B, h, w, 3): by the nearest pixel, a colour between two regions would be a third."""
    planes = images.rgb(regions, "color_map").movedim(-1, 1)
    resized = F.interpolate(planes, (size.height, size.width), mode="nearest-exact")
    return resized.movedim(1, -1).contiguous()


def _masks(mask: Tensor, run: Pass, frames: int) -> dict[str, Tensor]:
    stack = mask_planes(mask)[:, None]
    # Bilinear: anything sharper overshoots at the edge of a hard mask.
    resized = resample(stack, run.size.height, run.size.width, antialias=True)[:, 0]
    return {
        run.named("mask"): _for_batch(resized, frames),
        run.named("composite_mask"): _every(resized, frames),
    }


def mask_planes(mask: Tensor) -> Tensor:
    """(B, h, w) float32 in 0..1; InvalidInput on another shape."""
    stack = mask[None] if mask.ndim == 2 else mask
    if stack.ndim != 3 or 0 in stack.shape:
        raise InvalidInput(
            f"The input 'mask' has shape {tuple(mask.shape)}; a mask is (batch, height, width) "
            "with at least one pixel. Connect a MASK."
        )
    return stack.detach().to("cpu", torch.float32).nan_to_num(0.0, 1.0, 0.0).clamp(0, 1)


def _for_batch(stack: Tensor, frames: int) -> Tensor:
    """One image serves the whole batch by core's own rule; several are repeated in order."""
    return stack if stack.shape[0] in (1, frames) else _every(stack, frames)


def _every(stack: Tensor, frames: int) -> Tensor:
    """One entry per image that comes out, in the order core samples them."""
    return stack.repeat(frames // stack.shape[0], *[1] * (stack.ndim - 1))
