"""Images of depth files for ComfyUI's asset browser, in versions that ask packs for them.

A browser shows no EXR, TIFF, PFM or NPZ. ComfyUI has images of colour EXRs, which stay its own.
16-bit PNGs are not here: browsers draw them, and ComfyUI asks nobody then.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..depthkit.errors import DepthError, MissingInformation
from ..depthkit.white import White
from . import host
from .on_demand import formats

if TYPE_CHECKING:
    from PIL import Image

    from ..depthkit.depth_map import DepthMap

__all__ = ["picture_of", "register"]

# What ComfyUI calls them; a system's own table may call them otherwise (EXR: image/aces).
TYPES = {
    ".exr": "image/x-exr",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".pfm": "image/x-portable-floatmap",
    ".npz": "application/x-npz",
}
_COLOURS = frozenset("RGBY")
_HEAD = 1 << 20  # workflows lie in the header too


def register() -> None:
    """At import of the pack: offer our images where ComfyUI takes them; nothing elsewhere."""
    place = host.current().preview_interface()
    if place is None:
        return
    core = place.core

    class DepthPreview(place.base):
        mime_types = _kinds()

        def generate(self, source_path: str, max_pixels: int) -> Image.Image | None:
            path = Path(source_path)
            other = core(TYPES.get(path.suffix.lower(), ""))
            if other is not None and _shows_colours(path):
                return other.generate(source_path, max_pixels)
            return picture_of(path, max_pixels)

    place.registry.register_generator(DepthPreview())


def _kinds() -> tuple[str, ...]:
    """The MIME types of our files; extensions that have none get one."""
    import mimetypes

    kinds = dict.fromkeys(TYPES.values())
    for extension, kind in TYPES.items():
        guessed = mimetypes.guess_type("depth" + extension, strict=False)[0]
        if guessed is None:
            mimetypes.add_type(kind, extension)
        else:
            kinds[guessed] = None
    return tuple(kinds)


def _shows_colours(path: Path) -> bool:
    """Whether a file has colour channels and is none of ours."""
    from ..depthkit.formats.format_table import layers_in
    from ..depthkit.formats.record import RECORD_KEY

    with path.open("rb") as file:
        if RECORD_KEY.encode() in file.read(_HEAD):
            return False
        try:
            names = layers_in(file)
        except DepthError:
            return True
    return any(name.rpartition(".")[2] in _COLOURS for name in names)


def picture_of(path: Path, max_pixels: int) -> Image.Image | None:
    """The control image (near is white) of a depth file, 8-bit, at most `max_pixels` pixels; larger
    numbers are brighter in a file that does not say what they mean. None where it is no depth."""
    from PIL import Image

    from ..depthkit.images import resize
    from ..depthkit.ranges import control_image

    try:
        image = control_image(_depth_in(path), only=[0])
    except DepthError:
        return None
    height, width = image.shape[1:3]
    scale = min(1.0, (max_pixels / (height * width)) ** 0.5)
    small: Any = resize(image, max(1, int(height * scale)), max(1, int(width * scale)))
    return Image.fromarray((small[0] * 255).round().byte().numpy())


def _depth_in(path: Path) -> DepthMap:
    try:
        return formats.load_depth(path, formats.LoadOptions())
    except MissingInformation:
        return formats.load_depth(path, formats.LoadOptions(White.NEAR_DISPARITY.value))
