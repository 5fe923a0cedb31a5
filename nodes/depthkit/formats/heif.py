"""HEIC and HEIF through pi-heif: the photo whole and upright, and the depth of iPhone portraits."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from ..depth_map import DepthMap, Pinhole
from ..errors import FormatError, FormatUnavailable, MissingInformation
from .apple_depth import AppleDepth, describes
from .guard import damaged_is_an_error
from .heif_boxes import has_plain_names, xmp_items
from .options import AS_FILE_SAYS, LoadOptions, check_size
from .orientation import ORIENTATION, turned
from .unlabelled import Plane, understand, white_of

__all__ = ["decode", "decode_pixels", "recognises"]

_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_TRANSPOSED = (5, 6, 7, 8)
# ITU-T H.265, depth representation information: 2 is even steps in distance, else in disparity.
_EVEN_DISTANCE = 2


def recognises(data: bytes) -> bool:
    return data[4:8] == b"ftyp" and data[8:12] in _BRANDS and b"avif" not in data[8:64]


def _pi_heif() -> ModuleType:
    try:
        import pi_heif
    except ImportError as error:
        raise FormatUnavailable(
            "HEIC photos need the package pi-heif, which is not installed: pip install pi-heif."
        ) from error
    return pi_heif


def decode_pixels(data: bytes) -> NDArray[np.generic]:
    """(H, W, C) uint8 or uint16 of the photo, upright. Raises FormatError."""
    with damaged_is_an_error("HEIC"):
        image = _opened_heif(data)
        return _upright_planes(image)


def _opened_heif(data: bytes) -> Any:
    """The file with its size checked, nothing decoded yet."""
    if not has_plain_names(data):
        raise FormatError("This HEIC is damaged: its list of items cannot be read; copy it again.")
    file = _pi_heif().open_heif(data, convert_hdr_to_8bit=False)
    check_size(*file.size)
    return file


def _upright_planes(image: Any) -> NDArray[np.generic]:
    """Of a photo or an auxiliary image; libheif has turned it upright as the file says."""
    check_size(*image.size)
    planes = np.array(image)
    # Rows may be padded; a decoder that gives another size than it announced is refused.
    width, height = image.size
    if planes.shape[0] != height or planes.shape[1] < width:
        raise FormatError("This HEIC holds another size than it says; copy it again.")
    return np.ascontiguousarray(planes[:, :width])


def decode(data: bytes, options: LoadOptions) -> DepthMap:
    """The depth image of a portrait photo. Raises MissingInformation where there is none."""
    with damaged_is_an_error("HEIC"):
        photo = _opened_heif(data)
        images = photo.info["depth_images"]
        if not images:
            raise MissingInformation(
                "This HEIC photo has no depth inside: iPhones write it in portrait mode only. To "
                "make depth from the photo use Depth Estimation."
            )
        planes = _upright_planes(images[0])
        stored = planes if planes.ndim == 2 else np.ascontiguousarray(planes[..., 0])
        if options.meaning != AS_FILE_SAYS:
            depth = understand(Plane(stored, None, "depth inside the photo"), options)
        else:
            depth = _meant(stored, images[0].info.get("metadata") or {}, data, photo)
        # The depth image is mostly turned by the file like its photo; where not, the Exif says how.
        if (depth.width > depth.height) != (photo.size[0] > photo.size[1]):
            depth = turned(depth, _exif_orientation(photo))
        return depth


def _meant(stored: NDArray[np.generic], facts: Any, data: bytes, photo: Any) -> DepthMap:
    described = next((d for d in map(describes, xmp_items(data)) if d is not None), None)
    if described is not None:
        depth = described.depth_map(stored)
        camera = _sensor_camera(described, depth, photo)
        return DepthMap.make(depth.values, depth.kind, depth.valid, camera)
    grey = torch.from_numpy(stored.astype(np.float64) / white_of(stored)).float()
    if facts.get("representation_type") == _EVEN_DISTANCE:
        return DepthMap.make(1 - grey, "depth")
    return DepthMap.make(grey, "disparity")


def _sensor_camera(described: AppleDepth, depth: DepthMap, photo: Any) -> Pinhole | None:
    """The calibration is of the sensor's image; it is turned with the photo."""
    orientation = _exif_orientation(photo)
    lying = orientation in _TRANSPOSED and photo.size[0] < photo.size[1]
    upright = (depth.width > depth.height) == (photo.size[0] > photo.size[1])
    if not (lying and upright):
        return described.camera(depth.width, depth.height)
    sensor = described.camera(depth.height, depth.width)
    blank = torch.zeros(1, depth.width, depth.height)
    return turned(DepthMap.make(blank, "disparity", camera=sensor), orientation).camera


def _exif_orientation(photo: Any) -> int:
    block = photo.info.get("exif")
    if not block:
        return 1
    tags = Image.Exif()
    tags.load(block)
    return int(tags.get(ORIENTATION, 1))
