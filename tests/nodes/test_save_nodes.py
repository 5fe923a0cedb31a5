"""The save nodes: files where they belong, listed, with their workflow, and nothing else."""

from __future__ import annotations

import json
import os
import threading
import time

import pytest
import torch
from genvr_depth.nodes.adjust.depth_to_normals import GenVRDepthNormals
from genvr_depth.nodes.depthkit import formats
from genvr_depth.nodes.depthkit.depth_map import DepthMap, Pinhole
from genvr_depth.nodes.depthkit.errors import InvalidInput, MissingInformation
from genvr_depth.nodes.depthkit.formats import FORMATS, IMAGES, decode_depth
from genvr_depth.nodes.depthkit.formats.mesh_write import MESH_FORMATS
from genvr_depth.nodes.depthkit.formats.png import read_texts
from genvr_depth.nodes.save import save_3d, save_image
from genvr_depth.nodes.save.depth_to_mesh import GenVRDepthToMesh
from genvr_depth.nodes.save.save_3d import GenVRDepthSave3D
from genvr_depth.nodes.save.save_depth import GenVRDepthSaveDepth
from genvr_depth.nodes.save.save_image import GenVRDepthSaveImage
from genvr_depth.nodes.shared import saving
from PIL import Image

HIDDEN = {"prompt": {"1": {"inputs": {}}}, "extra_pnginfo": {"workflow": {"nodes": [1, 2]}}}


@pytest.fixture
def output(tmp_path, monkeypatch):
    monkeypatch.setenv("GENVR_DEPTH_HOME", str(tmp_path))
    return tmp_path / "output"


@pytest.fixture
def depth():
    torch.manual_seed(0)
    return DepthMap.make(torch.rand(3, 12, 15) + 1, "metric", None, Pinhole(15, 15, 7.5, 6))


def listed(answer: dict) -> list[str]:
    return [entry.removesuffix(" [output]") for entry in answer["ui"]["files"]]


def on_disk(folder) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


@pytest.mark.parametrize("format", FORMATS)
def test_save_depth_writes_one_file_per_frame_and_lists_what_it_wrote(output, depth, format):
    picture = torch.rand(1, 24, 30, 3)
    answer = GenVRDepthSaveDepth().save(depth, "sub/d", format, "raw", picture, **HIDDEN)
    assert sorted(listed(answer)) == on_disk(output)
    extension = FORMATS[format].extension
    main = [name for name in listed(answer) if name.endswith(f"_.{extension}")]
    assert main == [f"sub/d_{n:05}_.{extension}" for n in (1, 2, 3)]
    assert answer["result"] == (depth,)


def test_save_depth_uses_one_window_for_the_clip(output, depth):
    GenVRDepthSaveDepth().save(depth, "d", "png16", "disparity")
    ends = set()
    for path in sorted(output.glob("*.png")):
        record = json.loads(read_texts(path.read_bytes())["genvr_depth"])
        ends.add((record["near"], record["far"], record["normalisation"]))
    assert len(ends) == 1
    assert ends.pop()[2] == "clip"


def test_saving_again_counts_on_and_keeps_the_old_files(output, depth):
    first = listed(GenVRDepthSaveDepth().save(depth, "d", "png16"))
    before = {name: (output / name.lstrip("/")).read_bytes() for name in first}
    second = listed(GenVRDepthSaveDepth().save(depth, "d", "png16"))
    assert not set(first) & set(second)
    assert all((output / n.lstrip("/")).read_bytes() == data for n, data in before.items())


def test_files_that_carry_no_text_get_a_sidecar_with_record_and_workflow(output, depth):
    GenVRDepthSaveDepth().save(depth, "d", "pfm", **HIDDEN)
    body = json.loads((output / "d_00001_.pfm.json").read_text())
    assert body["nodes"] == [1, 2]
    assert body["prompt"] == HIDDEN["prompt"]
    assert body["genvr_depth"]["kind"] == "metric"


def test_a_colour_preview_lies_next_to_each_file_on_request(output, depth):
    answer = GenVRDepthSaveDepth().save(depth, "d", "exr", color_preview="turbo")
    assert "d_00002_.exr.preview.png" in listed(answer)
    assert (output / "d_00002_.exr.preview.png").read_bytes().startswith(b"\x89PNG")


