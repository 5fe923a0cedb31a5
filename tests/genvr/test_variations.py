"""Prompt Variations and the way from lists to requests."""

from __future__ import annotations

import re
import struct
import zlib

import pytest
import torch
from genvr_depth.nodes.depthkit.genvr.control_images import MAX_PIXELS, decode, from_images, sniff
from genvr_depth.nodes.depthkit.genvr.request import Request
from genvr_depth.nodes.depthkit.genvr.request_grid import fitted, seeds_from, split_prompts
from genvr_depth.nodes.depthkit.genvr.retry import retry_after
from genvr_depth.nodes.depthkit.genvr.service_errors import BadParameter, ImageError
from genvr_depth.nodes.depthkit.genvr.service_models import MODELS, model_named
from genvr_depth.nodes.depthkit.genvr.variations import (
    ALL_STYLES,
    NO_STYLES,
    own_styles,
    shipped,
    style_groups,
    vary,
)
from genvr_depth.nodes.generate.prompt_variations import GenVRDepthPromptVariations
from hypothesis import given, settings
from hypothesis import strategies as st

LABEL = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def test_the_shipped_styles_cover_the_services_uses():
    groups = style_groups()
    assert {"interior design", "game environments", "virtual staging", "character redesign",
            "seasons"} <= set(groups)  # fmt: skip
    everything = [style for rows in groups.values() for style in rows]
    assert len(everything) >= 40
    assert len({s.label for s in everything}) == len(everything)
    assert all(len(s.phrase) > 15 and "{" not in s.phrase for s in everything)
    for wanted in ("photoreal", "watercolor", "clay render", "anime", "night", "snow", "autumn"):
        assert wanted in {s.label for s in everything}


def test_every_prompt_meets_every_style_with_unique_labels():
    prompts, labels, count = GenVRDepthPromptVariations().vary(
        "a room\n# a note\na hall",
        "seasons",
        own_styles="my look: in glass\nin felt",
        keep_plain=True,
    )
    assert count == len(prompts) == len(labels) == 2 * (1 + 4 + 2)
    assert prompts[0] == "a room"
    assert "a hall, in glass" in prompts
    assert "a-hall-my-look" in labels
    assert len(set(labels)) == count


def test_labels_can_be_picked_in_order():
    _, labels, _ = GenVRDepthPromptVariations().vary("x", "looks", only="anime, watercolor")
    assert labels == ["anime", "watercolor"]
    with pytest.raises(BadParameter, match="no style 'disco'"):
        GenVRDepthPromptVariations().vary("x", "looks", only="disco")


def test_nothing_typed_is_an_error_not_an_empty_list():
    with pytest.raises(BadParameter, match="no line with text"):
        GenVRDepthPromptVariations().vary(" \n# only a note", "looks")
    with pytest.raises(BadParameter, match=r"\{style\}"):
        GenVRDepthPromptVariations().vary("x", "looks", template="{prompt}")


def test_braces_in_the_users_text_mean_nothing():
    found = vary(["a {style} sign {0}"], own_styles("{prompt}!"))
    assert [v.prompt for v in found] == ["a {style} sign {0}, {prompt}!"]


def test_limits_and_groups():
    assert len(vary(["a"], shipped(ALL_STYLES), limit=5)) == 5
    assert shipped(NO_STYLES) == []
    assert [v.prompt for v in vary(["a"], [])] == ["a"]
    with pytest.raises(BadParameter, match="no style group"):
        shipped("nonsense")


@given(st.lists(st.text(max_size=60), min_size=1, max_size=6), st.text(max_size=200))
@settings(max_examples=40, deadline=None)
def test_labels_are_fit_for_file_names_whatever_is_typed(prompts, styles):
    if not any(p.strip() for p in prompts):
        return
    found = vary(prompts, own_styles(styles))
    labels = [v.label for v in found]
    assert all(LABEL.fullmatch(label) and len(label) <= 70 for label in labels)
    assert len(set(labels)) == len(labels)


def test_prompt_fields_are_split_only_when_asked():
    assert split_prompts(["a\nb"], per_line=False) == ["a\nb"]
    assert split_prompts(["a\n\n b ", "c"], per_line=True) == ["a", "b", "c"]


def test_seeds_count_up_and_wrap():
    assert seeds_from([4294967295, 7], 2) == [4294967295, 0, 7, 8]


def test_a_result_is_cropped_never_stretched():
    image = torch.zeros(40, 80, 3)
    image[:, 30:50] = 1
    fit = fitted(image, 40, 40)
    assert fit.shape == (40, 40, 3)
    assert (fit[20] > 0.5).sum(0).tolist() == [20, 20, 20], "the bar keeps its width"


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (3000, 2400), (300, 4000), (2048, 2048)])
def test_a_control_image_keeps_its_ratio_within_the_limits(size):
    picture = from_images(torch.full((1, *size, 3), 0.25))[0]
    sent = picture.encoded
    assert sent.width * sent.height <= MAX_PIXELS
    assert sent.width / sent.height == pytest.approx(size[1] / size[0], rel=2e-3)
    assert sniff(sent.data) == sent.extension
    assert any("sent smaller" in n for n in picture.notes) == (size[0] * size[1] > MAX_PIXELS)
    assert any("elongated" in n for n in picture.notes) == (max(size) > 4 * min(size))


