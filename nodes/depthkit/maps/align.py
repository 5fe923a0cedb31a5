"""Scale and shift that make one map agree with another.

Least squares is the convention of the affine-invariant literature (MiDaS; Marigold's evaluation);
the robust form re-weights it so that a wrong object does not drag the fit.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import InvalidInput

__all__ = ["Affine", "align_depth_to", "fit_affine", "fit_affine_robust"]


@dataclass(frozen=True, slots=True)
class Affine:
    """y = scale * x + shift."""

    scale: float
    shift: float

    def __call__(self, values: Tensor) -> Tensor:
        return values * self.scale + self.shift


def fit_affine(
    source: Tensor, target: Tensor, valid: Tensor | None = None, weight: Tensor | None = None
) -> Affine:
    """argmin over (s, t) of sum over valid of w * (s * source + t - target)^2.

    source, target: same shape, any; valid: bool of that shape or None for all; weight: >= 0.
    A flat source cannot be scaled: s = 0 and t = the mean of the target. Raises InvalidInput where
    no pixel is valid.
    """
    x, y, w = _columns(source, target, valid, weight)
    total = w.sum()
    mean_x, mean_y = (w * x).sum() / total, (w * y).sum() / total
    variance = (w * (x - mean_x) ** 2).sum()
    if variance <= 1e-18 * total * (1 + mean_x**2):
        return Affine(0.0, mean_y.item())
    scale = (w * (x - mean_x) * (y - mean_y)).sum() / variance
    return Affine(scale.item(), (mean_y - scale * mean_x).item())


def fit_affine_robust(
    source: Tensor, target: Tensor, valid: Tensor | None = None, rounds: int = 12
) -> Affine:
    """`fit_affine` that a wrong object cannot drag: re-weighted with Tukey's bisquare.

    Starts from whichever has the smallest median residual: least squares, or the fit that matches
    median and median absolute deviation (either sign). Limit 4.685 x 1.4826 x median residual
    (95 % efficiency on normal residuals; MAD to standard deviation).
    """
    x, y, _ = _columns(source, target, valid, None)
    fit = min(_first_fits(x, y), key=lambda start: (start(x) - y).abs().median().item())
    for _ in range(rounds):
        residual = (fit(x) - y).abs()
        limit = (4.685 * 1.4826 * residual.median()).clamp_min(1e-12)
        weight = (1 - (residual / limit).clamp_max(1) ** 2) ** 2
        fit = fit_affine(x, y, weight=weight)
    return fit


def _first_fits(x: Tensor, y: Tensor) -> tuple[Affine, ...]:
    mid_x, mid_y = x.median(), y.median()
    spread_x = (x - mid_x).abs().median()
    slope = ((y - mid_y).abs().median() / spread_x).item() if spread_x > 0 else 0.0
    matched = (Affine(s, (mid_y - s * mid_x).item()) for s in (slope, -slope))
    return (fit_affine(x, y), *matched)


def align_depth_to(
    prediction: Tensor, truth: Tensor, valid: Tensor, *, space: str = "depth"
) -> Tensor:
    """Prediction in the units of the truth, ready for the depth metrics.

    prediction: (..., H, W); affine-invariant depth for space "depth", affine-invariant disparity
    for space "disparity" (fitted to 1 / truth, inverted, clipped to the truth's own range).
    truth: (..., H, W) positive depth; valid: bool. Returns depth, clipped to [min, max] of truth
    in the disparity case (the convention of Depth Anything V2 and Marigold).
    """
    if space == "depth":
        return fit_affine(prediction, truth, valid)(prediction.to(torch.float32))
    if space != "disparity":
        raise InvalidInput(f"Unknown space {space!r}; use depth or disparity.")
    safe = torch.where(valid, truth, torch.ones_like(truth))
    inverse = fit_affine(prediction, 1.0 / safe, valid)(prediction.to(torch.float32))
    near, far = truth[valid].min(), truth[valid].max()
    return 1.0 / inverse.clamp(1.0 / far, 1.0 / near)


def _columns(
    source: Tensor, target: Tensor, valid: Tensor | None, weight: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    if source.shape != target.shape:
        raise InvalidInput(
            f"Cannot align maps of different shapes {tuple(source.shape)} and "
            f"{tuple(target.shape)}; resize one of them first."
        )

    def column(plane: Tensor) -> Tensor:
        return (plane.flatten() if valid is None else plane[valid]).to(torch.float64)

    x, y = column(source), column(target)
    if x.numel() == 0:
        raise InvalidInput("The two maps have no valid pixel in common, so they cannot be aligned.")
    return x, y, torch.ones_like(x) if weight is None else column(weight)
