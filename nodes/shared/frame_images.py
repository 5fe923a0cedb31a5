"""The photograph that belongs to a depth map: one for all frames, or one for each."""

from __future__ import annotations

from torch import Tensor

from ..depthkit.depth_map import DepthMap
from ..depthkit.errors import InvalidInput
from ..depthkit.images import Images, frames, rgb

__all__ = ["frame_image", "images_for"]


def images_for(image: Images | None, depth: DepthMap) -> Images | None:
    """One image, or one for each frame: (B, h, w, C) at its own size, or None."""
    if image is None:
        return None
    images = frames(image)
    if images.shape[0] not in (1, depth.batch):
        raise InvalidInput(
            f"The input 'image' has {images.shape[0]} images, the depth {depth.batch} frames; "
            "connect one image, or one for each frame."
        )
    return images


def frame_image(images: Images | None, index: int) -> Tensor | None:
    """(h, w, 3) of one frame."""
    if images is None:
        return None
    chosen = min(index, len(images) - 1)
    return rgb(images[chosen : chosen + 1])[0]
