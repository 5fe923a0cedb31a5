"""`genvr-depth score`."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from genvr_depth.nodes.depthkit.batch.batch_run import estimate_files
from genvr_depth.nodes.depthkit.batch.worker import Setup
from genvr_depth.nodes.depthkit.cli import main
from genvr_depth.nodes.depthkit.cli import score as score_command
from PIL import Image


class Bright:
    """A stand-in for a model: reads brightness as disparity."""

    name, kind, multiple, inner_size, licence = "bright", "disparity", 1, 48, "none"

    def __call__(self, images):
        return images.mean(1)


@pytest.fixture
def stand_in(monkeypatch):
    monkeypatch.setattr(score_command, "load_model", lambda name, device: Bright())


@pytest.fixture
def tree(tmp_path):
    generator = np.random.default_rng(0)
    for name in ("a.jpg", "b.png"):
        Image.fromarray(generator.integers(0, 255, (48, 64, 3), dtype=np.uint8)).save(
            tmp_path / name
        )
    return tmp_path


def test_the_score_command_prints_a_table_and_json(tree, stand_in, capsys):
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


def test_the_score_command_prints_how_far_the_lines_moved(tmp_path, stand_in, capsys):
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
    estimate_files([tree / "a.jpg"], tmp_path, Setup(device="cpu", formats=("exr",)))
    assert main(["score", str(tmp_path / "a_depth.exr"), str(tree / "a.jpg")]) == 0
    assert "100.0" in capsys.readouterr().out or torch.cuda.is_available()
