"""From facts and settings to a plan: the core nodes an expert would have wired, in order.

Pure: the same facts give the same plan, with or without ComfyUI. A step's inputs are literals,
`Ref` (an output of an earlier step) or `Given` (an object the caller holds: the connected model,
the depth resampled to the size of a pass, and so on).
"""

from __future__ import annotations

from dataclasses import dataclass

from .control_routes import Steered, apply_depth
from .facts import Connected, Extent, Settings
from .families import family_of
from .family import Family
from .pairing import check_pairing
from .resolve import Choice, resolve
from .sampling_size import sampling_size, second_size, size_notes
from .steps import Draft, Given, Link, Pass, Ref, Step

__all__ = ["Given", "Pass", "Ref", "SamplingPlan", "Step", "make_plan"]


@dataclass(frozen=True, slots=True)
class SamplingPlan:
    family: Family
    choice: Choice
    passes: tuple[Pass, ...]
    frames: int  # images that come out
    steps: tuple[Step, ...]
    image: Ref
    latent: Ref
    notes: tuple[str, ...]

    @property
    def size(self) -> Extent:
        """Of the finished image."""
        return self.passes[-1].size


def make_plan(connected: Connected, settings: Settings) -> SamplingPlan:
    """The plan, or PlanError with a remedy where the connected things cannot work together."""
    family = family_of(connected.model)
    choice = resolve(family, settings)
    check_pairing(family, connected, strength=choice.strength)
    passes = _pass_sizes(family, connected, settings)
    draft = Draft()
    draft.notes += _notes(family, connected, settings) + size_notes(
        family, connected, passes[0].size
    )
    texts = _prompts(draft, family, connected, settings, choice)
    model = _shifted_model(draft, family, connected)

    def sampled(run: Pass, before: Ref | None) -> Ref:
        start = _start(draft, family, connected, settings, run, before)
        base = (model, *texts)
        steered = apply_depth(draft, family, connected, choice, base, run, start[0])
        return _add_sampler(draft, run, steered, start, choice)

    latent = sampled(passes[0], None)
    for run in passes[1:]:
        latent = sampled(run, latent)
    image = draft.add("image", "VAEDecode", samples=latent, vae=Given("vae"))
    image = _composite(draft, connected, passes[-1], image)
    frames = _longest_batch(connected) * choice.count
    return SamplingPlan(
        family, choice, passes, frames, tuple(draft.steps), image, latent, tuple(draft.notes)
    )


def _pass_sizes(family: Family, connected: Connected, settings: Settings) -> tuple[Pass, ...]:
    first = sampling_size(family, connected, settings)
    if settings.second_pass <= 1:
        return (Pass(1, first),)
    second = second_size(family, connected, first, settings.second_pass)
    return (Pass(1, first), Pass(2, second, "_2"))


def _longest_batch(connected: Connected) -> int:
    images = (connected.depth, connected.reference, connected.mask)
    return max(extent.frames for extent in images if extent is not None)


def _notes(family: Family, connected: Connected, settings: Settings) -> list[str]:
    notes = list(family.notes)
    if family.key == "generic":
        notes.append(
            f"Warning: the family of this model ({connected.model.name}) is not known. It gets the "
            "general route; set steps, guidance, sampler and scheduler yourself."
        )
    if connected.positive and settings.prompt:
        notes.append("The prompt is not used: ready conditioning is connected to positive.")
    if connected.color_map is not None and family.route != "moss":
        notes.append("The color_map has no effect: only MOSS-Image takes one.")
    if connected.guided and family.guided_inside and settings.guidance is None:
        notes.append("Guidance is the one set in the connected conditioning.")
    if family.guided_inside and settings.negative_prompt:
        notes.append(f"{family.title} runs at cfg 1: the negative prompt has no effect.")
    if (
        connected.vae is not None
        and connected.vae.latent_dimensions != connected.model.latent_dimensions
    ):
        notes.append(
            "Warning: the VAE is of another kind than the model's (one is for video, the other "
            "is not); colours will be wrong unless it was made for this model."
        )
    if connected.model.concat_channels and not family.concat:
        notes.append(
            "Warning: this is an inpainting model, with extra input channels that stay empty."
        )
    return notes


def _prompts(
    draft: Draft, family: Family, connected: Connected, settings: Settings, choice: Choice
) -> tuple[Link, Link]:
    """Positive and negative conditioning before any depth."""
    if family.editor and connected.by_prompt and choice.strength != 0:
        return _edited(draft, family, settings)
    if family.encoder and connected.clip and not connected.positive:
        return _encoded_together(draft, family, settings)
    clip = Given("clip")
    positive: Link = Given("positive")
    if not connected.positive:
        positive = draft.add("positive", "CLIPTextEncode", clip=clip, text=settings.prompt)
    if connected.negative:
        negative: Link = Given("negative")
    elif connected.clip:
        text = settings.negative_prompt
        negative = draft.add("negative", "CLIPTextEncode", clip=clip, text=text)
    else:
        negative = draft.add("negative", "ConditioningZeroOut", conditioning=positive)
    if family.guided_inside and not (connected.guided and settings.guidance is None):
        positive = draft.add(
            "guidance", "FluxGuidance", conditioning=positive, guidance=choice.guidance
        )
    return positive, negative


