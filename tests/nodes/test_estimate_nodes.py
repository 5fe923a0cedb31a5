"""The estimating nodes, executed without ComfyUI."""

from __future__ import annotations

import pytest
import torch
from genvr_depth.nodes import NODE_CLASS_MAPPINGS
from genvr_depth.nodes.depthkit.errors import InvalidInput, ModelError
from genvr_depth.nodes.depthkit.estimators.loading import BUILTIN_WEIGHTS
from genvr_depth.nodes.depthkit.scenes import SCENE_NAMES
from genvr_depth.nodes.estimate import load_model as models_module
from genvr_depth.nodes.shared import builtin_model, headless
from genvr_depth.nodes.shared.host import HeadlessHost
from PIL import Image
from tiny_models import save_tiny


def node(name):
    return NODE_CLASS_MAPPINGS[f"GenVRDepth{name}"]()


class Brightness:
    name, kind, multiple, inner_size, licence = "brightness", "disparity", 8, 32, "MIT"

    def __call__(self, images):
        return images.mean(1)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("GENVR_DEPTH_HOME", str(tmp_path))
    return tmp_path / "models" / "depth_estimation"


def test_estimate_gives_depth_control_image_mask_and_report():
    image = torch.rand(2, 30, 50, 4)
    answer = node("Estimate").run(image, Brightness())
    depth, control, valid, report = answer["result"]
    assert depth.values.shape == (2, 30, 50)
    assert control.shape == (2, 30, 50, 3)
    assert valid.shape == (2, 30, 50)
    assert valid.dtype == torch.float32
    assert "brightness" in report
    assert set(answer["ui"]) >= {"images"}


def test_near_is_white_in_the_control_image_whatever_the_model_predicts():
    class Metres(Brightness):
        kind = "metric"

    ramp = torch.linspace(0.1, 1, 64)[None, None, :, None].expand(1, 64, 64, 3)
    disparity = node("Estimate").run(ramp, Brightness())["result"][1]
    metric = node("Estimate").run(ramp, Metres())["result"][1]
    assert disparity[0, 32, 60, 0] > disparity[0, 32, 3, 0]
    assert metric[0, 32, 60, 0] < metric[0, 32, 3, 0]


def test_without_a_model_the_builtin_one_is_used_and_the_report_says_so(monkeypatch):
    monkeypatch.setattr(builtin_model, "kept_builtin", lambda *_: Brightness())
    report = node("Estimate").run(torch.rand(1, 20, 20, 3))["result"][3]
    assert report.splitlines()[0] == "No model connected: the built-in depth model is used."


def test_a_better_model_on_this_machine_is_offered_by_name_and_not_taken(home, monkeypatch):
    monkeypatch.setattr(builtin_model, "kept_builtin", lambda *_: Brightness())
    assert builtin_model.installed_offer() is None
    for name in ("depth-anything-v2-metric-indoor-small", "depth-anything-v2-small"):
        (home / name).mkdir(parents=True)
        for file in ("config.json", "model.safetensors"):
            (home / name / file).write_bytes(b"{}")
    answer = node("Estimate").run(torch.rand(1, 20, 20, 3))["result"]
    assert answer[0].source == "brightness"
    assert answer[3].splitlines()[1] == (
        "depth-anything-v2-small is installed and better: connect Load Depth Model to use it."
    )
    connected = node("Estimate").run(torch.rand(1, 20, 20, 3), Brightness())["result"][3]
    assert "installed" not in connected


def test_the_loader_offers_the_builtin_model_first_and_shows_every_licence():
    choices, options = node("ModelLoader").INPUT_TYPES()["required"]["model"]
    assert choices[0] == options["default"] == "builtin"
    assert "NOT for commercial use" in options["tooltip"]
    assert "Apache-2.0" in options["tooltip"]


