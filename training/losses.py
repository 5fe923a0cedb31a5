"""What the network is trained to do: the right disparity up to scale and shift, with sharp edges.

The robust scale-and-shift-invariant term and the multi-scale gradient term follow MiDaS (Ranftl et
al. 2020); the relative term is the evaluation's own AbsRel, made differentiable.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

__all__ = ["depth_loss", "disagreement"]

_SCALES = 4
_CHANGED, _NOTICED = 4.0, 0.1  # weight of pixels whose standardised disparity changes by more
_FAR = 0.05  # of the mean disparity: farther things count no more than this in the relative term


def _centre_and_spread(x: Tensor) -> tuple[Tensor, Tensor]:
    """Median and mean absolute deviation of (B, N): both (B, 1)."""
    centre = x.median(dim=1, keepdim=True).values
    return centre, (x - centre).abs().mean(dim=1, keepdim=True).clamp_min(1e-4)


def _standardised(x: Tensor, centre: Tensor, spread: Tensor) -> Tensor:
    return (x - centre[..., None]) / spread[..., None]


def _gradient(difference: Tensor) -> Tensor:
    """Mean absolute x and y differences of the residual over four scales."""
    total = difference.new_zeros(())
    for _ in range(_SCALES):
        across = (difference[:, :, 1:] - difference[:, :, :-1]).abs().mean()
        down = (difference[:, 1:] - difference[:, :-1]).abs().mean()
        total = total + across + down
        difference = F.avg_pool2d(difference[:, None], 2)[:, 0]
    return total / _SCALES


def _relative(p: Tensor, g: Tensor) -> Tensor:
    """Mean |p - g| / g off the sky; p, g: (B, N), p moved by the best scale and shift onto g."""
    seen = (g > 0).float()
    count = seen.sum(1, keepdim=True).clamp_min(1)

    def mean(x: Tensor) -> Tensor:
        return (x * seen).sum(1, keepdim=True) / count

    g = g / mean(g).clamp_min(1e-4)
    p_mean, g_mean = mean(p), mean(g)
    centred = p - p_mean
    scale = mean(centred * (g - g_mean)) / (mean(centred.square()) + 1e-4)
    fitted = scale.clamp_min(0.05) * centred + g_mean
    return mean(((fitted - g).abs() / (g + _FAR)).clamp_max(3.0)).mean()


def depth_loss(
    prediction: Tensor, truth: Tensor, sharpness: float = 0.5
) -> tuple[Tensor, dict[str, float]]:
    """prediction, truth: (B, H, W) disparity, truth 0 for sky. Returns the loss and its parts.

    sharpness weighs the gradient term: large values early keep objects flat that are still unsure.
    """
    p, g = prediction.flatten(1), truth.flatten(1)
    g_centre, g_spread = _centre_and_spread(g)
    p_centre, p_spread = _centre_and_spread(p)
    target = _standardised(truth, g_centre, g_spread).clamp(-6, 6)
    residual = _standardised(prediction, p_centre, p_spread) - target
    invariant = residual.abs().mean()
    edges = _gradient(residual)
    relative = _relative(p, g)
    anchored = (prediction - target).abs().mean()
    total = invariant + sharpness * edges + 0.7 * relative + 0.3 * anchored
    parts = {"invariant": invariant, "edges": edges, "relative": relative}
    return total, {name: value.item() for name, value in parts.items()}


def disagreement(prediction: Tensor, truth: Tensor) -> Tensor:
    """How far the answers to a view and to its twin differ beyond what differs in the scene.

    prediction, truth: (2 B, H, W) disparity, the twins in the second half; up to scale and shift.
    Both terms see level and edges, as in `depth_loss`: a shadow must not move the estimate, a thing
    that is taken away must. Where the truth changes, a difference weighs `_CHANGED` times as much.
    """
    answer, target = (
        _standardised(x, *_centre_and_spread(x.flatten(1))) for x in (prediction, truth)
    )
    moved, should = _change(answer), _change(target.clamp(-6, 6))
    weight = 1 + (_CHANGED - 1) * (should.abs() > _NOTICED)
    difference = moved - should
    return (difference.abs() * weight).mean() + _gradient(difference)


def _change(twins: Tensor) -> Tensor:
    first, second = twins.chunk(2)
    return second - first