def test_the_browser_gets_the_file_itself_or_a_preview_of_it(output, depth, monkeypatch):
    shown = []

    class Canvas(type(saving.current())):
        def preview(self, images, prefix):
            shown.append(tuple(images.shape))
            return [{"filename": "p.png", "subfolder": "", "type": "temp"}]

    monkeypatch.setattr(saving, "current", Canvas)
    png = GenVRDepthSaveDepth().save(depth, "d", "png16")["ui"]
    assert [entry["type"] for entry in png["images"]] == ["output"] * 3
    assert shown == []
    exr = GenVRDepthSaveDepth().save(depth, "d", "exr")["ui"]
    assert exr["images"] == [{"filename": "p.png", "subfolder": "", "type": "temp"}]
    assert shown == [(3, 12, 15, 3)]
    assert [entry[-13:] for entry in exr["files"]] == [".exr [output]"] * 3


def test_metadata_can_be_switched_off(output, depth, monkeypatch):
    class Quiet(type(saving.current())):
        def metadata_enabled(self):
            return False

    monkeypatch.setattr(saving, "current", Quiet)
    GenVRDepthSaveDepth().save(depth, "d", "png16", sidecar=True, **HIDDEN)
    data = (output / "d_00001_.png").read_bytes()
    assert set(read_texts(data)) == {"genvr_depth"}
    assert set(json.loads((output / "d_00001_.png.json").read_text())) == {"genvr_depth"}
    assert decode_depth(data).valid.all()


@pytest.mark.parametrize("prefix", ["../x", "/tmp/x", "CON", "a/../../b", ""])
def test_a_prefix_that_leads_astray_writes_nothing(output, depth, prefix):
    image = torch.rand(1, 4, 4, 3)
    for save in (
        lambda: GenVRDepthSaveDepth().save(depth, prefix),
        lambda: GenVRDepthSaveImage().save(image, prefix),
        lambda: GenVRDepthSave3D().save(depth, prefix),
    ):
        with pytest.raises(InvalidInput, match="prefix"):
            save()
    assert not output.exists() or on_disk(output) == []


def test_a_depth_photo_without_its_photo_says_so(output, depth):
    with pytest.raises(MissingInformation, match="image"):
        GenVRDepthSaveDepth().save(depth, "d", "depth-photo")


def test_images_must_fit_the_frames(output, depth):
    with pytest.raises(InvalidInput, match="'image'"):
        GenVRDepthSaveDepth().save(depth, "d", "depth-photo", "raw", torch.rand(2, 4, 4, 3))


@pytest.mark.parametrize("format", IMAGES)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_save_image_takes_every_kind_of_image(output, format, channels):
    images = torch.rand(2, 9, 7, channels).half()
    answer = GenVRDepthSaveImage().save(images, "p", format, **HIDDEN)
    assert len([n for n in listed(answer) if n.endswith(IMAGES[format].extension)]) == 2
    assert answer["result"][0] is images


def test_both_eyes_are_saved_as_one_stereo_photo(output, monkeypatch):
    drawn = []
    monkeypatch.setattr(saving, "preview_small", lambda images: drawn.append(images) or [])
    node, eyes = GenVRDepthSaveImage(), torch.rand(4, 12, 16, 3)
    found = node.save(eyes, "eyes", "mpo")["ui"]["files"]
    assert [text.split(" ")[0] for text in found] == ["eyes_00001_.mpo", "eyes_00002_.mpo"]
    for name in ("eyes_00001_.mpo", "eyes_00002_.mpo"):
        with Image.open(output / name) as photo:
            assert photo.n_frames == 2
    assert torch.equal(drawn[0], eyes[::2])
    with pytest.raises(InvalidInput, match=r"3 images are connected.*left and right"):
        node.save(eyes[:3], "eyes", "mpo")


def test_save_image_refuses_a_colour_it_does_not_know(output):
    with pytest.raises(InvalidInput, match="#rrggbb"):
        GenVRDepthSaveImage().save(torch.rand(1, 4, 4, 3), background="beige-ish")


def test_an_empty_batch_is_refused(output):
    with pytest.raises(InvalidInput):
        GenVRDepthSaveImage().save(torch.rand(0, 4, 4, 3))


@pytest.mark.parametrize("format", MESH_FORMATS)
@pytest.mark.parametrize("kind", ["metric", "disparity"])
def test_save_3d_writes_each_frame(output, depth, format, kind):
    relative = DepthMap.make(depth.values, kind)
    picture = torch.rand(1, 24, 30, 3)
    answer = GenVRDepthSave3D().save(relative, "s", format, picture, cut=0.0, **HIDDEN)
    assert len([n for n in listed(answer) if n.endswith(format)]) == 3
    assert sorted(n.lstrip("/") for n in listed(answer)) == on_disk(output)


