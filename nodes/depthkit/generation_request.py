"""What the user asks of any generator, on this machine or in the GenVR service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

__all__ = ["GenerationRequest"]


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One prompt with its seed; None stands for the generator's own default.

    guidance: how strictly the prompt is followed, in the generator's own scale. count: images of
    this prompt.
    """

    prompt: str = ""
    negative_prompt: str = ""
    seed: int = 0
    count: int = 1
    steps: int | None = None
    guidance: float | None = None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> GenerationRequest:
        """The request in a mapping by name; other names are left out."""
        names = [item.name for item in fields(cls)]
        return cls(**{name: values[name] for name in names if name in values})
