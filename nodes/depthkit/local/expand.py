"""A plan as a graph: in a host's graph builder, or as the API-format prompt of a workflow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .sampling_plan import Given, Ref, SamplingPlan

__all__ = ["expand"]


def expand(plan: SamplingPlan, given: Mapping[str, Any], graph: Any) -> tuple[Any, Any]:
    """Add the plan's steps to `graph` and give the links of its image and its latent.

    graph: has `node(class_type, id, **inputs)`, whose answer has `out(slot)`.
    given: the objects that the plan's `Given` inputs name.
    """
    built: dict[str, Any] = {}

    def value(item: Any) -> Any:
        if isinstance(item, Ref):
            return built[item.step].out(item.slot)
        return given[item.name] if isinstance(item, Given) else item

    for step in plan.steps:
        inputs = {name: value(item) for name, item in step.inputs.items()}
        built[step.key] = graph.node(step.class_type, step.key, **inputs)
    return value(plan.image), value(plan.latent)
