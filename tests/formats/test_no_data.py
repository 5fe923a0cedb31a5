"""Pixels without a measurement, transparent pixels, and images whose colours are not depth."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from genvr_depth.nodes.depthkit.errors import FormatError, InvalidInput
from genvr_depth.nodes.depthkit.formats import LoadOptions, decode_depth
from genvr_depth.nodes.depthkit.formats.options import MEANINGS, METRES, RAY_METRES
from genvr_depth.nodes.depthkit.formats.packed import Packed
from genvr_depth.nodes.depthkit.formats.png import write as write_png
from genvr_depth.nodes.depthkit.views.colour_map import colorize
from genvr_depth.nodes.depthkit.views.render import from_image
from PIL import Image

NEAR_DISPARITY, FAR = MEANINGS[3], MEANINGS[5]


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def invalid(data: bytes, meaning: str = METRES, **options) -> list[list[int]]:
    found = decode_depth(data, LoadOptions(meaning, **options))
    return (~found.valid[0]).nonzero().tolist()


@pytest.mark.parametrize("number", [-1.0, 1e5, 1e8, 65504.0, 0.0])
def test_the_no_data_value_of_a_float_file_is_the_one_that_was_typed(number):
    pixels = np.full((3, 4), 2.5, np.float32)
    pixels[1, 2] = number
    assert invalid(npy(pixels), FAR, no_data=f"{number:g}") == [[1, 2]]
    assert invalid(npy(pixels), FAR, no_data="none") == []


def test_a_typed_number_is_compared_in_the_precision_of_the_file():
    pixels = np.full((2, 2), 0.1, np.float32)
    assert len(invalid(npy(pixels), FAR, no_data="0.1")) == 4


def test_the_65535_of_seven_scenes_is_excluded_by_its_number():
    codes = np.array([[1500, 65535], [0, 2000]], np.uint16)
    data = write_png(codes)
    assert invalid(data, unit_scale=0.001) == [[1, 0]]
    assert invalid(data, unit_scale=0.001, no_data="65535") == [[0, 1], [1, 0]]


def test_a_no_data_value_that_is_no_number_is_refused():
    with pytest.raises(InvalidInput, match="65535"):
        LoadOptions(no_data="sky")


def test_transparent_pixels_are_unknown_as_image_to_depth_has_it():
    codes = np.full((3, 4, 4), 90, np.uint8)
    codes[..., 3] = 255
    codes[0, 1, 3] = 0
    codes[2, 2, 3] = 100
    data = write_png(codes)
    assert invalid(data, NEAR_DISPARITY) == [[0, 1], [2, 2]]
    image = torch.from_numpy(codes.astype(np.float32) / 255)[None]
    assert torch.equal(
        decode_depth(data, LoadOptions(NEAR_DISPARITY)).valid,
        from_image(image, NEAR_DISPARITY).valid,
    )


@pytest.mark.parametrize("kind", ["i4", "i8", "u4", "i2"])
def test_whole_numbers_of_an_array_are_taken_at_their_own_values(kind):
    numbers = (np.arange(12).reshape(3, 4) + 1) * 700
    found = decode_depth(npy(numbers.astype(kind)), LoadOptions(FAR))
    np.testing.assert_array_equal(found.values[0].numpy(), numbers)
    with pytest.raises(FormatError, match="numbers up to 8400"):
        decode_depth(npy(numbers.astype(kind)), LoadOptions(FAR, near=1.0, far=5.0))


def test_a_grey_palette_and_a_bitmap_are_grey():
    grey = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5
    image = Image.fromarray(grey, "L").convert("P")
    for saved in (image, Image.fromarray(grey > 100)):
        stream = io.BytesIO()
        saved.save(stream, "PNG")
        found = decode_depth(stream.getvalue(), LoadOptions(NEAR_DISPARITY, no_data="none"))
        expected = grey if saved is image else (grey > 100) * 255
        np.testing.assert_array_equal(found.values[0].numpy(), expected)


def coloured(pixels: np.ndarray) -> bytes:
    return write_png(pixels.astype(np.uint8))


def test_grey_that_jpeg_moved_by_a_code_is_still_grey():
    grey = np.repeat(np.arange(60, 60 + 48, dtype=np.uint8).reshape(6, 8, 1), 3, -1)
    grey[2, 3, 0] += 1
    found = decode_depth(coloured(grey), LoadOptions(NEAR_DISPARITY))
    np.testing.assert_array_equal(found.values[0].numpy(), grey[..., 1])


def test_a_colour_map_that_is_mostly_black_is_a_colour_map():
    disparity = torch.zeros(64, 64)
    disparity[20:40, 20:40] = torch.linspace(0.1, 1, 400).view(20, 20)
    painted = colorize(disparity, "magma", torch.ones(64, 64).bool()).numpy()
    assert (painted.max(-1) < 0.03).mean() > 0.85
    with pytest.raises(FormatError, match="colour map"):
        decode_depth(coloured(painted * 255), LoadOptions(NEAR_DISPARITY))
    with pytest.raises(InvalidInput, match="colour map"):
        from_image(torch.from_numpy(painted)[None], NEAR_DISPARITY)


@pytest.mark.parametrize("name", ["turbo", "viridis", "inferno", "Spectral"])
def test_colour_maps_are_told_apart_from_photos(name):
    torch.manual_seed(0)
    smooth = torch.linspace(0, 1, 200)[:, None] * torch.linspace(0.2, 1, 150)
    names = {
        n.lower(): n
        for n in __import__(
            "genvr_depth.nodes.depthkit.views.colour_map", fromlist=["COLORMAPS"]
        ).COLORMAPS
    }
    painted = colorize(
        smooth, names.get(name.lower(), "turbo"), torch.ones(200, 150).bool()
    ).numpy()
    with pytest.raises(FormatError, match="colour map"):
        decode_depth(coloured(painted * 255), LoadOptions(NEAR_DISPARITY))


def test_an_ordinary_photo_is_told_that_it_is_a_photo():
    y, x = np.mgrid[0:120, 0:160]
    photo = np.stack([x * 1.5, y * 2, 255 - (x + y) * 0.8], -1)
    photo += np.random.default_rng(1).normal(0, 6, photo.shape)
    with pytest.raises(FormatError, match=r"ordinary photo.*Depth Estimation"):
        decode_depth(coloured(photo.clip(0, 255)), LoadOptions(NEAR_DISPARITY))


METRES_OF = np.linspace(1.5, 400, 24 * 32).reshape(24, 32)


def carla() -> np.ndarray:
    number = (METRES_OF / 1000 * (2**24 - 1)).round().astype(np.uint32)
    return np.stack([number & 255, number >> 8 & 255, number >> 16], -1).astype(np.uint8)


def test_carlas_packed_colours_are_metres_and_its_sky_is_unknown():
    packed = carla()
    packed[0, 0] = 255
    found = decode_depth(write_png(packed), LoadOptions(Packed.CARLA.value))
    assert (found.kind, found.valid.sum().item()) == ("metric", METRES_OF.size - 1)
    np.testing.assert_allclose(found.values[0].numpy()[1:], METRES_OF[1:], atol=1e-4)


@pytest.mark.parametrize("meaning", [Packed.RED_HIGH, Packed.BLUE_HIGH])
def test_24_bit_numbers_are_unpacked_with_a_unit_scale(meaning):
    number = (METRES_OF * 1000).round().astype(np.uint32)
    packed = np.stack([number >> 16, number >> 8 & 255, number & 255], -1).astype(np.uint8)
    packed = packed if meaning is Packed.RED_HIGH else packed[..., ::-1]
    found = decode_depth(write_png(packed), LoadOptions(meaning.value, unit_scale=0.001))
    np.testing.assert_allclose(found.values[0].numpy(), METRES_OF, atol=6e-4)


def test_the_float_in_the_four_bytes_of_airsim_is_exact():
    metres = METRES_OF.astype("<f4")
    packed = metres.view(np.uint8).reshape(24, 32, 4)[..., (2, 1, 0, 3)]
    found = decode_depth(write_png(packed), LoadOptions(Packed.FLOAT.value))
    np.testing.assert_array_equal(found.values[0].numpy(), metres)
    found = decode_depth(write_png(packed), LoadOptions(Packed.FLOAT.value, no_data="1.5"))
    assert (~found.valid).sum() == 1


def test_packed_colours_without_their_meaning_are_recognised():
    with pytest.raises(FormatError, match="packed"):
        decode_depth(write_png(carla()), LoadOptions(METRES))


def test_distances_along_the_ray_become_distances_along_the_axis():
    found = decode_depth(npy(np.full((5, 5), 2.0)), LoadOptions(RAY_METRES, fov_deg=90.0))
    z = found.values[0]
    assert z[2, 2] == pytest.approx(2.0)
    x, y = -2 / 2.5, -2 / 2.5
    assert z[0, 0] == pytest.approx(2 / (1 + x * x + y * y) ** 0.5)
    assert found.camera is not None
