"""The GenVR service: pictures painted over the depth of a photo, paid once and never lost."""

from __future__ import annotations

from .errors import GenvrError
from .models import MODELS, Model, model_named
from .pictures import ControlPicture, from_depth, from_images
from .request import Request
from .service import Batch, Limits, Service

__all__ = [
    "MODELS",
    "Batch",
    "ControlPicture",
    "GenvrError",
    "Limits",
    "Model",
    "Request",
    "Service",
    "from_depth",
    "from_images",
    "model_named",
]
