"""A VIDEO of ComfyUI where frames are taken: whole, or read one at a time."""

from __future__ import annotations

import genvr_depth
import numpy as np
import pytest
import torch
from film import make_film
from genvr_depth.nodes.adjust.image_conversions import GenVRDepthFromImage
from genvr_depth.nodes.adjust.refine_edges import GenVRDepthRefine
from genvr_depth.nodes.depthkit.batch import videos
from genvr_depth.nodes.depthkit.depth_map import DepthMap
from genvr_depth.nodes.depthkit.errors import FormatError, InvalidInput
from genvr_depth.nodes.depthkit.local.control_input import hint
from genvr_depth.nodes.depthkit.local.facts import Extent
from genvr_depth.nodes.estimate.estimate_depth import GenVRDepthEstimate
from genvr_depth.nodes.generate.structure_score import GenVRDepthKeepBest
from genvr_depth.nodes.save.save_depth import GenVRDepthSaveDepth
from genvr_depth.nodes.save.save_image import GenVRDepthSaveImage
from genvr_depth.nodes.shared.video_frames import VideoFrames
from PIL import Image

FRAMES = 5
STILLS = {"reference", "first", "last", "color_map"}
PAID = {"EstimateRemote", "GenerateRemote", "GenerateCanny", "GenerateScribble"}


class MadeVideo:
    """As much of ComfyUI's VIDEO as a node sees: one that a workflow made."""

    def __init__(self, images):
        self.images = images

    def get_components(self):
        return type("Components", (), {"images": self.images})


class FileVideo(MadeVideo):
    """One that was loaded; decoding it whole is an error here."""

    def __init__(self, path):
        self.path = path

    def get_stream_source(self):
        return str(self.path)

    def get_components(self):
        raise AssertionError("decoded whole")


@pytest.fixture
def film(tmp_path):
    return make_film(tmp_path / "clip.mp4", FRAMES)


