"""Model family -> plan of core nodes: what an expert would wire to sample with depth."""

from __future__ import annotations

from .control_input import extent_of, mask_extent, pass_images
from .expand import expand, expand_steps
from .facts import Connected, ControlFacts, Extent, ModelFacts, PatchFacts, Settings, VaeFacts
from .families import FAMILIES, GENERIC, family_of
from .family import CONTROL_KINDS, Family
from .model_files import MODEL_FILES, ModelFile, files_of
from .report import describe, headline
from .sampling_plan import Given, Ref, SamplingPlan, Step, make_plan
from .sampling_size import SIZES

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
    "Ref",
    "SamplingPlan",
    "Settings",
    "Step",
    "VaeFacts",
    "describe",
    "expand",
    "expand_steps",
    "extent_of",
    "family_of",
    "files_of",
    "headline",
    "make_plan",
    "mask_extent",
    "pass_images",
]
