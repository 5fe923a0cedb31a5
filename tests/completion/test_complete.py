"""Complete Depth: measured points, holes and coarse maps, good input and bad."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from genvr_depth.nodes import NODE_CLASS_MAPPINGS
from genvr_depth.nodes.depthkit.cli import main
from genvr_depth.nodes.depthkit.completion import (
    TypedPoint,
    complete,
    estimate_and_complete,
    parse_points,
)
from genvr_depth.nodes.depthkit.completion.consistency import agree_within_map
from genvr_depth.nodes.depthkit.depth_map import DepthMap, Pinhole
from genvr_depth.nodes.depthkit.errors import DepthError, InvalidInput, Stopped
from genvr_depth.nodes.depthkit.estimators import resident
from genvr_depth.nodes.depthkit.estimators.transformers_family import load_folder
from genvr_depth.nodes.depthkit.maps.align import fit_affine_robust
from genvr_depth.nodes.depthkit.maps.fill import fill_holes
from genvr_depth.nodes.depthkit.scenes import load_scene
from PIL import Image
from tiny_models import save_tiny


def _planes(values, height, width):
    return F.interpolate(values, (height, width), mode="bilinear", antialias=True)


@pytest.fixture(scope="module")
def scene():
    """(image, exact metres, an estimate as a network makes it: soft, and bent across the image)."""
    loaded = load_scene("product_table")
    image = _planes(loaded.image.movedim(-1, 1), 96, 128).movedim(1, -1).contiguous()
    metres = F.interpolate(loaded.depth.values[None], (96, 128), mode="nearest-exact")[0]
    soft = _planes(1 / metres[None], 24, 32)
    bend = torch.linspace(0.7, 1.4, 128) * torch.linspace(1.2, 0.8, 96)[:, None]
    disparity = _planes(soft, 96, 128)[0] * bend * 5 + 2
    return image, metres, DepthMap.make(disparity, "disparity", source="a network")


def _points(metres, count, wrong=0, seed=0):
    generator = torch.Generator().manual_seed(seed)
    at = torch.randperm(metres.numel(), generator=generator)[:count]
    values = metres.flatten()[at].clone()
    values[:wrong] *= 1.5 + torch.rand(wrong, generator=generator)
    sparse = torch.zeros(metres.numel())
    sparse[at] = values
    return DepthMap.make(sparse.view(metres.shape), "metric"), at


def _error(found, truth, where=None):
    off = (found - truth).abs() / truth
    return (off if where is None else off[where]).mean().item()


def test_points_bring_the_estimate_to_half_the_error_and_wrong_ones_are_rejected(scene):
    image, metres, estimate = scene
    measured, at = _points(metres, 200, wrong=10)
    found = complete(image, estimate, measured)
    inverse = 1 / measured.values.flatten()[at]
    fit = fit_affine_robust(estimate.values.flatten()[at], inverse)
    fitted = 1 / fit(estimate.values).clamp_min(0.5 * inverse.min())
    assert _error(found.depth.values, metres) <= 0.5 * _error(fitted, metres)
    rejected = found.rejected.flatten()[at]
    assert rejected[:10].sum() >= 8
    assert rejected[10:].float().mean() < 0.1
    kept = at[~rejected]
    assert torch.equal(found.depth.values.flatten()[kept], measured.values.flatten()[kept])
    inside = (found.depth.values.log() - metres.log()).abs() <= found.error
    assert 0.5 < inside[found.error > 0].float().mean() < 0.9
    assert "200 measurements" in found.report


def test_holes_are_filled_with_half_the_error_of_fill_holes(scene):
    image, metres, estimate = scene
    hole = torch.zeros_like(metres, dtype=torch.bool)
    hole[:, 20:50, 30:75], hole[:, 60:90, 90:120] = True, True
    measured = DepthMap.make(metres, "metric", ~hole, Pinhole(100, 100, 64, 48))
    found = complete(image, estimate, measured)
    smooth = fill_holes(measured, "all").values
    assert _error(found.depth.values, metres, hole) <= 0.5 * _error(smooth, metres, hole)
    same = ~hole & ~found.rejected
    assert torch.equal(found.depth.values[same], metres[same])
    assert same.sum() > 0.97 * (~hole).sum()
    assert found.depth.camera == measured.camera


def test_a_coarse_map_gets_the_photos_outlines():
    metres, image = torch.full((1, 96, 128), 4.0), torch.full((1, 96, 128, 3), 0.8)
    metres[:, 22:71, 33:90], image[:, 22:71, 33:90] = 1.5, 0.2
    coarse = DepthMap.make(metres, "metric").resized(24, 32)
    found = complete(image, DepthMap.make(1 / metres, "disparity"), coarse)
    bicubic = F.interpolate(coarse.values[None], (96, 128), mode="bicubic")[0]
    assert _error(found.depth.values, metres) < 0.2 * _error(bicubic, metres)
    # Samples that mix the card and the wall are no measurement of either.
    assert found.rejected.any()
    assert "between two surfaces" in found.report


def test_a_map_larger_than_the_photo_keeps_its_size(scene):
    image, metres, estimate = scene
    small = _planes(image.movedim(-1, 1), 48, 64).movedim(1, -1).contiguous()
    guess = DepthMap.make(_planes(estimate.values[None], 48, 64)[0], "disparity")
    assert complete(small, guess, DepthMap.make(metres, "metric")).depth.width == 128


def test_few_typed_points_are_exact_in_every_frame(scene):
    image, _, estimate = scene
    typed = parse_points("10, 20 = 1.5  # cup\n\n(100, 90): 0.9m\n64 30 = 1.2\n")
    assert typed[1] == TypedPoint(100, 90, 0.9)
    clip = DepthMap.make(estimate.values.expand(2, -1, -1), "disparity")
    found = complete(image, clip, None, typed)
    values = found.depth.values
    for point in typed:
        assert values[:, int(point.y), int(point.x)].tolist() == pytest.approx([point.metres] * 2)
    assert found.error.max() == 1
    assert "unknown" in found.report


@pytest.mark.parametrize("kind", ["metric", "depth"])
def test_every_kind_of_estimate_is_fitted(scene, kind):
    image, metres, _ = scene
    values = metres * 1.7 if kind == "metric" else metres * 3 - 0.5
    measured, _ = _points(metres, 60)
    found = complete(image, DepthMap.make(values, kind), measured)
    assert _error(found.depth.values, metres) < 0.02


def test_one_point_suffices_for_a_metric_estimate(scene):
    image, metres, _ = scene
    point = TypedPoint(64, 48, metres[0, 48, 64].item())
    found = complete(image, DepthMap.make(metres * 2, "metric"), None, [point])
    assert _error(found.depth.values, metres) < 1e-3


BAD = {
    "outside": ("640, 20 = 2\n3, 4 = 1", "outside the photo"),
    "contradiction": ("5, 5 = 2\n5, 5 = 3", "said to be 2 and 3 metres"),
    "one point": ("5, 5 = 2", "at least two points"),
    "nothing": ("", "Nothing was measured"),
    "no number": ("5, five = 2", "Line 1 of 'points'"),
    "negative": ("1, 2 = 3\n5, 5 = -2", "Line 2 of 'points'"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_points_end_in_a_sentence(scene, case):
    image, _, estimate = scene
    text, sentence = BAD[case]
    with pytest.raises(InvalidInput, match=sentence):
        complete(image, estimate, None, parse_points(text))


def test_bad_maps_end_in_a_sentence(scene):
    image, metres, estimate = scene
    empty = DepthMap.make(torch.zeros(1, 96, 128), "metric")
    swapped = 1 / metres
    noise = 10 ** (3 * torch.rand(1, 96, 128, generator=torch.Generator().manual_seed(0)))
    for measured, sentence in (
        (empty, "Nothing was measured"),
        (estimate, "holds no metres"),
        (DepthMap.make(metres[:, :, :50], "metric"), "do not show the same frame"),
        (DepthMap.make(swapped, "metric"), "far where the photo shows near"),
        (DepthMap.make(metres.expand(3, -1, -1), "metric"), "frames"),
        (DepthMap.make(noise, "metric"), "contradict|far where"),
    ):
        with pytest.raises(DepthError, match=sentence):
            complete(image, estimate, measured)


def test_stop_is_heard_between_frames(scene):
    image, metres, estimate = scene
    with pytest.raises(Stopped):
        complete(image, estimate, _points(metres, 50)[0], should_stop=lambda: True)


@pytest.mark.parametrize("partial", [False, True])
def test_prompt_depth_anything_is_guided_by_the_measurements(scene, tmp_path, partial):
    """A random network of the real architecture, saved and loaded; its range is the prompt's."""
    image, metres, _ = scene
    image = image[:, ::2, ::2].contiguous()
    model = load_folder(save_tiny("prompt-depth-anything-small", tmp_path), resident())
    model.inner_size = 28
    coarse = DepthMap.make(metres, "metric").resized(24, 32)
    if partial:
        hole = torch.ones(1, 24, 32, dtype=torch.bool)
        hole[:, 5:15, 5:15] = False
        coarse = DepthMap.make(coarse.values, "metric", hole)
    guides = []
    kept = model.with_prompt
    model.with_prompt = lambda images, prompt: guides.append(prompt) or kept(images, prompt)
    rough = lambda images: _planes(1 / metres[None], *images.shape[-2:])[:, 0]  # noqa: E731
    rough.name, rough.kind, rough.multiple, rough.inner_size = "rough", "disparity", 1, 48
    rough.licence = ""
    found = estimate_and_complete(model, image, coarse, (), fallback=lambda: rough)
    assert guides[0].shape[-2:] == ((48, 64) if partial else (24, 32))
    assert found.depth.kind == "metric"
    assert found.depth.values.shape == (1, 48, 64)
    off = (found.depth.values[:, 1::2, 1::2] - coarse.values).abs() / coarse.values
    assert off[coarse.valid].median() < 0.1


