"""Where the pixels of one frame lie in another, whatever the light did in between.

Frames are compared by structure: luminance less its local mean, divided by its local spread (zero
mean and unit variance as in normalised cross-correlation), which no change of exposure or of white
balance alters. The frame as a whole is placed by phase correlation, parts of it by pyramidal Lucas
and Kanade in its symmetric form: both frames are warped half of the way, so that neither is more
blurred than the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..images import luminance
from ..kernels import area_mean, box_mean, resample

__all__ = ["Match", "correlation", "match_frames", "structure_of"]

# Half a window of the local mean and spread, in pixels of the thumbnail.
_RADIUS = 4
# Luminance that varies by less within a window is noise, not structure.
_NOISE = 0.012
# A window with less is taken for bare: it agrees with any other bare one.
_BARE = 0.3
# Correlation of two windows from which on they show the same.
_SAME = 0.6
# Normalised luminance of one pixel that shows the same differs by less.
_CLOSE = 0.8
# With a smaller share of the frame structured there is nothing to compare: no evidence of a cut.
_LEAST_STRUCTURE = 0.005
# Correlation that a shift must gain to be believed.
_AS_GOOD = 0.002
_LEVELS = 3
_ROUNDS = 2
# Half a window of Lucas and Kanade; the sum of squared gradients in it below which it stays put.
_WINDOW = 4
_STIFF = 0.02
# Shifts beyond this share of a side leave too little in common to be found with certainty.
_LARGEST_SHIFT = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """What two frames have in common; grids of the same thumbnail, half way between the frames.

    first, second: (h, w, 2) sampling grids for `grid_sample`, one into each frame.
    same: (h, w) bool, where both show the same thing. share: of the pixels that lie in both frames,
    0..1, counting only those with structure; 1 where there is none at all.
    """

    first: Tensor
    second: Tensor
    same: Tensor
    share: float


def structure_of(image: Tensor) -> Tensor:
    """(h, w, 3) thumbnail -> (2, h, w): the normalised luminance, and how much structure there was,
    0..1."""
    grey = luminance(image)[None, None]
    mean = _mean(grey)
    spread = (_mean(grey * grey) - mean * mean).clamp_min(0).sqrt()
    normal = (grey - mean) / (spread + _NOISE)
    return torch.cat([normal, spread / (spread + _NOISE)], 1)[0]


def match_frames(first: Tensor, second: Tensor) -> Match:
    """first, second: (2, h, w) from `structure_of`."""
    height, width = first.shape[1:]
    flow = _refined_flow(first[:1], second[:1], _whole_shift(first, second))
    resting = correlation(first[:1], second[:1]) >= _correlated(first, second, flow) - _AS_GOOD
    # Where nothing moves, what moves beside it must not drag it along.
    flow = torch.where(resting, 0.0, flow)
    grids = _grid(-flow / 2), _grid(flow / 2)
    inside = _in_frame(grids[0]) & _in_frame(grids[1])
    a, b = (_flow_sampled(frame, grid) for frame, grid in zip((first, second), grids, strict=True))
    alike = correlation(a[:1], b[:1])
    rich = torch.maximum(a[1], b[1]) > _BARE
    same = inside & (~rich | (alike > _SAME))
    counted = (inside & rich).sum().item()
    bare = counted < _LEAST_STRUCTURE * height * width
    share = 1.0 if bare else (same & rich).sum().item() / counted
    # Beside an edge most of the window agrees, but not this pixel.
    return Match(*grids, same & ((a[0] - b[0]).abs() < _CLOSE), share)


def _whole_shift(first: Tensor, second: Tensor) -> Tensor:
    """The shift of the whole frame, (2, h, w) constant: the best of the phase correlation's peak
    and no shift."""
    height, width = first.shape[1:]
    window = torch.hann_window(height)[:, None] * torch.hann_window(width)
    spectra = [torch.fft.rfft2(window * frame[0]) for frame in (first, second)]
    cross = spectra[1] * spectra[0].conj()
    peaks = torch.fft.irfft2(cross / cross.abs().clamp_min(1e-9), s=(height, width))
    row, column = divmod(int(peaks.argmax()), width)
    shift = [(n + side // 2) % side - side // 2 for n, side in ((row, height), (column, width))]
    still = first.new_zeros(2, height, width)
    if any(abs(n) > _LARGEST_SHIFT * side for n, side in zip(shift, (height, width), strict=True)):
        return still
    moved = torch.tensor([shift[1], shift[0]], dtype=torch.float32)[:, None, None] + still
    return max((still, moved), key=lambda flow: _flow_agreement(first[:1], second[:1], flow))


def _flow_agreement(first: Tensor, second: Tensor, flow: Tensor) -> float:
    grids = _grid(-flow / 2), _grid(flow / 2)
    inside = _in_frame(grids[0]) & _in_frame(grids[1])
    a, b = _flow_sampled(first, grids[0])[0][inside], _flow_sampled(second, grids[1])[0][inside]
    return ((a * b).mean() / (a.square().mean() + b.square().mean()).clamp_min(1e-9)).item()


def _refined_flow(first: Tensor, second: Tensor, flow: Tensor) -> Tensor:
    """(1, h, w) twice and a first guess -> flow (2, h, w) in pixels, x then y."""
    size = (first.shape[1], first.shape[2])
    for level in reversed(range(_LEVELS)):
        small = (max(size[0] >> level, 1), max(size[1] >> level, 1))
        if min(small) < 2 * _WINDOW + 1:
            continue
        a, b = (area_mean(frame[None], *small)[0] for frame in (first, second))
        # Windows hold fewer of the frame's pixels at the finer levels, the flow more of its own.
        ratio = flow.new_tensor([small[1] / flow.shape[2], small[0] / flow.shape[1]])
        flow = resample(flow[None], *small, antialias=False)[0]
        flow = flow * ratio[:, None, None]
        for _ in range(_ROUNDS):
            flow = _lucas_kanade_step(a, b, flow)
    if flow.shape[1:] != size:
        ratio = flow.new_tensor([size[1] / flow.shape[2], size[0] / flow.shape[1]])
        flow = resample(flow[None], *size, antialias=False)[0]
        flow = flow * ratio[:, None, None]
    return flow


def _lucas_kanade_step(first: Tensor, second: Tensor, flow: Tensor) -> Tensor:
    """One round of Lucas and Kanade (1981), all windows at once."""
    grids = _grid(-flow / 2), _grid(flow / 2)
    inside = (_in_frame(grids[0]) & _in_frame(grids[1])).to(first.dtype)
    a, b = _flow_sampled(first, grids[0])[0], _flow_sampled(second, grids[1])[0]
    middle = (a + b)[None] / 2
    dx = F.pad(middle, (1, 1, 0, 0), mode="replicate")
    dy = F.pad(middle[None], (0, 0, 1, 1), mode="replicate")[0]
    gx, gy = (dx[0, :, 2:] - dx[0, :, :-2]) / 2, (dy[0, 2:] - dy[0, :-2]) / 2
    rest = (b - a) * inside
    # Large differences are another object, not this one elsewhere.
    rest = rest / (1 + rest.abs())
    sums = _mean(torch.stack([gx * gx, gx * gy, gy * gy, gx * rest, gy * rest])[:, None], _WINDOW)
    xx, xy, yy, xr, yr = sums[:, 0]
    xx, yy = xx + _STIFF, yy + _STIFF
    determinant = xx * yy - xy * xy
    step = torch.stack([xy * yr - yy * xr, xy * xr - xx * yr]) / determinant
    return _mean((flow + step.clamp(-1, 1))[:, None], 2)[:, 0]


def _mean(planes: Tensor, radius: int = _RADIUS) -> Tensor:
    """(B, 1, h, w): mean over the square window around each pixel, cut off at the border."""
    return box_mean(planes[:, 0], radius)[:, None]


def correlation(a: Tensor, b: Tensor) -> Tensor:
    """(1, h, w) twice -> (h, w): normalised cross-correlation of the windows around each pixel."""
    a, b = a[None], b[None]
    mean_a, mean_b = _mean(a), _mean(b)
    both = _mean(a * b) - mean_a * mean_b
    power = (_mean(a * a) - mean_a**2).clamp_min(0) * (_mean(b * b) - mean_b**2).clamp_min(0)
    return (both / power.sqrt().clamp_min(1e-6))[0, 0]


def _correlated(first: Tensor, second: Tensor, flow: Tensor) -> Tensor:
    pairs = zip((first, second), (_grid(-flow / 2), _grid(flow / 2)), strict=True)
    a, b = (_flow_sampled(frame[:1], grid) for frame, grid in pairs)
    return correlation(a, b)


def _grid(flow: Tensor) -> Tensor:
    """(2, h, w) shift in pixels -> (h, w, 2) grid for `grid_sample`."""
    height, width = flow.shape[1:]
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    return torch.stack([2 * (x + flow[0]) / width - 1, 2 * (y + flow[1]) / height - 1], -1)


def _in_frame(grid: Tensor) -> Tensor:
    return (grid.abs() < 1).all(-1)


def _flow_sampled(planes: Tensor, grid: Tensor) -> Tensor:
    return F.grid_sample(planes[None], grid[None], padding_mode="border", align_corners=False)[0]
