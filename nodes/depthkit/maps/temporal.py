"""Depth over time: one scale for a clip, and a figure for what still flickers.

Relative models answer every frame in a scale and shift of its own. Where two frames show the same
thing, its depth should not change: such pixels tie frames together (see `motion`). All frames of a
shot are then solved at once (see `shot_scales`), so that no error is handed on from frame to frame.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from ..depth_map import Kind
from ..errors import Stopped
from ..images import Images, rgb
from ..kernels import area_mean
from .align import Affine
from .motion import Match, match_frames, structure_of
from .shot_scales import OFFSETS, Tie, key_frames, solve_shot, tied_before

__all__ = ["ClipAlignment", "align_clip", "flicker"]

# Comparing needs no fine detail; the shorter side of the thumbnails it is done on.
_THUMBNAIL = 64
# Two frames of one shot have .9 of their structure in common, two scenes at most .25.
_SAME_SHOT = 0.5
# With less of the frame in common there is no tie, and no flicker to measure.
_LEAST_COMMON = 0.05
# Frames this far apart decide about a cut: a frame lost to a flash is none.
_ACROSS = 2
# Residuals beyond so many medians are another thing, not another scale. Fewer would cut into what a
# network answers differently from frame to frame, and every tie with it err to one side.
_WRONG = 6.0


@dataclass(frozen=True, slots=True)
class ClipAlignment:
    """What `align_clip` did. fits: one per frame, in its original values; cuts: frame numbers at
    which nothing ties the frame to the ones before (another shot begins)."""

    fits: tuple[Affine, ...]
    cuts: tuple[int, ...]

    def note(self) -> str:
        scales = [fit.scale for fit in self.fits]
        cuts = f", new shots at frames {', '.join(map(str, self.cuts))}" if self.cuts else ""
        return (
            f"clip: {len(self.fits)} frames aligned, scale {min(scales):.3f} to "
            f"{max(scales):.3f}{cuts}"
        )


def align_clip(
    values: Tensor,
    valid: Tensor,
    images: Images,
    kind: Kind,
    should_stop: Callable[[], bool] = lambda: False,
) -> ClipAlignment:
    """Bring all frames of a shot to one scale and shift, tied by what they show alike; in place.

    values: (B, H, W) float32, changed; valid: (B, H, W) bool; images: (B, H, W, C). Metric depth
    has no free shift and gets a scale only. The scale of the shot is the median of its frames', so
    that metres stay metres. Raises Stopped when `should_stop` says so.
    """
    ties, joined = [], set[tuple[int, int]]()
    keys, seen = key_frames(len(values)), dict[int, _Thumbnail]()
    for index in range(len(values)):
        if should_stop():
            raise Stopped
        now = seen[index] = _Thumbnail.of(values, valid, images, index)
        for first in tied_before(index, keys):
            match = match_frames(seen[first].structure, now.structure)
            if match.share < _SAME_SHOT:
                continue
            joined.add((first, index))
            tie = _tie(first, index, *_pairs(match, seen[first], now), kind)
            ties += [] if tie is None else [tie]
        past = index - max(OFFSETS)
        if past not in keys:
            seen.pop(past, None)
    cuts = _cuts(len(values), joined)
    fits = _solved_shots(len(values), cuts, ties, kind)
    for index, fit in enumerate(fits):
        values[index].mul_(fit.scale).add_(fit.shift).masked_fill_(~valid[index], 0.0)
    return ClipAlignment(fits, cuts)


def flicker(
    values: Tensor,
    valid: Tensor,
    images: Images,
    should_stop: Callable[[], bool] = lambda: False,
) -> float | None:
    """Mean absolute change of what two neighbouring frames both show, relative to the spread of the
    depth (5th to 95th percentile): 0 is perfectly still, 0.05 is plainly visible.

    values, valid: (B, H, W); images: (B, H, W, C). The camera may pan and the light change. None
    where no two frames show the same.
    """
    changes = []
    before = _Thumbnail.of(values, valid, images, 0)
    for index in range(1, len(values)):
        if should_stop():
            raise Stopped
        now = _Thumbnail.of(values, valid, images, index)
        match = match_frames(before.structure, now.structure)
        first, second = _pairs(match, before, now)
        if match.share >= _SAME_SHOT and len(first) >= _LEAST_COMMON * now.depth.numel():
            low, high = _quantiles(torch.cat([now.depth[now.valid], before.depth[before.valid]]))
            moved = (second - first).abs().mean()
            changes.append((moved / (high - low).clamp_min(1e-12)).item() if high > low else 0.0)
        before = now
    return sum(changes) / len(changes) if changes else None


@dataclass(frozen=True, slots=True, eq=False)
class _Thumbnail:
    """structure: (2, h, w), see `motion`; depth: (h, w), 0 where invalid; valid: (h, w) bool."""

    structure: Tensor
    depth: Tensor
    valid: Tensor

    @classmethod
    def of(cls, values: Tensor, valid: Tensor, images: Images, index: int) -> _Thumbnail:
        colour = _shrunk(rgb(images[index : index + 1])[0].movedim(-1, 0))
        whole = valid[index].all()
        share = torch.ones(colour.shape[1:]) if whole else _shrunk(valid[index].float()[None])[0]
        depth = _shrunk(values[index][None])[0] / share.clamp_min(1e-6)
        return cls(structure_of(colour.movedim(0, -1)), depth, share > 0.99)


def _shrunk(planes: Tensor) -> Tensor:
    height, width = planes.shape[-2:]
    scale = min(_THUMBNAIL / min(height, width), 1.0)
    size = (max(round(height * scale), 1), max(round(width * scale), 1))
    return planes if size == (height, width) else area_mean(planes[None], *size)[0]


def _quantiles(values: Tensor) -> tuple[Tensor, Tensor]:
    low, high = torch.quantile(
        values[:: max(values.numel() // 100_000, 1)], torch.tensor([0.05, 0.95])
    )
    return low, high


def _pairs(match: Match, before: _Thumbnail, now: _Thumbnail) -> tuple[Tensor, Tensor]:
    """The depths of what both frames show: two (n,) float64."""
    keep, found = match.same, []
    for thumbnail, grid in ((before, match.first), (now, match.second)):
        planes = torch.stack([thumbnail.depth, thumbnail.valid.float()])
        sampled = F.grid_sample(planes[None], grid[None], align_corners=False)[0]
        found.append(sampled[0])
        keep = keep & (sampled[1] > 0.999)
    first, second = found
    return first[keep].double(), second[keep].double()


def _tie(first: int, second: int, x: Tensor, y: Tensor, kind: Kind, rounds: int = 4) -> Tie | None:
    """What scale and shift lead from one frame's values to the other's, None where too little is
    common. Symmetric in the frames (reduced major axis: the ratio of the spreads): least squares
    would shrink at every noisy frame, and the clip fade to flat.
    """
    if x.numel() == 0:
        return None
    keep = torch.ones_like(x, dtype=torch.bool)
    ratio, error = 0.0, 0.0
    for _ in range(rounds):
        a, b = x[keep], y[keep]
        ratio, error = _metric_ratio(a, b) if kind == "metric" else _spread_ratio(a, b)
        scale = math.exp(ratio)
        shift = 0.0 if kind == "metric" else (b.mean() - scale * a.mean()).item()
        residual = (scale * x + shift - y).abs()
        keep = residual <= _WRONG * residual.median().clamp_min(1e-12)
    a, b = x[keep], y[keep]
    spread = (a.std(correction=0) + b.std(correction=0)).item() / 2
    return Tie(first, second, ratio, error, a.mean().item(), b.mean().item(), spread)


def _spread_ratio(x: Tensor, y: Tensor) -> tuple[float, float]:
    """log of the ratio of the spreads, and its standard error; the error is infinite where a frame
    is flat. As a share of the spread the residuals are (1 - r^2); neighbours are not independent.
    """
    spread_x, spread_y = x.std(correction=0), y.std(correction=0)
    if min(spread_x, spread_y) <= 1e-9 * (1 + x.abs().max()):
        return 0.0, math.inf
    r = ((x - x.mean()) * (y - y.mean())).mean() / (spread_x * spread_y)
    independent = max(x.numel() / 50, 2)
    error = math.sqrt(max(1 - r.item() ** 2, 0.0) / independent)
    return (spread_y / spread_x).log().item(), error if r > 0.3 else math.inf


def _metric_ratio(x: Tensor, y: Tensor) -> tuple[float, float]:
    ratios = (y.clamp_min(1e-9) / x.clamp_min(1e-9)).log()
    middle = ratios.median()
    error = 1.5 * (ratios - middle).abs().median().item() / math.sqrt(max(x.numel() / 50, 1))
    return middle.item(), error


def _cuts(count: int, joined: set[tuple[int, int]]) -> tuple[int, ...]:
    """Frames with no pair of frames around them that shows the same."""
    return tuple(
        index
        for index in range(1, count)
        if not any(
            (first, second) in joined
            for first in range(max(index - _ACROSS, 0), index)
            for second in range(index, min(first + _ACROSS, count - 1) + 1)
        )
    )


def _solved_shots(
    count: int, cuts: Sequence[int], ties: Sequence[Tie], kind: Kind
) -> tuple[Affine, ...]:
    bounds = [0, *cuts, count]
    fits: list[Affine] = []
    for start, end in pairwise(bounds):
        inside = [tie.moved(-start) for tie in ties if start <= tie.first and tie.second < end]
        fits += solve_shot(end - start, inside, free_shift=kind != "metric")
    return tuple(fits)
