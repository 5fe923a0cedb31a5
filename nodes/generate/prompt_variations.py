"""Prompt Variations: base prompts x styles as a list that any generator takes one by one."""

from __future__ import annotations

from typing import Any

from ..shared.on_demand import genvr

__all__ = ["GenVRDepthPromptVariations"]


class GenVRDepthPromptVariations:
    """Every base prompt in every style."""

    RETURN_TYPES = ("STRING", "STRING", "INT")
    RETURN_NAMES = ("prompt", "label", "count")
    OUTPUT_TOOLTIPS = (
        "The prompts as a list: the nodes after this one take them one by one.",
        "A short name for each prompt, fit for file names, in the same order.",
        "How many there are; with a remote generator each one is paid for.",
    )
    OUTPUT_IS_LIST = (True, True, False)
    FUNCTION = "vary"
    CATEGORY = "GenVR Depth/generate"
    DESCRIPTION = "Combine prompts with ready-made or own styles into a list of prompts."
    SEARCH_ALIASES = ["prompt list", "styles", "wildcards", "batch prompts", "seasons", "interior"]

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "prompt": (
                    "STRING",
                    {
                        "default": "a cosy living room",
                        "multiline": True,
                        "tooltip": "What all images show; one base prompt per line.",
                    },
                ),
                "styles": (
                    [
                        genvr.variations.ALL_STYLES,
                        *genvr.variations.style_groups(),
                        genvr.variations.NO_STYLES,
                    ],
                    {"default": "looks", "tooltip": "Which ready-made styles to use."},
                ),
            },
            "optional": {
                "only": (
                    "STRING",
                    {
                        "default": "",
                        "multiline": True,
                        "tooltip": "Labels of the styles to use, one per line or separated by "
                        "commas; empty = the whole group.",
                    },
                ),
                "own_styles": (
                    "STRING",
                    {
                        "default": "",
                        "multiline": True,
                        "tooltip": "Your own styles, one per line: 'label: words' or just words.",
                    },
                ),
                "template": (
                    "STRING",
                    {
                        "default": genvr.variations.TEMPLATE,
                        "tooltip": "How prompt and style are joined; both {prompt} and {style}.",
                    },
                ),
                "keep_plain": (
                    "BOOLEAN",
                    {"default": False, "tooltip": "Also give each prompt without a style."},
                ),
                "limit": (
                    "INT",
                    {
                        "default": 0,
                        "min": 0,
                        "max": 1000,
                        "tooltip": "At most so many prompts, from the front; 0 = all.",
                    },
                ),
            },
        }

    def vary(
        self,
        prompt: str,
        styles: str,
        only: str = "",
        own_styles: str = "",
        template: str = "{prompt}, {style}",
        keep_plain: bool = False,
        limit: int = 0,
    ) -> tuple[list[str], list[str], int]:
        labels = [part.strip() for part in only.replace("\n", ",").split(",") if part.strip()]
        chosen = [
            *genvr.variations.shipped(styles, labels),
            *genvr.variations.own_styles(own_styles),
        ]
        prompts = genvr.request_grid.split_prompts([prompt], per_line=True)
        found = genvr.variations.vary(
            prompts, chosen, template=template, keep_plain=keep_plain, limit=limit
        )
        return [v.prompt for v in found], [v.label for v in found], len(found)
