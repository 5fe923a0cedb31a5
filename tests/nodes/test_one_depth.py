"""One depth with several images works as several depths with one image does."""

from __future__ import annotations

import pytest
import torch
from genvr_depth.nodes.adjust.check_depth import GenVRDepthCheck
from genvr_depth.nodes.adjust.depth_to_stereo import GenVRDepthStereo
from genvr_depth.nodes.adjust.refine_edges import GenVRDepthRefine
from genvr_depth.nodes.adjust.split_layers import GenVRDepthLayers
from genvr_depth.nodes.depthkit.depth_map import DepthMap, Pinhole
from genvr_depth.nodes.save.save_3d import GenVRDepthSave3D
from genvr_depth.nodes.save.save_depth import GenVRDepthSaveDepth

IMAGES = torch.rand(3, 24, 32, 3, generator=torch.Generator().manual_seed(0))
PLANE = torch.rand(1, 24, 32, generator=torch.Generator().manual_seed(1)) + 1
ONE = DepthMap.make(PLANE, "metric", None, Pinhole(30.0, 30.0, 16.0, 12.0))
THREE = DepthMap.make(PLANE.repeat(3, 1, 1), "metric", None, ONE.camera)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("GENVR_DEPTH_HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("node", "call"),
    [
        (GenVRDepthRefine, lambda n, d: n.refine(guide=IMAGES, depth=d)[0].values),
        (GenVRDepthLayers, lambda n, d: n.split(depth=d, image=IMAGES)[1]),
        (GenVRDepthStereo, lambda n, d: n.view(depth=d, image=IMAGES)[0]),
    ],
)
def test_the_result_is_that_of_three_equal_maps(node, call):
    def first(found):
        return found["result"][0] if isinstance(found, dict) else found

    mine, whole = first(call(node(), ONE)), first(call(node(), THREE))
    assert len(mine) == len(whole) == 3
    torch.testing.assert_close(mine, whole)


def test_a_file_is_saved_for_every_image():
    for node, format in ((GenVRDepthSaveDepth, "depth-photo"), (GenVRDepthSave3D, "glb")):
        files = node().save(ONE, "p", format, image=IMAGES)["ui"]["files"]
        assert len(files) == 3


def test_every_image_is_checked():
    assert GenVRDepthCheck().check(ONE, image=IMAGES)[2] in (True, False)


def test_two_maps_for_three_images_are_still_refused():
    two = DepthMap.make(PLANE.repeat(2, 1, 1), "metric")
    with pytest.raises(ValueError, match=r"3|2"):
        GenVRDepthSaveDepth().save(two, "p", "depth-photo", image=IMAGES)
