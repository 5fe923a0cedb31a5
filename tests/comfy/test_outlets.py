"""Where depth comes from and goes to, in a real ComfyUI: one image, and a batch of sixteen."""

from __future__ import annotations

import json
import struct
from itertools import pairwise

import numpy as np
import pytest
from comfy_graph import node, show
from PIL import Image, ImageDraw

pytestmark = pytest.mark.comfy

SIZE = WIDTH, HEIGHT = 64, 48
SKY = 5


@pytest.fixture
def images(comfy):
    """A ramp from black down to white, the same under a white sky, and a photo of noise."""
    ramp = Image.linear_gradient("L").resize(SIZE).convert("RGB")
    ramp.save(comfy.base / "input" / "ramp.png")
    ramp.paste("white", (0, 0, WIDTH, SKY))
    ramp.save(comfy.base / "input" / "sky.png")
    noise = np.random.default_rng(7).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    Image.fromarray(noise).save(comfy.base / "input" / "noise.png")
    return comfy


def _source(batch):
    """A surface that leans away: 1 m at the top of the image, 5 m at the bottom."""
    return {
        "ramp": node("LoadImage", image="ramp.png"),
        "ramps": node("RepeatImageBatch", image=["ramp", 0], amount=batch),
        "noise": node("LoadImage", image="noise.png"),
        "photo": node("RepeatImageBatch", image=["noise", 0], amount=batch),
        "depth": node(
            "GenVRDepthFromImage",
            image=["ramps", 0],
            white_means="white is far (distance)",
            near=1.0,
            far=5.0,
        ),
    }


def _seen(comfy, done, name):
    """(B, H, W, 3) uint8: what a preview shows."""
    shown = []
    for entry in done.outputs[name]["images"]:
        with Image.open(comfy.file(entry)) as picture:
            shown.append(np.asarray(picture.convert("RGB")))
    return np.stack(shown)


def _run(comfy, batch, nodes):
    done = comfy.run({**_source(batch), **nodes}, timeout=240)
    assert done.status == "success", done.error()
    return done


@pytest.mark.parametrize("batch", [1, 16])
def test_depth_becomes_normals_images_and_a_view(images, batch):
    """A surface nearer at the top looks down: dark green in OpenGL, bright in DirectX."""
    nodes = {
        "gl": node("GenVRDepthNormals", depth=["depth", 0], style="OpenGL"),
        "dx": node("GenVRDepthNormals", depth=["depth", 0], style="DirectX", field_of_view=60.0),
        "grey": node("GenVRDepthToImage", depth=["depth", 0], colormap="grey", near_is="white"),
        "turbo": node(
            "GenVRDepthToImage", depth=["depth", 0], colormap="turbo", near_is="black", multiple=32
        ),
        "look": node("GenVRDepthPreview", depth=["depth", 0], image=["photo", 0]),
    }
    shown = {f"see_{name}": show([name, 0]) for name in ("gl", "dx", "grey", "turbo")}
    done = _run(images, batch, nodes | shown)
    gl, dx = _seen(images, done, "see_gl"), _seen(images, done, "see_dx")
    assert gl.shape == dx.shape == (batch, HEIGHT, WIDTH, 3)
    assert gl[..., 1].max() < 100
    assert dx[..., 1].min() > 155
    assert np.array_equal(gl[..., ::2], dx[..., ::2])
    grey = _seen(images, done, "see_grey")
    assert grey.shape == (batch, HEIGHT, WIDTH, 3)
    assert grey[:, 0].min() == 255
    assert grey[:, -1].max() == 0
    assert _seen(images, done, "see_turbo").shape == (batch, 64, 64, 3)
    entries = list(map(json.loads, done.outputs["look"]["genvr_depth"]))
    assert [entry["frame"] for entry in entries] == list(range(batch))
    for entry in entries:
        raw = np.frombuffer(images.file(entry["file"]).read_bytes(), "<f4")
        assert raw.size == WIDTH * HEIGHT
        assert (raw.min(), raw.max()) == pytest.approx((entry["near"], entry["far"]))
        assert entry["unit"] == "m"
        assert images.file(entry["image"]).is_file()


