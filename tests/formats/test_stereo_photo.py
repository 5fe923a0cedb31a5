"""Two eyes in one MPO file, told to be the eyes of one photo."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from genvr_depth.nodes.depthkit.errors import InvalidInput
from genvr_depth.nodes.depthkit.formats import (
    ImageOptions,
    decode_image,
    encode_image,
    encode_stereo_photo,
)
from genvr_depth.nodes.depthkit.formats.jpeg_parts import images_behind
from PIL import Image

LEFT = torch.rand(24, 40, 3, generator=torch.Generator().manual_seed(1))
RIGHT = torch.roll(LEFT, 2, 1)
# CIPA DC-007-2009, 5.2.3.3: what kind of image an entry is, and whether it stands for the file.
DISPARITY = "Multi-Frame Image: (Disparity)"


@pytest.fixture(scope="module", params=[{}, {"prompt": '{"1": {}}'}], ids=["bare", "with texts"])
def file(request):
    return encode_stereo_photo(LEFT, RIGHT, ImageOptions(texts=request.param))


def test_pillow_reads_both_eyes_as_each_alone_would_be_written(file):
    with Image.open(io.BytesIO(file)) as image:
        assert image.format == "MPO"
        assert image.n_frames == 2
        for number, eye in enumerate((LEFT, RIGHT)):
            image.seek(number)
            alone = (decode_image(encode_image(eye, "jpg"))[0] * 255).round().byte().numpy()
            np.testing.assert_array_equal(np.asarray(image), alone)


def test_the_index_says_that_they_are_one_photo(file):
    with Image.open(io.BytesIO(file)) as image:
        entries = image.mpinfo[0xB002]
    assert [entry["Attribute"]["MPType"] for entry in entries] == [DISPARITY] * 2
    assert [entry["Attribute"]["RepresentativeImageFlag"] for entry in entries] == [True, False]
    assert sum(entry["Size"] for entry in entries) == len(file)
    mark = file.index(b"MPF\0") + 4
    assert file[mark + entries[1]["DataOffset"] :] == images_behind(file)[0]


def test_each_image_knows_its_number(file):
    second = images_behind(file)[0]
    for number, part in enumerate((file, second), 1):
        row = part.index(b"\x01\xb1\x04\x00\x01\x00\x00\x00")
        assert part[row + 8] == number


def test_two_sizes_are_refused():
    with pytest.raises(InvalidInput, match="one size"):
        encode_stereo_photo(LEFT, RIGHT[:, :-1])
