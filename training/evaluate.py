"""Scores weights on photographs with measured depth and on held-back scenes.

python -m training.evaluate --weights FILE [--held-back FOLDER] [--write]

The photographs belong to others and are not in the project: see README.md. Without them that part
is skipped and nothing is written.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from genvr_depth.nodes.depthkit.depth_map import Kind
from genvr_depth.nodes.depthkit.estimators import EstimateOptions, estimate
from genvr_depth.nodes.depthkit.estimators.builtin import (
    INNER_SIZE,
    MULTIPLE,
    load_builtin,
)
from genvr_depth.nodes.depthkit.estimators.working_size import inner_shape
from genvr_depth.nodes.depthkit.kernels import resample
from genvr_depth.nodes.depthkit.maps.align import align_depth_to
from genvr_depth.nodes.depthkit.measure.metrics import boundary_f1, depth_scores
from PIL import Image
from torch import Tensor

from .data import ANY_VIEW, HELD_BACK, composed_views, load_shard, shard_numbers
from .photographs import Photograph, bundled, photographs

__all__ = [
    "SHORT_SIDE",
    "main",
    "predict",
    "report",
    "score_boundaries",
    "score_held_back",
    "score_photographs",
    "score_stability",
]

ROOT = Path(__file__).resolve().parent.parent
WEIGHTS = ROOT / "nodes" / "depthkit" / "weights" / "builtin.safetensors.gz"
SHORT_SIDE = INNER_SIZE * 3 // 4
Network = Callable[[Tensor], Tensor]
"""(B, 3, H, W) images -> (B, H, W) disparity."""
# Laser points and a phone's LiDAR know no outlines.
_DENSE = ("NYUv2", "Cones", "Motorcycle", "NYU sofa", "Chair")
_FARTHEST = 80.0  # metres; beyond it a held-back scene's depth is not scored


@torch.no_grad()
def predict(
    model: Network, image: Tensor, size: tuple[int, int], short: int = SHORT_SIDE
) -> Tensor:
    """Disparity (h, w) of one (3, H, W) image at `size`."""
    inner = inner_shape(*image.shape[-2:], short, MULTIPLE)
    small = F.interpolate(image[None], inner, mode="bilinear", antialias=True).clamp(0, 1)
    return F.interpolate(model(small)[None], size, mode="bilinear", align_corners=False)[0, 0]


def _score(prediction: Tensor, depth: Tensor, valid: Tensor) -> tuple[float, float]:
    """Affine-invariant AbsRel and delta1: fitted to 1 / depth, inverted, clipped."""
    aligned = align_depth_to(prediction, depth, valid, space="disparity")
    scores = depth_scores(aligned, depth, valid)
    return scores.abs_rel, scores.delta1


Row = tuple[str, float, float]


def _fitted(photo: Photograph) -> Tensor:
    """Least-squares mix of row and squared distance from the centre, fitted to the truth."""
    h, w = photo.depth.shape
    y, x = torch.meshgrid(torch.linspace(-1, 1, h), torch.linspace(-1, 1, w), indexing="ij")
    terms = torch.stack([torch.ones_like(y), y, x * x + y * y], dim=-1).double()
    inverse = (1 / photo.depth.clamp_min(1e-6)).double()
    solution = torch.linalg.lstsq(terms[photo.valid], inverse[photo.valid][:, None]).solution
    return (terms @ solution)[..., 0].float()


def score_photographs(run: Callable[[Photograph], Tensor], photos: list[Photograph]) -> list[Row]:
    """(name, AbsRel, delta1) of every photograph and their mean."""
    rows = [(p.name, *_score(run(p), p.depth, p.valid)) for p in photos]
    mean = [sum(r[i] for r in rows) / len(rows) for i in (1, 2)]
    return [*rows, ("mean", *mean)]


def score_held_back(
    model: Network, folder: Path, count: int = 60, short: int = SHORT_SIDE
) -> dict[str, tuple[float, float]]:
    """Mean AbsRel and delta1 over `count` views of every held-back shard (sky is not scored).

    Of the views composed as people compose, of all views, and of both in the shares in which
    training draws them.
    """
    scores, composed = [], []
    for number in (n for n in shard_numbers(folder) if n >= HELD_BACK):
        rgb, disparity = load_shard(folder, number)
        chosen = np.linspace(0, len(rgb) - 1, count).astype(int)
        composed.append(composed_views(disparity)[chosen])
        for i in chosen:
            image = torch.from_numpy(rgb[i].astype(np.float32) / 255).permute(2, 0, 1)
            inverse = torch.from_numpy(disparity[i].astype(np.float32))
            valid = inverse > 1 / _FARTHEST
            depth = 1 / inverse.clamp_min(1 / _FARTHEST)
            prediction = predict(model, image, tuple(inverse.shape), short)  # type: ignore[arg-type]
            scores.append(_score(prediction, depth, valid))
    every = np.mean(scores, axis=0)
    good = np.mean(np.array(scores)[np.concatenate(composed)], axis=0)
    drawn = (1 - ANY_VIEW) * good + ANY_VIEW * every
    named = {"as training draws them": drawn, "composed": good, "all": every}
    return {name: (float(pair[0]), float(pair[1])) for name, pair in named.items()}


def _compressed(image: Tensor) -> Tensor:
    memory = io.BytesIO()
    data = (image.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    Image.fromarray(data).save(memory, "JPEG", quality=10)
    back = np.asarray(Image.open(memory), dtype=np.float32) / 255
    return torch.from_numpy(back.copy()).permute(2, 0, 1)


def _halved(image: Tensor) -> Tensor:
    return F.interpolate(image[None], scale_factor=0.5, mode="bilinear", antialias=True)[0]


CHANGES: dict[str, Callable[[Tensor], Tensor]] = {
    "mirrored": lambda image: image.flip(-1),
    "brightness x 1.6": lambda image: (image * 1.6).clamp(0, 1),
    "brightness x 0.25": lambda image: image * 0.25,
    "JPEG quality 10": _compressed,
    "half size": _halved,
}
"""Changes of an image that must not change the estimate."""


def score_stability(model: Network, photos: list[Photograph]) -> dict[str, float]:
    """Mean AbsRel between the answers to an image and to the changed image.

    Both answers are affine-invariant; the first one is brought to the truth's own scale and shift,
    the second one is fitted to it.
    """
    found: dict[str, list[float]] = {name: [] for name in CHANGES}
    for photo in photos:
        size = tuple(photo.depth.shape)
        before = predict(model, photo.image, size)  # type: ignore[arg-type]
        depth = align_depth_to(before, photo.depth, photo.valid, space="disparity")
        for name, change in CHANGES.items():
            after = predict(model, change(photo.image), size)  # type: ignore[arg-type]
            after = after.flip(-1) if name == "mirrored" else after
            found[name].append(_score(after, depth, torch.ones_like(photo.valid))[0])
    return {name: float(np.mean(values)) for name, values in found.items()}


class _Whole:
    """The network as the nodes use it, outlines and all."""

    name, licence, multiple = "built-in", "MIT", MULTIPLE

    def __init__(self, model: Network, short: int) -> None:
        self.kind: Kind = "disparity"
        self.model, self.inner_size = model, short

    def __call__(self, images: Tensor) -> Tensor:
        return self.model(images)


def score_boundaries(
    model: Network, photos: list[Photograph], short: int
) -> dict[str, list[tuple[str, float]]]:
    """Boundary F1 of the photographs with dense depth, and its mean: as answered, and refined."""
    dense = [photo for photo in photos if photo.name in _DENSE]
    found: dict[str, list[tuple[str, float]]] = {}
    for title, detail in (("as answered", "off"), ("refined", "edges")):
        scores = []
        for photo in dense:
            image = photo.image.movedim(0, -1)[None]
            answer = estimate(_Whole(model, short), image, EstimateOptions(detail=detail))
            values = resample(answer.depth.values[None], *photo.depth.shape)[0, 0]
            aligned = align_depth_to(values, photo.depth, photo.valid, space="disparity")
            scores.append((photo.name, boundary_f1(aligned, photo.depth, photo.valid)))
        found[title] = [*scores, ("mean", float(np.mean([score for _, score in scores])))]
    return found


def _boundary_table(found: dict[str, list[tuple[str, float]]]) -> str:
    names = [name for name, _ in next(iter(found.values()))]
    lines = ["| boundary F1 | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    for title, scores in found.items():
        lines.append(f"| {title} | " + " | ".join(f"{score:.3f}" for _, score in scores) + " |")
    return "\n".join(lines)


def _table(named: dict[str, list[Row]]) -> str:
    names = [row[0] for row in next(iter(named.values()))]
    lines = ["| AbsRel / delta1 | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    for title, rows in named.items():
        lines.append(f"| {title} | " + " | ".join(f"{a:.3f} / {d:.3f}" for _, a, d in rows) + " |")
    return "\n".join(lines)


def _compared(model: Network, photos: list[Photograph], short: int) -> str:
    """The model's table beside the two baselines that are fitted to each truth."""
    runs: dict[str, Callable[[Photograph], Tensor]] = {
        "built-in model": lambda p: predict(model, p.image, tuple(p.depth.shape), short),  # type: ignore[arg-type]
        "best constant (fitted to each truth)": lambda p: torch.zeros_like(p.depth),
        "best vertical gradient + squared radius (fitted to each truth)": _fitted,
    }
    return _table({name: score_photographs(run, photos) for name, run in runs.items()})


