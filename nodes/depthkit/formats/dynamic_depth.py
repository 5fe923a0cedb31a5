"""Dynamic Depth: a photo whose depth map is appended to the file, listed in an XMP container.

Source of the layout: the Dynamic Depth 1.0 specification (Container, Item and DepthMap elements).
Items follow the photo one after the other, each with its padding; phones write them as attributes
or as elements, and some append further data of their own behind the last one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..depth_map import Pinhole
from ..errors import FormatError, InvalidInput
from .jpeg_parts import end_of
from .xmp import packets, structures

__all__ = ["camera_of", "find"]

_DEPTH_NAMES = ("depthmap", "depth")
_MAGIC = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG"}
_LARGEST_STRETCH = 0.05
Facts = dict[str, str]


def find(jpeg: bytes) -> tuple[bytes, Facts] | None:
    """The bytes of the appended depth image, and its layout (Format, Near, Far, Units, and what
    the imaging model of its camera says).

    None where the photo lists none. Raises FormatError where what it lists is not there.
    """
    facts = [found for text in packets(jpeg) for found in structures(text)]
    items = [f for f in facts if "Mime" in f and {"Length", "Semantic", "DataURI"} & f.keys()]
    layouts = [f for f in facts if "Format" in f and {"Near", "Far"} & f.keys()]
    layouts.sort(key=lambda f: f.get("ItemSemantic", "Depth").lower() not in _DEPTH_NAMES)
    layout = layouts[0] if layouts else {}
    uri = layout.get("DepthURI", "")
    chosen = next((i for i, item in enumerate(items) if _is_depth_item(item, uri)), None)
    if chosen is None:
        return None
    lens = next((f for f in facts if f.keys() >= {"FocalLengthX", "ImageWidth"}), {})
    return _bytes_of(jpeg, items, chosen), lens | layout


def camera_of(layout: Mapping[str, str], width: int, height: int) -> Pinhole | None:
    """The imaging model scaled to a map of this size; None where the photo has none that fits it.

    Focal lengths are pixels of an image of ImageWidth x ImageHeight. The principal point is 0.5 of
    the image where it is absent; Android's own writer gives it in pixels. Distortion is left out.
    """
    try:
        fx, wide, tall = (
            float(layout[key]) for key in ("FocalLengthX", "ImageWidth", "ImageHeight")
        )
        fy = float(layout.get("FocalLengthY", fx))
        cx, cy = (float(layout.get(f"PrincipalPoint{axis}", 0.5)) for axis in "XY")
    except (KeyError, ValueError):
        return None
    cx, cy = (cx * wide, cy * tall) if 0 < cx <= 1 and 0 < cy <= 1 else (cx, cy)
    inside = 0 < cx < wide and 0 < cy < tall
    # A photo that was turned, with numbers that were not.
    if not inside or abs(wide * height / (tall * width) - 1) > _LARGEST_STRETCH:
        return None
    try:
        return Pinhole(fx, fy, cx, cy).scaled(width / wide, height / tall)
    except InvalidInput:
        return None


def _is_depth_item(item: Mapping[str, str], uri: str) -> bool:
    if item["Mime"].lower() not in _MAGIC:
        return False
    label = item.get("Semantic", item.get("DataURI", ""))
    return bool(uri and item.get("DataURI") == uri) or (
        label.lower().rpartition("/")[2] in _DEPTH_NAMES
    )


def _bytes_of(jpeg: bytes, items: list[Facts], chosen: int) -> bytes:
    length, magic = _whole_number(items[chosen], "Length"), _MAGIC[items[chosen]["Mime"].lower()]
    for start in _places(jpeg, items, chosen):
        if start > 0 and jpeg[start : start + len(magic)] == magic:
            return jpeg[start : start + length] if length else jpeg[start:]
    raise FormatError(
        "The photo lists a depth map that is not in the file any more: a program cut it off when "
        "it saved. Take the photo as the phone wrote it."
    )


def _places(jpeg: bytes, items: list[Facts], chosen: int) -> Iterator[int]:
    """Where the image may begin: counted from the photo's end, then from the end of the file."""
    before = sum(_whole_number(i, "Padding") for i in items[:chosen])
    before += sum(_whole_number(i, "Length") for i in items[1:chosen])
    end = end_of(jpeg)
    if end > 0:
        yield end + before
    behind = sum(_whole_number(i, "Length") + _whole_number(i, "Padding") for i in items[chosen:])
    yield len(jpeg) - behind
    if end > 0:
        yield jpeg.find(_MAGIC[items[chosen]["Mime"].lower()], end)


def _whole_number(item: Mapping[str, str], key: str) -> int:
    text = item.get(key, "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
