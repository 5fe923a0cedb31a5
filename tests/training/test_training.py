"""The recipe of the built-in model: loss, optimiser, encoder, augmentation, what is drawn."""

from __future__ import annotations

import copy
import random

import numpy as np
import pytest
import torch
from genvr_depth.nodes.depthkit.estimators.builtin import BuiltinDepth
from genvr_depth.nodes.depthkit.estimators.efficientnet_lite import EfficientNetLite
from genvr_depth.nodes.depthkit.estimators.packed_weights import packed, unpacked
from genvr_depth.training import data, export
from genvr_depth.training.augment import photograph
from genvr_depth.training.data import HELD_BACK, Batches, composed_views
from genvr_depth.training.encoder import folded, starting_weights
from genvr_depth.training.losses import depth_loss, disagreement
from genvr_depth.training.muon import Muon, split_parameters
from genvr_depth.training.raster.outdoors import landscape
from genvr_depth.training.raster.relight import relit
from genvr_depth.training.raster.scene import Light, Material, Scene
from safetensors.torch import load_file, save_file
from torch import nn


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def _floor(count: int, height: int = 60, width: int = 80) -> np.ndarray:
    """(N, H, W) disparity of a level floor seen from standing height: it grows downwards."""
    rows = np.linspace(0.05, 1.0, height, dtype=np.float16)[:, None]
    return np.broadcast_to(rows, (count, height, width)).copy()


def _write_shard(folder, number: int, value: int) -> None:
    np.save(folder / f"{number:04d}-disparity.npy", _floor(4))
    np.save(folder / f"{number:04d}-rgb.npy", np.full((4, 60, 80, 3), value, np.uint8))


def test_scale_and_shift_of_the_prediction_cost_nothing_in_the_invariant_terms():
    truth = torch.rand(2, 48, 64)
    right = depth_loss(3 * truth + 2, truth)[1]
    wrong = depth_loss(3 * truth + torch.rand(2, 48, 64), truth)[1]
    assert right["invariant"] == pytest.approx(0, abs=1e-5)
    assert right["edges"] == pytest.approx(0, abs=1e-5)
    assert wrong["invariant"] > 0.05
    assert wrong["edges"] > 0.05


