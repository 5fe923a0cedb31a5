"""Generate Video from Depth (Local) in a real ComfyUI, on small random models in the real formats.

The clip of the node must be the clip of the same graph wired by hand from core nodes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from comfy_graph import node
from film import make_film
from films import (
    FILMS,
    FRAMES,
    HEIGHT,
    WIDTH,
    hand,
    ours,
    release,
    skip_if_vae_must_be_full_size,
    unet,
)
from local_models import FRESH, Result, run

pytestmark = pytest.mark.comfy


@pytest.fixture(scope="module")
def first(films):
    """first(name) -> the node's clip of a family, sampled once for all tests."""
    results: dict[str, Result] = {}

    def get(name: str) -> Result:
        skip_if_vae_must_be_full_size(films, name)
        if name not in results:
            results[name] = run(films, ours(FILMS[name]))
        return results[name]

    return get


@pytest.mark.parametrize("name", FILMS)
def test_node_gives_the_clip_of_the_graph_wired_by_hand(films, first, name):
    mine, theirs = first(name), run(films, hand(FILMS[name], nodes=films.object_info()))
    assert mine.images.shape == (FRAMES, HEIGHT, WIDTH, 3)
    assert mine.images.std() > 1, "a constant clip proves nothing"
    assert np.array_equal(mine.images, theirs.images)
    assert torch.equal(mine.latents, theirs.latents)
    assert name.partition(",")[0] in mine.report


@pytest.mark.parametrize("name", FILMS)
def test_depth_decides_what_the_clip_shows(films, first, name):
    clip = first(name)
    other = run(films, ours(FILMS[name], "other"))
    assert not torch.allclose(clip.latents, other.latents, atol=1e-3)


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


def _half_masked(graph: dict[str, Any]) -> dict[str, Any]:
    """With another clip as source, and a mask whose right half is white."""
    return graph | {
        "photo": node("LoadImage", image="other.png"),
        "source": node("RepeatImageBatch", image=["photo", 0], amount=FRAMES),
        "black": node("SolidMask", value=0.0, width=WIDTH, height=HEIGHT),
        "white": node("SolidMask", value=1.0, width=WIDTH // 2, height=HEIGHT),
        "half": node(
            "MaskComposite", destination=["black", 0], source=["white", 0], x=WIDTH // 2, y=0,
            operation="add",
        ),
    }  # fmt: skip


def test_a_source_video_stays_outside_the_mask_as_wired_by_hand(films, first):
    mine = ours(FILMS["Wan VACE"], source_video=["source", 0], mask=["half", 0])
    theirs = _half_masked(hand(FILMS["Wan VACE"])) | {
        "image_of_mask": node("MaskToImage", mask=["half", 0]),
        "repeated": node("RepeatImageBatch", image=["image_of_mask", 0], amount=FRAMES),
        "masks": node("ImageToMask", image=["repeated", 0], channel="red"),
        "control": node(
            "ImageCompositeMasked", destination=["source", 0], source=["clip", 0], x=0, y=0,
            resize_source=False, mask=["half", 0],
        ),
    }  # fmt: skip
    theirs["depth"]["inputs"] = theirs["depth"]["inputs"] | {
        "control_video": ["control", 0], "control_masks": ["masks", 0],
    }  # fmt: skip
    result = run(films, _half_masked(mine))
    assert torch.equal(result.latents, run(films, theirs).latents)
    assert not torch.equal(result.latents, first("Wan VACE").latents)
    assert "painted anew where the mask is white" in result.report


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


def _a_refusal(films, words: str, nodes: dict[str, Any] | None = None, **changes: Any) -> None:
    assert words in _refused(films, ours(FILMS["Wan VACE"], **changes) | (nodes or {}))


def test_what_cannot_work_is_refused_before_anything_is_loaded(films):
    fun = ours(FILMS["Wan 2.2 Fun Control"])
    del fun["ours"]["inputs"]["model_low_noise"]
    assert "low-noise one is missing" in _refused(films, fun)
    pair = ours(FILMS["Wan 2.2 Fun Control"])
    pair["low"] = unet("wan_vace")
    assert "another family" in _refused(films, pair)

    _a_refusal(films, "between 1 and 120", frame_rate=0.5)
    _a_refusal(films, "between 1 and 120", depth_rate=0.2)
    wide = {"wide": node("EmptyImage", width=200, height=HEIGHT, batch_size=1, color=0)}
    _a_refusal(films, "not the same frame", wide, first=["wide", 0])
    mask = {"mask": node("SolidMask", value=1.0, width=200, height=HEIGHT)}
    _a_refusal(films, "not the same frame", mask, source_video=["clip", 0], mask=["mask", 0])
    _a_refusal(films, "source_video is not", mask, mask=["mask", 0])


def test_a_video_file_makes_the_clip_of_its_frames(films):
    if release(films) < (0, 27):
        pytest.skip("this ComfyUI decodes films in 8 bits, the node in as many as they have")
    make_film(films.base / "input" / "clip.mp4", FRAMES)
    loaded = {
        "film": node("LoadVideo", file="clip.mp4"),
        "parts": node("GetVideoComponents", video=["film", 0]),
        "black": node("SolidMask", value=0.5, width=64, height=48),
    }
    made = []
    for kind in (["film", 0], ["parts", 0]):
        graph = ours(FILMS["Wan VACE"], source_video=kind, mask=["black", 0], depth_rate=16.0)
        graph["ours"]["inputs"]["depth"] = kind
        made.append(run(films, graph | loaded))
    assert made[0].images.std() > 1
    assert torch.equal(made[0].latents, made[1].latents)
    assert np.array_equal(made[0].images, made[1].images)


def test_ltx_without_its_lora_is_refused_before_anything_is_loaded(films):
    skip_if_vae_must_be_full_size(films, "LTX-2")
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
