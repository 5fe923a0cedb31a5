"""Model patches of Z-Image and Qwen-Image in a real ComfyUI, at the width their files have.

    COMFYUI_LARGE=1 pytest -m comfy tests/comfy/test_model_patches.py

The files take 4 GB of disk and about 8 GB of memory, so these tests run only when asked for.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import checkpoints
import numpy as np
import pytest
import torch
from comfy_graph import node
from load_pack import SUPPORT
from local_models import SIZE, depth_images, run, saved
from PIL import Image

pytestmark = pytest.mark.comfy

WORKFLOWS = Path(__file__).resolve().parents[2] / "workflows" / "api"
STEPS, SEED, STRENGTH = 2, 5, 0.9


@dataclass(frozen=True)
class Patched:
    """A family: its file, its VAE, the width of its text, its patch node, its timestep shift."""

    file: str
    vae: str
    width: int
    patch_node: str
    shift: float | None = None


FAMILIES = {
    "Z-Image": Patched("z_image", "vae16", 2560, "ZImageFunControlnet"),
    "Qwen-Image": Patched("qwen_image", "wan_vae", 3584, "QwenImageDiffsynthControlnet", 3.1),
}
families = pytest.mark.parametrize("name", FAMILIES)


@pytest.fixture(scope="module")
def patched(tmp_path_factory, comfy_factory):
    """A server with one layer of each model and whole patches."""
    if not os.environ.get("COMFYUI_LARGE"):
        pytest.skip("set COMFYUI_LARGE=1 to make files of 4 GB for these tests")
    base = tmp_path_factory.mktemp("patched")
    made = subprocess.run(
        [
            os.environ.get("COMFYUI_PYTHON", sys.executable),
            str(SUPPORT / "patch_models.py"), os.environ["COMFYUI_PATH"], str(base),
        ],
        capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr[-3000:]
    checkpoints.write(checkpoints.tiny_vae(16), base / "models" / "vae" / "vae16.safetensors", 3)
    (base / "custom_nodes").mkdir()
    shutil.copy(SUPPORT / "stand_ins.py", base / "custom_nodes")
    depth_images(base / "input")
    return comfy_factory(base=base)


def _loaded(family: Patched, depth: str) -> dict[str, Any]:
    file = f"{family.file}.safetensors"
    return {
        "unet": node("UNETLoader", unet_name=file, weight_dtype="default"),
        "patch": node("ModelPatchLoader", name=file),
        "vae": node("VAELoader", vae_name=f"{family.vae}.safetensors"),
        "depth": node("LoadImage", image=depth),
        "positive": node("StandInConditioning", seed=1, width=family.width, pooled=8),
        "negative": node("StandInConditioning", seed=2, width=family.width, pooled=8),
    }


def _ours(family: Patched, depth: str = "ramp.png", **changes: Any) -> dict[str, Any]:
    inputs = {
        "model": ["unet", 0], "vae": ["vae", 0], "depth": ["depth", 0], "prompt": "", "seed": SEED,
        "model_patch": ["patch", 0], "positive": ["positive", 0], "negative": ["negative", 0],
        "steps": STEPS, "guidance": 1.0, "strength": STRENGTH, "sampler": "euler",
        "scheduler": "simple", **changes,
    }  # fmt: skip
    graph = _loaded(family, depth) | {"ours": node("GenVRDepthGenerateLocal", **inputs)}
    graph["report"] = node("PreviewAny", source=["ours", 2])
    return saved(graph, ["ours", 0], ["ours", 1])


def _hand(family: Patched) -> dict[str, Any]:
    graph = _loaded(family, "ramp.png")
    model = ["unet", 0]
    if family.shift is not None:
        graph["shift"] = node("ModelSamplingAuraFlow", model=model, shift=family.shift)
        model = ["shift", 0]
    graph["steered"] = node(
        family.patch_node, model=model, model_patch=["patch", 0], vae=["vae", 0],
        image=["depth", 0], strength=STRENGTH,
    )  # fmt: skip
    graph["latent"] = node("EmptySD3LatentImage", width=SIZE, height=SIZE, batch_size=1)
    graph["sampler"] = node(
        "KSampler", model=["steered", 0], positive=["positive", 0], negative=["negative", 0],
        latent_image=["latent", 0], seed=SEED, steps=STEPS, cfg=1.0, sampler_name="euler",
        scheduler="simple", denoise=1.0,
    )  # fmt: skip
    graph["image"] = node("VAEDecode", samples=["sampler", 0], vae=["vae", 0])
    return saved(graph, ["image", 0], ["sampler", 0])


@families
def test_a_patch_gives_the_image_of_the_graph_wired_by_hand_and_follows_the_depth(patched, name):
    family = FAMILIES[name]
    mine, theirs = run(patched, _ours(family)), run(patched, _hand(family))
    assert mine.images.std() > 1, "a constant image proves nothing"
    assert np.array_equal(mine.images, theirs.images)
    assert torch.equal(mine.latents, theirs.latents)
    assert family.patch_node in mine.report
    other = run(patched, _ours(family, "ball.png"))
    assert not torch.allclose(other.latents, mine.latents, atol=1e-3)


@families
def test_start_and_end_act_where_the_node_has_them_and_are_said_where_not(patched, name):
    family = FAMILIES[name]
    declared = patched.object_info()[family.patch_node]["input"]["required"]
    whole, late = run(patched, _ours(family)), run(patched, _ours(family, start=0.9))
    if "start_percent" in declared:
        assert not torch.equal(whole.latents, late.latents)
    else:
        assert torch.equal(whole.latents, late.latents)
        assert "has no start and end" in late.report


def test_sample_workflow_paints_with_z_image(patched):
    """Template 14 as it is, small; its files under their real names, of their real width."""
    family, models = FAMILIES["Z-Image"], patched.base / "models"
    graph = json.loads((WORKFLOWS / "14 Paint with Depth Z-Image.json").read_text())
    loaders = {entry["class_type"]: entry["inputs"] for entry in graph.values()}
    for folder, file, name in (
        ("diffusion_models", family.file, loaders["UNETLoader"]["unet_name"]),
        ("model_patches", family.file, loaders["ModelPatchLoader"]["name"]),
        ("vae", family.vae, loaders["VAELoader"]["vae_name"]),
    ):
        (models / folder / name).hardlink_to(models / folder / f"{file}.safetensors")
    kept = {key: one for key, one in graph.items() if one["class_type"] != "CLIPLoader"}
    (paint,) = (k for k, one in kept.items() if one["class_type"] == "GenVRDepthGenerateLocal")
    texts = {
        name: node("StandInConditioning", seed=seed, width=family.width, pooled=8)
        for seed, name in enumerate(("positive", "negative"))
    }
    inputs = kept[paint]["inputs"] | {"steps": STEPS, "megapixels": 0.02}
    inputs |= {name: [name, 0] for name in texts}
    del inputs["clip"]
    kept[paint]["inputs"] = inputs
    history = patched.run(kept | texts, timeout=600)
    assert history.status == "success", history.error()
    shown = [files for files in history.outputs.values() if files.get("files")]
    with Image.open(patched.file(shown[0]["files"][0])) as image:
        assert abs(image.width / image.height - 4 / 3) < 0.2
        assert any(high - low > 20 for low, high in image.convert("RGB").getextrema())