@pytest.mark.parametrize("batch", [1, 16])
def test_a_batch_becomes_as_many_meshes(images, batch):
    if "SaveGLB" not in images.object_info():
        pytest.skip("this ComfyUI has no SaveGLB")
    nodes = {
        "mesh": node("GenVRDepthToMesh", depth=["depth", 0], image=["photo", 0], cut=0.5, step=3),
        "save": node("SaveGLB", mesh=["mesh", 0], filename_prefix=f"t/batch{batch}"),
    }
    done = _run(images, batch, nodes)
    saved = [e for rows in done.outputs["save"].values() for e in rows if "filename" in e]
    assert len({entry["filename"] for entry in saved}) == batch
    for entry in saved:
        assert _corners(images.file(entry).read_bytes()) == 22 * 17


def _corners(glb):
    """How many points the first mesh of a GLB has."""
    assert glb.startswith(b"glTF")
    head = json.loads(glb[20 : 20 + struct.unpack("<I", glb[12:16])[0]])
    drawn = head["meshes"][0]["primitives"][0]
    return head["accessors"][drawn["attributes"]["POSITION"]]["count"]


@pytest.mark.parametrize("batch", [1, 16])
def test_an_anaglyph_is_the_red_of_one_eye_and_the_rest_of_the_other(images, batch):
    given = {"depth": ["depth", 0], "image": ["photo", 0], "strength": 5.0, "screen": 0.5}
    nodes = {
        "pair": node("GenVRDepthStereo", **given, layout="side by side", fill_holes="background"),
        "red": node("GenVRDepthStereo", **given, layout="anaglyph", fill_holes="background"),
        "see_pair": show(["pair", 0]),
        "see_red": show(["red", 0]),
        "see_holes": node("MaskPreview", mask=["red", 1]),
    }
    done = _run(images, batch, nodes)
    pair, red = _seen(images, done, "see_pair"), _seen(images, done, "see_red")
    assert pair.shape == (batch, HEIGHT, 2 * WIDTH, 3)
    left, right = pair[:, :, :WIDTH], pair[:, :, WIDTH:]
    assert (left != right).any()
    assert np.array_equal(red[..., 0], left[..., 0])
    assert np.array_equal(red[..., 1:], right[..., 1:])
    assert len(done.outputs["see_holes"]["images"]) == batch


@pytest.mark.parametrize("path", ["sway", "orbit", "slide"])
def test_a_parallax_clip_moves(images, path):
    nodes = {
        "clip": node(
            "GenVRDepthStereo",
            depth=["depth", 0],
            image=["photo", 0],
            layout=f"parallax clip, {path}",
            strength=10.0,
            screen=0.5,
            fill_holes="background",
            frames=5,
        ),
        "see": show(["clip", 0]),
    }
    clip = _seen(images, _run(images, 1, nodes), "see")
    assert clip.shape == (5, HEIGHT, WIDTH, 3)
    assert all((one != other).any() for one, other in pairwise(clip))


def _geometry(batch):
    return {
        "scene": node("LoadImage", image="sky.png"),
        "scenes": node("RepeatImageBatch", image=["scene", 0], amount=batch),
        "made": node("StandInGeometry", image=["scenes", 0]),
    }


