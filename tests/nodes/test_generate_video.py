"""Generate Video from Depth (Local) without ComfyUI: stand-ins, a recorded expansion."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from film import make_film
from genvr_depth.nodes.depthkit.batch.videos import Clip
from genvr_depth.nodes.depthkit.depth_map import DepthMap
from genvr_depth.nodes.depthkit.errors import PlanError
from genvr_depth.nodes.generate.generate_video import GenVRDepthGenerateVideo
from genvr_depth.nodes.shared import host
from genvr_depth.nodes.shared.local_facts import model_facts


class Graph:
    def __init__(self):
        self.nodes = {}

    def node(self, class_type, id, **inputs):
        self.nodes[id] = (class_type, inputs)
        return SimpleNamespace(out=lambda slot: [id, slot])

    def finalize(self):
        return dict(self.nodes)


@pytest.fixture
def graph(monkeypatch):
    recorded = Graph()
    monkeypatch.setattr(host.HeadlessHost, "graph", lambda self: recorded)
    return recorded


def _model(name, base="WAN21_T2V", channels=16, **unet):
    config = type(name, (type(base, (), {}),), {"unet_config": {"image_model": "wan2.1", **unet}})()
    latent = SimpleNamespace(latent_channels=channels, latent_dimensions=3)
    inner = SimpleNamespace(model_config=config, latent_format=latent)
    return SimpleNamespace(model=inner, patches={}, object_patches={})


VAE = SimpleNamespace(latent_channels=16, latent_dim=3)
CLIP = SimpleNamespace()


def _run(depth, **options):
    node = GenVRDepthGenerateVideo()
    given = {"model": _model("WAN21_Vace", in_dim=16), "clip": CLIP, **options}
    answer = node.generate(given.pop("model"), VAE, depth, "a street", 3, **given)
    frames, video, latent, report = answer["result"]
    assert frames == ["image", 0]
    assert video == ["video", 0]
    assert latent[0] in answer["expand"]
    return answer["expand"], report


def _clip(frames=13):
    return DepthMap.make(torch.rand(frames, 48, 64) + 1, "metric")


def test_a_depth_clip_becomes_control_frames_of_the_plans_size(graph):
    steps, report = _run(_clip(), size="from depth")
    kind, inputs = steps["depth"]
    assert kind == "WanVaceToVideo"
    assert inputs["control_video"].shape == (13, inputs["height"], inputs["width"], 3)
    assert inputs["length"] == 13
    assert "Wan VACE" in report


def test_a_video_brings_its_own_rate(graph):
    parts = SimpleNamespace(images=torch.rand(25, 48, 64, 3), frame_rate=32)
    video = SimpleNamespace(get_components=lambda: parts, get_frame_rate=lambda: 32)
    steps, report = _run(video, size="from depth")
    assert steps["depth"][1]["length"] == 13
    assert "runs at 32 frames a second" in report


class FilmVideo:
    """A VIDEO that was loaded from a file: decoding it whole is an error here."""

    def __init__(self, path):
        self.path = path

    def get_stream_source(self):
        return str(self.path)

    def get_frame_rate(self):
        return 32

    def get_components(self):
        raise AssertionError("decoded whole")


def test_a_video_file_is_read_only_where_the_clip_needs_it(graph, tmp_path, monkeypatch):
    film = make_film(tmp_path / "depth.mp4", 25)
    whole = Clip(film)
    images = torch.cat([whole.frame(index) for index in range(25)])
    taken = []
    plain = Clip.frame

    def counted(clip, index):
        taken.append(index)
        return plain(clip, index)

    monkeypatch.setattr(Clip, "frame", counted)
    streamed, report = _run(FilmVideo(film), length=9)
    # The first tells the size; every second one is shown at half the rate.
    assert taken == list(range(0, 17, 2))
    assert "runs at 32 frames a second" in report
    of_tensor, _ = _run(images, length=9, depth_rate=32.0)
    video = streamed["depth"][1]["control_video"]
    assert torch.equal(video, of_tensor["depth"][1]["control_video"])


def test_a_source_video_file_is_read_frame_by_frame(graph, tmp_path):
    film = make_film(tmp_path / "source.mp4", 5)
    whole = Clip(film)
    images = torch.cat([whole.frame(index) for index in range(5)])
    mask = torch.zeros(1, *images.shape[1:3])
    depth = DepthMap.make(torch.rand(5, *images.shape[1:3]) + 1, "metric")
    made = [
        _run(depth, source_video=source, mask=mask)[0]["depth"][1]["control_video"]
        for source in (FilmVideo(film), images)
    ]
    assert torch.equal(*made)


def test_widgets_left_alone_are_the_familys(graph):
    defaults = GenVRDepthGenerateVideo.defaults()
    options = {name: defaults[name] for name in defaults if name not in ("prompt", "seed")}
    with_defaults, _ = _run(_clip(), **options)
    assert with_defaults["sampler"][1]["steps"] == 20
    assert with_defaults["shift"][1]["shift"] == 8.0
    assert with_defaults["video"][1]["fps"] == 16.0


def test_experts_and_facts_of_fun_control(graph):
    high, low = _model("WAN21_T2V", in_dim=52), _model("WAN21_T2V", in_dim=52)
    assert model_facts(high).concat_channels == 36
    steps, _ = _run(_clip(), model=high, model_low_noise=low, size="from depth")
    assert steps["shift_low"][1]["model"] is low
    with pytest.raises(PlanError, match="low-noise one is missing"):
        _run(_clip(), model=high)
