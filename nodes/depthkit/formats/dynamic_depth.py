"""Dynamic Depth: a photo whose depth map is appended to the file, listed in an XMP container.

Source of the layout: the Dynamic Depth 1.0 specification (Container, Item and DepthMap elements).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import MissingInformation
from .xmp import packets, parse

__all__ = ["find"]

_DEPTH_NAMES = ("depthmap", "depth")


def find(
    jpeg: bytes, properties: dict[str, str], plane: Callable[[bytes], Any]
) -> tuple[Any, dict[str, str]]:
    """The embedded plane, and its layout (Format, Near, Far, Units).

    plane: decodes the appended image. Raises MissingInformation where the photo has no depth.
    """
    items = _items(jpeg)
    chosen = next((i for i, item in enumerate(items) if _is_depth(item)), None)
    if chosen is None:
        raise MissingInformation(
            "This JPEG has no depth inside. Phones write it only in portrait mode, and most "
            "programs drop it when they save. For a grey image of depth use Image to Depth."
        )
    behind = sum(_item_length(item) for item in items[chosen + 1 :])
    end = len(jpeg) - behind
    start = end - _item_length(items[chosen])
    layout = {
        key.rpartition("}")[2]: value
        for key, value in properties.items()
        if "depthmap" in key.lower()
    }
    return plane(jpeg[max(start, 0) : end]), layout


def _items(jpeg: bytes) -> list[dict[str, str]]:
    """Local attribute names of every container item, in file order."""
    found = []
    for text in packets(jpeg):
        for element in parse(text).iter():
            item = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
            if "Mime" in item and ("Length" in item or "Semantic" in item or "DataURI" in item):
                found.append(item)
    return found


def _is_depth(item: dict[str, str]) -> bool:
    label = item.get("Semantic", item.get("DataURI", "")).lower().rpartition("/")[2]
    return label in _DEPTH_NAMES and item["Mime"].lower() in ("image/jpeg", "image/png")


def _item_length(item: dict[str, str]) -> int:
    text = item.get("Length", "0")
    return int(text) if text.isdigit() else 0
