"""Save Image (Any Format): JPEG, PNG, WebP, AVIF, TIFF and MPO, in the batch, on all cores."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from torch import Tensor

from ..depthkit.errors import InvalidInput
from ..depthkit.images import Images, frames, rgb
from ..shared.declared import Boolean, Choice, Declared, Inputs, Int, Text
from ..shared.on_demand import formats
from ..shared.saving import HIDDEN, embedded_texts, prefix_widget, preview_small, save_frames, shown
from ..shared.sockets import image_input

__all__ = ["GenVRDepthSaveImage"]

COMPARE_KEY = "genvr_compare"
_MAX_COMPARED = 16
_JPG = {"format": ("jpg", "mpo")}

_COLOUR = re.compile(r"^#?([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})$")


_FORMAT_TIP = (
    "jpg: small, what the GenVR service returns by default. png: exact to 8 bits; png16 to 16. "
    "webp, avif: smaller than jpg; webp-lossless: exact to 8 bits. tiff, tiff16, tiff-float: for "
    "print and compositing; tiff-float keeps every value. mpo: a stereo photo, "
    "the left and the right image in one file."
)


class GenVRDepthSaveImage(Declared):
    CATEGORY = "GenVR Depth/save"
    DESCRIPTION = "Save images as JPEG, PNG 8/16, WebP, AVIF or TIFF 8/16/float, many at once."
    SEARCH_ALIASES = [
        "save image",
        "jpg",
        "jpeg",
        "webp",
        "avif",
        "tiff",
        "16 bit png",
        "mpo",
        "export",
    ]
    FUNCTION = "save"
    OUTPUT_NODE = True
    RETURN_TYPES = ("IMAGE",)
    RETURN_NAMES = ("images",)
    OUTPUT_TOOLTIPS = ("The same images, unchanged.",)

    INPUTS = Inputs(
        required={
            "images": image_input(
                "The images to save; transparency is kept where it can be.", streamed=True
            ),
            "filename_prefix": prefix_widget("GenVRDepth"),
            "format": Choice(_FORMAT_TIP, "jpg", choices=lambda: _image_formats()),
        },
        optional={
            "compare_with": image_input(
                "What the images were made from, for example the photo: the node then shows both "
                "on either side of a line to drag. It is not saved.",
                streamed=True,
            ),
            "quality": Int(
                "For jpg, webp and avif; the others are lossless.",
                95,
                1,
                100,
                shown_when={"format": ("jpg", "webp", "avif", "mpo")},
            ),
            "subsampling": Choice(
                "Colour resolution of jpg and avif: 4:4:4 full, 4:2:0 smallest.",
                "4:4:4",
                choices=lambda: formats.SUBSAMPLING,
                shown_when={"format": ("jpg", "avif", "mpo")},
                advanced=True,
            ),
            "progressive": Boolean(
                "jpg only: browsers show a coarse image first while it loads.",
                shown_when=_JPG,
                advanced=True,
            ),
            "background": Text(
                "Colour behind transparent pixels where the format has no alpha (jpg), as #rrggbb.",
                "#ffffff",
                shown_when=_JPG,
            ),
            "sidecar": Boolean(
                "Write <file>.json with the workflow even where the image "
                "holds it; dropped on the canvas, it restores the workflow.",
                advanced=True,
                display_name="JSON beside the file",
            ),
        },
        hidden=HIDDEN,
    )

    def save(
        self,
        images: Images,
        filename_prefix: str = "GenVRDepth",
        format: str = "jpg",
        compare_with: Images | None = None,
        quality: int = 95,
        subsampling: str = "4:4:4",
        progressive: bool = False,
        background: str = "#ffffff",
        sidecar: bool = False,
        prompt: Any = None,
        extra_pnginfo: Any = None,
    ) -> dict[str, Any]:
        texts = embedded_texts(prompt, extra_pnginfo)
        colour = _parsed_colour(background)
        options = formats.ImageOptions(quality, subsampling, progressive, colour, texts)
        stack = frames(images, "images")
        each = _images_a_file(format, len(stack))
        jobs = _image_jobs(stack, format, options, sidecar)
        row, size = _image_formats()[format], (stack.shape[2], stack.shape[1])
        files, saved = save_frames(filename_prefix, size, row.extension, jobs, len(stack) // each)
        ui = shown(files, saved, row.shows, lambda some: rgb(stack[[each * n for n in some]]))
        return {"ui": {**ui, **_comparison(compare_with)}, "result": (images,)}


def _image_formats() -> dict[str, formats.ImageFormat]:
    return {**formats.IMAGES, **formats.STEREO_PHOTOS}


def _images_a_file(format: str, count: int) -> int:
    if format not in formats.STEREO_PHOTOS:
        return 1
    if count % 2:
        raise InvalidInput(
            f"{count} image{' is' if count == 1 else 's are'} connected; {format} holds two in a "
            "file, the left eye's and then the right eye's. Set layout of Depth to Stereo Image to "
            "left and right, or choose jpg."
        )
    return 2


def _comparison(images: Images | None) -> dict[str, list[Any]]:
    """The entry that `web/js/compare.js` reads: previews of what the images are compared with."""
    if images is None:
        return {}
    shown = preview_small(rgb(images[:_MAX_COMPARED]))
    return {COMPARE_KEY: [json.dumps(entry) for entry in shown]}  # texts: no outputs of the job


def _parsed_colour(text: str) -> tuple[float, float, float]:
    match = _COLOUR.match(text.strip())
    if match is None:
        raise InvalidInput(
            f"The background {text!r} is not a colour; write it as #rrggbb, for example #ffffff."
        )
    red, green, blue = (int(part, 16) / 255 for part in match.groups())
    return red, green, blue


def _image_jobs(
    stack: Images, format: str, options: formats.ImageOptions, always: bool
) -> Iterator[Callable[[], formats.Encoded]]:
    row, paired = _image_formats()[format], format in formats.STEREO_PHOTOS
    needed = options.texts and (always or not formats.embed.fits(row.texts, options.texts))
    beside = {".json": formats.embed.sidecar(options.texts).encode()} if needed else {}

    def one(image: Tensor) -> formats.Encoded:
        return formats.Encoded(formats.encode_image(image, format, options), beside)

    def two(left: Tensor, right: Tensor) -> formats.Encoded:
        return formats.Encoded(formats.encode_stereo_photo(left, right, options), beside)

    for index in range(0, len(stack), 1 + paired):
        if paired:
            yield partial(two, stack[index], stack[index + 1])
        else:
            yield partial(one, stack[index])
