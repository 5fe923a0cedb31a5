"""One image to look at: python -m training.sheet --out sheet.png

Every row is a photograph or a bundled scene: the image, what the model says, the truth.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from genvr_depth.nodes.depthkit.estimators.builtin import load_builtin
from genvr_depth.nodes.depthkit.maps.align import align_depth_to
from genvr_depth.nodes.depthkit.measure.metrics import depth_scores
from genvr_depth.nodes.depthkit.scenes import SCENE_NAMES, load_scene
from genvr_depth.nodes.depthkit.views.colour_map import colorize
from PIL import Image
from torch import Tensor

from .evaluate import SHORT_SIDE, WEIGHTS, Photograph, photographs, predict

__all__ = ["main"]

_HEIGHT, _COLUMNS = 240, 2


def _bundled() -> Iterator[Photograph]:
    for name in SCENE_NAMES:
        scene = load_scene(name)
        image = scene.image[0].permute(2, 0, 1)
        yield Photograph(name, image, scene.depth.values[0], scene.depth.valid[0])


def _painted(disparity: Tensor, valid: Tensor) -> Tensor:
    low, high = (
        disparity[valid].float().quantile(torch.tensor([0.01, 0.99])) if valid.any() else (0.0, 1.0)
    )
    unit = ((disparity - low) / (high - low + 1e-6)).clamp(0, 1)
    return colorize(unit, "grey", valid).permute(2, 0, 1)


def _row(photo: Photograph, prediction: Tensor) -> np.ndarray:
    everywhere = torch.ones_like(photo.valid)
    truth = torch.where(photo.valid, 1 / photo.depth.clamp_min(1e-6), torch.zeros_like(photo.depth))
    panels = [photo.image, _painted(prediction, everywhere), _painted(truth, photo.valid)]
    ratio = photo.image.shape[-1] / photo.image.shape[-2]
    size = (_HEIGHT, round(_HEIGHT * ratio))
    small = [F.interpolate(p[None], size, mode="bilinear", antialias=True)[0] for p in panels]
    return (torch.cat(small, dim=2).clamp(0, 1).permute(1, 2, 0).numpy() * 255).astype(np.uint8)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="draw the model's results on one sheet")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--short", type=int, default=SHORT_SIDE)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    model, rows = load_builtin(options.weights), []
    for photo in [*photographs(), *_bundled()]:
        prediction = predict(model, photo.image, tuple(photo.depth.shape), options.short)  # type: ignore[arg-type]
        aligned = align_depth_to(prediction, photo.depth, photo.valid, space="disparity")
        scores = depth_scores(aligned, photo.depth, photo.valid)
        print(f"{photo.name}: AbsRel {scores.abs_rel:.3f}, delta1 {scores.delta1:.3f}")
        rows.append(_row(photo, prediction))
    width = max(r.shape[1] for r in rows)
    height = (len(rows) + _COLUMNS - 1) // _COLUMNS * _HEIGHT
    sheet = Image.new("RGB", (width * _COLUMNS, height))
    for i, row in enumerate(rows):
        sheet.paste(Image.fromarray(row), (i % _COLUMNS * width, i // _COLUMNS * _HEIGHT))
    sheet.save(options.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
