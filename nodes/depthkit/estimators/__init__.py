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
from .geometry_family import (
    GEOMETRY_PREFIX,
    GeometryKind,
    GeometrySettings,
    geometry_estimator,
    geometry_kind,
    is_geometry_name,
)
from .loading import DOWNLOAD_POLICIES, builtin_estimator, ensure_folder, load_estimator
from .model_store import best_installed, fingerprint, model_names
from .model_table import BUILTIN, BUILTIN_LICENCE, MODELS, ModelRow

__all__ = [
    "BUILTIN",
    "BUILTIN_LICENCE",
    "CONSISTENCIES",
    "DETAILS",
    "DOWNLOAD_POLICIES",
    "GEOMETRY_PREFIX",
    "MODELS",
    "Estimate",
    "EstimateOptions",
    "Estimator",
    "GeometryKind",
    "GeometrySettings",
    "ModelRow",
    "Placement",
    "Placer",
    "TakesPrompt",
    "best_installed",
    "builtin_estimator",
    "ensure_folder",
    "estimate",
    "find_device",
    "fingerprint",
    "geometry_estimator",
    "geometry_kind",
    "is_geometry_name",
    "load_estimator",
    "model_names",
    "resident",
]
