"""Depth through Glass: the node expands into ComfyUI's own nodes for Marigold V2."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ..depthkit.errors import InvalidInput
from ..depthkit.images import rgb
from ..shared import host
from ..shared.declared import Choice, Declared, Float, Inputs, Int, Socket
from ..shared.local_facts import model_facts
from ..shared.on_demand import glass, local
from ..shared.sockets import DEPTH_MAP, advanced, image_input

__all__ = ["GenVRDepthThroughGlass"]

_FILES = {
    "first_lora": "The depth LoRA of Marigold V2, for the surface that is seen first.",
    "see_through_lora": (
        "A see-through LoRA of Marigold V2 (Log-layered or Disparity-layered), for what is behind "
        "glass."
    ),
    "first_vae": "The VAE that belongs to the depth LoRA.",
    "see_through_vae": "The VAE that belongs to the see-through LoRA.",
    "conditioning": "The ready depth conditioning of Marigold V2, from models/embeddings.",
}
_AUTO = " auto = found by its name."


def _file_choice(name: str) -> Choice:
    def files() -> list[str]:
        listed = host.current().model_files(glass.ROLES[name].folder)
        return [glass.AUTO_FILE, *sorted(listed)]

    return Choice(_FILES[name] + _AUTO, "auto", choices=files)


class GenVRDepthThroughGlass(Declared):
    CATEGORY = "GenVR Depth/estimate"
    DESCRIPTION = (
        "Depth of a photo with windows: the surface that is seen first, what is behind the glass, "
        "and both in one. Expands into ComfyUI's nodes for Marigold V2."
    )
    SEARCH_ALIASES = ["glass", "transparent", "see-through depth", "marigold v2", "window depth"]
    FUNCTION = "run"
    RETURN_TYPES = (DEPTH_MAP, DEPTH_MAP, DEPTH_MAP, "MASK", "STRING")
    RETURN_NAMES = ("depth", "first_surface", "see_through", "glass", "report")
    OUTPUT_TOOLTIPS = (
        "The first surface, and what is behind it where there is glass.",
        "The depth of the surface that is seen first, the glass itself.",
        "The depth of what is behind glass.",
        "White where the see-through map was taken.",
        "How much is glass, and how the two maps were aligned.",
    )

    INPUTS = Inputs(
        required={
            "image": image_input("One photo."),
            "model": Socket("MODEL", "Qwen-Image-Edit-2509, from Load Diffusion Model."),
        },
        optional={
            "mask": Socket(
                "MASK",
                "White where there is glass. Not connected: where the two maps differ, and what "
                "Check Depth finds.",
            ),
            **{name: _file_choice(name) for name in _FILES},
            "feather": Int(
                "Pixels over which the two maps are mixed; 0 is a hard edge.", 8, 0, 1024
            ),
            **advanced(
                {
                    "megapixels": Float(
                        "Size at which the model sees the photo: 1 takes about 17 GB of GPU "
                        "memory, 4 about 29 GB. 0 = the size of the photo.",
                        1.0,
                        0,
                        16,
                        step=0.25,
                    )
                }
            ),
        },
    )

    def run(
        self,
        image: Tensor,
        model: object,
        mask: Tensor | None = None,
        feather: int = 8,
        megapixels: float = 1.0,
        **files: str,
    ) -> dict[str, object]:
        photo = rgb(image)
        if len(photo) > 1:
            raise InvalidInput(
                f"Depth through Glass takes one photo, and these are {len(photo)}. Put Rebatch "
                "Images with batch size 1 in front of it: it then runs once for each."
            )
        here = host.current()
        plan = glass.make_glass_plan(
            local.extent_of(photo, "image"),
            model_facts(model),
            {role.folder: list(here.model_files(role.folder)) for role in glass.ROLES.values()},
            _declared_inputs(here.core_nodes()),
            glass.GlassSettings(files, megapixels, feather, mask is not None),
        )
        with here.task() as task:
            task.say(", ".join(dict.fromkeys(plan.chosen.values())))
        graph = here.graph()
        links = (plan.merged, plan.first, plan.behind, plan.share, plan.report)
        given: dict[str, object] = {"image": photo, "model": model, "mask": mask}
        result = local.expand_steps(plan.steps, links, given, graph)
        return {"result": tuple(result), "expand": graph.finalize()}


def _declared_inputs(core: Any) -> dict[str, list[str]]:
    """The names of the inputs of those of ComfyUI's nodes that differ between releases."""
    found: dict[str, list[str]] = {}
    for name in glass.NEEDED:
        if name in core:
            groups = core[name].INPUT_TYPES()
            found[name] = [key for group in groups.values() for key in group]
    return found
