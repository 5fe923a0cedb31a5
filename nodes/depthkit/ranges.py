"""Windows: which two numbers of a map become 0 and 1.

One window serves the whole clip unless the caller asks for one per frame, so that video does not
flicker. Percentiles are taken from a fixed-bin histogram over every valid pixel: no random
sample, so the same image always gets the same window.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import torch
from torch import Tensor

from .conversions import NEAR_FRACTION, to_disparity
from .depth_map import DepthMap
from .errors import InvalidInput

__all__ = [
    "SCOPES",
    "WINDOWS",
    "Window",
    "as_disparity",
    "control_image",
    "find_window",
    "known",
    "normalise",
    "normalised",
    "percentile",
]

WindowMethod = Literal["percentile", "min-max", "fixed"]
Scope = Literal["clip", "frame"]
WINDOWS: tuple[str, ...] = get_args(WindowMethod)
SCOPES: tuple[str, ...] = get_args(Scope)

_BINS = 65536
# histc counts in float32, which is exact up to here only.
_COUNTED_AT_ONCE = 1 << 24
_NEAREST_M = 1e-3
# Three splits resolve the range to 1 / 65536^3, beyond what float32 can hold.
_LEVELS = 3


@dataclass(frozen=True, slots=True)
class Window:
    """How to choose the range that becomes 0..1.

    method: "percentile" (low and high in percent), "min-max", or "fixed" (low and high are values
        of the map itself: metres for a metric map).
    scope: "clip" one range for the batch, "frame" one range for each image.
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
                f"The percentile window {self.low}..{self.high} is empty; the low end must be "
                "below the high end, both between 0 and 100."
            )
        if self.method == "fixed" and not self.low != self.high:
            raise InvalidInput("The fixed window is empty: near and far are the same number.")

    def ordered(self) -> Window:
        """The same window with its low end below its high one."""
        return replace(self, low=min(self.low, self.high), high=max(self.low, self.high))


def percentile(parts: Sequence[Tensor], percents: tuple[float, ...]) -> Tensor:
    """Percentiles over several flat tensors, deterministic, without joining them.

    parts: flat float32 tensors, at least one value in all -> (len(percents),) float32. A 65536-bin
    histogram finds the bin of each percentile and is repeated inside a bin that still holds much,
    so that a far-away speck cannot coarsen the answer. `torch.quantile` refuses more than 16
    million values, and a random sample is not reproducible.
    """
    low = min(part.min().item() for part in parts if part.numel())
    high = max(part.max().item() for part in parts if part.numel())
    total = sum(part.numel() for part in parts)
    whole = _histogram(parts, low, high)
    answers: list[float] = []
    for percent in percents:
        rank, below, left, right, counts = percent / 100 * total, 0.0, low, high, whole
        for _ in range(_LEVELS):
            below, inside, left, right = _find_bin(counts, rank, below, left, right)
            if inside <= max(1.0, 1e-4 * total) or right <= left:
                break
            counts = _histogram(parts, left, right)
        answers.append(0.5 * (left + right))
    return torch.tensor(answers, dtype=torch.float32)


def _histogram(parts: Sequence[Tensor], left: float, right: float) -> Tensor:
    counts = torch.zeros(_BINS, dtype=torch.float64)
    # histc would take equal ends for "the data's own range".
    if right > left:
        for part in parts:
            for piece in torch.split(part, _COUNTED_AT_ONCE):
                counts += torch.histc(piece, _BINS, left, right).double()
    return counts


def _find_bin(
    counts: Tensor, rank: float, below: float, left: float, right: float
) -> tuple[float, float, float, float]:
    """The bin where the count from `below` on reaches `rank`: (count before, inside, its ends)."""
    reached = counts.cumsum(0) + below
    index = min(int(torch.searchsorted(reached, rank)), _BINS - 1)
    step = (right - left) / _BINS
    before = reached[index - 1].item() if index else below
    start, end = left + step * index, left + step * (index + 1)
    # Below the spacing of float32 a bin cannot be split any further.
    too_narrow = end - start <= 1e-7 * max(abs(start), abs(end))
    return before, counts[index].item(), start, start if too_narrow else end


