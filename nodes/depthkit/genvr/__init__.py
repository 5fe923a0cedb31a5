"""The GenVR service: images painted over the depth of a photo, paid once and never lost."""

from __future__ import annotations

from . import credentials, request_grid, settings, variations
from .client import Client
from .control_images import ControlImage, from_depth, from_images
from .detection import depth_from_images
from .key_check import check_key
from .request import Request
from .service import Batch, Limits, Service, spent
from .service_errors import BadParameter, GenvrError, MissingKey
from .service_models import MODELS, Model, Parameter, model_named

__all__ = [
    "MODELS",
    "BadParameter",
    "Batch",
    "Client",
    "ControlImage",
    "GenvrError",
    "Limits",
    "MissingKey",
    "Model",
    "Parameter",
    "Request",
    "Service",
    "check_key",
    "credentials",
    "depth_from_images",
    "from_depth",
    "from_images",
    "model_named",
    "request_grid",
    "settings",
    "spent",
    "variations",
]
