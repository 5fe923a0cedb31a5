"""Depth clips as video files, and VIDEO at nodes that take frames, in a real ComfyUI."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from films import release
from genvr_depth.nodes.depthkit.formats import VIDEO_FORMATS, decode_depth

av = pytest.importorskip("av")
pytestmark = pytest.mark.comfy

FRAMES, HEIGHT, WIDTH = 3, 48, 64
NEAR, FAR = 1.0, 9.0


def node(kind: str, **inputs):
    return {"class_type": kind, "inputs": inputs}


def run(comfy, graph: dict, name: str):
    done = comfy.run(graph)
    assert done.status == "success", done.error()
    return comfy.file(done.outputs[name]["files"][0])


def in_npz(depth: list) -> dict:
    return node(
        "GenVRDepthSaveDepth", depth=depth, filename_prefix="v/back", format="npz",
        values="unchanged",
    )  # fmt: skip


@pytest.fixture(scope="module")
def clip(comfy, tmp_path_factory) -> np.ndarray:
    """(FRAMES, HEIGHT, WIDTH) metres, in the input folder as clip.npy."""
    values = np.linspace(NEAR, FAR, FRAMES * HEIGHT * WIDTH, dtype=np.float32)
    values = values.reshape(FRAMES, HEIGHT, WIDTH)[:, ::-1].copy()
    path = tmp_path_factory.mktemp("clip") / "clip.npy"
    np.save(path, values)
    comfy.upload(path)
    return values


@pytest.mark.parametrize("format", VIDEO_FORMATS)
def test_a_clip_is_saved_as_a_video_and_read_back(comfy, clip, format):
    graph = {
        "load": node("GenVRDepthLoad", file="clip.npy", meaning="metres (times unit scale)"),
        "black": node("EmptyImage", width=WIDTH, height=HEIGHT, batch_size=FRAMES, color=0x4080C0),
        "save": node(
            "GenVRDepthSaveDepth", depth=["load", 0], image=["black", 0], format=format,
            filename_prefix=f"v/{format}", values="unchanged", frame_rate=24.0,
        ),
    }  # fmt: skip
    path = run(comfy, graph, "save")
    assert path.suffix == f".{VIDEO_FORMATS[format].extension}"
    comfy.upload(path, f"{format}{path.suffix}")
    for index in range(FRAMES):
        picked = node(
            "GenVRDepthLoad", file=f"{format}{path.suffix}", meaning="as the file says",
            first_frame=index + 1, last_frame=index + 1,
        )  # fmt: skip
        found = run(comfy, {"load": picked, "save": in_npz(["load", 0])}, "save")
        back = decode_depth(found.read_bytes()).values[0].numpy()
        wrong = np.abs(back - clip[index])
        if VIDEO_FORMATS[format].lossless:
            assert wrong.max() <= 0.51 * (FAR - NEAR) / 65534 + 1e-6
        else:
            assert wrong.mean() < 0.01 * (FAR - NEAR)
            assert wrong.max() < 0.04 * (FAR - NEAR)  # beside the photo


def test_a_video_file_is_estimated_like_its_frames(comfy):
    """Core's own nodes take the frames out of the file at the right."""
    if release(comfy) < (0, 27):
        pytest.skip("this ComfyUI decodes films in 8 bits, the node in as many as they have")
    with av.open(str(comfy.base / "input" / "film.mp4"), "w") as film:
        stream = film.add_stream("h264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        rng = np.random.default_rng(0)
        for _ in range(2):
            pixels = np.kron(rng.integers(0, 255, (12, 16, 3), np.uint8), np.ones((8, 8, 1), "u1"))
            film.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        film.mux(stream.encode(None))
    found = []
    for frames in (["film", 0], ["parts", 0]):
        graph = {
            "film": node("LoadVideo", file="film.mp4"),
            "parts": node("GetVideoComponents", video=["film", 0]),
            "depth": node("GenVRDepthEstimate", image=frames, resolution=128),
            "save": in_npz(["depth", 0]),
        }
        done = comfy.run(graph)
        assert done.status == "success", done.error()
        files = [comfy.file(entry) for entry in done.outputs["save"]["files"]]
        assert len(files) == 2
        found.append([decode_depth(path.read_bytes()).values for path in files])
    for ours, cores in zip(*found, strict=True):
        # Two images at once are not the sums of one after the other, to the last bit.
        torch.testing.assert_close(ours, cores, rtol=1e-5, atol=1e-6)
