"""A plan as text: what was recognised, what was chosen, and the wiring it stands for."""

from __future__ import annotations

from .control_routes import route_name
from .facts import Connected
from .sampling_plan import Given, Ref, SamplingPlan
from .sampling_size import size_multiple
from .steps import Value

__all__ = ["describe", "headline"]

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
    lines += ["Steps:", *(_step_line(index, plan) for index in range(len(plan.steps)))]
    lines += [f"Result:   image = {_value(plan.image, plan)}, latent = {_value(plan.latent, plan)}"]
    lines += [f"Note:     {note}" for note in plan.notes]
    return "\n".join(lines)


def _step_line(index: int, plan: SamplingPlan) -> str:
    step = plan.steps[index]
    inputs = ", ".join(f"{name}={_value(value, plan)}" for name, value in step.inputs.items())
    return f"  {index + 1:>2} {step.class_type}({inputs})"


def _value(value: Value, plan: SamplingPlan) -> str:
    if isinstance(value, Given):
        return f"<{value.name}>"
    if isinstance(value, Ref):
        number = next(i for i, step in enumerate(plan.steps, 1) if step.key == value.step)
        return f"#{number}" if value.slot == 0 else f"#{number}.{value.slot}"
    if isinstance(value, str):
        shown = value if len(value) <= _LONGEST_TEXT else value[: _LONGEST_TEXT - 3] + "..."
        return repr(shown)
    return f"{value:g}" if isinstance(value, float) else str(value)
