"""Generate Video from Depth (Local) in a real ComfyUI, on small random models in the real formats.

The clip of the node must be the clip of the same graph wired by hand from core nodes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from comfy_graph import node
from load_pack import SUPPORT
from local_models import FRESH, Result, run, saved
from PIL import Image

pytestmark = pytest.mark.comfy

WIDTH, HEIGHT, SEED, STEPS = 96, 64, 5, 2
FRAMES = 9


@pytest.fixture(scope="module")
def films(tmp_path_factory, comfy_factory):
    """A server of its own with small random video models."""
    base = tmp_path_factory.mktemp("films")
    python = os.environ.get("COMFYUI_PYTHON", sys.executable)
    checkout = os.environ.get("COMFYUI_PATH")
    if not checkout:
        pytest.skip("set COMFYUI_PATH to a ComfyUI checkout to run this tier")
    made = subprocess.run(
        [python, str(SUPPORT / "video_models.py"), checkout, str(base)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr[-3000:]
    (base / "custom_nodes").mkdir()
    shutil.copy(SUPPORT / "stand_ins.py", base / "custom_nodes")
    folder = base / "input"
    folder.mkdir()
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    for name, offset in (("ball", 20), ("other", 60)):
        disc = np.where((rows - 32) ** 2 + (columns - offset) ** 2 < 300, 220, 40)
        Image.fromarray(disc.astype(np.uint8)).convert("RGB").save(folder / f"{name}.png")
    return comfy_factory(base=base)


@dataclass(frozen=True)
class Film:
    """A family: its loaders, the width of its text features, and its graph by hand."""

    loaders: dict[str, Any]
    model: list[Any]
    text: int
    by_hand: dict[str, Any]
    latent: list[Any]
    sockets: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    length: int = FRAMES


def _unet(name: str) -> dict[str, Any]:
    return node("UNETLoader", unet_name=f"{name}.safetensors", weight_dtype="default")


def _conditioned(key: str, **inputs: Any) -> dict[str, Any]:
    extent = {"width": WIDTH, "height": HEIGHT, "length": FRAMES, "batch_size": 1}
    texts = {"positive": ["positive", 0], "negative": ["negative", 0]}
    return node(key, vae=["vae", 0], control_video=["clip", 0], **extent, **texts, **inputs)


def _sampled(model: list[Any], **changes: Any) -> dict[str, Any]:
    return node(
        "KSampler", model=model, seed=SEED, steps=STEPS, cfg=3.0, sampler_name="euler",
        scheduler="simple", denoise=1.0, positive=["depth", 0], negative=["depth", 1],
        latent_image=["depth", 2], **changes,
    )  # fmt: skip


def _shift(model: list[Any]) -> dict[str, Any]:
    return node("ModelSamplingSD3", model=model, shift=8.0)


def _half(model: list[Any], latent: list[Any], first: bool) -> dict[str, Any]:
    return node(
        "KSamplerAdvanced", model=model, noise_seed=SEED, steps=STEPS, cfg=3.0,
        sampler_name="euler", scheduler="simple", positive=["depth", 0], negative=["depth", 1],
        latent_image=latent, add_noise="enable" if first else "disable",
        start_at_step=0 if first else 1, end_at_step=1 if first else 10000,
        return_with_leftover_noise="enable" if first else "disable",
    )  # fmt: skip


VAE = node("VAELoader", vae_name="wan_vae.safetensors")
LTX_BY_HAND = {
    "timed": node("LTXVConditioning", positive=["positive", 0], negative=["negative", 0],
                  frame_rate=24.0),
    "empty": node("EmptyLTXVLatentVideo", width=WIDTH, height=HEIGHT, length=FRAMES, batch_size=1),
    "ic": node("GetICLoRAParameters", iclora_model=["lora", 0]),
    "depth": node("LTXVAddGuide", positive=["timed", 0], negative=["timed", 1], vae=["vae", 0],
                  latent=["empty", 0], image=["clip", 0], frame_idx=0, strength=1.0,
                  iclora_parameters=["ic", 0]),
    "guider": node("CFGGuider", model=["lora", 0], positive=["depth", 0], negative=["depth", 1],
                   cfg=3.0),
    "sigmas": node("LTXVScheduler", steps=STEPS, max_shift=2.05, base_shift=0.95, stretch=True,
                   terminal=0.1, latent=["empty", 0]),
    "noise": node("RandomNoise", noise_seed=SEED),
    "euler": node("KSamplerSelect", sampler_name="euler"),
    "sampler": node("SamplerCustomAdvanced", noise=["noise", 0], guider=["guider", 0],
                    sampler=["euler", 0], sigmas=["sigmas", 0], latent_image=["depth", 2]),
    "cropped": node("LTXVCropGuides", positive=["depth", 0], negative=["depth", 1],
                    latent=["sampler", 0]),
}  # fmt: skip

FILMS = {
    "Wan VACE": Film(
        {"unet": _unet("wan_vace"), "vae": VAE},
        ["unet", 0],
        4096,
        {
            "shift": _shift(["unet", 0]),
            "depth": _conditioned("WanVaceToVideo", strength=1.0),
            "sampler": _sampled(["shift", 0]),
            "trimmed": node(
                "TrimVideoLatent", samples=["sampler", 0], trim_amount=["depth", 3]
            ),
        },
        ["trimmed", 0],
    ),
    "Wan 2.1 Fun Control": Film(
        {"unet": _unet("wan21_fun"), "vae": VAE},
        ["unet", 0],
        4096,
        {
            "shift": _shift(["unet", 0]),
            "depth": _conditioned("WanFunControlToVideo"),
            "sampler": _sampled(["shift", 0]),
        },
        ["sampler", 0],
    ),
    "Wan 2.2 Fun Control": Film(
        {"unet": _unet("wan22_fun_high"), "low": _unet("wan22_fun_low"), "vae": VAE},
        ["unet", 0],
        4096,
        {
            "shift": _shift(["unet", 0]),
            "shift_low": _shift(["low", 0]),
            "depth": _conditioned("Wan22FunControlToVideo"),
            "high": _half(["shift", 0], ["depth", 2], True),
            "sampler": _half(["shift_low", 0], ["high", 0], False),
        },
        ["sampler", 0],
        sockets={"model_low_noise": ["low", 0]},
    ),
    "LTX-2 with IC-LoRA": Film(
        {
            "unet": _unet("ltx"),
            "lora": node("LoraLoaderModelOnly", model=["unet", 0],
                         lora_name="ltx_depth.safetensors", strength_model=1.0),
            "vae": node("VAELoader", vae_name="ltx_vae.safetensors"),
        },
        ["lora", 0],
        4096,
        LTX_BY_HAND,
        ["cropped", 2],
    ),
}  # fmt: skip


def _loaded(film: Film, depth: str) -> dict[str, Any]:
    return {
        **film.loaders,
        "still": node("LoadImage", image=f"{depth}.png"),
        "clip": node("RepeatImageBatch", image=["still", 0], amount=FRAMES),
        "positive": node("StandInConditioning", seed=1, width=film.text, pooled=8),
        "negative": node("StandInConditioning", seed=2, width=film.text, pooled=8),
    }


def ours(film: Film, depth: str = "ball", **changes: Any) -> dict[str, Any]:
    inputs = {
        "model": film.model,
        "vae": ["vae", 0],
        "depth": ["clip", 0],
        "prompt": "",
        "seed": SEED,
        "positive": ["positive", 0],
        "negative": ["negative", 0],
        "size": "from depth",
        "steps": STEPS,
        "guidance": 3.0,
        "sampler": "euler",
        "scheduler": "simple",
        **film.sockets,
        **changes,
    }
    graph = _loaded(film, depth) | {"ours": node("GenVRDepthGenerateVideo", **inputs)}
    graph["report"] = node("PreviewAny", source=["ours", 3])
    return saved(graph, ["ours", 0], ["ours", 2])


def hand(film: Film, depth: str = "ball") -> dict[str, Any]:
    graph = _loaded(film, depth) | film.by_hand
    graph["image"] = node("VAEDecode", samples=film.latent, vae=["vae", 0])
    return saved(graph, ["image", 0], film.latent)


@pytest.fixture(scope="module")
def first(films):
    """first(name) -> the node's clip of a family, sampled once for all tests."""
    results: dict[str, Result] = {}

    def get(name: str) -> Result:
        if name not in results:
            results[name] = run(films, ours(FILMS[name]))
        return results[name]

    return get


