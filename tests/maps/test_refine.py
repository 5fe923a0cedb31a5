from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from genvr_depth.nodes.depthkit.depth_map import DepthMap, Pinhole
from genvr_depth.nodes.depthkit.errors import InvalidInput, Stopped
from genvr_depth.nodes.depthkit.kernels import erode
from genvr_depth.nodes.depthkit.maps.fill import push_pull
from genvr_depth.nodes.depthkit.maps.refine import Softness, refine, softness
from genvr_depth.nodes.depthkit.maps.sharpness import edge_width
from genvr_depth.nodes.depthkit.measure.metrics import boundary_f1
from genvr_depth.nodes.depthkit.scenes import SCENE_NAMES, load_scene
from hypothesis import given, settings
from hypothesis import strategies as st


def _step(height=24, width=32, edge=15):
    depth = torch.full((1, height, width), 1.0)
    depth[..., edge:] = 3.0
    return depth


def _photo_of_step(height=120, width=160, edge=77):
    photo = torch.full((1, height, width, 3), 0.2)
    photo[:, :, edge:] = torch.tensor([0.8, 0.6, 0.3])
    return photo


def test_a_step_edge_gets_no_halo():
    refined = refine(DepthMap.make(_step(), "metric"), _photo_of_step())
    assert refined.values.min() >= 1.0
    assert refined.values.max() <= 3.0
    # Away from the edge by more than two coarse pixels nothing may ripple.
    assert (refined.values[..., :60] - 1).abs().max() < 1e-6
    assert (refined.values[..., 95:] - 3).abs().max() < 1e-6


def test_a_step_edge_lands_where_the_photo_has_it():
    # The coarse edge lies at 75 of 160, the photo's at 77.
    refined = refine(DepthMap.make(_step(), "metric"), _photo_of_step())
    side = refined.values[0, 60]
    assert (side[:77] - 1).abs().max() < 0.05
    assert (side[77:] - 3).abs().max() < 0.05


@pytest.mark.parametrize("size", [(48, 64), (57, 76), (12, 16)])
def test_strength_zero_is_plain_resampling(size):
    coarse = torch.rand(1, 12, 16, generator=torch.Generator().manual_seed(1)) + 1
    refined = refine(DepthMap.make(coarse, "depth"), torch.rand(1, *size, 3), strength=0.0)
    plain = F.interpolate(coarse[None], size, mode="bicubic", antialias=True)[0]
    # Bicubic overshoots at the ends of the map; values the map never had must not come out.
    inside = plain.clamp(coarse.min(), coarse.max())
    assert (refined.values - inside).abs().max() < 2e-6
    assert refined.values.min() >= coarse.min()
    assert refined.values.max() <= coarse.max()


@settings(max_examples=25, deadline=None)
@given(
    value=st.floats(0.01, 1e4),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    factor=st.integers(1, 5),
    seed=st.integers(0, 99),
)
def test_refining_keeps_constants(value, height, width, factor, seed):
    guide = torch.rand(
        1, height * factor, width * factor, 3, generator=torch.Generator().manual_seed(seed)
    )
    refined = refine(DepthMap.make(torch.full((1, height, width), value), "metric"), guide)
    assert torch.allclose(refined.values, torch.full_like(refined.values, value), rtol=1e-6)
    assert bool(refined.valid.all())


def test_a_slanted_plane_under_a_busy_texture_stays_a_plane():
    ramp = torch.linspace(1, 9, 40)[None, None].expand(1, 30, 40)
    guide = torch.rand(1, 120, 160, 3, generator=torch.Generator().manual_seed(0))
    refined = refine(DepthMap.make(ramp, "depth"), guide).values
    expected = F.interpolate(ramp[None], (120, 160), mode="bicubic", antialias=True)[0]
    assert (refined - expected)[..., 8:-8].abs().max() < 1e-4


def test_invalid_pixels_stay_invalid_and_teach_nothing():
    depth = _step()
    valid = torch.ones_like(depth, dtype=torch.bool)
    valid[:, :8] = False
    poisoned = depth.clone()
    poisoned[:, :8] = 1e6
    guide = _photo_of_step()
    clean = refine(DepthMap.make(poisoned, "metric", valid), guide)
    assert not clean.valid[:, :38].any()
    assert bool(clean.valid[:, 42:].all())
    assert clean.values.max() <= 3.0
    assert (clean.values[~clean.valid] == 0).all()


