"""Files of other programs: read right, or refused with the reason."""

from __future__ import annotations

import io
import struct

import numpy as np
import OpenEXR
import pytest
import torch
from genvr_depth.nodes.depthkit.depth_map import DepthMap
from genvr_depth.nodes.depthkit.errors import DepthError, FormatError, MissingInformation
from genvr_depth.nodes.depthkit.formats import (
    FORMATS,
    LoadOptions,
    SaveOptions,
    decode_depth,
    encode_depth,
)
from genvr_depth.nodes.depthkit.formats.options import MAX_PIXELS, MEANINGS
from genvr_depth.nodes.depthkit.formats.png import write as write_png
from PIL import Image, PngImagePlugin

METRES, INVERSE, NEAR_DISPARITY, NEAR_DISTANCE, FAR = MEANINGS[1:6]
RAMP = (np.arange(12, dtype=np.float32).reshape(3, 4) + 1) * 0.5


def exr(*parts, compression=OpenEXR.ZIP_COMPRESSION, **header) -> bytes:
    """Each part is (name, {channel: pixels})."""
    made = []
    for name, channels in parts:
        head = {"compression": compression, "type": OpenEXR.scanlineimage, **header}
        made.append(OpenEXR.Part(head | ({"name": name} if name else {}), channels))
    stream = io.BytesIO()
    OpenEXR.File(made).write(stream)
    return stream.getvalue()


def colour(value=0.3):
    return {c: np.full((3, 4), value + i, np.float32) for i, c in enumerate("RGB")}


@pytest.mark.parametrize(
    "name",
    [
        "Z",
        "ViewLayer.Depth.Z",
        "View Layer.Depth.V",
        "depth.V",
        "depth.Z",
        "Depth",
        "RenderLayer.Z",
    ],
)
def test_renderers_depth_channels_are_found_by_name(name):
    back = decode_depth(exr((None, {**colour(), name: RAMP})))
    assert back.kind == "metric"
    np.testing.assert_array_equal(back.values[0].numpy(), RAMP)


def test_the_z_of_a_normal_is_not_taken_for_depth():
    normal = {f"ViewLayer.Normal.{axis}": RAMP * 9 for axis in "XYZ"}
    back = decode_depth(exr((None, {**normal, "ViewLayer.Depth.Z": RAMP})))
    np.testing.assert_array_equal(back.values[0].numpy(), RAMP)
    with pytest.raises(FormatError, match=r"Normal\.Z"):
        decode_depth(exr((None, {**normal, **colour()})))


def test_the_depth_part_of_a_multi_part_file_is_found():
    back = decode_depth(exr(("rgba", colour()), ("depth", {"Z": RAMP})))
    np.testing.assert_array_equal(back.values[0].numpy(), RAMP)
    named = decode_depth(exr(("rgba", colour()), ("ViewLayer.Depth", {"V": RAMP})))
    np.testing.assert_array_equal(named.values[0].numpy(), RAMP)


@pytest.mark.parametrize("compression", ["RLE", "ZIPS", "PIZ", "PXR24", "B44", "DWAA", "DWAB"])
def test_every_compression_is_read_through_the_official_binding(compression):
    code = getattr(OpenEXR, f"{compression}_COMPRESSION")
    back = decode_depth(exr((None, {"Z": RAMP}), compression=code))
    np.testing.assert_allclose(back.values[0].numpy(), RAMP, rtol=0.02)


def test_an_exr_without_a_depth_name_lists_what_it_has():
    with pytest.raises(FormatError, match="B, G, R"):
        decode_depth(exr((None, colour())))


def test_the_typed_channel_wins():
    data = exr((None, {"Z": RAMP, "AO.A": RAMP * 2}))
    back = decode_depth(data, LoadOptions(METRES, channel="AO.A"))
    np.testing.assert_array_equal(back.values[0].numpy(), RAMP * 2)


@pytest.mark.parametrize("names", ["R", "Y", "RGB"])
def test_grey_exr_of_unknown_meaning_asks_instead_of_guessing(names):
    data = exr((None, dict.fromkeys(names, RAMP)))
    with pytest.raises(MissingInformation, match="meaning"):
        decode_depth(data)
    back = decode_depth(data, LoadOptions(METRES))
    np.testing.assert_array_equal(back.values[0].numpy(), RAMP)


