"""`comfy_factory`: real ComfyUI servers, for the comfy and the browser tier."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from comfy_server import Comfy


@pytest.fixture(scope="session")
def comfy_factory(tmp_path_factory):
    """make(**overrides) -> a started Comfy; every server is stopped at the end of the run."""
    checkout = os.environ.get("COMFYUI_PATH")
    if not checkout:
        pytest.skip("set COMFYUI_PATH to a ComfyUI checkout to run this tier")
    started = []

    def make(**overrides):
        base = overrides.pop("base", None) or tmp_path_factory.mktemp("comfy")
        python = os.environ.get("COMFYUI_PYTHON", sys.executable)
        instance = Comfy(
            **{"checkout": Path(checkout), "base": base, "python": python, **overrides}
        )
        started.append(instance)
        instance.start()
        return instance

    yield make
    for instance in started:
        instance.stop()
