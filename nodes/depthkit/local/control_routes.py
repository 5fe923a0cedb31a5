"""The three ways depth reaches a model: ControlNet, model patch, extra latent channels."""

from __future__ import annotations

from .facts import Connected, PatchFacts
from .family import CONTROL_KINDS, UNION_DEPTH, Family
from .own_routes import OWN_ROUTES, Steered
from .resolve import Choice
from .steps import Draft, Given, Link, Pass, Ref, Value

__all__ = ["apply_depth", "route_name"]


def route_name(family: Family, connected: Connected) -> str:
    """How the depth goes in, as text."""
    if family.concat:
        by = "the LoRA's extra latent channels" if connected.model.by_lora else "latent channels"
        return f"{by} (InstructPixToPixConditioning)"
    if family.route:
        return OWN_ROUTES[family.route][1]
    if connected.patch is not None:
        node = connected.patch.node or family.patch_node
        return f"model patch {connected.patch.name} ({node})"
    if connected.control is not None:
        control = connected.control
        union = f", union of {control.union_types} types" if control.union_types else ""
        return f"{CONTROL_KINDS[control.kind]}{union} (ControlNetApplyAdvanced)"
    if family.editor and connected.by_prompt:
        return f"an image beside the prompt ({family.editor})"
    return "none"


def apply_depth(
    draft: Draft,
    family: Family,
    connected: Connected,
    choice: Choice,
    base: Steered,
    run: Pass,
    latent: Link,
) -> Steered:
    """Model and conditionings of one pass with the depth in them; latent: what it starts from."""
    if family.concat:
        return _concatenated(draft, family, choice, base, run)
    if choice.strength == 0:
        draft.note("Strength is 0: the depth has no effect and its steps are left out.")
        return base
    if family.route:
        return OWN_ROUTES[family.route][0](draft, connected, choice, base, run, latent)
    if connected.patch is not None:
        return _patched(draft, family, connected.patch, choice, base, run)
    if family.editor and connected.by_prompt:
        return base
    return _controlled(draft, connected, choice, base, run)


def _concatenated(
    draft: Draft, family: Family, choice: Choice, base: Steered, run: Pass
) -> Steered:
    model, positive, negative = base
    if choice.strength != family.strength or choice.start != 0 or choice.end != 1:
        draft.note(
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


def _patched(
    draft: Draft, family: Family, patch: PatchFacts, choice: Choice, base: Steered, run: Pass
) -> Steered:
    """The inputs that the patch's own node declares; where they are not known, those of 0.27."""
    model, positive, negative = base
    declared = dict(patch.inputs) or _PATCH_INPUTS.get(patch.kind, _USUAL_INPUTS)
    image = next(name for name, kind in declared.items() if kind == "IMAGE")
    inputs: dict[str, Value] = {
        "model": model,
        "model_patch": Given("model_patch"),
        "vae": Given("vae"),
        image: Given(run.named("hint")),
        "strength": choice.strength,
        "start_percent": choice.start,
        "end_percent": choice.end,
    }
    if "start_percent" not in declared and (choice.start != 0 or choice.end != 1):
        draft.note(
            "The node of this model patch has no start and end: the depth acts through the whole "
            "run.",
        )
    if patch.guessed:
        draft.note(
            f"Warning: the model patch ({patch.name}) is not known. It gets the node that its "
            f"class names, {patch.node}, with the depth as {image}.",
        )
    known = {name: value for name, value in inputs.items() if name in declared}
    node = patch.node or family.patch_node
    return draft.add(run.named("depth"), node, **known), positive, negative


_USUAL_INPUTS = {
    "model": "MODEL",
    "model_patch": "MODEL_PATCH",
    "vae": "VAE",
    "image": "IMAGE",
    "strength": "FLOAT",
}
_PATCH_INPUTS = {
    "anima-lllite": {
        "model": "MODEL",
        "model_patch": "MODEL_PATCH",
        "image": "IMAGE",
        "strength": "FLOAT",
        "start_percent": "FLOAT",
        "end_percent": "FLOAT",
    }
}


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
        draft.note(
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
    draft.note(f"Union ControlNet: type {index} (depth), sent as {name!r}.")
    return draft.add(
        "union_type", "SetUnionControlNetType", control_net=Given("control_net"), type=name
    )
