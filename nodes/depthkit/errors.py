"""The errors a user can meet. Every message ends in what to do next.

DepthError
|- InvalidInput       a connected or typed value cannot be used (also a ValueError)
|- MissingInformation the value is fine, but something needed with it is absent (also a ValueError)
|- FormatError        a file cannot be read right or written whole
|- FormatUnavailable  the library that brings a format is not installed
|- ModelError         a depth model is absent, damaged, or of another architecture
|- DownloadError      a download was refused, cut short, or has no room
|- PlanError          the connected model and ControlNet cannot work together
`- GenvrError         the remote service (its own tree is in `genvr/errors.py`)
Stopped               not a fault: the user pressed Stop
"""

from __future__ import annotations

import re

__all__ = [
    "DepthError",
    "DownloadError",
    "FormatError",
    "FormatUnavailable",
    "GenvrError",
    "InvalidInput",
    "MissingInformation",
    "ModelError",
    "PlanError",
    "Stopped",
]


class DepthError(Exception):
    """Root of everything this pack raises on purpose."""

    def __init_subclass__(cls) -> None:
        _set_notice_title(cls)


def _set_notice_title(kind: type) -> None:
    """What a notice in ComfyUI begins with: "GenVR Depth, missing key" and the like.

    ComfyUI shows the module and the qualified name of an error before its text, and for built-in
    errors the name alone. Our module is a path of the server that fills the notice.
    """
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).lower()
    kind.__module__ = "builtins"
    kind.__qualname__ = f"GenVR Depth, {words}"


_set_notice_title(DepthError)


class InvalidInput(DepthError, ValueError):
    """A value the user connected or typed cannot be used as it is."""


class MissingInformation(DepthError, ValueError):
    """A conversion needs a camera, a range or a unit that the depth map does not carry."""


class FormatError(DepthError):
    """A file cannot be read right, or cannot be written whole."""


class FormatUnavailable(DepthError):
    """The library that brings a format is not installed."""


class ModelError(DepthError):
    """A depth model is absent, damaged, or of an architecture this loader does not know."""


class DownloadError(DepthError):
    """A download was refused by policy, cut short, or had no room."""


class PlanError(DepthError):
    """The connected model, ControlNet and inputs cannot work together."""


class GenvrError(DepthError):
    """Root of the remote service's errors."""


class Stopped(Exception):
    """The user pressed Stop; the node border turns it into the host's own interrupt."""
