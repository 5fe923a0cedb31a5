"""The parts of depthkit that only a running node needs, each imported at the first use of a name.

ComfyUI waits for every pack when it starts; the GenVR client, the file formats, the depth models
and their like are most of ours, and took three quarters of the time. Write
`from .on_demand import formats`, and `formats.encode_frame(...)` inside a function.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__all__ = ["estimators", "formats", "genvr", "local", "scenes", "structure"]


class _Part:
    """Stands for a module until somebody asks it for a name."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(f".depthkit.{self._name}", __package__), name)


if TYPE_CHECKING:
    from .depthkit import estimators, formats, genvr, local, scenes, structure
else:
    estimators, formats, genvr, local, scenes, structure = map(_Part, __all__)
