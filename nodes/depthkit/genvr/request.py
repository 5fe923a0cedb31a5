"""One image that somebody wants: what makes two wishes the same wish."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..generation_request import GenerationRequest
from .control_images import ControlImage
from .service_models import Model

__all__ = ["Request"]


@dataclass(frozen=True, eq=False)
class Request:
    """Build with `Request.make`, which validates every parameter before anything is sent.

    `values` holds every parameter of the model, defaults filled in; `take` is 0 for the first
    image, other numbers ask for another one of the same wish on purpose.
    """

    model: Model
    values: Mapping[str, Any]
    image: ControlImage = field(repr=False)
    take: int = 0

    @classmethod
    def make(
        cls, model: Model, values: Mapping[str, Any], image: ControlImage, take: int = 0
    ) -> Request:
        """Raises BadParameter naming the parameter and its range."""
        return cls(model, model.clean(values), image, int(take))

    @cached_property
    def key(self) -> str:
        """sha256 of model, every parameter, take, and the image's pixels.

        Not in it: address, user, key, upload URL, and v1 or v2 (their bodies are identical, and a
        changed version must not pay again).
        """
        wish = {
            "category": self.model.category,
            "subcategory": self.model.subcategory,
            "parameters": self.values,
            "image": self.image.identity,
            "take": self.take,
        }
        text = json.dumps(wish, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def asked(self) -> GenerationRequest:
        """The parameters that every generator has, under its own names."""
        return GenerationRequest.of(self.values)

    @property
    def summary(self) -> str:
        """A short description: how the prompt begins and ends (the style), and the seed."""
        words = self.asked.prompt or str(self.values.get("detector", ""))
        short = words if len(words) <= 60 else f"{words[:26]}…{words[-33:]}"
        seed = f" · seed {self.asked.seed}" if "seed" in self.values else ""
        take = f" · take {self.take}" if self.take else ""
        return f'"{short}"{seed}{take}'
