"""The three ways depth reaches a model: ControlNet, model patch, extra latent channels."""

from __future__ import annotations

from .facts import Connected
from .families import CONTROL_KINDS, UNION_DEPTH, Family
from .resolve import Choice
from .steps import Draft, Given, Link, Pass, Ref

__all__ = ["apply_depth", "route_name"]

Steered = tuple[Link, Link, Link]  # model, positive, negative


def route_name(family: Family, connected: Connected) -> str:
    """How the depth goes in, as text."""
    if family.concat:
        by = "the LoRA's extra latent channels" if connected.model.by_lora else "latent channels"
        return f"{by} (InstructPixToPixConditioning)"
    if connected.patch is not None:
        return f"model patch {connected.patch.name} ({family.patch_node})"
    if connected.control is not None:
        control = connected.control
        union = f", union of {control.union_types} types" if control.union_types else ""
        return f"{CONTROL_KINDS[control.kind]}{union} (ControlNetApplyAdvanced)"
    return "none"


def apply_depth(
    draft: Draft, family: Family, connected: Connected, choice: Choice, base: Steered, run: Pass
) -> Steered:
    """Model and conditionings of one pass with the depth in them."""
    if family.concat:
        return _concatenated(draft, family, choice, base, run)
    if choice.strength == 0:
        _once(draft, "Strength is 0: the depth has no effect and its steps are left out.")
        return base
    if connected.patch is not None:
        return _patched(draft, family, choice, base, run)
    return _controlled(draft, connected, choice, base, run)


def _concatenated(
    draft: Draft, family: Family, choice: Choice, base: Steered, run: Pass
) -> Steered:
    model, positive, negative = base
    if choice.strength != family.strength or choice.start != 0 or choice.end != 1:
        _once(
            draft,
            f"{family.title} has no strength, start or end: the depth always acts fully. Lower "
            "guidance or change the prompt to loosen it.",
        )
    key = run.named("depth")
    draft.add(
        key,
        "InstructPixToPixConditioning",
        positive=positive,
        negative=negative,
        vae=Given("vae"),
        pixels=Given(run.named("hint")),
    )
    return model, Ref(key, 0), Ref(key, 1)


def _patched(draft: Draft, family: Family, choice: Choice, base: Steered, run: Pass) -> Steered:
    model, positive, negative = base
    if choice.start != 0 or choice.end != 1:
        _once(draft, "A model patch has no start and end: the depth acts through the whole run.")
    patched = draft.add(
        run.named("depth"),
        family.patch_node,
        model=model,
        model_patch=Given("model_patch"),
        vae=Given("vae"),
        image=Given(run.named("hint")),
        strength=choice.strength,
    )
    return patched, positive, negative


def _controlled(
    draft: Draft, connected: Connected, choice: Choice, base: Steered, run: Pass
) -> Steered:
    model, positive, negative = base
    key = run.named("depth")
    draft.add(
        key,
        "ControlNetApplyAdvanced",
        positive=positive,
        negative=negative,
        control_net=_typed(draft, connected, run),
        image=Given(run.named("hint")),
        strength=choice.strength,
        start_percent=choice.start,
        end_percent=choice.end,
        vae=Given("vae"),
    )
    if connected.control is not None and connected.control.kind == "sd35":
        _once(
            draft,
            "ComfyUI inverts depth for this ControlNet automatically; it is fed near = white.",
        )
    return model, Ref(key, 0), Ref(key, 1)


def _typed(draft: Draft, connected: Connected, run: Pass) -> Link:
    """The control net, told that it gets depth where it is a union of several types."""
    control = connected.control
    if control is None or not control.union_types or control.kind not in UNION_DEPTH:
        return Given("control_net")
    index, name = UNION_DEPTH[control.kind]
    if run.number > 1:
        return Ref("union_type")
    _once(draft, f"Union ControlNet: type {index} (depth), sent as {name!r}.")
    return draft.add(
        "union_type", "SetUnionControlNetType", control_net=Given("control_net"), type=name
    )


def _once(draft: Draft, note: str) -> None:
    if note not in draft.notes:
        draft.notes.append(note)
