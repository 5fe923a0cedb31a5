"""Depth clips as video files, alone and with their photo: written, and read back by themselves."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from genvr_depth.nodes.depthkit.depth_map import DepthMap, Pinhole
from genvr_depth.nodes.depthkit.errors import InvalidInput, MissingInformation, Stopped
from genvr_depth.nodes.depthkit.formats import (
    VIDEO_FORMATS,
    LoadOptions,
    SaveOptions,
    choose_coding,
    decode_depth,
    encode_depth,
    load_depth,
    load_photo,
    place,
    write_video,
)
from genvr_depth.nodes.depthkit.formats.options import LAYOUTS, MEANINGS
from genvr_depth.nodes.depthkit.formats.png import planes_and_texts

av = pytest.importorskip("av")
FRAMES, HEIGHT, WIDTH = 3, 48, 64


@pytest.fixture(params=["metric", "disparity"])
def depth(request):
    rows, columns = torch.meshgrid(
        torch.linspace(1, 4, HEIGHT), torch.linspace(0, 3, WIDTH), indexing="ij"
    )
    frames = torch.stack([rows + columns + index for index in range(FRAMES)])
    valid = torch.ones(frames.shape, dtype=torch.bool)
    valid[:, :16, :16] = False
    camera = Pinhole(60.0, 60.0, 32.0, 24.0)
    return DepthMap.make(frames, request.param, valid, camera, "scene")


def photo(index):
    ramp = np.linspace(0, 1, WIDTH * 2, dtype=np.float32)
    return np.stack([np.tile(ramp, (HEIGHT * 2, 1)) * (0.5 + 0.1 * index)] * 3, -1)


def save(depth, folder, name, **more):
    chosen, coding = choose_coding(depth, SaveOptions())
    given = {"frame_rate": 24.0, "texts": {"workflow": '{"a": 1}'}, **more}
    photos = photo if VIDEO_FORMATS[name].needs_image else lambda index: None
    row = VIDEO_FORMATS[name]
    temporary = write_video(folder, row, chosen, coding, photos, **given)
    return place(temporary, "clip", 1, row.extension)[0]


@pytest.mark.parametrize("name", VIDEO_FORMATS)
def test_a_clip_comes_back_by_itself(tmp_path, depth, name):
    path = save(depth, tmp_path, name)
    back = load_depth(path, LoadOptions())
    assert (back.kind, back.camera, back.values.shape) == (
        depth.kind, depth.camera, depth.values.shape,
    )  # fmt: skip
    span = depth.values[depth.valid].max() - depth.values[depth.valid].min()
    if VIDEO_FORMATS[name].lossless:
        assert torch.equal(back.valid, depth.valid)
        assert (back.values - depth.values)[depth.valid].abs().max() <= 0.51 * span / 65534
    else:
        assert (back.valid == depth.valid).float().mean() > 0.99
        both = back.valid & depth.valid
        assert (back.values - depth.values)[both].abs().mean() < 0.01 * span
    with av.open(str(path)) as container:
        keys = {key.lower() for key in container.metadata}
        assert {"workflow", "genvr_depth"} <= keys
        assert container.streams.video[0].average_rate == 24
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("name", [row for row in VIDEO_FORMATS if "-" in row])
def test_the_photo_comes_back_at_the_size_of_the_map(tmp_path, depth, name):
    path = save(depth, tmp_path, name)
    beside = load_photo(path, LoadOptions())
    assert beside.shape == (FRAMES, HEIGHT, WIDTH, 3)
    for index in range(FRAMES):
        small = torch.from_numpy(photo(index))[::2, ::2]
        assert (beside[index] - small).abs().mean() < 0.02
    part = load_depth(path, LoadOptions(first_frame=2, last_frame=3))
    torch.testing.assert_close(part.values, load_depth(path, LoadOptions()).values[1:])


def test_another_program_sees_photo_left_and_near_white(tmp_path, depth):
    path = save(depth, tmp_path, "h264-side-by-side")
    with av.open(str(path)) as container:
        seen = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert seen.shape == (HEIGHT, 2 * WIDTH, 3)
    grey = seen[:, WIDTH:, 1].astype(int)
    values = depth.values[0].clone()
    values[:16, :16] = values[20, 20]
    order = np.corrcoef(grey[20:].ravel(), values.numpy()[20:].ravel())[0, 1]
    assert order > 0.95 if depth.kind == "disparity" else order < -0.95
    told = load_depth(path, LoadOptions(MEANINGS[3], layout=LAYOUTS[1], zero_is_invalid=False))
    assert np.abs(told.values[0].numpy() - grey).max() <= 3


def test_over_under_as_a_png(depth):
    data = encode_depth(depth.frame(0), photo(0), "over-under")
    planes = planes_and_texts(io.BytesIO(data))[0]
    assert planes.shape[:2] == (2 * HEIGHT, WIDTH)
    back = decode_depth(data)
    span = depth.values[0].max() - depth.values[0].min()
    assert torch.equal(back.valid, depth.frame(0).valid)
    assert (back.values - depth.frame(0).values)[back.valid].abs().max() <= span / 254


def test_what_cannot_be_written_says_why_and_leaves_nothing(tmp_path, depth):
    chosen, coding = choose_coding(depth, SaveOptions())
    for name in ("ffv1-side-by-side", "h264-over-under"):
        with pytest.raises(MissingInformation, match="'image'"):
            write_video(
                tmp_path, VIDEO_FORMATS[name], chosen, coding, lambda index: None,
                frame_rate=24.0, texts={},
            )  # fmt: skip
    odd = DepthMap.make(torch.rand(2, 5, 6) + 1, "metric")
    with pytest.raises(InvalidInput, match="even sizes only, this depth is 6 x 5"):
        save(odd, tmp_path, "h264")
    with pytest.raises(Stopped):
        save(depth, tmp_path, "ffv1", should_stop=lambda: True)
    assert list(tmp_path.iterdir()) == []


def test_a_tag_that_is_no_utf8_does_not_keep_a_video_closed(tmp_path, depth):
    path = save(depth, tmp_path, "ffv1", texts={"comment": "caf_"})
    path.write_bytes(path.read_bytes().replace(b"caf_", b"caf\xe9"))
    assert load_depth(path, LoadOptions()).batch == FRAMES
    assert load_photo(path, LoadOptions()) is None
