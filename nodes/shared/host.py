"""Two hosts stand behind one small interface: ComfyUI, and none (tests, the command line)."""

from __future__ import annotations

import sys

from .headless import HeadlessHost
from .host_interface import Host, ManagedModel, PrivatePlace, SaveTarget, Task

__all__ = ["HeadlessHost", "Host", "ManagedModel", "PrivatePlace", "SaveTarget", "Task", "current"]


def current() -> Host:
    """The host this process runs in, recognised by ComfyUI's own modules."""
    if "folder_paths" not in sys.modules or "comfy" not in sys.modules:
        return HeadlessHost()
    from .comfy_host import ComfyHost

    return ComfyHost()


def register() -> None:
    """At import of the pack: make our model folder known, so extra_model_paths.yaml applies, and
    let the runs of several users be told apart."""
    current().register()
