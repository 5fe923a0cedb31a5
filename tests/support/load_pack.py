"""Loads the pack as ComfyUI does: by file location, under one alias, whatever its folder is."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

SUPPORT = Path(__file__).resolve().parent
ROOT = SUPPORT.parents[1]


def load_pack(root: Path = ROOT) -> ModuleType:
    """Execute the pack anew and register it as `genvr_depth`."""
    spec = importlib.util.spec_from_file_location(
        "genvr_depth", root / "__init__.py", submodule_search_locations=[str(root)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{root} holds no pack")
    module = importlib.util.module_from_spec(spec)
    sys.modules["genvr_depth"] = module
    spec.loader.exec_module(module)
    return module
