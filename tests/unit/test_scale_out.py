from __future__ import annotations

import importlib.util
import json
import os
import struct
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from genvr_depth.nodes.depthkit.batch import tree_run as scale_out
from genvr_depth.nodes.depthkit.batch import videos as video
from genvr_depth.nodes.depthkit.batch.tree_run import Setup, estimate_tree
from genvr_depth.nodes.depthkit.cli import main
from genvr_depth.nodes.depthkit.errors import (
    DepthError,
    FormatError,
    InvalidInput,
    ModelError,
    Stopped,
)
from genvr_depth.nodes.depthkit.estimators import builtin_estimator, estimate
from PIL import Image

ENGINES = [
    "local",
    pytest.param(
        "ray",
        marks=pytest.mark.skipif(
            importlib.util.find_spec("ray") is None, reason='needs pip install -e ".[ray]"'
        ),
    ),
]


@pytest.fixture(autouse=True)
def _model():
    try:
        builtin_estimator()
    except ModelError as missing:
        pytest.skip(str(missing))


@pytest.fixture
def tree(tmp_path):
    folder = tmp_path / "photos"
    generator = np.random.default_rng(0)
    for name in ("a.jpg", "b.png", "trip/day 1/c.jpg", "trip/ä.webp"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(generator.integers(0, 255, (48, 64, 3), dtype=np.uint8)).save(path)
    (folder / "notes.txt").write_text("not an image")
    return folder


@pytest.fixture(scope="module")
def _cluster():
    ray = pytest.importorskip("ray")
    # On loopback only: the test cluster is nobody else's business, and needs no network.
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        _node_ip_address="127.0.0.1",
    )
    yield
    ray.shutdown()


@pytest.fixture
def engine(request):
    if request.param == "ray":
        request.getfixturevalue("_cluster")
    return request.param


both = pytest.mark.parametrize("engine", ENGINES, indirect=True)


@both
def test_a_tree_is_mirrored_and_a_second_run_skips_what_is_done(tree, tmp_path, engine):
    out = tmp_path / "out"
    first = estimate_tree([tree], out, Setup(device="cpu"), engine=engine)
    assert (first.done, first.skipped, first.failed) == (4, 0, ())
    assert (out / "trip" / "day 1" / "c_depth.png").is_file()
    assert (out / "trip" / "ä_depth.png").is_file()
    kept = (out / "a_depth.png").stat().st_mtime_ns
    (out / "b_depth.png").unlink()
    second = estimate_tree([tree], out, Setup(device="cpu"), engine=engine)
    assert (second.done, second.skipped) == (1, 3)
    assert (out / "a_depth.png").stat().st_mtime_ns == kept


@both
def test_a_damaged_file_is_listed_and_the_rest_goes_on(tree, tmp_path, engine):
    (tree / "broken.jpg").write_bytes(b"no image")
    report = estimate_tree([tree], tmp_path / "out", Setup(device="cpu"), engine=engine)
    assert report.done == 4
    ((source, reason),) = report.failed
    assert source.endswith("broken.jpg")
    assert reason


def test_an_image_that_does_not_fit_into_memory_is_listed_and_the_rest_goes_on(
    tree, tmp_path, monkeypatch
):
    from genvr_depth.nodes.depthkit import estimators

    whole = estimators.estimate

    def scarce(estimator, image, options):
        if image.shape[2] > 64:
            raise RuntimeError("not enough memory: you tried to allocate 99 bytes")
        return whole(estimator, image, options)

    Image.new("RGB", (80, 48)).save(tree / "large.png")
    monkeypatch.setattr(estimators, "estimate", scarce)
    report = estimate_tree([tree], tmp_path / "out", Setup(device="cpu"))
    assert report.done == 4
    ((source, reason),) = report.failed
    assert source.endswith("large.png")
    assert "not enough memory" in reason


@both
def test_a_model_that_is_not_there_is_said_once(tree, tmp_path, engine):
    setup = Setup("no-such-model", (str(tmp_path),))
    with pytest.raises(DepthError, match="no-such-model"):
        estimate_tree([tree], tmp_path / "out", setup, engine=engine)


@both
def test_both_engines_write_the_same_files(tree, tmp_path, engine):
    here, there = tmp_path / "here", tmp_path / "there"
    estimate_tree([tree / "a.jpg"], here, Setup(device="cpu"))
    estimate_tree([tree / "a.jpg"], there, Setup(device="cpu"), engine=engine)
    first, second = (np.array(Image.open(p / "a_depth.png")).astype(int) for p in (here, there))
    assert np.abs(first - second).max() <= 66


