"""The loader, Image to Depth and the renderer agree on what white means."""

import numpy as np
import pytest
import torch
from genvr_depth.nodes.depthkit.depth_map import DepthMap
from genvr_depth.nodes.depthkit.formats.options import LoadOptions
from genvr_depth.nodes.depthkit.formats.unlabelled import Plane, understand
from genvr_depth.nodes.depthkit.ranges import Window
from genvr_depth.nodes.depthkit.views.render import RenderOptions, from_image, render
from genvr_depth.nodes.depthkit.white import OFFERED, White

NEAR, FAR = 0.5, 12.0


@pytest.mark.parametrize("white", White)
def test_black_and_white_are_the_two_distances(white):
    black, full = white.metres(torch.tensor([0.0, 1.0]), NEAR, FAR).tolist()
    assert (black, full) == pytest.approx((FAR, NEAR) if white.near else (NEAR, FAR))
    if white.logarithmic:
        middle = white.metres(torch.tensor(0.5), NEAR, FAR).item()
        assert middle == pytest.approx((NEAR * FAR) ** 0.5)
    else:
        assert White.of(near=white.near, disparity=white.disparity) is white


@pytest.mark.parametrize("white", OFFERED)
@pytest.mark.parametrize("metric", [True, False])
def test_a_file_and_an_image_with_the_same_greys_give_the_same_depth(white, metric):
    codes = np.arange(1, 65536, 7, dtype=np.uint16)[None]
    near, far = (NEAR, FAR) if metric else (None, None)
    loaded = understand(Plane(codes, None, "file"), LoadOptions(white.value, near, far))
    grey = torch.from_numpy(codes.astype(np.float32) / 65535)[None, ..., None]
    made = from_image(grey, white.value, near or 0.0, far or 0.0)
    assert loaded.kind == made.kind
    values = loaded.values if metric else loaded.values / 65535
    offset = (values - made.values).median()  # of relative depth with white near, the top is free
    torch.testing.assert_close(values - offset, made.values, rtol=1e-5, atol=1e-6)
    assert metric <= (abs(offset) < 1e-6)


@pytest.mark.parametrize("near_is", ["white", "black"])
@pytest.mark.parametrize("scale", ["disparity", "depth"])
def test_what_the_renderer_draws_reads_back(near_is, scale):
    metres = torch.linspace(NEAR, FAR, 200).view(1, 10, 20)
    options = RenderOptions("grey", near_is, scale)
    image = render(DepthMap.make(metres, "metric"), options, Window("min-max"))
    white = White.of(near=near_is == "white", disparity=scale == "disparity")
    torch.testing.assert_close(white.metres(image[..., 0], NEAR, FAR), metres, rtol=1e-4, atol=0)
