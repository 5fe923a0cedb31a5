"""A plan as text: what was recognised, what was chosen, and the wiring it stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .control_routes import route_name
from .facts import Connected
from .sampling_plan import SamplingPlan
from .sampling_size import size_multiple
from .steps import Given, Ref, Step, Value

__all__ = ["describe", "headline", "wiring"]

_LONGEST_TEXT = 60


def headline(plan: SamplingPlan, connected: Connected) -> str:
    """One line for the node's face."""
    choice = plan.choice
    return (
        f"{plan.family.title}, {plan.size}, {choice.steps} steps, "
        f"depth through {route_name(plan.family, connected)}"
    )


def describe(plan: SamplingPlan, connected: Connected) -> str:
    """Several lines: facts, settings, steps in order, notes."""
    choice = plan.choice
    guidance = f"{choice.guidance:g}"
    if choice.cfg != choice.guidance:
        guidance += f" inside the model (cfg {choice.cfg:g})"
    sizes = " then ".join(str(run.size) for run in plan.passes)
    multiple = size_multiple(plan.family, connected)
    rows = {
        "Model": f"{plan.family.title} ({connected.model.name})",
        "Depth": f"{connected.depth}, near = white, through {route_name(plan.family, connected)}",
        "Size": f"{sizes}, multiple of {multiple}, images: {plan.frames}",
        "Sampling": f"{choice.steps} steps, {choice.sampler} / {choice.scheduler}, "
        f"guidance {guidance}, seed {choice.seed}",
        "Control": f"strength {choice.strength:g}, {choice.start:g} to {choice.end:g} of the run",
    }
    lines = [f"{name + ':':<10}{text}" for name, text in rows.items()]
    lines += wiring(plan.steps, {"image": plan.image, "latent": plan.latent})
    lines += [f"Note:     {note}" for note in plan.notes]
    return "\n".join(lines)


def wiring(steps: Sequence[Step], results: Mapping[str, Ref]) -> list[str]:
    """The steps in order, and where each result comes from."""
    numbers = {step.key: number for number, step in enumerate(steps, 1)}
    lines = [
        f"  {number:>2} {step.class_type}({_step_inputs(step, numbers)})"
        for number, step in enumerate(steps, 1)
    ]
    ends = ", ".join(f"{name} = {_value(ref, numbers)}" for name, ref in results.items())
    return ["Steps:", *lines, f"Result:   {ends}"]


def _step_inputs(step: Step, numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{name}={_value(value, numbers)}" for name, value in step.inputs.items())


def _value(value: Value, numbers: Mapping[str, int]) -> str:
    if isinstance(value, Given):
        return f"<{value.name}>"
    if isinstance(value, Ref):
        number = numbers[value.step]
        return f"#{number}" if value.slot == 0 else f"#{number}.{value.slot}"
    if isinstance(value, str):
        shown = value if len(value) <= _LONGEST_TEXT else value[: _LONGEST_TEXT - 3] + "..."
        return repr(shown)
    return f"{value:g}" if isinstance(value, float) else str(value)
