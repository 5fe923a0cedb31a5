"""Families of 2026: through which node the depth goes, and what is said where nothing brings it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from genvr_depth.nodes.depthkit.depth_map import DepthMap
from genvr_depth.nodes.depthkit.errors import PlanError
from genvr_depth.nodes.depthkit.local import (
    FAMILIES,
    Connected,
    Extent,
    PatchFacts,
    Settings,
    VaeFacts,
    make_plan,
    pass_images,
)
from genvr_depth.nodes.depthkit.views.layers import split_layers

ROWS = {family.key: family for family in FAMILIES}
DEPTH = Extent(640, 480)


def _joined(key, **changes):
    family = ROWS[key]
    base = Connected(
        family.typical,
        VaeFacts(family.latent_channels, family.latent_dimensions),
        DEPTH,
        control=next(map(family.typical_control, family.controls), None),
        patch=next((PatchFacts(kind, kind) for kind in family.patches), None),
        clip=True,
    )
    return replace(base, **changes)


def _step(plan, class_type):
    return next(step for step in plan.steps if step.class_type == class_type)


NODES = {
    "qwen_image_21": "QwenImageDiffsynthControlnet",
    "anima": "AnimaLLLiteApply",
    "moss_image": "MOSSImageControl",
    "flux2": "Flux2FunControlNetApply",
    "krea2": "Krea2ControlApply",
}


@pytest.mark.parametrize("key", NODES)
def test_depth_goes_through_the_familys_node_only_where_it_is_registered(key):
    plan = make_plan(_joined(key), Settings())
    assert NODES[key] in {step.class_type for step in plan.steps}
    there = frozenset({"KSampler", *ROWS[key].needs})
    assert make_plan(_joined(key, nodes=there), Settings()).steps == plan.steps
    with pytest.raises(PlanError) as refused:
        make_plan(_joined(key, nodes=frozenset({"KSampler"})), Settings())
    assert ROWS[key].needs[0] in str(refused.value)
    assert (ROWS[key].pack or "Update ComfyUI") in str(refused.value)


@pytest.mark.parametrize("key", ["moss_image", "krea2"])
def test_a_model_without_its_control_lora_is_refused(key):
    bare = replace(ROWS[key].typical, loras=False)
    with pytest.raises(PlanError, match="carries no LoRA"):
        make_plan(_joined(key, model=bare), Settings())
    make_plan(_joined(key, model=bare), Settings(strength=0.0))


@pytest.mark.parametrize("key", ["chroma", "hidream"])
def test_families_without_depth_control_say_so(key):
    title = ROWS[key].title
    with pytest.raises(PlanError, match=f"or LoRA for {title} is known"):
        make_plan(_joined(key), Settings())
    flux = ROWS["flux"].typical_control("flux")
    with pytest.raises(PlanError, match="does not fit"):
        make_plan(_joined(key, control=flux), Settings())
    assert make_plan(_joined(key), Settings(strength=0.0)).steps


def test_start_and_end_reach_the_nodes_that_have_them():
    asked = Settings(start=0.2, end=0.7)
    for key in ("anima", "moss_image"):
        inputs = _step(make_plan(_joined(key), asked), NODES[key]).inputs
        assert (inputs["start_percent"], inputs["end_percent"]) == (0.2, 0.7)
    for key in ("flux2", "krea2"):
        assert "no start and end" in " ".join(make_plan(_joined(key), asked).notes)


def test_a_color_map_goes_to_moss_image_and_keeps_its_flat_colours():
    values = torch.linspace(1, 9, 640).expand(1, 480, 640)
    split = split_layers(DepthMap.make(values, "metric"), 3)
    regions = split.color_map
    assert regions.shape == (1, 480, 640, 3)
    colours = {tuple(c) for c in regions[:, ::16].reshape(-1, 3).tolist()}
    assert len(colours) == 3
    plan = make_plan(_joined("moss_image", color_map=DEPTH), Settings(size="megapixels"))
    assert "color_map" in _step(plan, "MOSSImageControl").inputs
    made = pass_images(plan, DepthMap.make(values, "metric"), color_map=regions)["color_map"]
    assert made.shape[1:3] == (plan.size.height, plan.size.width)
    # The bands are upright: some rows show every colour there is.
    assert {tuple(c) for c in made[:, ::16].reshape(-1, 3).tolist()} == colours
    note = " ".join(make_plan(_joined("sd15", color_map=DEPTH), Settings()).notes)
    assert "only MOSS-Image takes one" in note