def test_integer_exr_depth_keeps_all_32_bits():
    codes = (np.arange(12, dtype=np.uint32).reshape(3, 4) + 1) * 300000
    back = decode_depth(exr((None, {"Z": codes})), LoadOptions(METRES, unit_scale=1e-5))
    np.testing.assert_allclose(back.values[0].numpy(), codes * 1e-5, rtol=1e-6)


@pytest.mark.parametrize(("kind", "sky"), [(np.float32, 1e10), (np.float16, 65504.0)])
def test_the_background_of_renderers_is_invalid(kind, sky):
    z = RAMP.astype(kind)
    z[0, 0] = sky
    back = decode_depth(exr((None, {"Z": z})))
    assert not back.valid[0, 0, 0]
    assert back.valid.sum() == 11


def test_a_cropped_render_is_placed_in_its_image():
    window = {
        "dataWindow": (np.array([1, 2], "i4"), np.array([4, 4], "i4")),
        "displayWindow": (np.array([0, 0], "i4"), np.array([7, 5], "i4")),
    }
    back = decode_depth(exr((None, {"Z": RAMP}), **window))
    assert (back.height, back.width) == (6, 8)
    np.testing.assert_array_equal(back.values[0, 2:5, 1:5].numpy(), RAMP)
    assert back.valid.sum() == 12


def test_inverse_depth_of_nuke_is_one_choice_away():
    back = decode_depth(exr((None, {"depth.Z": 1 / RAMP})), LoadOptions(INVERSE))
    np.testing.assert_allclose(back.values[0].numpy(), RAMP, rtol=1e-6)


def test_millimetre_pngs_of_sensors_become_metres_and_zero_is_no_return():
    codes = np.array([[0, 1500], [2001, 65535]], np.uint16)
    data = write_png(codes)
    with pytest.raises(MissingInformation, match=r"0\.001"):
        decode_depth(data)
    back = decode_depth(data, LoadOptions(METRES, unit_scale=0.001))
    assert back.valid.tolist() == [[[False, True], [True, True]]]
    torch.testing.assert_close(back.values[0, 0, 1], torch.tensor(1.5))
    torch.testing.assert_close(back.values[0, 1], torch.tensor([2.001, 65.535]))
    assert back.measured == (2, 2)


GREY = np.array([[0, 51], [102, 255]], np.uint8)


@pytest.mark.parametrize(
    ("meaning", "expected"),
    [
        (NEAR_DISPARITY, [[10.0, 1 / 0.28], [1 / 0.46, 1.0]]),
        (NEAR_DISTANCE, [[10.0, 8.2], [6.4, 1.0]]),
        (FAR, [[1.0, 2.8], [4.6, 10.0]]),
    ],
)
@pytest.mark.parametrize("carrier", ["png", "png-rgb", "tif16", "png16"])
def test_what_white_means_with_near_and_far_gives_metres(meaning, expected, carrier):
    wide = GREY.astype(np.uint16) * 257
    data = {
        "png": lambda: write_png(GREY),
        "png-rgb": lambda: write_png(np.repeat(GREY[..., None], 3, -1)),
        "png16": lambda: write_png(wide),
        "tif16": lambda: saved(Image.fromarray(wide), "TIFF"),
    }[carrier]()
    options = LoadOptions(meaning, near=1.0, far=10.0, zero_is_invalid=False)
    back = decode_depth(data, options)
    assert back.kind == "metric"
    torch.testing.assert_close(back.values[0], torch.tensor(expected))


@pytest.mark.parametrize(
    ("meaning", "kind", "near_corner"),
    [
        (NEAR_DISPARITY, "disparity", (1, 1)),
        (NEAR_DISTANCE, "depth", (1, 1)),
        (FAR, "depth", (0, 0)),
    ],
)
def test_what_white_means_without_metres_stays_relative(meaning, kind, near_corner):
    back = decode_depth(write_png(GREY), LoadOptions(meaning, zero_is_invalid=False))
    assert back.kind == kind
    values = back.values[0]
    nearest = values.argmax() if back.near_is_large else values.argmin()
    assert divmod(int(nearest), 2) == near_corner


