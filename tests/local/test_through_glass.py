"""Depth through Glass without ComfyUI: the plan, and what is refused before anything is loaded."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from genvr_depth.nodes import NODE_CLASS_MAPPINGS
from genvr_depth.nodes.depthkit.depth_map import DepthMap
from genvr_depth.nodes.depthkit.errors import InvalidInput, ModelError
from genvr_depth.nodes.depthkit.local.facts import Extent, ModelFacts
from genvr_depth.nodes.depthkit.local.steps import Given, Ref
from genvr_depth.nodes.depthkit.local.through_glass import NEEDED, GlassSettings, make_glass_plan
from genvr_depth.nodes.depthkit.maps.merge import MergeOptions, merge

FILES = {
    "loras": ["painting.safetensors", "marigold_v2_depth_log_stage2.safetensors",
              "marigold_v2_depth_log_layered.safetensors"],
    "vae": ["ae.safetensors", "marigold_v2_depth_log_stage2_vae.safetensors",
            "marigold_v2_depth_log_layered_vae.safetensors"],
    "embeddings": ["marigold_v2_albedo_conditioning.safetensors",
                   "marigold_v2_depth_conditioning.safetensors"],
}  # fmt: skip
QWEN = ModelFacts("QwenImage")


def _plan(photo=(1000, 700), model=QWEN, files=FILES, core=NEEDED, **settings):
    chosen = settings.pop("chosen", {})
    return make_glass_plan(Extent(*photo), model, files, core, GlassSettings(chosen, **settings))


def _steps(plan):
    return {step.key: step for step in plan.steps}


def test_each_checkpoint_has_its_lora_and_vae_and_one_step_of_half_the_noise():
    steps = _steps(_plan())
    for name, file in (("first", "stage2"), ("see_through", "layered")):
        assert (
            steps[f"{name}_lora"].inputs["lora_name"] == f"marigold_v2_depth_log_{file}.safetensors"
        )
        assert file in steps[f"{name}_vae"].inputs["vae_name"]
        sampling = steps[f"{name}_model"].inputs
        assert (sampling["shift"], sampling["sampling"]) == (1.73, "img_to_img_velocity")
        assert steps[f"{name}_decoded"].inputs["vae"] == Ref(f"{name}_vae")
        assert steps[f"{name}_depth"].inputs["white_means"] == "white is near (log distance)"
    assert steps["sigmas"].inputs == {"sigmas": "0.5, 0"}
    assert steps["conditioning"].inputs["conditioning_name"] == FILES["embeddings"][1]
    assert steps["merge"].inputs["findings"] == Ref("check", 3)
    assert steps["merge"].inputs["rule"] == "second where farther"
    assert steps["merge"].inputs["align"] == "scale and shift of logarithms"


@pytest.mark.parametrize(
    ("photo", "megapixels", "seen"),
    [((1000, 700), 1, (992, 704)), ((4000, 3000), 1, (1184, 880)),
     ((4000, 3000), 0, (4000, 3008)), ((9, 5), 1, (16, 16))],
)  # fmt: skip
def test_the_model_sees_multiples_of_sixteen_and_the_maps_have_the_photos_size(
    photo, megapixels, seen
):
    steps = _steps(_plan(photo, megapixels=megapixels))
    assert (steps["scaled"].inputs["width"], steps["scaled"].inputs["height"]) == seen
    assert (steps["first_full"].inputs["width"], steps["first_full"].inputs["height"]) == photo


def test_a_disparity_checkpoint_is_read_as_disparity_and_a_mask_takes_the_place_of_the_check():
    files = FILES | {"loras": [FILES["loras"][1], "marigold_v2_disparity_layered.safetensors"]}
    steps = _steps(_plan(files=files, masked=True))
    assert steps["see_through_grey"].inputs["prediction"] == "disparity"
    assert steps["see_through_depth"].inputs["white_means"] == "white is near (disparity)"
    assert steps["merge"].inputs["align"] == "scale and shift"
    assert steps["merge"].inputs["mask"] == Given("mask")
    assert "check" not in steps


def test_what_is_missing_is_named_with_the_remedy():
    old = {**NEEDED, "ModelSamplingAuraFlow": ("model", "shift")}
    del old["ConditioningLoader"]
    without = {**FILES, "loras": FILES["loras"][:2]}
    for change, error, sentence in (
        ({"core": old}, InvalidInput, r"0\.36 or newer.*ConditioningLoader, ModelSamplingAuraFlow"),
        ({"core": {}}, InvalidInput, "Update ComfyUI"),
        ({"model": ModelFacts("SDXL")}, InvalidInput, "model is SDXL.*Qwen-Image-Edit-2509"),
        ({"files": without}, ModelError, "models/loras has marigold and layered.*see_through_lora"),
        ({"chosen": {"first_vae": "gone.pt"}}, ModelError, "no file gone.pt in models/vae"),
    ):
        with pytest.raises(error, match=sentence):
            _plan(**change)


def test_without_the_core_nodes_the_node_says_in_one_sentence_what_it_needs():
    node = NODE_CLASS_MAPPINGS["GenVRDepthThroughGlass"]()
    with pytest.raises(InvalidInput, match=r"needs ComfyUI 0\.36 or newer"):
        node.run(torch.rand(1, 32, 32, 3), SimpleNamespace())
    with pytest.raises(InvalidInput, match="batch size 1"):
        node.run(torch.rand(2, 32, 32, 3), SimpleNamespace())


def test_log_depth_of_two_checkpoints_is_joined_where_one_sees_behind_the_other():
    """Both predict the logarithm up to a scale and a shift of their own, as Marigold V2 does."""
    rows, columns = torch.meshgrid(
        torch.linspace(0, 1, 96), torch.linspace(0, 1, 128), indexing="ij"
    )
    room = 1.5 + 2 * rows + columns
    pane = (rows > 0.3) & (rows < 0.7) & (columns > 0.4) & (columns < 0.8)
    behind = torch.where(pane, 9.0, room)
    first = DepthMap.make((0.8 * room.log() + 0.3).exp(), "depth")
    second = DepthMap.make((0.5 * behind.log() - 0.1).exp(), "depth")
    options = MergeOptions("second where farther", feather=0, align="scale and shift of logarithms")
    made = merge(first, second, None, options)
    assert ((made.second[0] > 0.5) ^ pane).float().mean() < 0.02
    inside = pane & (made.second[0] > 0.5)
    assert inside.sum() > 0.95 * pane.sum()
    found = ((made.depth.values[0].log() - 0.3) / 0.8).exp()
    assert torch.allclose(found[inside], behind[inside], rtol=0.02)
    assert torch.equal(made.depth.values[0][~pane][:500], first.values[0][~pane][:500])
    with pytest.raises(InvalidInput, match="no logarithm"):
        merge(first, DepthMap.make(second.values - 2, "depth"), None, options)
