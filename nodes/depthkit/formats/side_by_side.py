"""Photo and depth in one image, side by side or one above the other (Looking Glass, nunif)."""

from __future__ import annotations

import io
from typing import IO, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ..depth_map import DepthMap
from ..errors import FormatError, MissingInformation
from ..images import resize
from .grey import depth_of
from .guard import damaged_is_an_error
from .heif import decode_pixels as heif_pixels
from .heif import recognises as recognises_heif
from .options import LAYOUTS, WHOLE, LoadOptions, SaveOptions, check_size
from .orientation import turned_pixels
from .png import planes_and_texts, write
from .png import recognises as recognises_png
from .quantise import FIRST, FULL, quantise, restore
from .record import RECORD_KEY, Record
from .tiff_read import read_page
from .tiff_read import recognises as recognises_tiff

__all__ = [
    "DEEP",
    "LAYOUT_KEY",
    "LOSSY",
    "decode",
    "decode_recorded",
    "encode",
    "from_grey_codes",
    "grey_codes",
    "halves",
    "joined_image",
    "photo",
    "recorded_layout",
]

LAYOUT_KEY = "genvr_depth_layout"


class Scale(NamedTuple):
    """Greys from the farthest to the nearest; 0 is unknown."""

    far: int
    white: int
    type: type[np.unsignedinteger[Any]]


PLAIN, DEEP = Scale(1, 255, np.uint8), Scale(1, 65535, np.uint16)
# A lossy codec blurs black into the farthest grey: they are kept apart.
LOSSY = Scale(16, 255, np.uint8)
# Workflows lie before the pixels, too.
_TEXTS_BYTES = 1 << 22
_PILLOW = ("JPEG", "MPO", "WEBP", "BMP")


def halves(planes: NDArray[Any], layout: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """(photo, depth) of (H, W, C). Raises FormatError where the image cannot be halved."""
    axis = 1 if layout in LAYOUTS[1:3] else 0
    size = planes.shape[axis]
    if size < 2 or size % 2:
        raise FormatError(
            f"An image of {planes.shape[1]} x {planes.shape[0]} is not two of the same size; set "
            "layout to whole, or crop it to an even size."
        )
    first, second = np.split(planes, 2, axis)
    return (first, second) if layout in (LAYOUTS[1], LAYOUTS[3]) else (second, first)


def decode(data: bytes, options: LoadOptions) -> DepthMap:
    """The depth half of an image file."""
    with damaged_is_an_error("image"):
        _, half = halves(_stored_pixels(data), options.layout)
        return depth_of(half, None, "image", options)


def photo(data: bytes, layout: str) -> torch.Tensor:
    """(1, H, W, C) float32 0..1 of the photo half."""
    with damaged_is_an_error("image"):
        half, _ = halves(_stored_pixels(data), layout)
        top = np.iinfo(half.dtype.name).max if half.dtype.kind in "ui" else 1
        return torch.from_numpy(half / np.float32(top))[None].float()


def _stored_pixels(data: bytes) -> NDArray[Any]:
    """(H, W, C) as it is stored, upright."""
    if recognises_png(data):
        return planes_and_texts(io.BytesIO(data))[0]
    if recognises_tiff(data):
        page = read_page(io.BytesIO(data), "")
        return turned_pixels(page.planes, page.orientation)
    if recognises_heif(data):
        return np.atleast_3d(heif_pixels(data))
    with Image.open(io.BytesIO(data), formats=_PILLOW) as image:
        check_size(*image.size)
        upright = ImageOps.exif_transpose(image)
        return np.atleast_3d(np.asarray(upright.convert("L" if upright.mode == "L" else "RGB")))


def encode(
    depth: DepthMap,
    record: Record,
    image: NDArray[np.float32] | None,
    options: SaveOptions,
    *,
    layout: str = LAYOUTS[1],
) -> bytes:
    """PNG of 8 bits: the photo at the size of the map, then the map, near white.

    Raises MissingInformation without the photograph.
    """
    joined = joined_image(grey_codes(depth, record, PLAIN), image, layout, PLAIN)
    marks = {RECORD_KEY: record.to_json(), LAYOUT_KEY: layout}
    return write(joined, options.texts, marks, srgb=True)


def grey_codes(depth: DepthMap, record: Record, scale: Scale) -> NDArray[Any]:
    """One frame as greys (H, W), whatever its kind: near is white, unknown black."""
    stored = quantise(depth, record)
    share = (stored.astype(np.float64) - FIRST) / (FULL - FIRST)
    share = share if record.near_is_large else 1 - share
    codes = np.rint(share * (scale.white - scale.far)) + scale.far
    return np.where(stored == 0, 0, codes).astype(scale.type)


def from_grey_codes(codes: NDArray[Any], record: Record, scale: Scale) -> DepthMap:
    """The map of `grey_codes`."""
    share = (codes.astype(np.float64) - scale.far) / (scale.white - scale.far)
    share = np.clip(share if record.near_is_large else 1 - share, 0, 1)
    stored = np.rint(share * (FULL - FIRST)) + FIRST
    return restore(np.where(codes < scale.far / 2, 0, stored).astype(np.uint16), record)


def joined_image(
    codes: NDArray[Any], image: NDArray[np.float32] | None, layout: str, scale: Scale
) -> NDArray[Any]:
    """(H, W) greys alone for "whole", else (H, W, 3) with the photo at the size of the map.

    image: (h, w, 3 or 4) 0..1. Raises MissingInformation without it.
    """
    if layout == WHOLE:
        return codes
    if image is None:
        raise MissingInformation(
            "Side by side and over-under show the photograph with its depth: connect it to 'image'."
        )
    photo = resize(torch.from_numpy(image)[None], *codes.shape)[0, ..., :3].numpy()
    halves = [np.rint(photo * scale.white).astype(scale.type), np.stack([codes] * 3, -1)]
    if layout in (LAYOUTS[2], LAYOUTS[4]):
        halves.reverse()
    return np.concatenate(halves, axis=1 if layout in LAYOUTS[1:3] else 0)


def recorded_layout(head: bytes, file: IO[bytes]) -> str:
    """How an image that we wrote is put together; "whole" for every other. head: its beginning."""
    if not recognises_png(head):
        return WHOLE
    file.seek(0)
    if LAYOUT_KEY.encode() not in file.read(_TEXTS_BYTES):
        return WHOLE
    with damaged_is_an_error("PNG"):
        layout = planes_and_texts(file)[1].get(LAYOUT_KEY, WHOLE)
        return layout if layout in LAYOUTS else WHOLE


def decode_recorded(file: IO[bytes], layout: str) -> DepthMap:
    """The map of an image that we wrote, by its record."""
    with damaged_is_an_error("PNG"):
        planes, texts = planes_and_texts(file)
        record = Record.from_json(texts.get(RECORD_KEY, ""))
        return from_grey_codes(halves(planes, layout)[1][..., 0], record, PLAIN)
