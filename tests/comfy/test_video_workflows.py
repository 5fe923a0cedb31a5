"""The sample workflows of clips run, with small models under the real file names."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from comfy_graph import node
from films import FRAMES, STEPS
from PIL import Image

pytestmark = pytest.mark.comfy


WORKFLOWS = Path(__file__).resolve().parents[2] / "workflows" / "api"
# Number of the workflow -> the small model that stands in for each file, and the width of its text.
SMALL = {
    "12": ({"diffusion_models": "wan_vace", "vae": "wan_vae"}, 4096),
    "13": ({"checkpoints": "ltx2", "loras": "ltx_depth"}, 128),
    "15": ({"diffusion_models": "wan_vace", "vae": "wan_vae"}, 4096),
}
FOLDERS = {
    "CheckpointLoaderSimple": ("ckpt_name", "checkpoints"),
    "LoraLoaderModelOnly": ("lora_name", "loras"),
    "UNETLoader": ("unet_name", "diffusion_models"),
    "VAELoader": ("vae_name", "vae"),
}
TEXT_ENCODERS = ("CLIPLoader", "LTXAVTextEncoderLoader")


def _sample(films, number: str) -> dict[str, Any]:
    """A sample workflow over the small models under the real names, short and small."""
    (path,) = WORKFLOWS.glob(f"{number} *.json")
    files, width = SMALL[number]
    graph = {}
    for key, entry in json.loads(path.read_text()).items():
        kind, inputs = entry["class_type"], entry["inputs"]
        if kind in TEXT_ENCODERS:
            continue
        graph[key] = entry
        if kind in FOLDERS:
            name, folder = FOLDERS[kind]
            models = films.base / "models" / folder
            shutil.copy(models / f"{files[folder]}.safetensors", models / inputs[name])
        if kind == "GenVRDepthCameraMove":
            inputs["frames"] = FRAMES
        if kind == "GenVRDepthGenerateVideo":
            inputs.pop("clip")
            inputs |= {"steps": STEPS, "sampler": "euler", "megapixels": 0.02}
            inputs |= {name: [name, 0] for name in ("positive", "negative")}
    for seed, name in enumerate(("positive", "negative")):
        graph[name] = node("StandInConditioning", seed=seed, width=width, pooled=8)
    return graph


@pytest.mark.parametrize("number", SMALL)
def test_sample_workflow_films_a_clip(films, number):
    graph = _sample(films, number)
    absent = {entry["class_type"] for entry in graph.values()} - films.object_info().keys()
    if absent:
        pytest.skip(f"this ComfyUI has no {', '.join(sorted(absent))} yet")
    (paint,) = (k for k, entry in graph.items() if entry["class_type"] == "GenVRDepthGenerateVideo")
    graph["frames"] = node("SaveImage", images=[paint, 0], filename_prefix=f"sample{number}")
    history = films.run(graph, timeout=400)
    assert history.status == "success", history.error()
    names = [films.file(entry) for entry in history.outputs["frames"]["images"]]
    assert len(names) == FRAMES
    with Image.open(names[0]) as image:
        assert abs(image.width / image.height - 4 / 3) < 0.3
        assert any(low < high for low, high in image.getextrema())
