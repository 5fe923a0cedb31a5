"""Prompt and workflow inside image files, in the form ComfyUI's frontend reads back.

Exif: one ASCII tag per text, `key:json`, in the tags that core uses for WebP.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Literal

from PIL import Image

__all__ = ["JPEG_EXIF_LIMIT", "Carrier", "exif", "exif_tags", "fits", "sidecar"]

# Make and Model: what the frontend's own WebP and AVIF readers go through.
_TAGS = {"workflow": 0x010F, "prompt": 0x0110}
# An APP1 segment has a 16-bit length; Pillow refuses more.
JPEG_EXIF_LIMIT = 65_533 - 6

# What of prompt and workflow a format can hold: everything, as much as one JPEG segment, nothing.
Carrier = Literal["all", "jpeg", "none"]


def fits(carrier: Carrier, texts: Mapping[str, str]) -> bool:
    """Whether a file of that kind holds all of the texts, so that no sidecar is needed."""
    if carrier == "jpeg":
        return len(exif(texts)) <= JPEG_EXIF_LIMIT
    return carrier == "all"


def exif_tags(texts: Mapping[str, str]) -> dict[int, str]:
    """Tag number -> text for what Exif can carry."""
    return {tag: f"{key}:{texts[key]}" for key, tag in _TAGS.items() if key in texts}


def exif(texts: Mapping[str, str]) -> bytes:
    """An Exif block with the texts, empty where there is nothing to say."""
    tags = exif_tags(texts)
    if not tags:
        return b""
    block = Image.Exif()
    for tag, text in tags.items():
        block[tag] = text
    return block.tobytes()


def sidecar(texts: Mapping[str, str], record: str | None = None) -> str:
    """The JSON beside a file that cannot carry its texts.

    It is the workflow itself with two further keys, so that dropping it on the canvas restores it.
    """
    body = json.loads(texts["workflow"]) if "workflow" in texts else {}
    body = body if isinstance(body, dict) else {"workflow": body}
    if "prompt" in texts:
        body["prompt"] = json.loads(texts["prompt"])
    if record is not None:
        body["genvr_depth"] = json.loads(record)
    return json.dumps(body)
