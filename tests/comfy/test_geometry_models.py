"""ComfyUI's own Depth Anything 3 and MoGe behind Load Depth Model, against ComfyUI's own nodes."""

from __future__ import annotations

import os
import subprocess
import time

import numpy as np
import pytest
from comfy_graph import node
from genvr_depth.nodes.depthkit.formats import decode_depth
from load_pack import SUPPORT
from PIL import Image
from tiny_geometry import DA3, DA3_METRIC, MOGE_1, MOGE_2

pytestmark = pytest.mark.comfy
PREFIX = "geometry_estimation/"
# Sizes at which neither side resamples: multiples of a token's 14 pixels, and MoGe's lowest level.
DA3_SIZE, MOGE_SIZE = (280, 210), (640, 480)


@pytest.fixture(scope="module")
def geometry(comfy_factory):
    """A server with the small models in place; skipped where ComfyUI has no such nodes.

    On a CPU, MoGe of ComfyUI 0.27 needs the option: in half precision it has no resampling there.
    """
    comfy = comfy_factory(extra=("--fp32-text-enc",))
    if "DA3Inference" not in comfy.object_info():
        pytest.skip("this ComfyUI has no nodes for Depth Anything 3 and MoGe")
    folder = comfy.base / "models" / "geometry_estimation"
    made = subprocess.run(
        [comfy.python, SUPPORT / "tiny_geometry.py", folder],
        env={**os.environ, "COMFYUI_PATH": str(comfy.checkout)},
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    return comfy


def picture(comfy, tmp_path, size):
    """An uploaded image of smooth shapes, different in every corner."""
    width, height = size
    y, x = np.mgrid[0 : 1 : 1j * height, 0 : 1 : 1j * width]
    waves = [np.sin(9 * x + 2 * y), np.cos(7 * y - 3 * x), x * y * 2 - 1]
    data = (127 + 120 * np.stack(waves, -1)).astype(np.uint8)
    name = f"waves_{width}x{height}.png"
    Image.fromarray(data).save(tmp_path / name)
    return comfy.upload(tmp_path / name)


def ours(name, image, *, resolution=0, detail="off", amount=1, **settings):
    return {
        "image": node("LoadImage", image=image),
        "many": node("RepeatImageBatch", image=["image", 0], amount=amount),
        "model": node(
            "GenVRDepthModelLoader", model=PREFIX + name, precision="fp32", download="never",
            **settings,
        ),
        "depth": node(
            "GenVRDepthEstimate", image=["many", 0], model=["model", 0], resolution=resolution,
            detail=detail, consistency="clip",
        ),
        **saved(["depth", 0]),
        "text": node("PreviewAny", source=["depth", 3]),
    }  # fmt: skip


def saved(depth):
    return {
        "save": node(
            "GenVRDepthSaveDepth", depth=depth, filename_prefix="geometry/map", format="npz",
            values="unchanged",
        )
    }  # fmt: skip


def core_da3(name, image, resolution, **geometry):
    return {
        "image": node("LoadImage", image=image),
        "load": node("LoadDA3Model", model_name=name, weight_dtype="fp32"),
        "run": node(
            "DA3Inference",
            da3_model=["load", 0], image=["image", 0], resolution=resolution,
            resize_method="upper_bound_resize", mode="mono",
        ),
        "depth": node(
            "GenVRDepthFromGeometry", geometry=["run", 0], run_size=resolution, **geometry
        ),
        **saved(["depth", 0]),
    }  # fmt: skip


def core_moge(name, image, fov=0.0, **geometry):
    return {
        "image": node("LoadImage", image=image),
        "load": node("LoadMoGeModel", model_name=name),
        "run": node(
            "MoGeInference",
            moge_model=["load", 0], image=["image", 0], resolution_level=0, fov_x_degrees=fov,
            batch_size=1, force_projection=True, apply_mask=True,
        ),
        "depth": node("GenVRDepthFromGeometry", geometry=["run", 0], **geometry),
        **saved(["depth", 0]),
    }  # fmt: skip


def depth_of(comfy, prompt):
    done = comfy.run(prompt)
    assert done.status == "success", done.error()
    return decode_depth(comfy.file(done.outputs["save"]["files"][0]).read_bytes())


def same(mine, core):
    assert mine.kind == core.kind
    assert mine.values.shape == core.values.shape
    assert bool((mine.valid == core.valid).all())
    assert mine.valid.float().mean() > 0.2
    assert float(mine.values[mine.valid].std()) > 0
    scale = core.values[core.valid].abs().max()
    assert float((mine.values - core.values)[core.valid].abs().max()) <= 1e-5 * float(scale)


def test_the_files_are_listed_with_their_folder(geometry):
    listed = geometry.object_info()["GenVRDepthModelLoader"]["input"]["required"]["model"][0]
    assert {PREFIX + name for name in (DA3, DA3_METRIC, MOGE_1, MOGE_2)} <= set(listed)


@pytest.mark.parametrize("name", [DA3, DA3_METRIC])
def test_depth_anything_3_answers_as_with_cores_own_node(geometry, tmp_path, name):
    image = picture(geometry, tmp_path, DA3_SIZE)
    mine = depth_of(geometry, ours(name, image, resolution=DA3_SIZE[1]))
    core = depth_of(geometry, core_da3(name, image, DA3_SIZE[0]))
    same(mine, core)
    assert mine.kind == "depth"


def test_depth_anything_3_metric_gives_metres_with_a_field_of_view(geometry, tmp_path):
    image = picture(geometry, tmp_path, DA3_SIZE)
    run = {"resolution": DA3_SIZE[1], "field_of_view": 65.0}
    mine = depth_of(geometry, ours(DA3_METRIC, image, **run))
    core = depth_of(
        geometry,
        core_da3(DA3_METRIC, image, DA3_SIZE[0], unit="metres", field_of_view=65.0),
    )
    same(mine, core)
    assert mine.kind == "metric"
    assert mine.camera is not None
    assert mine.camera.fx == pytest.approx(core.camera.fx, rel=1e-4)


@pytest.mark.parametrize(("name", "unit"), [(MOGE_1, "relative"), (MOGE_2, "metres")])
@pytest.mark.parametrize("fov", [0.0, 50.0])
def test_moge_answers_as_with_cores_own_node_camera_included(geometry, tmp_path, name, unit, fov):
    image = picture(geometry, tmp_path, MOGE_SIZE)
    mine = depth_of(geometry, ours(name, image, resolution=420, field_of_view=fov))
    core = depth_of(geometry, core_moge(name, image, fov, unit=unit))
    same(mine, core)
    assert mine.camera.fx == pytest.approx(core.camera.fx, rel=1e-4)


@pytest.mark.parametrize("name", [DA3, MOGE_2])
def test_any_shape_clips_and_tiles(geometry, tmp_path, name):
    image = picture(geometry, tmp_path, (331, 261))
    done = geometry.run(ours(name, image, resolution=200, detail="tiles", amount=2))
    assert done.status == "success", done.error()
    for entry in done.outputs["save"]["files"]:
        found = decode_depth(geometry.file(entry).read_bytes())
        assert found.values.shape[1:] == (261, 331)
        assert found.valid.any()
    text = done.outputs["text"]["text"][0]
    assert "tiles" in text
    assert "clip: 2 frames aligned" in text


def test_stop_is_heard_inside_a_run(geometry, tmp_path):
    image = picture(geometry, tmp_path, (450, 450))
    prompt_id = geometry.queue(ours(DA3, image, resolution=448, amount=60))
    time.sleep(8)
    pressed = time.monotonic()
    geometry.interrupt()
    done = geometry.wait(prompt_id)
    assert any(message[0] == "execution_interrupted" for message in done.messages)
    assert time.monotonic() - pressed < 15
    assert geometry.run(ours(DA3, image, resolution=140)).status == "success"


@pytest.mark.parametrize(
    ("content", "says"), [(b"", "damaged or cut short"), (b"{}", "damaged or cut short")]
)
def test_a_damaged_file_is_one_sentence(geometry, tmp_path, content, says):
    path = geometry.base / "models" / "geometry_estimation" / "broken.safetensors"
    path.write_bytes(content)
    image = picture(geometry, tmp_path, (64, 64))
    done = geometry.run(ours("broken.safetensors", image))
    path.unlink()
    assert done.status == "error"
    assert says in done.error()["exception_message"]


def test_weights_that_lack_a_layer_are_one_sentence(geometry, tmp_path):
    from safetensors.torch import load_file, save_file

    folder = geometry.base / "models" / "geometry_estimation"
    state = load_file(folder / MOGE_2)
    kept = {key: value for key, value in state.items() if not key.startswith("neck.")}
    save_file(kept, folder / "partial.safetensors")
    done = geometry.run(ours("partial.safetensors", picture(geometry, tmp_path, (64, 64))))
    (folder / "partial.safetensors").unlink()
    assert done.status == "error"
    assert "ComfyUI cannot load partial.safetensors" in done.error()["exception_message"]