@pytest.mark.parametrize("name", FILMS)
def test_node_gives_the_clip_of_the_graph_wired_by_hand(films, first, name):
    mine, theirs = first(name), run(films, hand(FILMS[name]))
    assert mine.images.shape == (FRAMES, HEIGHT, WIDTH, 3)
    assert mine.images.std() > 1, "a constant clip proves nothing"
    assert np.array_equal(mine.images, theirs.images)
    assert torch.equal(mine.latents, theirs.latents)
    assert name in mine.report


@pytest.mark.parametrize("name", FILMS)
def test_depth_decides_what_the_clip_shows(films, first, name):
    other = run(films, ours(FILMS[name], "other"))
    assert not torch.allclose(first(name).latents, other.latents, atol=1e-3)


def test_lengths_and_sizes_are_rounded_as_the_report_says(films):
    result = run(films, ours(FILMS["Wan VACE"], length=7, size="megapixels", megapixels=0.008))
    assert result.images.shape == (9, 80, 112, 3)
    assert "7 frames become 9" in result.report
    assert "112x80" in result.report


def test_a_reference_is_trimmed_and_given_frames_shape_the_clip(films, first):
    graph = ours(FILMS["Wan VACE"], reference=["still", 0], first=["still", 0])
    result = run(films, graph)
    assert result.images.shape == (FRAMES, HEIGHT, WIDTH, 3)
    assert not torch.equal(result.latents, first("Wan VACE").latents)


