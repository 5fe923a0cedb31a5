"""Images at the border: every shape other nodes send, one shape inside."""

from __future__ import annotations

import math

import pytest
import torch
from genvr_depth.nodes.depthkit.depth_map import DepthMap
from genvr_depth.nodes.depthkit.errors import InvalidInput
from genvr_depth.nodes.depthkit.images import SAME_SHAPE, luminance, resize, rgb
from genvr_depth.nodes.depthkit.maps.refine import refine
from genvr_depth.nodes.depthkit.measure.quality import check_depth
from genvr_depth.nodes.depthkit.measure.structure import fit_frame
from genvr_depth.nodes.depthkit.views.colour_map import COLORMAPS, colorize


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((2, 5, 7, 3), (2, 5, 7, 3)),
        ((2, 5, 7, 4), (2, 5, 7, 3)),
        ((2, 5, 7, 1), (2, 5, 7, 3)),
        ((5, 7, 3), (1, 5, 7, 3)),
        ((2, 5, 7), (2, 5, 7, 3)),
        ((1, 1, 1, 3), (1, 1, 1, 3)),
    ],
)
def test_every_usual_shape_becomes_three_channels(shape, expected):
    assert rgb(torch.rand(shape)).shape == expected


@pytest.mark.parametrize("shape", [(0, 5, 7, 3), (1, 0, 7, 3), (1, 5, 7, 2), (5,)])
def test_other_shapes_are_refused_by_input_name(shape):
    with pytest.raises(InvalidInput, match="'photo'"):
        rgb(torch.zeros(shape), "photo")


def test_half_precision_nan_and_out_of_range_pixels_are_cleaned():
    image = torch.tensor([[[[math.nan, 2.0, -1.0]]]], dtype=torch.float16)
    assert rgb(image).tolist() == [[[[0.0, 1.0, 0.0]]]]


def test_white_has_luminance_one_and_resizing_keeps_constants():
    white = torch.ones(1, 5, 3, 3)
    assert torch.allclose(luminance(white), torch.ones(1, 5, 3))
    assert torch.allclose(resize(white, 9, 8), torch.ones(1, 9, 8, 3))


@pytest.mark.parametrize("name", COLORMAPS)
def test_colour_maps_are_smooth_and_hide_invalid_pixels(name):
    ramp = torch.linspace(0, 1, 512)[None]
    picture = colorize(ramp, name)
    assert picture.shape == (1, 512, 3)
    assert picture.diff(dim=1).abs().max() < 0.03
    assert colorize(ramp, name, torch.zeros(1, 512, dtype=torch.bool)).eq(0).all()


def test_an_unknown_colour_map_names_the_choices():
    with pytest.raises(InvalidInput, match="turbo"):
        colorize(torch.zeros(1, 1), "rainbow")


@pytest.mark.parametrize(("wider", "fits"), [(SAME_SHAPE - 0.01, True), (SAME_SHAPE + 0.03, False)])
def test_everything_that_lays_an_image_on_a_depth_allows_the_same_difference_in_shape(wider, fits):
    depth = DepthMap.make(torch.rand(1, 200, 200) + 1, "depth")
    width = round(200 * wider)
    picture = torch.rand(1, 200, width, 3)
    same_view = fit_frame(depth, depth.resized(200, width)).report.notes
    assert (not same_view) == fits
    assert ("different shapes" not in check_depth(depth, picture).text()) == fits
    if fits:
        assert refine(depth, picture).width == width
    else:
        with pytest.raises(InvalidInput, match="same frame"):
            refine(depth, picture)
