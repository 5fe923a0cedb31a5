"""Prompt Variations: base prompts x styles as a list that any generator takes one by one."""

from __future__ import annotations

from ..shared.declared import Boolean, Choice, Declared, Inputs, Int, Text
from ..shared.on_demand import genvr

__all__ = ["GenVRDepthPromptVariations"]


class GenVRDepthPromptVariations(Declared):
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

    INPUTS = Inputs(
        required={
            "prompt": Text(
                "What all images show; one base prompt per line.",
                "a cosy living room",
                multiline=True,
            ),
            "styles": Choice(
                "Which ready-made styles to use.",
                "looks",
                choices=lambda: (
                    genvr.variations.ALL_STYLES,
                    *genvr.variations.style_groups(),
                    genvr.variations.NO_STYLES,
                ),
            ),
        },
        optional={
            "only": Text(
                "Labels of the styles to use, one per line or separated by "
                "commas; empty = the whole group.",
                multiline=True,
            ),
            "own_styles": Text(
                "Your own styles, one per line: 'label: words' or just words.", multiline=True
            ),
            "template": Text(
                "How prompt and style are joined; both {prompt} and {style}.", "{prompt}, {style}"
            ),
            "keep_plain": Boolean(
                "Also give each prompt without a style.", display_name="also without a style"
            ),
            "limit": Int(
                "Maximum number of prompts, counted from the first.",
                0,
                0,
                1000,
                auto=0,
                word="all",
            ),
        },
    )

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