@pytest.mark.parametrize("format", formats.MESH_FORMATS)
@pytest.mark.parametrize(("frames", "most"), [(1, 1), (3, 3), (0.01, 1)])
def test_save_3d_holds_no_more_frames_than_fit_into_its_share(
    output, monkeypatch, frames, most, format
):
    begun, held, lock = [], set(), threading.Lock()
    encode = formats.encode_mesh

    def watched(frame, *rest):
        with lock:
            held.add(id(frame))
            begun.append(len(held))
        time.sleep(0.02)
        data = encode(frame, *rest)
        with lock:
            held.remove(id(frame))
        return data

    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    monkeypatch.setattr(formats, "encode_mesh", watched)
    share = int(frames * 8 * 9 * save_3d._BYTES_A_PIXEL[format])
    monkeypatch.setattr(save_3d, "_BYTES_AT_ONCE", share)
    clip = DepthMap.make(torch.rand(8, 8, 9) + 1, "metric")
    answer = GenVRDepthSave3D().save(clip, "s", format, cut=0.0)
    assert len([name for name in listed(answer) if name.endswith(format)]) == 8
    assert 0 < max(begun) <= most


def test_a_preview_of_saved_files_is_made_of_the_frames_it_shows(output, monkeypatch):
    asked = []
    monkeypatch.setattr(saving, "preview_small", lambda images: asked.append(len(images)) or [])
    clip = DepthMap.make(torch.rand(40, 8, 9) + 1, "metric")
    GenVRDepthSaveDepth().save(clip, "d", "pfm")
    GenVRDepthSave3D().save(clip, "s", "ply")
    GenVRDepthSaveImage().save(torch.rand(40, 8, 9, 3), "i", "tiff")
    assert asked == [14, 14]


def test_an_image_is_shown_beside_what_it_is_compared_with(output, monkeypatch):
    previews = []
    monkeypatch.setattr(save_image, "preview_small", lambda images: previews.append(images) or [1])
    images, photos = torch.rand(2, 8, 9, 3), torch.rand(20, 16, 18, 4)
    answer = GenVRDepthSaveImage().save(images, "i", "png", compare_with=photos)
    assert answer["ui"]["genvr_compare"] == ["1"]
    assert [tuple(image.shape) for image in previews] == [(16, 16, 18, 3)]
    assert len(answer["ui"]["images"]) == 2
    assert "genvr_compare" not in GenVRDepthSaveImage().save(images, "j", "png")["ui"]


def test_to_mesh_packs_a_batch_of_different_meshes(depth):
    holes = depth.valid.clone()
    holes[1, :6] = False
    uneven = DepthMap.make(depth.values, "metric", holes, depth.camera)
    picture = torch.rand(1, 24, 30, 3)
    mesh = GenVRDepthToMesh().convert(uneven, picture, cut=0.0)[0]
    counts = mesh.extra["vertex_counts"].tolist()
    assert counts == [12 * 15, 6 * 15, 12 * 15]
    assert mesh.vertices.shape == (3, 180, 3)
    assert mesh.extra["uvs"].shape == (3, 180, 2)
    assert mesh.extra["texture"].shape == (3, 24, 30, 3)
    assert (mesh.vertices[0, :, 2] < 0).all()
    for index in range(3):
        faces = mesh.faces[index, : mesh.extra["face_counts"][index]]
        assert faces.max() == counts[index] - 1


def test_normals_of_a_wall_face_the_camera():
    wall = DepthMap.make(torch.full((1, 6, 8), 2.0), "metric")
    picture = GenVRDepthNormals().convert(wall)[0]
    torch.testing.assert_close(picture, torch.tensor([0.5, 0.5, 1.0]).expand(1, 6, 8, 3))


@pytest.mark.parametrize("name", formats.VIDEO_FORMATS)
def test_save_depth_writes_a_clip_as_one_video(output, name):
    pytest.importorskip("av")
    clip = DepthMap.make(torch.rand(3, 8, 16) + 1, "metric")
    photo = torch.rand(1, 16, 32, 3) if formats.VIDEO_FORMATS[name].needs_image else None
    answer = GenVRDepthSaveDepth().save(
        clip, "v/d", name, image=photo, frame_rate=12.5, sidecar=True, **HIDDEN
    )
    video, sidecar = listed(answer)
    assert video == f"v/d_00001_.{formats.VIDEO_FORMATS[name].extension}"
    assert sidecar == f"{video}.json"
    back = formats.load_depth(output / video, formats.LoadOptions())
    assert back.values.shape == clip.values.shape
    plays = video.endswith("mp4")
    assert answer["ui"].get("animated") == ((True,) if plays else None)
    assert [one["filename"] for one in answer["ui"]["images"]] == ["d_00001_.mp4"] * plays
