"""The stand-in's answers in another light: what the screenshots of the GenVR templates rest on."""

from __future__ import annotations

import io

import pytest
import relit_answers
from genvr_depth.nodes.depthkit.scenes import image_path, load_scene
from PIL import Image, ImageChops, ImageStat

SIZE = (256, 192)


@pytest.fixture(scope="module")
def control():
    buffer = io.BytesIO()
    with Image.open(image_path("street")) as image:
        image.resize(SIZE).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def answer(control, prompt, model="depth", kind="png"):
    body = {"subcategory": model, "prompt": prompt, "seed": 1, "output_format": kind}
    return relit_answers.relight(body, control)


def opened(data):
    return Image.open(io.BytesIO(data)).convert("RGB")


def test_each_prompt_has_its_own_light_and_always_the_same(control):
    first, second = answer(control, "dawn"), answer(control, "noon")
    assert answer(control, "dawn") == first
    difference = ImageChops.difference(opened(first), opened(second))
    assert max(ImageStat.Stat(difference).mean) > 8


def test_the_answer_has_the_controls_size_and_the_format_asked_for(control):
    assert Image.open(io.BytesIO(answer(control, "dawn", kind="jpg"))).format == "JPEG"
    assert opened(answer(control, "dawn")).size == SIZE


def test_every_answer_says_that_it_is_the_stand_ins(control, monkeypatch):
    stamped = opened(answer(control, "dawn"))
    monkeypatch.setattr(relit_answers, "STAMP", " ")
    bare = opened(answer(control, "dawn"))
    marked = ImageChops.difference(stamped, bare).getbbox()
    assert marked is not None
    assert marked[2] - marked[0] > SIZE[0] // 3


def test_a_detector_answers_with_the_scenes_depth_near_white(control):
    grey = opened(answer(control, "", model="controlnet_preprocessors")).convert("L")
    depth = load_scene("street").depth.resized(SIZE[1], SIZE[0])
    rows = [(grey.getpixel((x, 100)), depth.values[0, 100, x].item()) for x in range(0, 256, 8)]
    near = [light for light, metres in rows if metres < 12]
    far = [light for light, metres in rows if metres > 40]
    assert min(near, default=255) > max(far, default=0)
