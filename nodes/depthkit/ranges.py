"""Windows: which two numbers of a map become 0 and 1.

One window serves the whole clip unless the caller asks for one per frame, so that video does not
flicker. Percentiles are taken from a fixed-bin histogram over every valid pixel: no random
sample, so the same picture always gets the same window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from .depth_map import DepthMap
from .errors import InvalidInput
from .kinds import to_disparity

__all__ = ["SCOPES", "WINDOWS", "Window", "control_image", "find_window", "normalise", "percentile"]

WindowMethod = Literal["percentile", "min-max", "fixed"]
Scope = Literal["clip", "frame"]
WINDOWS: tuple[str, ...] = get_args(WindowMethod)
SCOPES: tuple[str, ...] = get_args(Scope)

_BINS = 65536


@dataclass(frozen=True, slots=True)
class Window:
    """How to choose the range that becomes 0..1.

    method: "percentile" (low and high in percent), "min-max", or "fixed" (low and high are values
        of the map itself: metres for a metric map).
    scope: "clip" one range for the batch, "frame" one range for each picture.
    """

    method: str = "percentile"
    low: float = 0.5
    high: float = 99.5
    scope: str = "clip"

    def __post_init__(self) -> None:
        if self.method not in WINDOWS:
            raise InvalidInput(f"Unknown window {self.method!r}; use one of {', '.join(WINDOWS)}.")
        if self.scope not in SCOPES:
            raise InvalidInput(f"Unknown scope {self.scope!r}; use one of {', '.join(SCOPES)}.")
        if self.method == "percentile" and not 0 <= self.low < self.high <= 100:
            raise InvalidInput(
                f"The percentile window {self.low}..{self.high} is empty; the low end must be below "
                "the high end, both between 0 and 100."
            )
        if self.method == "fixed" and not self.low != self.high:
            raise InvalidInput("The fixed window is empty: near and far are the same number.")


def percentile(values: Tensor, percents: tuple[float, ...]) -> Tensor:
    """Percentiles of a flat tensor from a 65536-bin histogram, exact to 1/65536 of the range.

    values: (N,) float32, N >= 1 -> (len(percents),) float32. Deterministic and linear in N;
    `torch.quantile` refuses more than 16 million values, and a random sample is not reproducible.
    """
    low, high = values.min(), values.max()
    span = (high - low).item()
    if span <= 0:
        return low.expand(len(percents)).clone()
    # Two passes: the second histogram covers only what lies between the outer answers of the first,
    # so that a few extreme pixels (a far-away speck) cannot coarsen the bins.
    counts = torch.histc(values, _BINS, low.item(), high.item())
    cumulative = counts.cumsum(0, dtype=torch.float64) / values.numel()
    answers = []
    for percent in percents:
        rank = percent / 100
        index = int(torch.searchsorted(cumulative, rank).clamp_max(_BINS - 1))
        before = cumulative[index - 1].item() if index else 0.0
        inside = max(cumulative[index].item() - before, 1e-12)
        share = min(max((rank - before) / inside, 0.0), 1.0)
        answers.append(low.item() + span * (index + share) / _BINS)
    return torch.tensor(answers, dtype=torch.float32).clamp(low, high)


def find_window(depth: DepthMap, window: Window) -> Tensor:
    """Low and high end of the window: (B, 2) float32, the same row B times for scope "clip"."""
    if window.method == "fixed":
        ends = torch.tensor([window.low, window.high], dtype=torch.float32)
        return ends.expand(depth.batch, 2).clone()
    if window.scope == "clip":
        return _ends(depth.values[depth.valid], window).expand(depth.batch, 2).clone()
    rows = [
        _ends(v[m], window) for v, m in zip(depth.values, depth.valid, strict=True)
    ]
    return torch.stack(rows)


def _ends(values: Tensor, window: Window) -> Tensor:
    if values.numel() == 0:
        return torch.zeros(2)
    if window.method == "min-max":
        return torch.stack([values.min(), values.max()])
    return percentile(values, (window.low, window.high))


def normalise(depth: DepthMap, window: Window) -> Tensor:
    """Map the window to 0..1 and clip: (B, H, W) float32. A flat map gives 0.5, never NaN.

    Polarity is the map's own; invalid pixels get 0.
    """
    ends = find_window(depth, window)
    low, high = ends[:, 0, None, None], ends[:, 1, None, None]
    span = high - low
    flat = span.abs() <= 1e-6 * torch.maximum(low.abs(), high.abs()).clamp_min(1e-12)
    scaled = (depth.values - low) / torch.where(flat, torch.ones_like(span), span)
    scaled = torch.where(flat, torch.full_like(scaled, 0.5), scaled.clamp(0, 1))
    return torch.where(depth.valid, scaled, torch.zeros_like(scaled))


def control_image(depth: DepthMap, window: Window | None = None) -> Tensor:
    """What a depth ControlNet expects: (B, H, W, 3) float32, disparity, near = white.

    Invalid pixels (sky, no return) are black, that is infinitely far. A flat map is mid-grey.
    """
    grey = normalise(to_disparity(depth), window or Window())
    return grey[..., None].expand(*grey.shape, 3).contiguous()
