"""Neighbourhoods of pixels against their definitions."""

import pytest
import torch
from genvr_depth.nodes.depthkit.kernels import (
    box_mean,
    box_sum,
    components,
    dilate,
    erode,
    local_max,
    resample,
)
from hypothesis import given, settings
from hypothesis import strategies as st

SIZES = {"height": st.integers(1, 9), "width": st.integers(1, 9), "radius": st.integers(0, 3)}


def _squares(plane, radius):
    """Pixel by pixel, what lies in the square around it."""
    for y in range(plane.shape[0]):
        for x in range(plane.shape[1]):
            rows = slice(max(0, y - radius), y + radius + 1)
            yield plane[rows, max(0, x - radius) : x + radius + 1]


@settings(max_examples=30, deadline=None)
@given(**SIZES, seed=st.integers(0, 99))
def test_every_window_is_cut_off_at_the_border(height, width, radius, seed):
    plane = torch.rand(height, width, generator=torch.Generator().manual_seed(seed))
    mask = plane > 0.6
    for kernel, of_square in (
        (box_sum, torch.sum),
        (box_mean, torch.mean),
        (local_max, torch.amax),
    ):
        expected = torch.stack([of_square(part) for part in _squares(plane, radius)])
        found = kernel(plane[None], radius)[0].flatten()
        torch.testing.assert_close(found, expected)
    grown = torch.stack([part.any() for part in _squares(mask, radius)]).view(mask.shape)
    kept = torch.stack([part.all() for part in _squares(mask, radius)]).view(mask.shape)
    assert torch.equal(dilate(mask, radius), grown)
    assert torch.equal(erode(mask, radius), kept)


@settings(max_examples=30, deadline=None)
@given(height=st.integers(1, 7), width=st.integers(1, 7), seed=st.integers(0, 99))
def test_components_are_what_a_flood_reaches(height, width, seed):
    mask = torch.rand(height, width, generator=torch.Generator().manual_seed(seed)) > 0.4
    labels = components(mask)
    assert labels.dtype == torch.int32
    assert torch.equal(labels > 0, mask)
    for number in range(1, int(labels.max()) + 1):
        own = labels == number
        flood = torch.zeros_like(mask)
        flood.view(-1)[own.flatten().nonzero()[0]] = True
        for _ in range(mask.numel()):
            wider = flood.clone()
            wider[1:] |= flood[:-1]
            wider[:-1] |= flood[1:]
            wider[:, 1:] |= flood[:, :-1]
            wider[:, :-1] |= flood[:, 1:]
            flood = wider & mask
        assert torch.equal(flood, own)


@pytest.mark.parametrize("size", [(3, 5), (12, 20), (12, 5)])
def test_resampling_keeps_a_flat_plane_and_the_range(size):
    plane = torch.rand(1, 1, 6, 10)
    assert resample(plane, *size).amax() <= plane.amax() + 1e-6
    assert torch.allclose(resample(torch.full_like(plane, 3.0), *size), torch.tensor(3.0))
    assert resample(plane, 6, 10) is plane
