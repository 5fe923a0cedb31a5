"""Generate from Depth (Local) in a real ComfyUI, on small random models in the real file formats.

The picture of the node must be the picture of the same graph wired by hand from core nodes.
"""

from __future__ import annotations

import asyncio
import importlib.util
import itertools
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

pytestmark = pytest.mark.comfy

HERE = Path(__file__).resolve().parent
SIZE = 64


def _checkpoints():
    spec = importlib.util.spec_from_file_location("checkpoints", HERE / "checkpoints.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["checkpoints"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def local(tmp_path_factory, comfy_factory):
    """A server whose base folder holds the random models and two depth pictures."""
    base = tmp_path_factory.mktemp("local")
    make, models = _checkpoints(), base / "models"

    def checkpoint(shapes, name, seed):
        unet = {f"model.diffusion_model.{key}": shape for key, shape in shapes.items()}
        vae = {f"first_stage_model.{key}": s for key, s in make.tiny_vae(4).items()}
        make.write(unet | vae, models / "checkpoints" / name, seed)

    checkpoint(make.unet(**make.SD15), "sd15.safetensors", 1)
    checkpoint(make.unet(**make.SDXL), "sdxl.safetensors", 2)
    for folder, name, shapes in (
        ("controlnet", "sd15_depth", make.unet_control(**make.SD15)),
        ("controlnet", "sdxl_depth", make.unet_control(**make.SDXL)),
        ("controlnet", "flux_union", make.flux_control(7)),
        ("controlnet", "flux_depth_only", make.flux_control(0)),
        ("diffusion_models", "flux", make.flux(16)),
        ("diffusion_models", "flux_depth", make.flux(32)),
        ("loras", "flux_depth", make.flux_depth_lora()),
        ("vae", "vae16", make.tiny_vae(16)),
        ("text_encoders", "clip_l", make.clip_l()),
    ):
        make.write(shapes, models / folder / f"{name}.safetensors", 3)
    (base / "custom_nodes").mkdir()
    shutil.copy(HERE / "stand_ins.py", base / "custom_nodes")
    _depth_pictures(base / "input")
    return comfy_factory(base=base, extra=("--fp32-text-enc", "--preview-method", "latent2rgb"))


def _depth_pictures(folder: Path) -> None:
    folder.mkdir()
    rows, columns = np.mgrid[0:SIZE, 0:SIZE]
    ramp = (columns * 255 // (SIZE - 1)).astype(np.uint8)
    ball = np.where((rows - 32) ** 2 + (columns - 32) ** 2 < 400, 220, 40).astype(np.uint8)
    Image.fromarray(ramp).convert("RGB").save(folder / "ramp.png")
    Image.fromarray(ball).convert("RGB").save(folder / "ball.png")
    Image.fromarray(ball).convert("RGB").resize((150, 150)).save(folder / "ball_150.png")
    Image.fromarray(ball).convert("RGB").resize((150, 100)).save(folder / "ball_3_2.png")
    photo = np.stack([rows * 4, columns * 4, (rows + columns) * 2], axis=-1).clip(0, 255)
    Image.fromarray(photo.astype(np.uint8)).save(folder / "photo.png")
    half = np.where(columns < SIZE // 2, 0, 255).astype(np.uint8)
    Image.fromarray(half).convert("RGB").save(folder / "right_half.png")


@dataclass(frozen=True)
class Route:
    """How a family is loaded, and the core nodes between its loaders and the sampler."""

    loaders: dict[str, Any]
    model: list[Any]
    vae: list[Any]
    width: int
    pooled: int
    control: list[Any] | None = None
    by_hand: dict[str, Any] = field(default_factory=dict)
    cfg: float = 1.0
    empty: str = "EmptyLatentImage"


def node(class_type: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs}


def _controlled(control: list[Any], positive: str = "positive") -> dict[str, Any]:
    return {
        "steered": node(
            "ControlNetApplyAdvanced",
            positive=[positive, 0],
            negative=["negative", 0],
            control_net=control,
            image=["depth", 0],
            strength=0.9,
            start_percent=0.0,
            end_percent=0.75,
            vae=["vae_for_control", 0],
        )
    }


def _checkpoint(name: str, width: int, pooled: int) -> Route:
    return Route(
        {
            "checkpoint": node("CheckpointLoaderSimple", ckpt_name=f"{name}.safetensors"),
            "net": node("ControlNetLoader", control_net_name=f"{name}_depth.safetensors"),
        },
        model=["checkpoint", 0],
        vae=["checkpoint", 2],
        width=width,
        pooled=pooled,
        control=["net", 0],
        by_hand=_controlled(["net", 0]),
        cfg=5.0,
    )


def _flux(unet: str, **loaders: Any) -> dict[str, Any]:
    return {
        "unet": node("UNETLoader", unet_name=f"{unet}.safetensors", weight_dtype="default"),
        "vae": node("VAELoader", vae_name="vae16.safetensors"),
        **loaders,
    }


GUIDED = {"guided": node("FluxGuidance", conditioning=["positive", 0], guidance=3.0)}
CONCAT = GUIDED | {
    "steered": node(
        "InstructPixToPixConditioning",
        positive=["guided", 0],
        negative=["negative", 0],
        vae=["vae", 0],
        pixels=["depth", 0],
    )
}
LORA = node(
    "LoraLoaderModelOnly",
    model=["unet", 0],
    lora_name="flux_depth.safetensors",
    strength_model=1.0,
)
FLUX = {"vae": ["vae", 0], "width": 768, "pooled": 768, "empty": "EmptySD3LatentImage"}

ROUTES = {
    "SD 1.5": _checkpoint("sd15", 768, 768),
    "SDXL": _checkpoint("sdxl", 2048, 1280),
    "FLUX.1 union": Route(
        _flux("flux", net=node("ControlNetLoader", control_net_name="flux_union.safetensors")),
        model=["unet", 0],
        control=["net", 0],
        by_hand=GUIDED
        | {
            "typed": node(
                "SetUnionControlNetType", control_net=["net", 0], type="hed/pidi/scribble/ted"
            )
        }
        | _controlled(["typed", 0], "guided"),
        **FLUX,
    ),
    "FLUX.1 ControlNet": Route(
        _flux("flux", net=node("ControlNetLoader", control_net_name="flux_depth_only.safetensors")),
        model=["unet", 0],
        control=["net", 0],
        by_hand=GUIDED | _controlled(["net", 0], "guided"),
        **FLUX,
    ),
    "FLUX.1 Depth": Route(_flux("flux_depth"), model=["unet", 0], by_hand=CONCAT, **FLUX),
    "FLUX.1 Depth LoRA": Route(_flux("flux", lora=LORA), model=["lora", 0], by_hand=CONCAT, **FLUX),
}
CONTROLLED = [name for name, route in ROUTES.items() if route.control]


def _base(route: Route, depth: str) -> dict[str, Any]:
    return {
        **route.loaders,
        "depth": node("LoadImage", image=depth),
        "positive": node("StandInConditioning", seed=1, width=route.width, pooled=route.pooled),
        "negative": node("StandInConditioning", seed=2, width=route.width, pooled=route.pooled),
    }


def _saved(graph: dict[str, Any], image: list[Any], latent: list[Any]) -> dict[str, Any]:
    return graph | {
        "saved": node("SaveImage", images=image, filename_prefix="local"),
        "kept": node("SaveLatent", samples=latent, filename_prefix="local"),
    }


def ours(route: Route, depth: str = "ramp.png", **changes: Any) -> dict[str, Any]:
    """The whole family behind our node."""
    sockets = {"control_net": route.control} if route.control else {}
    settings = {"steps": 2, "sampler": "euler", "scheduler": "normal", "strength": 0.9, "end": 0.75}
    guidance = 3.0 if "guided" in route.by_hand else route.cfg
    inputs = {
        "model": route.model,
        "vae": route.vae,
        "depth": ["depth", 0],
        "prompt": "",
        "seed": 11,
        "positive": ["positive", 0],
        "negative": ["negative", 0],
        "guidance": guidance,
        **sockets,
        **settings,
        **changes,
    }
    graph = _base(route, depth) | {"ours": node("GenVRDepthGenerateLocal", **inputs)}
    graph["report"] = node("PreviewAny", source=["ours", 2])
    return _saved(graph, ["ours", 0], ["ours", 1])


def hand(route: Route, depth: str = "ramp.png", *, controlled: bool = True) -> dict[str, Any]:
    """The same, wired from core nodes."""
    graph = _base(route, depth) | route.by_hand
    if "vae_for_control" in str(graph.get("steered")):
        graph["steered"]["inputs"] = graph["steered"]["inputs"] | {"vae": route.vae}
    positive = ["guided", 0] if "guided" in route.by_hand else ["positive", 0]
    conditioning = {"positive": positive, "negative": ["negative", 0]}
    if controlled:
        conditioning = {"positive": ["steered", 0], "negative": ["steered", 1]}
    else:
        graph.pop("steered")
    graph["latent"] = node(route.empty, width=SIZE, height=SIZE, batch_size=1)
    graph["sampler"] = node(
        "KSampler",
        model=route.model,
        latent_image=["latent", 0],
        seed=11,
        steps=2,
        cfg=route.cfg,
        sampler_name="euler",
        scheduler="normal",
        denoise=1.0,
        **conditioning,
    )
    graph["image"] = node("VAEDecode", samples=["sampler", 0], vae=route.vae)
    return _saved(graph, ["image", 0], ["sampler", 0])


@dataclass(frozen=True)
class Result:
    images: np.ndarray
    latents: torch.Tensor
    report: str


_fresh = itertools.count(100000)


def run(server, graph: dict[str, Any]) -> Result:
    """Execute anew (the prefix defeats the cache of the saving nodes) and read what was saved."""
    prefix = f"local{next(_fresh)}"
    for saver in ("saved", "kept"):
        graph[saver]["inputs"]["filename_prefix"] = prefix
    history = server.run(graph)
    assert history.status == "success", history.error()
    pictures = [server.file(entry) for entry in history.outputs["saved"]["images"]]
    latents = [server.file(entry) for entry in history.outputs["kept"]["latents"]]
    report = history.outputs.get("report", {}).get("text", [""])
    return Result(
        np.stack([np.asarray(Image.open(picture)) for picture in pictures]),
        torch.cat([load_file(latent)["latent_tensor"] for latent in latents]),
        report[0],
    )


def refused(server, graph: dict[str, Any]) -> str:
    history = server.run(graph)
    assert history.status == "error"
    assert history.error()["node_type"] == "GenVRDepthGenerateLocal", history.error()
    return history.error()["exception_message"]


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
        if name not in results:
            results[name] = run(local, ours(ROUTES[name]))
        return results[name]

    return get


@pytest.mark.parametrize("name", ROUTES)
def test_node_gives_the_picture_of_the_graph_wired_by_hand(local, first, name):
    mine, theirs = first(name), run(local, hand(ROUTES[name]))
    assert mine.images.shape == (1, SIZE, SIZE, 3)
    assert mine.images.std() > 1, "a constant picture proves nothing"
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
    none = run(local, ours(ROUTES[name], strength=0.0)).latents
    plain = run(local, hand(ROUTES[name], controlled=False)).latents
    assert torch.equal(none, plain)
    assert not torch.equal(none, first(name).latents)


SD15 = ROUTES["SD 1.5"]


def test_depth_of_another_size_is_sampled_at_the_nearest_multiple(local):
    result = run(local, ours(SD15, "ball_150.png"))
    assert result.images.shape == (1, 152, 152, 3)
    wide = run(local, ours(SD15, "ball_3_2.png", size="megapixels", megapixels=0.01))
    assert wide.images.shape == (1, 80, 128, 3)


def test_batch_and_second_pass_come_out_at_their_size(local):
    batch = run(local, ours(SD15, batch_count=2, second_pass=2.0, second_denoise=0.6))
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
    start = run(local, _saved(graph, ["photo", 0], ["encoded", 0])).latents
    kept, repainted = ((latent - start).abs().mean() for latent in latents)
    assert kept < repainted


def _prompted(prompts: list[Any] | str) -> dict[str, Any]:
    graph = ours(SD15, prompt=prompts, clip=["clip", 0])
    for unused in ("positive", "negative"):
        graph.pop(unused)
        graph["ours"]["inputs"].pop(unused)
    graph["clip"] = node("CLIPLoader", clip_name="clip_l.safetensors", type="stable_diffusion")
    return graph


def test_six_prompts_are_six_runs_of_a_model_loaded_once(local):
    local.request("POST", "/free", {"unload_models": True, "free_memory": True})
    before = len(local.log())
    graph = _prompted(["prompts", 0])
    graph["prompts"] = node("StandInPrompts", count=6)
    result = run(local, graph)
    log = local.log()[before:]
    assert result.images.shape[0] == 6
    assert len({image.tobytes() for image in result.images}) == 6
    assert log.count("Requested to load BaseModel") == 1
    assert log.count("Requested to load SD1ClipModel") == 1
    assert log.count("model_type EPS") == 1


def test_no_prompt_at_all_is_an_error_not_a_picture(local):
    graph = _prompted(["prompts", 0])
    graph["prompts"] = node("StandInPrompts", count=0)
    assert local.run(graph).status == "error"


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
    graph = ours(SD15, steps=400, seed=next(_fresh))
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
