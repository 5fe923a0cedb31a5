"""Images: JPEG, PNG 8 and 16, WebP, AVIF, TIFF 8, 16 and float; rounding, never truncation."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import IO, Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError, features

from ..errors import FormatError, FormatUnavailable, InvalidInput
from .deep_colour import sixteen_bit_colour
from .embed import JPEG_EXIF_LIMIT, Carrier, exif, exif_tags
from .guard import damaged_is_an_error
from .heif import decode_pixels as decode_heif
from .heif import recognises as recognises_heif
from .options import check_size
from .orientation import turned_pixels
from .png import write as write_png
from .tiff_read import read_page
from .tiff_read import recognises as recognises_tiff
from .tiff_write import write as write_tiff
from .unlabelled import white_of

__all__ = ["IMAGES", "ImageFormat", "ImageOptions", "decode_image", "encode_image"]

SUBSAMPLING = ("4:4:4", "4:2:2", "4:2:0")
Array = NDArray[np.generic]
_STRIP = 128


@dataclass(frozen=True, slots=True)
class ImageOptions:
    """How an image is written.

    quality: 1..100 of JPEG, lossy WebP and AVIF. subsampling: colour resolution of JPEG and AVIF.
    background: (r, g, b) 0..1 shown through transparency where the format has none.
    texts: as in SaveOptions.
    """

    quality: int = 95
    subsampling: str = "4:4:4"
    progressive: bool = False
    background: tuple[float, float, float] = (1.0, 1.0, 1.0)
    texts: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.subsampling not in SUBSAMPLING:
            raise InvalidInput(f"Unknown subsampling {self.subsampling!r}; use {SUBSAMPLING}.")
        if not 1 <= self.quality <= 100:
            raise InvalidInput(f"The quality {self.quality} is not between 1 and 100.")


@dataclass(frozen=True, slots=True)
class ImageFormat:
    """name: what the user chooses; bits: 8, 16 or 32 (float); restores: ComfyUI's frontend restores
    the workflow when the file is dropped on the canvas; shows: a browser can draw it; longest:
    pixels of a side that the format (or what reads it) can hold."""

    name: str
    extension: str
    label: str
    bits: int
    alpha: bool
    texts: Carrier
    shows: bool
    restores: bool
    encode: Callable[[Array, ImageOptions], bytes]
    longest: int = 1 << 31


def encode_image(image: torch.Tensor, format: str, options: ImageOptions | None = None) -> bytes:
    """The bytes of one file.

    image: (H, W, C) float, C = 1, 3 or 4; 0..1 except for tiff-float, which keeps every value.
    Raises InvalidInput on another shape, FormatError on a side too long for the format.
    """
    if format not in IMAGES:
        raise InvalidInput(f"Unknown image format {format!r}; use one of {', '.join(IMAGES)}.")
    if image.ndim != 3 or image.shape[-1] not in (1, 3, 4) or 0 in image.shape:
        raise InvalidInput(
            f"The image has shape {tuple(image.shape)}; (height, width, channels) is needed."
        )
    row, options = IMAGES[format], options or ImageOptions()
    if max(image.shape[:2]) > row.longest:
        raise FormatError(
            f"An image of {image.shape[1]} x {image.shape[0]} is too long for {row.label}, which "
            f"ends at {row.longest} pixels a side. Save it as png or tiff, or make it smaller."
        )
    planes = image.detach().to("cpu", torch.float32).numpy()
    if planes.shape[-1] == 4 and not row.alpha:
        planes = _composed(planes, options.background)
    return row.encode(_quantised(planes, row.bits), options)


def _composed(planes: NDArray[np.float32], background: tuple[float, float, float]) -> Array:
    share = np.clip(planes[..., 3:], 0, 1)
    return planes[..., :3] * share + np.asarray(background, np.float32) * (1 - share)


def _quantised(planes: Array, bits: int) -> Array:
    if bits == 32:
        return planes.astype(np.float32, copy=False)
    top, kind = ((255.0, np.uint8), (65535.0, np.uint16))[bits == 16]
    out = np.empty(planes.shape, kind)
    # One small buffer for all strips: fresh memory for each would cost more than the arithmetic.
    buffer = np.empty((min(_STRIP, len(planes)), *planes.shape[1:]), np.float32)
    for row in range(0, len(planes), _STRIP):
        source = planes[row : row + _STRIP]
        part = np.multiply(source, np.float32(top), out=buffer[: len(source)])
        # fmax, unlike maximum, turns NaN into the number it is compared with.
        np.fmax(part, np.float32(0), out=part)
        np.fmin(part, np.float32(top), out=part)
        out[row : row + _STRIP] = np.rint(part, out=part)
    return out


def _pillow(planes: Array) -> Image.Image:
    return Image.fromarray(planes[..., 0] if planes.shape[-1] == 1 else planes)


@lru_cache(maxsize=1)
def _srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _saved(planes: Array, kind: str, **options: object) -> bytes:
    image = _pillow(planes)
    profile = {"icc_profile": _srgb()} if image.mode in ("RGB", "RGBA") else {}
    with _sink() as stream:
        image.save(stream, kind, **profile, **options)
        stream.seek(0)
        return stream.read()


def _sink() -> IO[bytes]:
    """Where Pillow writes: into a true file its JPEG encoder works outside the interpreter lock."""
    try:
        return tempfile.TemporaryFile()
    except OSError:
        return io.BytesIO()


def _jpg(planes: Array, options: ImageOptions) -> bytes:
    block = exif(options.texts)
    return _saved(
        planes,
        "JPEG",
        quality=options.quality,
        subsampling=options.subsampling,
        progressive=options.progressive,
        exif=block if len(block) <= JPEG_EXIF_LIMIT else b"",
    )


def _png(planes: Array, options: ImageOptions) -> bytes:
    return write_png(planes, options.texts, srgb=True)


def _webp(planes: Array, options: ImageOptions) -> bytes:
    return _saved(planes, "WEBP", quality=options.quality, method=4, exif=exif(options.texts))


def _webp_lossless(planes: Array, options: ImageOptions) -> bytes:
    # exact keeps the colours under full transparency: lossless means every number.
    return _saved(planes, "WEBP", lossless=True, quality=50, exact=True, exif=exif(options.texts))


def _avif(planes: Array, options: ImageOptions) -> bytes:
    if not features.check("avif"):
        raise FormatUnavailable(
            "The installed Pillow cannot write AVIF; update it (pip install -U pillow) or use webp."
        )
    return _saved(
        planes,
        "AVIF",
        quality=options.quality,
        subsampling=options.subsampling,
        max_threads=1,
        exif=exif(options.texts),
    )


def _tiff(planes: Array, options: ImageOptions) -> bytes:
    profile = _srgb() if planes.shape[-1] >= 3 and planes.dtype.kind != "f" else b""
    return write_tiff(planes, exif_tags(options.texts), profile)


IMAGES: dict[str, ImageFormat] = {
    row.name: row
    for row in (
        ImageFormat("jpg", "jpg", "JPEG", 8, False, "jpeg", True, False, _jpg, 65500),
        ImageFormat("png", "png", "PNG, 8 bits", 8, True, "all", True, True, _png),
        ImageFormat("png16", "png", "PNG, 16 bits", 16, True, "all", True, True, _png),
        ImageFormat("webp", "webp", "WebP", 8, True, "all", True, True, _webp, 16383),
        ImageFormat(
            "webp-lossless", "webp", "WebP, lossless", 8, True, "all", True, True, _webp_lossless,
            16383,
        ),
        ImageFormat("avif", "avif", "AVIF", 8, True, "all", True, True, _avif, 32768),
        ImageFormat("tiff", "tif", "TIFF, 8 bits", 8, True, "all", False, False, _tiff),
        ImageFormat("tiff16", "tif", "TIFF, 16 bits", 16, True, "all", False, False, _tiff),
        ImageFormat("tiff-float", "tif", "TIFF, float", 32, True, "all", False, False, _tiff),
    )
}  # fmt: skip


# Every decoder that may see a file of the user; Pillow has others, and some start programs (EPS).
_PILLOW = ("JPEG", "MPO", "PNG", "WEBP", "AVIF", "BMP", "GIF", "PPM", "TGA", "JPEG2000")


def decode_image(data: bytes) -> torch.Tensor:
    """(1, H, W, C) float32 0..1, C = 1, 3 or 4; turned upright by its Exif orientation.

    Sixteen bits stay sixteen bits; numbers of a float TIFF stay as they are.
    """
    if recognises_heif(data):
        pixels = decode_heif(data)
        planes = _unit_floats(pixels, white_of(pixels))
    elif recognises_tiff(data):
        planes = _of_tiff(data)
    else:
        planes = _by_pillow(data)
    if planes.ndim == 3 and planes.shape[-1] == 2:
        planes = planes[..., (0, 0, 0, 1)]
    return torch.from_numpy(np.ascontiguousarray(np.atleast_3d(planes)))[None]


def _of_tiff(data: bytes) -> NDArray[np.float32]:
    with damaged_is_an_error("TIFF"):
        page = read_page(io.BytesIO(data), "")
        planes = turned_pixels(page.planes, page.orientation)
        if planes.dtype.kind in "fb":
            return planes.astype(np.float32)
        return _unit_floats(planes, page.full or white_of(planes))


def _by_pillow(data: bytes) -> NDArray[np.float32]:
    with damaged_is_an_error("image"), _opened_image(data) as image:
        check_size(*image.size)
        deep = sixteen_bit_colour(io.BytesIO(data))
        if deep is not None:
            return _unit_floats(deep, 65535)
        return _planes(ImageOps.exif_transpose(image))


@lru_cache(maxsize=1)
def _decoders() -> tuple[str, ...]:
    Image.init()
    return tuple(name for name in _PILLOW if name in Image.OPEN)  # AVIF needs a newer Pillow


def _opened_image(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=_decoders())
    except UnidentifiedImageError:
        raise FormatError(
            "This is no image that can be read here (JPEG, PNG, WebP, AVIF, HEIC, TIFF and "
            "others). Save it again as PNG."
        ) from None


def _planes(image: Image.Image) -> NDArray[np.float32]:
    """(H, W) or (H, W, C) of what Pillow reads whole."""
    if image.mode in ("I;16", "I;16B", "I"):
        return _unit_floats(np.asarray(image), 65535)
    if image.mode == "F":
        return np.asarray(image).astype(np.float32)
    grey = image.mode in ("L", "1") and not image.has_transparency_data
    colour = "RGBA" if image.has_transparency_data else "RGB"
    return _unit_floats(np.asarray(image.convert("L" if grey else colour)), 255)


def _unit_floats(integers: NDArray[Any], top: int) -> NDArray[np.float32]:
    return np.divide(integers, np.float32(top), dtype=np.float32)
