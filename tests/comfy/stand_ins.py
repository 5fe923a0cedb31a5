"""A node for tests only; copied into the custom_nodes folder of a private server.

CLIP encoders of SDXL and FLUX are far too large to be made up for a test, and Generate from Depth
takes ready conditioning: this makes some, of any width.
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
        return ([[tokens, {"pooled_output": torch.randn(1, pooled, generator=generator)}]],)


NODE_CLASS_MAPPINGS = {"StandInConditioning": StandInConditioning}
