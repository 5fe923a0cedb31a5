"""The sample workflows of local generation run, with small models under the real file names."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
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
    "16": ({"checkpoints": "sd15", "controlnet": "sd15_depth"}, (768, 768)),
}
LOADERS = {
    "CheckpointLoaderSimple": ("ckpt_name", "checkpoints"),
    "ControlNetLoader": ("control_net_name", "controlnet"),
    "UNETLoader": ("unet_name", "diffusion_models"),
    "VAELoader": ("vae_name", "vae"),
}


def _files_under_their_real_names(graph, files, models: Path) -> None:
    for entry in graph.values():
        if entry["class_type"] in LOADERS:
            name, folder = LOADERS[entry["class_type"]]
            target = models / folder / entry["inputs"][name]
            if not target.exists():
                shutil.copy(models / folder / f"{files[folder]}.safetensors", target)


def _of_class(graph, class_type: str) -> list[str]:
    return [key for key, entry in graph.items() if entry["class_type"] == class_type]


def _sample(local, number: str) -> dict[str, Any]:
    """A sample workflow over the small models under the real names, with one sampling step."""
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
    graph[generate]["inputs"] |= {"steps": 1, "second_pass": 1.0}
    graph[generate]["inputs"] |= {name: [name, 0] for name in ("positive", "negative")}
    return graph


@pytest.mark.parametrize("number", SMALL_MODELS)
def test_sample_workflow_paints_an_image(local, number):
    graph = _sample(local, number)
    (generate,) = _of_class(graph, "GenVRDepthGenerateLocal")
    graph[generate]["inputs"] |= {"size": "megapixels", "megapixels": 0.02}
    history = local.run(graph, timeout=400)
    assert history.status == "success", history.error()
    (saver,) = _of_class(graph, "GenVRDepthSaveImage")
    images = [local.file(entry) for entry in history.outputs[saver]["images"]]
    assert len(images) == (4 if _of_class(graph, "GenVRDepthPromptVariations") else 1)
    beside = len(_of_class(graph, "ImageStitch")) + 1
    with Image.open(images[0]) as image:
        assert abs(image.width / beside / image.height - 4 / 3) < 0.15
        assert any(low < high for low, high in image.getextrema())


def test_only_the_holes_of_the_right_eye_are_painted(local):
    graph = _sample(local, "16")
    (generate,) = _of_class(graph, "GenVRDepthGenerateLocal")
    (scene,) = _of_class(graph, "GenVRDepthSampleScene")
    (saver,) = _of_class(graph, "GenVRDepthSaveImage")
    given = graph[generate]["inputs"]
    masks = {
        "painted": given["mask"],
        "holes": [given["reference"][0], 1],
        "depth_holes": [given["depth"][0], 1],
    }
    shown = {"photo": [scene, 0], "eyes": given["reference"]}
    for name, source in masks.items():
        graph[name] = node("MaskToImage", mask=source)
        shown[name] = [name, 0]
    for name, source in shown.items():
        graph[f"{name} shown"] = node("SaveImage", images=source, filename_prefix=f"16_{name}")
    history = local.run(graph, timeout=400)
    assert history.status == "success", history.error()

    def files(key: str) -> list[np.ndarray]:
        paths = [local.file(entry) for entry in history.outputs[key]["images"]]
        return [np.asarray(Image.open(path).convert("RGB")).astype(int) for path in paths]

    (photo,), eyes, whites, holes, depth_holes, (pair,) = (
        files(key) for key in (*(f"{name} shown" for name in shown), saver)
    )
    height, width, _ = photo.shape
    assert pair.shape == (height, 2 * width, 3)
    painted = whites[1][..., 0] > 127
    assert not whites[0].any()
    assert 0.005 < painted.mean() < 0.2
    # Two writers of 8 bits may round to either side.
    assert abs(pair[:, :width] - photo).max() <= 1
    assert abs(eyes[0] - photo).max() <= 1
    change = abs(pair[:, width:] - eyes[1]).max(-1)
    assert change[~painted].max() <= 1
    assert (change[painted] > 8).mean() > 0.5
    # The depth opens where the photo does: both show one view.
    of_photo, of_depth = holes[1] > 127, depth_holes[1] > 127
    assert (of_photo & of_depth).sum() / (of_photo | of_depth).sum() > 0.95