def report(model: Network, photos: list[Photograph], held_back: Path | None, short: int) -> str:
    """All tables of results.md."""
    parts = [_compared(model, photos, short)] if photos else ["Photographs: not there."]
    parts.append(_compared(model, list(bundled()), short))
    if photos:
        parts.append(_boundary_table(score_boundaries(model, photos, short)))
    if held_back:
        named = score_held_back(model, held_back, short=short)
        rows = [f"| {name} | {a:.3f} / {d:.3f} |" for name, (a, d) in named.items()]
        parts.append("\n".join(["| held-back views | AbsRel / delta1 |", "|---|---|", *rows]))
    stable = score_stability(model, photos or list(bundled()))
    rows = [f"| {name} | {value:.3f} |" for name, value in stable.items()]
    parts.append(
        "\n".join(["| the image is changed | AbsRel between answers |", "|---|---|", *rows])
    )
    return "\n\n".join(parts)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="score the built-in depth model")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument(
        "--held-back", type=Path, help="folder of shards drawn by training.generate"
    )
    parser.add_argument("--short", type=int, default=SHORT_SIDE, help="shorter side inside")
    parser.add_argument("--write", action="store_true", help="write training/results.md")
    options = parser.parse_args(arguments)
    photos = photographs()
    if options.write and not photos:
        parser.error("--write needs the photographs, or the published table would lose them")
    text = report(load_builtin(options.weights), photos, options.held_back, options.short)
    sys.stdout.write(text + "\n")
    if options.write:
        (ROOT / "training" / "results.md").write_text(
            f"# Results\n\nInner shorter side {options.short} px.\n\n{text}\n"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