def test_the_relative_term_sees_errors_far_away_that_a_plain_difference_does_not():
    """A disparity error of one size is a larger share of the small disparities of far things."""
    truth = torch.linspace(0.02, 1, 64).expand(1, 64, 64)
    far, near = torch.zeros_like(truth), torch.zeros_like(truth)
    far[..., :16], near[..., -16:] = 0.05, 0.05
    assert (
        depth_loss(truth + far, truth)[1]["relative"]
        > depth_loss(truth + near, truth)[1]["relative"]
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("shape", [(24, 96), (96, 24)])
def test_muon_steps_are_near_orthogonal(shape, dtype):
    weight = nn.Parameter(torch.zeros(shape))
    weight.grad = torch.randn(shape)
    Muon([weight], lr=1.0, dtype=dtype).step()
    singular = torch.linalg.svdvals(weight.detach()) / max(1.0, shape[0] / shape[1]) ** 0.5
    assert singular.min() > 0.5
    assert singular.max() < 1.3


def test_every_parameter_belongs_to_exactly_one_part():
    model = BuiltinDepth()
    parts = split_parameters(model)
    every = [id(p) for inner, rest in parts.values() for p in (*inner, *rest)]
    assert len(every) == len(set(every))
    assert set(every) == {id(p) for p in model.parameters()}
    assert {id(p) for p in model.encoder.parameters()} <= {
        id(p) for group in parts["encoder"] for p in group
    }


def _package_state(encoder: EfficientNetLite) -> dict[str, torch.Tensor]:
    """Random weights under the names of the package, batch normalisation apart."""
    convs = {"_conv_stem": ("_bn0", encoder.stem.conv)}
    blocks = [block for stage in encoder.stages for block in stage]
    for i, block in enumerate(blocks):
        for part, norm in (("expand", "_bn0"), ("depthwise", "_bn1"), ("project", "_bn2")):
            if part != "expand" or block.expands:
                conv = getattr(block, part).conv
                convs[f"_blocks.{i}._{part}_conv"] = (f"_blocks.{i}.{norm}", conv)
    state = {}
    for name, (norm, conv) in convs.items():
        state[f"{name}.weight"] = torch.randn_like(conv.weight) * 0.1
        for part in ("weight", "bias", "running_mean", "running_var"):
            state[f"{norm}.{part}"] = torch.rand(conv.out_channels) + 0.5
    return state


def test_folded_weights_do_what_convolution_and_batch_normalisation_did():
    encoder = EfficientNetLite()
    found = _package_state(encoder)
    encoder.load_state_dict(folded(found, encoder))
    image = torch.rand(1, 32, 8, 8)
    depthwise = encoder.stages[0][0].depthwise
    names = [f"_blocks.0._bn1.{part}" for part in ("running_mean", "running_var", "weight", "bias")]
    raw = nn.functional.conv2d(
        image, found["_blocks.0._depthwise_conv.weight"], padding=1, groups=32
    )
    expected = nn.functional.batch_norm(raw, *(found[name] for name in names), eps=1e-3)
    torch.testing.assert_close(depthwise(image), expected)


def test_a_run_begins_with_the_averaged_weights_of_another(tmp_path):
    earlier = BuiltinDepth().state_dict()
    torch.save({"average": earlier}, tmp_path / "state.pt")
    half = {k: v.half() if v.is_floating_point() else v for k, v in earlier.items()}
    save_file(half, tmp_path / "half.safetensors")
    save_file(packed(earlier), tmp_path / "packed.safetensors")
    for name, close in (
        ("state.pt", 0.0),
        ("half.safetensors", 1e-3),
        ("packed.safetensors", 5e-3),
    ):
        found = starting_weights(BuiltinDepth(), tmp_path / name)
        torch.testing.assert_close(found, earlier, rtol=close, atol=close)


def test_what_joins_the_pretrained_encoder_contributes_nothing_when_new():
    model = BuiltinDepth().eval()
    image = torch.rand(1, 3, 64, 96)
    before = model(image)
    for parameter in model.encoder.parameters():
        nn.init.normal_(parameter)
    torch.testing.assert_close(model(image), before)


def test_a_blend_is_the_mean_by_shares_with_statistics_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "_STATISTICS_BATCHES", 2)
    monkeypatch.setattr(export, "_STATISTICS_SIDE", 64)
    _write_shard(tmp_path, 0, 128)
    for name, value in (("a", 0.0), ("b", 0.01)):
        model = BuiltinDepth()
        for parameter in model.parameters():
            nn.init.constant_(parameter, value)
        torch.save({"average": model.state_dict()}, tmp_path / f"{name}.pt")
    out = tmp_path / "blend.safetensors"
    states = [str(tmp_path / "a.pt"), str(tmp_path / "b.pt")]
    export.main(
        ["--state", *states, "--shares", "1", "3", "--data", str(tmp_path), "--out", str(out)]
    )
    blend = unpacked(load_file(out))
    assert blend["head.0.weight"].unique().tolist() == [pytest.approx(0.0075, abs=1e-5)]
    assert int(blend["deepest.0.1.num_batches_tracked"]) == 2


def test_joins_side_by_side_compute_the_mean_of_both():
    network, image = BuiltinDepth().eval(), torch.rand(1, 320, 2, 3)
    whole = network.join_deepest
    halves = []
    for _ in range(2):
        half = copy.deepcopy(whole)
        inner = whole.out.in_channels // 2
        half.reduce[0] = nn.Conv2d(320, inner, 1, bias=False)
        half.reduce[1] = nn.BatchNorm2d(inner)
        half.out = nn.Conv2d(inner, whole.out.out_channels, 1)
        halves.append(half.eval())
    named = [{f"join.{k}": v for k, v in half.state_dict().items()} for half in halves]
    state = export.side_by_side(*named)
    whole.load_state_dict({k.removeprefix("join."): v for k, v in state.items()})
    expected = (halves[0](image) + halves[1](image)) / 2
    torch.testing.assert_close(whole(image), expected, rtol=1e-4, atol=1e-5)