def test_encoding_is_deterministic_and_noise_becomes_jpeg():
    torch.manual_seed(0)
    noise = torch.rand(1, 600, 600, 3)
    picture = from_images(noise)[0]
    first, second = picture.encoded, from_images(noise)[0].encoded
    assert first.data == second.data
    assert first.mime == "image/jpeg"
    back = decode(first.data)
    assert (back - torch.from_numpy(picture.pixels) / 255).abs().mean() < 0.06


def test_the_key_depends_on_pixels_not_on_the_encoder(monkeypatch):
    from genvr_depth.nodes.depthkit.genvr import control_images as images

    image = torch.rand(1, 20, 20, 3)
    one = Request.make(model_named("depth"), {"prompt": "a"}, from_images(image)[0])
    assert one.image.encoded.mime == "image/png"
    monkeypatch.setattr(images, "DATA_URI_LIMIT", 1)
    two = Request.make(model_named("depth"), {"prompt": "a"}, from_images(image)[0])
    assert two.image.encoded.mime == "image/jpeg"
    assert one.key == two.key


def test_a_key_is_stable_over_releases():
    """A changed key would charge everybody's stored images again."""
    picture = from_images(torch.full((1, 2, 3, 3), 0.5))[0]
    request = Request.make(model_named("depth"), {"prompt": " a castle ", "seed": 3}, picture)
    assert request.key == "46b181844636f5ee0a088329f61a834dee6713c430d60763bf61fb39c52fa948"


@pytest.mark.parametrize("model", [m for m in MODELS if m.name != "detect"])
def test_numbers_mean_the_same_however_they_are_written(model):
    picture = from_images(torch.zeros(1, 2, 2, 3))[0]
    keys = {
        Request.make(model, {"prompt": "a", "guidance": g, "seed": s}, picture).key
        for g, s in ((7, 1), (7.0, 1), (7, 1.0))
    }
    assert len(keys) == 1


@pytest.mark.parametrize("model", MODELS)
def test_every_row_fills_its_defaults_and_rejects_strangers(model):
    given_ = {"prompt": "a"} if model.parameter("prompt") else {}
    body = model.body(model.clean(given_))
    assert set(body) <= {p.wire for p in model.parameters} | {n for n, _ in model.fixed}
    assert model.price.credits > 0
    with pytest.raises(BadParameter, match="no parameter colour"):
        model.clean({**given_, "colour": 1})
    for parameter in model.parameters:
        if parameter.type in ("integer", "number"):
            for bad in (parameter.low - 1, parameter.high + 1, "x", None, float("nan")):
                with pytest.raises(BadParameter, match=f"'{parameter.name}'"):
                    model.clean({**given_, parameter.name: bad})


def test_prompt_upsampling_is_sent_only_when_on():
    model = model_named("depth")
    assert "prompt_upsampling" not in model.body(model.clean({"prompt": "a"}))
    assert model.body(model.clean({"prompt": "a", "prompt_upsampling": True}))["prompt_upsampling"]


@given(st.one_of(st.none(), st.text(max_size=40)))
@settings(max_examples=60, deadline=None)
def test_any_retry_after_is_survived_and_bounded(header):
    found = retry_after(header, 1_700_000_000.0)
    assert found is None or 0 <= found <= 120


def _chunk(kind, body):
    checksum = struct.pack(">I", zlib.crc32(kind + body))
    return struct.pack(">I", len(body)) + kind + body + checksum


@pytest.mark.parametrize("what", ["header cut short", "text that unpacks without end"])
def test_a_damaged_result_is_an_error_in_our_words(what):
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0))
    chunks = {
        "header cut short": _chunk(b"IHDR", bytes(3)),
        "text that unpacks without end": header
        + _chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1 << 21))),
    }
    pixels = _chunk(b"IDAT", zlib.compress(bytes(4 * 13))) + _chunk(b"IEND", b"")
    with pytest.raises(ImageError, match="not a whole image"):
        decode(b"\x89PNG\r\n\x1a\n" + chunks[what] + pixels)


@pytest.mark.parametrize(("typed", "meant"), [("7.5", 7.5), ("15.0", 15), (" 20 ", 20)])
def test_numbers_that_come_as_text_are_the_same_request(typed, meant):
    depth = model_named("depth")
    found = depth.clean({"prompt": "a", "guidance": typed})["guidance"]
    assert (found, type(found)) == (meant, type(meant))
