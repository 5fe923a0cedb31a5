"""Thin node classes. One explicit table, literal ids: static scanners and people find them here."""

from __future__ import annotations

from . import host
from .generate_local import GenVRDepthGenerateLocal
from .preview import GenVRDepthPreview

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS"]

NODE_CLASS_MAPPINGS: dict[str, type] = {
    "GenVRDepthGenerateLocal": GenVRDepthGenerateLocal,
    "GenVRDepthPreview": GenVRDepthPreview,
}

NODE_DISPLAY_NAME_MAPPINGS: dict[str, str] = {
    "GenVRDepthGenerateLocal": "Generate from Depth (Local)",
    "GenVRDepthPreview": "Preview Depth",
}

host.register()