def test_views_composed_as_people_compose_are_told_from_others():
    floor, ceiling = _floor(3), _floor(3)[:, ::-1]
    noise = np.random.default_rng(0).random((3, 60, 80)).astype(np.float16)
    assert composed_views(floor).all()
    assert not composed_views(ceiling).any()
    assert not composed_views(noise).any()


def test_held_back_shards_are_never_drawn(tmp_path):
    _write_shard(tmp_path, 0, 0)
    _write_shard(tmp_path, HELD_BACK, 255)
    batches = Batches([tmp_path], 4, seed=1)
    assert [number for _, number in batches.shards] == [0]
    images, truth = batches.draw(64)
    assert images.shape == (4, 3, *truth.shape[1:])
    assert images.mean() < 0.3


def test_batches_come_in_shapes_from_one_to_three_to_three_to_one(tmp_path):
    _write_shard(tmp_path, 0, 0)
    batches = Batches([tmp_path], 2, seed=1)
    shapes = [batches.draw(160)[1].shape[1:] for _ in range(40)]
    aspects = sorted(width / height for height, width in shapes)
    assert aspects[0] < 0.6
    assert aspects[-1] > 1.8
    assert all(1 / 4 <= aspect <= 4 for aspect in aspects)


def test_the_camera_changes_pictures_but_not_their_shape_or_range():
    images, disparity = torch.rand(6, 3, 48, 64), torch.rand(6, 48, 64)
    seen = photograph(images.clone(), disparity)
    assert seen.shape == images.shape
    assert seen.min() >= 0
    assert seen.max() <= 1
    assert not torch.equal(seen, images)


def test_two_answers_agree_whatever_their_scale_and_shift_but_not_across_a_shadow_edge():
    answer = torch.rand(2, 48, 64)
    shadow = torch.zeros(2, 48, 64)
    shadow[:, :, 32:] = 0.5
    truth = torch.rand(2, 48, 64).repeat(2, 1, 1)
    assert disagreement(torch.cat([answer, 4 * answer - 1]), truth) == pytest.approx(0, abs=1e-5)
    assert disagreement(torch.cat([answer, answer + shadow]), truth) > 0.2


def test_two_answers_must_differ_by_the_thing_that_was_taken_away():
    with_it = torch.rand(2, 48, 64)
    without = with_it.clone()
    without[:, 20:30, 10:20] = 0
    truth = torch.cat([with_it, without])
    assert disagreement(3 * truth + 1, truth) == pytest.approx(0, abs=1e-4)
    overlooked = disagreement(with_it.repeat(2, 1, 1), truth)
    imagined = disagreement(truth, with_it.repeat(2, 1, 1))
    assert overlooked > imagined > 0.05


def test_every_view_is_drawn_with_itself_in_another_light(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "photograph", lambda images, _: images)
    _write_shard(tmp_path, 0, 0)
    ramp = np.arange(80, dtype=np.uint8)[None, None, :, None]
    np.save(tmp_path / "0000-rgb.npy", np.broadcast_to(ramp, (4, 60, 80, 3)))
    np.save(tmp_path / "0000-relit.npy", np.broadcast_to(ramp + 100, (4, 60, 80, 3)))
    images, truth = Batches([tmp_path], 6, seed=3).draw(64)
    seen, again = images.chunk(2)
    assert len(images) == len(truth) == 6
    torch.testing.assert_close(again, seen + 100 / 255)
    assert torch.equal(*truth.chunk(2))


