"""`genvr-depth estimate` and `genvr-depth models`."""

from __future__ import annotations

import json

import numpy as np
import pytest
from brightness_model import use_brightness
from genvr_depth.nodes.depthkit import estimators
from genvr_depth.nodes.depthkit.cli import main
from genvr_depth.nodes.depthkit.formats import decode_depth
from heic_file import grid, heic
from PIL import Image


@pytest.fixture
def photo(tmp_path, monkeypatch):
    monkeypatch.setenv("GENVR_DEPTH_HOME", str(tmp_path / "home"))
    use_brightness(monkeypatch)
    path = tmp_path / "photo.jpg"
    ramp = np.tile(np.linspace(0, 255, 60, dtype=np.uint8), (40, 1))
    Image.fromarray(ramp).convert("RGB").save(path)
    return path


def estimate(*arguments):
    return main(["estimate", *map(str, arguments)])


def test_a_photo_becomes_depth_files_of_its_size(photo, tmp_path, capsys):
    out = tmp_path / "out"
    assert estimate(photo, "--out", out, "--format", "png16,exr,preview") == 0
    assert sorted(p.name for p in out.iterdir()) == [
        "photo_depth.exr",
        "photo_depth.png",
        "photo_preview.png",
    ]
    for name in ("photo_depth.exr", "photo_depth.png"):
        depth = decode_depth((out / name).read_bytes())
        assert (depth.height, depth.width) == (40, 60)
        assert depth.kind == "disparity"
    grey = np.asarray(Image.open(out / "photo_preview.png").convert("L"))
    assert grey[20, 55] > grey[20, 5]
    shown = capsys.readouterr()
    assert "photo_depth.exr" in shown.out
    assert "built-in model" in shown.err


