"""Weights stored as int8 with scales: near the floats, and refused where the two do not match."""

from __future__ import annotations

import zlib

import pytest
import torch
from genvr_depth.nodes.depthkit.errors import ModelError
from genvr_depth.nodes.depthkit.estimators.builtin import BuiltinDepth, load_builtin
from genvr_depth.nodes.depthkit.estimators.packed_weights import (
    SCALE,
    MixedWeights,
    packed,
    unpacked,
    write_tensors,
)
from safetensors.torch import save_file

_NAME = "context.0.out.weight"


@pytest.fixture(scope="module")
def state():
    torch.manual_seed(5)
    model = BuiltinDepth()
    for name, parameter in model.named_parameters():
        if name.endswith("out.weight") and "join" in name:
            torch.nn.init.normal_(parameter, std=0.02)  # new joins are 0 and hide what is behind
    return model.state_dict()


@pytest.mark.parametrize("outlier", [1.0, 1000.0])
def test_a_weight_is_off_by_half_a_step_at_most(outlier):
    rows = torch.randn(6, 200, generator=torch.Generator().manual_seed(1))
    rows[0, 0] = outlier
    stored = packed({"w": rows})
    step = stored["w" + SCALE].float()[:, None]
    assert stored["w"].dtype == torch.int8
    assert ((unpacked(stored)["w"] - rows).abs() <= 0.51 * step).all()


def test_every_channel_is_as_exact_as_another_and_the_numbers_compress():
    rows = torch.randn(64, 512, generator=torch.Generator().manual_seed(1))
    rows *= torch.logspace(-3, 2, 64)[:, None]
    stored = packed({"w": rows})
    noise = (unpacked(stored)["w"] - rows).square().mean(1) / rows.square().mean(1)
    assert noise.max() < 0.03**2
    assert len(zlib.compress(stored["w"].numpy().tobytes(), 9)) < 0.8 * rows.numel()


def test_a_channel_of_zeros_stays_zero():
    assert unpacked(packed({"w": torch.zeros(3, 64)}))["w"].eq(0).all()


def test_a_file_takes_little_more_than_a_byte_a_weight_and_answers_alike(state, tmp_path):
    stored = packed(state)
    weights = sum(v.numel() for v in state.values() if v.is_floating_point())
    assert sum(v.numel() * v.element_size() for v in stored.values()) < 1.1 * weights
    for name, values in (("floats", state), ("packed", stored)):
        save_file(values, tmp_path / f"{name}.safetensors")
    image = torch.rand(1, 3, 96, 128, generator=torch.Generator().manual_seed(2))
    exact, near = (
        load_builtin(tmp_path / f"{name}.safetensors")(image) for name in ("floats", "packed")
    )
    assert (near - exact).abs().mean() < 0.05 * exact.std()


def test_an_older_file_of_half_floats_loads(state, tmp_path):
    half = {k: v.half() if v.is_floating_point() else v for k, v in state.items()}
    save_file(half, tmp_path / "older.safetensors")
    model = load_builtin(tmp_path / "older.safetensors")
    assert {p.dtype for p in model.parameters()} == {torch.float32}


def _lost(stored):
    del stored[_NAME + SCALE]


def _short(stored):
    stored[_NAME + SCALE] = stored[_NAME + SCALE][1:].clone()


def _whole(stored):
    stored[_NAME + SCALE] = torch.ones(stored[_NAME].shape[0], dtype=torch.int32)


def _alone(stored):
    stored["head.0.weight" + SCALE] = torch.ones(24)


def _float(stored):
    stored[_NAME] = stored[_NAME].float()


def _reshaped(stored):
    stored[_NAME] = stored[_NAME].reshape(-1, 2)
    stored[_NAME + SCALE] = torch.ones(len(stored[_NAME])).half()


@pytest.mark.parametrize("change", [_lost, _short, _whole, _alone, _float, _reshaped])
def test_tensors_and_scales_that_do_not_match_are_refused(change, state, tmp_path):
    stored = packed(state)
    change(stored)
    save_file(stored, tmp_path / "mixed.safetensors")
    with pytest.raises(ModelError, match=r"another network.*Reinstall the pack"):
        load_builtin(tmp_path / "mixed.safetensors")
    if change is not _reshaped:  # consistent in itself, only not for this network
        with pytest.raises(MixedWeights):
            unpacked(stored)


def test_a_compressed_file_gives_the_same_network_and_the_same_bytes_each_time(state, tmp_path):
    plain, small = tmp_path / "w.safetensors", tmp_path / "w.safetensors.gz"
    for path in (plain, small, tmp_path / "again.gz"):
        write_tensors(path, packed(state), {"model": "m"})
    assert small.stat().st_size < 0.85 * plain.stat().st_size
    assert small.read_bytes() == (tmp_path / "again.gz").read_bytes()
    loaded = [load_builtin(path).state_dict() for path in (plain, small)]
    assert all(torch.equal(loaded[0][name], loaded[1][name]) for name in loaded[0])


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_a_broken_compression_is_called_damaged(state, tmp_path, damage):
    path = tmp_path / "w.safetensors.gz"
    write_tensors(path, packed(state), {})
    whole = bytearray(path.read_bytes())
    middle = len(whole) // 2
    whole[middle] ^= 0xFF
    path.write_bytes(bytes(whole) if damage == "flipped" else bytes(whole[:middle]))
    with pytest.raises(ModelError, match="damaged"):
        load_builtin(path)
