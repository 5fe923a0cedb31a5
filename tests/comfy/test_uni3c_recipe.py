"""The recipe of Depth to Camera Move for Uni3C in a real ComfyUI that has its node.

Small random models in the real formats.
"""

from __future__ import annotations

import pytest
import torch
from comfy_graph import node
from films import FRAMES, HEIGHT, SEED, STEPS, VAE, WIDTH, unet
from local_models import run, saved

pytestmark = pytest.mark.comfy


def _recipe(move: str, strength: float = 1.0):
    """As the help page of Depth to Camera Move says."""
    extent = {"width": WIDTH, "height": HEIGHT, "length": FRAMES, "batch_size": 1}
    graph = {
        "photo": node("LoadImage", image="ball.png"),
        "map": node("GenVRDepthFromImage", image=["photo", 0],
                    white_means="white is near (disparity)"),
        "move": node("GenVRDepthCameraMove", depth=["map", 0], image=["photo", 0], move=move,
                     amount=0.3, frames=FRAMES, timing="steady", fill_holes="off"),
        "unet": unet("wan21_i2v"),
        "vae": VAE,
        "patch": node("ModelPatchLoader", name="uni3c.safetensors"),
        "guided": node("WanUni3CControlnetApply", model=["unet", 0], model_patch=["patch", 0],
                       vae=["vae", 0], render_video=["move", 0], strength=strength,
                       start_percent=0.0, end_percent=1.0),
        "positive": node("StandInConditioning", seed=1, width=4096, pooled=8),
        "negative": node("StandInConditioning", seed=2, width=4096, pooled=8),
        "start": node("WanImageToVideo", positive=["positive", 0], negative=["negative", 0],
                      vae=["vae", 0], start_image=["photo", 0], **extent),
        "shift": node("ModelSamplingSD3", model=["guided", 0], shift=8.0),
        "sampler": node("KSampler", model=["shift", 0], seed=SEED, steps=STEPS, cfg=3.0,
                        sampler_name="euler", scheduler="simple", denoise=1.0,
                        positive=["start", 0], negative=["start", 1], latent_image=["start", 2]),
        "image": node("VAEDecode", samples=["sampler", 0], vae=["vae", 0]),
        "report": node("PreviewAny", source=["move", 3]),
    }  # fmt: skip
    return saved(graph, ["image", 0], ["sampler", 0])


def test_the_frames_of_a_camera_move_guide_uni3c(films):
    if "WanUni3CControlnetApply" not in films.object_info():
        pytest.skip("this ComfyUI has no Uni3C yet")
    guided = run(films, _recipe("truck"))
    assert guided.images.shape == (FRAMES, HEIGHT, WIDTH, 3)
    assert guided.images.std() > 1, "a constant clip proves nothing"
    assert "truck" in guided.report
    assert torch.equal(guided.latents, run(films, _recipe("truck")).latents)
    for other in (_recipe("pedestal"), _recipe("truck", strength=0.0)):
        assert not torch.allclose(guided.latents, run(films, other).latents, atol=1e-3)
