"""How depth reaches each video family: the core nodes between the prompt and the frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..steps import Draft, Given, Link, Ref, Value
from .facts import ClipConnected, ClipSettings
from .resolve import ClipChoice
from .video_family import VideoFamily

__all__ = ["ROUTES", "Wiring"]

_LAST_STEP = 10000
_PARAMETERS = "GetICLoRAParameters"  # since 0.27


@dataclass(frozen=True, slots=True)
class Wiring:
    """Everything a route may look at, and the plan it writes into."""

    draft: Draft
    family: VideoFamily
    connected: ClipConnected
    settings: ClipSettings
    choice: ClipChoice

    def add(self, key: str, class_type: str, /, **inputs: Value) -> Ref:
        return self.draft.add(key, class_type, **inputs)

    @property
    def extent(self) -> dict[str, Value]:
        size = self.choice.size
        return {"width": size.width, "height": size.height, "length": self.choice.timing.length}

    @property
    def pictures(self) -> dict[str, Value]:
        """The still images that are connected, under our own names."""
        names = {"first": "first_frame", "last": "last_frame", "reference": "reference"}
        return {
            name: Given(given)
            for name, given in names.items()
            if getattr(self.connected, name) is not None
        }


def _conditioning_links(wiring: Wiring) -> tuple[Link, Link]:
    clip = Given("clip")
    positive: Link = Given("positive")
    if not wiring.connected.positive:
        positive = wiring.add("positive", "CLIPTextEncode", clip=clip, text=wiring.settings.prompt)
    if wiring.connected.negative:
        return positive, Given("negative")
    if wiring.connected.clip:
        text = wiring.settings.negative_prompt
        return positive, wiring.add("negative", "CLIPTextEncode", clip=clip, text=text)
    return positive, wiring.add("negative", "ConditioningZeroOut", conditioning=positive)


def _shifted_video_model(wiring: Wiring, name: str, *, done: bool) -> Link:
    if wiring.choice.shift is None or done:
        return Given(name)
    key = "shift" if name == "model" else "shift_low"
    return wiring.add(key, "ModelSamplingSD3", model=Given(name), shift=wiring.choice.shift)


def _add_video_samplers(wiring: Wiring, positive: Link, negative: Link, latent: Link) -> Ref:
    """One run, or two experts one after the other."""
    choice, connected = wiring.choice, wiring.connected
    model = _shifted_video_model(wiring, "model", done=connected.model.shifted)
    common: dict[str, Value] = {
        "steps": choice.steps,
        "cfg": choice.guidance,
        "sampler_name": choice.sampler,
        "scheduler": choice.scheduler,
        "positive": positive,
        "negative": negative,
    }
    if connected.low_noise is None:
        return wiring.add(
            "sampler", "KSampler", model=model, latent_image=latent, seed=choice.seed,
            denoise=1.0, **common,
        )  # fmt: skip
    low = _shifted_video_model(wiring, "model_low_noise", done=connected.low_noise.shifted)
    half = choice.steps // 2
    high = wiring.add(
        "sampler_high", "KSamplerAdvanced", model=model, latent_image=latent,
        noise_seed=choice.seed, add_noise="enable", start_at_step=0, end_at_step=half,
        return_with_leftover_noise="enable", **common,
    )  # fmt: skip
    return wiring.add(
        "sampler", "KSamplerAdvanced", model=low, latent_image=high, noise_seed=choice.seed,
        add_noise="disable", start_at_step=half, end_at_step=_LAST_STEP,
        return_with_leftover_noise="disable", **common,
    )  # fmt: skip


def _vace(wiring: Wiring) -> Ref:
    """Depth as control video; frames that are given stay, by the mask; the reference's latents are
    trimmed again."""
    positive, negative = _conditioning_links(wiring)
    inputs: dict[str, Value] = {"control_video": Given("control_video")}
    kept = ("first", "last", "source")
    if any(getattr(wiring.connected, name) is not None for name in kept):
        inputs["control_masks"] = Given("control_masks")
    if "reference" in wiring.pictures:
        inputs["reference_image"] = Given("reference")
    wiring.add(
        "depth", "WanVaceToVideo", positive=positive, negative=negative, vae=Given("vae"),
        batch_size=1, strength=wiring.choice.strength, **wiring.extent, **inputs,
    )  # fmt: skip
    sampled = _add_video_samplers(wiring, Ref("depth", 0), Ref("depth", 1), Ref("depth", 2))
    return wiring.add("trimmed", "TrimVideoLatent", samples=sampled, trim_amount=Ref("depth", 3))


def _fun(wiring: Wiring, names: dict[str, str]) -> Ref:
    positive, negative = _conditioning_links(wiring)
    pictures = {names[name]: given for name, given in wiring.pictures.items() if name in names}
    wiring.add(
        "depth", wiring.family.node, positive=positive, negative=negative, vae=Given("vae"),
        batch_size=1, control_video=Given("control_video"), **wiring.extent, **pictures,
    )  # fmt: skip
    return _add_video_samplers(wiring, Ref("depth", 0), Ref("depth", 1), Ref("depth", 2))


def _ltx(wiring: Wiring) -> Ref:
    """Depth as guide frames behind the clip's own, cropped again after sampling."""
    choice = wiring.choice
    if "LTXAV" in wiring.connected.model.lineage:
        wiring.draft.note("LTX-2 is given no sound to sample: the clip is silent.")
    positive, negative = _conditioning_links(wiring)
    wiring.add(
        "timed", "LTXVConditioning", positive=positive, negative=negative,
        frame_rate=choice.timing.frame_rate,
    )  # fmt: skip
    latent: Link = wiring.add("empty_latent", "EmptyLTXVLatentVideo", batch_size=1, **wiring.extent)
    if "first" in wiring.pictures:
        latent = wiring.add(
            "first_latent", "LTXVImgToVideoInplace", vae=Given("vae"), image=Given("first_frame"),
            latent=latent, strength=1.0, bypass=False,
        )  # fmt: skip
    depth: dict[str, Value] = {
        "image": Given("control_video"), "frame_idx": 0, "strength": choice.strength,
    }  # fmt: skip
    guides = [("depth", depth | _guide_parameters(wiring))]
    if "last" in wiring.pictures:
        guides.append(("last", {"image": Given("last_frame"), "frame_idx": -1, "strength": 1.0}))
    before = "timed"
    for key, inputs in guides:
        wiring.add(
            key, "LTXVAddGuide", positive=Ref(before, 0), negative=Ref(before, 1),
            vae=Given("vae"), latent=latent, **inputs,
        )  # fmt: skip
        before, latent = key, Ref(key, 2)
    guider = wiring.add(
        "guider", "CFGGuider", model=Given("model"), positive=Ref(before, 0),
        negative=Ref(before, 1), cfg=choice.guidance,
    )  # fmt: skip
    sigmas = wiring.add(
        "sigmas", "LTXVScheduler", steps=choice.steps, max_shift=2.05, base_shift=0.95,
        stretch=True, terminal=0.1, latent=Ref("empty_latent"),
    )  # fmt: skip
    sampled = _custom(wiring, guider, sigmas, latent)
    wiring.add(
        "cropped", "LTXVCropGuides", positive=Ref(before, 0), negative=Ref(before, 1),
        latent=sampled,
    )  # fmt: skip
    return Ref("cropped", 2)


