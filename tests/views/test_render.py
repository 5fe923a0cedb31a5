"""Depth as an image and an image as depth."""

from __future__ import annotations

import pytest
import torch
from genvr_depth.nodes.depthkit.conversions import to_depth, to_disparity
from genvr_depth.nodes.depthkit.depth_map import DepthMap
from genvr_depth.nodes.depthkit.errors import InvalidInput
from genvr_depth.nodes.depthkit.images import resize
from genvr_depth.nodes.depthkit.ranges import Window, control_image, normalise
from genvr_depth.nodes.depthkit.views.colour_map import colorize
from genvr_depth.nodes.depthkit.views.render import MEANINGS, RenderOptions, from_image, render
from hypothesis import given
from hypothesis import strategies as st

ALL = Window("min-max")
DISPARITY, NEAR_LINEAR, FAR_LINEAR, NEAR_LOG, FAR_LOG, METRES = MEANINGS


def room():
    values = torch.tensor([[1.0, 2.0, 4.0, 8.0]]).expand(4, 4).clone()
    valid = torch.ones(4, 4).bool()
    valid[0, 0] = False
    return DepthMap.make(values, "metric", valid)


def test_the_default_is_what_a_controlnet_expects():
    depth = room()
    assert torch.allclose(render(depth, RenderOptions(), Window()), control_image(depth), atol=1e-6)


@pytest.mark.parametrize("kind", ["metric", "depth", "disparity"])
@pytest.mark.parametrize("scale", ["disparity", "depth"])
@pytest.mark.parametrize("near_is", ["white", "black"])
def test_near_takes_the_end_it_was_given(kind, scale, near_is):
    values = torch.tensor([[1.0, 2.0, 4.0]])
    depth = DepthMap.make(values, kind)
    grey = render(depth, RenderOptions(scale=scale, near_is=near_is), ALL)[0, 0, :, 0]
    near, far = (grey[2], grey[0]) if kind == "disparity" else (grey[0], grey[2])
    assert (near, far) == ((1, 0) if near_is == "white" else (0, 1))


@pytest.mark.parametrize("scale", ["disparity", "depth"])
@pytest.mark.parametrize("near_is", ["white", "black"])
@pytest.mark.parametrize("multiple", [1, 16])
def test_a_clip_painted_frame_by_frame_is_what_it_was_painted_at_once(scale, near_is, multiple):
    values = torch.rand(3, 37, 53, generator=torch.Generator().manual_seed(5)) + 0.5
    depth = DepthMap.make(values, "metric", values > 0.6)
    shown = to_disparity(depth) if scale == "disparity" else to_depth(depth)
    near = normalise(shown, ALL)
    if (scale == "disparity") != (near_is == "white"):
        near = torch.where(depth.valid, 1 - near, near)
    size = (37, 53) if multiple == 1 else (32, 48)
    expected = resize(colorize(near, "turbo", depth.valid), *size)
    options = RenderOptions("turbo", near_is, scale, multiple)
    assert torch.equal(render(depth, options, ALL), expected)


def test_linear_depth_has_even_steps():
    values = torch.tensor([[1.0, 2.0, 3.0]])
    grey = render(DepthMap.make(values, "metric"), RenderOptions(scale="depth"), ALL)[0, 0, :, 0]
    assert torch.allclose(grey, torch.tensor([1.0, 0.5, 0.0]))


def test_a_fixed_window_is_in_metres_also_for_disparity():
    options, window = RenderOptions(), Window("fixed", 1.0, 8.0)
    grey = render(room(), options, window)[0, 1, :, 0]
    assert torch.allclose(grey, ((1 / torch.tensor([1.0, 2, 4, 8])) - 1 / 8) / (1 - 1 / 8))


def test_the_window_speaks_of_the_values_of_the_map_in_either_scale():
    values = torch.linspace(0.1, 1, 1000)[None]
    depth = DepthMap.make(values, "disparity")
    for scale in ("disparity", "depth"):
        # The lower tenth of the values is the far one: black.
        grey = render(depth, RenderOptions(scale=scale), Window("percentile", 10.0, 100.0))[
            0, 0, :, 0
        ]
        assert (grey == 0).float().mean() == pytest.approx(0.1, abs=0.01)
        assert (grey == 1).float().mean() < 0.01


@pytest.mark.parametrize("near_is", ["white", "black"])
@pytest.mark.parametrize("colormap", ["grey", "turbo"])
def test_unknown_pixels_are_black_in_every_style(near_is, colormap):
    image = render(room(), RenderOptions(colormap, near_is), ALL)
    assert (image[0, 0, 0] == 0).all()


@given(st.integers(1, 70), st.integers(1, 70), st.sampled_from([1, 8, 14, 64]))
def test_sides_are_rounded_to_the_multiple(height, width, multiple):
    depth = DepthMap.make(torch.rand(1, height, width), "disparity")
    shape = render(depth, RenderOptions(multiple=multiple), ALL).shape
    assert shape[1] % multiple == 0
    assert shape[2] % multiple == 0
    assert abs(shape[1] - height) < max(multiple, 1)


