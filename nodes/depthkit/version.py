"""The version of the pack; `pyproject.toml` repeats it for the registries, and a test compares."""

from __future__ import annotations

__all__ = ["VERSION"]

VERSION = "0.1.0"