def test_json_is_one_object_per_image(photo, tmp_path, capsys):
    assert estimate(photo, photo, "--out", tmp_path / "out", "--json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == 2
    assert lines[0]["width"] == 60
    assert lines[0]["kind"] == "disparity"
    # The same name twice in one run: nothing is overwritten.
    assert not set(lines[0]["files"].values()) & set(lines[1]["files"].values())


def test_a_folder_means_its_images(photo, tmp_path):
    (photo.parent / "notes.txt").write_text("not an image")
    assert estimate(photo.parent, "--out", tmp_path / "out", "--format", "exr") == 0
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["photo_depth.exr"]


def test_a_heic_photo_of_a_folder_is_an_image_not_a_film(photo, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (96, 160, 3), np.uint8)
    (photo.parent / "phone.heic").write_bytes(heic(grid(pixels, 64)))
    assert estimate(photo.parent, "--out", tmp_path / "out", "--format", "npy") == 0
    assert np.load(tmp_path / "out" / "phone_depth.npy").shape == (96, 160)


def test_the_builtin_model_is_named_where_no_model_was_chosen_and_only_there(photo, capsys):
    for number, given in enumerate((photo, photo.parent)):
        out = photo.parent / f"out {number}"
        assert estimate(given, "--out", out, "--format", "exr") == 0
        assert capsys.readouterr().err.count("Using the built-in model") == 1
        assert estimate(given, "--out", out, "--format", "exr", "--json") == 0
        assert "built-in" not in capsys.readouterr().err


def test_nothing_is_announced_or_fetched_before_there_is_an_input(photo, tmp_path, capsys):
    for extra in ([], ["--model", "dpt-large", "--download"]):
        assert estimate(tmp_path / "absent.jpg", "--out", tmp_path / "out", *extra) == 1
        said = capsys.readouterr()
        assert (said.out, said.err.count("\n"), "built-in" in said.err) == ("", 1, False)
    assert not (tmp_path / "out").exists()


def test_download_fetches_the_files_and_loads_nothing_in_this_process(
    photo, tmp_path, monkeypatch, capsys
):
    asked = []

    def ensure_folder(name, folders, policy, *, on_progress):
        asked.append((name, policy))

    monkeypatch.setattr(estimators, "ensure_folder", ensure_folder)
    loaded = []
    whole = estimators.load_estimator
    monkeypatch.setattr(
        estimators, "load_estimator", lambda *a, **k: (loaded.append(k), whole(*a, **k))[1]
    )
    for extra in ([], ["--download"]):
        assert estimate(photo, "--out", tmp_path / "o", "--model", "dpt-large", *extra) == 0
        assert "built-in" not in capsys.readouterr().err
    assert asked == [("dpt-large", "never"), ("dpt-large", "if missing")]
    # Once per run, by the worker, which never downloads.
    assert [kept["download_policy"] for kept in loaded] == ["never", "never"]


def test_a_folder_is_searched_in_depth_and_what_is_finished_is_skipped(photo, tmp_path, capsys):
    folder = tmp_path / "album"
    (folder / "day 1").mkdir(parents=True)
    for target in (folder / "a.jpg", folder / "day 1" / "b.jpg"):
        target.write_bytes(photo.read_bytes())
    out = tmp_path / "out"
    assert estimate(folder, "--out", out) == 0
    files = sorted(p.relative_to(out).as_posix() for p in out.rglob("*.png"))
    assert files == ["a_depth.png", "a_preview.png", "day 1/b_depth.png", "day 1/b_preview.png"]
    assert estimate(folder, "--out", out) == 0
    assert "0 estimated, 2 already done" in capsys.readouterr().out


def test_a_damaged_image_fails_and_the_others_are_done(photo, tmp_path, capsys):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\nrubbish")
    assert estimate(broken, photo, "--out", tmp_path / "out", "--format", "exr") == 1
    assert "broken.png" in capsys.readouterr().err
    assert (tmp_path / "out" / "photo_depth.exr").is_file()


@pytest.mark.parametrize(
    ("extra", "word"),
    [(["--format", "gif"], "gif"), (["--format", ","], "png16"), (["--resolution", "-5"], "-5")],
)
def test_options_that_do_not_exist_are_named(photo, capsys, extra, word):
    assert estimate(photo, *extra) == 1
    assert word in capsys.readouterr().err


def test_a_damaged_video_is_named_and_the_images_go_on(photo, tmp_path, capsys):
    clip = tmp_path / "clip.MP4"
    clip.write_bytes(b"frames")
    assert estimate(clip, photo, "--out", tmp_path / "out", "--format", "exr") == 1
    assert "clip.MP4" in capsys.readouterr().err
    assert (tmp_path / "out" / "photo_depth.exr").is_file()


def test_a_folder_without_images_says_what_was_looked_for(tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("not an image")
    assert estimate(tmp_path) == 1
    told = capsys.readouterr().err
    assert ".jpg" in told
    assert ".mp4" in told


def test_a_missing_file_is_named_and_the_others_are_done(photo, tmp_path, capsys):
    out = tmp_path / "out"
    assert estimate(photo.parent / "absent.jpg", photo, "--out", out, "--json") == 1
    missing, done = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert "There is no file" in missing["error"]
    assert "absent.jpg" in missing["error"]
    assert set(done["files"]) == {"png16", "preview"}


@pytest.mark.parametrize("device", ["cuda:63", "meta", "tpu7"])
@pytest.mark.parametrize("command", [["estimate"], ["estimate", "--engine", "local"], ["score"]])
def test_a_device_that_is_not_there_is_a_sentence(command, device, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GENVR_DEPTH_HOME", str(tmp_path / "home"))
    path = tmp_path / "photo.png"
    Image.new("RGB", (8, 8)).save(path)
    words = [*command, str(path), "--device", device, "--out", str(tmp_path / "out")]
    if command == ["score"]:
        words = ["score", str(path), str(path), "--photo", "--device", device]
    assert main(words) == 1
    shown = capsys.readouterr().err
    assert device in shown
    assert "use auto, cpu, cuda or mps" in shown


def test_an_unknown_model_says_where_was_looked(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GENVR_DEPTH_HOME", str(tmp_path / "home"))
    path = tmp_path / "photo.png"
    Image.new("RGB", (8, 8)).save(path)
    assert estimate(path, "--model", "nobody") == 1
    assert "home" in capsys.readouterr().err


def test_models_lists_state_licence_size_and_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GENVR_DEPTH_HOME", str(tmp_path))
    own = tmp_path / "models" / "depth_estimation" / "mine"
    own.mkdir(parents=True)
    (own / "config.json").write_text("{}")
    assert main(["models", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["depth-pro"]["commercial"] is False
    assert rows["depth-pro"]["state"] == "can be downloaded"
    assert rows["depth-anything-v2-small"]["megabytes"] == 99
    assert rows["mine"]["folder"] == str(own)
    assert rows["mine"]["state"] == "lacks model.safetensors"
    (own / "model.safetensors").write_bytes(bytes(2_600_000))
    assert main(["models", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert (rows["mine"]["state"], rows["mine"]["megabytes"]) == ("installed", 3)
    assert rows["builtin"]["megabytes"] >= 1
    assert main(["models"]) == 0
    table = capsys.readouterr().out
    assert "Apache-2.0" in table
    assert "builtin" in table.splitlines()[1]


@pytest.mark.parametrize("detail", estimators.DETAILS)
def test_every_detail_of_the_node_is_offered(photo, tmp_path, capsys, detail):
    assert estimate(photo, "--out", tmp_path / "out", "--detail", detail, "--json") == 0
    notes = json.loads(capsys.readouterr().out)["notes"]
    # The photo is small, so auto refines it.
    assert any("edges" in note for note in notes) == (detail == "auto" or "edges" in detail)
