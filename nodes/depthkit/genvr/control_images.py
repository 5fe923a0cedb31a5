"""Control images on their way out, results on their way in.

The control image is the photo itself: the service estimates the depth. A request is
identified by the image's 8-bit pixels before any resizing or encoding, so that a newer encoder
never makes a paid request look new.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..depth_map import DepthMap
from ..images import rgb
from ..ranges import control_image
from .service_errors import ImageError

__all__ = ["ControlImage", "Encoded", "decode", "from_depth", "from_images", "sniff"]

MAX_PIXELS = 2048 * 2048
MAX_RESULT_PIXELS = 33_000_000
WIDE = 4.0
DATA_URI_LIMIT = 750_000
RECIPE = "photo-1"

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png", "png"),
    (b"\xff\xd8\xff", "image/jpeg", "jpg"),
)


@dataclass(frozen=True, slots=True)
class Encoded:
    """An image as it is sent."""

    data: bytes = field(repr=False)
    mime: str
    extension: str
    width: int
    height: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, eq=False)
class ControlImage:
    """pixels: (H, W, 3) uint8; notes: what the user should know about it."""

    pixels: Any = field(repr=False)
    notes: tuple[str, ...] = ()

    @property
    def height(self) -> int:
        return self.pixels.shape[0]

    @property
    def width(self) -> int:
        return self.pixels.shape[1]

    @cached_property
    def identity(self) -> str:
        """sha256 of size and pixels."""
        head = f"{RECIPE} {self.width}x{self.height} ".encode()
        return hashlib.sha256(head + self.pixels.tobytes()).hexdigest()

    @cached_property
    def encoded(self) -> Encoded:
        """Within the service's limits, ratio kept: PNG if small, else JPEG 95, not subsampled."""
        from PIL import Image

        image = Image.fromarray(self.pixels)
        scale = min(1.0, (MAX_PIXELS / (self.width * self.height)) ** 0.5)
        if scale < 1:
            size = (max(1, int(self.width * scale)), max(1, int(self.height * scale)))
            image = image.resize(size, Image.Resampling.LANCZOS)
        data, kind = _bytes(image, "PNG", compress_level=6), ("image/png", "png")
        if len(data) * 4 / 3 > DATA_URI_LIMIT:
            data = _bytes(image, "JPEG", quality=95, subsampling=0)
            kind = ("image/jpeg", "jpg")
        return Encoded(data, *kind, *image.size)


def _bytes(image: Any, encoder: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, encoder, **options)
    return buffer.getvalue()


def from_images(images: Tensor, name: str = "image") -> list[ControlImage]:
    """One control image per image of an IMAGE batch; raises InvalidInput naming the input."""
    return [_with_notes(frame) for frame in rgb(images, name)]


def from_depth(depth: DepthMap, *notes: str) -> list[ControlImage]:
    """One control image per map: 8-bit, near is white. notes: more to say about them."""
    note = (
        "A depth map was sent as a grey image. The service treats it as a photo and estimates "
        "depth from it again; the photo itself usually works better."
    )
    return [_with_notes(frame, *notes, note) for frame in control_image(depth)]


def _with_notes(frame: Tensor, *notes: str) -> ControlImage:
    pixels = np.ascontiguousarray((frame * 255).round().to(torch.uint8).numpy())
    height, width = pixels.shape[:2]
    found = list(notes)
    if width * height > MAX_PIXELS:
        found.append(f"{width} x {height} is sent smaller, with its ratio kept (limit 2048²).")
    if max(width, height) > WIDE * min(width, height):
        found.append(f"{width} x {height} is very elongated; the service may crop it.")
    return ControlImage(pixels, tuple(found))


def sniff(data: bytes) -> str | None:
    """The file extension that the first bytes stand for, None for anything but PNG, JPEG, WebP."""
    for signature, _, extension in _SIGNATURES:
        if data.startswith(signature):
            return extension
    return "webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None


def decode(data: bytes) -> Tensor:
    """(H, W, 3) float32, 0..1, upright. Raises ImageError on a damaged or oversized file."""
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=["PNG", "JPEG", "WEBP"])
            _check_size(*image.size)
            image.load()
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except (Image.DecompressionBombError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise ImageError(
            f"The file that came from GenVR is not a whole image ({type(error).__name__})."
        ) from None
    return torch.from_numpy(np.array(upright)).to(torch.float32).div_(255)


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_RESULT_PIXELS:
        raise ImageError(
            f"The image from GenVR is {width} x {height}, more than the {MAX_RESULT_PIXELS:,} "
            "pixels that are accepted."
        )
