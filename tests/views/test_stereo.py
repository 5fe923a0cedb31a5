from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from genvr_depth.nodes.depthkit.depth_map import DepthMap, Pinhole
from genvr_depth.nodes.depthkit.errors import InvalidInput, MissingInformation, Stopped
from genvr_depth.nodes.depthkit.views.stereo import parallax_clip, stereo
from genvr_depth.nodes.depthkit.views.stereo_layouts import LAYOUTS
from genvr_depth.nodes.depthkit.views.stereo_options import PATHS, StereoOptions
from genvr_depth.nodes.depthkit.views.warp import fill_from_background, forward_warp
from hypothesis import given, settings
from hypothesis import strategies as st

CONES = Path(__file__).resolve().parents[3] / "shared" / "data" / "middlebury_cones"


def _image(batch=1, height=24, width=40, seed=0):
    return torch.rand(batch, height, width, 3, generator=torch.Generator().manual_seed(seed))


def _depth(batch=1, height=24, width=40, kind="disparity"):
    values = torch.full((batch, height, width), 1.0)
    values[:, 8:16, 15:25] = 3.0
    return DepthMap.make(values, kind)


@settings(max_examples=30, deadline=None)
@given(height=st.integers(1, 12), width=st.integers(1, 12), seed=st.integers(0, 999))
def test_the_warp_of_zero_baseline_is_the_identity(height, width, seed):
    image = _image(1, height, width, seed)
    near = _image(1, height, width, seed + 1)[0, ..., 0]
    zero = torch.zeros(height, width)
    warped, depth, hole = forward_warp(image[0], near, zero, zero)
    assert torch.equal(warped, image[0])
    assert torch.equal(depth, near)
    assert not hole.any()
    both = stereo(DepthMap.make(near + 1, "disparity"), image, StereoOptions(strength=0.0))
    assert torch.equal(both.images[0, :, :width], image[0])
    assert torch.equal(both.images[0, :, width:], image[0])


def test_whole_pixel_shifts_move_pixels_exactly():
    image = _image()[0]
    near = torch.full((24, 40), 0.5)
    warped, _, hole = forward_warp(
        image, near, torch.full((24, 40), 3.0), torch.full((24, 40), -2.0)
    )
    assert torch.equal(warped[:-2, 3:], image[2:, :-3])
    assert bool(hole[:, :3].all())
    assert bool(hole[-2:].all())
    assert not hole[:-2, 3:].any()


def test_the_nearest_pixel_wins_whatever_the_order():
    for flip in (False, True):
        image = torch.zeros(1, 8, 1)
        near = torch.tensor([[0.0, 0.0, 0.9, 0.0, 0.0, 0.0, 0.0, 0.0]])
        image[0, 2] = 1.0
        shift = torch.tensor([[0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0]])
        if flip:
            image, near, shift = image.flip(1), near.flip(1), -shift.flip(1)
        warped, _, hole = forward_warp(image, near, shift, torch.zeros_like(shift))
        landed = 2 if flip else 5
        assert warped[0, landed, 0] == 1
        assert hole[0].nonzero().flatten().tolist() == [5 if flip else 2]


def test_holes_are_filled_from_the_background_side():
    image = torch.tensor([0.2, 0.2, 0.2, 0.0, 0.0, 0.9, 0.9, 0.9])[None, :, None]
    near = torch.tensor([[0.1, 0.1, 0.1, 0.0, 0.0, 0.8, 0.8, 0.8]])
    hole = torch.tensor([[False, False, False, True, True, False, False, False]])
    filled = fill_from_background(image, near, hole)
    assert filled[0, 3:5, 0].tolist() == pytest.approx([0.2, 0.2])
    assert torch.equal(filled[~hole], image[~hole])


def test_near_things_move_apart_in_the_two_eyes():
    depth = _depth()
    image = torch.zeros(1, 24, 40, 3)
    image[:, 8:16, 15:25] = 1.0
    made = stereo(depth, image, StereoOptions(strength=10.0, screen=0.0))
    left, right = made.images[0, 12, :40, 0], made.images[0, 12, 40:, 0]
    columns = torch.arange(40.0)
    assert (left * columns).sum() / left.sum() == pytest.approx(19.5 + 2, abs=0.1)
    assert (right * columns).sum() / right.sum() == pytest.approx(19.5 - 2, abs=0.1)
    # Screen at the farthest point: the background does not move.
    assert torch.equal(made.images[0, :4, :40], image[0, :4])


