"""What the user asks of any generator, on this machine or in the GenVR service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

__all__ = ["GenerationRequest"]

R = TypeVar("R", bound="GenerationRequest")

# How widgets say that the generator's own default is taken.
_AUTO = (None, -1, "auto")


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
    def of(cls: type[R], values: Mapping[str, Any]) -> R:
        """The request in a mapping of widgets or parameters by name; other names are left out.

        -1 and "auto" are None where the generator has a default of its own.
        """
        given = {item.name: item.default for item in fields(cls) if item.name in values}
        return cls(
            **{
                name: values[name]
                for name, default in given.items()
                if default is not None or values[name] not in _AUTO
            }
        )
