"""What every command does alike: missing files, progress without a terminal, names of families."""

from __future__ import annotations

import itertools

import pytest
from brightness_model import use_brightness
from genvr_depth.nodes.depthkit.cli import main, progress_display
from PIL import Image


@pytest.fixture
def photo(tmp_path, monkeypatch):
    monkeypatch.setenv("GENVR_DEPTH_HOME", str(tmp_path / "home"))
    use_brightness(monkeypatch)
    Image.new("RGB", (8, 8)).save(tmp_path / "photo.png")
    return str(tmp_path / "photo.png")


ABSENT = "absent.png"
COMMANDS = {
    "estimate": ["estimate", ABSENT],
    "estimate over Ray": ["estimate", ABSENT, "--engine", "ray"],
    "convert": ["convert", ABSENT, "out.exr"],
    "convert as image": ["convert", ABSENT, "out.jpg", "--as-image"],
    "convert a folder": ["convert", ABSENT, "out", "--format", "exr"],
    "score, control": ["score", ABSENT, "PHOTO"],
    "score, photo": ["score", ABSENT, "PHOTO", "--photo"],
    "score, image": ["score", "PHOTO", ABSENT, "--photo"],
    "generate": ["generate", ABSENT, "--prompt", "a"],
    "generate, styles": ["generate", "PHOTO", "--prompt", "a", "--style-file", ABSENT],
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_missing_file_is_the_same_sentence_in_every_command(
    command, photo, tmp_path, monkeypatch, capsys
):
    if "ray" in command:
        pytest.importorskip("ray")
    monkeypatch.chdir(tmp_path)
    words = [photo if word == "PHOTO" else word for word in command]
    assert main(words) == 1
    said = capsys.readouterr().err
    assert said.endswith(": There is no file or folder absent.png; check its name.\n")
    assert said.count("\n") == 1


@pytest.mark.parametrize("words", [[], ["--control", "sd35"]])
def test_plan_accepts_sd35_and_takes_its_own_kind_of_control_net(words, capsys):
    assert main(["plan", "sd35", *words]) == 0
    plan = capsys.readouterr().out
    assert main(["plan", "sd3", "--control", "sd35"]) == 0
    assert plan == capsys.readouterr().out
    assert "SD 3.5 ControlNet" in plan


@pytest.fixture
def clock(monkeypatch):
    """Each look at the clock is a second later."""
    seconds = itertools.count()
    monkeypatch.setattr(progress_display.time, "monotonic", lambda: float(next(seconds)))


def test_without_a_terminal_progress_is_a_plain_line_once_in_a_while(clock, capsys):
    with progress_display.progress_bar("estimating") as progress:
        for done in range(1, 31):
            progress(done, 30)
    with progress_display.progress_bar("downloading it", unit="B") as progress:
        progress(0, 900_000_000)
        progress(120_000_000, 900_000_000)
    with progress_display.status_line() as say:
        for number in range(4):
            say(f"{number}/4 done")
    assert capsys.readouterr().err.splitlines() == [
        "estimating: 2 of 30",
        "estimating: 12 of 30",
        "estimating: 22 of 30",
        "downloading it: 120 of 900 MB",
        "1/4 done",
    ]


def test_a_short_run_prints_no_progress_without_a_terminal(photo, tmp_path, capsys):
    assert main(["estimate", photo, "--out", str(tmp_path / "out"), "--json"]) == 0
    assert capsys.readouterr().err == ""
