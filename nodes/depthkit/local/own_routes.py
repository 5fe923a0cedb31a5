"""Families whose depth goes in through nodes of their own; read in their documentation, not run."""

from __future__ import annotations

from collections.abc import Callable

from .facts import Connected
from .resolve import Choice
from .steps import Draft, Given, Link, Pass, Ref, Value

__all__ = ["OWN_ROUTES", "Steered"]

Steered = tuple[Link, Link, Link]  # model, positive, negative
Route = Callable[[Draft, Connected, Choice, Steered, Pass, Link], Steered]

_FLUX2_STRONGEST = 2.0


def _moss(
    draft: Draft, connected: Connected, choice: Choice, base: Steered, run: Pass, latent: Link
) -> Steered:
    """The adapter is a LoRA; the maps become part of the conditioning."""
    model, positive, negative = base
    maps: dict[str, Value] = {"depth_map": Given(run.named("hint"))}
    if connected.color_map is not None:
        maps["color_map"] = Given(run.named("color_map"))
    key = run.named("depth")
    draft.add(
        key, "MOSSImageControl", positive=positive, negative=negative, vae=Given("vae"),
        strength=choice.strength, start_percent=choice.start, end_percent=choice.end, **maps,
    )  # fmt: skip
    return model, Ref(key, 0), Ref(key, 1)


def _flux2(
    draft: Draft, connected: Connected, choice: Choice, base: Steered, run: Pass, latent: Link
) -> Steered:
    model, positive, negative = base
    if (choice.start, choice.end) != (0, 1):
        draft.note("FLUX.2's ControlNet has no start and end: the depth acts through the run.")
    steered = draft.add(
        run.named("depth"), "Flux2FunControlNetApply", conditioning=positive,
        controlnet=Given("control_net"), vae=Given("vae"),
        strength=min(choice.strength, _FLUX2_STRONGEST), control_image=Given(run.named("hint")),
    )  # fmt: skip
    return model, steered, negative


def _krea2(
    draft: Draft, connected: Connected, choice: Choice, base: Steered, run: Pass, latent: Link
) -> Steered:
    """The control LoRA widens the input of the model by the latent of the depth."""
    model, positive, negative = base
    if choice.strength != 1 or (choice.start, choice.end) != (0, 1):
        draft.note("Strength is set where the control LoRA is loaded; there is no start and end.")
    encoded = draft.add(
        run.named("control_latent"), "Krea2ControlImageEncode",
        control_image=Given(run.named("hint")), vae=Given("vae"), resize="match_latent_size",
        upscale_method="lanczos", crop="disabled", channel_mode="grayscale",
        normalize="per_image_minmax", invert=False, batch_mode="independent_images", latent=latent,
    )  # fmt: skip
    steered = draft.add(
        run.named("depth"), "Krea2ControlApply", model=model, control_latent=encoded
    )
    return steered, positive, negative


OWN_ROUTES: dict[str, tuple[Route, str]] = {
    "moss": (_moss, "a control LoRA and two maps (MOSSImageControl)"),
    "flux2": (_flux2, "FLUX.2 Fun ControlNet (Flux2FunControlNetApply)"),
    "krea2": (_krea2, "a control LoRA (Krea2ControlApply)"),
}
"""Key of a family's route -> how it is wired, and its name."""
