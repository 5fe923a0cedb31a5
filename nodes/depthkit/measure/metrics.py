"""Numbers that say how far one depth map is from another.

Throughout: prediction p and truth g are positive depths of one shape, valid is a bool mask.
Sources: AbsRel, delta_n, RMSE, log RMSE, log10, SIlog as in Eigen et al. 2014 and in Depth Anything
V2's evaluation; boundary F1 as in Depth Pro (Bochkovskii et al. 2024); control RMSE as in
ControlNet++ (Li et al. 2024).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import InvalidInput

__all__ = ["DepthScores", "boundary_f1", "control_rmse", "depth_scores", "spearman"]

_THRESHOLDS = torch.linspace(1.05, 1.25, 10)


@dataclass(frozen=True, slots=True)
class DepthScores:
    """The usual table of a depth paper; every field is a mean over the valid pixels.

    abs_rel |p-g|/g; sq_rel (p-g)^2/g; rmse in the unit of g; rmse_log of natural logs; log10;
    delta1..3 the share with max(p/g, g/p) < 1.25^n; silog sqrt(mean d^2 - mean(d)^2 / 2),
    d = ln p - ln g (lambda 0.5); silog_full the same with lambda 1.
    """

    abs_rel: float
    sq_rel: float
    rmse: float
    rmse_log: float
    log10: float
    delta1: float
    delta2: float
    delta3: float
    silog: float
    silog_full: float


def depth_scores(prediction: Tensor, truth: Tensor, valid: Tensor | None = None) -> DepthScores:
    """All metrics at once.

    prediction, truth: same shape, positive depths; valid: bool or None for every pixel with g > 0.
    Raises InvalidInput on different shapes or no valid pixel. Predictions at or below zero count as
    1e-6, so that a bad alignment is punished and does not crash.
    """
    p, g = _valid_pair(prediction, truth, valid)
    p = p.clamp_min(1e-6)
    ratio = torch.maximum(p / g, g / p)
    log = p.log() - g.log()
    mean_square, square_mean = (log**2).mean(), log.mean() ** 2
    return DepthScores(
        abs_rel=((p - g).abs() / g).mean().item(),
        sq_rel=((p - g) ** 2 / g).mean().item(),
        rmse=((p - g) ** 2).mean().sqrt().item(),
        rmse_log=mean_square.sqrt().item(),
        log10=(p.log10() - g.log10()).abs().mean().item(),
        delta1=(ratio < 1.25).double().mean().item(),
        delta2=(ratio < 1.25**2).double().mean().item(),
        delta3=(ratio < 1.25**3).double().mean().item(),
        silog=(mean_square - 0.5 * square_mean).clamp_min(0).sqrt().item(),
        silog_full=(mean_square - square_mean).clamp_min(0).sqrt().item(),
    )


def boundary_f1(prediction: Tensor, truth: Tensor, valid: Tensor | None = None) -> float:
    """Scale-invariant boundary F1 of Depth Pro: 0..1, 1 = the same occlusion edges.

    prediction, truth: (H, W) positive depth. Neighbours i, j form an edge where d_j / d_i > t;
    precision and recall averaged over the four directions; F1 over t = 1.05..1.25 in ten steps,
    weighted by t. Directions without an edge in either map do not count (on photographs there are
    none such); two maps without any edge agree: 1.
    """
    mask = torch.ones_like(truth, dtype=torch.bool) if valid is None else valid
    scores, weights = [], []
    for threshold in _THRESHOLDS.tolist():
        pairs = zip(
            _occlusion_edges(prediction, mask, threshold),
            _occlusion_edges(truth, mask, threshold),
            strict=True,
        )
        scores.append(_edge_f1([(p, g) for p, g in pairs if p.any() or g.any()]))
        weights.append(threshold)
    return sum(s * w for s, w in zip(scores, weights, strict=True)) / sum(weights)


def _edge_f1(directions: list[tuple[Tensor, Tensor]]) -> float:
    """F1 of mean precision and mean recall over the directions that have any edge."""
    if not directions:
        return 1.0
    hits = [(p & g).sum().item() for p, g in directions]
    precision = sum(h / max(p.sum().item(), 1) for h, (p, _) in zip(hits, directions, strict=True))
    recall = sum(h / max(g.sum().item(), 1) for h, (_, g) in zip(hits, directions, strict=True))
    total = (precision + recall) * len(directions)
    return 2 * precision * recall / total if total else 0.0


def control_rmse(prediction: Tensor, control: Tensor, valid: Tensor | None = None) -> float:
    """RMSE on the 0..255 scale between two control images (ControlNet++'s depth convention).

    prediction, control: (..., H, W) float 0..1, near = white; each is rounded to 8 bits first, as
    the convention compares 8-bit images. Ruled by the extremes of the normalisation: report it
    beside aligned AbsRel and rank correlation.
    """
    if prediction.shape != control.shape:
        raise InvalidInput(
            f"Control images of different shapes {tuple(prediction.shape)} and "
            f"{tuple(control.shape)} cannot be compared; resize one of them first."
        )
    keep = torch.ones_like(control, dtype=torch.bool) if valid is None else valid
    p, c = ((x[keep].double().clamp(0, 1) * 255).round() for x in (prediction, control))
    if p.numel() == 0:
        raise InvalidInput("There is no valid pixel to compare.")
    return ((p - c) ** 2).mean().sqrt().item()


def spearman(first: Tensor, second: Tensor, valid: Tensor | None = None) -> float:
    """Spearman's rank correlation, -1..1, ties sharing their mean rank; a flat map gives 0."""
    keep = torch.ones_like(first, dtype=torch.bool) if valid is None else valid
    a, b = _ranks(first[keep]), _ranks(second[keep])
    a, b = a - a.mean(), b - b.mean()
    norm = (a.square().sum() * b.square().sum()).sqrt()
    return (a @ b / norm).clamp(-1, 1).item() if norm > 0 else 0.0


def _ranks(values: Tensor) -> Tensor:
    _, inverse, counts = values.unique(return_inverse=True, return_counts=True)
    last = counts.cumsum(0).double()
    return (last - (counts.double() - 1) / 2)[inverse]


def _occlusion_edges(depth: Tensor, valid: Tensor, threshold: float) -> tuple[Tensor, ...]:
    d = depth.clamp_min(1e-9)
    across, down = d[:, 1:] / d[:, :-1], d[1:] / d[:-1]
    ok_across, ok_down = valid[:, 1:] & valid[:, :-1], valid[1:] & valid[:-1]
    return (
        (across > threshold) & ok_across,
        (1 / across > threshold) & ok_across,
        (down > threshold) & ok_down,
        (1 / down > threshold) & ok_down,
    )


def _valid_pair(prediction: Tensor, truth: Tensor, valid: Tensor | None) -> tuple[Tensor, Tensor]:
    if prediction.shape != truth.shape:
        raise InvalidInput(
            f"Maps of different shapes {tuple(prediction.shape)} and {tuple(truth.shape)} cannot "
            "be compared; resize one of them first."
        )
    keep = truth > 0 if valid is None else valid & (truth > 0)
    p, g = prediction[keep].double(), truth[keep].double()
    if p.numel() == 0:
        raise InvalidInput("There is no valid pixel to compare.")
    return p, g
