"""Load Depth: finds files, reads them right, and stays inside its folders."""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch
from genvr_depth.nodes.depthkit.depth_map import DepthMap, Pinhole
from genvr_depth.nodes.depthkit.errors import FormatError, InvalidInput, MissingInformation
from genvr_depth.nodes.depthkit.formats import FORMATS
from genvr_depth.nodes.depthkit.formats.options import METRES
from genvr_depth.nodes.depthkit.formats.png import write
from genvr_depth.nodes.estimate import load_depth
from genvr_depth.nodes.estimate.load_depth import GenVRDepthLoad
from genvr_depth.nodes.save.save_depth import GenVRDepthSaveDepth
from genvr_depth.nodes.shared.canvas_files import file_behind


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("GENVR_DEPTH_HOME", str(tmp_path))
    (tmp_path / "input" / "scans").mkdir(parents=True)
    return tmp_path


def choices() -> list[str]:
    return GenVRDepthLoad.INPUT_TYPES()["required"]["file"][0]


@pytest.mark.parametrize("format", FORMATS)
def test_what_save_depth_wrote_is_loaded_back(home, format):
    z = torch.rand(1, 9, 11) + 1
    z[0, 2, 3] = float("nan")
    depth = DepthMap.make(z, "metric", None, Pinhole(11, 11, 5.5, 4.5))
    picture = torch.rand(1, 18, 22, 3)
    entry = GenVRDepthSaveDepth().save(depth, "d", format, image=picture)["ui"]["files"][0]
    loaded, image, mask, _ = GenVRDepthLoad().load(entry)["result"]
    assert torch.equal(loaded.valid, depth.valid)
    torch.testing.assert_close(loaded.values, depth.values, atol=2e-3, rtol=0)
    assert loaded.source == entry.removesuffix(" [output]")
    assert image.shape == (1, 9, 11, 3)
    assert mask.shape == (1, 9, 11)
    assert mask[0, 2, 3] == 0


def test_files_and_sub_folders_of_input_are_offered_and_others_are_not(home):
    (home / "input" / "b.exr").write_bytes(b"x")
    (home / "input" / "scans" / "a.PNG").write_bytes(b"x")
    (home / "input" / "song.mp3").write_bytes(b"x")
    assert choices() == ["b.exr", "scans/a.PNG"]


def test_millimetre_scans_are_read_with_their_scale(home):
    (home / "input" / "scans" / "k.png").write_bytes(write(np.full((2, 3), 1234, np.uint16)))
    with pytest.raises(MissingInformation):
        GenVRDepthLoad().load("scans/k.png")
    depth = GenVRDepthLoad().load("scans/k.png", METRES, unit_scale=0.001)["result"][0]
    torch.testing.assert_close(depth.values, torch.full((1, 2, 3), 1.234))


@pytest.mark.parametrize("name", ["../secret.npy", "scans/../../secret.npy", "/etc/hostname"])
def test_no_file_outside_the_folders_is_read(home, name):
    (home / "secret.npy").write_bytes(b"x")
    with pytest.raises(InvalidInput):
        GenVRDepthLoad().load(name)
    assert isinstance(GenVRDepthLoad.VALIDATE_INPUTS(name), str)


def test_a_nul_in_a_name_is_a_sentence(home):
    assert "NUL" in GenVRDepthLoad.VALIDATE_INPUTS("a\0.exr")
    with pytest.raises(InvalidInput, match="NUL"):
        GenVRDepthLoad().load("a\0.exr")


def test_a_link_that_leads_outside_is_not_followed(home):
    (home / "secret.npy").write_bytes(b"x")
    os.symlink(home / "secret.npy", home / "input" / "link.npy")
    with pytest.raises(InvalidInput, match="outside"):
        GenVRDepthLoad().load("link.npy")
    assert choices() == []


@pytest.mark.parametrize("inside", [True, False])
def test_a_linked_folder_is_listed_once_and_never_outside(home, inside):
    """As ComfyUI does: what a link leads to must lie in the folder itself."""
    target = home / "input" / "scans" if inside else home / "elsewhere"
    target.mkdir(exist_ok=True)
    np.save(target / "d.npy", np.full((4, 5), 2.0, np.float32))
    os.symlink(target, home / "input" / "linked", target_is_directory=True)
    if inside:
        assert choices() == ["scans/d.npy"]
        assert file_behind("linked/d.npy") == (target / "d.npy").resolve()
    else:
        assert choices() == []
        with pytest.raises(InvalidInput, match="outside"):
            GenVRDepthLoad().load("linked/d.npy")


