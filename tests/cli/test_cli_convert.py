"""`genvr-depth convert`: any format to any other, from the command line."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from genvr_depth.nodes.depthkit.cli import main
from genvr_depth.nodes.depthkit.depth_map import DepthMap, Pinhole
from genvr_depth.nodes.depthkit.formats import decode_depth, decode_image, encode_depth
from genvr_depth.nodes.depthkit.formats.load_files import load_depth
from genvr_depth.nodes.depthkit.formats.options import LoadOptions
from genvr_depth.nodes.depthkit.formats.png import write
from heic_file import grid, heic
from PIL import Image

DEPTH = DepthMap.make(torch.rand(14, 17) + 1, "metric", None, Pinhole(17, 17, 8.5, 7.0))


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "in.exr"
    path.write_bytes(encode_depth(DEPTH, None, "exr"))
    return path


@pytest.mark.parametrize("name", ["a.exr", "a.tif", "a.npz", "a.npy", "a.pfm", "a.ply", "a.glb"])
def test_lossless_conversions_lose_nothing(tmp_path, source, name):
    target = tmp_path / name
    assert main(["convert", str(source), str(target), "--cut", "0"]) == 0
    assert torch.equal(load_depth(target, LoadOptions()).values, DEPTH.values)


def test_a_depth_photo_needs_and_keeps_its_image(tmp_path, source, capsys):
    photo = tmp_path / "photo.png"
    photo.write_bytes(write(np.full((28, 34, 3), 99, np.uint8)))
    target = tmp_path / "out.jpg"
    assert main(["convert", str(source), str(target)]) == 1
    assert "photograph" in capsys.readouterr().err
    assert not target.exists()
    assert main(["convert", str(source), str(target), "--image", str(photo)]) == 0
    assert decode_image(target.read_bytes()).shape == (1, 28, 34, 3)
    assert (decode_depth(target.read_bytes()).values - DEPTH.values).abs().max() < 1e-4


def test_sensor_millimetres_become_metric_exr(tmp_path):
    scan = tmp_path / "scan.png"
    scan.write_bytes(write(np.full((2, 3), 2500, np.uint16)))
    target = tmp_path / "scan.exr"
    words = ["--meaning", "metres", "--unit-scale", "0.001"]
    assert main(["convert", str(scan), str(target), *words]) == 0
    assert (decode_depth(target.read_bytes()).values == 2.5).all()


def test_an_existing_file_is_kept_without_force(tmp_path, source, capsys):
    target = tmp_path / "out.npy"
    target.write_bytes(b"precious")
    assert main(["convert", str(source), str(target)]) == 1
    assert target.read_bytes() == b"precious"
    assert "--force" in capsys.readouterr().err
    assert main(["convert", str(source), str(target), "--force"]) == 0


def test_a_folder_is_converted_file_by_file(tmp_path, source, capsys):
    (tmp_path / "broken.exr").write_bytes(b"v/1\x01")
    out = tmp_path / "out"
    assert main(["convert", str(tmp_path), str(out), "--format", "png16"]) == 1
    assert [p.name for p in out.iterdir()] == ["in.png"]
    assert "broken.exr" in capsys.readouterr().err


@pytest.mark.parametrize("format", ["preview", "normals"])
def test_images_of_depth(tmp_path, source, format):
    target = tmp_path / "p.png"
    assert main(["convert", str(source), str(target), "--format", format]) == 0
    assert decode_image(target.read_bytes()).shape == (1, 14, 17, 3)


def test_ordinary_images_are_converted_too(tmp_path):
    image = tmp_path / "p.png"
    image.write_bytes(write(np.full((8, 9, 3), 120, np.uint8)))
    for name in ("p.webp", "p.avif", "p.jpg", "p.tif"):
        assert main(["convert", str(image), str(tmp_path / name), "--as-image"]) == 0
        assert decode_image((tmp_path / name).read_bytes()).shape == (1, 8, 9, 3)


def test_a_heic_photo_is_converted_whole(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (96, 160, 3), np.uint8)
    (tmp_path / "photo.HEIC").write_bytes(heic(grid(pixels, 64)))
    out = tmp_path / "out"
    assert main(["convert", str(tmp_path), str(out), "--format", "png", "--as-image"]) == 0
    assert decode_image((out / "photo.png").read_bytes()).shape == (1, 96, 160, 3)


def test_a_folder_of_images_is_converted_whatever_their_kind(tmp_path):
    folder, kinds = tmp_path / "in", ("jpg", "png", "webp", "avif", "bmp", "tiff")
    folder.mkdir()
    for kind in kinds:
        Image.new("RGB", (16, 12), (10, 120, 200)).save(folder / f"{kind}.{kind}")
    (folder / "depth.exr").write_bytes(encode_depth(DEPTH, None, "exr"))
    out = tmp_path / "out"
    assert main(["convert", "--as-image", "--format", "png", str(folder), str(out)]) == 0
    assert sorted(path.stem for path in out.iterdir()) == sorted(kinds)


def test_an_unknown_extension_says_which_are_known(tmp_path, source, capsys):
    assert main(["convert", str(source), str(tmp_path / "x.abc")]) == 1
    assert ".exr" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
def test_an_ordinary_photo_is_told_to_use_estimate(tmp_path, kind, capsys):
    photo = tmp_path / f"photo.{kind}"
    colours = np.random.default_rng(0).integers(0, 255, (12, 16, 3), dtype=np.uint8)
    Image.fromarray(colours).save(photo)
    assert main(["convert", str(photo), str(tmp_path / "out.exr")]) == 1
    said = capsys.readouterr().err
    assert "genvr-depth estimate" in said
    assert "--as-image" in said


def test_a_damaged_depth_file_is_not_told_to_use_estimate(tmp_path, capsys):
    (tmp_path / "broken.exr").write_bytes(b"v/1\x01")
    assert main(["convert", str(tmp_path / "broken.exr"), str(tmp_path / "out.png")]) == 1
    assert "genvr-depth estimate" not in capsys.readouterr().err


@pytest.fixture
def shot(tmp_path):
    """Three frames, numbered 8 to 10."""
    clip = DepthMap.make(torch.rand(3, 12, 16) + 1, "metric", None, Pinhole(17, 17, 8.0, 6.0))
    folder = tmp_path / "shot"
    folder.mkdir()
    for index in range(3):
        data = encode_depth(clip.frame(index), None, "exr")
        (folder / f"depth.{index + 8:04}.exr").write_bytes(data)
    return folder, clip


@pytest.mark.parametrize("source", ["", "depth.####.exr"])
def test_a_clip_becomes_numbered_files_of_one_window(tmp_path, shot, source):
    folder, clip = shot
    target = tmp_path / "out" / "d.%03d.png"
    assert main(["convert", str(folder / source), str(target)]) == 0
    names = sorted(p.name for p in target.parent.iterdir())
    assert names == [
        "d.008.png",
        "d.009.png",
        "d.010.png",
    ]
    back = load_depth(tmp_path / "out", LoadOptions())
    assert (back.values - clip.values).abs().max() < 1 / 65534
    assert back.camera == clip.camera
    assert main(["convert", str(folder / source), str(target)]) == 1  # they exist now


def test_a_part_of_a_clip_keeps_its_numbers(tmp_path, shot):
    folder, clip = shot
    words = ["--format", "npy", "--first-frame", "8", "--last-frame", "10", "--every", "2"]
    assert main(["convert", str(folder / "depth.####.exr"), str(tmp_path / "out"), *words]) == 0
    names = sorted(p.name for p in (tmp_path / "out").iterdir() if p.suffix == ".npy")
    assert names == ["depth.0008.npy", "depth.0010.npy"]
    np.testing.assert_array_equal(np.load(tmp_path / "out" / names[1]), clip.values[2].numpy())


def test_a_clip_becomes_a_video_with_its_photo_and_comes_apart_again(tmp_path, shot):
    pytest.importorskip("av")
    folder, clip = shot
    photo = tmp_path / "photo.png"
    photo.write_bytes(write(np.full((24, 32, 3), 99, np.uint8)))
    video = tmp_path / "rgbd.mkv"
    words = ["--format", "ffv1-over-under", "--image", str(photo), "--frame-rate", "12"]
    assert main(["convert", str(folder), str(video), *words]) == 0
    assert main(["convert", str(video), str(tmp_path / "back.####.exr")]) == 0
    back = load_depth(tmp_path / "back.####.exr", LoadOptions())
    assert (back.values - clip.values).abs().max() < 1 / 65534
    again = tmp_path / "again.mp4"
    assert main(["convert", str(video), str(again), "--format", "h264-side-by-side"]) == 0
    seen = load_depth(again, LoadOptions())
    assert (seen.values - clip.values).abs().mean() < 0.05


def test_the_layout_of_a_picture_is_said_by_a_flag(tmp_path):
    grey = np.repeat(np.arange(20, 84, dtype=np.uint8).reshape(4, 16, 1), 3, -1)
    both = np.concatenate([np.full_like(grey, 200) // [1, 2, 4], grey], 1).astype(np.uint8)
    source, target = tmp_path / "rgbd.png", tmp_path / "depth.npy"
    source.write_bytes(write(both))
    words = ["--meaning", "near-disparity", "--layout", "depth right"]
    assert main(["convert", str(source), str(target), *words]) == 0
    np.testing.assert_array_equal(np.load(target), grey[..., 0])
    beside = tmp_path / "over.png"
    assert main(["convert", str(source), str(beside), "--format", "over-under", *words]) == 0
    assert Image.open(beside).size == (16, 8)


def test_a_clip_is_not_put_where_it_cannot_go(tmp_path, shot, capsys):
    folder, _ = shot
    assert main(["convert", str(folder / "depth.####.exr"), str(tmp_path / "a.glb")]) == 1
    assert "OUT.mkv" in capsys.readouterr().err
    assert main(["convert", str(folder), str(tmp_path / "x.mp4"), "--last-frame", "99"]) == 1
    assert "Frames 8 to 99" in capsys.readouterr().err
    assert not (tmp_path / "x.mp4").exists()
