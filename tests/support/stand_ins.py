"""Nodes for tests only; copied into the custom_nodes folder of a private server.

CLIP encoders of SDXL and FLUX are far too large to be made up for a test, and Generate from Depth
takes ready conditioning: StandInConditioning makes some, of any width. The networks behind core's
geometry packets are as large: StandInGeometry makes both packets of an image's brightness.
"""

from __future__ import annotations

import torch


class StandInConditioning:
    CATEGORY = "tests"
    FUNCTION = "make"
    RETURN_TYPES = ("CONDITIONING",)

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "seed": ("INT", {"default": 0}),
                "width": ("INT", {"default": 768, "max": 8192}),
                "pooled": ("INT", {"default": 768, "max": 8192}),
            }
        }

    def make(self, seed, width, pooled):
        generator = torch.Generator().manual_seed(seed)
        tokens = torch.randn(1, 8, width, generator=generator)
        extra = {
            "pooled_output": torch.randn(1, pooled, generator=generator),
            "attention_mask": torch.ones(1, tokens.shape[1], dtype=torch.long),  # for LTX
        }
        return ([[tokens, extra]],)


class StandInModel:
    """A MODEL of no family, for what is refused before a model is used."""

    CATEGORY = "tests"
    FUNCTION = "make"
    RETURN_TYPES = ("MODEL",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}}

    def make(self):
        return (object(),)


class StandInGeometry:
    """Distance 1 (black) to 5 (white); what is pure white is sky."""

    CATEGORY = "tests"
    FUNCTION = "make"
    RETURN_TYPES = ("MOGE_GEOMETRY", "DA3_GEOMETRY")

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"image": ("IMAGE",)}}

    def make(self, image):
        distance, sky = 1 + 4 * image[..., 0], image[..., 0] == 1
        straight = torch.tensor([0.0, 0.0, -1.0]).expand(*distance.shape, 3)
        matrix = torch.tensor([[0.8, 0.0, 0.5], [0.0, 1.2, 0.5], [0.0, 0.0, 1.0]])
        moge = {
            "image": image,
            "depth": distance.masked_fill(sky, torch.inf),
            "intrinsics": matrix.expand(len(image), 3, 3),
            "mask": ~sky,
            "normal": straight,
        }
        da3 = {"image": image, "depth": distance, "sky": sky.float(), "mode": "mono"}
        return moge, da3


NODE_CLASS_MAPPINGS = {
    "StandInConditioning": StandInConditioning,
    "StandInGeometry": StandInGeometry,
    "StandInModel": StandInModel,
}
