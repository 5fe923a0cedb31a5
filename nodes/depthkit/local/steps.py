"""The pieces of a plan: steps, and what their inputs refer to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .facts import Extent

__all__ = ["Draft", "Given", "Pass", "Ref", "Step"]


@dataclass(frozen=True, slots=True)
class Ref:
    """Output `slot` of an earlier step."""

    step: str
    slot: int = 0


@dataclass(frozen=True, slots=True)
class Given:
    """An object the caller holds, by name."""

    name: str


@dataclass(frozen=True, slots=True)
class Step:
    """One core node."""

    key: str
    class_type: str
    inputs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pass:
    """One sampling run: its size, and what is appended to the names that belong to it."""

    number: int
    size: Extent
    suffix: str = ""

    def named(self, what: str) -> str:
        return f"{what}{self.suffix}"


@dataclass(slots=True)
class Draft:
    """A plan being written."""

    steps: list[Step] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, key: str, class_type: str, /, **inputs: Any) -> Ref:
        """Append a step; the answer is its first output."""
        self.steps.append(Step(key, class_type, inputs))
        return Ref(key)
