"""Clips: numbered files, folders and videos, whole or in part, with a photo beside them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from genvr_depth.nodes.depthkit.depth_map import DepthMap, Pinhole
from genvr_depth.nodes.depthkit.errors import FormatError, MissingInformation
from genvr_depth.nodes.depthkit.formats import (
    LoadOptions,
    SaveOptions,
    choose_coding,
    decode_depth,
    encode_depth,
    encode_frame,
    fingerprint,
    load_depth,
    load_files,
    load_photo,
    patterns,
)
from genvr_depth.nodes.depthkit.formats.clips import GrowingBatch
from genvr_depth.nodes.depthkit.formats.options import LAYOUTS, MEANINGS, METRES
from genvr_depth.nodes.depthkit.formats.png import write as write_png
from PIL import Image

NEAR_DISPARITY, NEAR_DISTANCE = MEANINGS[3], MEANINGS[4]
CLIP = torch.rand(6, 9, 12, generator=torch.Generator().manual_seed(0)) * 5 + 1
DEPTH = DepthMap.make(CLIP, "metric", None, Pinhole(20.0, 20.0, 6.0, 4.5))


def save(folder, format: str, extension: str, numbers, name: str = "depth.{:04}") -> None:
    chosen, coding = choose_coding(DEPTH, SaveOptions())
    for index, number in enumerate(numbers):
        data = encode_frame(chosen.frame(index), coding, None, format, SaveOptions())
        (folder / f"{name.format(number)}.{extension}").write_bytes(data)


@pytest.mark.parametrize(
    ("format", "extension"), [("exr", "exr"), ("png16", "png"), ("tiff", "tif"), ("npz", "npz")]
)
@pytest.mark.parametrize("pattern", ["depth.####.{}", "depth.%04d.{}", "depth.#.{}", ""])
def test_numbered_files_and_a_folder_of_them_are_a_clip(tmp_path, format, extension, pattern):
    save(tmp_path, format, extension, range(8, 14))
    found = load_depth(tmp_path / pattern.format(extension), LoadOptions())
    assert (found.kind, found.camera) == ("metric", DEPTH.camera)
    torch.testing.assert_close(found.values, CLIP, atol=1e-4, rtol=0)


def test_first_last_and_step_are_numbers_of_the_files(tmp_path):
    save(tmp_path, "exr", "exr", range(8, 14))
    options = LoadOptions(first_frame=9, last_frame=13, step=2)
    found = load_depth(tmp_path / "depth.####.exr", options)
    assert torch.equal(found.values, CLIP[[1, 3, 5]])
    with pytest.raises(FormatError, match="8 to 13"):
        load_depth(tmp_path / "depth.####.exr", LoadOptions(first_frame=2))


def test_a_missing_frame_is_named(tmp_path):
    save(tmp_path, "exr", "exr", [1, 2, 4, 5, 7, 8])
    with pytest.raises(FormatError, match="Frame 3 and 1 more of depth"):
        load_depth(tmp_path / "depth.####.exr", LoadOptions())
    assert load_depth(tmp_path / "depth.####.exr", LoadOptions(last_frame=2)).batch == 2
    (tmp_path / "depth.0002.exr").write_bytes(b"v/1\x01" + b"\0" * 99)
    with pytest.raises(FormatError, match="EXR"):
        load_depth(tmp_path / "depth.####.exr", LoadOptions(last_frame=2))


def test_frames_of_other_sizes_are_named(tmp_path):
    save(tmp_path, "exr", "exr", [1, 2])
    small = encode_depth(DepthMap.make(torch.rand(3, 4) + 1, "metric"), None, "exr")
    (tmp_path / "depth.0002.exr").write_bytes(small)
    with pytest.raises(FormatError, match=r"depth\.0002\.exr is 4 x 3"):
        load_depth(tmp_path / "depth.####.exr", LoadOptions())


def test_one_window_serves_all_frames_of_a_relative_clip(tmp_path):
    for number, code in enumerate((40, 90, 200)):
        (tmp_path / f"d{number}.png").write_bytes(write_png(np.full((4, 5), code, np.uint8)))
    found = load_depth(tmp_path / "d#.png", LoadOptions(NEAR_DISTANCE))
    assert found.values.mean((1, 2)).tolist() == [215.0, 165.0, 55.0]


def test_a_folder_of_several_clips_lists_them(tmp_path):
    save(tmp_path, "exr", "exr", [1, 2])
    save(tmp_path, "exr", "exr", [1, 2], "left_{:05}_")
    with pytest.raises(FormatError, match=r"2 numbered clips \(depth.####.exr, left_#####_.exr\)"):
        load_depth(tmp_path, LoadOptions())
    assert patterns([p.name for p in tmp_path.iterdir()]).keys() == {
        "depth.####.exr",
        "left_#####_.exr",
    }
    with pytest.raises(FormatError, match="no file"):
        load_depth(tmp_path / "right.####.exr", LoadOptions())


def test_a_changed_frame_changes_the_fingerprint(tmp_path):
    save(tmp_path, "exr", "exr", [1, 2, 3])
    before = fingerprint(tmp_path / "depth.####.exr")
    assert fingerprint(tmp_path) == before
    (tmp_path / "depth.0002.exr").write_bytes(b"x")
    assert fingerprint(tmp_path / "depth.####.exr") != before


def video(path, frames: np.ndarray, codec: str, pixels: str, source: str) -> None:
    av = pytest.importorskip("av")
    with av.open(str(path), "w") as container:
        track = container.add_stream(codec, rate=24)
        track.height, track.width = frames.shape[1:3]
        track.pix_fmt = pixels
        for frame in frames:
            for packet in track.encode(av.VideoFrame.from_ndarray(frame, source)):
                container.mux(packet)
        for packet in track.encode(None):
            container.mux(packet)


def test_a_grey_video_of_8_bits_is_a_clip(tmp_path):
    codes = np.random.default_rng(0).integers(1, 255, (5, 32, 48), np.uint8)
    video(tmp_path / "d.mkv", codes, "ffv1", "gray", "gray")
    found = load_depth(tmp_path / "d.mkv", LoadOptions(NEAR_DISPARITY, first_frame=2, step=2))
    np.testing.assert_array_equal(found.values.numpy(), codes[1::2])
    with pytest.raises(MissingInformation, match="white"):
        load_depth(tmp_path / "d.mkv", LoadOptions())
    with pytest.raises(FormatError, match="5 frames"):
        load_depth(tmp_path / "d.mkv", LoadOptions(NEAR_DISPARITY, last_frame=9))


@pytest.mark.parametrize("pixels", ["gray10le", "yuv420p10le"])
def test_a_video_of_10_bits_keeps_more_than_8(tmp_path, pixels):
    ramp = np.linspace(0, 65535, 32 * 48).reshape(1, 32, 48).astype(np.uint16)
    video(tmp_path / "d.mkv", ramp, "ffv1", pixels, "gray16le")
    found = load_depth(tmp_path / "d.mkv", LoadOptions(NEAR_DISPARITY, zero_is_invalid=False))
    assert len(found.values.unique()) > 800
    assert np.abs(found.values[0].numpy() - ramp[0]).max() < 65535 / 600


@pytest.mark.parametrize("layout", LAYOUTS[1:])
@pytest.mark.parametrize("kind", ["png", "jpg", "video"])
def test_photo_and_depth_in_one_picture_are_taken_apart(tmp_path, layout, kind):
    rows = np.arange(32 * 48).reshape(32, 48)
    grey = np.repeat((rows % 200 + 20)[..., None], 3, -1).astype(np.uint8)
    if kind != "png":
        grey = (
            np.repeat((np.arange(48) * 4 + 20)[None, :, None], 32, 0).repeat(3, 2).astype(np.uint8)
        )
    photo = np.stack([np.full((32, 48), 200), np.full((32, 48), 90), np.full((32, 48), 30)], -1)
    pair = [photo.astype(np.uint8), grey]
    pair = pair if layout in ("depth right", "depth below") else pair[::-1]
    whole = np.concatenate(pair, 1 if layout in LAYOUTS[1:3] else 0)
    path = tmp_path / f"rgbd.{'mkv' if kind == 'video' else kind}"
    if kind == "video":
        video(path, np.stack([whole] * 3), "ffv1", "bgr0", "rgb24")
    else:
        Image.fromarray(whole).save(path, **({"quality": 98} if kind == "jpg" else {}))
    options = LoadOptions(NEAR_DISPARITY, layout=layout)
    found = load_depth(path, options)
    assert (found.batch, found.height, found.width) == (3 if kind == "video" else 1, 32, 48)
    np.testing.assert_allclose(
        found.values[-1].numpy(), grey[..., 0], atol=10 if kind == "jpg" else 0
    )
    beside = load_photo(path, options)
    assert beside.shape == (found.batch, 32, 48, 3)
    assert (beside[0] * 255 - torch.from_numpy(photo)).abs().mean() < 6


def test_our_side_by_side_picture_is_read_back_by_itself(tmp_path):
    image = np.random.default_rng(0).random((18, 24, 3)).astype(np.float32)
    for depth in (DEPTH.frame(0), DEPTH.frame(0).with_values(CLIP[:1], kind="disparity")):
        data = encode_depth(depth, image, "side-by-side")
        with Image.open(__import__("io").BytesIO(data)) as picture:
            assert picture.size == (24, 9)
            greys = np.asarray(picture)[:, 12:, 0]
        near = depth.values.argmax() if depth.kind == "disparity" else depth.values.argmin()
        assert greys.ravel()[near] == 255
        back = decode_depth(data)
        assert (back.kind, back.camera) == (depth.kind, depth.camera)
        assert (back.values - depth.values).abs().max() <= 5 / 254 / 2 * 1.01
        (tmp_path / "p.png").write_bytes(data)
        assert load_photo(tmp_path / "p.png", LoadOptions()).shape == (1, 9, 12, 3)


def test_an_odd_picture_cannot_be_halved():
    with pytest.raises(FormatError, match="not two of the same size"):
        decode_depth(
            write_png(np.ones((4, 5), np.uint8)), LoadOptions(METRES, layout="depth right")
        )


@pytest.mark.parametrize("expected", [0, 1, 3, 5, 40])
def test_a_batch_grows_where_more_frames_come_than_expected(expected):
    frames = torch.arange(5 * 6.0).reshape(5, 2, 3)
    growing = GrowingBatch(expected)
    for frame in frames:
        growing.add(frame)
    assert torch.equal(growing.batch(), frames)


def test_a_batch_that_no_memory_holds_is_refused_before_it_is_taken():
    with pytest.raises(FormatError, match="too many for one clip"):
        GrowingBatch(3000).add(torch.zeros(1024, 1024))
    with pytest.raises(FormatError, match="no frame"):
        GrowingBatch(3).batch()


@pytest.mark.parametrize("read", [load_depth, load_photo])
def test_a_disk_that_fails_in_the_middle_of_a_file_ends_in_a_sentence(tmp_path, monkeypatch, read):
    save(tmp_path, "npz", "npz", [1])

    def failing(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(load_files, "decode_file", failing)
    monkeypatch.setattr(load_files, "photo_beside", failing)
    with pytest.raises(FormatError, match=r"Cannot read depth\.0001\.npz: Input/output error"):
        read(tmp_path / "depth.0001.npz", LoadOptions())