def test_the_depth_map_of_a_clip_makes_the_same_frames_as_its_control_image(films):
    graph = ours(FILMS["Wan 2.1 Fun Control"])
    graph["map"] = node(
        "GenVRDepthFromImage", image=["clip", 0], white_means="white is near (disparity)"
    )
    graph["ours"]["inputs"]["depth"] = ["map", 0]
    theirs = hand(FILMS["Wan 2.1 Fun Control"])
    theirs["map"] = graph["map"]
    theirs["control"] = node(
        "GenVRDepthToImage", depth=["map", 0], colormap="grey", near_is="white"
    )
    theirs["depth"]["inputs"] = theirs["depth"]["inputs"] | {"control_video": ["control", 0]}
    assert torch.equal(run(films, graph).latents, run(films, theirs).latents)


def _refused(films, graph: dict[str, Any]) -> str:
    before = len(films.log())
    history = films.run(graph)
    assert history.status == "error"
    assert history.error()["node_type"] == "GenVRDepthGenerateVideo", history.error()
    assert "Requested to load" not in films.log()[before:]
    return history.error()["exception_message"]


def test_what_cannot_work_is_refused_before_anything_is_loaded(films):
    fun = ours(FILMS["Wan 2.2 Fun Control"])
    del fun["ours"]["inputs"]["model_low_noise"]
    assert "low-noise one is missing" in _refused(films, fun)
    pair = ours(FILMS["Wan 2.2 Fun Control"])
    pair["low"] = _unet("wan_vace")
    assert "another family" in _refused(films, pair)
    bare = ours(FILMS["LTX-2 with IC-LoRA"], model=["unet", 0])
    assert "IC-LoRA" in _refused(films, bare)


def test_stop_ends_the_sampling(films):
    import threading

    graph = ours(FILMS["Wan VACE"], steps=900, seed=next(FRESH))
    timer = threading.Timer(8.0, films.interrupt)
    timer.start()
    history = films.run(graph, timeout=120)
    timer.cancel()
    assert history.status == "error"
    assert any(message[0] == "execution_interrupted" for message in history.messages)
