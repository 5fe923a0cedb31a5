"""Model family -> plan of core nodes: what an expert would wire to sample with depth."""

from __future__ import annotations

from .expand import expand
from .facts import Connected, ControlFacts, Extent, ModelFacts, PatchFacts, Settings, VaeFacts
from .families import CONTROL_KINDS, FAMILIES, GENERIC, Family, family_of
from .files import MODEL_FILES, ModelFile, files_of
from .pictures import extent_of, mask_extent, pass_pictures
from .plan import Given, Plan, Ref, Step, make_plan
from .report import headline, render
from .sizes import SIZES

__all__ = [
    "CONTROL_KINDS",
    "FAMILIES",
    "GENERIC",
    "MODEL_FILES",
    "SIZES",
    "Connected",
    "ControlFacts",
    "Extent",
    "Family",
    "Given",
    "ModelFacts",
    "ModelFile",
    "PatchFacts",
    "Plan",
    "Ref",
    "Settings",
    "Step",
    "VaeFacts",
    "expand",
    "extent_of",
    "family_of",
    "files_of",
    "headline",
    "make_plan",
    "mask_extent",
    "pass_pictures",
    "render",
]