def _guide_parameters(wiring: Wiring) -> dict[str, Value]:
    nodes = wiring.connected.nodes
    if nodes is not None and _PARAMETERS not in nodes:
        wiring.draft.note(
            f"This ComfyUI has no {_PARAMETERS} node: what the IC-LoRA's file says about its guide "
            "is not used."
        )
        return {}
    return {"iclora_parameters": wiring.add("ic_lora", _PARAMETERS, iclora_model=Given("model"))}


def _h3(wiring: Wiring) -> Ref:
    choice = wiring.choice
    names = {"first": "first_frame", "last": "last_frame"}
    pictures = {names[name]: given for name, given in wiring.pictures.items() if name in names}
    wiring.add(
        "prompt", "MiniMaxH3ImageToVideo", clip=Given("clip"), vae=Given("vae"),
        prompt=wiring.settings.prompt, **wiring.extent, **pictures,
    )  # fmt: skip
    painted: dict[str, Value] = {}
    if wiring.connected.source is not None:
        painted = {"source_video": Given("source_video"), "mask": Given("mask")}
    model = wiring.add(
        "depth", "MiniMaxH3FunControlNetApply", model=Given("model"),
        model_patch=Given("model_patch"), vae=Given("vae"), strength=choice.strength,
        start_percent=choice.start, end_percent=choice.end, control_video=Given("control_video"),
        **painted,
    )  # fmt: skip
    guider = wiring.add("guider", "BasicGuider", model=model, conditioning=Ref("prompt", 0))
    sigmas = wiring.add(
        "sigmas", "BasicScheduler", model=model, scheduler=choice.scheduler, steps=choice.steps,
        denoise=1.0,
    )  # fmt: skip
    return _custom(wiring, guider, sigmas, Ref("prompt", 1))


def _custom(wiring: Wiring, guider: Ref, sigmas: Ref, latent: Link) -> Ref:
    noise = wiring.add("noise", "RandomNoise", noise_seed=wiring.choice.seed)
    sampler = wiring.add("sampler_name", "KSamplerSelect", sampler_name=wiring.choice.sampler)
    return wiring.add(
        "sampler", "SamplerCustomAdvanced", noise=noise, guider=guider, sampler=sampler,
        sigmas=sigmas, latent_image=latent,
    )  # fmt: skip


ROUTES: dict[str, Callable[[Wiring], Ref]] = {
    "vace": _vace,
    "fun22": lambda wiring: _fun(wiring, {"reference": "ref_image"}),
    "fun21": lambda wiring: _fun(wiring, {"first": "start_image"}),
    "ltx": _ltx,
    "h3": _h3,
}
"""Name -> the latent of the finished clip; every step before it is in the draft."""
