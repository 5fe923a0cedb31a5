"""The servers of this tier; skipped with the reason where there is no ComfyUI."""

from __future__ import annotations

import shutil

import films as film_models
import local_models
import pytest
from load_pack import SUPPORT


@pytest.fixture(scope="session")
def comfy(tmp_path_factory, comfy_factory):
    """The shared server, with the stand-in nodes."""
    base = tmp_path_factory.mktemp("comfy")
    (base / "custom_nodes").mkdir()
    shutil.copy(SUPPORT / "stand_ins.py", base / "custom_nodes")
    return comfy_factory(base=base)


@pytest.fixture(scope="session")
def local(tmp_path_factory, comfy_factory):
    """A server of its own with the small random models of local generation."""
    base = tmp_path_factory.mktemp("local")
    local_models.prepare(base)
    return comfy_factory(base=base, extra=("--fp32-text-enc", "--preview-method", "latent2rgb"))


@pytest.fixture(scope="session")
def films(tmp_path_factory, comfy_factory):
    """A server of its own with small random video models."""
    base = tmp_path_factory.mktemp("films")
    film_models.prepare_films(base)
    return comfy_factory(base=base)