def test_a_folder_of_the_user_appears_in_the_list_and_loads_once(home):
    save_tiny("depth-anything-v2-small", home, "mine")
    loader = node("ModelLoader")
    assert "mine" in loader.INPUT_TYPES()["required"]["model"][0]
    (first,) = loader.load("mine", "auto", "never")
    (second,) = node("ModelLoader").load("mine", "fp16", "never")
    assert first is second  # headless computes in fp32 only, so both choices mean the same
    depth = node("Estimate").run(torch.rand(1, 40, 40, 3), first, resolution=56)["result"][0]
    assert depth.source == "mine"


def test_a_replaced_file_changes_what_the_cache_sees(home):
    folder = home / "mine"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    before = node("ModelLoader").IS_CHANGED(model="mine", precision="auto", download="never")
    (folder / "model.safetensors").write_bytes(b"x")
    assert node("ModelLoader").IS_CHANGED(model="mine", precision=None) != before


def test_a_missing_model_says_what_to_do(home):
    with pytest.raises(ModelError, match=r"download to 'if missing'.*LiheYoung"):
        node("ModelLoader").load("depth-anything-small", "auto", "never")


@pytest.mark.parametrize("scene", SCENE_NAMES)
def test_every_sample_scene_comes_with_metric_depth_of_its_size(scene):
    image, depth = node("SampleScene").load(scene)["result"]
    assert depth.kind == "metric"
    assert depth.values.shape == image.shape[:3]
    assert depth.camera is not None
    assert depth.valid.float().mean() > 0.5


def test_a_photo_of_the_user_takes_the_place_of_a_sample_scene(tmp_path, monkeypatch):
    monkeypatch.setattr(HeadlessHost, "input_folder", lambda self: tmp_path)
    (tmp_path / "mine").mkdir()
    photo = Image.new("RGB", (60, 40), "red")
    exif = Image.Exif()
    exif[0x0112] = 6  # a phone held upright
    photo.save(tmp_path / "mine" / "p.jpg", exif=exif)
    (tmp_path / "notes.txt").write_text("no photo")
    scene = node("SampleScene")
    choices = scene.INPUT_TYPES()["required"]["scene"][0]
    assert choices == [*SCENE_NAMES, "mine/p.jpg"]
    image, depth = scene.load("mine/p.jpg", Brightness())["result"]
    assert image.shape == (1, 60, 40, 3)
    assert depth.values.shape == (1, 60, 40)
    assert scene.VALIDATE_INPUTS("mine/p.jpg") is True
    assert "no file" in scene.VALIDATE_INPUTS("gone.jpg")
    before = scene.IS_CHANGED("mine/p.jpg")
    photo.rotate(180).save(tmp_path / "mine" / "p.jpg")
    assert scene.IS_CHANGED("mine/p.jpg") != before
    assert scene.IS_CHANGED(SCENE_NAMES[0]) == SCENE_NAMES[0]


def test_image_to_depth_to_image_keeps_a_control_map():
    grey = torch.linspace(0, 1, 40)[None, None, :, None].expand(1, 8, 40, 3)
    (depth,) = node("FromImage").convert(grey, "white is near (disparity)")["result"]
    (image,) = node("ToImage").convert(depth, "grey", "white", window="min-max")
    assert torch.allclose(image, grey, atol=1e-5)


def test_from_geometry_returns_depth_control_and_mask():
    packet = {"depth": torch.rand(1, 8, 9) + 1, "mode": "mono", "image": torch.rand(1, 8, 9, 3)}
    depth, control, valid = node("FromGeometry").convert(packet)["result"]
    assert depth.kind == "depth"
    assert control.shape == (1, 8, 9, 3)
    assert valid.all()


def test_from_geometry_says_where_metres_are_taken_for_granted(monkeypatch):
    said = []
    monkeypatch.setattr(headless._QuietTask, "say", lambda self, text: said.append(text))
    packet = {"depth": torch.rand(1, 8, 9) + 1, "intrinsics": torch.eye(3)[None]}
    assert node("FromGeometry").convert(packet)["result"][0].kind == "metric"
    assert len(said) == 1
    assert "set unit to relative" in said[0]
    node("FromGeometry").convert(packet, unit="relative")
    assert len(said) == 1


