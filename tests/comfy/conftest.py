"""The `comfy` fixture: one real server for the whole run, skipped with its reason otherwise."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path

import pytest


# importlib import mode keeps test folders off sys.path; the helper is loaded by its file.
def _load(name: str, file: str):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(file))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


server = _load("comfy_server", "server.py")
# The models are written in its words.
_load("comfy_graph", "graph.py")
local_models = _load("local_models", "local_models.py")


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
def comfy(tmp_path_factory, comfy_factory):
    """The shared server, with the stand-in nodes."""
    base = tmp_path_factory.mktemp("comfy")
    (base / "custom_nodes").mkdir()
    shutil.copy(Path(__file__).with_name("stand_ins.py"), base / "custom_nodes")
    return comfy_factory(base=base)


@pytest.fixture(scope="session")
def local(tmp_path_factory, comfy_factory):
    """A server of its own with the small random models of local generation."""
    base = tmp_path_factory.mktemp("local")
    local_models.prepare(base)
    return comfy_factory(base=base, extra=("--fp32-text-enc", "--preview-method", "latent2rgb"))