def test_unknown_options_are_refused():
    for options in (RenderOptions(scale="log"), RenderOptions(near_is="red")):
        with pytest.raises(InvalidInput):
            render(room(), options, ALL)
    with pytest.raises(InvalidInput, match="turbo"):
        render(room(), RenderOptions("jet"), ALL)


GREY = torch.tensor([0.0, 0.25, 1.0])[None, None, :, None].expand(1, 2, 3, 3)


@pytest.mark.parametrize(
    ("meaning", "metres"),
    [
        (DISPARITY, [10.0, 1 / (0.1 + 0.25 * 0.9), 1.0]),
        (NEAR_LINEAR, [10.0, 7.75, 1.0]),
        (FAR_LINEAR, [1.0, 3.25, 10.0]),
    ],
)
def test_near_and_far_give_metres(meaning, metres):
    depth = from_image(GREY, meaning, 1.0, 10.0)
    assert depth.kind == "metric"
    assert torch.allclose(depth.values[0, 0], torch.tensor(metres))


def test_without_a_range_the_depth_is_relative_with_the_right_polarity():
    assert from_image(GREY, DISPARITY).kind == "disparity"
    for meaning, near in ((NEAR_LINEAR, 2), (FAR_LINEAR, 0)):
        depth = from_image(GREY, meaning)
        assert depth.kind == "depth"
        assert depth.values[0, 0].argmin() == near


def test_raw_metres_are_not_clipped():
    depth = from_image(torch.tensor([[0.5, 80.0]])[None, ..., None], METRES)
    assert depth.values[0, 0].tolist() == [0.5, 80.0]


def test_transparent_and_non_finite_pixels_are_unknown():
    image = torch.rand(1, 2, 3, 1).expand(1, 2, 3, 4).clone()
    image[..., 3] = 1
    image[0, 0, 0, 3] = 0
    image[0, 1, 1, :3] = torch.nan
    image[0, 1, 2, :3] = torch.inf
    valid = from_image(image, DISPARITY).valid[0]
    assert valid.tolist() == [[False, True, True], [True, False, False]]


def test_a_coloured_image_is_refused():
    turbo = render(room(), RenderOptions("turbo"), ALL)
    with pytest.raises(InvalidInput, match="coloured"):
        from_image(turbo, DISPARITY)


def test_jpeg_noise_between_the_channels_is_tolerated():
    noisy = (GREY + 0.02 * torch.randn(1, 2, 3, 3)).clamp(0, 1)
    assert from_image(noisy, DISPARITY).valid.all()


@pytest.mark.parametrize("ends", [(0.0, 5.0), (5.0, 1.0), (2.0, 2.0), (5.0, 0.0)])
def test_a_range_that_is_none_is_refused(ends):
    with pytest.raises(InvalidInput, match="near"):
        from_image(GREY, DISPARITY, *ends)


@given(st.floats(0.1, 5), st.floats(5.5, 100))
def test_there_and_back_again(near, far):
    metres = torch.linspace(near, far, 50)[None, None]
    depth = DepthMap.make(metres, "metric")
    back = from_image(render(depth, RenderOptions(), ALL), DISPARITY, near, far)
    assert torch.allclose(back.values, depth.values, rtol=1e-2)


@pytest.mark.parametrize("kind", ["metric", "depth", "disparity"])
@pytest.mark.parametrize("scale", ["disparity", "depth"])
def test_the_order_of_the_ends_of_a_fixed_window_does_not_swap_near_and_far(kind, scale):
    depth = DepthMap.make(torch.linspace(1, 5, 9)[None, None], kind)
    options = RenderOptions(scale=scale)
    typed = render(depth, options, Window("fixed", 4, 2))
    assert torch.equal(typed, render(depth, options, Window("fixed", 2, 4)))


def test_a_fixed_window_shows_a_distance_alike_in_every_disparity_map():
    window, options = Window("fixed", 1, 5), RenderOptions(scale="depth")
    ramp = torch.linspace(1, 5, 9)[None, None]
    wide = render(DepthMap.make(ramp, "disparity"), options, window)[0, 0, 3:6]
    narrow = render(DepthMap.make(ramp[..., 3:6], "disparity"), options, window)[0, 0]
    assert torch.allclose(narrow, wide, atol=1e-5)


@pytest.mark.parametrize("meaning", [NEAR_LOG, FAR_LOG])
def test_log_distance_gives_metres_and_a_relative_map(meaning):
    grey = torch.tensor([[0.0, 0.5, 1.0]])[None, ..., None]
    wanted = torch.tensor([2.0, 6.0, 18.0])
    near = "near" in meaning
    metres = from_image(grey, meaning, 2.0, 18.0)
    assert torch.allclose(metres.values[0, 0], wanted.flip(0) if near else wanted)
    relative = from_image(grey, meaning)
    assert relative.kind == "depth"
    assert (relative.values[0, 0].diff() > 0).all() == (not near)
