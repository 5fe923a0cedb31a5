"""A JPEG photograph with its depth map inside; ours is in the GDepth layout of XMP.

GDepth says how codes become distance: black is near, white is far, linear in distance
(`RangeLinear`) or in its inverse (`RangeInverse`). The map travels as 16-bit PNG in extended XMP.
Our own attribute keeps the exact record, so that the numbers come back to half a code.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from ..connections import base64_bytes, base64_text
from ..depth_map import DepthMap
from ..errors import FormatError, MissingInformation
from ..white import White
from .apple_depth import AppleDepth, describes
from .dynamic_depth import camera_of
from .dynamic_depth import find as find_dynamic_depth
from .guard import damaged_is_an_error
from .image_files import ImageOptions, encode_image
from .jpeg_parts import images_behind
from .options import AS_FILE_SAYS, LoadOptions, SaveOptions, check_size
from .orientation import ORIENTATION, turned
from .png import pixels as png_pixels
from .png import recognises as is_png
from .png import write as write_png
from .quantise import quantise, restore
from .record import Record
from .unlabelled import Plane, understand, white_of
from .xmp import insert as insert_xmp
from .xmp import packet, packets
from .xmp import properties as xmp_properties

__all__ = ["decode", "encode", "from_layout", "recognises"]

GDEPTH = "http://ns.google.com/photos/1.0/depthmap/"
GIMAGE = "http://ns.google.com/photos/1.0/image/"
OURS = "https://genvr.ai/ns/depth/1.0/"
_TOP = 65535
_UNITS = {
    "m": 1.0, "meter": 1.0, "meters": 1.0, "metre": 1.0, "metres": 1.0,
    "mm": 0.001, "millimeter": 0.001, "millimeters": 0.001, "millimetres": 0.001,
}  # fmt: skip
_DIOPTRES = ("diopter", "diopters", "dioptre", "dioptres")
# GDepth wants two distances; relative depth has none, so the ratio of a room is written, no unit.
_RELATIVE_NEAR, _RELATIVE_FAR = 1.0, 10.0


def recognises(data: bytes) -> bool:
    return data.startswith(b"\xff\xd8\xff")


def encode(
    depth: DepthMap, record: Record, image: NDArray[np.float32] | None, options: SaveOptions
) -> bytes:
    """JPEG with the map inside. Raises MissingInformation without the photograph."""
    if image is None:
        raise MissingInformation(
            "A depth photo is the photograph with its depth inside: connect the image to 'image'."
        )
    stored = quantise(depth, record)
    mapped = _TOP - stored if record.near_is_large else stored - np.uint16(1)
    jpeg = encode_image(
        torch.from_numpy(image), "jpg", ImageOptions(options.quality, texts=options.texts)
    )
    main, extended = _gdepth_packets(record, write_png(mapped))
    return insert_xmp(jpeg, main, extended)


def _gdepth_packets(record: Record, depth_png: bytes) -> tuple[str, str]:
    """The main packet (what the numbers mean) and the extended one (the map itself)."""
    metric = record.kind == "metric"
    inverse = record.near_is_large
    near, far = (record.near, record.far) if metric else (_RELATIVE_NEAR, _RELATIVE_FAR)
    attributes = {
        "GDepth:Format": "RangeInverse" if inverse else "RangeLinear",
        "GDepth:Near": repr(near),
        "GDepth:Far": repr(far),
        "GDepth:Mime": "image/png",
        "GDepth:MeasureType": "OpticalAxis",
        "genvr:Record": record.to_json(),
    }
    if metric:
        attributes["GDepth:Units"] = "m"
    names = {"GDepth": GDEPTH, "genvr": OURS}
    data = {"GDepth:Data": base64_text(depth_png)}
    return packet(names, attributes), packet(names, data)


def decode(data: bytes, options: LoadOptions) -> DepthMap:
    """The depth inside a photograph: ours, GDepth and Dynamic Depth of Android, or Apple's.

    Turned as the photo's Exif says, like the photo itself when it is loaded: both lie in the file
    as the sensor saw them.
    """
    with damaged_is_an_error("JPEG"):
        return turned(_embedded(data, options), _jpeg_orientation(data))


def _embedded(data: bytes, options: LoadOptions) -> DepthMap:
    properties = xmp_properties(data)
    if f"{{{GDEPTH}}}Data" in properties:
        stored = _embedded_plane(base64_bytes(properties[f"{{{GDEPTH}}}Data"]))
        layout = {k.partition("}")[2]: v for k, v in properties.items() if k[1:].startswith(GDEPTH)}
        meant = partial(from_layout, layout=layout)
    elif (found := find_dynamic_depth(data)) is not None:
        stored = _embedded_plane(found[0])
        meant = partial(from_layout, layout=found[1])
    elif (apple := _auxiliary(data)) is not None:
        stored, meant = _embedded_plane(apple[0]), apple[1].depth_map
    else:
        raise MissingInformation(
            "This photo has no depth inside. Phones write it only in portrait mode, and most "
            "programs drop it when they save. To make depth from the photo use Depth Estimation; a "
            "grey image of depth goes through Image to Depth."
        )
    own = properties.get(f"{{{OURS}}}Record")
    if own is not None and options.meaning == AS_FILE_SAYS:
        return _restore(stored, Record.from_json(own))
    if options.meaning != AS_FILE_SAYS:
        return understand(Plane(stored, None, "depth inside the photo"), options)
    return meant(stored)


def _auxiliary(data: bytes) -> tuple[bytes, AppleDepth] | None:
    """The auxiliary image behind the photo that its own XMP calls depth."""
    for image in images_behind(data):
        for text in packets(image):
            described = describes(text)
            if described is not None:
                return image, described
    return None


def _jpeg_orientation(jpeg: bytes) -> int:
    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as image:
        return int(image.getexif().get(ORIENTATION, 1))


def _embedded_plane(data: bytes) -> NDArray[np.generic]:
    """(H, W) uint8 or uint16 of the embedded image."""
    if is_png(data):
        return png_pixels(data)
    with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
        check_size(*image.size)
        return np.asarray(image.convert("L"))


def _restore(stored: NDArray[np.generic], record: Record) -> DepthMap:
    if stored.dtype != np.uint16:
        raise FormatError("The depth inside this photo was recompressed to 8 bits by a program.")
    single = stored.astype(np.uint16)
    return restore(_TOP - single if record.near_is_large else single + np.uint16(1), record)


def from_layout(stored: NDArray[np.generic], layout: Mapping[str, str]) -> DepthMap:
    """Metres where the file names a unit; else the relative depth that a phone measured.

    GDepth and Dynamic Depth: code 0 is near, full scale is far, with even steps in distance
    (RangeLinear) or in its inverse (RangeInverse).
    """
    if layout.get("Format") not in ("RangeInverse", "RangeLinear"):
        raise FormatError(
            "The photo does not say how its depth is coded (RangeInverse or -Linear)."
        )
    grey = stored.astype(np.float64) / white_of(stored)
    white = White.of(near=False, disparity=layout["Format"] == "RangeInverse")
    camera = camera_of(layout, stored.shape[1], stored.shape[0])
    near, far = _metres_of_packet(layout)
    if not 0 < near < far < float("inf"):
        kind, values = white.relative(grey)
        return DepthMap.make(torch.from_numpy(values), kind, camera=camera)
    metres = white.metres(grey, near, far)
    if layout.get("MeasureType", "").lower() not in ("opticray", "opticalray"):
        return DepthMap.make(torch.from_numpy(metres), "metric", camera=camera)
    if camera is None:
        raise FormatError(
            "The metres in this photo are distances along the line of sight (MeasureType "
            "OpticRay), and it does not name its camera. Choose a meaning by hand to read them."
        )
    along = Plane(metres, None, "depth inside the photo", ray=True, camera=camera)
    return replace(understand(along, LoadOptions()), measured=None)


def _metres_of_packet(layout: Mapping[str, str]) -> tuple[float, float]:
    """Near and far in metres; no numbers where the unit is none, or an unknown one.

    Some phones call their relative depth dioptres, with a near end below the far one.
    """
    try:
        near, far = float(layout.get("Near", "nan")), float(layout.get("Far", "nan"))
    except ValueError:
        return float("nan"), float("nan")
    unit = layout.get("Units", "").strip().lower()
    if unit in _DIOPTRES:
        return (1 / near, 1 / far) if near > 0 and far > 0 else (float("nan"), float("nan"))
    metres = _UNITS.get(unit, float("nan"))
    return near * metres, far * metres