SHAPES = {
    "side by side": (24, 80),
    "side by side, cross-eyed": (24, 80),
    "over under": (48, 40),
    "VR180": (108, 216),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("batch", [1, 2])
def test_every_layout_has_its_shape_and_mask(layout, batch):
    made = stereo(_depth(batch), _image(batch), StereoOptions(layout, strength=20.0))
    shape = SHAPES.get(layout, (24, 40))
    count = 2 * batch if layout == "left and right" else batch
    assert made.images.shape == (count, *shape, 3)
    assert made.holes.shape == (count, *shape)
    assert 0 < made.holes.mean() < 0.5


def test_an_anaglyph_is_red_for_the_left_eye():
    image = _image()
    pair = stereo(_depth(), image, StereoOptions("side by side", 6.0)).images[0]
    glasses = stereo(_depth(), image, StereoOptions("anaglyph", 6.0)).images[0]
    assert torch.equal(glasses[..., 0], pair[:, :40, 0])
    assert torch.equal(glasses[..., 1:], pair[:, 40:, 1:])


def test_unfilled_holes_are_black_and_lie_under_the_mask():
    image = _image() * 0.5 + 0.5
    made = stereo(_depth(), image, StereoOptions(strength=10.0, fill=False))
    dark = made.images.amax(-1) == 0
    assert torch.equal(dark, made.holes == 1)
    assert made.holes.sum() > 0


@pytest.mark.parametrize("path", PATHS)
def test_a_parallax_clip_moves_and_returns(path):
    image = _image()
    clip = parallax_clip(_depth(), image, StereoOptions(strength=6.0), 8, path)
    assert clip.images.shape == (8, 24, 40, 3)
    assert not torch.equal(clip.images[0], clip.images[2])
    if path == "sway":
        assert torch.equal(clip.images[0], image[0])


def test_true_eyes_see_true_parallax():
    metres = torch.full((1, 10, 200), 4.0)
    metres[..., 100:110] = 2.0
    depth = DepthMap.make(metres, "metric", camera=Pinhole(500, 500, 100, 5))
    image = torch.zeros(1, 10, 200, 3)
    image[..., 100:110, :] = 1.0
    made = stereo(depth, image, StereoOptions(eye_distance_mm=64.0, screen=0.0))
    # f b (1/2 - 1/4) = 500 * 0.064 / 4 = 8 pixels between the eyes.
    left = made.images[0, 5, :200, 0].nonzero().float().mean()
    right = made.images[0, 5, 200:, 0].nonzero().float().mean()
    assert (left - right).item() == pytest.approx(8.0, abs=0.2)


def test_an_eye_distance_needs_metres():
    with pytest.raises(MissingInformation, match="metres"):
        stereo(_depth(), _image(), StereoOptions(eye_distance_mm=63.0))


def test_the_report_speaks_of_centimetres_and_warns_of_diverging_eyes():
    mild = stereo(_depth(), _image(), StereoOptions(strength=3.0)).report
    assert "cm in front" in mild
    assert "cm behind" in mild
    wild = stereo(_depth(), _image(), StereoOptions(strength=40.0, screen=1.0)).report
    assert "outwards" in wild


def test_a_real_pair_is_predicted_from_its_left_image():
    if not CONES.is_dir():
        pytest.skip("the Middlebury pair lies in ../shared/data; not here")
    import numpy as np
    from PIL import Image

    left, right = (
        torch.tensor(np.array(Image.open(CONES / f"im{n}.png").convert("RGB"))).float() / 255
        for n in (2, 6)
    )
    pixels = torch.tensor(np.array(Image.open(CONES / "disp2.png"), dtype=np.float32)) / 4
    known = pixels > 0
    near = pixels / pixels.max()
    warped, _, hole = forward_warp(left, near, -pixels, torch.zeros_like(pixels))
    seen = ~hole & torch.nn.functional.max_pool2d((~known)[None, None].float(), 1)[0, 0].eq(0)
    error = (warped - right).abs().mean(-1)[seen].median()
    unmoved = (left - right).abs().mean(-1)[seen].median()
    assert error < 0.3 * unmoved


def test_wishes_that_cannot_be_met_are_refused_in_words():
    with pytest.raises(InvalidInput, match="layout"):
        StereoOptions("hologram")
    with pytest.raises(InvalidInput, match="strength"):
        StereoOptions(strength=-1)
    with pytest.raises(InvalidInput, match="sizes differ"):
        stereo(_depth(), _image(1, 10, 10), StereoOptions())
    with pytest.raises(InvalidInput, match="path"):
        parallax_clip(_depth(), _image(), StereoOptions(), 1)


def test_stop_is_honoured():
    with pytest.raises(Stopped):
        stereo(_depth(2), _image(2), StereoOptions(), should_stop=lambda: True)


def test_soft_outlines_leave_no_ghost_on_the_background():
    """A pixel of an outline holds both colours; it goes with the thing, not with what is behind."""
    values, image = torch.ones(1, 40, 80), torch.full((1, 40, 80, 3), 0.8)
    values[:, 10:30, 30:50] = 3.0
    image[:, 10:30, 30:50] = 0.1
    image[:, 10:30, [29, 50]] = 0.45
    pair = stereo(DepthMap.make(values, "disparity"), image, StereoOptions(strength=20.0)).images
    for eye in pair[0].split(80, 1):
        soft = ((eye - 0.45).abs() < 0.3).any(-1)
        dark = eye.mean(-1) < 0.15
        beside = F.max_pool2d(dark[None, None].float(), 5, 1, 2)[0, 0] > 0
        assert not (soft & ~beside).any()


def test_a_camera_that_rises_leaves_no_black_rows():
    depth = DepthMap.make(torch.linspace(1, 3, 48)[:, None].expand(48, 64), "disparity")
    image = torch.full((1, 48, 64, 3), 0.5)
    clip = parallax_clip(depth, image, StereoOptions(strength=20), 8, "orbit")
    assert clip.images.min() > 0.4
    assert clip.holes.any()


def test_true_geometry_keeps_the_order_of_the_nearest_things():
    """Percentiles would take the nearest of the scene for equally near."""
    values = torch.full((1, 60, 200), 10.0)
    values[:, :, 100:104], values[:, :2, 96:99] = 2.0, 1.0
    image = torch.zeros(1, 60, 200, 3)
    image[:, :2, 96:99] = 1.0
    depth = DepthMap.make(values, "metric", camera=Pinhole(100, 100, 100, 30))
    pair = stereo(depth, image, StereoOptions(eye_distance_mm=120, screen=0.0, fill=False))
    assert pair.images[0, 0, :200].amax() > 0.9


@pytest.mark.parametrize(("eye", "index"), [("left eye", 0), ("right eye", 1)])
def test_the_source_eye_is_the_photo_bit_for_bit(eye, index):
    image = _image()
    made = stereo(_depth(), image, StereoOptions("left and right", 10.0, source=eye))
    assert torch.equal(made.images[index], image[0])
    assert not made.holes[index].any()
    assert made.holes[1 - index].any()
    assert not torch.equal(made.images[1 - index], image[0])
    assert "spatial photo: horizontal field of view 60.0 degrees" in made.report


def test_nothing_is_stretched_between_a_thing_and_what_lies_behind_it():
    """What is uncovered is a hole exactly as wide as the parallax differs; the wall stays flat."""
    values, image = torch.full((1, 30, 120), 1.0), torch.full((1, 30, 120, 3), 0.9)
    values[:, 5:25, 50:70], image[:, 5:25, 50:70] = 2.0, 0.1
    options = StereoOptions("left and right", 10.0, 0.0, source="left eye", fill=False)
    made = stereo(DepthMap.make(values, "disparity"), image, options)
    right, hole = made.images[1], made.holes[1]
    assert hole[12].nonzero().flatten().tolist() == list(range(58, 70))
    assert torch.allclose(right[12, 38:58], torch.tensor(0.1))
    assert torch.allclose(right[12, :38], torch.tensor(0.9))
    filled = stereo(DepthMap.make(values, "disparity"), image, replace(options, fill=True))
    assert torch.allclose(filled.images[1, 12, 58:], torch.tensor(0.9))


def test_a_thing_at_the_border_before_the_screen_is_found_and_corrected():
    values, image = torch.full((1, 40, 100), 1.0), torch.full((1, 40, 100, 3), 0.5)
    values[:, 10:30, :20] = 2.0
    depth = DepthMap.make(values, "disparity")
    told = stereo(depth, image, StereoOptions(strength=10.0, screen=0.4))
    assert "cut by the left border" in told.report
    assert "border" not in stereo(depth, image, StereoOptions(strength=10.0, screen=1.0)).report
    back = stereo(depth, image, StereoOptions(strength=10.0, screen=0.4, window="move back"))
    assert "+0.00 % of the width" in back.report
    window = StereoOptions("left and right", 10.0, 0.4, window="floating window")
    left, right = stereo(depth, image, window).images
    assert left[:, :6].max() == 0
    assert left[:, 6:].min() > 0.4
    assert right.min() > 0.4


def test_half_layouts_are_as_large_as_the_photo_and_hold_both_eyes():
    image = _image(1, 25, 41)
    values = torch.linspace(1, 2, 41).expand(1, 25, 41)
    full = stereo(DepthMap.make(values, "disparity"), image, StereoOptions(strength=5.0)).images[0]
    for layout, dim in (("side by side, half width", 1), ("over under, half height", 0)):
        options = StereoOptions(layout, strength=5.0)
        half = stereo(DepthMap.make(values, "disparity"), image, options).images[0]
        assert half.shape == image.shape[1:]
        first = half.narrow(dim, 0, (half.shape[dim] + 1) // 2)
        eye = F.interpolate(
            full[:, :41].movedim(-1, 0)[None], first.shape[:2], mode="bilinear", antialias=True
        )[0].movedim(0, -1)
        assert torch.allclose(first, eye, atol=1e-5)


def test_dubois_keeps_grey_and_sends_red_to_the_left():
    grey, flat = torch.full((1, 8, 8, 3), 0.5), DepthMap.make(torch.ones(1, 8, 8), "disparity")
    same = stereo(flat, grey, StereoOptions("anaglyph, Dubois")).images
    assert torch.allclose(same, grey, atol=2e-3)


def test_rows_alternate_between_the_eyes():
    image = _image()
    pair = stereo(_depth(), image, StereoOptions("left and right", 10.0)).images
    rows = stereo(_depth(), image, StereoOptions("interlaced rows", 10.0)).images[0]
    assert torch.equal(rows[::2], pair[0, ::2])
    assert torch.equal(rows[1::2], pair[1, 1::2])


def test_a_half_sphere_shows_the_photo_at_its_own_angle():
    """fov 90: the photo fills the middle half of the 180 degrees; straight ahead is its centre."""
    image = torch.zeros(1, 40, 40, 3)
    image[:, 18:22, 18:22] = 1.0
    camera = Pinhole.from_fov(90, 40, 40)
    depth = DepthMap.make(torch.ones(1, 40, 40), "metric", camera=camera)
    made = stereo(depth, image, StereoOptions("VR180", 0.0)).images[0]
    side = made.shape[0]
    assert made.shape == (side, 2 * side, 3)
    light = made[:, :side, 0]
    rows, columns = light.nonzero(as_tuple=True)
    assert rows.float().mean().item() == pytest.approx((side - 1) / 2, abs=0.6)
    assert columns.float().mean().item() == pytest.approx((side - 1) / 2, abs=0.6)
    assert light.sum().item() == pytest.approx(16, rel=0.3)


def test_the_report_names_the_screen_and_what_strains_the_eyes():
    far = StereoOptions(strength=10.0, viewed_on="cinema")
    assert "on a cinema (1200 cm wide" in stereo(_depth(), _image(), far).report
    assert "turn outwards" in stereo(_depth(), _image(), far).report
    assert "degrees between" in stereo(_depth(), _image(), replace(far, viewed_on="phone")).report
    calm = StereoOptions(strength=1.0, viewed_on="television")
    assert "degrees" not in stereo(_depth(), _image(), calm).report
    with pytest.raises(InvalidInput, match="screen"):
        StereoOptions(viewed_on="watch")


def test_a_soft_outline_of_the_depth_belongs_to_the_nearer_thing():
    image = torch.full((1, 60, 120, 3), 0.8)
    image[:, 15:45, 40:80] = 0.1
    values = torch.full((1, 60, 120), 1.0)
    values[:, 15:45, 40:80] = 3.0
    soft = F.avg_pool2d(values, 9, 1, 4, count_include_pad=False)
    options = StereoOptions("left and right", 12.0, 0.0, source="left eye")
    right = stereo(DepthMap.make(soft, "disparity"), image, options).images[1, 30, :, 0]
    dark = (right < 0.3).nonzero().flatten()
    # The thing comes over whole: as wide as it is, in one piece.
    assert len(dark) == pytest.approx(40, abs=2)
    assert dark.diff().max() == 1
