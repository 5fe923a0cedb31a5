"""Depth inside JPEG photographs: ours, GDepth of phones, Dynamic Depth."""

from __future__ import annotations

import base64
import io
import math
import struct

import numpy as np
import pytest
import torch
from genvr_depth.nodes.depthkit.depth_map import DepthMap, Pinhole
from genvr_depth.nodes.depthkit.errors import FormatError, MissingInformation
from genvr_depth.nodes.depthkit.formats import (
    LoadOptions,
    SaveOptions,
    decode_depth,
    decode_image,
    encode_depth,
    xmp,
)
from genvr_depth.nodes.depthkit.formats.depth_photo import GDEPTH, from_layout
from genvr_depth.nodes.depthkit.formats.options import MEANINGS
from genvr_depth.nodes.depthkit.views.geometry import unproject
from PIL import Image

GREY = np.array([[0, 51, 102], [153, 204, 255]], np.uint8)


def jpeg(height=20, width=30) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.full((height, width, 3), 90, np.uint8)).save(stream, "JPEG")
    return stream.getvalue()


def png(codes=GREY) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(codes).save(stream, "PNG")
    return stream.getvalue()


def phone_photo(codes=GREY, **attributes: str) -> bytes:
    """As Google's camera writes it, built from the layout's own words."""
    names = {"GDepth": GDEPTH}
    given = {f"GDepth:{key}": value for key, value in attributes.items()}
    main = xmp.packet(names, {"GDepth:Mime": "image/png", **given})
    data = base64.b64encode(png(codes)).decode()
    return xmp.insert(jpeg(), main, xmp.packet(names, {"GDepth:Data": data}))


def test_a_viewer_that_follows_the_gdepth_formula_gets_metres():
    z = torch.rand(50, 60) * 4 + 1
    z[0, 0] = math.nan
    depth = DepthMap.make(z, "metric")
    picture = np.random.default_rng(0).random((100, 120, 3), np.float32)
    data = encode_depth(depth, picture, "depth-photo", SaveOptions(values="disparity"))
    found = {k.rpartition("}")[2]: v for k, v in xmp.properties(data).items() if GDEPTH in k}
    near, far = float(found["Near"]), float(found["Far"])
    assert (found["Format"], found["Units"], found["Mime"]) == ("RangeInverse", "m", "image/png")
    with Image.open(io.BytesIO(base64.b64decode(found["Data"]))) as image:
        share = np.asarray(image) / 65535
    metres = (far * near) / (far - share * (far - near))
    valid = depth.valid[0].numpy()
    assert np.abs(1 / metres - 1 / z.numpy())[valid].max() < 3e-5
    assert share[0, 0] == 1.0  # invalid reads as far away elsewhere


def test_the_photograph_itself_is_a_plain_jpeg_of_its_own_size():
    picture = np.random.default_rng(0).random((33, 44, 3), np.float32)
    data = encode_depth(DepthMap.make(torch.rand(5, 6), "disparity"), picture, "depth-photo")
    assert decode_image(data).shape == (1, 33, 44, 3)


def test_large_maps_are_spread_over_many_segments_and_joined_again():
    torch.manual_seed(0)
    depth = DepthMap.make(torch.rand(300, 400) + 1, "metric")
    data = encode_depth(depth, np.zeros((4, 4, 3), np.float32), "depth-photo")
    count = sum(1 for marker, start, _ in xmp.segments(data) if marker == 0xE1)
    assert count > 3
    assert (decode_depth(data).values - depth.values).abs().max() < 1e-5


@pytest.mark.parametrize("layout", ["RangeInverse", "RangeLinear"])
def test_phone_photos_with_a_unit_become_metres(layout):
    data = phone_photo(Format=layout, Near="500", Far="2500", Units="mm")
    back = decode_depth(data)
    assert back.kind == "metric"
    assert back.values[0, 0, 0] == pytest.approx(0.5)
    assert back.values[0, 1, 2] == pytest.approx(2.5)
    middle = 1 / (2 - 0.4 * (2 - 0.4)) if layout == "RangeInverse" else 0.5 + 0.4 * 2.0
    assert back.values[0, 0, 2] == pytest.approx(middle, rel=1e-5)


@pytest.mark.parametrize(
    ("layout", "kind"), [("RangeInverse", "disparity"), ("RangeLinear", "depth")]
)
def test_phone_photos_without_a_unit_stay_relative(layout, kind):
    back = decode_depth(phone_photo(Format=layout, Near="7.4", Far="40.1"))
    assert back.kind == kind
    nearest = back.values.argmax() if back.near_is_large else back.values.argmin()
    assert nearest == 0


