"""ComfyUI's own models through our driver, with a stand-in for the network that ComfyUI runs."""

from __future__ import annotations

import json
import math
import sys

import pytest
import torch
from genvr_depth.nodes.depthkit.cli import main
from genvr_depth.nodes.depthkit.errors import InvalidInput, ModelError
from genvr_depth.nodes.depthkit.estimators import (
    EstimateOptions,
    GeometryKind,
    GeometrySettings,
    estimate,
    geometry_estimator,
    geometry_kind,
    load_estimator,
)
from genvr_depth.nodes.shared import core_models
from genvr_depth.nodes.shared.comfy_host import ComfyHost

DA3 = GeometryKind("Depth Anything 3", metric=False)
DA3_METRIC = GeometryKind("Depth Anything 3", metric=True)
MOGE_1, MOGE_2 = GeometryKind("MoGe 1", metric=False), GeometryKind("MoGe", metric=True)


class StandIn:
    """Answers the packet of ComfyUI's node: depth 1 + the red channel, blue above .5 is sky."""

    def __init__(self, family="da3"):
        self.module, self.asked, self.family = torch.nn.Identity(), [], family

    def run(self, images, **settings):
        self.asked.append((tuple(images.shape), settings))
        depth, sky = 1 + images[..., 0], images[..., 2]
        if self.family == "da3":
            return {"depth": depth, "mode": "mono", "image": images, "sky": sky}
        mask = sky < 0.5
        fov = settings["fov_x_degrees"] or 90.0
        focal = 0.5 / math.tan(math.radians(fov) / 2)
        lens = torch.eye(3).repeat(len(images), 1, 1)
        lens[:, 0, 0] = focal
        return {"depth": depth.masked_fill(~mask, torch.inf), "mask": mask, "intrinsics": lens}


def run(kind, image, options=None, **settings):
    network = StandIn("da3" if kind.family == "Depth Anything 3" else "moge")
    model = geometry_estimator("core", kind, network, GeometrySettings(**settings))
    return estimate(model, image, options).depth, network.asked