@pytest.fixture
def images(film):
    clip = videos.Clip(film)
    return torch.cat([clip.frame(index) for index in range(FRAMES)])


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("GENVR_DEPTH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_a_video_file_gives_what_its_tensor_does(film, images):
    read = VideoFrames(film)
    assert (read.ndim, read.shape, len(read)) == (images.ndim, images.shape, len(images))
    for which in (2, 1, -1, slice(None), slice(3, 4), slice(4, 9), [3, 0], (slice(1, 3), ..., 0)):
        torch.testing.assert_close(read[which], images[which], rtol=0, atol=0)


def test_going_forward_decodes_each_frame_once(film, monkeypatch):
    read, taken = VideoFrames(film), []
    plain = videos.Clip.frame

    def counted(clip, index):
        taken.append(index)
        return plain(clip, index)

    monkeypatch.setattr(videos.Clip, "frame", counted)
    for index in (0, 0, 1, 1, 2, 3, 4):
        read[index : index + 1]
    assert taken == [1, 2, 3, 4]  # the first was read to learn the size


def test_the_file_is_closed_after_its_last_frame(film, monkeypatch):
    read = VideoFrames(film)
    read[:]
    film.unlink()  # Windows refuses this where it is open
    assert read[FRAMES - 1].shape == read.shape[1:]
    with pytest.raises(FormatError, match=r"clip\.mp4"):
        read[0]


def test_an_estimate_of_a_video_is_that_of_its_frames(home, film, images):
    node = GenVRDepthEstimate()
    of_video, of_images = node.run(FileVideo(film), None, 64), node.run(images, None, 64)
    torch.testing.assert_close(of_video["result"][0].values, of_images["result"][0].values)
    assert of_video["result"][3] == of_images["result"][3]
    photo = of_video["result"][0].frame(3).photo
    torch.testing.assert_close(photo, images[3:4])


@pytest.mark.parametrize("made", [True, False], ids=["made", "file"])
def test_frames_of_a_video_are_saved_one_by_one(home, film, images, made):
    given = MadeVideo(images) if made else FileVideo(film)
    saved = GenVRDepthSaveImage().save(images=given, format="png")["ui"]["files"]
    assert len(saved) == FRAMES
    last = np.asarray(Image.open(home / "output" / saved[-1].removesuffix(" [output]")))
    np.testing.assert_array_equal(last, (images[-1] * 255).round().byte())
    depth = DepthMap.make(torch.rand(FRAMES, 48, 64), "disparity")
    photos = GenVRDepthSaveDepth().save(depth, "p", "depth-photo", image=given)["ui"]["files"]
    assert len(photos) == FRAMES


def test_a_grey_video_is_taken_as_depth(images):
    grey = images[..., :1].expand(images.shape)
    depth = DepthMap.make(images[..., 0], "disparity")
    assert len(GenVRDepthSaveDepth().save(MadeVideo(grey), "v", "exr")["ui"]["files"]) == FRAMES
    read = GenVRDepthFromImage().convert(MadeVideo(grey), "white is near (disparity)")["result"][0]
    torch.testing.assert_close(read.values, depth.values, rtol=0, atol=1e-6)


def test_a_grey_video_file_is_read_as_depth_frame_by_frame(film, images):
    from genvr_depth.nodes.depthkit.views.render import from_image

    streamed = from_image(VideoFrames(film), "white is near (disparity)")
    whole = from_image(images, "white is near (disparity)")
    torch.testing.assert_close(streamed.values, whole.values)
    assert (streamed.source, streamed.kind) == (whole.source, whole.kind)


def test_the_photo_of_refine_may_be_a_video(images):
    depth = DepthMap.make(torch.rand(1, 24, 32) + 1, "metric")
    mine = GenVRDepthRefine().refine(guide=MadeVideo(images), depth=depth)[0].values
    torch.testing.assert_close(mine, GenVRDepthRefine().refine(guide=images, depth=depth)[0].values)


@pytest.mark.parametrize("node", ["CameraMove", "Stereo", "Refine"])
def test_frames_of_a_film_are_moved_seen_twice_and_guided_one_by_one(film, images, node):
    depth = DepthMap.make(images[..., 0] + 1, "metric")
    node = genvr_depth.NODE_CLASS_MAPPINGS[f"GenVRDepth{node}"]()
    name = "guide" if "guide" in kinds(node) else "image"
    of_film, of_images = (
        getattr(node, node.FUNCTION)(depth=depth, **{name: given})
        for given in (FileVideo(film), images)
    )
    for ours, theirs in zip(of_film, of_images, strict=True):
        same = torch.equal if isinstance(ours, torch.Tensor) else lambda a, b: a == b
        if isinstance(ours, DepthMap):
            ours, theirs, same = ours.values, theirs.values, torch.equal
        assert same(ours, theirs)


def test_a_control_film_is_resized_frame_by_frame(film, images):
    size = Extent(48, 40)
    assert torch.equal(hint(VideoFrames(film), size), hint(images, size))


def test_videos_in_a_list_are_taken(home, images):
    depth = DepthMap.make(images[:1, ..., 0] + 0.1, "disparity")
    lists = GenVRDepthKeepBest().keep([depth], [MadeVideo(images[:2])], [1])
    assert len(lists[1]) == 1


def test_a_video_without_frames_is_refused():
    with pytest.raises(InvalidInput, match="'image' has no frames"):
        GenVRDepthEstimate().run(MadeVideo(torch.zeros(0, 4, 4, 3)))


def kinds(node):
    declared = node.INPUT_TYPES()
    return {
        name: given[0]
        for group in ("required", "optional")
        for name, given in declared.get(group, {}).items()
        if isinstance(given[0], str)
    }


def test_every_free_node_takes_a_video_where_it_takes_frames():
    for key, node in genvr_depth.NODE_CLASS_MAPPINGS.items():
        takes = [name for name, kind in kinds(node).items() if "VIDEO" in kind.split(",")]
        frames = [
            name
            for name, kind in kinds(node).items()
            if "IMAGE" in kind.split(",") and (kind != "IMAGE" or name not in STILLS)
        ]
        paid = key.removeprefix("GenVRDepth") in PAID
        assert takes == ([] if paid else frames), key
        if takes and "GenerateVideo" not in key:  # that one reads the frame rate, too
            assert hasattr(getattr(node, node.FUNCTION), "__wrapped__"), key


def test_what_is_paid_by_the_image_says_why_it_takes_no_video():
    for name in PAID:
        node = genvr_depth.NODE_CLASS_MAPPINGS[f"GenVRDepth{name}"]
        declared = node.INPUT_TYPES()
        tooltip = {**declared["required"], **declared["optional"]}["image"][1]["tooltip"]
        assert "No VIDEO: each image is paid for" in tooltip
