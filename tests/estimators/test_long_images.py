"""Images beyond 2:1: looked at in shapes that models know, and without seams."""

from __future__ import annotations

import pytest
import torch
from genvr_depth.nodes.depthkit.estimators import EstimateOptions, estimate
from genvr_depth.nodes.depthkit.estimators.long_images import (
    is_long,
    long_views,
    mean_of_views,
    window_boxes,
)


class Moody:
    """Right up to a scale and shift that differ with every call, as relative models are."""

    name, kind, multiple, inner_size, licence = "moody", "disparity", 8, 64, "MIT"

    def __init__(self):
        self.random = torch.Generator().manual_seed(1)
        self.shapes = []

    def __call__(self, images):
        self.shapes.append(tuple(images.shape[-2:]))
        scale, shift = torch.rand(2, generator=self.random).tolist()
        return images.mean(1) * (0.5 + scale) + shift


@pytest.mark.parametrize("shape", [(100, 300), (300, 100), (40, 400)])
def test_no_seam_is_visible_on_a_ramp(shape):
    y, x = torch.meshgrid(*(torch.linspace(0, 1, n) for n in shape), indexing="ij")
    truth = 0.4 * y + 0.6 * x
    values = estimate(Moody(), truth[None, ..., None]).depth.values[0]
    inner = values[4:-4, 4:-4]
    for steps in (inner.diff(dim=0), inner.diff(dim=1)):
        assert (steps - steps.mean()).abs().max() < 0.6 * steps.mean()


@pytest.mark.parametrize("shape", [(100, 300), (300, 100), (100, 900)])
def test_no_look_is_longer_than_the_model_can_bear(shape):
    model = Moody()
    found = estimate(model, torch.rand(1, *shape, 3))
    ratios = [max(s) / min(s) for s in model.shapes]
    assert sum(ratio < 1.8 for ratio in ratios[3:]) == len(ratios) - 3
    assert "in 2 other shapes" in found.notes[0]


def test_an_image_of_a_common_shape_is_looked_at_once():
    model = Moody()
    estimate(model, torch.rand(1, 100, 200, 3))
    assert len(model.shapes) == 1
    assert not is_long(100, 200)
    assert is_long(100, 201)


def test_metres_keep_the_scale_of_the_image_as_it_is():
    class Metres(Moody):
        kind = "metric"

        def __call__(self, images):
            self.shapes.append(images.shape)
            return (1 + images.mean(1)) * (1 if len(self.shapes) == 1 else 3)

    ramp = torch.linspace(0, 1, 300)[None, None, :, None].expand(1, 100, 300, 1)
    values = estimate(Metres(), ramp).depth.values
    assert (values - 1 - ramp[..., 0]).abs().max() < 0.05


def test_a_look_that_contradicts_the_first_is_left_out():
    ramp = torch.linspace(0, 1, 50).expand(20, 50)
    assert torch.equal(mean_of_views([ramp, -ramp], "disparity"), ramp)


def test_gaps_of_one_look_are_filled_by_none_of_the_others():
    ramp = torch.linspace(1, 2, 50).expand(20, 50).clone()
    gap = ramp.clone()
    gap[:, :5] = torch.nan
    mean = mean_of_views([gap, ramp], "disparity")
    assert mean[:, :5].isnan().all()
    assert torch.allclose(mean[:, 5:], ramp[:, 5:], atol=1e-5)
    assert torch.allclose(mean_of_views([ramp, gap], "disparity"), ramp, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 900), (900, 1), (100, 250), (30, 1000)])
def test_views_and_windows_cover_every_shape(shape):
    boxes = window_boxes(*shape)
    assert len(boxes) <= 12
    assert (boxes[0].top, boxes[0].left) == (0, 0)
    assert (boxes[-1].bottom, boxes[-1].right) == shape
    assert len(long_views(*shape, 64)) == 3
    options = EstimateOptions(consistency="clip")
    assert estimate(Moody(), torch.rand(2, *shape, 3), options).depth.valid.all()