def test_dynamic_depth_is_found_behind_the_image():
    depth_png = png()
    names = {
        "Container": "http://ns.google.com/photos/dd/1.0/container/",
        "Item": "http://ns.google.com/photos/dd/1.0/item/",
        "DepthMap": "http://ns.google.com/photos/dd/1.0/depthmap/",
    }
    spaces = " ".join(f'xmlns:{key}="{uri}"' for key, uri in names.items())
    packet = f"""<x:xmpmeta xmlns:x="adobe:ns:meta/">
     <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
      <rdf:Description rdf:about="" {spaces} DepthMap:Format="RangeLinear" DepthMap:Near="1"
        DepthMap:Far="6" DepthMap:Units="m">
       <Container:Directory><rdf:Seq>
        <rdf:li><Container:Item Item:Mime="image/jpeg" Item:Length="0"
          Item:Semantic="Primary"/></rdf:li>
        <rdf:li><Container:Item Item:Mime="image/png" Item:Length="{len(depth_png)}"
          Item:DataURI="android/depthmap"/></rdf:li>
        <rdf:li><Container:Item Item:Mime="video/mp4" Item:Length="7"
          Item:Semantic="Video"/></rdf:li>
       </rdf:Seq></Container:Directory>
      </rdf:Description></rdf:RDF></x:xmpmeta>"""
    data = xmp.insert(jpeg(), packet, "<a/>") + depth_png + b"a video"
    back = decode_depth(data)
    torch.testing.assert_close(back.values[0], torch.tensor(GREY / 255 * 5 + 1).float())


def test_the_meaning_can_still_be_chosen_by_hand():
    data = phone_photo(Format="RangeInverse", Near="1", Far="2")
    back = decode_depth(data, LoadOptions(MEANINGS[5], near=2.0, far=4.0, zero_is_invalid=False))
    assert back.values.min() == 2.0
    assert back.values.max() == 4.0


def test_an_ordinary_photo_says_that_it_has_no_depth():
    with pytest.raises(MissingInformation, match="portrait"):
        decode_depth(jpeg())


def test_xml_entities_in_a_photo_are_refused():
    bomb = '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    with pytest.raises(FormatError, match="entities"):
        decode_depth(xmp.insert(jpeg(), bomb, "<a/>"))


def test_a_depth_photo_recompressed_to_8_bits_is_not_read_by_its_record():
    data = encode_depth(
        DepthMap.make(torch.rand(2, 3) + 1, "metric"),
        np.zeros((4, 4, 3), np.float32),
        "depth-photo",
    )
    properties = xmp.properties(data)
    record = next(v for k, v in properties.items() if k.endswith("Record"))
    names = {"GDepth": GDEPTH, "genvr": "https://genvr.ai/ns/depth/1.0/"}
    main = xmp.packet(names, {"genvr:Record": record})
    body = xmp.packet(names, {"GDepth:Data": base64.b64encode(png()).decode()})
    with pytest.raises(FormatError, match="8 bits"):
        decode_depth(xmp.insert(jpeg(), main, body))


def turned(data: bytes, orientation: int) -> bytes:
    """The same file with an Exif orientation, as phones write it."""
    tags = Image.Exif()
    tags[0x0112] = orientation
    body = b"Exif\0\0" + tags.tobytes().removeprefix(b"Exif\0\0")
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_depth_is_turned_upright_with_its_photo(orientation):
    z = torch.rand(6, 9, generator=torch.Generator().manual_seed(1)) + 1
    depth = DepthMap.make(z, "metric", camera=Pinhole(20.0, 24.0, 3.0, 2.5))
    picture = (z[..., None].repeat(1, 1, 3) - 1).repeat_interleave(8, 0).repeat_interleave(8, 1)
    data = encode_depth(depth, picture.numpy(), "depth-photo", SaveOptions(quality=100))
    back = decode_depth(turned(data, orientation))
    shown = decode_image(turned(data, orientation))[0, 4::8, 4::8, 0]
    assert back.values[0].shape == shown.shape
    assert (back.values[0] - 1 - shown).abs().max() < 0.05
    found, before = (
        {round(p, 4) for p in unproject(one).flatten(0, 2).norm(dim=-1).tolist()}
        for one in (back, decode_depth(data))
    )
    assert found == before, "the camera was turned with the map"


def test_a_field_of_view_is_that_of_the_upright_photo():
    data = phone_photo(Format="RangeInverse", Near="1", Far="2", Units="m")
    back = decode_depth(turned(data, 6), LoadOptions(fov_deg=50.0))
    assert (back.width, back.height) == (2, 3)
    assert back.camera is not None
    assert back.camera.fov_deg(2) == pytest.approx(50)


def test_metres_along_the_line_of_sight_are_refused():
    layout = {"Format": "RangeLinear", "Near": "1", "Far": "3", "Units": "m"}
    stored = np.array([[0, 255]], np.uint8)
    assert from_layout(stored, layout).values.tolist() == [[[1.0, 3.0]]]
    with pytest.raises(FormatError, match="OpticRay"):
        from_layout(stored, {**layout, "MeasureType": "OpticRay"})