def test_a_twin_without_a_thing_brings_its_own_depth(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "photograph", lambda images, _: images)
    _write_shard(tmp_path, 0, 90)
    disparity = np.load(tmp_path / "0000-disparity.npy")
    np.save(tmp_path / "0000-relit-disparity.npy", disparity + np.float16(1))
    truth, changed = Batches([tmp_path], 6, seed=3).draw(64)[1].chunk(2)
    torch.testing.assert_close(changed, truth + 1, atol=2e-3, rtol=0)


def test_a_shard_without_relit_views_is_paired_with_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "photograph", lambda images, _: images)
    _write_shard(tmp_path, 0, 90)
    assert torch.equal(*Batches([tmp_path], 4, seed=3).draw(64)[0].chunk(2))


def _lamp_over_a_box(sun: bool) -> Scene:
    scene = Scene(random.Random(0))
    for x in range(12):
        scene.box((x, 0, 0), (1, 1, 1), Material((0.1 * (x % 2), 0.5, 0.5), (0.2, 0.2, 0.2)))
    scene.lights.append(Light((0.0, 1.0, 2.0), (1.0, 1.0, 1.0), is_sun=sun, shadow=True))
    return scene


@pytest.mark.parametrize("sun", [False, True])
def test_relighting_changes_lights_and_colours_but_no_shape(sun):
    scene = _lamp_over_a_box(sun)
    before = scene.instances()["box"]
    lights = list(scene.lights)
    others = [relit(scene, random.Random(seed)) for seed in range(12)]
    boxes = [other.instances()["box"] for other in others]
    assert all(np.array_equal(box[:, :19], before[:, :19]) for box in boxes)
    assert any(not np.array_equal(box[:, 19:22], before[:, 19:22]) for box in boxes)
    for box in boxes:
        assert (
            len(np.unique(box[::2, 19:26], axis=0)) == len(np.unique(box[1::2, 19:26], axis=0)) == 1
        )
    assert all(other.lights != lights for other in others)
    assert np.array_equal(scene.instances()["box"], before)
    assert scene.lights == lights


def test_some_twins_lack_things_with_all_that_stands_on_them_but_never_the_walls():
    scene = _lamp_over_a_box(False)
    wall = Material((0.9, 0.9, 0.9), (0.9, 0.9, 0.9))
    with scene.at((0, 0, 0), 1.0):
        scene.box((0, 0, 0), (9, 9, 9), wall)
    for x in range(8):
        with scene.at((x, 0, 1)):
            scene.soft((0, 0, 0), (1, 1, 1), wall)
            with scene.at((0, 0, 1)):
                scene.add("cone", (0, 0, 0), (1, 1, 1), wall)
    others = [relit(scene, random.Random(seed)).rows for seed in range(20)]
    places = [
        {mesh: [row[:2] for row in rows[mesh]] for mesh in ("ball", "cone")} for rows in others
    ]
    assert all(len(rows["box"]) == 13 for rows in others)
    assert all(set(p["cone"]) <= set(p["ball"]) for p in places)
    assert {8} < {len(p["ball"]) for p in places}
    assert any(len(p["cone"]) < len(p["ball"]) for p in places)
    assert len(scene.rows["ball"]) == len(scene.owners["cone"]) == 8


def test_the_same_seed_relights_alike():
    first, second = (relit(_lamp_over_a_box(True), random.Random(5)) for _ in range(2))
    assert (first.lights, first.sky) == (second.lights, second.sky)
    assert np.array_equal(first.instances()["box"], second.instances()["box"])


def test_most_crowns_have_gaps_between_their_leaves_and_some_have_none():
    sprays = set()
    for seed in range(60):
        scene = Scene(random.Random(seed))
        landscape(scene, scene.rng)
        sprays |= {row[-2:] for row in scene.rows.get("ball", [])}
    sizes = [size for mode, size in sprays if mode == 8]
    assert (0, 1) in sprays
    assert len(sizes) > 60
    assert all(0.1 <= size <= 0.4 for size in sizes)
