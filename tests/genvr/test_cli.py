"""The command line against the stand-in."""

from __future__ import annotations

import io
import json
import stat
import sys

import pytest
from fake_genvr import Fault
from genvr_depth.nodes.depthkit.cli import main
from PIL import Image


@pytest.fixture
def home(fake, monkeypatch, tmp_path):
    monkeypatch.setenv("GENVR_DEPTH_HOME", str(tmp_path / "home"))
    for name in ("GENVR_API_KEY", "GENVR_TOKEN", "GENVR_ACCESS_TOKEN", "GENVR_UID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GENVR_API_BASE", fake.base)
    Image.new("RGB", (40, 30), (90, 120, 200)).save(tmp_path / "photo.png")
    return tmp_path


def log_in(fake, monkeypatch, *more):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{fake.key}\n{fake.uid}\n"))
    return main(["login", *more])


def test_login_generate_and_ledger(fake, home, monkeypatch, capsys, leak_hunt):
    assert log_in(fake, monkeypatch) == 0
    stored = home / "home" / "private" / "credentials.json"
    assert stat.S_IMODE(stored.stat().st_mode) == 0o600
    assert stat.S_IMODE(stored.parent.stat().st_mode) == 0o700
    (home / "styles.txt").write_text("# mine\ndusk: at dusk\nfog: in fog\n")
    command = [
        "generate", str(home / "photo.png"), "--prompt", "a castle", "--count", "2",
        "--style-file", str(home / "styles.txt"), "--out", str(home / "out"),
    ]  # fmt: skip
    for _ in range(2):
        assert main(command) == 0
    names = sorted(p.name for p in (home / "out").iterdir())
    assert names == [f"photo_{s}_seed{n}.jpg" for s in ("dusk", "fog") for n in (0, 1)]
    assert len(fake.charges) == 4
    assert main(["ledger", "--tasks", "9"]) == 0
    said = capsys.readouterr()
    assert "20 credits for 4 tasks" in said.out
    assert "a castle, in fog" in said.out
    leak_hunt.texts.append(said.out + said.err)


def test_every_image_that_is_paid_for_gets_a_file_of_its_own(fake, home, monkeypatch):
    log_in(fake, monkeypatch)
    photos = [home / folder / name for folder in ("a", "b") for name in ("写真.png", "図.png")]
    for number, photo in enumerate(photos):
        photo.parent.mkdir(exist_ok=True)
        Image.new("RGB", (40, 30), (number, 120, 200)).save(photo)
    command = ["generate", *map(str, photos), "--prompt", "a castle", "--out", str(home / "out")]
    assert main(command) == 0
    assert main([*command, "--take", "1"]) == 0
    assert len(fake.charges) == len(list((home / "out").iterdir())) == 8