def test_the_node_and_the_command_give_the_same_depth(scene, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GENVR_DEPTH_HOME", str(tmp_path))
    image, metres, _ = scene
    pixels = (image[0].numpy() * 255).round().astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    measured, _ = _points(metres, 300)
    np.save(tmp_path / "sensor.npy", measured.values[0].numpy())
    Image.fromarray((measured.values[0].numpy() * 1000).astype(np.uint16)).save(
        tmp_path / "sensor.png"
    )
    words = ["complete", str(tmp_path / "photo.png"), str(tmp_path / "sensor.png")]
    assert main([*words, "--unit-scale", "0.001", "--out", str(tmp_path / "out.npz")]) == 0
    assert "300 measurements" in capsys.readouterr().err
    assert main([*words, "--out", str(tmp_path / "out.npz")]) == 1
    assert "exists already" in capsys.readouterr().err
    cls = NODE_CLASS_MAPPINGS["GenVRDepthComplete"]
    photo = torch.from_numpy(pixels).float()[None] / 255
    depth, error, rejected, report = cls().run(photo, measured)["result"]
    with np.load(tmp_path / "out.npz") as stored:
        name = next(key for key in stored.files if stored[key].shape[-2:] == (96, 128))
        assert np.median(np.abs(stored[name] - depth.values[0].numpy())) < 0.01
    assert error.shape == rejected.shape == (1, 96, 128)
    assert "error bars" in report


def test_typed_points_from_a_text_file(scene, tmp_path, capsys):
    image, _, _ = scene
    Image.fromarray((image[0].numpy() * 255).astype(np.uint8)).save(tmp_path / "photo.png")
    (tmp_path / "tape.txt").write_text("10, 90 = 1.0\n100, 5 = 4\n")
    words = ["complete", str(tmp_path / "photo.png"), str(tmp_path / "tape.txt")]
    assert main(words) == 0
    assert (tmp_path / "photo-complete.npz").exists()
    assert main([*words, "--out", str(tmp_path / "out.doc")]) == 1
    assert "names no format" in capsys.readouterr().err


def test_in_a_map_spikes_are_rejected_and_thin_things_are_kept():
    log_depth = torch.zeros(40, 60)
    log_depth[:, 20] = -0.5
    log_depth[10:13, 40:43:2] = -0.3
    spikes = torch.zeros(40, 60, dtype=torch.bool)
    spikes[[5, 20, 33], [8, 30, 50]] = True
    kept = agree_within_map(log_depth + 0.8 * spikes, torch.ones_like(spikes))
    assert torch.equal(kept, ~spikes)
