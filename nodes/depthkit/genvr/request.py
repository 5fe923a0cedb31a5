"""One image to be generated: what makes two requests the same request."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

from ..generation_request import GenerationRequest
from .control_images import ControlImage
from .service_models import Model

__all__ = ["Request"]

_SHARED = frozenset(item.name for item in fields(GenerationRequest))


@dataclass(frozen=True, eq=False)
class Request:
    """Build with `Request.make`, which validates every parameter before anything is sent.

    asked: what every generator reads; options: the model's further parameters; defaults are filled
    in. `take` is 0 for the first image, other numbers ask for another one of the same on purpose.
    """

    model: Model
    asked: GenerationRequest
    options: Mapping[str, Any]
    image: ControlImage = field(repr=False)
    take: int = 0

    @classmethod
    def make(
        cls, model: Model, values: Mapping[str, Any], image: ControlImage, take: int = 0
    ) -> Request:
        """Raises BadParameter naming the parameter and its range."""
        clean = model.clean(values)
        options = {name: value for name, value in clean.items() if name not in _SHARED}
        return cls(model, GenerationRequest.of(clean), options, image, int(take))

    @property
    def values(self) -> dict[str, Any]:
        """Every parameter of the model by name."""
        shared = [p.name for p in self.model.parameters if p.name in _SHARED]
        return {name: getattr(self.asked, name) for name in shared} | dict(self.options)

    @cached_property
    def key(self) -> str:
        """sha256 of model, every parameter, take, and the image's pixels.

        Not in it: address, user, key, upload URL, and v1 or v2 (their bodies are identical, and a
        changed version must not pay again).
        """
        asked_for = {
            "category": self.model.category,
            "subcategory": self.model.subcategory,
            "parameters": self.values,
            "image": self.image.identity,
            "take": self.take,
        }
        text = json.dumps(asked_for, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def summary(self) -> str:
        """A short description: how the prompt begins and ends (the style), and the seed."""
        words = self.asked.prompt or str(self.options.get("detector", ""))
        short = words if len(words) <= 60 else f"{words[:26]}…{words[-33:]}"
        seed = f" · seed {self.asked.seed}" if self.model.parameter("seed") else ""
        take = f" · take {self.take}" if self.take else ""
        return f'"{short}"{seed}{take}'