@pytest.mark.parametrize("factor", [1, 2, 3, 4.3])
def test_an_edge_is_not_moved_by_any_scale(factor):
    """Where the image has nothing to say, the edge stays in the middle."""
    depth = torch.full((1, 20, 20), 1.0)
    depth[..., 10:] = 3.0
    side = round(20 * factor)
    refined = refine(DepthMap.make(depth, "depth"), torch.full((1, side, side, 3), 0.5)).values
    assert (refined[..., : side // 2].mean() + refined[..., -(side // 2) :].mean()) == (
        pytest.approx(4.0, abs=0.01)
    )
    assert (refined + refined.flip(2) - 4).abs().max() < 0.3 / factor


def test_at_the_same_size_a_depth_that_agrees_with_its_photo_stays():
    depth = torch.full((1, 20, 20), 1.0)
    depth[:, 5:15, 7:13] = 3.0
    refined = refine(DepthMap.make(depth, "depth"), depth[..., None].expand(1, 20, 20, 3) / 3)
    assert torch.allclose(refined.values, depth, atol=1e-3)


def test_an_empty_map_stays_empty():
    depth = DepthMap.make(torch.zeros(1, 4, 4), "metric")
    refined = refine(depth, torch.rand(1, 8, 8, 3))
    assert refined.values.shape == (1, 8, 8)
    assert not refined.valid.any()


def test_a_batch_is_refined_frame_by_frame():
    generator = torch.Generator().manual_seed(3)
    depth = DepthMap.make(torch.rand(16, 10, 14, generator=generator) + 1, "disparity")
    guide = torch.rand(16, 30, 42, 3, generator=generator)
    whole = refine(depth, guide)
    for index in (0, 7, 15):
        alone = refine(depth.frame(index), guide[index : index + 1])
        assert torch.equal(whole.values[index], alone.values[0])


def test_the_camera_grows_with_the_map():
    depth = DepthMap.make(_step(), "metric", camera=Pinhole(30, 30, 16, 12))
    refined = refine(depth, _photo_of_step())
    assert refined.camera == Pinhole(150, 150, 80, 60)


def test_a_smaller_guide_never_shrinks_the_map():
    depth = DepthMap.make(_step(48, 64, 31), "metric")
    assert refine(depth, _photo_of_step(24, 32, 15)).values.shape == (1, 48, 64)


def test_stop_is_honoured_between_frames():
    depth = DepthMap.make(torch.rand(4, 8, 8), "depth")
    done = []
    with pytest.raises(Stopped):
        refine(
            depth,
            torch.rand(4, 16, 16, 3),
            on_progress=lambda d, t: done.append(d),
            should_stop=lambda: len(done) == 2,
        )
    assert done == [1, 2]


@pytest.mark.parametrize(
    ("guide", "words"),
    [((3, 48, 64, 3), "3"), ((1, 64, 48, 3), "48x64")],
)
def test_a_guide_of_another_frame_is_refused_in_words(guide, words):
    depth = DepthMap.make(torch.rand(2, 24, 32), "depth")
    with pytest.raises(InvalidInput, match=words):
        refine(depth, torch.rand(guide))


@pytest.mark.parametrize("name", SCENE_NAMES)
def test_refined_depth_of_a_scene_is_closer_to_the_truth_than_bicubic(name):
    scene = load_scene(name)
    truth = scene.depth
    coarse = truth.resized(truth.height // 4, truth.width // 4)
    refined = refine(
        coarse,
        F.interpolate(
            scene.image.movedim(-1, 1),
            (truth.height, truth.width),
            mode="bilinear",
            antialias=True,
        ).movedim(1, -1),
    )
    bicubic = F.interpolate(
        coarse.values[None], (truth.height, truth.width), mode="bicubic", antialias=True
    )[0]
    both = truth.valid & refined.valid
    both &= F.interpolate(coarse.valid[None].float(), both.shape[1:], mode="bilinear")[0] == 1

    def error(values):
        return ((values - truth.values).abs() / truth.values.clamp_min(0.01))[both].mean().item()

    assert error(refined.values) < error(bicubic)


def _pair(height=240, width=320):
    """(exact depth, photo) of a slanted floor and two things, one of them round."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    depth = 6 - 3 * y / height
    box = (x > 61) & (x < 143) & (y > 52) & (y < 187)
    ball = (x - 230).square() + (y - 130).square() < 55**2
    photo = torch.full((height, width, 3), 0.75) + 0.02 * torch.sin(x / 3.0)[..., None]
    photo[box], photo[ball] = torch.tensor([0.7, 0.2, 0.2]), torch.tensor([0.2, 0.3, 0.6])
    depth = torch.where(box, 2.0, torch.where(ball, 1.5, depth))
    return DepthMap.make(depth, "metric"), photo[None]


def _blurred(depth, sigma):
    reach = 4 * sigma
    line = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / sigma).square())
    line /= line.sum()
    stack = F.pad(depth.values[None], (reach, reach, reach, reach), mode="replicate")
    rows = F.conv2d(stack, line.view(1, 1, 1, -1))
    return DepthMap.make(F.conv2d(rows, line.view(1, 1, -1, 1))[0], depth.kind)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("factor", [4, 8])
def test_an_enlarged_map_is_refined_as_the_small_one_it_came_from(factor, known):
    truth, photo = _pair()
    small = truth.resized(truth.height // factor, truth.width // factor)
    measured = (small.height, small.width) if known else None
    small = DepthMap.make(small.values, "metric", measured=measured)
    large = small.resized(truth.height, truth.width)
    assert (refine(large, photo).values - refine(small, photo).values).abs().mean() < 0.003


@pytest.mark.parametrize("sigma", [3, 6])
def test_soft_outlines_move_onto_those_of_the_photo(sigma):
    truth, photo = _pair()
    soft = _blurred(truth, sigma)
    refined = refine(soft, photo)
    before, after = ((d.values - truth.values).abs().mean() for d in (soft, refined))
    assert after < 0.35 * before
    assert boundary_f1(refined.values[0], truth.values[0]) > 0.8
    assert refined.values.min() >= soft.values.min()
    assert refined.values.max() <= soft.values.max()


def test_the_blur_of_a_sensor_map_with_holes_beside_its_edges_is_found():
    truth, _ = _pair()
    soft = _blurred(truth, 3)
    valid = soft.valid.clone()
    valid[:, 40:200, 136:141] = valid[:, 40:200, 64:67] = False  # the shadows of a sensor
    valid[:, ::19, ::23] = False
    holed = DepthMap.make(soft.values, "metric", valid)
    assert 5 < softness(holed).width < 9
    assert softness(DepthMap.make(truth.values, "metric", valid)) == Softness()


def test_a_sparse_scan_has_no_outlines_to_sharpen():
    truth, _ = _pair()
    lines = torch.zeros_like(truth.valid)
    lines[:, ::6] = True
    assert softness(DepthMap.make(truth.values, "metric", lines)) == Softness()


def test_refining_twice_hardly_changes_what_is_refined():
    truth, photo = _pair()
    once = refine(_blurred(truth, 6), photo)
    assert (refine(once, photo).values - once.values).abs().mean() < 0.02


def test_texture_of_the_photo_hardly_moves_the_surfaces_of_a_soft_map():
    truth, photo = _pair()
    soft = _blurred(truth, 6)
    stripes = torch.arange(photo.shape[2]) // 9 % 2 * 0.4
    refined = refine(soft, photo * 0.5 + stripes[:, None])
    surface = erode((truth.values - soft.values).abs()[0] < 1e-2, 9)
    assert surface.float().mean() > 0.2
    change = (refined.values - soft.values)[0, surface].abs() / (6 - 1.5)
    assert change.mean() < 0.002
    assert change.quantile(0.98) < 0.02


def test_an_exact_map_with_sharp_edges_is_left_as_it_is():
    for name in SCENE_NAMES:
        depth = load_scene(name).depth
        plane, valid = depth.values[0], depth.valid[0]
        assert (
            0 < edge_width(push_pull(plane[None, None], valid[None, None].float())[0, 0], valid) < 2
        )


def test_soft_outlines_beside_unknown_pixels_stay_within_the_known_values():
    truth, photo = _pair()
    soft = _blurred(truth, 6)
    valid = torch.ones_like(soft.valid)
    valid[:, :40] = False
    holed = DepthMap.make(torch.where(valid, soft.values, 1e6), "metric", valid)
    refined = refine(holed, photo)
    assert torch.equal(refined.valid, valid)
    assert (refined.values[~valid] == 0).all()
    assert refined.values.max() <= soft.values[valid].max()


@pytest.mark.parametrize("shape", [(1, 1), (3, 90), (90, 2)])
def test_a_map_of_a_few_pixels_is_refined_too(shape):
    refined = refine(DepthMap.make(torch.rand(1, *shape) + 1, "depth"), torch.rand(1, *shape, 3))
    assert refined.values.shape == (1, *shape)
    assert bool(refined.valid.all())
