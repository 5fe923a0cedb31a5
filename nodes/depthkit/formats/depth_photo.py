"""A JPEG photograph with its depth map inside, in the GDepth layout of XMP.

GDepth says how codes become distance: black is near, white is far, linear in distance
(`RangeLinear`) or in its inverse (`RangeInverse`). The map travels as 16-bit PNG in extended XMP.
Our own attribute keeps the exact record, so that the numbers come back to half a code.
"""

from __future__ import annotations

import base64
import io

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from ..depth_map import DepthMap, Pinhole
from ..errors import FormatError, MissingInformation
from ..white import White
from .dynamic_depth import find as find_dynamic_depth
from .guard import damaged_is_an_error
from .image_files import ImageOptions, encode_image
from .options import AS_FILE_SAYS, LoadOptions, SaveOptions, check_size
from .png import pixels as png_pixels
from .png import recognises as is_png
from .png import write as write_png
from .quantise import quantise, restore
from .record import Record
from .unlabelled import Plane, understand, white_of
from .xmp import insert as insert_xmp
from .xmp import packet
from .xmp import properties as xmp_properties

__all__ = ["decode", "encode", "recognises"]

GDEPTH = "http://ns.google.com/photos/1.0/depthmap/"
GIMAGE = "http://ns.google.com/photos/1.0/image/"
OURS = "https://genvr.ai/ns/depth/1.0/"
_TOP = 65535
_UNITS = {"m": 1.0, "mm": 0.001}
_ORIENTATION = 0x0112
# Exif orientation -> whether rows and columns change places, and what is mirrored then: dimension 1
# of (B, H, W) is up and down, 2 left and right.
_TURNS: dict[int, tuple[bool, tuple[int, ...]]] = {
    2: (False, (2,)),
    3: (False, (1, 2)),
    4: (False, (1,)),
    5: (True, ()),
    6: (True, (2,)),
    7: (True, (1, 2)),
    8: (True, (1,)),
}
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
    main, extended = _packets(record, write_png(mapped))
    return insert_xmp(jpeg, main, extended)


def _packets(record: Record, depth_png: bytes) -> tuple[str, str]:
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
    data = {"GDepth:Data": base64.b64encode(depth_png).decode()}
    return packet(names, attributes), packet(names, data)


def decode(data: bytes, options: LoadOptions) -> DepthMap:
    """The depth inside a photograph: ours, GDepth of phones, or Dynamic Depth.

    Turned as the photo's Exif says, like the photo itself when it is loaded: both lie in the file
    as the sensor saw them.
    """
    with damaged_is_an_error("JPEG"):
        return _rotated_by_exif(_embedded(data, options), data)


def _embedded(data: bytes, options: LoadOptions) -> DepthMap:
    properties = xmp_properties(data)
    if f"{{{GDEPTH}}}Data" in properties:
        stored = _embedded_plane(base64.b64decode(properties[f"{{{GDEPTH}}}Data"], validate=False))
        layout = {k.partition("}")[2]: v for k, v in properties.items() if k[1:].startswith(GDEPTH)}
    else:
        stored, layout = find_dynamic_depth(data, properties, _embedded_plane)
    own = properties.get(f"{{{OURS}}}Record")
    if own is not None and options.meaning == AS_FILE_SAYS:
        return _restore(stored, Record.from_json(own))
    if options.meaning != AS_FILE_SAYS:
        return understand(Plane(stored, None, "depth inside the photo"), options)
    return _from_layout(stored, layout)


def _rotated_by_exif(depth: DepthMap, jpeg: bytes) -> DepthMap:
    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as image:
        transposed, mirrored = _TURNS.get(image.getexif().get(_ORIENTATION, 1), (False, ()))
    measured = depth.measured
    if measured is not None and transposed:
        measured = measured[1], measured[0]
    values, valid = (
        (plane.mT if transposed else plane).flip(mirrored) for plane in (depth.values, depth.valid)
    )
    camera = depth.camera
    if camera is not None:
        fx, fy, cx, cy = camera.fx, camera.fy, camera.cx, camera.cy
        fx, fy, cx, cy = (fy, fx, cy, cx) if transposed else (fx, fy, cx, cy)
        height, width = values.shape[1:]
        cx, cy = width - cx if 2 in mirrored else cx, height - cy if 1 in mirrored else cy
        camera = Pinhole(fx, fy, cx, cy)
    return DepthMap.make(values, depth.kind, valid, camera, depth.source, measured)


def _embedded_plane(data: bytes) -> NDArray[np.generic]:
    """(H, W) uint8 or uint16 of the embedded image."""
    if is_png(data):
        return png_pixels(data)[0]
    with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
        check_size(*image.size)
        return np.asarray(image.convert("L"))


def _restore(stored: NDArray[np.generic], record: Record) -> DepthMap:
    if stored.dtype != np.uint16:
        raise FormatError("The depth inside this photo was recompressed to 8 bits by a program.")
    single = stored.astype(np.uint16)
    return restore(_TOP - single if record.near_is_large else single + np.uint16(1), record)


def _from_layout(stored: NDArray[np.generic], layout: dict[str, str]) -> DepthMap:
    """Metres where the file names a unit; else the relative depth that a phone measured."""
    grey = stored.astype(np.float64) / white_of(stored)
    near, far = float(layout.get("Near", "nan")), float(layout.get("Far", "nan"))
    if layout.get("Format") not in ("RangeInverse", "RangeLinear"):
        raise FormatError(
            "The photo does not say how its depth is coded (RangeInverse or -Linear)."
        )
    white = White.of(near=False, disparity=layout["Format"] == "RangeInverse")
    unit = _UNITS.get(layout.get("Units", "").lower())
    if unit is None or not 0 < near < far < float("inf"):
        kind, values = white.relative(grey)
        return DepthMap.make(torch.from_numpy(values), kind)
    metres = white.metres(grey, near * unit, far * unit)
    return DepthMap.make(torch.from_numpy(metres), "metric")
