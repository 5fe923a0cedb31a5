"""Merge Depth."""

from __future__ import annotations

from torch import Tensor

from ..depthkit.depth_map import DepthMap
from ..shared import host
from ..shared.declared import Choice, Declared, Float, Inputs, Int, Socket
from ..shared.given_depth import given_depth, with_note
from ..shared.on_demand import merge
from ..shared.sockets import DEPTH_MAP, depth_map_input

__all__ = ["GenVRDepthMerge"]


class GenVRDepthMerge(Declared):
    CATEGORY = "GenVR Depth/adjust"
    DESCRIPTION = (
        "Join two depth maps of one view: sensor and estimate, near and far, or another map where "
        "glass misled the first."
    )
    SEARCH_ALIASES = [
        "combine depth",
        "blend depth",
        "glass depth",
        "align depth",
        "depth fusion",
        "composite depth",
    ]
    FUNCTION = "merge"
    RETURN_TYPES = (DEPTH_MAP, "MASK", "STRING")
    RETURN_NAMES = ("depth", "second_share", "report")
    OUTPUT_TOOLTIPS = (
        "The joined depth, in the unit and at the size of the first map.",
        "White where the second map was taken.",
        "How much of the second map was taken, and its scale and shift.",
    )

    INPUTS = Inputs(
        required={
            "first": depth_map_input("The map that gives unit, size and camera."),
            "second": depth_map_input("The map that takes over; any size, any unit."),
            "rule": Choice(
                "first where valid: the second only fills the holes. mask: the second where the "
                "mask is white or Check Depth found glass. near from first, far from second: by "
                "nearness. second where farther: where it sees clearly behind the first, and in "
                "the mask.",
                "first where valid",
                choices=lambda: merge.RULES,
            ),
        },
        optional={
            "mask": Socket("MASK", "White where the second map is taken, for the rule mask."),
            "findings": Socket(
                "STRING",
                "The json of Check Depth, in the place of a mask: the second map is taken where "
                "glass, mirrors or water misled the first.",
            ),
            "nearness": Float(
                "Where near gives way to far: 0 the farthest point of the first map, 1 its "
                "nearest.",
                0.5,
                step=0.01,
                shown_when=lambda: {"rule": (merge.NEAR_FAR,)},
            ),
            "feather": Int(
                "Pixels over which the two maps are mixed; 0 is a hard edge.", 8, 0, 1024
            ),
            "align": Choice(
                "What is fitted to the first map where both know the depth. logarithms: for log "
                "depth, such as Marigold V2's. off: the second is in the first's unit already.",
                "scale and shift",
                choices=lambda: merge.ALIGNMENTS,
            ),
        },
    )

    def merge(
        self,
        first: DepthMap | Tensor,
        second: DepthMap | Tensor,
        rule: str = "first where valid",
        mask: Tensor | None = None,
        findings: str | None = None,
        nearness: float = 0.5,
        feather: int = 8,
        align: str = "scale and shift",
    ) -> tuple[DepthMap, Tensor, str]:
        (one, note), (other, _) = given_depth(first, "first"), given_depth(second, "second")
        options = merge.MergeOptions(rule, nearness, feather, align)
        where = mask if mask is None or mask.ndim == 3 else mask[None]
        if where is None and findings:
            needed = rule == "mask"
            where = merge.findings_mask(findings, one.height, one.width, needed=needed)
        with host.current().task(one.batch) as task:
            made = merge.merge(one, other, where, options, on_progress=task.on_progress)
            task.say(made.report)
        return made.depth, made.second, with_note(note, made.report)
