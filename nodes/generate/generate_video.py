"""Sample a clip with depth on this machine: the node expands into ComfyUI's own nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ..depthkit.depth_map import DepthMap
from ..depthkit.images import Images
from ..shared import host
from ..shared.declared import (
    Choice,
    Declared,
    Float,
    Input,
    Inputs,
    Int,
    Socket,
    Text,
    Widget,
)
from ..shared.local_facts import model_facts, patch_facts, vae_facts
from ..shared.on_demand import local, video
from ..shared.sampler_widgets import AUTO, auto_number, sampler_names
from ..shared.sockets import DEPTH_MAP, advanced, image_input

__all__ = ["GenVRDepthGenerateVideo"]

_Fact = TypeVar("_Fact")


def _video_required() -> dict[str, Input]:
    return {
        "model": Socket(
            "MODEL",
            "Wan VACE, Wan Fun Control, LTX-2 or MiniMax H3; LoRAs go in front of it. Of a pair of "
            "experts the high-noise one.",
        ),
        "vae": Socket("VAE", "The VAE that belongs to the model."),
        "depth": Socket(
            f"{DEPTH_MAP},IMAGE,VIDEO",
            "The depth of a clip (best), or finished control frames with near = white. Resampled "
            "to the exact size and number of frames.",
        ),
        "prompt": Text("What the clip shows.", multiline=True),
        "seed": Int(
            "Same seed, same settings: same clip.",
            0,
            0,
            2**64 - 1,
            control_after_generate=True,
        ),
    }


def _video_sockets() -> dict[str, Input]:
    tooltips = {
        "clip": ("CLIP", "Text encoder of the model. Not needed with ready conditioning."),
        "model_low_noise": ("MODEL", "The low-noise expert of Wan 2.2."),
        "model_patch": ("MODEL_PATCH", "For MiniMax H3: its Fun ControlNet."),
        "positive": ("CONDITIONING", "Ready conditioning; the prompt is then not used."),
        "negative": ("CONDITIONING", "Ready negative conditioning."),
        "first": ("IMAGE", "The first frame (Wan VACE, Wan 2.1 Fun, LTX-2, MiniMax H3)."),
        "last": ("IMAGE", "The last frame (Wan VACE, LTX-2, MiniMax H3)."),
        "reference": ("IMAGE", "What things look like (Wan VACE, Wan 2.2 Fun)."),
        "source_video": (
            "IMAGE",
            "Frames that stay where the mask is black: of Depth to Camera Move, or the clip "
            "itself (Wan VACE, MiniMax H3).",
        ),
        "mask": ("MASK", "White is painted anew, by the depth. Needs source_video."),
    }
    sockets = {name: Socket(kind, text) for name, (kind, text) in tooltips.items()}
    return {**sockets, "source_video": image_input(tooltips["source_video"][1], streamed=True)}


def _video_widgets() -> dict[str, Input]:
    auto = " auto = what the model family works best with."
    return {
        "negative_prompt": Text("What to avoid.", multiline=True),
        "length": Int(
            "Frames of the clip, rounded to what the family can sample. auto = as long as "
            "the depth.",
            0,
            0,
            4096,
            auto=0,
        ),
        "megapixels": auto_number(Float, "For size = megapixels (1 = 1024x1024)." + auto, 64),
        "strength": auto_number(Float, "How strictly the depth is followed; 0 = not." + auto, 10),
        "steps": auto_number(Int, "Sampling steps." + auto, 10000),
        **advanced(_advanced(auto)),
    }


def _advanced(auto: str) -> dict[str, Widget]:
    return {
        "size": Choice(
            "megapixels: the ratio of the depth at the size below; from depth: as large as the "
            "depth. Both are rounded to what the family can sample.",
            "megapixels",
            choices=lambda: local.SIZES,
        ),
        "guidance": auto_number(Float, "How strictly the prompt is followed (cfg)." + auto, 100),
        "frame_rate": auto_number(Float, "Frames a second of the clip." + auto, 120),
        "depth_rate": Float(
            "Frames a second of the depth; auto = what its video says, or that of the clip.",
            0,
            0,
            120,
            step=0.01,
            auto=0,
        ),
        "start": Float("Fraction of the run at which the depth control starts.", 0, 0, 1),
        "end": Float("Fraction of the run at which the depth control ends.", 1, 0, 1),
        "shift": auto_number(
            Float, "Timestep shift: higher spends more steps on the layout." + auto, 100
        ),
        "sampler": Choice("The sampler." + auto, "auto", choices=sampler_names(0)),
        "scheduler": Choice("The noise schedule." + auto, "auto", choices=sampler_names(1)),
    }


class GenVRDepthGenerateVideo(Declared):
    CATEGORY = "GenVR Depth/generate"
    DESCRIPTION = (
        "Generate a clip that keeps the structure of a depth clip, with a local video model; "
        "expands into the ComfyUI nodes that family needs."
    )
    SEARCH_ALIASES = [
        "video to video",
        "wan vace",
        "fun control",
        "ltx ic-lora",
        "minimax h3",
        "depth video",
    ]
    FUNCTION = "generate"
    RETURN_TYPES = ("IMAGE", "VIDEO", "LATENT", "STRING")
    RETURN_NAMES = ("frames", "video", "latent", "report")
    OUTPUT_TOOLTIPS = (
        "The finished frames.",
        "The same at its frame rate, for Save Video.",
        "What the sampling produced, without the frames that were added to guide it.",
        "Recognised family, every setting used, and the nodes it expands into.",
    )

    INPUTS = Inputs(required=_video_required(), optional={**_video_sockets(), **_video_widgets()})

    def generate(
        self, model: object, vae: object, depth: Any, prompt: str, seed: int, **options: Any
    ) -> dict[str, object]:
        frames, rate = _frames_and_rate(depth)
        connected = _video_connected(model, vae, frames, rate, options)
        settings = video.ClipSettings(**_settings(prompt, seed, options))
        plan = video.make_video_plan(connected, settings)
        with host.current().task() as task:
            task.say(video.headline_clip(plan))
        names = ("first", "last", "reference", "source_video", "mask")
        pictures = (options.get(name) for name in names)
        objects = ("clip", "positive", "negative", "model_patch", "model_low_noise")
        given = {name: options.get(name) for name in objects} | {"model": model, "vae": vae}
        given |= video.clip_images(plan, frames, *pictures)
        graph = host.current().graph()
        results = local.expand_steps(
            plan.steps, (plan.image, plan.video, plan.latent), given, graph
        )
        report = video.describe_clip(plan, connected)
        return {"result": (*results, report), "expand": graph.finalize()}


def _frames_and_rate(depth: Any) -> tuple[DepthMap | Images, float | None]:
    """The frames of a VIDEO with their rate; anything else is frames already."""
    if not hasattr(depth, "get_components"):
        return depth, None
    from ..shared.video_frames import frames_of

    # The header of a file says the rate; what a workflow made holds its frames already.
    return frames_of(depth, "depth", streamed=True), float(depth.get_frame_rate())


def _video_connected(
    model: object,
    vae: object,
    depth: DepthMap | Images,
    rate: float | None,
    options: dict[str, Any],
) -> video.ClipConnected:
    def found(name: str, read: Callable[[Any], _Fact]) -> _Fact | None:
        thing = options.get(name)
        return None if thing is None else read(thing)

    def still(name: str) -> Any:
        image = options.get(name)
        return None if image is None else local.extent_of(image, name)

    return video.ClipConnected(
        model=model_facts(model),
        vae=None if vae is None else vae_facts(vae),
        depth=local.extent_of(depth, "depth"),
        depth_rate=rate,
        low_noise=found("model_low_noise", model_facts),
        patch=found("model_patch", patch_facts),
        clip=options.get("clip") is not None,
        positive=options.get("positive") is not None,
        negative=options.get("negative") is not None,
        first=still("first"),
        last=still("last"),
        reference=still("reference"),
        source=still("source_video"),
        mask=found("mask", local.mask_extent),
        nodes=frozenset(host.current().core_nodes()) or None,
    )


_PLAIN = ("negative_prompt", "start", "end", "size")
_UNSET: dict[str, float | str] = {
    **dict.fromkeys(("frame_rate", "megapixels", "steps", "guidance", "strength", "shift"), AUTO),
    **dict.fromkeys(("length", "depth_rate"), 0),
    **dict.fromkeys(("sampler", "scheduler"), "auto"),
}


def _settings(prompt: str, seed: int, options: dict[str, Any]) -> dict[str, Any]:
    """Arguments of ClipSettings; what is left to the family becomes None."""
    chosen = {name: options[name] for name in _PLAIN if name in options}
    chosen |= {
        name: options[name] for name, unset in _UNSET.items() if options.get(name, unset) != unset
    }
    return {"prompt": prompt, "seed": seed, **chosen}
