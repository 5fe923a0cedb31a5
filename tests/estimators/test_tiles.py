"""Tiles: finer than the whole-image pass, in its scale, and without seams."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from genvr_depth.nodes.depthkit.errors import Stopped
from genvr_depth.nodes.depthkit.estimators import EstimateOptions, estimate
from genvr_depth.nodes.depthkit.estimators.tiles import tile_boxes
from hypothesis import given
from hypothesis import strategies as st

TILES = EstimateOptions(detail="tiles")


class Moody:
    """Right up to a scale and shift that differ with every call, as relative models are."""

    name, kind, multiple, inner_size, licence = "moody", "disparity", 8, 64, "MIT"

    def __init__(self):
        self.random = torch.Generator().manual_seed(1)
        self.calls = 0

    def __call__(self, images):
        self.calls += 1
        scale, shift = torch.rand(2, generator=self.random).tolist()
        return images.mean(1) * (0.5 + scale) + shift


def _relative(values, truth):
    """The values fitted to the truth, and the largest deviation."""
    columns = torch.stack([values.flatten(), torch.ones(values.numel())], 1)
    fit = torch.linalg.lstsq(columns, truth.flatten()[:, None]).solution
    return ((columns @ fit)[:, 0] - truth.flatten()).abs().max().item()


def test_no_seam_is_visible_on_a_smooth_ramp():
    y, x = torch.meshgrid(torch.linspace(0, 1, 300), torch.linspace(0, 1, 420), indexing="ij")
    truth = 0.3 * y + 0.6 * x
    values = estimate(Moody(), truth[None, ..., None], TILES).depth.values[0]
    assert _relative(values, truth) < 0.01
    inner = values[8:-8, 8:-8]
    for steps in (inner.diff(dim=0), inner.diff(dim=1)):
        # A seam would be a step far beyond the ramp's own.
        assert (steps - steps.mean()).abs().max() < 0.6 * steps.mean()


def test_tiles_find_detail_that_the_whole_pass_cannot_see():
    stripes = torch.arange(512) // 4 % 2
    truth = (0.5 + 0.2 * stripes).expand(512, 512)
    plain = estimate(Moody(), truth[None, ..., None]).depth.values[0]
    tiled = estimate(Moody(), truth[None, ..., None], TILES).depth.values[0]
    contrast = [v[:, stripes == 1].mean() - v[:, stripes == 0].mean() for v in (plain, tiled)]
    assert contrast[1] > 3 * contrast[0].abs()


def test_a_tile_that_contradicts_the_whole_is_left_out():
    class Contrary(Moody):
        def __call__(self, images):
            self.calls += 1
            return images.mean(1) if self.calls == 1 else -images.mean(1)

    truth = torch.linspace(0, 1, 300)[None, :, None, None].expand(1, 300, 300, 1)
    values = estimate(Contrary(), truth, TILES).depth.values
    assert (values - truth[..., 0]).abs().max() < 0.02


def test_small_images_need_no_tiles():
    model = Moody()
    found = estimate(model, torch.rand(1, 70, 70, 3), TILES)
    assert model.calls == 1
    assert "tiles" not in found.notes[0]


def test_a_flat_image_stays_flat():
    values = estimate(Moody(), torch.full((1, 200, 200, 3), 0.4), TILES).depth.values
    assert values.max() - values.min() < 1e-5


def test_stop_is_heard_between_tiles():
    model = Moody()
    with pytest.raises(Stopped):
        estimate(model, torch.rand(1, 300, 300, 3), TILES, should_stop=lambda: model.calls >= 3)
    assert model.calls == 3


@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(32, 600))
def test_tiles_cover_every_pixel_and_stay_inside(height, width, side):
    boxes = tile_boxes(height, width, side)
    if not boxes:
        assert min(height, width) < 1.25 * side
        return
    assert all(0 <= b.top < b.bottom <= height for b in boxes)
    assert all(0 <= b.left < b.right <= width for b in boxes)
    for low, high, length in (("top", "bottom", height), ("left", "right", width)):
        spans = sorted({(getattr(b, low), getattr(b, high)) for b in boxes})
        assert spans[0][0] == 0
        assert spans[-1][1] == length
        assert all(after[0] < before[1] for before, after in pairwise(spans))


@pytest.mark.parametrize(("kind", "nothing"), [("metric", 0.0), ("disparity", float("nan"))])
def test_a_part_without_depth_does_not_spoil_the_tiles_around_it(kind, nothing):
    class Gapped(Moody):
        def __call__(self, images):
            grey = images.mean(1)
            return torch.where(grey > 0.2, 1 / grey if kind == "metric" else grey, nothing)

    model = Gapped()
    model.kind = kind
    ramp = torch.linspace(0.3, 1, 256).expand(192, 256)
    image = ramp[None, ..., None].repeat(1, 1, 1, 3)
    image[:, 40:80, 100:150] = 0
    depth = estimate(model, image, TILES).depth
    hole = torch.zeros(192, 256, dtype=torch.bool)
    hole[34:86, 94:156] = True
    assert not depth.valid[0, 45:75, 105:145].any()
    assert depth.valid[0][~hole].all()
    truth = 1 / ramp if kind == "metric" else ramp
    assert (depth.values[0] - truth)[~hole].abs().mean() < 0.01
