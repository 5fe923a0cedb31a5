"""Every kind of TIFF that holds depth, written by tifffile or Pillow and read as they read it."""

from __future__ import annotations

import io
import itertools
import struct
import zlib

import numpy as np
import pytest
import tifffile
from genvr_depth.nodes.depthkit.errors import FormatError
from genvr_depth.nodes.depthkit.formats import LoadOptions, decode_depth, decode_image, tiff
from genvr_depth.nodes.depthkit.formats.options import MEANINGS, METRES
from PIL import Image

FAR = MEANINGS[5]
RAMP = np.linspace(1, 20, 24 * 32).reshape(24, 32)
CODES = (RAMP * 1000).astype(np.int64)


def written(pixels: np.ndarray, **options) -> bytes:
    stream = io.BytesIO()
    options.setdefault("photometric", "minisblack")
    tifffile.imwrite(stream, pixels, **options)
    return stream.getvalue()


def read(data: bytes, **options):
    return decode_depth(data, LoadOptions(METRES, **options)).values[0].numpy()


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "i2", "i4", "u2", "u4", "i8", "u8"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_type_of_number_keeps_its_values(kind, order):
    pixels = (RAMP if kind[0] == "f" else CODES).astype(order + kind)
    np.testing.assert_array_equal(read(written(pixels, byteorder=order)), pixels.astype("f4"))


def test_int8_is_signed():
    pixels = np.array([[-5, 3], [100, 127]], np.int8)
    found = decode_depth(written(pixels), LoadOptions(METRES))
    assert found.valid.tolist() == [[[False, True], [True, True]]]
    assert found.values[0, 1].tolist() == [100.0, 127.0]


@pytest.mark.parametrize(
    "options",
    [
        {"bigtiff": True},
        {"tile": (16, 16)},
        {"compression": "zlib"},
        {"compression": "zlib", "predictor": True},
        {"rowsperstrip": 5},
    ],
)
def test_every_layout_is_read(options):
    pixels = CODES.astype(np.uint16)
    np.testing.assert_array_equal(read(written(pixels, **options)), pixels)


@pytest.mark.parametrize("kind", [np.float32, np.uint16])
@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_deflate", "packbits"])
def test_what_pillow_compressed_is_read(kind, compression):
    pixels = (CODES if kind == np.uint16 else RAMP).astype(kind)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "TIFF", compression=compression)
    np.testing.assert_array_equal(read(stream.getvalue()), pixels)


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 12, 14])
def test_packed_bits_are_unpacked_and_white_is_their_largest_code(bits):
    top = (1 << bits) - 1
    pixels = np.linspace(0, top, 24 * 32).round().reshape(24, 32).astype(np.uint16)
    packed = written_packed(pixels, bits)
    np.testing.assert_array_equal(read(packed, zero_is_invalid=False, no_data="none")[-1, -1], top)
    options = LoadOptions(FAR, near=1.0, far=5.0, zero_is_invalid=False)
    back = decode_depth(packed, options).values[0].numpy()
    np.testing.assert_allclose(back, 1 + 4 * pixels / top, rtol=1e-6)


@pytest.mark.parametrize("bits", [2, 6, 10, 12, 24])
@pytest.mark.parametrize("compression", [1, 8, 32773])
def test_packed_bits_are_unpacked_from_tiles(bits, compression):
    """Tiles of 16 x 32 over an image of 24 x 40: those at the edges reach beyond it."""
    codes = np.random.default_rng(bits).integers(0, 1 << bits, (24, 40))
    codes[:, 20:30] = 1  # runs
    data = written_packed_tiles(codes, bits, compression)
    found = read(data, zero_is_invalid=False, no_data="none")
    np.testing.assert_array_equal(found, np.where(codes > 0, codes, 0))


def written_packed_tiles(codes: np.ndarray, bits: int, compression: int) -> bytes:
    tall, wide = 16, 32
    padded = np.pad(codes, ((0, -len(codes) % tall), (0, -codes.shape[1] % wide)), mode="edge")
    tiles = []
    for top in range(0, len(padded), tall):
        for left in range(0, padded.shape[1], wide):
            tile = padded[top : top + tall, left : left + wide]
            planes = ((tile[..., None] >> np.arange(bits - 1, -1, -1)) & 1).astype(np.uint8)
            rows = np.packbits(planes.reshape(tall, -1), axis=1)
            tiles.append({1: bytes, 8: zlib.compress, 32773: packbits}[compression](rows.tobytes()))
    count = len(tiles)
    tags = [(256, codes.shape[1]), (257, len(codes)), (258, bits), (259, compression), (262, 1)]
    tags += [(277, 1), (322, wide), (323, tall)]
    table = 8 + 2 + (len(tags) + 2) * 12 + 4
    begins = table + 8 * count + np.cumsum([0, *map(len, tiles)])[:count]
    entries = [(tag, 1, value) for tag, value in tags]
    entries += [(324, count, table), (325, count, table + 4 * count)]
    head = b"II*\0\x08\0\0\0" + np.array([len(entries)], "<u2").tobytes()
    fields = b"".join(struct.pack("<HHII", tag, 4, many, value) for tag, many, value in entries)
    arrays = np.array([*begins, *map(len, tiles)], "<u4").tobytes()
    return head + fields + b"\0\0\0\0" + arrays + b"".join(tiles)


