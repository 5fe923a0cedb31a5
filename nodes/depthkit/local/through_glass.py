"""Marigold V2 twice, with ComfyUI's own nodes: what is seen first, and what is behind glass.

Both checkpoints are LoRAs on Qwen-Image-Edit-2509 with a VAE of their own and share one ready
conditioning; each answers in one step. Wiring: ComfyUI's own template for Marigold V2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..errors import InvalidInput, ModelError
from .facts import Extent, ModelFacts
from .steps import Draft, Given, Link, Ref, Step

__all__ = ["AUTO_FILE", "NEEDED", "ROLES", "GlassPlan", "GlassSettings", "Role", "make_glass_plan"]

AUTO_FILE = "auto"
_FAMILY = "QwenImage"
_SINCE = "0.36"
_MULTIPLE = 16
_SHIFT = 1.73
_SIGMAS = "0.5, 0"
_VELOCITY = "img_to_img_velocity"


@dataclass(frozen=True, slots=True)
class Role:
    """A file the plan needs. folder: of ComfyUI's models; what: for the user; words: all in the
    name of a file that "auto" takes; without: none of them in it."""

    folder: str
    what: str
    words: tuple[str, ...]
    without: tuple[str, ...] = ()


_BEHIND = ("marigold", "layered")
_FIRST = ("marigold", "depth")
ROLES = {
    "first_lora": Role("loras", "the depth LoRA of Marigold V2", _FIRST, ("layered",)),
    "first_vae": Role("vae", "the VAE of that LoRA", _FIRST, ("layered",)),
    "see_through_lora": Role("loras", "a see-through (layered) LoRA of Marigold V2", _BEHIND),
    "see_through_vae": Role("vae", "the VAE of the see-through LoRA", _BEHIND),
    "conditioning": Role("embeddings", "the depth conditioning of Marigold V2", _FIRST),
}

# By a word in the name of the LoRA: (what MarigoldV2PostProcess calls the prediction, what white
# means in the image it makes). Files without any of the words predict log depth.
_READINGS = {
    "disparity": ("disparity", "white is near (disparity)"),
    "uniform": ("depth", "white is near (distance)"),
    "": ("depth", "white is near (log distance)"),
}

# Core node -> the inputs that the plan sets; of those that older releases lack too.
NEEDED: dict[str, tuple[str, ...]] = {
    "ConditioningLoader": ("conditioning_name",),
    "MarigoldV2PostProcess": ("image", "prediction"),
    "ModelSamplingAuraFlow": ("model", "shift", "sampling"),
    "ManualSigmas": ("sigmas",),
}


@dataclass(frozen=True, slots=True)
class GlassSettings:
    """files: role -> chosen name or "auto"; megapixels: of what the model sees, 0 = the photo's;
    feather: pixels over which the merge mixes; masked: a mask tells where glass is."""

    files: Mapping[str, str]
    megapixels: float = 1.0
    feather: int = 8
    masked: bool = False


@dataclass(frozen=True, slots=True)
class GlassPlan:
    """steps: nodes in order; the rest are links: merged map, first surface, behind, share of the
    latter, report. chosen: role -> file."""

    steps: Sequence[Step]
    merged: Ref
    first: Ref
    behind: Ref
    share: Ref
    report: Ref
    chosen: Mapping[str, str]


def make_glass_plan(
    photo: Extent,
    model: ModelFacts,
    listed: Mapping[str, Sequence[str]],
    core: Mapping[str, Sequence[str]],
    settings: GlassSettings,
) -> GlassPlan:
    """The nodes between a photo and its two maps.

    listed: folder -> names of its files; core: id -> names of inputs of ComfyUI's nodes. `Given`
    inputs of the plan: "image", "model" and, where settings.masked, "mask". Raises InvalidInput
    where this ComfyUI or the model does not do, ModelError where a file is missing.
    """
    _check_core(core)
    if model.name != _FAMILY:
        raise InvalidInput(
            f"The model is {model.name}; Depth through Glass needs Qwen-Image-Edit-2509. Load it "
            "with Load Diffusion Model and connect it to 'model'."
        )
    chosen = {name: _file_of_role(name, listed, settings.files) for name in ROLES}
    draft = Draft()
    width, height = _size(photo, settings.megapixels)
    shared: dict[str, Link] = {
        "pixels": draft.add(
            "scaled",
            "ImageScale",
            image=Given("image"),
            upscale_method="lanczos",
            width=width,
            height=height,
            crop="disabled",
        ),
        "conditioning": draft.add(
            "conditioning", "ConditioningLoader", conditioning_name=chosen["conditioning"]
        ),
        "noise": draft.add("noise", "DisableNoise"),
        "sampler": draft.add("sampler", "KSamplerSelect", sampler_name="euler"),
        "sigmas": draft.add("sigmas", "ManualSigmas", sigmas=_SIGMAS),
    }
    first, behind = (_map_of(draft, name, chosen, shared, photo) for name in _MAPS)
    where = _where(draft, first, settings)
    draft.add(
        "merge",
        "GenVRDepthMerge",
        first=first,
        second=behind,
        feather=settings.feather,
        align=_alignment([chosen[f"{name}_lora"] for name in _MAPS]),
        **where,
    )
    merged, share, report = (Ref("merge", slot) for slot in range(3))
    return GlassPlan(draft.steps, merged, first, behind, share, report, chosen)


_MAPS = ("first", "see_through")


def _check_core(core: Mapping[str, Sequence[str]]) -> None:
    lacking = [
        name for name, inputs in NEEDED.items() if not set(inputs) <= set(core.get(name, ()))
    ]
    if lacking:
        raise InvalidInput(
            f"Depth through Glass needs ComfyUI {_SINCE} or newer, which runs Marigold V2: this "
            f"one lacks {', '.join(lacking)} in the form it needs. Update ComfyUI."
        )


def _file_of_role(name: str, listed: Mapping[str, Sequence[str]], files: Mapping[str, str]) -> str:
    """The file of a role: the chosen one, or the first whose name says that it is."""
    role, asked = ROLES[name], files.get(name, AUTO_FILE)
    names = listed.get(role.folder, ())
    if asked != AUTO_FILE:
        if asked in names:
            return asked
        raise ModelError(
            f"There is no file {asked} in models/{role.folder}. Choose another in '{name}'."
        )
    for file in sorted(names):
        lower = file.lower()
        if all(word in lower for word in role.words) and not any(w in lower for w in role.without):
            return file
    raise ModelError(
        f"No file in models/{role.folder} has {' and '.join(role.words)} in its name: "
        f"{role.what} is missing. Put it there and reload the page, or choose the file in '{name}'."
    )


def _size(photo: Extent, megapixels: float) -> tuple[int, int]:
    """Width and height that the model sees: multiples of 16."""
    scale = 1.0
    if megapixels:
        scale = min(1.0, math.sqrt(megapixels * 1024 * 1024 / (photo.width * photo.height)))
    width, height = (
        max(_MULTIPLE, round(side * scale / _MULTIPLE) * _MULTIPLE)
        for side in (photo.width, photo.height)
    )
    return width, height


def _reading(lora: str) -> tuple[str, str]:
    return next(reading for word, reading in _READINGS.items() if word in lora.lower())


def _alignment(loras: Sequence[str]) -> str:
    """Log depth with log depth by logarithms; other pairs by scale and shift."""
    logarithms = all(_reading(lora) == _READINGS[""] for lora in loras)
    return "scale and shift of logarithms" if logarithms else "scale and shift"


def _map_of(
    draft: Draft, name: str, chosen: Mapping[str, str], shared: Mapping[str, Link], photo: Extent
) -> Ref:
    """One step of Marigold V2 and its decoding to a depth map of the photo's size."""

    def add(key: str, class_type: str, /, **inputs: Link | str | int | float) -> Ref:
        return draft.add(f"{name}_{key}", class_type, **inputs)

    lora = chosen[f"{name}_lora"]
    prediction, meaning = _reading(lora)
    vae = add("vae", "VAELoader", vae_name=chosen[f"{name}_vae"])
    tuned = add(
        "lora", "LoraLoaderModelOnly", model=Given("model"), lora_name=lora, strength_model=1.0
    )
    model = add("model", "ModelSamplingAuraFlow", model=tuned, shift=_SHIFT, sampling=_VELOCITY)
    sampled = add(
        "sampled",
        "SamplerCustomAdvanced",
        noise=shared["noise"],
        guider=add("guider", "BasicGuider", model=model, conditioning=shared["conditioning"]),
        sampler=shared["sampler"],
        sigmas=shared["sigmas"],
        latent_image=add("latent", "VAEEncode", pixels=shared["pixels"], vae=vae),
    )
    decoded = add("decoded", "VAEDecode", samples=sampled, vae=vae)
    grey = add("grey", "MarigoldV2PostProcess", image=decoded, prediction=prediction)
    full = add(
        "full",
        "ImageScale",
        image=grey,
        upscale_method="bilinear",
        width=photo.width,
        height=photo.height,
        crop="disabled",
    )
    return add("depth", "GenVRDepthFromImage", image=full, white_means=meaning)


def _where(draft: Draft, first: Ref, settings: GlassSettings) -> dict[str, Link | str]:
    """What tells Merge Depth where glass is: the mask, or Check Depth and the two maps."""
    if settings.masked:
        return {"rule": "mask", "mask": Given("mask")}
    draft.add("check", "GenVRDepthCheck", depth=first, on_problem="report", image=Given("image"))
    return {"rule": "second where farther", "findings": Ref("check", 3)}
