"""Depth models behind one small interface, and the driver that runs any of them on any picture."""

from __future__ import annotations

from .base import (
    CONSISTENCIES,
    DETAILS,
    Estimate,
    EstimateOptions,
    Estimator,
    Placement,
    Placer,
    resident,
)
from .driver import estimate
from .loading import DOWNLOAD_POLICIES, builtin_estimator, load_estimator
from .table import BUILTIN, MODELS, ModelRow

__all__ = [
    "BUILTIN",
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
    "builtin_estimator",
    "estimate",
    "load_estimator",
    "resident",
]
