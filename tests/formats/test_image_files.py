"""Images in every format: rounded, with alpha where it can be, with their workflow inside."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
import torch
from genvr_depth.nodes.depthkit.errors import FormatError, InvalidInput
from genvr_depth.nodes.depthkit.formats import (
    IMAGES,
    ImageOptions,
    decode_image,
    encode_image,
    png,
)
from genvr_depth.nodes.depthkit.formats.embed import JPEG_EXIF_LIMIT, exif, fits, sidecar
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

EXACT_8 = ["png", "webp-lossless", "tiff"]
WORKFLOW = {"nodes": [{"id": 1, "title": "Größe"}]}
TEXTS = {"workflow": json.dumps(WORKFLOW), "prompt": json.dumps({"1": {"inputs": {}}})}

shapes = st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3, 4]))
images = arrays(np.float32, shapes, elements=st.floats(-0.5, 1.5, width=32))


@pytest.mark.parametrize("name", EXACT_8)
@settings(max_examples=25, deadline=None)
@given(planes=images)
def test_8_bit_formats_round_to_the_nearest_code(name, planes):
    back = decode_image(encode_image(torch.from_numpy(planes), name))[0].numpy()
    expected = np.rint(np.clip(planes, 0, 1) * np.float32(255)) / 255
    if planes.shape[-1] == 4 and back.shape[-1] == 3:  # WebP leaves out an alpha that is all 1
        back = np.concatenate((back, np.ones_like(back[..., :1])), axis=-1)
    colours = back[..., : planes.shape[-1]]
    assert np.abs(colours - expected).max() < 1e-6


@pytest.mark.parametrize("name", ["png16", "tiff16", "tiff-float"])
@settings(max_examples=25, deadline=None)
@given(planes=images)
def test_deep_formats_keep_16_bits_or_every_value(name, planes):
    tifffile = pytest.importorskip("tifffile")
    data = encode_image(torch.from_numpy(planes), name)
    if name == "png16":
        import zlib

        start = data.index(b"IDAT") + 4
        rows = zlib.decompressobj().decompress(data[start:])
        raw = np.frombuffer(rows, np.uint8).reshape(planes.shape[0], -1)
        assert (raw[:, 0] == 2).all()  # filter "up" on every row
        found = raw[:, 1:].cumsum(0, dtype=np.uint8).view(">u2").reshape(planes.shape) / 65535
    else:
        found = tifffile.imread(io.BytesIO(data)).reshape(planes.shape)
    if name == "tiff-float":
        np.testing.assert_array_equal(found, planes)
        return
    scale = 65535 if name == "tiff16" else 1
    # Near white float32 has 256 steps a code: a half may be rounded either way.
    assert np.abs(found / scale - np.clip(planes, 0, 1)).max() <= 0.51 / 65535


@pytest.mark.parametrize("name", IMAGES)
def test_broken_numbers_never_reach_a_file(name):
    planes = torch.full((6, 5, 3), float("nan"))
    planes[0] = float("inf")
    planes[1] = -float("inf")
    data = encode_image(planes, name)
    if name != "tiff-float":
        back = decode_image(data)[0]
        assert back[0, :, :].mean() > 0.9 or name in ("jpg", "webp", "avif")
        assert back[3:].mean() < 0.1


@pytest.mark.parametrize("name", [n for n, row in IMAGES.items() if row.alpha and row.bits == 8])
def test_alpha_is_kept_where_the_format_can(name):
    planes = torch.rand(16, 16, 4)
    planes[..., 3] = torch.linspace(0, 1, 16).expand(16, 16)
    back = decode_image(encode_image(planes, name))
    assert back.shape[-1] == 4
    assert (back[0, ..., 3] - planes[..., 3]).abs().max() < 0.04


def test_alpha_is_composed_on_the_chosen_background_where_it_cannot():
    planes = torch.zeros(16, 16, 4)
    planes[8:, :, 3] = 1.0
    data = encode_image(planes, "jpg", ImageOptions(100, background=(1.0, 0.0, 0.0)))
    back = decode_image(data)[0]
    torch.testing.assert_close(back[2, 2], torch.tensor([1.0, 0.0, 0.0]), atol=0.03, rtol=0)
    torch.testing.assert_close(back[13, 2], torch.zeros(3), atol=0.03, rtol=0)


@pytest.mark.parametrize("name", ["jpg", "webp", "webp-lossless", "avif", "tiff", "tiff16"])
def test_images_are_tagged_srgb(name):
    with Image.open(io.BytesIO(encode_image(torch.rand(8, 8, 3), name))) as image:
        profile = image.info.get("icc_profile", b"")
    assert "sRGB".encode("utf-16-be") in profile


def test_png_declares_srgb():
    assert b"sRGB" in encode_image(torch.rand(8, 8, 3), "png")[:60]


@pytest.mark.parametrize("name", ["jpg", "webp", "webp-lossless", "avif", "tiff"])
def test_workflow_and_prompt_are_in_the_exif_tags_the_frontend_reads(name):
    data = encode_image(torch.rand(16, 16, 3), name, ImageOptions(texts=TEXTS))
    with Image.open(io.BytesIO(data)) as image:
        tags = image.getexif()
    assert tags[0x010F] == "workflow:" + TEXTS["workflow"]
    assert tags[0x0110] == "prompt:" + TEXTS["prompt"]


def test_png_has_the_text_chunks_of_core():
    data = encode_image(torch.rand(4, 4, 3), "png", ImageOptions(texts=TEXTS))
    with Image.open(io.BytesIO(data)) as image:
        assert image.text == TEXTS


def test_a_workflow_too_long_for_jpeg_goes_into_a_sidecar():
    long = {"workflow": json.dumps({"nodes": ["x" * 70_000]})}
    assert len(exif(long)) > JPEG_EXIF_LIMIT
    assert not fits("jpeg", long)
    assert fits("jpeg", TEXTS)
    assert fits("all", long)
    with Image.open(io.BytesIO(encode_image(torch.rand(4, 4, 3), "jpg", ImageOptions(texts=long)))):
        pass


def test_the_sidecar_is_the_workflow_with_more_beside():
    body = json.loads(sidecar(TEXTS, '{"version": 1}'))
    assert body["nodes"] == WORKFLOW["nodes"]
    assert body["prompt"] == {"1": {"inputs": {}}}
    assert body["genvr_depth"] == {"version": 1}


def test_quality_and_subsampling_change_the_bytes():
    planes = torch.rand(64, 64, 3)
    sizes = [len(encode_image(planes, "jpg", ImageOptions(q))) for q in (30, 95)]
    assert sizes[0] < sizes[1]
    coarse = encode_image(planes, "jpg", ImageOptions(95, "4:2:0"))
    assert len(coarse) < sizes[1]
    progressive = encode_image(planes, "jpg", ImageOptions(95, progressive=True))
    assert b"\xff\xc2" in progressive
    with pytest.raises(InvalidInput):
        ImageOptions(quality=0)


def test_images_are_turned_upright_when_read():
    stream = io.BytesIO()
    tags = Image.Exif()
    tags[0x0112] = 6
    Image.fromarray(np.zeros((4, 9, 3), np.uint8)).save(stream, "JPEG", exif=tags)
    assert decode_image(stream.getvalue()).shape == (1, 9, 4, 3)


def test_damaged_images_are_an_error():
    with pytest.raises(FormatError):
        decode_image(b"\x89PNG\r\n\x1a\n" + b"\0" * 40)
    with pytest.raises(InvalidInput):
        encode_image(torch.rand(4, 4, 2), "png")


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("name", ["png16", "tiff16"])
def test_all_16_bits_of_an_image_are_read(name, channels):
    planes = torch.rand(31, 43, channels, generator=torch.Generator().manual_seed(1))
    back = decode_image(encode_image(planes, name))[0]
    assert (back - planes).abs().max() <= 0.51 / 65535


def test_16_bit_colour_of_other_programs_is_read_whole_and_upright():
    tifffile = pytest.importorskip("tifffile")
    codes = np.random.default_rng(1).integers(0, 65536, (12, 20, 3), dtype=np.uint16)
    tags = [(274, "H", 1, 6, True)]  # the camera was held upright
    for order in "<>":
        for packing in ({}, {"compression": "zlib"}, {"rowsperstrip": 5}):
            stream = io.BytesIO()
            tifffile.imwrite(
                stream, codes, photometric="rgb", byteorder=order, extratags=tags, **packing
            )
            back = decode_image(stream.getvalue())[0].numpy()
            expected = np.rot90(codes, -1) / np.float32(65535)
            np.testing.assert_allclose(back, expected, atol=1e-6, err_msg=f"{order} {packing}")


def test_16_bit_grey_with_alpha_keeps_both():
    codes = np.random.default_rng(2).integers(0, 65536, (9, 7, 2), dtype=np.uint16)
    back = decode_image(png.write(codes))[0].numpy()
    np.testing.assert_allclose(back, codes[..., (0, 0, 0, 1)] / np.float32(65535), atol=1e-6)


def test_a_float_image_of_one_channel_keeps_its_numbers():
    planes = torch.linspace(0, 1, 63).reshape(7, 9, 1)
    assert torch.equal(decode_image(encode_image(planes, "tiff-float"))[0], planes)


@pytest.mark.parametrize("name", ["jpg", "webp", "webp-lossless", "avif"])
def test_an_image_longer_than_the_format_can_hold_is_refused_by_name(name):
    row = IMAGES[name]
    with pytest.raises(FormatError, match=f"{row.label}.*png or tiff"):
        encode_image(torch.zeros(1, row.longest + 1, 1), name)


def test_an_image_too_large_to_open_is_not_called_damaged(monkeypatch):
    data = encode_image(torch.rand(30, 30, 3), "png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(FormatError, match=r"more pixels.*make it smaller") as caught:
        decode_image(data)
    assert "damaged" not in str(caught.value)


def test_an_eps_file_named_png_starts_no_other_program(monkeypatch):
    """Pillow would hand it to Ghostscript."""
    monkeypatch.setattr("PIL.EpsImagePlugin.Ghostscript", lambda *_, **__: pytest.fail("started"))
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n%%EOF\n"
    with pytest.raises(FormatError, match="no image that can be read here"):
        decode_image(eps)
