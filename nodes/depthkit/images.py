"""Images as they come from other nodes, brought to one shape at the border.

An IMAGE is (B, H, W, C) in 0..1, but C may be 1, 3 or 4, the dtype half, the values outside the
range or not finite (renders), the device a GPU, and a lone image or a mask may lack a dimension.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, overload, runtime_checkable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .errors import InvalidInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "SAME_SHAPE",
    "FrameSequence",
    "Images",
    "RgbFrames",
    "at_frame",
    "check_frames",
    "check_pixels",
    "frames",
    "is_grey",
    "luminance",
    "resize",
    "rgb",
]

# Sizes inside models and encoders are rounded; aspects farther apart than this are another crop.
SAME_SHAPE = 1.03

# A grey image that went through JPEG keeps its channels this close; a colour map does not.
_GREY_TOLERANCE = 0.06
_LIT = 0.02

_REC709 = (0.2126, 0.7152, 0.0722)


@runtime_checkable
class FrameSequence(Protocol):
    """Images (B, H, W, C) that are read when they are used, as those of a video file are."""

    @property
    def ndim(self) -> int: ...
    @property
    def shape(self) -> torch.Size: ...
    def __len__(self) -> int: ...
    def __getitem__(self, which: Any, /) -> Tensor: ...


Images = Tensor | FrameSequence


def rgb(image: Images, name: str = "image") -> Tensor:
    """Three clean channels: (B, H, W, 3) float32 on the CPU, 0..1.

    image: (B, H, W, C), (H, W, C) or (B, H, W); C = 1, 3 or 4. Alpha is dropped, grey is repeated,
    non-finite pixels become black. Raises InvalidInput, naming the input, on any other shape or an
    empty batch.
    """
    stack = frames(image if isinstance(image, Tensor) else image[:], name)
    channels = (
        stack[..., :3] if stack.shape[-1] >= 3 else stack[..., :1].expand(*stack.shape[:3], 3)
    )
    clean = channels.to("cpu", torch.float32).nan_to_num(nan=0.0, posinf=0.0, neginf=0.0)
    return clean.clamp_(0, 1).contiguous()


class RgbFrames:
    """What `rgb` gives, (B, H, W, 3), one frame or slice at a time: a clip is not copied whole.

    Raises as `rgb` does.
    """

    ndim = 4

    def __init__(self, image: Images, name: str = "image") -> None:
        self._frames, self._name = frames(image, name), name
        self.shape = torch.Size((*self._frames.shape[:3], 3))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, which: int | slice) -> Tensor:
        """(H, W, 3) of a number, (B, H, W, 3) of a slice."""
        if isinstance(which, slice):
            return rgb(self._frames[which], self._name)
        return rgb(self._frames[which][None], self._name)[0]


def is_grey(colours: NDArray[np.generic]) -> bool:
    """Whether the channels of (..., 3) are equal, up to what JPEG does to them.

    Black counts for nothing: a colour map of a scene that is mostly far is mostly black.
    """
    high, low = colours.max(-1).astype(np.float32), colours.min(-1).astype(np.float32)
    finite = np.isfinite(high) & np.isfinite(low)
    high, low = high[finite], low[finite]
    scale = float(np.abs(high).max(initial=0.0))
    lit = high > _LIT * scale
    if not lit.any():
        return True
    return float((high[lit] - low[lit]).mean()) <= _GREY_TOLERANCE * scale


def luminance(image: Tensor) -> Tensor:
    """Rec. 709 luma of (B, H, W, 3): (B, H, W)."""
    return image @ image.new_tensor(_REC709)


def resize(images: Tensor, height: int, width: int) -> Tensor:
    """(B, H, W, C) in 0..1 resampled to (B, height, width, C): bicubic, antialiased."""
    if images.shape[1:3] == (height, width):
        return images
    planes = images.movedim(-1, 1)
    resized = F.interpolate(
        planes, (height, width), mode="bicubic", align_corners=False, antialias=True
    )
    return resized.movedim(1, -1).clamp(0, 1).contiguous()


@overload
def frames(image: Tensor, name: str = "image") -> Tensor: ...
@overload
def frames(image: Images, name: str = "image") -> Images: ...
def frames(image: Images, name: str = "image") -> Images:
    """The batch as it is, (B, H, W, C) without a copy; for callers that clean it piece by piece."""
    stack = image
    if isinstance(stack, Tensor) and stack.ndim == 3:
        # (H, W, C) has a small last dimension; anything else is a batch of masks.
        stack = stack[None] if stack.shape[-1] in (1, 3, 4) else stack[..., None]
    if stack.ndim != 4 or stack.shape[-1] not in (1, 3, 4) or 0 in stack.shape:
        raise InvalidInput(
            f"The input '{name}' has shape {tuple(image.shape)}; an image is (batch, height, "
            "width, channels) with 1, 3 or 4 channels and at least one pixel. Connect an IMAGE."
        )
    return stack


def at_frame(images: Images, index: int) -> Tensor:
    """The image of one frame, where one image may serve all: (B or 1, ...) -> (...)."""
    return images[min(index, len(images) - 1)]


def check_frames(images: Images, count: int, name: str = "image") -> None:
    """Raise InvalidInput unless there is one image for all `count` frames, or one for each."""
    if len(images) not in (1, count):
        raise InvalidInput(
            f"The depth has {count} frames and the input '{name}' {len(images)} images; connect "
            "the images the depth was made from, or a single one."
        )


def check_pixels(image: Images, count: int, height: int, width: int) -> None:
    """`check_frames`, and raise InvalidInput unless image and depth share their pixels."""
    if image.shape[1:3] != (height, width) or len(image) not in (1, count):
        raise InvalidInput(
            f"The image is {len(image)}x{image.shape[2]}x{image.shape[1]} and the depth "
            f"{count}x{width}x{height}; connect the image the depth was made from, and use Refine "
            "Depth Edges where the sizes differ."
        )
