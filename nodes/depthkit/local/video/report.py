"""A plan for a clip as text."""

from __future__ import annotations

from ..report import wiring
from .facts import ClipConnected
from .plan import VideoPlan

__all__ = ["describe_clip", "headline_clip"]


def headline_clip(plan: VideoPlan) -> str:
    """One line for the node's face."""
    timing = plan.timing
    return (
        f"{plan.family.title}, {plan.size}, {timing.length} frames at {timing.frame_rate:g} a "
        f"second, {plan.choice.steps} steps"
    )


def describe_clip(plan: VideoPlan, connected: ClipConnected) -> str:
    """Several lines: facts, settings, steps in order, notes."""
    choice, family, timing = plan.choice, plan.family, plan.timing
    shift = "" if choice.shift is None else f", shift {choice.shift:g}"
    experts = " (high noise), then model_low_noise" if connected.low_noise else ""
    seconds = timing.length / timing.frame_rate
    rows = {
        "Model": f"{family.title} ({connected.model.name}){experts}",
        "Depth": f"{connected.depth}, near = white, one range for the clip, through {family.node}",
        **_source(connected),
        "Clip": f"{plan.size}, multiple of {family.multiple * connected.model.guide_downscale}; "
        f"{timing.length} frames ({family.first} + {family.step}n) at {timing.frame_rate:g} a "
        f"second, {seconds:.2f} s",
        "Sampling": f"{choice.steps} steps, {choice.sampler} / {choice.scheduler}, guidance "
        f"{choice.guidance:g}{shift}, seed {choice.seed}",
        "Control": f"strength {choice.strength:g}, {choice.start:g} to {choice.end:g} of the run",
    }
    lines = [f"{name + ':':<10}{text}" for name, text in rows.items()]
    lines += wiring(plan.steps, {"image": plan.image, "latent": plan.latent, "video": plan.video})
    return "\n".join([*lines, *(f"Note:     {note}" for note in plan.notes)])


def _source(connected: ClipConnected) -> dict[str, str]:
    if connected.source is None:
        return {}
    return {"Source": f"{connected.source}, painted anew where the mask is white, by the depth"}