def find_window(depth: DepthMap, window: Window) -> Tensor:
    """Low and high end of the window: (B, 2) float32, the same row B times for scope "clip"."""
    if window.method == "fixed":
        ends = torch.tensor([window.low, window.high], dtype=torch.float32)
        return ends.expand(depth.batch, 2).clone()
    frames = [known(v, m) for v, m in zip(depth.values, depth.valid, strict=True)]
    if window.scope == "clip":
        return _window_ends(frames, window).expand(depth.batch, 2).clone()
    return torch.stack([_window_ends([frame], window) for frame in frames])


def known(values: Tensor, valid: Tensor) -> Tensor:
    """The valid values, flat; no copy where that is all of them."""
    return values.flatten() if bool(valid.all()) else values[valid]


def _window_ends(parts: Sequence[Tensor], window: Window) -> Tensor:
    filled = [part for part in parts if part.numel()]
    if not filled:
        return torch.zeros(2)
    if window.method == "percentile":
        ends = percentile(filled, (window.low, window.high))
        # A small thing before a flat wall is not an outlier: it is all there is to see.
        if not _is_flat(float(ends[0]), float(ends[1])):
            return ends
    return torch.tensor([min(p.min().item() for p in filled), max(p.max().item() for p in filled)])


def _is_flat(low: float, high: float) -> bool:
    return abs(high - low) <= 1e-6 * max(abs(low), abs(high), 1e-12)


def normalise(depth: DepthMap, window: Window) -> Tensor:
    """Map the window to 0..1 and clip: (B, H, W) float32. A flat map gives 0.5, never NaN.

    Polarity is the map's own; invalid pixels get 0.
    """
    out = torch.empty_like(depth.values)
    for index, plane in enumerate(normalised(depth, window)):
        out[index] = plane
    return out


def normalised(
    depth: DepthMap, window: Window, only: Sequence[int] | None = None
) -> Iterator[Tensor]:
    """Frame by frame the (H, W) of `normalise`; `only` some frames, by the window of them all."""
    ends = find_window(depth, window)
    for index in range(depth.batch) if only is None else only:
        low, high = (float(end) for end in ends[index])
        values = depth.values[index]
        if _is_flat(low, high):
            plane = torch.full_like(values, 0.5)
        else:
            plane = (values - low).div_(high - low).clamp_(0, 1)
        yield plane.masked_fill_(~depth.valid[index], 0.0)


def control_image(
    depth: DepthMap, window: Window | None = None, *, only: Sequence[int] | None = None
) -> Tensor:
    """What a depth ControlNet expects: (B, H, W, 3) float32, disparity, near = white.

    Invalid pixels (sky, no return) are black, that is infinitely far. A flat map is mid-grey.
    only: the frames wanted, (len(only), H, W, 3); each looks as it does in the whole clip.
    The window is in the map's own values: its low end is the near one unless the map is
    disparity already.
    """
    disparity, shown = as_disparity(depth, window or Window())
    # Straight into the three channels: a long clip has no room for the grey beside them.
    count = depth.batch if only is None else len(only)
    out = torch.empty(count, depth.height, depth.width, 3)
    for index, plane in enumerate(normalised(disparity, shown, only)):
        out[index] = plane[..., None]
    return out


def as_disparity(depth: DepthMap, window: Window) -> tuple[DepthMap, Window]:
    """The disparity of a map, and the same window on it: larger is nearer, so the ends swap.

    Whichever end of a fixed window was typed first, near stays near.
    """
    window = window.ordered()
    if depth.kind == "disparity" or window.method == "min-max":
        return to_disparity(depth), window
    if window.method == "percentile":
        swapped = replace(window, low=100 - window.high, high=100 - window.low)
        return to_disparity(depth), swapped
    if depth.kind == "metric":
        near, far = (max(end, _NEAREST_M) for end in (window.low, window.high))
        return to_disparity(depth), replace(window, low=1 / far, high=1 / near)
    shown = replace(window, low=1.0, high=1 / NEAR_FRACTION)
    return to_disparity(depth, ends=(window.low, window.high)), shown
