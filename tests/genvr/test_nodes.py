"""The GenVR nodes without ComfyUI, against the stand-in."""

from __future__ import annotations

import asyncio
import inspect
import re

import pytest
import torch
from genvr_depth.nodes import NODE_CLASS_MAPPINGS
from genvr_depth.nodes.depthkit.depth_map import DepthMap
from genvr_depth.nodes.depthkit.errors import InvalidInput
from genvr_depth.nodes.depthkit.genvr import settings
from genvr_depth.nodes.depthkit.genvr.service_errors import BadParameter, MissingKey, SpendingCap
from genvr_depth.nodes.shared import host


@pytest.fixture
def service(fake, monkeypatch, tmp_path):
    """The stand-in as the environment's account."""
    monkeypatch.setenv("GENVR_DEPTH_HOME", str(tmp_path))
    monkeypatch.setenv("GENVR_API_KEY", fake.key)
    monkeypatch.setenv("GENVR_UID", fake.uid)
    monkeypatch.setenv("GENVR_API_BASE", fake.base)
    return fake


def run(node_id, **inputs):
    cls = NODE_CLASS_MAPPINGS[node_id]
    return asyncio.run(getattr(cls(), cls.FUNCTION)(**inputs))


def photo(batch=1, height=24, width=32):
    ramp = torch.linspace(0, 1, width).expand(batch, height, width)
    return torch.stack([ramp, 1 - ramp, ramp], -1)


def test_an_image_comes_back_with_a_report_free_of_secrets(service, leak_hunt):
    images, report, prompts = run(
        "GenVRDepthGenerateRemote", image=[photo()], prompt=["a castle"], seed=[7]
    )
    leak_hunt.texts.append(report)
    assert [tuple(i.shape) for i in images] == [(1, 48, 64, 3)]
    assert images[0].dtype == torch.float32
    assert prompts == ["a castle"]
    assert "1 paid for now" in report
    assert "This run: 5 credits" in report
    assert not re.search("https?:", report)


def test_prompts_images_and_seeds_multiply_in_a_fixed_order(service):
    inputs = {
        "image": [torch.cat([photo(), 1 - photo()])],
        "prompt": ["first\n# not this\n\nsecond"],
        "prompts": ["one per line"],
        "seed": [5],
        "count": [2],
    }
    images, report, prompts = run("GenVRDepthGenerateRemote", **inputs)
    assert prompts == ["first", "first", "second", "second"] * 2
    assert len(images) == len(service.charges) == 8
    again, report, _ = run("GenVRDepthGenerateRemote", **inputs)
    assert all(torch.equal(a, b) for a, b in zip(images, again, strict=True))
    assert "8 from disk" in report
    assert len(service.charges) == 8


def test_pairing_takes_the_first_with_the_first(service):
    images = [photo(), 1 - photo(), photo() * 0.5]
    _, _, prompts = run(
        "GenVRDepthGenerateRemote",
        image=images,
        prompt=["a", "b"],
        combine=["pair up"],
    )
    assert prompts == ["a", "b", "b"]
    assert len(service.charges) == 3


@pytest.mark.parametrize(
    ("how", "shapes"),
    [
        ("as returned", [(1, 48, 64, 3)] * 2),
        ("control size", [(1, 24, 40, 3)] * 2),
        ("one batch", [(2, 24, 40, 3)]),
    ],
)
def test_layouts_keep_the_ratio_and_say_what_was_cut(service, how, shapes):
    images, report, _ = run(
        "GenVRDepthGenerateRemote",
        image=[photo(width=40)],
        prompt=["a"],
        count=[2],
        layout=[how],
    )
    assert [tuple(i.shape) for i in images] == shapes
    assert ("was cut at its edges" in report) == (how != "as returned")


def test_a_depth_map_may_be_sent_and_the_report_says_what_that_means(service):
    depth = DepthMap.make(torch.linspace(1, 9, 24 * 32).view(1, 24, 32), "metric")
    images, report, _ = run("GenVRDepthGenerateRemote", depth=[depth], prompt=["a"])
    assert len(images) == 1
    assert "estimates depth from it again" in report


def test_siblings_send_their_own_fields(service):
    run("GenVRDepthGenerateCanny", image=[photo()], prompt=["a"])
    run("GenVRDepthGenerateScribble", image=[photo()], prompt=["a"], guidance=[4.5])
    assert service.violations == []
    canny, scribble = (task.body for task in service.tasks.values())
    assert canny["guidance"] == 30
    assert (scribble["scale"], scribble["ddim_steps"]) == (4.5, 20)
    assert "control_image" not in scribble


