"""The `comfy` fixture: one real server for the whole run, skipped with its reason otherwise."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

# importlib import mode keeps test folders off sys.path; the helper is loaded by its file.
_spec = importlib.util.spec_from_file_location(
    "comfy_server", Path(__file__).with_name("server.py")
)
assert _spec is not None
assert _spec.loader is not None
server = importlib.util.module_from_spec(_spec)
sys.modules["comfy_server"] = server
_spec.loader.exec_module(server)


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
        instance = server.Comfy(
            **{"checkout": Path(checkout), "base": base, "python": python, **overrides}
        )
        started.append(instance)
        instance.start()
        return instance

    yield make
    for instance in started:
        instance.stop()


@pytest.fixture(scope="session")
def comfy(comfy_factory):
    """The shared server."""
    return comfy_factory()
