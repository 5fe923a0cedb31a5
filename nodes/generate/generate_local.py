"""Sample with depth on this machine: the node expands into ComfyUI's own nodes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeVar

from ..depthkit.depth_map import DepthMap
from ..depthkit.images import Images
from ..shared import host
from ..shared.declared import Choice, Declared, Float, FrameSocket, Input, Inputs, Int, Socket, Text
from ..shared.local_facts import control_facts, is_guided, model_facts, patch_facts, vae_facts
from ..shared.on_demand import local
from ..shared.sampler_widgets import auto_number, sampler_names
from ..shared.sockets import DEPTH_MAP, advanced

__all__ = ["GenVRDepthGenerateLocal"]

_Fact = TypeVar("_Fact")


class _Prepared(NamedTuple):
    plan: local.SamplingPlan
    connected: local.Connected
    given: dict[str, object]


def _image_required() -> dict[str, Input]:
    return {
        "model": Socket("MODEL", "The diffusion model; LoRAs go in front of it."),
        "vae": Socket("VAE", "The VAE that belongs to the model."),
        "depth": FrameSocket(
            f"{DEPTH_MAP},IMAGE",
            "A depth map (best), or a finished control image with near = white. It "
            "is resampled smoothly to the exact sampling size.",
            streamed=True,
        ),
        "prompt": Text(
            "What to paint over the structure. A list from Prompt Variations gives "
            "one run per prompt.",
            multiline=True,
        ),
        "seed": Int(
            "Same seed, same settings: same image.",
            0,
            0,
            2**64 - 1,
            control_after_generate=True,
        ),
    }


def _image_sockets() -> dict[str, Input]:
    tooltips = {
        "clip": ("CLIP", "Text encoder of the model. Not needed with ready conditioning."),
        "control_net": (
            "CONTROL_NET,FLUX2_FUN_CONTROLNET",
            "A depth or union ControlNet of the model's family.",
        ),
        "model_patch": (
            "MODEL_PATCH",
            "For Qwen-Image, Z-Image and Anima: a depth or union model patch.",
        ),
        "positive": ("CONDITIONING", "Ready conditioning; the prompt is then not used."),
        "negative": ("CONDITIONING", "Ready negative conditioning."),
        "reference": ("IMAGE", "An image to start from (restyle): set denoise below 1."),
        "mask": ("MASK", "White is repainted, black stays exactly as in the reference."),
        "color_map": ("IMAGE", "For MOSS-Image: regions in flat colours, of Split Depth Layers."),
    }
    return {name: Socket(kind, text) for name, (kind, text) in tooltips.items()}


def _image_widgets() -> dict[str, Input]:
    auto = " auto = what the model family works best with."
    return {
        "negative_prompt": Text("What to avoid.", multiline=True),
        "strength": auto_number(Float, "How strictly the depth is followed; 0 = not." + auto, 10),
        "steps": auto_number(Int, "Sampling steps." + auto, 10000),
        "count": Int("Images per prompt, with different noise.", 1, 1, 64),
        "denoise": Float(
            "With a reference: how much is repainted. 1 = all, 0.5 keeps colours and light.",
            1.0,
            0.01,
            1,
        ),
        **advanced(
            {
                "guidance": auto_number(
                    Float, "How strictly the prompt is followed (cfg)." + auto, 100
                ),
                "start": Float("Fraction of the run at which the depth control starts.", 0, 0, 1),
                "end": auto_number(
                    Float, "Fraction of the run at which the depth control ends." + auto, 1
                ),
                "sampler": Choice("The sampler." + auto, "auto", choices=sampler_names(0)),
                "scheduler": Choice("The noise schedule." + auto, "auto", choices=sampler_names(1)),
                "size": Choice(
                    "from depth: as large as the depth map; megapixels: its ratio at the size "
                    "below. Both are rounded to what the family can sample.",
                    "from depth",
                    choices=lambda: local.SIZES,
                ),
                "megapixels": auto_number(
                    Float, "For size = megapixels (1 = 1024x1024)." + auto, 64
                ).but(shown_when={"size": ("megapixels",)}),
                "second_pass": Float(
                    "Sample again at this many times the size, the depth resampled for it; 1 = no.",
                    1.0,
                    1,
                    4,
                ),
                "second_denoise": Float("How much the second pass repaints.", 0.5, 0.01, 1),
            }
        ),
    }


class GenVRDepthGenerateLocal(Declared):
    CATEGORY = "GenVR Depth/generate"
    DESCRIPTION = (
        "Generate images that keep the structure of a depth map, with any local model family; "
        "expands into the ComfyUI nodes that family needs."
    )
    SEARCH_ALIASES = ["depth controlnet", "controlnet", "flux depth", "depth to image", "restyle"]
    FUNCTION = "generate"
    RETURN_TYPES = ("IMAGE", "LATENT", "STRING")
    RETURN_NAMES = ("image", "latent", "report")
    OUTPUT_TOOLTIPS = (
        "The finished images.",
        "What the last sampling pass produced, before the mask is composited.",
        "Recognised family, every setting used, and the nodes it expands into.",
    )

    INPUTS = Inputs(required=_image_required(), optional={**_image_sockets(), **_image_widgets()})

    def generate(
        self,
        model: object,
        vae: object,
        depth: DepthMap | Images,
        prompt: str,
        seed: int,
        **options: Any,
    ) -> dict[str, object]:
        settings = local.Settings.of({**options, "prompt": prompt, "seed": seed})
        run = _prepare(model, vae, depth, settings, options)
        with host.current().task() as task:
            task.say(local.headline(run.plan, run.connected))
        graph = host.current().graph()
        image, latent = local.expand(run.plan, run.given, graph)
        report = local.describe(run.plan, run.connected)
        return {"result": (image, latent, report), "expand": graph.finalize()}


def _prepare(
    model: object,
    vae: object,
    depth: DepthMap | Images,
    settings: local.Settings,
    options: dict[str, Any],
) -> _Prepared:
    """Facts, plan and tensors; every refusal happens here, before anything is loaded or sampled."""
    connected = _image_connected(model, vae, depth, options)
    plan = local.make_plan(connected, settings)
    names = ("reference", "mask", "color_map")
    images = local.pass_images(plan, depth, *(options.get(name) for name in names))
    objects = ("clip", "positive", "negative", "control_net", "model_patch")
    given = {name: options.get(name) for name in objects} | {"model": model, "vae": vae}
    return _Prepared(plan, connected, given | images)


def _patch_facts(patch: object) -> local.PatchFacts:
    return patch_facts(patch, host.current().core_nodes())


def _image_connected(
    model: object, vae: object, depth: DepthMap | Images, options: dict[str, Any]
) -> local.Connected:
    def found(name: str, read: Callable[[Any], _Fact]) -> _Fact | None:
        thing = options.get(name)
        return None if thing is None else read(thing)

    return local.Connected(
        model=model_facts(model),
        vae=None if vae is None else vae_facts(vae),
        depth=local.extent_of(depth, "depth"),
        control=found("control_net", control_facts),
        patch=found("model_patch", _patch_facts),
        clip=options.get("clip") is not None,
        positive=options.get("positive") is not None,
        guided=is_guided(options.get("positive")),
        negative=options.get("negative") is not None,
        reference=found("reference", partial(local.extent_of, name="reference")),
        mask=found("mask", local.mask_extent),
        color_map=found("color_map", partial(local.extent_of, name="color_map")),
        nodes=frozenset(host.current().core_nodes()) or None,
    )
