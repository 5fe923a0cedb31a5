"""The sample workflows of local generation run, with small models under the real file names."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from comfy_graph import node
from local_models import skip_if_only_full_size
from PIL import Image

pytestmark = pytest.mark.comfy

WORKFLOWS = Path(__file__).resolve().parents[2] / "workflows" / "api"

# Number of the workflow -> the small model that stands in for each file, and the widths of its
# text features: no text encoder of SDXL or FLUX is small, so ready conditioning takes its place.
SMALL_MODELS = {
    "02": ({"checkpoints": "sd15", "controlnet": "sd15_depth"}, (768, 768)),
    "03": ({"checkpoints": "sdxl", "controlnet": "sdxl_depth"}, (2048, 1280)),
    "04": ({"diffusion_models": "flux_depth", "vae": "vae16"}, (768, 768)),
    "05": ({"checkpoints": "sdxl", "controlnet": "sdxl_depth"}, (2048, 1280)),
}
LOADERS = {
    "CheckpointLoaderSimple": ("ckpt_name", "checkpoints"),
    "ControlNetLoader": ("control_net_name", "controlnet"),
    "UNETLoader": ("unet_name", "diffusion_models"),
    "VAELoader": ("vae_name", "vae"),
}
QUICK = {"steps": 1, "size": "megapixels", "megapixels": 0.02, "second_pass": 1.0}


def _files_under_their_real_names(graph, files, models: Path) -> None:
    for entry in graph.values():
        if entry["class_type"] in LOADERS:
            name, folder = LOADERS[entry["class_type"]]
            target = models / folder / entry["inputs"][name]
            if not target.exists():
                shutil.copy(models / folder / f"{files[folder]}.safetensors", target)


def _of_class(graph, class_type: str) -> list[str]:
    return [key for key, entry in graph.items() if entry["class_type"] == class_type]


@pytest.mark.parametrize("number", SMALL_MODELS)
def test_sample_workflow_paints_an_image(local, number):
    (path,) = WORKFLOWS.glob(f"{number} *.json")
    skip_if_only_full_size(local, path.stem.removeprefix(f"{number} "))
    graph = json.loads(path.read_text())
    absent = {entry["class_type"] for entry in graph.values()} - local.object_info().keys()
    if absent:
        pytest.skip(f"this ComfyUI has no {', '.join(sorted(absent))} yet")
    files, (width, pooled) = SMALL_MODELS[number]
    _files_under_their_real_names(graph, files, local.base / "models")
    for key in _of_class(graph, "DualCLIPLoader"):
        graph.pop(key)
    for seed, name in enumerate(("positive", "negative")):
        graph[name] = node("StandInConditioning", seed=seed, width=width, pooled=pooled)
    (generate,) = _of_class(graph, "GenVRDepthGenerateLocal")
    graph[generate]["inputs"].pop("clip")
    graph[generate]["inputs"] |= QUICK | {name: [name, 0] for name in ("positive", "negative")}
    history = local.run(graph, timeout=400)
    assert history.status == "success", history.error()
    (saver,) = _of_class(graph, "GenVRDepthSaveImage")
    images = [local.file(entry) for entry in history.outputs[saver]["images"]]
    assert len(images) == (4 if _of_class(graph, "GenVRDepthPromptVariations") else 1)
    with Image.open(images[0]) as image:
        assert abs(image.width / image.height - 4 / 3) < 0.15
        assert any(low < high for low, high in image.getextrema())
