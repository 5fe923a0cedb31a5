"""Every family, with small random networks of the real architecture, through the real path."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from genvr_depth.nodes.depthkit.errors import InvalidInput, ModelError
from genvr_depth.nodes.depthkit.estimators import MODELS, EstimateOptions, estimate, resident
from genvr_depth.nodes.depthkit.estimators import transformers_network as network_module
from genvr_depth.nodes.depthkit.estimators.base import WantsMargin
from genvr_depth.nodes.depthkit.estimators.transformers_family import (
    FAMILIES,
    family_of,
    load_folder,
)
from tiny_models import save_tiny

# The polarity of every family, as its authors publish it: disparity = near is large.
KINDS = {
    "depth-anything-v2-small": "disparity",
    "depth-anything-v2-metric-indoor-small": "metric",
    "dpt-large": "disparity",
    "zoedepth-nyu-kitti": "metric",
    "depth-pro": "metric",
    "own-dpt-beit": "disparity",
    "own-dpt-dinov2": "metric",
    "own-dpt-hybrid": "disparity",
    "own-glpn": "metric",
    "own-depth-pro-without-lens": "disparity",
    "tipsv2-dpt-base": "metric",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    saved = {}

    def get(name):
        if name not in saved:
            saved[name] = save_tiny(name, root)
        return saved[name]

    return get


@pytest.mark.parametrize("name", KINDS)
def test_every_family_loads_and_answers_at_the_size_of_the_image(name, folder):
    model = load_folder(folder(name), resident())
    images = torch.rand(2, 50, 83, 3)
    found = estimate(model, images, EstimateOptions(inner_size=64))
    assert found.depth.values.shape == (2, 50, 83)
    assert found.depth.kind == KINDS[name]
    assert torch.isfinite(found.depth.values).all()
    assert found.depth.source == name


def test_the_batch_does_not_change_the_answer(folder):
    model = load_folder(folder("depth-anything-v2-metric-indoor-small"), resident())
    images = torch.rand(3, 3, 56, 56, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(model(images)[2], model(images[2:])[0], rtol=1e-3, atol=1e-5)


def test_the_values_are_those_of_the_network_untouched(folder):
    from transformers import AutoModelForDepthEstimation

    path = folder("depth-anything-v2-metric-indoor-small")
    network = AutoModelForDepthEstimation.from_pretrained(path).eval()
    images = torch.rand(2, 3, 56, 70)
    with torch.no_grad():
        # The folder's own preprocessor_config.json: mean 0.5, standard deviation 0.25.
        wanted = network(pixel_values=(images - 0.5) / 0.25).predicted_depth
        got = load_folder(path, resident())(images)
    assert torch.allclose(got, wanted, atol=1e-5)


# As published beside the weights, in part.
_DINO_PREPARED = {
    "do_normalize": True,
    "do_pad": True,
    "do_rescale": False,
    "do_resize": False,
    "image_mean": [123.675, 116.28, 103.53],
    "image_std": [58.395, 57.12, 57.375],
    "rescale_factor": 1 / 255,
    "size_divisor": 14,
}
_GLPN_PREPARED = {"do_rescale": True, "do_resize": True, "resample": 2, "size_divisor": 32}


@pytest.mark.parametrize(
    ("name", "prepared"),
    [
        ("glpn-nyu", _GLPN_PREPARED),
        ("glpn-kitti", _GLPN_PREPARED),
        ("dpt-dinov2-base-nyu", _DINO_PREPARED),
        ("dpt-dinov2-small-kitti", _DINO_PREPARED),
    ],
)
def test_a_row_answers_as_the_library_with_its_own_preparation(name, prepared, tmp_path):
    import transformers

    path = save_tiny(name, tmp_path)
    (path / "preprocessor_config.json").write_text(json.dumps(prepared))
    processing = (
        transformers.GLPNImageProcessor
        if name.startswith("glpn")
        else transformers.DPTImageProcessor
    )
    network = transformers.AutoModelForDepthEstimation.from_pretrained(path).eval()
    image = torch.randint(0, 256, (1, 3, 64, 96) if name.startswith("glpn") else (1, 3, 56, 84))
    with torch.no_grad():
        wanted = network(**processing(**prepared)(image.byte(), return_tensors="pt"))
        model = load_folder(path, resident())
        got = model(image / 255)
    assert model.kind == "metric"
    torch.testing.assert_close(got, wanted.predicted_depth, rtol=1e-3, atol=1e-4)


def test_depth_pro_gives_metres_and_a_camera_as_its_own_post_processing_does(folder):
    from transformers import AutoModelForDepthEstimation

    path = folder("depth-pro")
    network = AutoModelForDepthEstimation.from_pretrained(path).eval()
    # Random weights see any angle: pin the lens so that the formula can be checked.
    model = load_folder(path, resident())
    for each in (network, model.network):
        last = [m for m in each.fov_model.head.modules() if isinstance(m, torch.nn.Conv2d)][-1]
        torch.nn.init.zeros_(last.weight)
        torch.nn.init.constant_(last.bias, 60.0)
    images = torch.rand(1, 128, 128, 3)
    with torch.no_grad():
        out = network(pixel_values=(images.movedim(-1, 1) - 0.5) / 0.25)
    focal = 0.5 * 128 / torch.tan(torch.deg2rad(torch.tensor(30.0)))
    found = estimate(model, images).depth
    assert found.camera is not None
    assert found.camera.fx == pytest.approx(focal.item(), rel=1e-4)
    assert found.camera.cx == 64
    # The published post-processing: scale, bring to the image's size, invert.
    inverse = (out.predicted_depth * 128 / focal).clamp(1e-4, 1e4)
    wanted = 1 / torch.nn.functional.interpolate(
        inverse[None], (128, 128), mode="bilinear", antialias=True
    )
    assert torch.allclose(found.values, wanted[0], rtol=1e-3)


def test_square_architectures_get_square_images(folder):
    for name in ("dpt-large", "depth-pro"):
        height, width = load_folder(folder(name), resident()).choose_size(300, 900, 64)
        assert height == width
    assert load_folder(folder("depth-pro"), resident()).choose_size(9, 9, 4000) == (128, 128)


def test_half_precision_networks_answer_in_float32(folder):
    model = load_folder(folder("depth-anything-v2-small"), resident(), torch.bfloat16)
    assert next(model.network.parameters()).dtype == torch.bfloat16
    assert model(torch.rand(1, 3, 56, 56)).dtype == torch.float32


def test_the_placement_is_asked_before_every_forward_pass(folder):
    asked = []

    def place(network):
        return lambda: asked.append(network) or torch.device("cpu")

    model = load_folder(folder("depth-anything-v2-small"), place)
    model(torch.rand(1, 3, 56, 56))
    model(torch.rand(1, 3, 56, 56))
    assert len(asked) == 2


def test_no_network_is_touched(folder, monkeypatch):
    import socket

    def refuse(*_):
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    load_folder(folder("depth-anything-v2-small"), resident())


def test_the_table_and_the_families_agree_on_the_polarity():
    families = {
        "Depth Anything": "depth_anything",
        "Depth Anything V2": "depth_anything",
        "Depth Anything V2 metric": "depth_anything metric",
        "Depth Pro": "depth_pro",
        "ZoeDepth": "zoedepth",
        "DPT": "dpt",
        "DPT with DINOv2": "dpt dinov2",
        "GLPN": "glpn",
        "TIPSv2": "tipsv2_dpt",
        "Prompt Depth Anything": "prompt_depth_anything",
    }
    for row in MODELS:
        assert row.kind == FAMILIES[families[row.family]].kind, row.name


@pytest.mark.parametrize(
    ("config", "family"),
    [
        ({"model_type": "depth_anything"}, "depth_anything"),
        (
            {"model_type": "depth_anything", "depth_estimation_type": "metric"},
            "depth_anything metric",
        ),
        ({"model_type": "dpt", "backbone_config": None}, "dpt"),
        ({"model_type": "dpt", "backbone_config": {"model_type": "dinov2"}}, "dpt dinov2"),
        (
            {"model_type": "dpt", "is_hybrid": True, "backbone_config": {"model_type": "bit"}},
            "dpt",
        ),
        ({"model_type": "depth_pro", "use_fov_model": True}, "depth_pro"),
    ],
)
def test_the_family_is_read_from_the_config(config, family):
    assert family_of(config, "x") == family


def test_a_folder_of_another_architecture_is_refused_by_name(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}))
    with pytest.raises(ModelError, match=r"'llama'.*depth_anything"):
        load_folder(tmp_path, resident())


@pytest.mark.parametrize(
    ("architecture", "reason"), [("chmv2", "height of trees"), ("sapiens2", "people only")]
)
def test_what_is_no_depth_model_is_refused_with_the_reason(tmp_path, architecture, reason):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": architecture}))
    with pytest.raises(ModelError, match=f"{architecture}.*{reason}"):
        load_folder(tmp_path, resident())


def test_an_architecture_newer_than_the_library_names_the_library(folder, monkeypatch):
    import transformers

    monkeypatch.setattr(transformers, "CONFIG_MAPPING", {})
    with pytest.raises(ModelError, match=r"transformers \d.*depth_anything.*Update transformers"):
        load_folder(folder("depth-anything-v2-small"), resident())


def _measured(height=12, width=16):
    rows = torch.linspace(3.0, 1.0, height)[:, None]
    return (rows + 0.1 * torch.linspace(0, 1, width)).expand(1, height, width).contiguous()


def test_measured_depth_guides_the_model_as_in_its_own_forward_pass(folder):
    from transformers import AutoModelForDepthEstimation

    path = folder("prompt-depth-anything-small")
    network = AutoModelForDepthEstimation.from_pretrained(path).eval()
    images, prompt = torch.rand(1, 56, 70, 3), _measured()
    model = load_folder(path, resident())
    with torch.no_grad():
        pixels = (images.movedim(-1, 1) - 0.5) / 0.25
        wanted = network(pixels, prompt_depth=prompt[:, None]).predicted_depth
    options = EstimateOptions(inner_size=56)
    found = estimate(model, images, options, prompt=prompt).depth
    assert found.kind == "metric"
    assert torch.allclose(found.values, wanted, rtol=1e-4)
    # Metres come from the prompt, whatever the image.
    doubled = estimate(model, images, options, prompt=2 * prompt).depth.values
    assert torch.allclose(doubled, 2 * found.values, rtol=1e-3)


def test_one_prompt_or_one_for_each_image(folder):
    model = load_folder(folder("prompt-depth-anything-small"), resident())
    images, options = torch.rand(2, 40, 90, 3), EstimateOptions(inner_size=28)
    shared = estimate(model, images, options, prompt=_measured()).depth.values
    each = torch.cat([_measured(), 5 * _measured()])
    own = estimate(model, images, options, prompt=each).depth.values
    assert own.shape == (2, 40, 90)
    assert torch.equal(own[0], shared[0])
    assert torch.allclose(own[1], 5 * shared[1], rtol=1e-3)


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p * 0,
        lambda p: p.fill_(2.0),
        lambda p: p.index_fill(1, torch.tensor(3), torch.nan),
    ],
)
def test_measured_depth_with_holes_or_without_range_is_refused(folder, change):
    model = load_folder(folder("prompt-depth-anything-small"), resident())
    with pytest.raises(InvalidInput, match="Fill the holes"):
        estimate(model, torch.rand(1, 56, 56, 3), prompt=change(_measured()))


def test_a_prompt_that_does_not_fit_the_run_is_a_sentence(folder):
    guided = load_folder(folder("prompt-depth-anything-small"), resident())
    plain = load_folder(folder("depth-anything-v2-small"), resident())
    images, prompt = torch.rand(3, 56, 56, 3), _measured()
    with pytest.raises(InvalidInput, match="takes no measured depth"):
        estimate(plain, images, prompt=prompt)
    with pytest.raises(InvalidInput, match="Complete Depth"):
        estimate(guided, images)
    with pytest.raises(InvalidInput, match="each of the 3 images"):
        estimate(guided, images, prompt=prompt.expand(2, -1, -1))
    with pytest.raises(InvalidInput, match="set detail to off"):
        estimate(guided, images, EstimateOptions(detail="tiles"), prompt=prompt)


def test_a_folder_without_weights_says_which_file_is_missing(folder, tmp_path):
    source = folder("depth-anything-v2-small")
    (tmp_path / "config.json").write_bytes((source / "config.json").read_bytes())
    with pytest.raises(ModelError, match=r"no model\.safetensors"):
        load_folder(tmp_path, resident())


@pytest.mark.parametrize("cut", [0, 7, 5000])
def test_weights_cut_short_are_named(folder, tmp_path, cut):
    source = folder("depth-anything-v2-small")
    (tmp_path / "config.json").write_bytes((source / "config.json").read_bytes())
    whole = (source / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(whole[:cut])
    with pytest.raises(ModelError, match="damaged or cut short"):
        load_folder(tmp_path, resident())


def test_weights_of_another_model_are_not_filled_up_with_random_numbers(folder, tmp_path):
    (tmp_path / "config.json").write_bytes((folder("dpt-large") / "config.json").read_bytes())
    other = folder("depth-anything-v2-small") / "model.safetensors"
    (tmp_path / "model.safetensors").write_bytes(other.read_bytes())
    with pytest.raises(ModelError, match=r"belong to another architecture|cannot be loaded"):
        load_folder(tmp_path, resident())


@pytest.mark.parametrize(
    ("absent", "loads"),
    [
        ("fusion_stage.layers.0.residual_layer1.", True),
        ("fusion_stage.layers.1.residual_layer1.", False),
    ],
)
def test_only_tensors_that_are_never_used_may_be_absent(folder, tmp_path, absent, loads):
    from safetensors.torch import load_file, save_file

    source = folder("dpt-large")
    (tmp_path / "config.json").write_bytes((source / "config.json").read_bytes())
    state = load_file(source / "model.safetensors")
    kept = {name: tensor for name, tensor in state.items() if absent not in name}
    assert len(kept) < len(state)
    save_file(kept, tmp_path / "model.safetensors", {"format": "pt"})
    if loads:
        images = torch.rand(1, 3, 64, 64)
        whole = load_folder(source, resident())
        part = load_folder(tmp_path, resident())
        part.mean, part.deviation = whole.mean, whole.deviation
        assert torch.equal(part(images), whole(images))
    else:
        with pytest.raises(ModelError, match=r"lack 4 tensors.*layers\.1\.residual_layer1"):
            load_folder(tmp_path, resident())


@pytest.mark.parametrize("text", ["", "{", "[]", "\x00"])
def test_a_damaged_config_is_named(tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(ModelError, match=r"config\.json"):
        load_folder(tmp_path, resident())


def _zoedepth_processing(side):
    try:
        from transformers.models.zoedepth.image_processing_pil_zoedepth import (
            ZoeDepthImageProcessorPil as Processing,
        )
    except ImportError:
        from transformers import ZoeDepthImageProcessor as Processing
    ours = {"image_mean": [0.5] * 3, "image_std": [0.25] * 3}
    size = {"height": side, "width": side}
    return Processing(do_rescale=False, size=size, ensure_multiple_of=32, **ours)


@pytest.mark.parametrize("size", [(96, 128), (75, 50)])
def test_zoedepth_sees_the_mirrored_margin_of_its_own_processing(folder, size):
    pytest.importorskip("torchvision", reason="the published processing needs it, ours does not")
    from transformers import AutoModelForDepthEstimation

    path = folder("zoedepth-nyu-kitti")
    network = AutoModelForDepthEstimation.from_pretrained(path).eval()
    torch.manual_seed(1)
    for weight in (p for p in network.parameters() if p.ndim > 1):
        # As created, the tiny network answers the same number everywhere.
        torch.nn.init.normal_(weight, std=weight[0].numel() ** -0.5)
    model = load_folder(path, resident())
    model.network.load_state_dict(network.state_dict())
    # Smooth, so that two ways of resampling agree, and different in every corner.
    y, x = torch.linspace(0, 1, size[0])[:, None], torch.linspace(0, 1, size[1])
    image = torch.stack([y * x, y * (1 - x), (1 - y) * x], -1)
    published = _zoedepth_processing(64)
    with torch.no_grad():
        prepared = published(image.numpy(), return_tensors="pt", input_data_format="channels_last")
        out = network(**prepared)
    wanted = published.post_process_depth_estimation(out, source_sizes=[size])[0]["predicted_depth"]
    found = estimate(model, image[None], EstimateOptions(inner_size=64)).depth.values[0]
    assert found.shape == wanted.shape
    # Without the margin, or with it cut off elsewhere, this is 0.2 and more.
    assert (found - wanted).abs().mean() / (wanted.amax() - wanted.amin()) < 0.02


def test_a_margin_is_never_wider_than_the_image_and_can_be_switched_off(folder, tmp_path):
    model = load_folder(folder("zoedepth-nyu-kitti"), resident())
    for size in ((1, 1), (1, 40), (2, 3)):
        found = estimate(model, torch.rand(1, *size, 3), EstimateOptions(inner_size=32))
        assert found.depth.values.shape == (1, *size)
    shutil.copytree(folder("zoedepth-nyu-kitti"), tmp_path / "bare")
    (tmp_path / "bare" / "preprocessor_config.json").write_text('{"do_pad": false}')
    assert not isinstance(load_folder(tmp_path / "bare", resident()), WantsMargin)


@pytest.mark.parametrize(
    ("version", "keyword"),
    [
        ("4.50.3", "torch_dtype"),
        ("4.55.4", "torch_dtype"),
        ("4.56.0.dev0", "dtype"),
        ("4.57.1", "dtype"),
        ("5.23.0", "dtype"),
    ],
)
def test_every_supported_transformers_is_told_the_number_type_in_its_own_word(version, keyword):
    assert network_module._dtype_keyword(version) == keyword


def test_the_oldest_supported_transformers_gets_no_keyword_it_hands_on(folder, monkeypatch):
    """Before 4.56 an unknown `dtype` reached the network, and every model failed to load."""
    import transformers

    load = transformers.AutoModelForDepthEstimation.from_pretrained
    todays = network_module._dtype_keyword(transformers.__version__)

    def old(*arguments, torch_dtype, **keywords):
        assert "dtype" not in keywords
        return load(*arguments, **keywords, **{todays: torch_dtype})

    monkeypatch.setattr(transformers, "__version__", "4.50.3")
    monkeypatch.setattr(transformers.AutoModelForDepthEstimation, "from_pretrained", old)
    network = load_folder(folder("depth-anything-v2-small"), resident(), torch.bfloat16).network
    assert next(network.parameters()).dtype == torch.bfloat16


@pytest.mark.parametrize(
    "text",
    ['{"image_mean": "x"}', '{"image_std": [0, 0, 0]}', '{"image_mean": [0.5, 0.5]}', "[1]"],
)
def test_a_damaged_preprocessor_config_is_named(folder, tmp_path, text):
    spoiled = shutil.copytree(folder("depth-anything-v2-small"), tmp_path / "m")
    (spoiled / "preprocessor_config.json").write_text(text)
    with pytest.raises(ModelError, match=r"preprocessor_config\.json.*ownload it again"):
        load_folder(spoiled, resident())


@pytest.mark.parametrize(
    ("text", "mean", "deviation"),
    [
        ('{"image_mean": null}', [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ('{"image_mean": [0.1, 0.2, 0.3], "image_std": 0.5}', [0.1, 0.2, 0.3], [0.5] * 3),
        ('{"do_normalize": false, "image_mean": [0.1, 0.2, 0.3]}', [0.0] * 3, [1.0] * 3),
        (
            '{"do_rescale": false, "image_mean": [51, 102, 153], "image_std": [25.5, 51, 51]}',
            [0.2, 0.4, 0.6],
            [0.1, 0.2, 0.2],
        ),
        ('{"do_rescale": false}', [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        (
            '{"rescale_factor": 0.00784313725, "image_mean": 1, "image_std": 1}',
            [0.5] * 3,
            [0.5] * 3,
        ),
    ],
)
def test_images_are_normalised_as_the_folder_says(folder, tmp_path, text, mean, deviation):
    own = shutil.copytree(folder("depth-anything-v2-small"), tmp_path / "m")
    (own / "preprocessor_config.json").write_text(text)
    model = load_folder(own, resident())
    assert model.mean.flatten().tolist() == pytest.approx(mean)
    assert model.deviation.flatten().tolist() == pytest.approx(deviation)


def test_a_config_of_nonsense_is_a_sentence(folder, tmp_path):
    spoiled = shutil.copytree(folder("depth-anything-v2-small"), tmp_path / "m")
    config = json.loads((spoiled / "config.json").read_text())
    (spoiled / "config.json").write_text(json.dumps({**config, "neck_hidden_sizes": "x"}))
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_folder(spoiled, resident())


def test_too_little_memory_is_not_called_damage(folder, monkeypatch):
    import transformers

    def full(*_, **__):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9")

    monkeypatch.setattr(transformers.AutoModelForDepthEstimation, "from_pretrained", full)
    with pytest.raises(ModelError, match="not enough memory") as caught:
        load_folder(folder("depth-anything-v2-small"), resident())
    assert "damaged" not in str(caught.value)