def saved(image: Image.Image, kind: str, **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_grey_saved_as_16_bit_colour_keeps_all_its_levels(channels):
    """As ComfyUI's own 16-bit PNG node does."""
    grey = np.arange(5000, 5000 + 30 * 40, dtype=np.uint16).reshape(30, 40)
    planes = np.repeat(grey[..., None], channels, axis=-1)
    if channels in (2, 4):
        planes[..., -1] = 65535
    back = decode_depth(write_png(planes), LoadOptions(meaning=NEAR_DISPARITY))
    np.testing.assert_array_equal(back.values[0].numpy(), grey)


def test_a_painted_depth_map_is_refused():
    painted = np.random.default_rng(0).integers(0, 255, (4, 5, 3), np.uint8)
    with pytest.raises(FormatError, match="colour map"):
        decode_depth(write_png(painted), LoadOptions(FAR))


def test_moge_pngs_are_logarithmic_between_their_own_near_and_far():
    info = PngImagePlugin.PngInfo()
    info.add_text("near", "0.5")
    info.add_text("far", "32.0")
    codes = np.array([[0, 1], [65534, 65535]], np.uint16)
    back = decode_depth(saved(Image.fromarray(codes), "PNG", pnginfo=info))
    assert back.valid.tolist() == [[[False, True], [True, False]]]
    torch.testing.assert_close(back.values[0, 0, 1], torch.tensor(0.5))
    torch.testing.assert_close(back.values[0, 1, 0], torch.tensor(32.0))


@pytest.mark.parametrize("kind", ["<f4", ">f8", "<f2", "<u2", ">i4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_any_real_type_and_layout_are_read(kind, order):
    stream = io.BytesIO()
    np.save(stream, np.asarray(RAMP * 2, dtype=kind, order=order))
    back = decode_depth(stream.getvalue(), LoadOptions(METRES))
    np.testing.assert_array_equal(back.values[0].numpy(), RAMP * 2)


def test_the_depth_of_an_npz_is_found_or_asked_for():
    stream = io.BytesIO()
    np.savez_compressed(stream, image=np.zeros((3, 4, 3)), depth=RAMP[None])
    back = decode_depth(stream.getvalue(), LoadOptions(METRES))
    np.testing.assert_array_equal(back.values[0].numpy(), RAMP)
    stream = io.BytesIO()
    np.savez(stream, a=RAMP, b=RAMP)
    with pytest.raises(FormatError, match="channel"):
        decode_depth(stream.getvalue(), LoadOptions(METRES))
    assert decode_depth(stream.getvalue(), LoadOptions(METRES, channel="b")).valid.all()


def test_pickles_are_refused():
    stream = io.BytesIO()
    np.save(stream, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(FormatError, match="objects"):
        decode_depth(stream.getvalue(), LoadOptions(METRES))


def test_big_endian_pfm_is_read_bottom_up_and_its_scale_is_a_choice():
    data = b"Pf\n4 3\n2.0\n" + (RAMP / 2)[::-1].astype(">f4").tobytes()
    back = decode_depth(data, LoadOptions(METRES, pfm_scale="multiply"))
    np.testing.assert_array_equal(back.values[0].numpy(), RAMP)
    back = decode_depth(data, LoadOptions(METRES))
    np.testing.assert_array_equal(back.values[0].numpy(), RAMP / 2)


def test_the_disparities_of_a_middlebury_pfm_are_its_raw_numbers():
    disparities = np.linspace(10, 250, 12, dtype="<f4").reshape(3, 4)
    data = b"Pf\n4 3\n-0.003922\n" + disparities[::-1].tobytes()
    back = decode_depth(data, LoadOptions(INVERSE, unit_scale=1000))  # focal length x baseline
    np.testing.assert_allclose(back.values[0].numpy(), 1000 / disparities, rtol=1e-6)


@pytest.mark.parametrize("first", [10.0, 0.0, 13.0])
def test_a_pfm_with_windows_line_ends_is_read_right(first):
    pixels = np.linspace(first, 21, 12, dtype="<f4").reshape(3, 4)
    body = pixels[::-1].tobytes()
    for ending in (b"\n", b"\r\n"):
        header = ending.join((b"Pf", b"4 3", b"-1.0", b""))
        back = decode_depth(header + body, LoadOptions(NEAR_DISPARITY))
        np.testing.assert_array_equal(back.values[0].numpy(), pixels)


def test_near_and_far_on_floats_that_are_no_shares_are_refused():
    stream = io.BytesIO()
    np.save(stream, RAMP)
    with pytest.raises(FormatError, match="numbers up to 6"):
        decode_depth(stream.getvalue(), LoadOptions(FAR, near=1.0, far=5.0))


def test_a_file_another_program_resized_is_not_read_by_its_old_record():
    data = encode_depth(DepthMap.make(torch.rand(8, 10) + 1, "metric"), None, "png16")
    with Image.open(io.BytesIO(data)) as image:
        info = PngImagePlugin.PngInfo()
        for key, text in image.text.items():
            info.add_itxt(key, text)
        small = Image.fromarray(np.asarray(image)[::2, ::2].copy())
    with pytest.raises(FormatError, match="resized"):
        decode_depth(saved(small, "PNG", pnginfo=info))


@pytest.mark.parametrize("field", ["kind", "near", "size", "camera", "polarity", "bits", "version"])
def test_a_record_that_contradicts_itself_is_refused(field):
    import json

    from genvr_depth.nodes.depthkit.formats.record import Record

    record = Record("metric", "linear", 1.0, 2.0, 16, 4, 3)
    body = json.loads(record.to_json())
    wrong = {"kind": "mood", "near": "NaN", "size": [1], "camera": {"fx": -1}, "bits": 12}
    body[field] = wrong.get(field, "near_is_large" if field == "polarity" else 99)
    with pytest.raises(DepthError):
        Record.from_json(json.dumps(body))


@pytest.mark.parametrize("what", ["png", "pfm", "npy", "exr", "tiff"])
def test_a_header_that_promises_too_much_is_refused_before_memory_is_taken(what):
    side = int(MAX_PIXELS**0.5) * 4
    data = {
        "png": lambda: _with_png_size(side),
        "pfm": lambda: f"Pf\n{side} {side}\n-1.0\n".encode() + b"\0" * 64,
        "npy": lambda: _npy_header(side),
        "exr": lambda: _with_exr_size(side),
        "tiff": lambda: _with_tiff_size(side),
    }[what]()
    with pytest.raises(FormatError):
        decode_depth(data, LoadOptions(METRES))


def _with_png_size(side: int) -> bytes:
    import zlib

    data = write_png(GREY)
    head = b"IHDR" + struct.pack(">II", side, side) + data[24:29]
    return data[:12] + head + struct.pack(">I", zlib.crc32(head)) + data[33:]


def _npy_header(side: int) -> bytes:
    stream = io.BytesIO()
    header = {"descr": "<f4", "fortran_order": False, "shape": (side, side)}
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue() + b"\0" * 64


def _with_exr_size(side: int) -> bytes:
    data = exr((None, {"Z": RAMP}))
    return data.replace(struct.pack("<4i", 0, 0, 3, 2), struct.pack("<4i", 0, 0, side, side))


def _with_tiff_size(side: int) -> bytes:
    data = encode_depth(DepthMap.make(torch.rand(3, 4), "depth"), None, "tiff")
    old = struct.pack("<HHII", 256, 4, 1, 4), struct.pack("<HHII", 257, 4, 1, 3)
    new = struct.pack("<HHII", 256, 4, 1, side), struct.pack("<HHII", 257, 4, 1, side)
    return data.replace(old[0], new[0]).replace(old[1], new[1])


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_cut_short_is_an_error_not_a_wrong_map(name):
    picture = np.full((40, 50, 3), 0.5, np.float32)
    depth = DepthMap.make(torch.rand(40, 50) + 1, "metric")
    data = encode_depth(depth, picture, name, SaveOptions())
    # The map of a depth photo lies before the image: cut there, it is still whole.
    for share in (0.02, 0.3) if name == "depth-photo" else (0.02, 0.5, 0.9):
        with pytest.raises(DepthError):
            decode_depth(data[: int(len(data) * share)], LoadOptions(METRES))


def test_an_exr_with_one_damaged_part_is_refused_whole():
    noise = np.random.default_rng(0).random((200, 60), np.float32) + 1
    data = exr(("rgba", {"R": noise}), ("depth", {"Z": noise}))
    with pytest.raises(FormatError, match="damaged"):
        decode_depth(data[: int(len(data) * 0.8)])


def test_what_is_no_depth_file_says_which_are():
    with pytest.raises(FormatError, match="PNG, TIFF, OpenEXR"):
        decode_depth(b"hello")
