"""Depth models behind one small interface, and the driver that runs any of them on any image."""

from __future__ import annotations

from .base import (
    CONSISTENCIES,
    DETAILS,
    Estimate,
    EstimateOptions,
    Estimator,
    Placement,
    Placer,
    TakesPrompt,
    resident,
)
from .devices import find_device
from .driver import estimate
from .loading import DOWNLOAD_POLICIES, builtin_estimator, ensure_folder, load_estimator
from .model_store import fingerprint, model_names
from .model_table import BUILTIN, BUILTIN_LICENCE, MODELS, ModelRow

__all__ = [
    "BUILTIN",
    "BUILTIN_LICENCE",
    "CONSISTENCIES",
    "DETAILS",
    "DOWNLOAD_POLICIES",
    "MODELS",
    "Estimate",
    "EstimateOptions",
    "Estimator",
    "ModelRow",
    "Placement",
    "Placer",
    "TakesPrompt",
    "builtin_estimator",
    "ensure_folder",
    "estimate",
    "find_device",
    "fingerprint",
    "load_estimator",
    "model_names",
    "resident",
]
