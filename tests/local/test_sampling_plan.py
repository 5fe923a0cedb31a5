"""What the planner recognises, refuses and rounds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from genvr_depth.nodes.depthkit.errors import PlanError
from genvr_depth.nodes.depthkit.local import (
    FAMILIES,
    GENERIC,
    Connected,
    ControlFacts,
    Extent,
    ModelFacts,
    PatchFacts,
    Settings,
    VaeFacts,
    describe,
    family_of,
    make_plan,
)
from hypothesis import given
from hypothesis import settings as trial
from hypothesis import strategies as st

BY_KEY = {family.key: family for family in FAMILIES}


def connected(key="sd15", **changes):
    family = BY_KEY[key]
    kind = next(iter(sorted(family.controls, reverse=True)), None)
    base = Connected(
        family.typical,
        VaeFacts(family.latent_channels, family.latent_dimensions),
        Extent(512, 512),
        control=family.typical_control(kind) if kind else None,
        clip=True,
    )
    return replace(base, **changes)


def step(plan, class_type):
    return next(s for s in plan.steps if s.class_type == class_type)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.key)
def test_typical_model_is_recognised_as_its_family(family):
    assert family_of(family.typical) is family


@pytest.mark.parametrize(
    ("facts", "key"),
    [
        (ModelFacts("SSD1B", ("SSD1B", "SDXL", "BASE"), 4), "sdxl"),
        (ModelFacts("FluxSchnell", ("FluxSchnell", "Flux"), 16), "flux_schnell"),
        (ModelFacts("Flux", ("Flux",), 16, concat_channels=16, by_lora=True), "flux_depth"),
        (ModelFacts("FluxInpaint", ("FluxInpaint", "Flux"), 16, concat_channels=80), "flux"),
        (ModelFacts("Flux2", ("Flux2", "Flux"), 128), "flux2"),
        (ModelFacts("Chroma", ("Chroma", "BASE"), 16), "chroma"),
        (ModelFacts("Lumina2", ("Lumina2", "BASE"), 16), "generic"),
    ],
)
def test_related_architectures_are_told_apart(facts, key):
    assert family_of(facts).key == key


def test_unknown_family_gets_the_general_route_and_a_warning():
    model = ModelFacts("Lumina2", ("Lumina2",), 16, width=3072)
    control = ControlFacts("flux", "ControlNet", 3072, needs_vae=True)
    facts = connected(model=model, vae=VaeFacts(16), control=control)
    plan = make_plan(facts, Settings())
    assert plan.family is GENERIC
    assert step(plan, "ControlNetApplyAdvanced")
    assert any(note.startswith("Warning") and "Lumina2" in note for note in plan.notes)


def test_unknown_latents_are_not_held_against_the_vae():
    model = ModelFacts("Wrapped", (), latent_channels=0)
    assert make_plan(connected(model=model, vae=VaeFacts(16)), Settings()).family is GENERIC


def test_coarse_latents_get_a_coarser_size():
    model = ModelFacts("HunyuanImage21", ("HunyuanImage21",), 64, downscale=32)
    facts = connected(model=model, vae=VaeFacts(64), depth=Extent(1000, 1000))
    assert make_plan(facts, Settings()).size == Extent(1024, 1024)


REFUSALS = {
    "control net of another family": (
        lambda: connected("sdxl", control=BY_KEY["sd15"].typical_control("unet")),
        ("SDXL", "Stable Diffusion 1.5", "controlnet-union-sdxl"),
    ),
    "flux control net on sdxl": (
        lambda: connected("sdxl", control=BY_KEY["flux"].typical_control("flux")),
        ("SDXL", "FLUX.1", "Connect"),
    ),
    "control net on flux depth": (
        lambda: connected("flux_depth", control=BY_KEY["flux"].typical_control("flux")),
        ("FLUX.1 Depth", "disconnect"),
    ),
    "model patch of another family": (
        lambda: connected("sdxl", control=None, patch=PatchFacts("z-image", "ZImage_Control")),
        ("Z-Image", "SDXL"),
    ),
    "patch of an unknown kind": (
        lambda: connected("z_image", control=None, patch=PatchFacts("unknown", "SUPIR")),
        ("SUPIR", "Z-Image"),
    ),
    "control net for z-image": (
        lambda: connected("z_image", control=BY_KEY["qwen_image"].typical_control("qwen")),
        ("Z-Image", "Load Model Patch"),
    ),
    "control net and patch": (
        lambda: connected("qwen_image", patch=PatchFacts("qwen", "Q")),
        ("control_net", "model_patch", "Keep one"),
    ),
    "nothing brings the depth": (
        lambda: connected("flux", control=None),
        ("FLUX.1 [dev]", "Load ControlNet Model"),
    ),
    "union without a depth type": (
        lambda: connected(
            "flux", control=replace(BY_KEY["flux"].typical_control("flux"), union_types=2)
        ),
        ("2 control types", "depth"),
    ),
    "no vae": (lambda: connected("flux", vae=None), ("VAE is missing", "Load VAE")),
    "vae of another family": (
        lambda: connected("flux", vae=VaeFacts(4)),
        ("4 channels", "16", "Connect the VAE"),
    ),
    "no clip and no conditioning": (lambda: connected(clip=False), ("clip", "positive")),
    "mask without reference": (
        lambda: connected(mask=Extent(512, 512)),
        ("mask", "Connect the original image to reference"),
    ),
    "reference of another ratio": (
        lambda: connected(reference=Extent(512, 768)),
        ("reference is 512x768", "depth 512x512"),
    ),
    "mask of another ratio": (
        lambda: connected(reference=Extent(512, 512), mask=Extent(300, 100)),
        ("mask is 300x100", "same image"),
    ),
    "batches of different length": (
        lambda: connected(depth=Extent(512, 512, 3), reference=Extent(512, 512, 2)),
        ("depth has 3", "reference has 2"),
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusal_names_both_sides_and_a_way_out(case):
    make, words = REFUSALS[case]
    with pytest.raises(PlanError) as refusal:
        make_plan(make(), Settings())
    for word in words:
        assert word in str(refusal.value)


@pytest.mark.parametrize(
    "settings",
    [
        Settings(steps=0),
        Settings(seed=-1),
        Settings(denoise=0),
        Settings(start=0.5, end=0.5),
        Settings(strength=-0.5),
        Settings(size="huge"),
        Settings(size="megapixels", megapixels=0),
        Settings(count=0),
        Settings(second_pass=0.5),
    ],
    ids=repr,
)
def test_impossible_numbers_are_refused_before_sampling(settings):
    with pytest.raises(PlanError):
        make_plan(connected(), settings)


@trial(deadline=None)
@given(
    width=st.integers(1, 6000),
    height=st.integers(1, 6000),
    key=st.sampled_from(sorted(BY_KEY)),
    second=st.sampled_from([1.0, 1.5, 2.0]),
)
def test_any_depth_size_is_sampled_at_a_multiple_with_the_ratio_kept(width, height, key, second):
    family = BY_KEY[key]
    patch = next((PatchFacts(kind, kind) for kind in family.patches - {"qwen"}), None)
    facts = connected(key, depth=Extent(width, height), patch=patch)
    strength = 0.0 if family.uncontrolled else None
    plan = make_plan(facts, Settings(second_pass=second, strength=strength))
    for run in plan.passes:
        assert run.size.width % family.multiple == 0
        assert run.size.height % family.multiple == 0
        assert min(run.size.width, run.size.height) >= 64
    first = plan.passes[0].size
    for side, wanted in ((first.width, width), (first.height, height)):
        assert side == 64 or abs(side - wanted) <= family.multiple / 2


def test_megapixels_keep_the_ratio_and_default_to_the_family():
    facts = connected("sdxl", depth=Extent(4000, 3000))
    own = make_plan(facts, Settings(size="megapixels")).size
    assert abs(own.width * own.height / 1024**2 - 1) < 0.02
    half = make_plan(facts, Settings(size="megapixels", megapixels=0.5)).size
    assert abs(half.width / half.height - 4 / 3) < 0.02


def test_a_side_beyond_comfyuis_limit_is_refused_with_a_remedy():
    with pytest.raises(PlanError, match="megapixels"):
        make_plan(connected(depth=Extent(20000, 64)), Settings())


def test_a_size_far_from_the_training_size_is_mentioned():
    plan = make_plan(connected(depth=Extent(4000, 3000)), Settings())
    assert any("trained at about 0.25" in note for note in plan.notes)


def test_flux_unions_get_number_two_and_sdxl_unions_number_one():
    sdxl = make_plan(
        connected("sdxl", control=BY_KEY["sdxl"].typical_control("unet", union=True)), Settings()
    )
    flux = make_plan(
        connected("flux", control=BY_KEY["flux"].typical_control("flux", union=True)), Settings()
    )
    assert step(sdxl, "SetUnionControlNetType").inputs["type"] == "depth"
    assert step(flux, "SetUnionControlNetType").inputs["type"] == "hed/pidi/scribble/ted"


def test_strength_zero_leaves_the_control_out():
    plan = make_plan(connected(), Settings(strength=0.0))
    assert "ControlNetApplyAdvanced" not in [s.class_type for s in plan.steps]
    assert make_plan(connected(control=None), Settings(strength=0.0)).steps == plan.steps


def test_own_guidance_in_ready_conditioning_is_kept():
    facts = connected("flux", clip=False, positive=True, guided=True)
    kept = make_plan(facts, Settings())
    set_anew = make_plan(facts, Settings(guidance=2.0))
    assert "FluxGuidance" not in [s.class_type for s in kept.steps]
    assert step(set_anew, "FluxGuidance").inputs["guidance"] == 2.0


def test_own_timestep_shift_is_kept():
    qwen = connected("qwen_image")
    shifted = replace(qwen, model=replace(qwen.model, shifted=True))
    assert step(make_plan(qwen, Settings()), "ModelSamplingAuraFlow").inputs["shift"] == 3.1
    assert "ModelSamplingAuraFlow" not in [
        s.class_type for s in make_plan(shifted, Settings()).steps
    ]


def test_report_says_what_has_no_effect():
    facts = connected("flux_depth", reference=None)
    text = describe(make_plan(facts, Settings(strength=0.4, denoise=0.5, prompt="x")), facts)
    assert "no strength" in text
    assert "Denoise is 1" in text
    restyle = connected(reference=Extent(512, 512))
    assert "keeps nothing" in describe(make_plan(restyle, Settings()), restyle)
