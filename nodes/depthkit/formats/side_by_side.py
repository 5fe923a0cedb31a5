"""Photo and depth in one image, side by side or one above the other (Looking Glass, nunif)."""

from __future__ import annotations

import io
from typing import Any

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

__all__ = ["decode", "decode_recorded", "encode", "halves", "photo", "recorded_layout"]

LAYOUT_KEY = "genvr_depth_layout"
_TOP = 255
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
        return planes_and_texts(data)[0]
    if recognises_tiff(data):
        page = read_page(data, "")
        return turned_pixels(page.planes, page.orientation)
    if recognises_heif(data):
        return np.atleast_3d(heif_pixels(data))
    with Image.open(io.BytesIO(data), formats=_PILLOW) as image:
        check_size(*image.size)
        upright = ImageOps.exif_transpose(image)
        return np.atleast_3d(np.asarray(upright.convert("L" if upright.mode == "L" else "RGB")))


def encode(
    depth: DepthMap, record: Record, image: NDArray[np.float32] | None, options: SaveOptions
) -> bytes:
    """PNG of 8 bits: the photo on the left at the size of the map, the map right, near white.

    Raises MissingInformation without the photograph.
    """
    if image is None:
        raise MissingInformation(
            "A side-by-side image is the photograph beside its depth: connect the image to 'image'."
        )
    left = resize(torch.from_numpy(image)[None], depth.height, depth.width)[0, ..., :3].numpy()
    stored = quantise(depth, record)
    share = (stored.astype(np.float64) - FIRST) / (FULL - FIRST)
    share = share if record.near_is_large else 1 - share
    codes = np.where(stored == 0, 0, np.rint(share * (_TOP - 1)) + 1)
    grey = np.repeat(codes.astype(np.uint8)[..., None], 3, axis=-1)
    joined = np.concatenate([np.rint(left * _TOP).astype(np.uint8), grey], axis=1)
    marks = {RECORD_KEY: record.to_json(), LAYOUT_KEY: LAYOUTS[1]}
    return write(joined, options.texts, marks, srgb=True)


def recorded_layout(data: bytes) -> str:
    """How an image that we wrote is put together; "whole" for every other."""
    if not recognises_png(data) or LAYOUT_KEY.encode() not in data[: 1 << 22]:
        return WHOLE
    with damaged_is_an_error("PNG"):
        layout = planes_and_texts(data)[1].get(LAYOUT_KEY, WHOLE)
        return layout if layout in LAYOUTS else WHOLE


def decode_recorded(data: bytes, layout: str) -> DepthMap:
    """The map of an image that we wrote, by its record."""
    with damaged_is_an_error("PNG"):
        planes, texts = planes_and_texts(data)
        record = Record.from_json(texts.get(RECORD_KEY, ""))
        codes = halves(planes, layout)[1][..., 0]
        share = (codes.astype(np.float64) - 1) / (_TOP - 1)
        share = share if record.near_is_large else 1 - share
        stored = np.rint(share * (FULL - FIRST)) + FIRST
        return restore(np.where(codes == 0, 0, stored).astype(np.uint16), record)