@pytest.mark.parametrize(("detector", "kind"), [("midas", "disparity"), ("leres", "depth")])
def test_remote_depth_has_the_size_of_the_image_and_near_is_white(service, detector, kind):
    answer = run("GenVRDepthEstimateRemote", image=photo(2)[..., :1], detector=detector)
    depth, control, report = answer["result"]
    assert (depth.kind, tuple(depth.values.shape)) == (kind, (2, 24, 32))
    assert control.shape == (2, 24, 32, 3)
    # The stand-in paints the image's own brightness: its bright side must come out near.
    assert control[:, :, -4:].mean() > control[:, :, :4].mean()
    sent = next(iter(service.tasks.values())).body
    assert sent[detector] is True
    assert sum(value is True for value in sent.values()) == 1
    assert "1 paid for now" in report, "two equal images are one request"


def test_without_a_key_the_error_names_the_three_ways(monkeypatch, tmp_path):
    monkeypatch.setenv("GENVR_DEPTH_HOME", str(tmp_path))
    for name in ("GENVR_API_KEY", "GENVR_TOKEN", "GENVR_ACCESS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(MissingKey) as raised:
        run("GenVRDepthGenerateRemote", image=[photo()], prompt=["a"])
    for way in ("GENVR_API_KEY", "Settings", "genvr-depth login"):
        assert way in str(raised.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"steps": [51]}, "'steps' is 51"),
        ({"guidance": [0.5]}, "from 1 to 100"),
        ({"seed": [-1]}, "4294967295"),
        ({"prompt": ["   "]}, "'prompt' is empty"),
        ({"output_format": ["jpeg"]}, "jpg, png"),
        ({"prompt": ["x" * 6000]}, "6000 characters"),
        ({"count": [0]}, "'count' is 0"),
        ({"concurrency": [11]}, "'concurrency' is 11"),
    ],
)
def test_a_bad_parameter_is_named_before_anything_is_sent(service, change, words):
    inputs = {"image": [photo()], "prompt": ["a"], **change}
    with pytest.raises(BadParameter, match=re.escape(words)):
        run("GenVRDepthGenerateRemote", **inputs)
    assert service.calls == []


def test_no_image_or_both_kinds_are_refused(service):
    with pytest.raises(InvalidInput, match="connect 'image'"):
        run("GenVRDepthGenerateRemote", prompt=["a"])
    depth = DepthMap.make(torch.ones(1, 4, 4), "metric")
    with pytest.raises(InvalidInput, match="not both"):
        run("GenVRDepthGenerateRemote", image=[photo()], depth=[depth], prompt=["a"])


def test_the_cap_of_the_node_holds(service):
    with pytest.raises(SpendingCap, match="20 credits for 4 new"):
        run(
            "GenVRDepthGenerateRemote",
            image=[photo()], prompt=["a"], count=[4], max_credits=[15.0],
        )  # fmt: skip
    assert service.calls == []


def test_the_nodes_zero_is_the_cap_of_the_settings(service):
    settings.save_defaults(host.current().private_place().folder, {"spending_cap": 5})
    inputs = {"image": [photo()], "prompt": ["a"], "max_credits": [0.0]}
    with pytest.raises(SpendingCap, match="cap of 5"):
        run("GenVRDepthGenerateRemote", count=[2], **inputs)
    assert len(run("GenVRDepthGenerateRemote", **inputs)[0]) == 1


@pytest.mark.parametrize(
    "image",
    [
        torch.full((1, 1, 1, 3), torch.nan),
        torch.full((1, 1, 7, 4), torch.inf),
        torch.zeros(1, 5, 3, 1, dtype=torch.float16),
        torch.full((2, 3, 3, 3), -4.0),
    ],
)
def test_odd_images_are_sent_clean(service, image):
    images, _, _ = run("GenVRDepthGenerateRemote", image=[image], prompt=["a"])
    assert len(images) == image.shape[0]
    assert service.violations == []


def test_prompts_are_checked_before_the_queue():
    cls = NODE_CLASS_MAPPINGS["GenVRDepthGenerateRemote"]
    assert cls.VALIDATE_INPUTS(prompt=["a castle"]) is True
    assert cls.VALIDATE_INPUTS(prompt=(None,)) is True, "a linked prompt is not known yet"
    assert "empty" in cls.VALIDATE_INPUTS(prompt=["  "])
    assert "Shorten" in cls.VALIDATE_INPUTS(prompt=["x" * 5001])
    assert cls.VALIDATE_INPUTS() is True


def test_remote_nodes_are_async_and_never_rerun_by_themselves():
    for name in ("Remote", "Canny", "Scribble"):
        cls = NODE_CLASS_MAPPINGS[f"GenVRDepthGenerate{name}"]
        assert inspect.iscoroutinefunction(cls.generate)
        assert not hasattr(cls, "IS_CHANGED")
    assert inspect.iscoroutinefunction(NODE_CLASS_MAPPINGS["GenVRDepthEstimateRemote"].estimate)
