"""Folders and videos through both engines: the same worker, the same names, the same resume."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from brightness_model import use_brightness
from film import make_film
from genvr_depth.nodes.depthkit import estimators
from genvr_depth.nodes.depthkit.batch import input_files, ray_engine, videos, worker
from genvr_depth.nodes.depthkit.batch.batch_run import estimate_files
from genvr_depth.nodes.depthkit.batch.worker import Setup
from genvr_depth.nodes.depthkit.cli import main
from genvr_depth.nodes.depthkit.errors import DepthError, InvalidInput, Stopped
from genvr_depth.nodes.depthkit.formats import decode_depth
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
def stub(monkeypatch):
    use_brightness(monkeypatch)


@pytest.fixture
def real_engine(request):
    if request.param == "ray":
        request.getfixturevalue("_cluster")
    return request.param


@pytest.fixture
def engine(request, monkeypatch):
    """Names and resuming need no network; the processes of Ray have the built-in one."""
    if request.param == "ray":
        request.getfixturevalue("_cluster")
    else:
        use_brightness(monkeypatch)
    return request.param


both = pytest.mark.parametrize("engine", ENGINES, indirect=True)


@both
def test_a_tree_is_mirrored_and_a_second_run_skips_what_is_done(tree, tmp_path, engine):
    out = tmp_path / "out"
    first = estimate_files([tree], out, Setup(device="cpu"), engine=engine)
    assert (first.done, first.skipped, first.failed) == (4, 0, ())
    assert (out / "trip" / "day 1" / "c_depth.png").is_file()
    assert (out / "trip" / "ä_depth.png").is_file()
    kept = (out / "a_depth.png").stat().st_mtime_ns
    (out / "b_depth.png").unlink()
    second = estimate_files([tree], out, Setup(device="cpu"), engine=engine)
    assert (second.done, second.skipped) == (1, 3)
    assert (out / "a_depth.png").stat().st_mtime_ns == kept


@both
def test_a_damaged_file_is_listed_and_the_rest_goes_on(tree, tmp_path, engine):
    (tree / "broken.jpg").write_bytes(b"no image")
    report = estimate_files([tree], tmp_path / "out", Setup(device="cpu"), engine=engine)
    assert report.done == 4
    ((source, reason),) = report.failed
    assert source.endswith("broken.jpg")
    assert reason


def test_an_image_that_does_not_fit_into_memory_is_listed_and_the_rest_goes_on(
    stub, tree, tmp_path, monkeypatch
):
    whole = estimators.estimate

    def scarce(estimator, image, options, **more):
        if image.shape[2] > 64:
            raise RuntimeError("not enough memory: you tried to allocate 99 bytes")
        return whole(estimator, image, options, **more)

    Image.new("RGB", (80, 48)).save(tree / "large.png")
    monkeypatch.setattr(estimators, "estimate", scarce)
    report = estimate_files([tree], tmp_path / "out", Setup(device="cpu"))
    assert report.done == 4
    ((source, reason),) = report.failed
    assert source.endswith("large.png")
    assert "not enough memory" in reason


@pytest.mark.parametrize("real_engine", ENGINES, indirect=True)
def test_a_model_that_is_not_there_is_said_once(tree, tmp_path, real_engine):
    setup = Setup("no-such-model", (str(tmp_path),))
    with pytest.raises(DepthError, match="no-such-model"):
        estimate_files([tree], tmp_path / "out", setup, engine=real_engine)


def test_the_builtin_model_goes_through_the_worker(tree, tmp_path):
    estimate_files([tree / "a.jpg"], tmp_path, Setup(device="cpu", formats=("exr",)))
    image = worker.decode_image((tree / "a.jpg").read_bytes())
    wanted = estimators.estimate(estimators.builtin_estimator(), image).depth
    found = decode_depth((tmp_path / "a_depth.exr").read_bytes())
    assert (found.values - wanted.values).abs().max() <= 1e-6


@pytest.mark.parametrize("engine", ENGINES[1:], indirect=True)
def test_both_engines_write_the_same_files(tree, tmp_path, engine):
    here, there = tmp_path / "here", tmp_path / "there"
    estimate_files([tree / "a.jpg"], here, Setup(device="cpu"))
    estimate_files([tree / "a.jpg"], there, Setup(device="cpu"), engine=engine)
    first, second = (np.array(Image.open(p / "a_depth.png")).astype(int) for p in (here, there))
    assert np.abs(first - second).max() <= 66


@both
def test_a_video_becomes_one_map_per_frame(tmp_path, engine, monkeypatch):
    monkeypatch.setattr(input_files, "_SEGMENT", 2)
    path, out = make_film(tmp_path / "clip.mp4", 5), tmp_path / "out"
    setup = Setup(device="cpu", formats=("exr",))
    report = estimate_files([path], out, setup, engine=engine)
    assert (report.done, report.failed) == (3, ())
    names = sorted(p.name for p in (out / "clip").iterdir())
    assert names == [f"{n:06}_depth.exr" for n in range(5)]
    # Each frame is its own: a segment that began at the wrong one would repeat another's.
    model = estimators.load_estimator("builtin", [])
    for number, name in enumerate(names):
        wanted = estimators.estimate(model, videos.Clip(path).frame(number)).depth
        found = decode_depth((out / "clip" / name).read_bytes())
        assert (found.values - wanted.values).abs().max() <= 1e-3


def test_what_travels_to_a_process_of_ray_works_there_by_itself(tree, tmp_path, monkeypatch):
    use_brightness(monkeypatch)
    (row, *_) = input_files.find_rows([tree], tmp_path / "out", ["png16"]).waiting
    made = ray_engine.ray_worker(asdict(Setup(device="cpu")))
    answer = made()(row)
    assert answer["unfit"] == ""
    assert worker.Answer(**json.loads(answer["answer"])).facts["width"] == 64
    assert (tmp_path / "out" / "a_depth.png").is_file()
    unfit = ray_engine.ray_worker(asdict(Setup(device="tpu7")))
    assert "tpu7" in unfit()(row)["unfit"]
    monkeypatch.setitem(sys.modules, worker.__name__, None)
    assert "pip install -e ." in made()(row)["unfit"], "a process without the pack"


@pytest.mark.parametrize("engine", ENGINES[1:], indirect=True)
def test_two_actors_are_two_processes_with_one_model_each(tree, tmp_path, engine, monkeypatch):
    for number in range(10):
        Image.new("RGB", (64, 48), (20 * number, 90, 9)).save(tree / f"more {number}.png")
    seen = tmp_path / "seen"
    for kind in ("load", "row"):
        (seen / kind).mkdir(parents=True)
    monkeypatch.setattr(ray_engine, "ray_worker", _watched(ray_engine.ray_worker, str(seen)))
    report = estimate_files([tree], tmp_path / "out", Setup(device="cpu"), engine=engine, actors=2)
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
    """`ray_worker`, whose workers leave a file named by their process per load and per row."""

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


def test_two_files_of_one_stem_do_not_overwrite_each_other(stub, tree, tmp_path):
    Image.new("RGB", (32, 32)).save(tree / "a.png")
    report = estimate_files([tree], tmp_path / "out", Setup(device="cpu"))
    assert report.done == 5
    assert len(list((tmp_path / "out").glob("a*_depth.png"))) == 2


@pytest.mark.parametrize("out", ["depth-out", "trip/found", "."])
def test_what_an_earlier_run_made_is_not_estimated_again(stub, tree, monkeypatch, out):
    monkeypatch.chdir(tree)
    setup = Setup(inner_size=70, formats=("png16", "preview"))
    for done in (4, 0):
        report = estimate_files([Path()], Path(out), setup)
        assert (report.done, report.skipped) == (done, 4 - done)
    assert estimate_files([tree], Path(out), setup).done == 0, "by another spelling, too"
    assert len(list(tree.rglob("*_depth.png"))) == 4


@pytest.mark.parametrize("out", [".", "../photos", "depth-out"])
def test_results_in_other_formats_are_no_images_to_work_on(stub, tree, monkeypatch, out):
    make_film(tree / "clip.mp4", 2)
    Image.new("RGB", (32, 32)).save(tree / "a.png")
    # No result of anything here, whatever its name.
    Image.new("RGB", (32, 32)).save(tree / "old_depth.png")
    monkeypatch.chdir(tree)
    runs = [("png16", "preview"), ("tiff", "tiff16"), ("depth-photo",), ("png16",)]
    for formats, done in zip(runs, (7, 7, 7, 0), strict=True):
        report = estimate_files([Path()], Path(out), Setup(inner_size=70, formats=formats))
        assert (report.done, report.skipped, report.failed) == (done, 7 - done, ())
    assert len(list(tree.rglob("*_depth.jpg"))) == 8


def test_stop_keeps_what_is_finished(stub, tree, tmp_path):
    seen = []
    with pytest.raises(Stopped):
        estimate_files(
            [tree],
            tmp_path / "out",
            Setup(device="cpu"),
            on_progress=lambda done, total: seen.append((done, total)),
            should_stop=lambda: len(seen) == 2,
        )
    assert seen == [(1, 4), (2, 4)]
    assert estimate_files([tree], tmp_path / "out", Setup(device="cpu")).skipped >= 2


def test_unusable_settings_are_refused_in_words(tree, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInput, match="engine"):
        estimate_files([tree], tmp_path, Setup(), engine="cloud")
    with pytest.raises(InvalidInput, match="format"):
        estimate_files([tmp_path], tmp_path, Setup(formats=("gif",)))
    with pytest.raises(InvalidInput, match="no images"):
        estimate_files([tmp_path / "empty"], tmp_path, Setup())


def test_a_missing_file_and_a_missing_folder_are_listed_and_the_rest_goes_on(stub, tree, tmp_path):
    absent = [tmp_path / "nowhere", tmp_path / "nothing.jpg", tmp_path / "nobody.mp4"]
    report = estimate_files([*absent, tree], tmp_path / "out", Setup())
    assert report.done == 4
    assert report.failed == tuple(
        (str(path), f"There is no file or folder {path}; check its name.") for path in absent
    )


def test_an_image_that_is_named_is_done_anew_and_a_folder_goes_on(stub, tree, tmp_path):
    for done in (1, 1):
        report = estimate_files([tree / "a.jpg"], tmp_path, Setup())
        assert (report.done, report.skipped) == (done, 0)
    report = estimate_files([tree], tmp_path, Setup())
    assert (report.done, report.skipped) == (3, 1)


def test_the_bar_counts_images_and_the_frames_of_videos(stub, tree, tmp_path, monkeypatch):
    monkeypatch.setattr(input_files, "_SEGMENT", 3)
    make_film(tree / "clip.mp4", 5)
    seen = []
    estimate_files([tree], tmp_path, Setup(), on_progress=lambda *said: seen.append(said))
    assert seen == [(n, 9) for n in range(1, 10)]


def test_stop_is_heard_between_two_frames_of_a_video(stub, tmp_path):
    seen = []
    with pytest.raises(Stopped):
        estimate_files(
            [make_film(tmp_path / "clip.mp4", 6)],
            tmp_path / "out",
            Setup(),
            on_progress=lambda *said: seen.append(said),
            should_stop=lambda: len(seen) == 2,
        )
    assert len(list((tmp_path / "out" / "clip").iterdir())) == 2


def test_without_ray_the_engine_says_how_to_get_it(tree, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(ValueError, match=r"pip install -e .*\[ray\]"):
        estimate_files([tree], tmp_path / "out", Setup(), engine="ray")


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


def test_segments_cover_a_long_video(monkeypatch, tmp_path):
    (tmp_path / "long.mp4").write_bytes(b"")
    monkeypatch.setattr(input_files, "frame_count", lambda path: 100)
    rows = input_files.find_rows([tmp_path / "long.mp4"], tmp_path / "out", ["png16"]).waiting
    assert [(row["first"], row["count"]) for row in rows] == [(0, 48), (48, 48), (96, 4)]


def test_files_of_one_name_from_many_folders_all_get_their_own_result(tmp_path):
    folders = [tmp_path / name for name in ("one", "two", "three", "four")]
    for folder in folders:
        folder.mkdir()
        Image.new("RGB", (32, 32)).save(folder / "a.png")
    rows = input_files.find_rows(folders, tmp_path / "out", ["png16"]).waiting
    assert len({row["stem"] for row in rows}) == 4


def test_a_long_video_is_decoded_once(stub, tmp_path, monkeypatch):
    monkeypatch.setattr(input_files, "_SEGMENT", 3)
    opened = []

    class Watched(videos.Clip):
        def __init__(self, path):
            opened.append(path)
            super().__init__(path)

    monkeypatch.setattr(worker, "Clip", Watched)
    report = estimate_files([make_film(tmp_path / "clip.mp4", 8)], tmp_path / "out", Setup())
    assert (report.done, report.failed) == (3, ())
    assert len(opened) == 1
    assert len(list((tmp_path / "out" / "clip").iterdir())) == 8
