"""Plans for clips: rules of every family, refusals, agreement with the schemas of core's nodes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from genvr_depth.nodes.depthkit.depth_map import DepthMap
from genvr_depth.nodes.depthkit.errors import PlanError
from genvr_depth.nodes.depthkit.local import Extent, ModelFacts, PatchFacts, VaeFacts
from genvr_depth.nodes.depthkit.local.video import (
    VIDEO_FAMILIES,
    ClipConnected,
    ClipSettings,
    clip_images,
    make_video_plan,
    video_family_of,
)
from genvr_depth.nodes.depthkit.ranges import control_image
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_check import RAN, READ, check_steps

FAMILIES = {family.key: family for family in VIDEO_FAMILIES}
families = pytest.mark.parametrize("key", FAMILIES)


def _connected(key, full=False, frames=60, **changes):
    family = FAMILIES[key]
    still = Extent(1280, 720)
    base = ClipConnected(
        model=family.typical,
        vae=VaeFacts(family.latent_channels, 3),
        depth=Extent(1280, 720, frames),
        low_noise=family.typical if family.experts[0] > 1 else None,
        patch=PatchFacts(family.patch, "patch") if family.patch else None,
        clip=not full or family.route == "h3",
        positive=full,
        first=still if full and family.first_frame else None,
        last=still if full and family.last_frame else None,
        reference=still if full and family.reference else None,
        source=Extent(1280, 720, frames) if full and family.inpaint else None,
        mask=still if full and family.inpaint else None,
    )
    return replace(base, **changes)


@families
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("version", RAN)
def test_plan_agrees_with_comfyuis_schemas(key, full, version):
    nodes = RAN[version]
    if key == "minimax_h3":
        if version == "0.27":
            pytest.skip("MiniMax H3 is newer than 0.27")
        nodes = nodes | READ
    plan = make_video_plan(_connected(key, full), ClipSettings(prompt="street"))
    results = {plan.image: "IMAGE", plan.latent: "LATENT", plan.video: "VIDEO"}
    check_steps(plan.steps, results, nodes)


@families
def test_a_typical_model_is_recognised_as_its_own_family(key):
    assert video_family_of(FAMILIES[key].typical) is FAMILIES[key]


@settings(max_examples=40, deadline=None)
@given(
    key=st.sampled_from(sorted(FAMILIES)),
    frames=st.integers(1, 300),
    length=st.one_of(st.none(), st.integers(1, 400)),
    depth_rate=st.one_of(st.none(), st.floats(1, 120)),
)
def test_every_frame_that_is_sampled_shows_a_frame_of_the_depth(key, frames, length, depth_rate):
    asked = ClipSettings(length=length, depth_rate=depth_rate)
    timing = make_video_plan(_connected(key, frames=frames), asked).timing
    family = FAMILIES[key]
    assert (timing.length - family.first) % family.step == 0
    assert timing.length >= family.first
    assert list(timing.sources) == sorted(timing.sources)
    assert timing.sources[0] == 0
    assert timing.sources[-1] < frames
    if length is not None and length >= family.first:
        assert abs(timing.length - length) <= family.step / 2


def test_depth_of_another_rate_is_resampled_cut_or_slowed_with_a_note():
    def plan(frames, **asked):
        return make_video_plan(_connected("wan_vace", frames=frames), ClipSettings(**asked))

    same = plan(81)
    assert same.timing.sources == tuple(range(81))
    assert not same.notes
    half = plan(81, depth_rate=32.0)
    assert half.timing.sources == tuple(range(0, 82, 2))
    assert "nearest frame in time" in " ".join(half.notes)
    cut = plan(81, length=41)
    assert cut.timing.sources == tuple(range(41))
    assert "cut after frame 41 of 81" in " ".join(cut.notes)
    slow = plan(41, length=81)
    assert slow.timing.sources[-1] == 40
    assert "slowed down" in " ".join(slow.notes)
    still = plan(1)
    assert set(still.timing.sources) == {0}
    assert "one image" in " ".join(still.notes)
    assert "80 frames become 77" in " ".join(plan(80).notes)


@families
def test_sizes_are_multiples_and_keep_the_ratio(key):
    for size in ("megapixels", "from depth"):
        made = make_video_plan(_connected(key), ClipSettings(size=size)).size
        assert made.width % FAMILIES[key].multiple == 0
        assert made.height % FAMILIES[key].multiple == 0
        assert abs(made.width / made.height - 16 / 9) < 0.15
    small_guides = replace(FAMILIES["ltx"].typical, guide_downscale=2)
    made = make_video_plan(_connected("ltx", model=small_guides), ClipSettings()).size
    assert made.width % 64 == 0
    assert made.height % 64 == 0


REFUSED = {
    "takes no clip of depth": ("wan_vace", {"model": ModelFacts("SDXL", ("SDXL",))}, {}),
    "low-noise one is missing": ("wan22_fun", {"low_noise": None}, {}),
    "another family": ("wan22_fun", {"low_noise": FAMILIES["wan_vace"].typical}, {}),
    "nothing belongs to model_low_noise": (
        "wan21_fun", {"low_noise": FAMILIES["wan21_fun"].typical}, {},
    ),
    "carries no LoRA": ("ltx", {"model": replace(FAMILIES["ltx"].typical, loras=False)}, {}),
    "Nothing brings the depth": ("minimax_h3", {"patch": None}, {}),
    "does not fit the model": ("wan_vace", {"patch": PatchFacts("qwen", "Qwen")}, {}),
    "The VAE is missing": ("wan_vace", {"vae": None}, {}),
    "makes latents of 128": ("wan_vace", {"vae": VaeFacts(128, 3)}, {}),
    "nothing to turn the prompt": ("wan_vace", {"clip": False}, {}),
    "not the same frame": ("wan_vace", {"first": Extent(720, 720)}, {}),
    "takes no last image": ("wan21_fun", {"last": Extent(1280, 720)}, {}),
    "mask is not": ("wan_vace", {"source": Extent(1280, 720, 60)}, {}),
    "source_video is not": ("wan_vace", {"mask": Extent(1280, 720)}, {}),
    "cannot keep part of a clip": ("wan21_fun", {"mask": Extent(1280, 720)}, {}),
    "mask is 720x720": (
        "wan_vace", {"source": Extent(1280, 720, 60), "mask": Extent(720, 720)}, {},
    ),
    "source_video has 59 frames": (
        "wan_vace", {"source": Extent(1280, 720, 59), "mask": Extent(1280, 720)}, {},
    ),
    "has no WanVaceToVideo": ("wan_vace", {"nodes": frozenset({"KSampler"})}, {}),
    "length of 0 frames": ("wan_vace", {}, {"length": 0}),
    "frame_rate is 0": ("wan_vace", {}, {"frame_rate": 0.0}),
    "frame_rate is 1000": ("wan_vace", {}, {"frame_rate": 1000.0}),
    "depth_rate is 0": ("wan_vace", {}, {"depth_rate": 0.0}),
    "no size": ("wan_vace", {}, {"megapixels": 0.0}),
    "would never act": ("minimax_h3", {}, {"start": 0.5, "end": 0.5}),
    "strength is 20": ("wan_vace", {}, {"strength": 20.0}),
}  # fmt: skip


@pytest.mark.parametrize("words", REFUSED)
def test_what_cannot_work_is_refused_with_a_remedy(words):
    key, connected, asked = REFUSED[words]
    with pytest.raises(PlanError, match=words):
        make_video_plan(_connected(key, **connected), ClipSettings(**asked))


@pytest.mark.parametrize("kind", ["metric", "depth", "disparity"])
def test_control_frames_are_those_of_depth_to_image(kind):
    values = torch.rand(17, 64, 96, generator=torch.Generator().manual_seed(1)) + 0.5
    depth = DepthMap.make(values, kind, values < 1.48)
    connected = _connected("wan_vace", depth=Extent(96, 64, 17))
    plan = make_video_plan(connected, ClipSettings(size="from depth"))
    made = clip_images(plan, depth)
    assert torch.allclose(made["control_video"], control_image(depth), atol=1e-6)
    assert made["control_masks"].min() == 1


def test_given_frames_stand_in_the_clip_and_stay():
    depth = torch.rand(17, 64, 96, 3)
    stills = [torch.rand(1, 128, 192, 3) for _ in range(3)]
    still = Extent(192, 128)
    connected = _connected(
        "wan_vace", depth=Extent(96, 64, 17), first=still, last=still, reference=still
    )
    plan = make_video_plan(connected, ClipSettings(size="from depth"))
    made = clip_images(plan, depth, *stills)
    assert torch.equal(made["control_video"][0], made["first_frame"][0])
    assert torch.equal(made["control_video"][-1], made["last_frame"][0])
    assert torch.equal(made["control_video"][5], depth[5])
    assert made["control_masks"][[0, -1]].max() == 0
    assert made["control_masks"][1:-1].min() == 1
    assert made["reference"].shape == (1, 64, 96, 3)


@pytest.mark.parametrize("key", ["wan_vace", "minimax_h3"])
def test_a_source_stays_where_the_mask_is_black(key):
    generator = torch.Generator().manual_seed(3)
    depth, source = (torch.rand(22, 64, 96, 3, generator=generator) for _ in range(2))
    mask = torch.zeros(22, 64, 96)
    mask[:, :, 48:] = 1
    mask[5] = 1
    extent = Extent(96, 64, 22)
    connected = _connected(key, depth=extent, source=extent, mask=extent)
    plan = make_video_plan(connected, ClipSettings(size="from depth", length=22))
    made = clip_images(plan, depth, source=source, mask=mask)
    kept = made["control_video" if key == "wan_vace" else "source_video"]
    masks = made["control_masks" if key == "wan_vace" else "mask"]
    used = list(plan.timing.sources)
    assert torch.equal(masks, mask[used])
    assert torch.equal(kept[0, :, :48], source[used[0], :, :48])
    assert torch.equal(made["control_video"][0, :, 48:], depth[used[0], :, 48:])
    assert torch.equal(made["control_video"][5], depth[used[5]])
    if key == "minimax_h3":
        assert torch.equal(made["control_video"], depth[used])


def test_a_mask_is_cut_at_half_after_it_was_resampled():
    depth, source = torch.rand(5, 64, 96, 3), torch.rand(5, 64, 96, 3)
    mask = torch.linspace(0, 1, 96)[None, None].expand(1, 64, 96)
    connected = _connected(
        "wan_vace",
        depth=Extent(96, 64, 5), source=Extent(96, 64, 5), mask=Extent(96, 64),
    )  # fmt: skip
    plan = make_video_plan(connected, ClipSettings(size="megapixels", megapixels=0.02))
    masks = clip_images(plan, depth, source=source, mask=mask)["control_masks"]
    assert set(masks.unique().tolist()) == {0.0, 1.0}
    assert abs(masks.mean().item() - 0.5) < 0.02


def test_an_older_comfyui_gets_the_guide_without_parameters_and_a_sentence():
    nodes = frozenset({"LTXVAddGuide"})
    plan = make_video_plan(_connected("ltx", nodes=nodes), ClipSettings())
    (guide,) = (step for step in plan.steps if step.class_type == "LTXVAddGuide")
    assert "iclora_parameters" not in guide.inputs
    assert "GetICLoRAParameters" not in {step.class_type for step in plan.steps}
    assert sum("no GetICLoRAParameters node" in note for note in plan.notes) == 1
    full = make_video_plan(_connected("ltx"), ClipSettings())
    assert "GetICLoRAParameters" in {step.class_type for step in full.steps}


def test_what_becomes_of_sound_is_said():
    both = replace(FAMILIES["ltx"].typical, lineage=("LTXAV", "LTXV"))
    plan = make_video_plan(_connected("ltx", model=both), ClipSettings())
    assert "the clip is silent" in " ".join(plan.notes)
    assert "audio VAE" in " ".join(make_video_plan(_connected("minimax_h3"), ClipSettings()).notes)
