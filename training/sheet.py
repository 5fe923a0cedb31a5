"""One image to look at: python -m training.sheet --out sheet.png [--drawn]

Every cell is a photograph, a bundled scene or, with --drawn, a view of our generators that was
never trained on: the image, what the model says, the truth.
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
from genvr_depth.nodes.depthkit.views.colour_map import colorize
from PIL import Image, ImageDraw
from torch import Tensor

from .evaluate import SHORT_SIDE, WEIGHTS, predict
from .photographs import Photograph, bundled, photographs

__all__ = ["DRAWN", "main"]

_CELL, _GAP, _COLUMNS = (240, 200), 16, 2
DRAWN = (
    ("group", 3),
    ("close_up", 4),
    ("night_street", 2),
    ("vehicle", 2),
    ("landscape", 1),
    ("table_top", 1),
    ("street", 1),
    ("avenue", 2),
    ("corridor", 1),
    ("hall", 2),
    ("room", 2),
    ("strips", 2),
)
"""Kinds of drawn views on the sheet and how many of each."""
_DRAWN_SEED, _DRAWN_SIZE = 990_000_000, (320, 240)


def _drawn() -> Iterator[Photograph]:
    from .generate import views
    from .raster.renderer import Renderer

    renderer, seed = Renderer(), _DRAWN_SEED
    for kind, count in DRAWN:
        made = 0
        while made < count:
            for image, inverse, *_ in views(renderer, seed, _DRAWN_SIZE, kind)[:1]:
                image = torch.from_numpy(image).permute(2, 0, 1).float() / 255
                disparity = torch.from_numpy(inverse.astype(np.float32))
                depth = 1 / disparity.clamp_min(1e-3)
                made += 1
                yield Photograph(f"{kind} {made}", image, depth, disparity > 1e-3)
            seed += 1


def _painted(disparity: Tensor, valid: Tensor) -> Tensor:
    low, high = (
        disparity[valid].float().quantile(torch.tensor([0.01, 0.99])) if valid.any() else (0.0, 1.0)
    )
    unit = ((disparity - low) / (high - low + 1e-6)).clamp(0, 1)
    return colorize(unit, "grey", valid).permute(2, 0, 1)


def _row(photo: Photograph, prediction: Tensor, title: str) -> Image.Image:
    """The three panels side by side, each fitted into a cell, below their title."""
    everywhere = torch.ones_like(photo.valid)
    truth = torch.where(photo.valid, 1 / photo.depth.clamp_min(1e-6), torch.zeros_like(photo.depth))
    panels = [photo.image, _painted(prediction, everywhere), _painted(truth, photo.valid)]
    width, height = _CELL
    row = Image.new("RGB", (width * len(panels) + _GAP, height + _GAP))
    ImageDraw.Draw(row).text((2, 2), title, fill="white")
    ratio = min(width / photo.image.shape[-1], height / photo.image.shape[-2])
    size = [max(1, round(side * ratio)) for side in photo.image.shape[-2:]]
    for i, panel in enumerate(panels):
        small = F.interpolate(panel[None].float(), size, mode="bilinear", antialias=True)[0]
        data = (small.clamp(0, 1).permute(1, 2, 0).numpy() * 255).astype(np.uint8)
        row.paste(Image.fromarray(data), (i * width, _GAP))
    return row


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="draw the model's results on one sheet")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--short", type=int, default=SHORT_SIDE)
    parser.add_argument("--drawn", action="store_true", help="views of our generators too")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    model, rows = load_builtin(options.weights), []
    for photo in [*photographs(), *bundled(), *(_drawn() if options.drawn else ())]:
        prediction = predict(model, photo.image, tuple(photo.depth.shape), options.short)  # type: ignore[arg-type]
        aligned = align_depth_to(prediction, photo.depth, photo.valid, space="disparity")
        scores = depth_scores(aligned, photo.depth, photo.valid)
        title = f"{photo.name}: AbsRel {scores.abs_rel:.3f}, delta1 {scores.delta1:.3f}"
        rows.append(_row(photo, prediction, title))
    width, height = rows[0].size
    count = -(-len(rows) // _COLUMNS)
    sheet = Image.new("RGB", (width * _COLUMNS, height * count))
    for i, row in enumerate(rows):
        sheet.paste(row, (i % _COLUMNS * width, i // _COLUMNS * height))
    sheet.save(options.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