@pytest.mark.parametrize("batch", [1, 16])
@pytest.mark.parametrize("packet", ["moge", "da3"])
def test_geometry_of_core_becomes_depth(images, packet, batch):
    nodes = {
        **_geometry(batch),
        "taken": node(
            "GenVRDepthFromGeometry",
            geometry=["made", ("moge", "da3").index(packet)],
            unit="metres",
            field_of_view=60.0,
            run_size=WIDTH,
        ),
        "see": show(["taken", 1]),
        "known": node("MaskPreview", mask=["taken", 2]),
    }
    done = _run(images, batch, nodes)
    entries = list(map(json.loads, done.outputs["taken"]["genvr_depth"]))
    assert [entry["kind"] for entry in entries] == ["metric"] * batch
    # Depth Anything's metric network answers for a focal length of 300 pixels.
    focal = {"moge": 0.8 * WIDTH, "da3": 0.5 * WIDTH / np.tan(np.pi / 6)}[packet]
    scale = {"moge": 1.0, "da3": focal / 300}[packet]
    assert entries[0]["camera"][0] == pytest.approx(focal)
    raw = np.frombuffer(images.file(entries[-1]["file"]).read_bytes(), "<f4")
    raw = raw.reshape(HEIGHT, WIDTH)
    with Image.open(images.base / "input" / "sky.png") as picture:
        white = np.asarray(picture)[..., 0] / 255
    sky = white == 1
    assert sky.sum() == SKY * WIDTH
    assert np.array_equal(np.isnan(raw), sky)
    assert np.allclose(raw[~sky], (1 + 4 * white[~sky]) * scale, rtol=1e-5)
    assert np.array_equal(_seen(images, done, "known")[-1][..., 0] > 0, ~sky)
    control = _seen(images, done, "see")
    assert control.shape == (batch, HEIGHT, WIDTH, 3)
    assert (control[:, sky] == 0).all()


def test_the_stand_in_packets_are_what_core_reads(images):
    if "MoGeRender" not in images.object_info():
        pytest.skip("this ComfyUI has no geometry packets yet")
    sky_mask = {"output": "sky_mask", "output.colored": False}
    nodes = {
        **_geometry(2),
        "mask": node("MoGeRender", moge_geometry=["made", 0], output="mask"),
        "see_mask": show(["mask", 0]),
        "sky": node("DA3Render", da3_geometry=["made", 1], **sky_mask),
        "see_sky": show(["sky", 0]),
    }
    done = _run(images, 2, nodes)
    known, sky = _seen(images, done, "see_mask"), _seen(images, done, "see_sky")
    assert known.shape == sky.shape == (2, HEIGHT, WIDTH, 3)
    assert np.array_equal(known, 255 - sky)


def test_the_recipe_for_another_background_leaves_no_rim(images):
    """A red disc with a smoothed outline before a green wall, laid over blue."""
    fine = Image.new("L", (WIDTH * 8, HEIGHT * 8))
    ImageDraw.Draw(fine).ellipse((100, 60, 400, 330), fill=255)
    disc = fine.resize(SIZE, Image.Resampling.BOX)
    disc.convert("RGB").save(images.base / "input" / "disc.png")
    photo = Image.composite(Image.new("RGB", SIZE, "red"), Image.new("RGB", SIZE, "lime"), disc)
    photo.save(images.base / "input" / "red.png")
    nodes = {
        "disc": node("LoadImage", image="disc.png"),
        "photo": node("LoadImage", image="red.png"),
        "blue": node("EmptyImage", width=WIDTH, height=HEIGHT, batch_size=1, color=255),
        "depth": node(
            "GenVRDepthFromImage", image=["disc", 0], white_means="white is near (disparity)"
        ),
        "cut": node(
            "GenVRDepthLayers",
            depth=["depth", 0],
            image=["photo", 0],
            layers=2,
            method="automatic",
            feather=0.0,
        ),
        "shrunk": node("GrowMask", mask=["cut", 0], expand=-1, tapered_corners=True),
    }
    for name, mask in {"plain": "cut", "clean": "shrunk"}.items():
        nodes[name] = node(
            "ImageCompositeMasked",
            destination=["blue", 0],
            source=["photo", 0],
            mask=[mask, 0],
            x=0,
            y=0,
            resize_source=False,
        )
        nodes[f"see_{name}"] = show([name, 0])
    done = images.run(nodes)
    assert done.status == "success", done.error()
    assert _seen(images, done, "see_plain")[..., 1].max() > 80
    clean = _seen(images, done, "see_clean")
    assert clean[..., 1].max() == 0
    assert (clean[..., 0] == 255).mean() > 0.2