@pytest.fixture
def film(tmp_path):
    """film(frames) -> a video 64 x 48, each frame a little brighter, its left half black."""
    av = pytest.importorskip("av")

    def make(frames):
        path = tmp_path / "clip.mp4"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("mpeg4", rate=8)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            for step in range(frames):
                pixels = np.full((48, 64, 3), 255 * (step + 1) // frames, dtype=np.uint8)
                pixels[:, :32] = 0
                container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            container.mux(stream.encode())
        return path

    return make


@both
def test_a_video_becomes_one_map_per_frame(film, tmp_path, engine, monkeypatch):
    monkeypatch.setattr(scale_out, "_SEGMENT", 2)
    path, out = film(5), tmp_path / "out"
    report = estimate_tree([path], out, Setup(device="cpu"), engine=engine)
    assert (report.done, report.failed) == (3, ())
    names = sorted(p.name for p in (out / "clip").iterdir())
    assert names == [f"{n:06}_depth.png" for n in range(5)]
    # Each frame is its own: a segment that began at the wrong one would repeat another's.
    for number in range(5):
        single = tmp_path / "single" / f"{number}.png"
        frame = estimate(builtin_estimator(), video.Clip(path).frame(number)).depth
        single.parent.mkdir(exist_ok=True)
        single.write_bytes(scale_out.encode_output(frame, torch.zeros(1, 48, 64, 3), "png16"))
        wanted, found = (
            np.array(Image.open(file)).astype(int)
            for file in (single, out / "clip" / f"{number:06}_depth.png")
        )
        assert np.abs(wanted - found).max() <= 66


@pytest.mark.parametrize("engine", ENGINES[1:], indirect=True)
def test_two_actors_are_two_processes_with_one_model_each(tree, tmp_path, engine, monkeypatch):
    for number in range(10):
        Image.new("RGB", (64, 48), (20 * number, 90, 9)).save(tree / f"more {number}.png")
    seen = tmp_path / "seen"
    for kind in ("load", "row"):
        (seen / kind).mkdir(parents=True)
    monkeypatch.setattr(scale_out, "_ray_worker", _watched(scale_out._ray_worker, str(seen)))
    report = estimate_tree([tree], tmp_path / "out", Setup(device="cpu"), engine=engine, actors=2)
    assert (report.done, report.failed) == (14, ())
    loads, rows = (
        Counter(int(file.name.split("-")[0]) for file in (seen / kind).iterdir())
        for kind in ("load", "row")
    )
    assert len(rows) == 2
    assert os.getpid() not in rows
    assert rows.total() == 14
    assert loads == dict.fromkeys(rows, 1)


def _watched(make, folder):
    """`_ray_worker`, whose workers leave a file named by their process per load and per row."""

    def make_watched(*arguments):
        class Watched(make(*arguments)):
            def __init__(self):
                import safetensors.torch

                whole = safetensors.torch.load_file

                def load_file(*given, **named):
                    self._leave("load")
                    return whole(*given, **named)

                safetensors.torch.load_file = load_file
                super().__init__()

            def __call__(self, row):
                self._leave("row")
                # So long that the other actor, wherever it is in its start, gets its share.
                time.sleep(0.2)
                return super().__call__(row)

            def _leave(self, kind):
                Path(folder, kind, f"{os.getpid()}-{time.time_ns()}").touch()

        return Watched

    return make_watched


def test_two_files_of_one_stem_do_not_overwrite_each_other(tree, tmp_path):
    Image.new("RGB", (32, 32)).save(tree / "a.png")
    report = estimate_tree([tree], tmp_path / "out", Setup(device="cpu"))
    assert report.done == 5
    assert len(list((tmp_path / "out").glob("a*_depth.png"))) == 2


@pytest.mark.parametrize("out", ["depth-out", "trip/found", "."])
def test_what_an_earlier_run_made_is_not_estimated_again(tree, monkeypatch, out):
    monkeypatch.chdir(tree)
    setup = Setup(inner_size=70, formats=("png16", "preview"))
    for done in (4, 0):
        report = estimate_tree([Path()], Path(out), setup)
        assert (report.done, report.skipped) == (done, 4 - done)
    assert estimate_tree([tree], Path(out), setup).done == 0, "by another spelling, too"
    assert len(list(tree.rglob("*_depth.png"))) == 4


@pytest.mark.parametrize("out", [".", "../photos", "depth-out"])
def test_results_in_other_formats_are_no_images_to_work_on(tree, film, monkeypatch, out):
    film(2).rename(tree / "clip.mp4")
    Image.new("RGB", (32, 32)).save(tree / "a.png")
    # No result of anything here, whatever its name.
    Image.new("RGB", (32, 32)).save(tree / "old_depth.png")
    monkeypatch.chdir(tree)
    wishes = [("png16", "preview"), ("tiff", "tiff16"), ("depth-photo",), ("png16",)]
    for formats, done in zip(wishes, (7, 7, 7, 0), strict=True):
        report = estimate_tree([Path()], Path(out), Setup(inner_size=70, formats=formats))
        assert (report.done, report.skipped, report.failed) == (done, 7 - done, ())
    assert len(list(tree.rglob("*_depth.jpg"))) == 8


def test_stop_keeps_what_is_finished(tree, tmp_path):
    seen = []
    with pytest.raises(Stopped):
        estimate_tree(
            [tree],
            tmp_path / "out",
            Setup(device="cpu"),
            on_progress=lambda done, total: seen.append((done, total)),
            should_stop=lambda: len(seen) == 2,
        )
    assert seen == [(1, 4), (2, 4)]
    assert estimate_tree([tree], tmp_path / "out", Setup(device="cpu")).skipped >= 2


def test_unusable_wishes_are_refused_in_words(tmp_path):
    with pytest.raises(InvalidInput, match="engine"):
        estimate_tree([tmp_path], tmp_path, Setup(), engine="cloud")
    with pytest.raises(InvalidInput, match="format"):
        estimate_tree([tmp_path], tmp_path, Setup(formats=("gif",)))
    with pytest.raises(InvalidInput, match="no images"):
        estimate_tree([tmp_path], tmp_path, Setup())
    with pytest.raises(InvalidInput, match="no file"):
        estimate_tree([tmp_path / "nowhere"], tmp_path, Setup())


def test_without_ray_the_engine_says_how_to_get_it(tree, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(ValueError, match=r"pip install -e .*\[ray\]"):
        estimate_tree([tree], tmp_path / "out", Setup(), engine="ray")


@pytest.mark.parametrize(
    ("engine", "options"),
    [("local", []), ("local", ["--engine", "local"]), pytest.param("ray", ["--engine", "ray"])],
    indirect=["engine"],
    ids=["without the option", "local", "ray"],
)
def test_the_command_lists_failures_and_says_so_in_its_exit_code(
    tree, tmp_path, capsys, engine, options
):
    out = tmp_path / "out"
    command = ["estimate", str(tree), "--out", str(out), "--format", "png16,preview", *options]
    assert main([*command, "--device", "cpu"]) == 0
    assert (out / "trip" / "day 1" / "c_preview.png").is_file()
    (tree / "broken.png").write_bytes(b"x")
    assert main([*command, "--device", "cpu"]) == 1
    printed = capsys.readouterr()
    assert "broken.png" in printed.err
    assert "4 already done" in printed.out


@both
def test_a_run_over_a_folder_says_once_that_the_builtin_model_is_used(
    tree, tmp_path, capsys, engine
):
    command = ["estimate", str(tree), "--out", str(tmp_path / "out"), "--device", "cpu"]
    assert main([*command, "--engine", engine]) == 0
    assert capsys.readouterr().err.count("Using the built-in model; nothing to download.\n") == 1
    assert main([*command, "--engine", engine, "--json"]) == 0
    assert "built-in" not in capsys.readouterr().err


def test_a_device_that_does_not_exist_is_named(tree, tmp_path, capsys):
    assert main(["estimate", str(tree), "--out", str(tmp_path / "o"), "--device", "tpu7"]) == 1
    assert "tpu7" in capsys.readouterr().err


def test_the_score_command_prints_a_table_and_json(tree, tmp_path, capsys):
    photo = str(tree / "a.jpg")
    assert main(["score", photo, photo, str(tree / "b.png"), "--photo", "--device", "cpu"]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0].split()[0] == "score"
    assert table[1].startswith("100.0") or table[1].strip().startswith("100.0")
    code = main(["score", photo, photo, "missing.png", "--photo", "--json", "--device", "cpu"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert code == 1
    assert "error" in lines[0]
    assert lines[1]["score"] == pytest.approx(100, abs=0.1)


def test_the_score_command_prints_how_far_the_lines_moved(tmp_path, capsys):
    rows, columns = np.mgrid[0:240, 0:320]
    for name, height in (("before", 90), ("after", 114)):
        rails = np.sin(14 * np.arctan2(rows - height, columns - 160)) > 0
        Image.fromarray((255 * rails).astype(np.uint8)).save(tmp_path / f"{name}.png")
    paths = [str(tmp_path / "before.png"), str(tmp_path / "after.png")]
    assert main(["score", *paths, "--photo", "--device", "cpu"]) == 0
    head, row, *_ = capsys.readouterr().out.splitlines()
    assert head.split()[-3:-1] == ["horizon", "vanish"]
    assert float(row.split()[-3].rstrip("%")) == pytest.approx(10, abs=1)


def test_a_photo_as_control_without_the_switch_is_told_of_it(tree, capsys):
    assert main(["score", str(tree / "a.jpg"), str(tree / "a.jpg"), "--device", "cpu"]) == 1
    assert "--photo" in capsys.readouterr().err


def test_the_score_command_reads_depth_files(tree, tmp_path, capsys):
    estimate_tree([tree / "a.jpg"], tmp_path, Setup(device="cpu", formats=("exr",)))
    assert main(["score", str(tmp_path / "a_depth.exr"), str(tree / "a.jpg")]) == 0
    assert "100.0" in capsys.readouterr().out or torch.cuda.is_available()


def test_segments_cover_a_long_video(monkeypatch, tmp_path):
    (tmp_path / "long.mp4").write_bytes(b"")
    monkeypatch.setattr(scale_out, "frame_count", lambda path: 100)
    rows, _ = scale_out._rows([tmp_path / "long.mp4"], tmp_path / "out")
    assert [(row["first"], row["count"]) for row in rows] == [(0, 48), (48, 48), (96, 4)]


def test_files_of_one_name_from_many_folders_all_get_their_own_result(tmp_path):
    folders = [tmp_path / name for name in ("one", "two", "three", "four")]
    for folder in folders:
        folder.mkdir()
        Image.new("RGB", (32, 32)).save(folder / "a.png")
    rows, _ = scale_out._rows(folders, tmp_path / "out")
    assert len({row["stem"] for row in rows}) == 4


def test_a_long_video_is_decoded_once(film, tmp_path, monkeypatch):
    monkeypatch.setattr(scale_out, "_SEGMENT", 3)
    opened = []

    class Watched(video.Clip):
        def __init__(self, path):
            opened.append(path)
            super().__init__(path)

    monkeypatch.setattr(scale_out, "Clip", Watched)
    report = estimate_tree([film(8)], tmp_path / "out", Setup(device="cpu"))
    assert (report.done, report.failed) == (3, ())
    assert len(opened) == 1
    assert len(list((tmp_path / "out" / "clip").iterdir())) == 8


def test_a_resumed_video_goes_on_at_the_right_frame(film):
    path = film(6)
    whole = video.Clip(path)
    frames = [whole.frame(index) for index in range(6)]
    assert torch.equal(video.Clip(path).frame(4), frames[4])
    with pytest.raises(FormatError, match="ends after 6 frames"):
        whole.frame(6)


@pytest.mark.parametrize(
    ("matrix", "dark"),
    [("0 1 -1 0", "top"), ("-1 0 0 -1", "right"), ("0 -1 1 0", "bottom")],
)
def test_a_video_filmed_sideways_is_turned_upright(film, matrix, dark):
    path = film(2)
    data = bytearray(path.read_bytes())
    # Width, height and the identity matrix end the track header; the matrix is turned by hand.
    start = data.index(b"tkhd") + 4 + 40
    a, b, c, d = (int(number) << 16 for number in matrix.split())
    data[start : start + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    image = video.Clip(path).frame(1)[0, ..., 0]
    tall, wide = image.shape
    assert (tall > wide) == (dark != "right")
    parts = {
        "top": image[: tall // 3],
        "bottom": image[-tall // 3 :],
        "right": image[:, -wide // 3 :],
    }
    assert min(parts, key=lambda side: parts[side].mean().item()) == dark
    assert parts[dark].mean() < 0.2
