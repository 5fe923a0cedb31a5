"""A plan as a graph: in a host's graph builder, or as the API-format prompt of a workflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from .sampling_plan import SamplingPlan
from .steps import Given, Ref, Step, Value

__all__ = ["expand", "expand_steps"]


class Node(Protocol):
    """A node of the host's graph builder."""

    def out(self, slot: int, /) -> Any: ...


class Graph(Protocol):
    """The host's graph builder, or one that writes the API format."""

    def node(self, class_type: str, id: str, /, **inputs: Any) -> Any: ...


def expand(plan: SamplingPlan, given: Mapping[str, object], graph: Graph) -> tuple[object, object]:
    """Add the plan's steps to `graph` and give the links of its image and its latent.

    given: the objects that the plan's `Given` inputs name.
    """
    image, latent = expand_steps(plan.steps, (plan.image, plan.latent), given, graph)
    return image, latent


def expand_steps(
    steps: Sequence[Step], results: Sequence[Ref], given: Mapping[str, object], graph: Graph
) -> list[object]:
    """Add steps to `graph` and give the links of the results."""
    built: dict[str, Node] = {}

    def value(item: Value) -> object:
        if isinstance(item, Ref):
            return built[item.step].out(item.slot)
        return given[item.name] if isinstance(item, Given) else item

    for step in steps:
        inputs = {name: value(item) for name, item in step.inputs.items()}
        built[step.key] = graph.node(step.class_type, step.key, **inputs)
    return [value(result) for result in results]
