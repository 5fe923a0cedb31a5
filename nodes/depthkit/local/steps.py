"""The pieces of a plan: steps, and what their inputs refer to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from .facts import Extent

__all__ = ["Draft", "Given", "Link", "Pass", "Ref", "Step", "Value"]


@dataclass(frozen=True, slots=True)
class Ref:
    """Output `slot` of an earlier step."""

    step: str
    slot: int = 0


@dataclass(frozen=True, slots=True)
class Given:
    """An object the caller holds, by name."""

    name: str


Link: TypeAlias = Ref | Given
"""An object that is made when the graph runs: a model, a latent, conditioning."""
Value: TypeAlias = Link | str | int | float | bool
"""What an input of a core node is set to."""


@dataclass(frozen=True, slots=True)
class Step:
    """One core node."""

    key: str
    class_type: str
    inputs: Mapping[str, Value]


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

    def note(self, text: str) -> None:
        """Append a note, once."""
        if text not in self.notes:
            self.notes.append(text)

    def add(self, key: str, class_type: str, /, **inputs: Value) -> Ref:
        """Append a step; the answer is its first output."""
        self.steps.append(Step(key, class_type, inputs))
        return Ref(key)
