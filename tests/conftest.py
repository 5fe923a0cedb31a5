"""Loads the pack as ComfyUI does: by file location, under one alias, whatever its folder is."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]


def _load_pack() -> None:
    spec = importlib.util.spec_from_file_location(
        "genvr_depth", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["genvr_depth"] = module
    spec.loader.exec_module(module)


_load_pack()

# The tensors here are tiny: waking a second thread costs more than it computes.
torch.set_num_threads(1)

# A loaded machine is no fault of the code.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def tiny_models():
    """The module `tests/tiny_models.py`; test folders are not on sys.path."""
    spec = importlib.util.spec_from_file_location("tiny_models", ROOT / "tests" / "tiny_models.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
