from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from genvr_depth.nodes.depthkit.depth_map import DepthMap
from genvr_depth.nodes.depthkit.errors import InvalidInput, Stopped
from genvr_depth.nodes.depthkit.views.layers import (
    METHODS,
    colour_layers,
    multi_otsu,
    nearness,
    parse_thresholds,
    split_image,
    split_layers,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st


def _noise(batch=1, height=17, width=23, seed=0):
    return torch.rand(batch, height, width, generator=torch.Generator().manual_seed(seed))


@settings(max_examples=60, deadline=None)
@example(8, "equal area", 2.6e-168, "metric", 76, False)
@given(
    count=st.integers(2, 8),
    method=st.sampled_from([m for m in METHODS if m != "thresholds"]),
    feather=st.floats(0, 1),
    kind=st.sampled_from(["metric", "depth", "disparity"]),
    seed=st.integers(0, 1000),
    hole=st.booleans(),
)
def test_masks_add_up_to_exactly_one_at_every_pixel(count, method, feather, kind, seed, hole):
    valid = torch.ones(1, 17, 23, dtype=torch.bool)
    valid[:, :4] = not hole
    split = split_layers(
        DepthMap.make(_noise(seed=seed) + 0.1, kind, valid), count, method, feather=feather
    )
    assert split.masks.shape == (1, count, 17, 23)
    assert split.masks.min() >= 0
    assert bool((split.masks.sum(1) == 1.0).all())
    total = split.foreground + split.midground + split.background
    assert bool((total == 1.0).all())


def test_near_things_are_in_the_foreground_whatever_the_kind():
    metres = torch.tensor([[[1.0, 4.0, 9.0]]]).repeat(1, 6, 1)
    for depth in (
        DepthMap.make(metres, "metric"),
        DepthMap.make(metres, "depth"),
        DepthMap.make(1 / metres, "disparity"),
    ):
        split = split_layers(depth, 3, "equal area")
        assert split.foreground[0, 0].tolist() == [1, 0, 0]
        assert split.midground[0, 0].tolist() == [0, 1, 0]
        assert split.background[0, 0].tolist() == [0, 0, 1]


def test_sky_goes_to_the_background_even_with_a_feather():
    depth = DepthMap.make(
        torch.full((1, 4, 4), 2.0), "metric", torch.tensor([True, False]).repeat(8).view(1, 4, 4)
    )
    split = split_layers(depth, 4, "equal depth", feather=0.8)
    assert bool((split.background[~depth.valid] == 1).all())


def test_equal_areas_are_equal():
    split = split_layers(DepthMap.make(_noise(1, 64, 64), "disparity"), 5, "equal area")
    shares = split.masks.mean((0, 2, 3))
    assert shares.min() > 0.19
    assert shares.max() < 0.21


@pytest.mark.parametrize("method", ["automatic", "equal area"])
def test_a_clip_is_cut_where_all_its_frames_laid_side_by_side_are(method):
    clip = _noise(4, 30, 20) * torch.tensor([1.0, 2.0, 0.5, 3.0]).view(4, 1, 1)
    valid = _noise(4, 30, 20, seed=1) > 0.3
    valid[2] = False
    wide, wide_valid = (planes.movedim(0, 1).reshape(1, 30, 80) for planes in (clip, valid))
    cuts = split_layers(DepthMap.make(clip, "metric", valid), 4, method).thresholds
    other = split_layers(DepthMap.make(wide, "metric", wide_valid), 4, method).thresholds
    assert torch.equal(cuts, other.expand(4, 3))


def test_equal_depths_are_equal():
    ramp = torch.linspace(0, 1, 1000)[None, None]
    split = split_layers(DepthMap.make(ramp, "disparity"), 4, "equal depth")
    assert split.thresholds[0].tolist() == [0.75, 0.5, 0.25]


def test_automatic_cuts_lie_in_the_valleys():
    heaps = torch.cat([torch.full((50,), v) + 0.02 * _noise(1, 1, 50)[0, 0] for v in (1, 4, 9)])
    split = split_layers(DepthMap.make(heaps[None, None], "disparity"), 3)
    assert [int(m.sum()) for m in split.masks[0]] == [50, 50, 50]
    near_cut, far_cut = split.thresholds[0].tolist()
    assert far_cut == pytest.approx(1.5 / 8, abs=0.02)
    assert near_cut == pytest.approx(5.5 / 8, abs=0.02)


def test_multi_otsu_finds_the_best_of_all_cuts():
    histogram = torch.randint(0, 50, (24,), generator=torch.Generator().manual_seed(5)).float()
    position = (torch.arange(24) + 0.5) / 24

    def within(cuts):
        total = 0.0
        for a, b in zip((0, *cuts), (*cuts, 24), strict=True):
            weight = histogram[a:b]
            if weight.sum() > 0:
                mean = (weight * position[a:b]).sum() / weight.sum()
                total += (weight * (position[a:b] - mean) ** 2).sum().item()
        return total

    best = min(within((a, b)) for a in range(1, 23) for b in range(a + 1, 24))
    found = sorted(round(cut * 24) for cut in multi_otsu(histogram, 3))
    assert within(tuple(found)) == pytest.approx(best, rel=1e-5)


def test_thresholds_decide_the_number_of_layers():
    ramp = torch.linspace(0, 1, 101)[None, None]
    split = split_layers(
        DepthMap.make(ramp, "disparity"), 3, "thresholds", thresholds=(0.2, 0.9, 0.5)
    )
    assert split.count == 4
    assert split.text == "0.900, 0.500, 0.200"


def test_two_layers_leave_the_midground_empty():
    split = split_layers(DepthMap.make(_noise(), "depth"), 2)
    assert split.midground.shape == split.foreground.shape
    assert split.midground.sum() == 0


@pytest.mark.parametrize("feather", [0.0, 0.3])
def test_layers_laid_over_each_other_give_the_image_back(feather):
    depth = DepthMap.make(_noise(2, 20, 30, 4), "disparity")
    image = torch.rand(2, 20, 30, 3, generator=torch.Generator().manual_seed(9))
    _, layers = split_image(depth, image, 4, "equal depth", feather=feather)
    stack = layers.view(2, 4, 20, 30, 4)
    seen = torch.zeros(2, 20, 30, 3)
    for index in reversed(range(4)):
        colour, alpha = stack[:, index, ..., :3], stack[:, index, ..., 3:]
        seen = colour * alpha + seen * (1 - alpha)
    assert torch.allclose(seen, image, atol=1e-3)


def test_a_moved_layer_carries_no_fringe():
    # A red thing before a green wall; blurring the red layer must never show green.
    depth = torch.full((1, 32, 32), 0.1)
    depth[:, 8:24, 8:24] = 1.0
    image = torch.zeros(1, 32, 32, 3)
    image[..., 1] = 1.0
    image[:, 8:24, 8:24] = torch.tensor([1.0, 0.0, 0.0])
    _, layers = split_image(DepthMap.make(depth, "disparity"), image, 2)
    front, back = layers[0], layers[1]
    assert front[..., 3].sum() == 256
    assert front[..., 1].max() < 1e-3
    assert back[..., 0].max() < 1e-3


def _smoothed_disc(blurred):
    """(H, W) 0..1: how much of each pixel a disc covers; blurred: 3x3 means of it."""
    fine = (torch.arange(64 * 8) + 0.5) / 8
    inside = ((fine - 32.3) ** 2 + (fine[:, None] - 31.8) ** 2 < 20**2).float()[None, None]
    share = F.avg_pool2d(inside, 8)
    for _ in range(blurred):
        share = F.avg_pool2d(F.pad(share, (1, 1, 1, 1)), 3, 1)
    return share[0, 0]


def _shrunk(mask, pixels):
    """As core's GrowMask with a negative expand and its tapered corners does it."""
    for _ in range(pixels):
        wide = F.pad(mask[None], (1, 1, 1, 1), value=1.0)[0]
        mask = torch.stack(
            [mask, wide[:-2, 1:-1], wide[2:, 1:-1], wide[1:-1, :-2], wide[1:-1, 2:]]
        ).amin(0)
    return mask


@pytest.mark.parametrize("feather", [0.0, 0.3])
@pytest.mark.parametrize(("blurred", "enough"), [(0, 1), (1, 2)])
def test_a_smoothed_outline_leaves_a_rim_no_wider_than_itself_that_shrinking_takes(
    blurred, enough, feather
):
    """A red disc before a green wall; what is green over blue comes from the wall."""
    red, green, blue = torch.eye(3)
    share = _smoothed_disc(blurred)
    image = (share[..., None] * red + (1 - share[..., None]) * green)[None]
    depth = DepthMap.make((0.1 + 0.9 * share)[None], "disparity")
    _, (front, back) = split_image(depth, image, 2, feather=feather)
    alpha, mixed = front[..., 3], (share > 0) & (share < 1)

    again = front[..., :3] * alpha[..., None] + back[..., :3] * (1 - alpha[..., None])
    assert (again - image[0]).abs().max() < 1e-6

    def wall_over_blue(alpha):
        return (front[..., :3] * alpha[..., None] + blue * (1 - alpha[..., None]))[..., 1]

    rim = wall_over_blue(alpha)
    assert rim.max() > 0.3
    assert rim[~mixed].max() < 1e-6
    assert (front[..., 0] * alpha)[share == 1].min() == 1
    less, shrunk = (wall_over_blue(_shrunk(alpha, n)).max() for n in (enough - 1, enough))
    assert less > 0.1
    assert shrunk < 0.05


def test_a_larger_image_sharpens_the_cut():
    depth = torch.full((1, 12, 16), 1.0)
    depth[..., 8:] = 5.0
    image = torch.zeros(1, 48, 64, 3)
    image[:, :, 33:] = 1.0
    split, layers = split_image(DepthMap.make(depth, "metric"), image, 2)
    assert layers.shape == (2, 48, 64, 4)
    assert split.foreground[0, 20, :33].min() == 1
    assert split.foreground[0, 20, 33:].max() == 0


@pytest.mark.parametrize(
    ("height", "width", "value"), [(1, 1, 0.5), (1, 9, 2.0), (7, 1, 2.0), (5, 5, 0.0)]
)
def test_flat_and_tiny_maps_are_split_all_the_same(height, width, value):
    depth = DepthMap.make(torch.full((1, height, width), value), "metric")
    for method in METHODS[:3]:
        assert bool((split_layers(depth, 3, method, feather=0.1).masks.sum(1) == 1).all())


def test_unusable_wishes_are_refused_in_words():
    depth = DepthMap.make(_noise(), "depth")
    with pytest.raises(InvalidInput, match="2 to 8"):
        split_layers(depth, 9)
    with pytest.raises(InvalidInput, match="between 0"):
        split_layers(depth, 3, "thresholds", thresholds=(1.5,))
    with pytest.raises(InvalidInput, match="not numbers"):
        parse_thresholds("near, far")
    with pytest.raises(InvalidInput, match="image"):
        colour_layers(torch.rand(1, 4, 4, 3), split_layers(depth))
    with pytest.raises(InvalidInput, match="feather"):
        split_layers(depth, 3, feather=-1)


def test_nearness_runs_from_zero_far_to_one_near():
    depth = DepthMap.make(torch.tensor([[[1.0, 2.0, 5.0]]]), "metric")
    assert nearness(depth)[0, 0].argsort().tolist() == [2, 1, 0]


@pytest.mark.parametrize(("size", "first"), [((16, 24), 4), ((32, 48), 1)])
def test_one_bar_counts_both_passes_and_hears_stop(size, first):
    """Refining to a larger image is the first half; the layers in colour are the second."""
    depth, image = DepthMap.make(_noise(3, 16, 24), "depth"), torch.rand(3, *size, 3)
    heard = []
    split_image(depth, image, on_progress=lambda done, total: heard.append((done, total)))
    assert heard == [(done, 6) for done in range(first, 7)]

    def stop(done, total):
        raise Stopped

    with pytest.raises(Stopped):
        split_image(depth, image, on_progress=stop)
