"""The built-in depth network: sizes, dtypes, limits, and clear words when weights are bad."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import pytest
import torch
from genvr_depth.nodes.depthkit.errors import InvalidInput, ModelError
from genvr_depth.nodes.depthkit.estimators import builtin
from genvr_depth.nodes.depthkit.estimators.builtin import MULTIPLE, BuiltinDepth, load_builtin
from safetensors.torch import save_file

WEIGHTS = Path(builtin.__file__).parents[1] / "weights" / "builtin.safetensors.gz"


@pytest.fixture(scope="module")
def model():
    return load_builtin(WEIGHTS)


def _cuboid() -> torch.Tensor:
    """A lit box on a floor in front of a wall: (1, 3, 192, 256)."""
    image = torch.full((1, 3, 192, 256), 0.75)
    image[:, :, 90:] = torch.tensor([0.45, 0.35, 0.25])[:, None, None]
    image[:, :, 80:170, 90:170] = torch.tensor([0.2, 0.3, 0.6])[:, None, None]
    return image + 0.02 * torch.randn(image.shape, generator=torch.Generator().manual_seed(1))


def test_the_network_fits_its_limits(model):
    assert sum(p.numel() for p in model.parameters()) <= 8_000_000
    assert WEIGHTS.stat().st_size <= 9_000_000


@pytest.mark.parametrize("size", [(192, 256), (256, 192), (32, 32), (32, 416), (224, 224)])
def test_any_aspect_ratio_gives_a_finite_map_of_the_same_size(model, size):
    values = model(torch.rand(2, 3, *size))
    assert values.shape == (2, *size)
    assert torch.isfinite(values).all()


def test_the_image_is_looked_at_large_and_small(model):
    seen = []
    watch = model.encoder.register_forward_pre_hook(
        lambda _, given: seen.append(given[0].shape[-2:])
    )
    try:
        answer = model(_cuboid())
    finally:
        watch.remove()
    assert seen == [(128, 160), (192, 256)]  # mirrored with the same features
    assert (
        torch.corrcoef(torch.stack([answer.flatten(), model.mirrored(_cuboid()).flatten()]))[0, 1]
        > 0.9
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_agrees_with_single(model, dtype):
    image = _cuboid()[:, :, 64:160, 64:160]
    exact = model(image)
    half = load_builtin(WEIGHTS, dtype=dtype)(image.to(dtype)).float()
    assert torch.isfinite(half).all()
    assert torch.corrcoef(torch.stack([exact.flatten(), half.flatten()]))[0, 1] > 0.98


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_a_flat_image_is_no_fault(model, level):
    assert torch.isfinite(model(torch.full((1, 3, 64, 64), level))).all()


def test_the_floor_comes_nearer_towards_the_bottom(model):
    values = model(_cuboid())[0]
    assert values[175:].mean() > values[100:120, :80].mean() > values[:60].mean()


def test_images_of_a_batch_do_not_influence_each_other(model):
    pair = torch.cat([_cuboid(), torch.rand(1, 3, 192, 256)])
    torch.testing.assert_close(model(pair)[:1], model(pair[:1]), rtol=1e-3, atol=1e-3)


def test_sides_that_do_not_fit_are_refused_in_words(model):
    with pytest.raises(InvalidInput, match=f"multiples of {MULTIPLE}"):
        model(torch.rand(1, 3, 100, 128))


def test_folding_batch_normalisation_changes_no_answer(tmp_path):
    plain = BuiltinDepth().eval()
    for module in plain.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 1.5)
    save_file(plain.state_dict(), tmp_path / "plain.safetensors")
    folded = load_builtin(tmp_path / "plain.safetensors")
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in folded.modules())
    image = _cuboid()[:, :, ::2, ::2]
    torch.testing.assert_close(folded(image), plain(image), rtol=1e-3, atol=1e-3)


def test_absent_weights_are_said_to_be_absent(tmp_path):
    with pytest.raises(ModelError, match="are not there"):
        load_builtin(tmp_path / "builtin.safetensors")


def test_damaged_weights_are_said_to_be_damaged(tmp_path):
    path = tmp_path / "builtin.safetensors"
    path.write_bytes(WEIGHTS.read_bytes()[:5000])
    with pytest.raises(ModelError, match="damaged"):
        load_builtin(path)


def test_weights_of_another_network_are_refused(tmp_path):
    path = tmp_path / "builtin.safetensors"
    save_file({"head.weight": torch.zeros(3)}, path)
    with pytest.raises(ModelError, match="another network"):
        load_builtin(path)


def test_loading_takes_less_than_a_fifth_of_a_second():
    seconds = []
    for _ in range(3):
        start = time.process_time()  # other work on the machine does not count
        load_builtin(WEIGHTS)
        seconds.append(time.process_time() - start)
    assert statistics.median(seconds) < 0.2, seconds


def test_loading_leaves_the_random_state_alone():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    load_builtin(WEIGHTS)
    assert torch.equal(torch.rand(1), expected)


def test_a_fresh_network_trains():
    model = BuiltinDepth()
    model(torch.rand(2, 3, 64, 64)).mean().backward()
    assert all(p.grad is not None for p in model.parameters())
