"""Depth to Stereo against true second eyes: Middlebury cones and the bundled scenes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from genvr_depth.nodes.depthkit.depth_map import DepthMap
from genvr_depth.nodes.depthkit.images import resize
from genvr_depth.nodes.depthkit.kernels import local_max
from genvr_depth.nodes.depthkit.maps.fill import fill_holes
from genvr_depth.nodes.depthkit.scenes import SCENE_NAMES, load_scene
from genvr_depth.nodes.depthkit.scenes import __file__ as scenes_file
from genvr_depth.nodes.depthkit.views.eye import see_from
from genvr_depth.nodes.depthkit.views.warp import fill_from_background, forward_warp
from PIL import Image

pytestmark = pytest.mark.bench
CONES = Path(__file__).resolve().parents[3] / "shared" / "data" / "middlebury_cones"
EYES = Path(__file__).resolve().parents[1] / "data" / "scenes"
# Metres to the right as a share of the nearest distance: what the views were rendered with
# (render.py --step METRES 0 0 0 0 --side 384).
EYE_SHIFT = 0.06


def _say(line):
    sys.stderr.write(f"\n{line}")


def _photo(path):
    return torch.from_numpy(np.asarray(Image.open(path).convert("RGB"), np.float32) / 255)


def _cones():
    """(left photo, right photo, left disparity, right disparity) in pixels, 0 unknown."""
    if not CONES.is_dir():
        pytest.skip("the Middlebury pair lies in ../shared/data; not here")
    maps = [
        torch.from_numpy(np.asarray(Image.open(CONES / f"disp{n}.png"), np.float32) / 4)
        for n in (2, 6)
    ]
    return _photo(CONES / "im2.png"), _photo(CONES / "im6.png"), *maps


def _scene(name):
    scene = load_scene(name)
    right = _photo(EYES / f"{name}.right_eye.jpg")
    size = right.shape[:2]
    listing = {
        e["name"]: e for e in json.loads((Path(scenes_file).parent / "scenes.json").read_text())
    }
    near, far = listing[name]["near"], listing[name]["far"]
    codes = np.asarray(Image.open(EYES / f"{name}.right_eye.depth.png"), np.float64)
    metres = near * (far / near) ** ((codes - 1) / 65534)
    left = scene.depth.resized(*size)
    pixels = left.camera.fx * EYE_SHIFT * near
    here = F.interpolate(scene.depth.values[None], size, mode="nearest-exact")[0, 0]
    known = F.interpolate(scene.depth.valid[None].float(), size, mode="nearest-exact")[0, 0] > 0
    # The sky moves by next to nothing, but is seen.
    first = torch.where(known, pixels / here.clamp_min(1e-3), 1e-3)
    second = torch.from_numpy(np.where(codes > 0, pixels / metres, 1e-3)).float()
    return resize(scene.image, *size)[0], right, first, second


def _visible(left, right):
    """(H, W) bool: pixels of the right eye that the left one sees too, and that it does not."""
    column = torch.arange(right.shape[1]).expand(right.shape)
    at = (column + right).round().long()
    inside = (at >= 0) & (at < right.shape[1]) & (right > 0)
    there = left.gather(1, at.clamp(0, right.shape[1] - 1))
    both = inside & ((there - right).abs() <= 1) & (there > 0)
    return both, (right > 0) & (~inside | (there > right + 1))


def _plain(image, pixels):
    """Forward warp to the nearest pixel with a depth test."""
    height, width = pixels.shape
    x = (torch.arange(width) - pixels).round().long()
    ok = (x >= 0) & (x < width)
    index = torch.arange(height)[:, None] * width + x
    count = height * width
    key = (pixels.flatten() * 4096).round().long() * count + torch.arange(count)
    best = torch.full((count,), -1, dtype=torch.long)
    best.scatter_reduce_(0, index[ok], key.view(height, width)[ok], "amax")
    hole, source = best < 0, best.clamp_min(0) % count
    seen = image.reshape(-1, 3)[source].masked_fill(hole[:, None], 0).view_as(image)
    return _filled(seen, pixels.flatten()[source].view_as(pixels), hole.view_as(pixels))


def _before(image, pixels):
    """Depth to Stereo before: everything near wider by a pixel, four-pixel splats."""
    near = local_max((pixels / pixels.max())[None], 1 + pixels.shape[1] // 2048)[0]
    shift = -near * pixels.max()
    seen, order, hole = forward_warp(image, near, shift, torch.zeros_like(shift))
    return _filled(seen, order, hole)


def _softmax_splatting(image, pixels, alpha=20.0):
    """Niklaus and Liu 2020, with the exact depth as importance."""
    height, width = pixels.shape
    place = torch.arange(width) - pixels
    left, weight = place.floor().long(), (alpha * pixels / pixels.max()).exp()
    total, colour = torch.zeros(height * width), torch.zeros(height * width, 3)
    row = torch.arange(height)[:, None] * width
    for step, share in ((0, 1 - (place - left)), (1, place - left)):
        ok = (left + step >= 0) & (left + step < width)
        at = (row + left + step)[ok]
        total.index_add_(0, at, (weight * share)[ok])
        colour.index_add_(0, at, image[ok] * (weight * share)[ok][:, None])
    hole = (total <= 1e-6).view(height, width)
    seen = (colour / total.clamp_min(1e-9)[:, None]).view_as(image)
    return _filled(seen.masked_fill(hole[..., None], 0), pixels, hole)


def _smoothed_depth(image, pixels, sigma=4):
    """Fehn 2004: the depth is smoothed first, so that hardly a hole opens."""
    line = torch.exp(-0.5 * (torch.arange(-12, 13) / sigma).square())
    line = line / line.sum()
    padded = F.pad(pixels[None, None], (12, 12, 12, 12), mode="replicate")
    smooth = F.conv2d(F.conv2d(padded, line.view(1, 1, 1, -1)), line.view(1, 1, -1, 1))[0, 0]
    return _plain(image, smooth)


def _filled(seen, order, hole):
    level = (order / order.max().clamp_min(1e-9)).masked_fill(hole, 0)
    return fill_from_background(seen, level, hole), hole, order


def _ours(image, pixels):
    view = see_from(image, pixels, -1.0)
    return view.image, view.hole, view.nearness


METHODS = {
    "plain": _plain,
    "before": _before,
    "softmax splatting": _softmax_splatting,
    "smoothed depth": _smoothed_depth,
    "ours": _ours,
}


def _psnr(found, truth, where):
    return (-10 * (found - truth)[where].square().mean().log10()).item()


def _ssim(found, truth, where):
    """Wang et al. 2004: Gaussian window of 11 pixels, sigma 1.5, mean over the colours."""
    line = torch.exp(-0.5 * ((torch.arange(11) - 5) / 1.5).square())
    line = line / line.sum()

    def mean(x):
        planes = F.conv2d(x.movedim(-1, 0)[:, None], line.view(1, 1, 1, -1), padding=(0, 5))
        return F.conv2d(planes, line.view(1, 1, -1, 1), padding=(5, 0))[:, 0].movedim(0, -1)

    a, b = mean(found), mean(truth)
    va, vb = mean(found * found) - a * a, mean(truth * truth) - b * b
    both = mean(found * truth) - a * b
    score = (2 * a * b + 1e-4) * (2 * both + 9e-4)
    return (score / ((a * a + b * b + 1e-4) * (va + vb + 9e-4))).mean(-1)[where].mean().item()


def _scores(name):
    left, right, first, second = _cones() if name == "cones" else _scene(name)
    known = DepthMap.make(first[None], "disparity", (first > 0)[None])
    pixels = fill_holes(known, "background", 1.0).values[0]
    both, hidden = _visible(first, second)
    rows = {}
    for method, warp in METHODS.items():
        found, hole, order = warp(left, pixels)
        told = both | hidden
        union = ((hole | hidden) & told).sum().item()
        overlap = (hole & hidden).sum().item() / max(union, 1)
        off = (order - second).abs()[both & ~hole]
        rows[method] = (
            _psnr(found, right, both), _ssim(found, right, both), overlap, off.median().item(),
            (off <= 0.5).float().mean().item(),
        )  # fmt: skip
    return rows


NAMES = ("cones", *(n for n in SCENE_NAMES if (EYES / f"{n}.right_eye.jpg").exists()))


def test_second_eyes_are_closer_to_the_truth_than_the_rivals():
    tables = {name: _scores(name) for name in NAMES}
    for name, rows in tables.items():
        for method, row in rows.items():
            _say(
                f"{name:15s} {method:18s} PSNR {row[0]:.2f} SSIM {row[1]:.4f} holes IoU "
                f"{row[2]:.3f} parallax off {row[3]:.3f} px, within 0.5 px {row[4]:.1%}"
            )
    mean = {
        method: np.mean([rows[method][:3] for rows in tables.values()], axis=0)
        for method in METHODS
    }
    _say(
        "mean: "
        + "; ".join(f"{m} {v[0]:.2f} dB {v[1]:.4f} IoU {v[2]:.3f}" for m, v in mean.items())
    )
    for method in set(METHODS) - {"ours"}:
        assert mean["ours"][0] > mean[method][0], method
        assert mean["ours"][1] > mean[method][1], method
    for name, rows in tables.items():
        assert rows["ours"][3] <= 0.5, name
        assert rows["ours"][4] >= 0.99, name
        # The holes of the street are single pixels between leaves: 2 pixels of parallax at most.
        assert rows["ours"][2] >= (0.85 if name == "street" else 0.9), name