def test_a_link_inside_the_folder_is_offered_and_followed(home):
    np.save(home / "input" / "scans" / "d.npy", np.full((4, 5), 2.0, np.float32))
    os.symlink(home / "input" / "scans" / "d.npy", home / "input" / "link.npy")
    assert choices() == ["link.npy", "scans/d.npy"]
    assert file_behind("link.npy").name == "d.npy"


def test_a_missing_file_is_reported_before_the_run(home):
    assert "no file" in GenVRDepthLoad.VALIDATE_INPUTS("gone.exr")


def test_a_changed_file_is_read_again(home):
    path = home / "input" / "d.npy"
    path.write_bytes(b"x")
    first = GenVRDepthLoad.IS_CHANGED("d.npy", meaning="x")
    assert GenVRDepthLoad.IS_CHANGED("d.npy") == first
    path.write_bytes(b"xy")
    assert GenVRDepthLoad.IS_CHANGED("d.npy") != first


def test_a_changed_record_beside_the_file_is_read_again(home):
    (home / "input" / "d.npy").write_bytes(b"x")
    bare = GenVRDepthLoad.IS_CHANGED("d.npy")
    record = home / "input" / "d.npy.json"
    record.write_text("{}")
    first = GenVRDepthLoad.IS_CHANGED("d.npy")
    record.write_text('{"kind": "metric"}')
    assert len({bare, first, GenVRDepthLoad.IS_CHANGED("d.npy")}) == 3


def test_a_file_name_that_is_wired_in_is_left_to_the_run(home):
    """ComfyUI gives None for what only the run can tell."""
    assert GenVRDepthLoad.VALIDATE_INPUTS(None) is True
    assert GenVRDepthLoad.IS_CHANGED(None) != GenVRDepthLoad.IS_CHANGED(None)


def test_depth_formats_stay_on_the_list_when_it_is_cut(home, monkeypatch):
    monkeypatch.setattr(load_depth, "_MAX_LISTED", 3)
    for name in ("a.png", "b.jpg", "c.png", "scans/y.tif", "scans/z.exr"):
        (home / "input" / name).write_bytes(b"x")
    assert choices() == ["scans/y.tif", "scans/z.exr", "a.png"]


def test_a_link_to_nothing_is_not_offered(home):
    os.symlink(home / "gone.exr", home / "input" / "link.exr")
    assert choices() == []


def test_damaged_files_name_the_problem(home):
    (home / "input" / "d.exr").write_bytes(b"v/1\x01" + b"\0" * 50)
    with pytest.raises(FormatError, match="EXR"):
        GenVRDepthLoad().load("d.exr")


def test_what_save_depth_numbers_is_offered_and_loaded_as_a_clip(home):
    depth = DepthMap.make(torch.rand(3, 9, 11) + 1, "metric")
    saved = GenVRDepthSaveDepth().save(depth, "shot/depth.####", "exr")["ui"]["files"]
    assert saved == [f"shot/depth.{n:04}.exr [output]" for n in (1, 2, 3)]
    more = GenVRDepthSaveDepth().save(depth, "shot/depth.####", "exr")["ui"]["files"]
    assert more[0] == "shot/depth.0004.exr [output]"
    os.rename(home / "output" / "shot", home / "input" / "shot")
    assert choices()[0] == "shot/depth.####.exr"
    found = GenVRDepthLoad().load("shot/depth.####.exr", last_frame=3)["result"][0]
    assert torch.equal(found.values, depth.values)
    part = GenVRDepthLoad().load("shot/depth.####.exr", first_frame=2, last_frame=4, step=2)
    assert torch.equal(part["result"][0].values, depth.values[[1, 0]])
    assert GenVRDepthLoad.VALIDATE_INPUTS("shot/depth.####.exr") is True
    assert GenVRDepthLoad.IS_CHANGED("shot/depth.####.exr") == GenVRDepthLoad.IS_CHANGED(
        "shot/depth.####.exr"
    )


def test_the_photo_beside_the_depth_is_an_output(home):
    depth = DepthMap.make(torch.rand(1, 9, 11) + 1, "metric")
    GenVRDepthSaveDepth().save(depth, "p", "depth-photo", image=torch.rand(1, 18, 22, 3))
    assert GenVRDepthLoad().load("p_00001_.jpg [output]")["result"][3].shape == (1, 18, 22, 3)
    GenVRDepthSaveDepth().save(depth, "e", "exr")
    assert not isinstance(GenVRDepthLoad().load("e_00001_.exr [output]")["result"][3], torch.Tensor)
