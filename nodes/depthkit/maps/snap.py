"""Soft outlines of a map moved onto the edges of its photo.

In the soft zone of an outline no value is a surface: each pixel belongs to the near or to the far
side. Samples around it, as far apart as the outline is soft, vote for their side by how alike
their colour is (the joint bilateral weight of Kopf et al. 2007 as a density of either side's
colours, as in trimap matting), together with the value the pixel has. It then takes the value of
that side. A near pixel sent to the far side is off by more of its depth than a far one sent to the
near side (the least expected relative error is at the near one while p / near > (1 - p) / far), so
where the far side is very far, as the sky, doubts are settled for the near one. Only pixels in the
zone are looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..kernels import box_mean, local_max, resample

__all__ = ["snap"]

# Samples lie 1.5 standard deviations of the blur apart, two each way: the last ones are pure.
_SPACING, _REACH = 1.5, 2
# Second difference of the samples as a share of the map's range: from no edge to surely one.
_JUMP = (0.04, 0.08)
# How far a sample has to be from the middle between both sides to be counted to one of them.
_PURE = 0.2
_NEAR_BY = 1.2  # standard deviation of the weight of a sample's distance, in spacings
_CERTAIN = 4.0  # colour says no more than this, in nats
_PRIOR = 0.7  # weight of the log odds of the value's place between both sides
_STEEP = 3.0
_CROWD = 0.1  # samples that every side has at least
# Log of the ratio of both sides' depths: what of it counts among the colours, from where on it
# counts beside them, and how much; how near to zero the lowest disparity lies (share of the range).
_RISK, _FAR, _MOST, _INFINITY = 2.0, 1.4, 4.0, 0.005
_NEARLY = 0.1
_SMOOTH = 0.15  # radius in widths of the outline within which opinions are averaged
_FAINT = 1e-4
_AT_ONCE = 1 << 14


@dataclass(frozen=True, slots=True, eq=False)
class _Samples:
    """values (h, w), colours (h, w, 3), known (h, w) 0 or 1: the map and the photo, thinned out."""

    values: Tensor
    colours: Tensor
    known: Tensor

    @classmethod
    def of(cls, plane: Tensor, valid: Tensor, image: Tensor, spacing: float) -> _Samples:
        size = [max(2, round(side / spacing)) for side in plane.shape]
        values = resample(plane[None, None], *size, antialias=False)[0, 0]
        known = resample(valid[None, None].float(), *size, antialias=False)[0, 0] > 0.99
        colours = resample(image.movedim(-1, 0)[None], *size)[0].movedim(0, -1)
        return cls(values, colours.contiguous(), known.float())

    def edges(self) -> Tensor:
        """(h, w) 0..1: how surely an outline runs within a sample of here."""
        padded = F.pad(self.values[None, None], (1, 1, 1, 1), mode="replicate")[0, 0]
        middle = 2 * self.values
        bend = torch.maximum(
            (padded[1:-1, 2:] + padded[1:-1, :-2] - middle).abs(),
            (padded[2:, 1:-1] + padded[:-2, 1:-1] - middle).abs(),
        )
        span = (self.values.max() - self.values.min()).clamp_min(1e-12)
        sure = ((bend / span - _JUMP[0]) / (_JUMP[1] - _JUMP[0])).clamp(0, 1)
        return local_max(sure[None], 1)[0]


def snap(
    plane: Tensor,
    valid: Tensor,
    image: Tensor,
    width: float,
    sensitivity: float,
    *,
    near_is_large: bool = True,
) -> Tensor:
    """(H, W) with its outlines sharp and on those of the image.

    plane: (H, W), filled where not valid; image: (H, W, 3); width: pixels over which its outlines
    rise; sensitivity: the colour difference that tells two sides apart; near_is_large: whether the
    values are disparities. Every value stays within the range of those around it.
    """
    samples = _Samples.of(plane, valid, image, _SPACING * width / 2.5)
    high, low = local_max(torch.stack([samples.values, -samples.values]), _REACH)
    low = -low
    zone, low, high = (_enlarge(x, plane.shape) for x in (samples.edges(), low, high))
    place = ((plane - low) / (high - low).clamp_min(1e-12)).clamp_(0, 1)
    index = (zone > 0).flatten().nonzero()[:, 0]
    if not len(index):
        return plane
    depths = _Depths.of(plane, near_is_large)
    parts = [
        _votes(part, plane, image, samples, low, high, place, sensitivity, depths)
        for part in index.split(_AT_ONCE)
    ]
    opinion, upper, lower = (torch.cat(column) for column in zip(*parts, strict=True))
    radius = max(1, round(_SMOOTH * width))
    opinion = _smoothed(opinion, index, plane.shape, radius)
    # Nothing near is sent very far lightly.
    risk = depths.log_ratio(upper, lower)
    opinion += risk.sign() * (risk.abs() - _FAR).clamp(0, _MOST)
    above = torch.sigmoid(_STEEP * opinion)
    here, share = plane.flatten()[index], zone.flatten()[index]
    # A value close to its side is a surface already, slanted perhaps, and fades into what it was.
    at = place.flatten()[index]
    upper = here + ((1 - at) / _NEARLY).clamp_max(1) * (upper - here).clamp_min(0)
    lower = here + (at / _NEARLY).clamp_max(1) * (lower - here).clamp_max(0)
    sharp = here + share * (lower + above * (upper - lower) - here)
    return plane.flatten().index_copy(0, index, sharp).view_as(plane)


@dataclass(frozen=True, slots=True)
class _Depths:
    """What the values are. zero: the one of no disparity, or of no distance; sign: 1 for
    disparities, -1 for distances."""

    zero: float
    sign: int

    @classmethod
    def of(cls, plane: Tensor, near_is_large: bool) -> _Depths:
        if not near_is_large:
            return cls(0.0, -1)
        # A relative disparity has no zero of its own: the lowest value is taken for very far.
        low, high = (x.item() for x in torch.aminmax(plane))
        return cls(low - _INFINITY * (high - low), 1)

    def log_ratio(self, upper: Tensor, lower: Tensor) -> Tensor:
        """log of far / near, at least 0, times `sign`: towards the near side."""
        ratio = [(side - self.zero).clamp_min(1e-12).log() for side in (upper, lower)]
        return self.sign * (ratio[0] - ratio[1]).clamp_min(0)


def _enlarge(plane: Tensor, size: torch.Size) -> Tensor:
    return resample(plane[None, None], *size, antialias=False)[0, 0]


def _votes(
    index: Tensor,
    plane: Tensor,
    image: Tensor,
    samples: _Samples,
    low: Tensor,
    high: Tensor,
    place: Tensor,
    sensitivity: float,
    depths: _Depths,
) -> tuple[Tensor, Tensor, Tensor]:
    """For pixels (P,): the opinion in nats that they are of the upper side, both sides' values."""
    (height, width), (rows, columns) = plane.shape, samples.values.shape
    y = (index // width + 0.5) * rows / height - 0.5
    x = (index % width + 0.5) * columns / width - 0.5
    line = torch.arange(-_REACH, _REACH + 1)
    at_y = (y.round()[:, None] + line)[:, :, None].expand(-1, -1, len(line)).flatten(1)
    at_x = (x.round()[:, None] + line)[:, None, :].expand(-1, len(line), -1).flatten(1)
    away = (at_y - y[:, None]).square() + (at_x - x[:, None]).square()
    taken = at_y.long().clamp(0, rows - 1) * columns + at_x.long().clamp(0, columns - 1)
    colour = image.view(-1, 3)[index]
    apart = torch.zeros(taken.shape)
    for channel in range(3):
        other = samples.colours[..., channel].flatten()[taken]
        apart += (other - colour[:, channel, None]).square_()
    alike = (apart / (-2 * sensitivity**2)).exp_().add_(_FAINT)
    near_by = (away / (-2 * _NEAR_BY**2)).exp_() * samples.known.flatten()[taken]
    values = samples.values.flatten()[taken]
    base, span = low.flatten()[index], (high - low).flatten()[index].clamp_min(1e-12)
    side = (values - base[:, None]) / span[:, None] - 0.5
    above = near_by * ((side - _PURE) / (0.5 - _PURE)).clamp(0, 1)
    below = near_by * ((-side - _PURE) / (0.5 - _PURE)).clamp(0, 1)
    # A colour is rare or frequent on a side, however many of the samples are of that side.
    crowd = (above.sum(1) + _CROWD).log() - (below.sum(1) + _CROWD).log()
    above *= alike
    below *= alike
    here = plane.flatten()[index]
    up, down = above.sum(1), below.sum(1)
    upper = torch.where(up > 1e-9, (above * values).sum(1) / up.clamp_min(1e-12), here)
    lower = torch.where(down > 1e-9, (below * values).sum(1) / down.clamp_min(1e-12), here)
    colours_say = (up + 1e-6).log() - (down + 1e-6).log() - crowd
    colours_say += depths.log_ratio(upper, lower).clamp(-_RISK, _RISK)
    colours_say.clamp_(-_CERTAIN, _CERTAIN)
    # Near either end of the range the value itself decides: texture of the photo stays out.
    return colours_say + _PRIOR * place.flatten()[index].logit(0.01), upper, lower


def _smoothed(opinion: Tensor, index: Tensor, size: torch.Size, radius: int) -> Tensor:
    """The mean of the opinions around each: no rags where the photo is grainy."""
    total, count = torch.zeros(2, *size)
    total.view(-1)[index], count.view(-1)[index] = opinion, 1.0
    mean, share = box_mean(torch.stack([total, count]), radius)
    return (mean / share.clamp_min(1e-6)).view(-1)[index]
