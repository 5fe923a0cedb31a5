"""The GenVR service: pictures painted over the depth of a photo, paid once and never lost."""

from __future__ import annotations

from . import credentials, settings, variations, wishes
from .client import Client
from .detection import depth_from_pictures
from .errors import BadParameter, GenvrError, MissingKey
from .models import MODELS, Model, Parameter, model_named
from .pictures import ControlPicture, from_depth, from_images
from .request import Request
from .service import Batch, Limits, Service, spent

__all__ = [
    "MODELS",
    "BadParameter",
    "Batch",
    "Client",
    "ControlPicture",
    "GenvrError",
    "Limits",
    "MissingKey",
    "Model",
    "Parameter",
    "Request",
    "Service",
    "credentials",
    "depth_from_pictures",
    "from_depth",
    "from_images",
    "model_named",
    "settings",
    "spent",
    "variations",
    "wishes",
]
