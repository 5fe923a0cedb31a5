"""Encode then decode gives the numbers back: bit for bit, or within half a quantum."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from genvr_depth.nodes.depthkit.depth_map import KINDS, DepthMap, Pinhole
from genvr_depth.nodes.depthkit.errors import FormatError, InvalidInput, MissingInformation
from genvr_depth.nodes.depthkit.formats import (
    FORMATS,
    LoadOptions,
    SaveOptions,
    choose_coding,
    decode_depth,
    encode_depth,
)
from genvr_depth.nodes.depthkit.formats.embed import sidecar
from genvr_depth.nodes.depthkit.formats.quantise import record_of
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

CAMERA = Pinhole(31.5, 32.25, 10.125, 7.75)
EXACT = [name for name, row in FORMATS.items() if row.lossless and row.bits == 0]
INTEGER = [name for name, row in FORMATS.items() if row.bits == 16]
IMAGE = np.full((5, 6, 3), 0.5, np.float32)

numbers = st.one_of(
    st.floats(width=32, allow_nan=True, allow_infinity=True),
    st.sampled_from(
        [0.0, -0.0, 1e-45, -1e-45, 1.1754942e-38, 3.4028235e38, -3.4028235e38, 65504.0]
    ),
    st.floats(0.125, 100.0, width=32),
)
maps = arrays(np.float32, st.tuples(st.integers(1, 7), st.integers(1, 9)), elements=numbers)
tame = arrays(
    np.float32,
    st.tuples(st.integers(1, 7), st.integers(1, 9)),
    elements=st.floats(0.125, 60.0, width=32),
)


def roundtrip(
    depth: DepthMap, name: str, options: SaveOptions | None = None, fov_deg: float = 0.0
) -> DepthMap:
    options = options or SaveOptions()
    data = encode_depth(depth, IMAGE, name, options)
    chosen, coding = choose_coding(depth, options)
    beside = sidecar({}, record_of(chosen, coding, FORMATS[name].bits).to_json())
    text = beside if FORMATS[name].texts == "none" else ""
    return decode_depth(data, LoadOptions(sidecar=text, fov_deg=fov_deg))


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("own", [None, CAMERA])
def test_a_field_of_view_serves_our_own_files_without_a_camera_only(name, own):
    depth = DepthMap.make(torch.rand(1, 5, 6) + 1, "metric", camera=own)
    back = roundtrip(depth, name, fov_deg=50.0)
    assert back.camera == (own or Pinhole.from_fov(50.0, 6, 5))


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("measured", [None, (3, 4), (5, 6)])
def test_every_file_of_ours_remembers_how_finely_it_was_measured(name, measured):
    depth = DepthMap.make(torch.rand(1, 5, 6) + 1, "metric", camera=CAMERA, measured=measured)
    assert roundtrip(depth, name).measured == measured


def bits(values: torch.Tensor) -> torch.Tensor:
    return values.contiguous().view(torch.int32)


@pytest.mark.parametrize("name", EXACT)
@settings(max_examples=40, deadline=None)
@given(values=maps, kind=st.sampled_from(KINDS), flip=st.booleans())
def test_float_formats_give_every_bit_back(name, values, kind, flip):
    source = torch.from_numpy(values)
    # A view with odd strides: nothing may depend on the memory layout.
    source = source.t() if flip else source
    depth = DepthMap.make(source, kind, None, CAMERA, "photo.jpg")
    back = roundtrip(depth, name)
    assert torch.equal(back.valid, depth.valid)
    assert torch.equal(bits(back.values), bits(depth.values))
    assert (back.kind, back.camera, back.source) == (depth.kind, depth.camera, depth.source)


@pytest.mark.parametrize("name", INTEGER)
@settings(max_examples=40, deadline=None)
@given(values=maps, kind=st.sampled_from(KINDS))
def test_integer_formats_stay_within_half_a_quantum_of_the_window(name, values, kind):
    depth = DepthMap.make(torch.from_numpy(values), kind, None, CAMERA)
    back = roundtrip(depth, name)
    assert torch.equal(back.valid, depth.valid)
    inside = depth.values[depth.valid].double()
    if inside.numel():
        quantum = (inside.max() - inside.min()) / 65534
        error = (back.values[depth.valid].double() - inside).abs()
        rounding = inside.abs() * 2**-23 + 1e-44
        assert (error <= 0.5 * quantum * (1 + 1e-9) + rounding).all()


@pytest.mark.parametrize("name", INTEGER)
@settings(max_examples=30, deadline=None)
@given(values=tame)
def test_disparity_codes_of_metres_are_spaced_evenly_in_inverse_depth(name, values):
    depth = DepthMap.make(torch.from_numpy(values), "metric")
    back = roundtrip(depth, name, SaveOptions(values="disparity"))
    assert back.kind == "metric"
    inverse, found = 1 / depth.values.double(), 1 / back.values.double()
    quantum = (inverse.max() - inverse.min()) / 65534
    assert ((inverse - found).abs() <= 0.5 * quantum * (1 + 1e-6) + inverse * 2**-22).all()


@settings(max_examples=40, deadline=None)
@given(values=tame)
def test_half_floats_are_rounded_to_nearest_not_cut(values):
    depth = DepthMap.make(torch.from_numpy(values), "metric")
    back = roundtrip(depth, "exr-half")
    expected = torch.from_numpy(values).half().float()
    assert torch.equal(back.values[0], expected)


def test_half_refuses_metres_that_would_become_holes():
    tiny = DepthMap.make(torch.tensor([[1.0, 2e-8]]), "metric")
    with pytest.raises(FormatError, match="2e-08, which would become a hole"):
        encode_depth(tiny, None, "exr-half")
    flat = DepthMap.make(torch.tensor([[1e-9, 2e-8]]), "disparity")
    with pytest.raises(FormatError, match="float EXR"):
        encode_depth(flat, None, "exr-half")
    far = DepthMap.make(torch.tensor([[1.0, 2e-8]]), "disparity")
    assert roundtrip(far, "exr-half").valid.all()


def test_half_refuses_numbers_it_cannot_hold():
    depth = DepthMap.make(torch.tensor([[1.0, 7e4]]), "metric")
    with pytest.raises(FormatError, match="65504"):
        encode_depth(depth, None, "exr-half")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("values", ["raw", "disparity"])
def test_invalid_pixels_survive_every_format(name, values):
    z = torch.rand(5, 6) + 1
    z[0, 0], z[2, 3], z[4, 5] = math.nan, math.inf, -math.inf
    depth = DepthMap.make(z, "metric")
    back = roundtrip(depth, name, SaveOptions(values=values))
    assert torch.equal(back.valid, depth.valid)
    assert (back.values[~back.valid] == 0).all()


@pytest.mark.parametrize("name", FORMATS)
def test_a_map_without_one_valid_pixel_can_be_saved(name):
    depth = DepthMap.make(torch.full((3, 4), math.nan), "disparity")
    assert not roundtrip(depth, name).valid.any()


@pytest.mark.parametrize("name", INTEGER)
def test_a_flat_map_comes_back_exactly(name):
    depth = DepthMap.make(torch.full((3, 4), 7.3), "metric")
    for values in ("raw", "disparity"):
        back = roundtrip(depth, name, SaveOptions(values=values))
        torch.testing.assert_close(back.values, depth.values, rtol=1e-7, atol=0)


@pytest.mark.parametrize("name", INTEGER)
def test_codes_are_rounded_without_bias(name):
    depth = DepthMap.make(torch.linspace(1, 2, 300 * 40).reshape(300, 40), "metric")
    error = (roundtrip(depth, name).values - depth.values).double()
    assert abs(error.mean()) < 0.02 / 65534


def test_a_typed_window_clips_and_is_remembered():
    depth = DepthMap.make(torch.tensor([[0.5, 1.0, 3.0, 9.0]]), "metric")
    back = roundtrip(depth, "png16", SaveOptions(near=1.0, far=5.0))
    torch.testing.assert_close(
        back.values, torch.tensor([[[1.0, 1.0, 3.0, 5.0]]]), atol=4e-5, rtol=0
    )


def test_millimetres_are_a_window_of_one_millimetre_steps():
    metres = torch.arange(1, 9).reshape(2, 4) * 0.251
    data = encode_depth(
        DepthMap.make(metres, "metric"), None, "png16", SaveOptions(near=0.001, far=65.535)
    )
    read = decode_depth(data, LoadOptions("metres (times unit scale)", unit_scale=0.001))
    torch.testing.assert_close(read.values[0], metres, atol=1e-6, rtol=0)


def test_an_upside_down_window_is_refused():
    depth = DepthMap.make(torch.rand(3, 3) + 1, "metric")
    with pytest.raises(InvalidInput, match="near"):
        encode_depth(depth, None, "png16", SaveOptions(near=5.0, far=1.0))


def test_metres_of_relative_depth_need_near_and_far():
    depth = DepthMap.make(torch.rand(3, 3), "disparity")
    with pytest.raises(MissingInformation):
        encode_depth(depth, None, "exr", SaveOptions(values="metric"))
    back = roundtrip(depth, "exr", SaveOptions(values="metric", near=1.0, far=4.0))
    assert back.kind == "metric"
    assert back.values.min() == pytest.approx(1.0)
    assert back.values.max() == pytest.approx(4.0)


def test_one_window_serves_the_whole_batch():
    clip = DepthMap.make(torch.stack((torch.rand(4, 5) + 1, torch.rand(4, 5) + 6)), "metric")
    _, coding = choose_coding(clip, SaveOptions(values="disparity"))
    assert coding.near == clip.values.min()
    assert coding.far == clip.values.max()
    assert coding.normalisation == "clip"


def test_disparity_of_relative_depth_is_written_0_to_1_with_near_1():
    depth = DepthMap.make(torch.tensor([[1.0, 2.0, 3.0]]), "depth")
    data = encode_depth(depth, None, "npy", SaveOptions(values="disparity"))
    stored = np.frombuffer(data[-12:], np.float32)
    assert stored[0] == 1.0
    assert stored[2] == 0.0


def test_a_depth_photo_without_a_photo_says_what_is_missing():
    with pytest.raises(MissingInformation, match="image"):
        encode_depth(DepthMap.make(torch.rand(3, 3), "depth"), None, "depth-photo")
