"""Depth over time: one scale for a clip, and a figure for what still flickers.

Relative models answer every frame in a scale and shift of its own. Where the image did not
change, the depth should not change either: those pixels tie neighbouring frames together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..depth_map import Kind
from ..errors import Stopped
from ..images import rgb
from .align import Affine

__all__ = ["ClipAlignment", "align_clip", "flicker"]

# Comparing needs no fine detail; the shorter side of the thumbnails it is done on.
_THUMBNAIL = 128
# A pixel is static if no colour channel moved by more (in 0..1); about the noise of a phone video.
_STATIC = 0.03
# With less of the image static, or no agreement between the frames, it is another shot.
_LEAST_STATIC = 0.05
_LEAST_CORRELATION = 0.5


@dataclass(frozen=True, slots=True)
class ClipAlignment:
    """What `align_clip` did. fits: one per frame, in its original values; cuts: frame numbers at
    which nothing ties the frame to the one before (another shot begins)."""

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
    images: Tensor,
    kind: Kind,
    should_stop: Callable[[], bool] = lambda: False,
) -> ClipAlignment:
    """Bring every frame to the scale and shift of the one before, on their static part; in place.

    values: (B, H, W) float32, changed; valid: (B, H, W) bool; images: (B, H, W, C). Metric depth
    has no free shift and gets a scale only. The slope is the ratio of the spreads (reduced major
    axis): least squares would shrink a little at every noisy frame, and the clip fade to flat.
    """
    fits, cuts = [Affine(1.0, 0.0)], []
    before = _Thumbnail.of(values, valid, images, 0)
    for index in range(1, len(values)):
        if should_stop():
            raise Stopped
        now = _Thumbnail.of(values, valid, images, index)
        fit = _tie(now, before, kind)
        if fit is None:
            cuts.append(index)
            fit = Affine(1.0, 0.0)
        values[index].mul_(fit.scale).add_(fit.shift).masked_fill_(~valid[index], 0.0)
        fits.append(fit)
        before = _Thumbnail(now.colour, fit(now.depth), now.valid)
    return ClipAlignment(tuple(fits), tuple(cuts))


def flicker(
    values: Tensor,
    valid: Tensor,
    images: Tensor,
    should_stop: Callable[[], bool] = lambda: False,
) -> float | None:
    """Mean absolute change of the static part between neighbouring frames, relative to the spread
    of the depth (5th to 95th percentile): 0 is perfectly still, 0.05 is plainly visible.

    values, valid: (B, H, W); images: (B, H, W, C). None where no two frames share a static part.
    """
    changes = []
    before = _Thumbnail.of(values, valid, images, 0)
    for index in range(1, len(values)):
        if should_stop():
            raise Stopped
        now = _Thumbnail.of(values, valid, images, index)
        still = now.static(before)
        if still.float().mean() >= _LEAST_STATIC:
            low, high = _quantiles(torch.cat([now.depth[now.valid], before.depth[before.valid]]))
            moved = (now.depth - before.depth)[still].abs().mean()
            changes.append((moved / (high - low).clamp_min(1e-12)).item() if high > low else 0.0)
        before = now
    return sum(changes) / len(changes) if changes else None


@dataclass(frozen=True, slots=True, eq=False)
class _Thumbnail:
    """colour: (3, h, w); depth: (h, w), 0 where invalid; valid: (h, w) bool."""

    colour: Tensor
    depth: Tensor
    valid: Tensor

    @classmethod
    def of(cls, values: Tensor, valid: Tensor, images: Tensor, index: int) -> _Thumbnail:
        image = rgb(images[index : index + 1])[0].movedim(-1, 0)
        colour = _shrunk(image)
        whole = valid[index].all()
        share = torch.ones(colour.shape[1:]) if whole else _shrunk(valid[index].float()[None])[0]
        depth = _shrunk(values[index][None])[0] / share.clamp_min(1e-6)
        return cls(colour, depth, share > 0.99)

    def static(self, other: _Thumbnail) -> Tensor:
        change = (self.colour - other.colour).abs().amax(0)
        return (change <= _STATIC) & self.valid & other.valid


def _shrunk(planes: Tensor) -> Tensor:
    height, width = planes.shape[-2:]
    scale = min(_THUMBNAIL / min(height, width), 1.0)
    size = (max(round(height * scale), 1), max(round(width * scale), 1))
    if size == (height, width):
        return planes
    return F.interpolate(planes[None], size, mode="area")[0]


def _quantiles(values: Tensor) -> tuple[Tensor, Tensor]:
    low, high = torch.quantile(
        values[:: max(values.numel() // 100_000, 1)], torch.tensor([0.05, 0.95])
    )
    return low, high


def _tie(now: _Thumbnail, before: _Thumbnail, kind: Kind) -> Affine | None:
    """The affine map from this frame's values to the previous one's, or None at a cut."""
    still = now.static(before)
    if still.float().mean() < _LEAST_STATIC:
        return None
    x, y = now.depth[still].double(), before.depth[still].double()
    spread_x, spread_y = _spread(x), _spread(y)
    if min(spread_x, spread_y) <= 1e-9 * (1 + x.abs().max()):
        return Affine(1.0, 0.0 if kind == "metric" else (y.mean() - x.mean()).item())
    correlation = ((x - x.mean()) * (y - y.mean())).mean() / (spread_x * spread_y)
    if correlation < _LEAST_CORRELATION:
        return None
    return _robust_tie(x, y, kind)


def _robust_tie(x: Tensor, y: Tensor, kind: Kind, rounds: int = 3) -> Affine:
    """Trimmed fit: pixels that disagree by more than three median deviations are left out."""
    fit, keep = Affine(1.0, 0.0), torch.ones_like(x, dtype=torch.bool)
    for _ in range(rounds):
        a, b = x[keep], y[keep]
        if kind == "metric":
            fit = Affine((b.norm() / a.norm().clamp_min(1e-12)).item(), 0.0)
        else:
            if _spread(a) == 0:
                break  # too few pixels are left to tell a scale
            scale = (_spread(b) / _spread(a)).item()
            fit = Affine(scale, (b.mean() - scale * a.mean()).item())
        residual = (fit(x) - y).abs()
        keep = residual <= 3 * residual.median().clamp_min(1e-12)
    return fit


def _spread(values: Tensor) -> Tensor:
    """Standard deviation of the values themselves: 0, not NaN, for a single one."""
    return values.std(correction=0)