def _encoded_together(draft: Draft, family: Family, settings: Settings) -> tuple[Link, Link]:
    """Both prompts through the family's own node. Its latent is a square and is not used."""
    draft.add(
        "texts",
        family.encoder,
        clip=Given("clip"),
        prompt=settings.prompt,
        negative_prompt=settings.negative_prompt,
        resolution=1024,
    )
    return Ref("texts", 0), Ref("texts", 1)


def _edited(draft: Draft, family: Family, settings: Settings) -> tuple[Link, Link]:
    """Both prompts with the depth as their first image."""
    draft.notes.append(
        "Warning: no ControlNet or model patch is connected, so the depth goes in as an image "
        "beside the prompt, which Qwen-Image Edit 2509 and 2511 follow; plain Qwen-Image, whose "
        "file looks the same, does not. Say in the prompt what the image is. Strength, start and "
        "end have no effect."
    )
    texts = {"positive": settings.prompt, "negative": settings.negative_prompt}
    positive, negative = (
        draft.add(
            key,
            family.editor,
            clip=Given("clip"),
            prompt=text,
            vae=Given("vae"),
            image1=Given("hint"),
        )
        for key, text in texts.items()
    )
    return positive, negative


def _shifted_model(draft: Draft, family: Family, connected: Connected) -> Link:
    model = Given("model")
    if family.shift is None or connected.model.shifted:
        return model
    return draft.add("shift", "ModelSamplingAuraFlow", model=model, shift=family.shift)


def _start(
    draft: Draft,
    family: Family,
    connected: Connected,
    settings: Settings,
    run: Pass,
    before: Ref | None,
) -> tuple[Link, float]:
    """The latent a pass starts from, and how much of it is repainted."""
    count = _longest_batch(connected) * settings.count
    if before is not None:
        latent = _enlarge_first_image(draft, run, before)
        denoise = settings.second_denoise
    elif connected.reference is not None:
        latent = _encoded(draft, connected, run, count)
        denoise = settings.denoise
        if denoise == 1 and connected.mask is None:
            draft.notes.append("Denoise 1 keeps nothing of the reference: lower it to restyle.")
    else:
        size = {"width": run.size.width, "height": run.size.height, "batch_size": count}
        latent = draft.add("empty_latent", family.empty_latent, **size)
        denoise = 1.0
        if settings.denoise < 1:
            draft.notes.append("Denoise is 1: without a reference image there is nothing to keep.")
    if connected.mask is not None:
        mask = Given(run.named("mask"))
        latent = draft.add(run.named("masked"), "SetLatentNoiseMask", samples=latent, mask=mask)
    return latent, denoise


def _encoded(draft: Draft, connected: Connected, run: Pass, count: int) -> Link:
    reference = Given(run.named("reference"))
    latent = draft.add("reference_latent", "VAEEncode", pixels=reference, vae=Given("vae"))
    own = connected.reference.frames if connected.reference else 1
    if count == own:
        return latent
    return draft.add("repeated", "RepeatLatentBatch", samples=latent, amount=count // own)


def _enlarge_first_image(draft: Draft, run: Pass, before: Ref) -> Link:
    """Through pixels: a latent that is stretched directly comes out soft and blotchy."""
    seen = draft.add("first_image", "VAEDecode", samples=before, vae=Given("vae"))
    larger = draft.add(
        "enlarged",
        "ImageScale",
        image=seen,
        upscale_method="lanczos",
        width=run.size.width,
        height=run.size.height,
        crop="disabled",
    )
    return draft.add("second_latent", "VAEEncode", pixels=larger, vae=Given("vae"))


def _add_sampler(
    draft: Draft, run: Pass, steered: Steered, start: tuple[Link, float], choice: Choice
) -> Ref:
    model, positive, negative = steered
    latent, denoise = start
    return draft.add(
        run.named("sampler"),
        "KSampler",
        model=model,
        positive=positive,
        negative=negative,
        latent_image=latent,
        seed=choice.seed,
        steps=choice.steps,
        cfg=choice.cfg,
        sampler_name=choice.sampler,
        scheduler=choice.scheduler,
        denoise=denoise,
    )


def _composite(draft: Draft, connected: Connected, run: Pass, image: Ref) -> Ref:
    """Pixels outside the mask come from the reference itself, untouched by the VAE."""
    if connected.mask is None:
        return image
    return draft.add(
        "composite",
        "ImageCompositeMasked",
        destination=Given(run.named("background")),
        source=image,
        x=0,
        y=0,
        resize_source=False,
        mask=Given(run.named("composite_mask")),
    )
