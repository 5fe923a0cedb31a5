"""Nodes of a prompt as ComfyUI's API takes them."""

from __future__ import annotations

from typing import Any

__all__ = ["node", "show"]


def node(class_type: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs}


def show(images: list[Any]) -> dict[str, Any]:
    return node("PreviewImage", images=images)
