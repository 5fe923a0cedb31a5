"""The small video models on a server, and the graphs that film with them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from comfy_graph import node
from load_pack import SUPPORT
from local_models import saved
from PIL import Image

WIDTH, HEIGHT, SEED, STEPS = 96, 64, 5, 2
FRAMES = 9


def prepare_films(base: Path) -> None:
    """Write the random models, a conditioning node and images into a server's base folder."""
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


@dataclass(frozen=True)
class Film:
    """A family: its loaders, the width of its text features, and its graph by hand."""

    loaders: dict[str, Any]
    model: list[Any]
    text: int
    by_hand: dict[str, Any]
    latent: list[Any]
    sockets: dict[str, Any] = field(default_factory=dict)


def unet(name: str) -> dict[str, Any]:
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
LTX_VAE = node("VAELoader", vae_name="ltx_vae.safetensors")
LTX_LORA = node("LoraLoaderModelOnly", model=["unet", 0], lora_name="ltx_depth.safetensors",
                strength_model=1.0)  # fmt: skip
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
        {"unet": unet("wan_vace"), "vae": VAE},
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
        {"unet": unet("wan21_fun"), "vae": VAE},
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
        {"unet": unet("wan22_fun_high"), "low": unet("wan22_fun_low"), "vae": VAE},
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
            "unet": node("CheckpointLoaderSimple", ckpt_name="ltx2.safetensors"),
            "lora": LTX_LORA,
            "vae": LTX_VAE,
        },
        ["lora", 0],
        128,
        LTX_BY_HAND,
        ["cropped", 2],
    ),
    "LTX-2 with IC-LoRA, no sound in the model": Film(
        {
            "unet": unet("ltx"),
            "lora": LTX_LORA,
            "vae": LTX_VAE,
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


def hand(film: Film, depth: str = "ball", nodes: Collection[str] | None = None) -> dict[str, Any]:
    """nodes: ids that the server has; None = all that are used."""
    graph = _loaded(film, depth) | film.by_hand
    if nodes is not None and "ic" in graph and graph["ic"]["class_type"] not in nodes:
        del graph["ic"]
        inputs = graph["depth"]["inputs"]
        kept = {name: value for name, value in inputs.items() if name != "iclora_parameters"}
        graph["depth"] = graph["depth"] | {"inputs": kept}
    graph["image"] = node("VAEDecode", samples=film.latent, vae=["vae", 0])
    return saved(graph, ["image", 0], film.latent)


def release(server: Any) -> tuple[int, int]:
    """Major and minor number of the server's ComfyUI."""
    version = server.get("/system_stats")["system"]["comfyui_version"]
    major, minor = map(int, version.split(".")[:2])
    return major, minor


def skip_if_vae_must_be_full_size(server: Any, name: str) -> None:
    """Older releases read no configuration beside an LTX VAE; a small one cannot be loaded."""
    version = release(server)
    if name.startswith("LTX") and version < (0, 27):
        pytest.skip(
            f"ComfyUI {version[0]}.{version[1]} loads no LTX VAE smaller than the published one"
        )
