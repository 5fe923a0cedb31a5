"""Depth to Camera Move against rendered truth: the bundled scenes from a camera that took a step.

`tests/data/scenes/NAME.stepped.*` are made by `training/scenes/render.py --side 512 --samples 10
--step ...` with the steps below. Beside it the warp of Depth to Stereo, given the same places.
PSNR over the pixels that both cameras see; IoU of the mask of those that only the second one sees.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from genvr_depth.nodes.depthkit.depth_map import DepthMap
from genvr_depth.nodes.depthkit.kernels import erode, local_max
from genvr_depth.nodes.depthkit.scenes import FOLDER, SCENE_NAMES, load_scene
from genvr_depth.nodes.depthkit.views.camera_move import camera_move
from genvr_depth.nodes.depthkit.views.camera_path import key_framed
from genvr_depth.nodes.depthkit.views.geometry import unproject
from genvr_depth.nodes.depthkit.views.warp import fill_from_background, forward_warp
from PIL import Image

pytestmark = pytest.mark.bench
DATA = Path(__file__).resolve().parents[1] / "data" / "scenes"

# right up forward in metres, pan and tilt in degrees; 2 to 7 percent of the distance to the middle
STEPS = {
    "furnished_room": "1: 0.35 0.1 0.25 -5 0",
    "product_table": "1: 0.12 0.05 0.1 0 -2",
    "figure_in_hall": "1: -0.5 0.1 0.5 4 0",
    "street": "1: 0.8 0 1.0 -3 0",
}


def _truth(name):
    """Image (h, w, 3) and metres (h, w), 0 where nothing is, of the second camera."""
    listing = {entry["name"]: entry for entry in json.loads((FOLDER / "scenes.json").read_text())}
    near, far = listing[name]["near"], listing[name]["far"]
    with Image.open(DATA / f"{name}.stepped.jpg") as opened:
        image = torch.from_numpy(np.asarray(opened, dtype=np.float32) / 255)
    with Image.open(DATA / f"{name}.stepped.depth.png") as opened:
        codes = np.asarray(opened, dtype=np.float64)
    metres = np.where(codes > 0, near * (far / near) ** ((codes - 1) / 65534), 0)
    return image, torch.from_numpy(metres).float()


def _rotation(pose):
    return torch.tensor(pose.rotation())


def _hidden(metres, camera, pose, source):
    """(h, w) bool: what the first camera does not see of the second one's view."""
    space = DepthMap.make(metres[None], "metric", camera=camera)
    points = unproject(space)[0] @ _rotation(pose).T + torch.tensor(pose.position)
    scale = source.width / metres.shape[1]
    own = source.camera
    u = points[..., 0] / points[..., 2] * own.fx + own.cx
    v = points[..., 1] / points[..., 2] * own.fy + own.cy
    sky = metres == 0
    inside = (u > 0) & (u < source.width) & (v > 0) & (v < source.height)
    column = u.clamp(0, source.width - 1).long()
    row = v.clamp(0, source.height - 1).long()
    nearest = source.values[0].where(source.valid[0], torch.tensor(1e6))
    # A pixel of the second camera covers several of the first one: any of them may show it.
    farthest = F.max_pool2d(nearest[None, None], 5, 1, 2)[0, 0][row, column]
    seen = inside & (points[..., 2] <= farthest * 1.01 + 0.005 * scale)
    return ~seen & ~sky, sky


def _stereo_warp(scene, pose):
    depth = scene.depth
    inverse = torch.where(depth.valid[0], 1 / depth.values[0].clamp_min(1e-6), 0.0)
    # As the node does: near things wider by the pixels that carry a share of their colour.
    inverse = local_max(inverse[None], 1)[0]
    camera = depth.camera
    u, v = torch.arange(depth.width) + 0.5, torch.arange(depth.height)[:, None] + 0.5
    rays = torch.stack(
        torch.broadcast_tensors((u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy,
                                torch.ones(())), -1)  # fmt: skip
    moved = (rays - inverse[..., None] * torch.tensor(pose.position)) @ _rotation(pose)
    to_u = moved[..., 0] / moved[..., 2] * camera.fx + camera.cx
    to_v = moved[..., 1] / moved[..., 2] * camera.fy + camera.cy
    near = inverse / inverse.max()
    warped, depths, hole = forward_warp(scene.image[0], near, to_u - u, to_v - v)
    return fill_from_background(warped, depths, hole), hole


def _half(image):
    planes = image.permute(2, 0, 1)[None] if image.ndim == 3 else image[None, None]
    small = F.avg_pool2d(planes.float(), 2)[0]
    return small.permute(1, 2, 0) if image.ndim == 3 else small[0] > 0.5


def _psnr(found, truth, where):
    return -10 * (found - truth)[where].square().mean().log10().item()


def test_a_step_in_the_scenes(capsys):
    gains, overlaps = [], []
    for name in SCENE_NAMES:
        scene, (image, metres) = load_scene(name), _truth(name)
        (pose,) = key_framed(STEPS[name], 2)[1:]
        half = scene.depth.camera.scaled(0.5, 0.5)
        hidden, sky = _hidden(metres, half, pose, scene.depth)
        made = camera_move(scene.depth, scene.image, [pose])
        ours = (_half(made.images[0]), _half(made.holes[0]))
        theirs = tuple(_half(part) for part in _stereo_warp(scene, pose))
        # Outlines of the truth are soft over a pixel: they are neither seen nor hidden.
        seen = erode(~hidden & ~sky)
        figures = []
        for picture, hole in (ours, theirs):
            union = ((hole | hidden) & ~sky).sum()
            iou = ((hole & hidden & ~sky).sum() / union).item()
            figures.append((_psnr(picture, image, seen), iou, _psnr(picture, image, ~seen & ~sky)))
        gains.append(figures[0][0] - figures[1][0])
        overlaps.append([figures[0][1], figures[1][1]])
        with capsys.disabled():
            for who, (psnr, iou, filled) in zip(("move", "stereo"), figures, strict=True):
                sys.stdout.write(
                    f"\n{name:15} {who:7} PSNR {psnr:.2f} dB, hole IoU {iou:.3f}, "
                    f"beside and in holes {filled:.2f} dB"
                )
    mine, other = torch.tensor(overlaps).mean(0).tolist()
    with capsys.disabled():
        sys.stdout.write(
            f"\nmean: {sum(gains) / len(gains):+.2f} dB, IoU {mine:.3f} and {other:.3f}"
        )
    assert sum(gains) > 0
    assert mine > other