def packbits(data: bytes) -> bytes:
    """Runs of the same byte, and single bytes, as Apple's PackBits writes them."""
    out = bytearray()
    for value, run in itertools.groupby(data):
        left = len(list(run))
        while left:
            count = min(left, 128)
            out += bytes((257 - count, value)) if count > 1 else bytes((0, value))
            left -= count
    return bytes(out)


def written_packed(pixels: np.ndarray, bits: int) -> bytes:
    """Rows of samples of `bits`, the highest bit first, each row ending at a byte."""
    planes = ((pixels[..., None] >> np.arange(bits - 1, -1, -1)) & 1).astype(np.uint8)
    rows = np.packbits(planes.reshape(len(pixels), -1), axis=1).tobytes()
    height, width = pixels.shape
    tags = [(256, width), (257, height), (258, bits), (259, 1), (262, 1), (273, 8 + 2 + 9 * 12 + 4)]
    tags += [(277, 1), (278, height), (279, len(rows))]
    entries = b"".join(
        np.array([t, 4], "<u2").tobytes() + np.array([1, v], "<u4").tobytes() for t, v in tags
    )
    return b"II*\0\x08\0\0\0" + np.array([9], "<u2").tobytes() + entries + b"\0\0\0\0" + rows


@pytest.mark.parametrize("kind", [np.float32, np.uint16, np.uint8])
def test_three_equal_channels_are_one_plane(kind):
    plane = (RAMP if kind == np.float32 else CODES / 100).astype(kind)
    data = written(np.repeat(plane[..., None], 3, -1), photometric="rgb")
    np.testing.assert_array_equal(read(data), plane)


def test_the_first_of_several_pages_is_read_and_the_others_by_number():
    pages = np.stack([RAMP, RAMP * 2, RAMP * 3]).astype(np.float32)
    for data in (written(pages), written(pages, photometric="rgb", planarconfig="separate")):
        np.testing.assert_array_equal(read(data), pages[0])
        np.testing.assert_array_equal(read(data, channel="3"), pages[2])
        assert tiff.layers(io.BytesIO(data)) == ["1", "2", "3"]
        with pytest.raises(FormatError, match="3 pages"):
            read(data, channel="4")
    assert decode_depth(data, LoadOptions(METRES, name="a.tif")).source == "a.tif (page 1 of 3)"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", [np.float32, np.uint16])
def test_orientation_turns_depth_and_image_alike(orientation, kind):
    pixels = (RAMP if kind == np.float32 else CODES).astype(kind)
    data = written(pixels, extratags=[(274, "H", 1, orientation, True)])
    found, image = read(data), decode_image(data)[0, ..., 0].numpy()
    turned = pixels if orientation < 5 else pixels.T
    flips = {2: [1], 3: [0, 1], 4: [0], 6: [1], 7: [0, 1], 8: [0]}.get(orientation, [])
    np.testing.assert_array_equal(found, np.flip(turned, flips))
    scale = 1 if kind == np.float32 else 65535
    np.testing.assert_allclose(image * scale, np.flip(turned, flips), rtol=1e-5)


def test_an_image_of_float_colour_keeps_its_numbers():
    planes = np.random.default_rng(0).random((5, 6, 3), np.float32) * 3
    back = decode_image(written(planes, photometric="rgb"))[0].numpy()
    np.testing.assert_array_equal(back, planes)


def test_what_no_codec_is_there_for_is_called_not_supported():
    pixels = RAMP.astype(np.float64)
    data = bytearray(written(pixels, compression="zlib"))
    entry = np.array([259, 3], "<u2").tobytes() + np.array([1], "<u4").tobytes()
    at = data.index(entry) + 8
    data[at : at + 2] = (5).to_bytes(2, "little")  # LZW
    with pytest.raises(FormatError, match="LZW is not supported") as caught:
        read(bytes(data))
    assert "damaged" not in str(caught.value)


def test_complex_numbers_are_called_not_supported():
    with pytest.raises(FormatError, match="not supported"):
        read(written(RAMP.astype(np.complex64)))


def test_gdals_no_data_value_is_no_depth():
    pixels = RAMP.astype(np.float32)
    pixels[2, 3] = -9999
    data = written(pixels, extratags=[(42113, "s", 0, "-9999", True)])
    found = decode_depth(data, LoadOptions(FAR))
    assert (~found.valid).nonzero().tolist() == [[0, 2, 3]]
    assert decode_depth(data, LoadOptions(FAR, no_data="none")).valid.all()