def test_bad_images_name_the_input():
    with pytest.raises(InvalidInput, match="'image'"):
        node("Estimate").run(torch.zeros(0, 8, 8, 3), Brightness())


def _spoiled():
    picture = torch.rand(1, 40, 60, 3)
    picture[0, :5, :5] = torch.nan
    picture[0, 5:9, :5] = torch.inf
    return picture


AWKWARD = {
    "NaN and infinity": _spoiled(),
    "flat": torch.full((1, 40, 60, 3), 0.5),
    "black": torch.zeros(1, 40, 60, 3),
    "one pixel": torch.rand(1, 1, 1, 3),
    "one row": torch.rand(1, 1, 12, 3),
    "one column": torch.rand(1, 12, 1, 3),
    "with transparency": torch.rand(2, 41, 37, 4),
    "grey": torch.rand(1, 41, 37, 1),
    "half precision": torch.rand(1, 40, 60, 3).half(),
    "out of range": torch.rand(1, 40, 60, 3) * 9 - 4,
}


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_images_give_a_finite_map_and_control_image_of_their_size(name):
    image = AWKWARD[name]
    options = {"resolution": 64, "detail": "tiles + edges", "consistency": "clip"}
    result = node("Estimate").run(image, **options)["result"]
    depth, control, valid, _ = result
    assert depth.source == "builtin"
    assert depth.values.shape == valid.shape == image.shape[:3]
    assert control.shape == (*image.shape[:3], 3)
    assert torch.isfinite(depth.values).all()
    assert control.amin() >= 0
    assert control.amax() <= 1


def test_the_builtin_model_estimates_a_sample_scene_with_nothing_connected():
    if not BUILTIN_WEIGHTS.is_file():
        pytest.skip("this copy of the pack has no built-in weights yet")
    image, truth = node("SampleScene").load(SCENE_NAMES[0])["result"]
    depth, _, _, report = node("Estimate").run(image)["result"]
    assert depth.source == "builtin"
    assert report.startswith("No model connected")
    # Near things are near: it agrees with the exact depth in more than polarity.
    pairs = torch.stack([depth.values.flatten(), 1 / truth.values.flatten()])[
        :, truth.valid.flatten()
    ]
    assert torch.corrcoef(pairs)[0, 1] > 0.5


@pytest.mark.parametrize(
    ("precision", "able", "wanted"),
    [
        ("auto", {torch.float16, torch.bfloat16}, torch.float16),
        ("auto", {torch.bfloat16}, torch.bfloat16),
        ("auto", set(), torch.float32),
        ("fp32", {torch.float16, torch.bfloat16}, torch.float32),
        ("fp16", set(), torch.float32),
        ("bf16", {torch.float16, torch.bfloat16}, torch.bfloat16),
    ],
)
def test_half_precision_only_where_the_device_computes_it(precision, able, wanted, monkeypatch):
    monkeypatch.setattr(HeadlessHost, "supports", lambda _, dtype: dtype in able)
    assert models_module._dtype(precision) == wanted


@pytest.mark.parametrize(
    ("precision", "wanted", "off"),
    [
        ("auto", torch.float32, 0),
        ("fp32", torch.float32, 0),
        ("fp16", torch.float16, 0.01),
        ("bf16", torch.bfloat16, 0.05),
    ],
)
def test_the_builtin_model_computes_in_the_precision_of_the_loader(
    precision, wanted, off, monkeypatch
):
    monkeypatch.setattr(HeadlessHost, "supports", lambda _, dtype: True)
    image = node("SampleScene").load(SCENE_NAMES[0])["result"][0]
    image = image[:, ::6, ::6]  # few processors compute half precision at any speed
    exact = node("Estimate").run(image, resolution=64)["result"][0].values
    (model,) = node("ModelLoader").load("builtin", precision, "never")
    assert {p.dtype for p in model.network.parameters()} == {wanted}
    assert node("ModelLoader").load("builtin", precision, "never")[0] is model
    depth = node("Estimate").run(image, model, resolution=64)["result"][0]
    error = (depth.values - exact).abs().mean() / (exact.amax() - exact.amin())
    assert error <= off
