"""The variables of the environment that the pack reads; no other module reads them.

| variable | meaning |
|---|---|
| GENVR_DEPTH_HOME | the data folder of the command line |
| GENVR_DEPTH_REMOTE_CHANGES | 1: other computers may change keys and caps in ComfyUI's settings |
| GENVR_DEPTH_PRIVATE_ADDRESSES | 1: a profile set in the browser may name a private address |
| GENVR_API_KEY, GENVR_TOKEN, GENVR_ACCESS_TOKEN | the key of the profile `default` |
| GENVR_UID, GENVR_USER_ID | its user id |
| GENVR_API_BASE, GENVR_API_VERSION, GENVR_IMAGE_HOSTS | its address, protocol, image hosts |
"""

from __future__ import annotations

import os
from collections.abc import Mapping

__all__ = ["HOME", "PRIVATE_ADDRESSES", "REMOTE_CHANGES", "is_on", "variables"]

HOME = "GENVR_DEPTH_HOME"
PRIVATE_ADDRESSES = "GENVR_DEPTH_PRIVATE_ADDRESSES"
REMOTE_CHANGES = "GENVR_DEPTH_REMOTE_CHANGES"


def variables() -> Mapping[str, str]:
    """All of them, as they are now."""
    return os.environ


def is_on(name: str, among: Mapping[str, str] | None = None) -> bool:
    """Whether a switch is set to 1, true, yes or on. among: other variables than the real ones."""
    found = variables() if among is None else among
    return found.get(name, "").strip().lower() in ("1", "true", "yes", "on")