def images(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_an_earlier_image_is_never_replaced(fake, home, monkeypatch, capsys):
    log_in(fake, monkeypatch)
    command = ["generate", str(home / "photo.png"), "--prompt", "a castle", "--out"]
    assert main([*command, str(home / "out")]) == 0
    first = images(home / "out")
    assert main([*command, str(home / "out"), "--steps", "20"]) == 0
    assert main([*command, str(home / "out"), "--steps", "30"]) == 0
    assert main([*command, str(home / "out"), "--steps", "20"]) == 0
    found = images(home / "out")
    assert sorted(found) == [f"photo_plain_seed0{n}.jpg" for n in ("-2", "-3", "")]
    assert found["photo_plain_seed0.jpg"] == first["photo_plain_seed0.jpg"]
    assert len(set(found.values())) == len(fake.charges) == 3
    assert capsys.readouterr().out.splitlines()[-1].endswith("photo_plain_seed0-2.jpg")


def test_one_refused_image_keeps_none_of_the_paid_ones_back(fake, home, monkeypatch, capsys):
    log_in(fake, monkeypatch)
    fake.script("generate", Fault(body={"success": False, "message": "Request Moderated"}))
    command = ["generate", str(home / "photo.png"), "--prompt", "a castle", "--count", "4"]
    command += ["--out", str(home / "out"), "--concurrency", "1"]
    assert main(command) == 1
    said = capsys.readouterr()
    assert "1 of 4 images failed" in said.err
    assert said.out.count(".jpg") == len(images(home / "out")) == len(fake.charges) == 3
    assert main(command) == 0
    assert len(images(home / "out")) == len(fake.charges) == 4


def test_a_folder_that_cannot_be_written_is_noticed_before_anything_is_paid_for(
    fake, home, monkeypatch, capsys
):
    log_in(fake, monkeypatch)
    (home / "out").write_text("in the way")
    command = ["generate", str(home / "photo.png"), "--prompt", "a", "--out", str(home / "out")]
    assert main(command) == 1
    assert "a file of that name is in the way" in capsys.readouterr().err
    assert fake.charges == []


def test_max_credits_of_0_pays_for_nothing_and_nan_is_no_amount(fake, home, monkeypatch, capsys):
    log_in(fake, monkeypatch)
    command = ["generate", str(home / "photo.png"), "--prompt", "a", "--out", str(home / "out")]
    for cap, words in (("0", "spending cap of 0"), ("nan", "cap is nan"), ("-1", "cap is -1")):
        assert main([*command, "--max-credits", cap]) == 1
        assert words in capsys.readouterr().err
    assert fake.charges == []
    assert main(command) == 0
    assert main([*command, "--max-credits", "0"]) == 0
    assert len(fake.charges) == 1


def test_a_name_that_the_terminal_cannot_show_ends_nothing(fake, home, monkeypatch):
    log_in(fake, monkeypatch)
    (home / "写真.png").write_bytes((home / "photo.png").read_bytes())
    shown = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(shown, encoding="cp1252"))
    command = ["generate", str(home / "写真.png"), "--prompt", "a", "--out", str(home / "out")]
    assert main(command) == 0
    sys.stdout.flush()
    assert rb"\u5199\u771f_plain_seed0.jpg" in shown.getvalue()
    assert main(["ledger", "--tasks", "1"]) == 0


def test_login_says_when_the_key_does_not_work(fake, home, monkeypatch, capsys, leak_hunt):
    monkeypatch.setattr("sys.stdin", io.StringIO("canary-key-wrong-0001\nsomebody\n"))
    assert main(["login"]) == 1
    said = capsys.readouterr()
    assert "does not work yet" in said.err
    assert "canary-key-wrong-0001" not in said.err + said.out
    assert fake.charges == []


def test_a_key_is_never_an_argument():
    for option in ("--key", "--token", "--uid"):
        with pytest.raises(SystemExit) as raised:
            main(["login", option, "secret"])
        assert raised.value.code == 2


def test_login_forget_removes_the_key(fake, home, monkeypatch, capsys):
    log_in(fake, monkeypatch)
    assert main(["login", "--forget"]) == 0
    rows = json.loads((home / "home" / "private" / "credentials.json").read_text())
    assert rows == {"profiles": {}}
    assert main(["generate", str(home / "photo.png"), "--prompt", "a"]) == 1
    assert "genvr-depth login" in capsys.readouterr().err


def test_probe_is_free_needs_no_key_and_sees_drift(fake, home, capsys, monkeypatch):
    assert main(["probe"]) == 0
    assert "fits" in capsys.readouterr().out
    fields, _ = (copy := dict(fake_schemas()))["depth"]
    monkeypatch.setitem(fields, "steps", (int, 10, 40))
    monkeypatch.delitem(copy["canny"][0], "guidance")
    assert main(["probe"]) == 1
    said = capsys.readouterr().out
    assert "'steps' max is 40, expected 50" in said
    assert "'guidance' is gone" in said
    assert all("Authorization" not in headers for _, headers in fake.calls)
    assert fake.charges == []


def fake_schemas():
    import fake_genvr

    return fake_genvr.SCHEMAS


def test_an_unreadable_photo_and_a_bad_range_are_one_line_each(fake, home, monkeypatch, capsys):
    log_in(fake, monkeypatch)
    assert main(["generate", str(home / "none.png"), "--prompt", "a"]) == 1
    assert main(["generate", str(home / "photo.png"), "--prompt", "a", "--steps", "99"]) == 1
    said = capsys.readouterr().err
    assert "none.png; check its name" in said
    assert "'steps' is 99" in said
    assert fake.charges == []
