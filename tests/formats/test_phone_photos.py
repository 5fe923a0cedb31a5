"""Depth that phones put into photos: Dynamic Depth of Android, auxiliary images of iPhones."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import torch
from genvr_depth.nodes.depthkit.errors import FormatError, MissingInformation
from genvr_depth.nodes.depthkit.formats import decode_depth, decode_image, xmp
from genvr_depth.nodes.depthkit.formats.jpeg_parts import end_of
from heic_file import depth_of, exif, grid, heic, picture
from PIL import Image

CODES = np.arange(0, 240, 5, dtype=np.uint8).reshape(6, 8)
DD = "http://ns.google.com/photos/dd/1.0/"
RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'


def saved(pixels: np.ndarray, kind: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **({"quality": 100} if kind == "JPEG" else {}))
    return stream.getvalue()


def photo(height: int = 24, width: int = 32) -> bytes:
    noise = np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)
    return saved(noise, "JPEG")


PNG = saved(CODES, "PNG")


def packet(body: str) -> str:
    spaces = " ".join(
        f'xmlns:{name}="{DD}{name.lower()}/"'
        for name in ("Device", "Container", "Item", "Camera", "DepthMap")
    )
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {RDF}>'
        f'<rdf:Description rdf:about="" {spaces}>{body}</rdf:Description></rdf:RDF></x:xmpmeta>'
    )


def android(near: str, far: str, units: str, *, elements: bool, padding: int = 0) -> str:
    """The container of a photo and its depth map, as attributes or as elements."""
    items = [
        {"Mime": "image/jpeg", "Length": "0", "DataURI": "primary_image", "Padding": str(padding)},
        {"Mime": "image/png", "Length": str(len(PNG)), "DataURI": "android/depthmap"},
    ]
    layout = {
        "Format": "RangeInverse", "ItemSemantic": "Depth", "Near": near, "Far": far,
        "Units": units, "DepthURI": "android/depthmap",
    }  # fmt: skip
    resource = 'rdf:parseType="Resource"'

    def written(prefix: str, facts: dict[str, str], name: str) -> str:
        if elements:
            inside = "".join(f"<{prefix}:{k}>{v}</{prefix}:{k}>" for k, v in facts.items())
            return f"<rdf:value {resource}>{inside}</rdf:value>"
        return f"<{name} " + " ".join(f'{prefix}:{k}="{v}"' for k, v in facts.items()) + "/>"

    listed = "".join(
        f"<rdf:li {resource}>{written('Item', item, 'Container:Item')}</rdf:li>" for item in items
    )
    return packet(
        f"<Device:Container {resource}><Container:Directory><rdf:Seq>{listed}</rdf:Seq>"
        f"</Container:Directory></Device:Container><Device:Cameras><rdf:Seq><rdf:li {resource}>"
        f"{written('DepthMap', layout, 'Camera:DepthMap')}</rdf:li></rdf:Seq></Device:Cameras>"
    )


def seen_by(main: str, facts: dict[str, str], *, elements: bool, measure: str = "") -> str:
    """The container with the imaging model of a camera."""
    resource = 'rdf:parseType="Resource"'
    if elements:
        inside = "".join(f"<ImagingModel:{k}>{v}</ImagingModel:{k}>" for k, v in facts.items())
        model = f"<Camera:ImagingModel {resource}>{inside}</Camera:ImagingModel>"
    else:
        listed = " ".join(f'ImagingModel:{k}="{v}"' for k, v in facts.items())
        model = f"<Camera:ImagingModel {listed}/>"
    space = f'xmlns:ImagingModel="{DD}imagingmodel/"'
    model = model.replace("<Camera:ImagingModel", f"<Camera:ImagingModel {space}", 1)
    if measure:
        main = main.replace(
            'DepthMap:Format="', f'DepthMap:MeasureType="{measure}" DepthMap:Format="'
        )
    return main.replace(
        "</rdf:li></rdf:Seq></Device:Cameras>", f"{model}</rdf:li></rdf:Seq></Device:Cameras>"
    )


# Of a photo of 32 x 24 pixels; the map has 8 x 6.
LENS = {"FocalLengthX": "28", "FocalLengthY": "30", "ImageWidth": "32", "ImageHeight": "24"}


@pytest.mark.parametrize("elements", [False, True])
@pytest.mark.parametrize(
    ("middle", "expected"),
    [
        ({}, (7, 7.5, 4, 3)),
        ({"PrincipalPointX": "0.25", "PrincipalPointY": "0.5"}, (7, 7.5, 2, 3)),
        ({"PrincipalPointX": "18", "PrincipalPointY": "11"}, (7, 7.5, 4.5, 2.75)),
    ],
)
def test_the_camera_of_dynamic_depth_travels_with_the_map(elements, middle, expected):
    main = android("0.5", "8", "Meters", elements=elements)
    camera = decode_depth(dynamic(seen_by(main, LENS | middle, elements=elements))).camera
    assert camera is not None
    assert (camera.fx, camera.fy, camera.cx, camera.cy) == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"FocalLengthX": "0"},
        {"FocalLengthX": "much"},
        {"PrincipalPointX": "40", "PrincipalPointY": "11"},
        {"ImageWidth": "24", "ImageHeight": "32"},
    ],
)
def test_a_camera_that_does_not_fit_the_map_is_left_out(wrong):
    main = android("0.5", "8", "Meters", elements=False)
    found = decode_depth(dynamic(seen_by(main, LENS | wrong, elements=False)))
    assert found.camera is None
    assert found.kind == "metric"


def test_metres_along_the_line_of_sight_are_converted_with_the_camera():
    main = android("0.5", "8", "Meters", elements=False)
    plain = decode_depth(dynamic(seen_by(main, LENS, elements=False)))
    ray = decode_depth(dynamic(seen_by(main, LENS, elements=False, measure="OpticRay")))
    x = (torch.arange(8) + 0.5 - 4) / 7
    y = (torch.arange(6) + 0.5 - 3) / 7.5
    along = 1 / (1 + x[None] ** 2 + y[:, None] ** 2).sqrt()
    torch.testing.assert_close(ray.values, plain.values * along)
    nobody = main.replace('DepthMap:Format="', 'DepthMap:MeasureType="OpticRay" DepthMap:Format="')
    with pytest.raises(FormatError, match="does not name its camera"):
        decode_depth(dynamic(nobody))


def dynamic(main: str, padding: int = 0, trailer: bytes = b"") -> bytes:
    return xmp.insert(photo(), main, "<a/>") + b"\0" * padding + PNG + trailer


@pytest.mark.parametrize("elements", [False, True])
@pytest.mark.parametrize(
    ("near", "far", "units"),
    [("0.5", "8", "Meters"), ("0.5", "8", "m"), ("500", "8000", "mm"), ("2", "0.125", "Diopters")],
)
def test_every_unit_of_the_specifications_gives_metres(near, far, units, elements):
    found = decode_depth(dynamic(android(near, far, units, elements=elements)))
    assert found.kind == "metric"
    share = CODES / 255
    expected = 8 * 0.5 / (8 - share * (8 - 0.5))  # RangeInverse of the specification
    np.testing.assert_allclose(found.values[0].numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("near", "far", "units"), [("0.5", "8", "None"), ("0.5", "8", ""), ("0.08", "0.13", "Diopters")]
)
def test_without_a_usable_unit_the_depth_is_relative(near, far, units):
    found = decode_depth(dynamic(android(near, far, units, elements=True)))
    assert found.kind == "disparity"
    np.testing.assert_allclose(found.values[0].numpy(), 1 - CODES / 255, atol=1e-6)


@pytest.mark.parametrize(("padding", "trailer"), [(0, b"SEFT" * 50), (8, b""), (16, b"x" * 999)])
def test_padding_and_a_trailer_behind_the_items_do_not_move_the_depth(padding, trailer):
    main = android("0.5", "8", "Meters", elements=False, padding=padding)
    found = decode_depth(dynamic(main, padding, trailer))
    assert (found.values.min().item(), found.kind) == (0.5, "metric")


def test_a_depth_map_that_a_program_cut_off_is_said_to_be_gone():
    main = android("0.5", "8", "Meters", elements=False)
    with pytest.raises(FormatError, match="cut"):
        decode_depth(xmp.insert(photo(), main, "<a/>"))


def test_the_end_of_a_jpeg_is_found_behind_its_pixels_and_its_thumbnail():
    data = photo(200, 300)
    assert end_of(data) == len(data)
    assert end_of(data + b"\xff\xd9 more") == len(data)
    assert end_of(data[:-2]) == -1


APPLE = (
    'xmlns:apdi="http://ns.apple.com/pixeldatainfo/1.0/" '
    'xmlns:depthData="http://ns.apple.com/depthData/1.0/"'
)
MATRIX = (3000, 0, 0, 0, 3000, 0, 2000, 1400, 1)


def apple(kind: str = "disparity", accuracy: str = "relative", camera: bool = True) -> str:
    numbers = "".join(f"<rdf:li>{n}</rdf:li>" for n in MATRIX)
    calibration = (
        f"<depthData:IntrinsicMatrix><rdf:Seq>{numbers}</rdf:Seq></depthData:IntrinsicMatrix>"
        "<depthData:IntrinsicMatrixReferenceWidth>4000</depthData:IntrinsicMatrixReferenceWidth>"
        "<depthData:IntrinsicMatrixReferenceHeight>3000</depthData:IntrinsicMatrixReferenceHeight>"
    )
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {RDF}><rdf:Description rdf:about="" {APPLE}>'
        f"<apdi:AuxiliaryImageType>{kind}</apdi:AuxiliaryImageType>"
        "<apdi:FloatMinValue>0.25</apdi:FloatMinValue><apdi:FloatMaxValue>2.8</apdi:FloatMaxValue>"
        f"<depthData:Accuracy>{accuracy}</depthData:Accuracy>{calibration if camera else ''}"
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    )


VALUES = 0.25 + CODES / 255 * (2.8 - 0.25)


def iphone_jpeg(described: str, orientation: int = 1) -> bytes:
    """An MPO: the photo, a matte, and the depth image, whose XMP describes it."""
    tags = Image.Exif()
    tags[0x0112] = orientation
    body = b"Exif\0\0" + tags.tobytes().removeprefix(b"Exif\0\0")
    first = photo()
    first = first[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + first[2:]
    matte = xmp.insert(saved(CODES[::-1], "JPEG"), apple("portraiteffectsmatte"), "<a/>")
    return first + matte + xmp.insert(saved(CODES, "JPEG"), described, "<a/>")


def test_the_disparity_of_an_iphone_jpeg_has_its_range_and_camera():
    found = decode_depth(iphone_jpeg(apple()))
    assert (found.kind, found.height, found.width) == ("disparity", 6, 8)
    np.testing.assert_allclose(found.values[0].numpy(), VALUES, atol=0.03)  # JPEG
    camera = found.camera
    assert (camera.fx, camera.fy, camera.cx) == (6.0, 6.0, 4.0)
    assert camera.cy == pytest.approx(2.8)


def test_absolute_disparity_and_depth_become_metres():
    found = decode_depth(iphone_jpeg(apple(accuracy="absolute", camera=False)))
    assert (found.kind, found.camera) == ("metric", None)
    np.testing.assert_allclose(1 / found.values[0].numpy(), VALUES, atol=0.03)
    found = decode_depth(iphone_jpeg(apple("depth", "absolute")))
    assert found.kind == "metric"
    np.testing.assert_allclose(found.values[0].numpy(), VALUES, atol=0.03)
    assert decode_depth(iphone_jpeg(apple("depth"))).kind == "depth"


def test_the_depth_of_an_iphone_jpeg_is_turned_with_its_photo():
    found = decode_depth(iphone_jpeg(apple(), orientation=6))
    assert (found.height, found.width) == (8, 6)
    np.testing.assert_allclose(found.values[0].numpy(), np.rot90(VALUES, -1), atol=0.03)
    assert (found.camera.cx, found.camera.cy) == (pytest.approx(6 - 2.8), 4.0)


PICTURE = np.random.default_rng(3).integers(0, 255, (96, 160, 3), np.uint8)
BIG_CODES = np.repeat(np.repeat(CODES, 8, 0), 10, 1)  # 48 x 80; smaller pictures HEVC has not


def test_a_heic_photo_of_many_tiles_is_read_whole_and_upright():
    plain = decode_image(heic(grid(PICTURE, 64)))
    assert plain.shape == (1, 96, 160, 3)
    assert (plain[0] - torch.from_numpy(PICTURE) / 255).abs().mean() < 0.02
    turned = decode_image(heic([*grid(PICTURE, 64, turn=3), exif(6)]))
    assert turned.shape == (1, 160, 96, 3)
    assert (turned[0] - torch.from_numpy(np.rot90(PICTURE, -1) / 255)).abs().mean() < 0.02


def test_a_heic_photo_without_depth_says_so():
    with pytest.raises(MissingInformation, match="HEIC photo has no depth"):
        decode_depth(heic([picture(PICTURE)]))


@pytest.mark.parametrize("turn", [0, 3])
def test_the_depth_of_an_iphone_heic_has_range_camera_and_orientation(turn):
    photo_items = [*grid(PICTURE, 64, turn), exif(6 if turn else 1)]
    number = len(photo_items) + 1
    found = decode_depth(heic([*photo_items, *depth_of(BIG_CODES, number, apple(), turn)]))
    values = 0.25 + BIG_CODES / 255 * (2.8 - 0.25)
    expected = np.rot90(values, -1) if turn else values
    assert found.kind == "disparity"
    np.testing.assert_allclose(found.values[0].numpy(), expected, atol=0.02)
    camera = found.camera
    if turn:
        assert (camera.fx, camera.cy) == (pytest.approx(48.0), pytest.approx(40.0))
        assert camera.cx == pytest.approx(48 - 22.4)
    else:
        assert (camera.fx, camera.cx) == (pytest.approx(60.0), pytest.approx(40.0))


def test_depth_that_the_heic_does_not_turn_is_turned_by_the_exif():
    items = [*grid(PICTURE, 64, turn=3), exif(6)]
    found = decode_depth(heic([*items, *depth_of(BIG_CODES, len(items) + 1, apple())]))
    assert (found.height, found.width) == (80, 48)
    assert found.camera.cx == pytest.approx(48 - 22.4)


def test_a_heic_cut_short_is_refused():
    data = heic([picture(PICTURE), *depth_of(BIG_CODES, 2, apple())])
    for share in (0.1, 0.4, 0.7):
        with pytest.raises(FormatError):
            decode_depth(data[: int(len(data) * share)])