def scene(height=120, width=200):
    """Depth 1.5 everywhere; the upper third is sky."""
    image = torch.zeros(2, height, width, 3)
    image[..., 0] = 0.5
    image[:, : height // 3, :, 2] = 1.0
    return image


@pytest.mark.parametrize("kind", [DA3, DA3_METRIC, MOGE_1, MOGE_2])
@pytest.mark.parametrize("size", [(1, 1), (37, 53), (400, 90), (30, 700)])
def test_any_shape_comes_back_in_its_own_size(kind, size):
    found, _ = run(kind, torch.rand(2, *size, 3) * 0.4, EstimateOptions(inner_size=56))
    assert found.values.shape == (2, *size)
    assert found.valid.all()


@pytest.mark.parametrize("kind", [DA3, MOGE_1, MOGE_2])
def test_sky_is_unknown_and_lends_its_neighbours_nothing(kind):
    found, _ = run(kind, scene(), EstimateOptions(inner_size=56))
    assert not found.valid[:, :30].any()
    assert found.valid[:, 45:].all()
    assert torch.allclose(found.values[found.valid], torch.tensor(1.5), atol=1e-4)


def test_metres_are_the_focal_length_of_the_worked_image_times_the_answer_by_300():
    options = EstimateOptions(inner_size=70)
    found, asked = run(DA3_METRIC, scene(140, 280), options, fov_deg=60.0)
    assert asked[0][0] == (1, 70, 140, 3)
    focal_px = 0.5 * 140 / math.tan(math.radians(30))
    assert found.kind == "metric"
    assert found.values[0, -1, -1].item() == pytest.approx(1.5 * focal_px / 300, rel=1e-4)
    assert found.camera is not None
    assert found.camera.fx == pytest.approx(0.5 * 280 / math.tan(math.radians(30)), rel=1e-4)


def test_without_a_field_of_view_depth_anything_3_is_relative_and_has_no_camera():
    found, asked = run(DA3_METRIC, scene())
    assert (found.kind, found.camera) == ("depth", None)
    # The shorter side it was trained for; ComfyUI's node is told the longer one.
    assert asked[0][0][1] == 504
    assert asked[0][1]["resolution"] == asked[0][0][2]


@pytest.mark.parametrize(("fov", "seen"), [(0.0, 90.0), (50.0, 50.0)])
def test_moge_brings_its_camera_or_takes_the_given_one(fov, seen):
    found, _ = run(MOGE_2, scene(), EstimateOptions(inner_size=100), fov_deg=fov)
    assert found.camera is not None
    wanted = 0.5 * 200 / math.tan(math.radians(seen) / 2)
    assert found.camera.fx == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize(
    ("kind", "resolution", "level"),
    [(MOGE_2, 0, 9), (MOGE_1, 0, 9), (MOGE_2, 420, 0), (MOGE_2, 200, 0), (MOGE_2, 2000, 9)],
)
def test_the_resolution_becomes_moges_level(kind, resolution, level):
    options = EstimateOptions(inner_size=resolution)
    _, asked = run(kind, scene(90, 120), options, refine_steps=5)
    assert asked[0][1]["resolution_level"] == level
    assert asked[0][1]["refine_steps"] == 5


def test_tiles_ask_for_parts_without_the_lens_of_the_whole():
    options = EstimateOptions(inner_size=56, detail="tiles")
    found, asked = run(MOGE_2, torch.rand(1, 200, 260, 3) * 0.4, options, fov_deg=50.0)
    assert found.values.shape == (1, 200, 260)
    assert len(asked) > 4
    assert [settings["fov_x_degrees"] for _, settings in asked[:2]] == [50.0, 0.0]


def _write(path, keys):
    header = {key: {"dtype": "F16", "shape": [0], "data_offsets": [0, 0]} for key in keys}
    data = json.dumps(header).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(len(data).to_bytes(8, "little") + data)
    return path


@pytest.mark.parametrize(
    ("name", "key", "kind"),
    [
        ("da3_small.safetensors", "head.scratch.refinenet1.out_conv.weight", DA3),
        ("da3-METRIC-large.safetensors", "head.scratch.refinenet1.out_conv.weight", DA3_METRIC),
        ("x.safetensors", "head.upsample_blocks.0.0.0.weight", MOGE_1),
        ("x.safetensors", "points_head.input_blocks.0.weight", MOGE_2),
        ("moge_2_vitl.pt", "", MOGE_2),
        ("moge_1_vitl.pt", "", MOGE_1),
        ("da3_metric.pt", "", DA3_METRIC),
    ],
)
def test_a_file_says_what_it_holds(tmp_path, name, key, kind):
    assert geometry_kind(_write(tmp_path / name, [key])) == kind


@pytest.mark.parametrize(
    "content", [b"", b"abc", b"\xff" * 64, (9).to_bytes(8, "little") + b"{{{{{{{{{"]
)
def test_a_damaged_file_is_a_sentence(tmp_path, content):
    path = tmp_path / "moge.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"moge\.safetensors.*damaged.*Download it again"):
        geometry_kind(path)


def test_another_models_file_is_named(tmp_path):
    path = _write(tmp_path / "flux.safetensors", ["double_blocks.0.weight"])
    with pytest.raises(ModelError, match=r"flux\.safetensors.*neither Depth Anything 3 nor MoGe"):
        geometry_kind(path)


def test_without_comfyui_the_files_are_listed_and_say_what_they_need(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GENVR_DEPTH_HOME", str(tmp_path))
    _write(
        tmp_path / "models" / "geometry_estimation" / "sub" / "moge_2.safetensors",
        ["points_head.x"],
    )
    assert main(["models", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["geometry_estimation/sub/moge_2.safetensors"]["state"] == "needs ComfyUI"
    with pytest.raises(ModelError, match="needs ComfyUI"):
        load_estimator("geometry_estimation/sub/moge_2.safetensors", [tmp_path])
    assert core_models.core_model_names() == []


class _Newer:
    FUNCTION = "EXECUTE_NORMALIZED"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"image": ("IMAGE",)}, "optional": {"steps": ("INT",)}}

    @classmethod
    def EXECUTE_NORMALIZED(cls, **inputs):
        return type("NodeOutput", (), {"args": (inputs,)})()


class _Older(_Newer):
    FUNCTION = "run"

    def run(self, **inputs):
        return (inputs,)


@pytest.mark.parametrize("node", [_Newer, _Older])
def test_a_core_node_gets_the_inputs_it_knows(monkeypatch, node):
    fake = type(sys)("nodes")
    fake.NODE_CLASS_MAPPINGS = {"DA3Inference": node}
    monkeypatch.setitem(sys.modules, "nodes", fake)
    monkeypatch.setattr(core_models, "current", ComfyHost)
    asked = core_models._core_answer("DA3Inference", image=1, steps=2, refine_steps=3)
    assert asked == {"image": 1, "steps": 2}
    with pytest.raises(InvalidInput, match="no node MoGeInference"):
        core_models._core_answer("MoGeInference")
