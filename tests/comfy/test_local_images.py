"""Generate from Depth (Local) in a real ComfyUI, on small random models in the real file formats.

The image of the node must be the image of the same graph wired by hand from core nodes.
"""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
import torch
from comfy_graph import node
from local_models import (
    CONTROLLED,
    FRESH,
    ROUTES,
    SIZE,
    Result,
    hand,
    ours,
    refused,
    run,
    saved,
    skip_if_only_full_size,
)
from PIL import Image

pytestmark = pytest.mark.comfy

NAMED = {
    "SD 1.5": "Stable Diffusion 1.5",
    "SDXL": "SDXL",
    "FLUX.1 union": "type 2 (depth)",
    "FLUX.1 ControlNet": "FLUX.1 ControlNet",
    "FLUX.1 Depth": "through latent channels",
    "FLUX.1 Depth LoRA": "LoRA's extra latent channels",
}


@pytest.fixture(scope="module")
def first(local):
    """first(name) -> the node's plain result of a route, sampled once for all tests."""
    results: dict[str, Result] = {}

    def get(name: str) -> Result:
        skip_if_only_full_size(local, name)
        if name not in results:
            results[name] = run(local, ours(ROUTES[name]))
        return results[name]

    return get


@pytest.mark.parametrize("name", ROUTES)
def test_node_gives_the_image_of_the_graph_wired_by_hand(local, first, name):
    mine, theirs = first(name), run(local, hand(ROUTES[name]))
    assert mine.images.shape == (1, SIZE, SIZE, 3)
    assert mine.images.std() > 1, "a constant image proves nothing"
    assert np.array_equal(mine.images, theirs.images)
    assert torch.equal(mine.latents, theirs.latents)
    assert NAMED[name] in mine.report


@pytest.mark.parametrize("name", ROUTES)
def test_depth_decides_and_the_seed_repeats(local, first, name):
    latents = first(name).latents
    local.request("POST", "/free", {"unload_models": True, "free_memory": True})
    again = run(local, ours(ROUTES[name]))
    other = run(local, ours(ROUTES[name], "ball.png"))
    assert torch.equal(latents, again.latents)
    assert not torch.allclose(latents, other.latents, atol=1e-3)


@pytest.mark.parametrize("name", CONTROLLED)
def test_strength_zero_is_no_control(local, first, name):
    controlled = first(name).latents
    none = run(local, ours(ROUTES[name], strength=0.0)).latents
    plain = run(local, hand(ROUTES[name], controlled=False)).latents
    assert torch.equal(none, plain)
    assert not torch.equal(none, controlled)


SD15 = ROUTES["SD 1.5"]


def test_a_depth_map_is_the_control_image_of_depth_to_image(local):
    depth = node("GenVRDepthFromImage", image=["depth", 0], white_means="white is near (disparity)")
    mine = ours(SD15, "ball.png") | {"map": depth}
    mine["ours"]["inputs"]["depth"] = ["map", 0]
    theirs = hand(SD15, "ball.png") | {"map": depth}
    theirs["control"] = node(
        "GenVRDepthToImage", depth=["map", 0], colormap="grey", near_is="white"
    )
    theirs["steered"]["inputs"] = theirs["steered"]["inputs"] | {"image": ["control", 0]}
    assert torch.equal(run(local, mine).latents, run(local, theirs).latents)


def test_depth_of_another_size_is_sampled_at_the_nearest_multiple(local):
    result = run(local, ours(SD15, "ball_150.png"))
    assert result.images.shape == (1, 152, 152, 3)
    wide = run(local, ours(SD15, "ball_3_2.png", size="megapixels", megapixels=0.01))
    assert wide.images.shape == (1, 80, 128, 3)


def test_batch_and_second_pass_come_out_at_their_size(local):
    batch = run(local, ours(SD15, count=2, second_pass=2.0, second_denoise=0.6))
    assert batch.images.shape == (2, 2 * SIZE, 2 * SIZE, 3)
    assert not np.array_equal(batch.images[0], batch.images[1])


def _restyled(**changes: Any) -> dict[str, Any]:
    graph = ours(SD15, "ball.png", reference=["photo", 0], mask=["mask", 0], **changes)
    graph["photo"] = node("LoadImage", image="photo.png")
    graph["mask"] = node("LoadImageMask", image="right_half.png", channel="red")
    return graph


def test_pixels_outside_the_mask_stay_exactly_as_they_were(local):
    result = run(local, _restyled(denoise=0.8))
    photo = np.asarray(Image.open(local.base / "input" / "photo.png"))
    half = SIZE // 2
    assert np.array_equal(result.images[0][:, :half], photo[:, :half])
    assert not np.array_equal(result.images[0][:, half:], photo[:, half:])


def test_denoise_decides_how_much_of_the_reference_remains(local):
    latents = [run(local, _restyled(denoise=d, steps=8)).latents for d in (0.1, 1.0)]
    graph = ours(SD15)
    graph["photo"] = node("LoadImage", image="photo.png")
    graph["encoded"] = node("VAEEncode", pixels=["photo", 0], vae=SD15.vae)
    start = run(local, saved(graph, ["photo", 0], ["encoded", 0])).latents
    kept, repainted = ((latent - start).abs().mean() for latent in latents)
    assert kept < repainted


def _prompted(prompts: list[Any] | str) -> dict[str, Any]:
    graph = ours(SD15, prompt=prompts, clip=["clip", 0])
    for unused in ("positive", "negative"):
        graph.pop(unused)
        graph["ours"]["inputs"].pop(unused)
    graph["clip"] = node("CLIPLoader", clip_name="clip_l.safetensors", type="stable_diffusion")
    return graph


def _variations(**changes: Any) -> dict[str, Any]:
    inputs = {"prompt": "a room", "styles": "own lines only", **changes}
    return node("GenVRDepthPromptVariations", **inputs)


def test_six_prompts_are_six_runs_of_a_model_loaded_once(local):
    local.request("POST", "/free", {"unload_models": True, "free_memory": True})
    before = len(local.log())
    graph = _prompted(["prompts", 0])
    graph["ours"]["inputs"]["steps"] = 1
    lines = "\n".join(f"style {index}" for index in range(6))
    graph["prompts"] = _variations(own_styles=lines)
    result = run(local, graph)
    log = local.log()[before:]
    assert result.images.shape[0] == 6
    assert len({image.tobytes() for image in result.images}) == 6
    assert log.count("Requested to load BaseModel") == 1
    assert log.count("Requested to load SD1ClipModel") == 1
    assert log.count("model_type EPS") == 1


def test_no_prompt_at_all_is_an_error_with_a_remedy(local):
    graph = _prompted(["prompts", 0])
    graph["prompts"] = _variations(prompt="")
    history = local.run(graph)
    assert history.status == "error"
    assert "Write one prompt per line" in history.error()["exception_message"]


def test_wrong_control_net_is_refused_before_sampling(local):
    graph = ours(ROUTES["SDXL"])
    graph["net"] = node("ControlNetLoader", control_net_name="sd15_depth.safetensors")
    before = len(local.log())
    message = refused(local, graph)
    assert "SDXL" in message
    assert "Stable Diffusion 1.5" in message
    assert "Requested to load SDXL" not in local.log()[before:]


def test_missing_and_foreign_vaes_are_refused_with_a_remedy(local):
    foreign = ours(SD15, vae=["vae16", 0])
    foreign["vae16"] = node("VAELoader", vae_name="vae16.safetensors")
    assert "Connect the VAE that belongs" in refused(local, foreign)


def test_mask_of_another_frame_is_refused_with_a_remedy(local):
    graph = _restyled()
    graph["depth"] = node("LoadImage", image="ball_3_2.png")
    assert "not the same frame" in refused(local, graph)


def test_stop_works_mid_sampling_with_cores_own_progress_and_previews(local):
    graph = ours(SD15, steps=400, seed=next(FRESH))
    seen = asyncio.run(_watch_and_stop(local, graph))
    assert seen["interrupted"]
    assert 1 <= seen["steps"] < 400
    assert seen["previews"] > 0
    assert seen["node"].endswith("sampler")


async def _watch_and_stop(server, graph: dict[str, Any]) -> dict[str, Any]:
    import aiohttp

    seen: dict[str, Any] = {"interrupted": False, "steps": 0, "previews": 0, "node": ""}
    address = f"{server.url}/ws?clientId={server.client_id}"
    async with aiohttp.ClientSession() as session, session.ws_connect(address) as socket:
        await asyncio.to_thread(server.queue, graph)
        async for message in socket:
            if message.type == aiohttp.WSMsgType.BINARY:
                seen["previews"] += 1
                continue
            event = message.json()
            if event["type"] == "progress" and event["data"]["max"] == 400:
                seen |= {"steps": event["data"]["value"], "node": event["data"]["node"]}
                if seen["previews"]:
                    await asyncio.to_thread(server.interrupt)
            if event["type"] == "execution_interrupted":
                seen["interrupted"] = True
            if event["type"] in ("execution_interrupted", "execution_success", "execution_error"):
                return seen
    return seen
