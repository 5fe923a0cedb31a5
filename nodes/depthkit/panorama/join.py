"""The views' answers as one: a scale and a shift for each, so that they agree where they overlap.

A view that looks a degrees away from a ray measures 1 / z along its own axis, and the distance r
along the ray is z / cos a. A relative map is an unknown scale and shift of 1 / z, so that
1 / r = cos a (s d + t). All s and t are solved for at once from the overlaps (linear least squares,
re-weighted so that what two views see differently does not count); the shift too is then known,
since cos a differs between the views: what is left free is one scale.

Errors of neighbours add up around the circle. What the model says of the whole panorama at once is
bent and coarse, but of one piece: such anchors take part in the fit with a scale and a shift of
their own, and not in the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..depth_map import Size
from ..maps.align import fit_affine_robust
from ..views.sphere import View, Whole, directions

__all__ = ["joined"]

# The scales are found on so many rows of the sphere.
_ROWS = 96
_ROUNDS = 8
# How strongly a view is held at the scale it has and at no shift: where the views agree, only those
# without any overlap; from so much unrest on, all.
_HELD, _HELD_IN_DOUBT, _IN_DOUBT = 1e-9, 2e-3, 0.15
_EDGE = 1.0
# How much an anchor counts beside a view that disagrees with its neighbours as much as with it:
# tried, as the hold, on the four bundled panoramas.
_ANCHOR = 4.0


def joined(
    answers: Sequence[Tensor],
    views: Sequence[View],
    size: Size,
    *,
    shifts: bool,
    anchors: Sequence[tuple[Tensor, Whole]] = (),
) -> Tensor:
    """(H, W) 1 / distance along the rays, at the mean scale of the views.

    answers: (side, side) each, 1 / z of its view up to a scale and, with `shifts`, a shift; not
    finite where nothing is known. anchors: answers about the whole panorama, alike. Pixels that no
    view knows are not finite.
    """
    spread = torch.stack([a[a.isfinite()].std() for a in answers]).clamp_min(1e-9)
    unit, count = spread.mean(), len(views)
    even = [answer / unit for answer in answers]
    around = [answer / unit for answer, _ in anchors]
    every = [*views, *(whole for _, whole in anchors)]
    seen, counted, cosine = _seen([*even, *around], every, directions(_ROWS, 2 * _ROWS))
    held = _HELD
    if anchors:
        unrest = _unrest(seen, counted, cosine, count)
        counted[count:] *= _ANCHOR * unrest
        held += _HELD_IN_DOUBT * min(1.0, unrest / _IN_DOUBT)
    found = _agreed(seen, counted, cosine, held, shifts=shifts)
    scale, shift = (plane[:count] for plane in found)
    values, weight, cosine = _seen(even, views, directions(*size))
    fitted = cosine * (values * scale[:, None, None] + shift[:, None, None])
    total = weight.sum(0)
    mean = unit * (weight * fitted).sum(0) / total.clamp_min(1e-9)
    return torch.where(total > 0, mean, torch.nan)


def _unrest(seen: Tensor, weight: Tensor, cosine: Tensor, count: int) -> float:
    """How far the views are off their own mean, over how far the anchors are off it, at most 1.

    Where the views agree with each other, they need no anchor.
    """
    own, counted, level = seen[:count], weight[:count], cosine[:count]
    scale, shift = _agreed(own, counted, level, _HELD, shifts=True)
    fitted = level * (own * scale[:, None, None] + shift[:, None, None])
    total = counted.sum(0)
    mean = (counted * fitted).sum(0) / total.clamp_min(1e-9)
    views = (fitted - mean).abs()[counted > 0].median()
    known = [
        (anchor, (mark > 0) & (total > 0))
        for anchor, mark in zip(seen[count:], weight[count:], strict=True)
    ]
    anchors = (
        torch.cat([(fit_affine_robust(a, mean, k)(a) - mean)[k] for a, k in known]).abs().median()
    )
    return min(1.0, (views / anchors.clamp_min(1e-9)).item())


def _seen(
    answers: Sequence[Tensor], views: Sequence[View | Whole], rays: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """(K, H, W) values of each view at the rays, how much each counts, cosines to the axes."""
    planes = []
    for answer, view in zip(answers, views, strict=True):
        at, cosine = view.place(rays)
        known = answer.isfinite()
        pair = torch.stack([torch.where(known, answer, 0.0), known.float()])[None]
        read = F.grid_sample(pair, at[None], "bilinear", "border", align_corners=False)[0]
        inside = (1 - at.abs().amax(-1)).clamp_min(0)
        # The middle of a view counts most, its rim not at all: no seam.
        weight = inside.clamp_max(_EDGE).square() * (read[1] > 0.99)
        planes.append((read[0] / read[1].clamp_min(1e-6), weight, cosine))
    values, weights, cosines = zip(*planes, strict=True)
    return torch.stack(values), torch.stack(weights), torch.stack(cosines)


@dataclass(frozen=True, slots=True, eq=False)
class _Overlap:
    """Where two views see the same. terms: (4, N) float64, what the scale and the shift of the
    first and of the second are multiplied with; weight: (N,), where both count, by area."""

    first: int
    second: int
    terms: Tensor
    weight: Tensor

    def off(self, scale: Tensor, shift: Tensor) -> Tensor:
        """(N,) how far apart the two are."""
        ends = [self.first, self.second]
        return (torch.stack([scale[ends], shift[ends]], 1).flatten() @ self.terms).abs()


def _overlaps(values: Tensor, weight: Tensor, cosine: Tensor) -> list[_Overlap]:
    count, rows = len(values), values.shape[1]
    area = ((torch.arange(rows) + 0.5) / rows - 0.5).mul(torch.pi).cos()[:, None]
    found = []
    for first, second in torch.triu_indices(count, count, 1).T.tolist():
        both = weight[first] * weight[second] * area
        at = both > 0
        if not bool(at.any()):
            continue
        a, b = (cosine[n][at].double() for n in (first, second))
        terms = torch.stack([a * values[first][at], a, -b * values[second][at], -b])
        found.append(_Overlap(first, second, terms, both[at].double()))
    return found


def _agreed(
    values: Tensor, weight: Tensor, cosine: Tensor, held: float, *, shifts: bool
) -> tuple[Tensor, Tensor]:
    """(K,) scales, their mean 1, and shifts; held: towards scales of 1 and shifts of 0."""
    count, overlaps = len(values), _overlaps(values, weight, cosine)
    scale, shift = torch.ones(count).double(), torch.zeros(count).double()
    if not overlaps:
        return scale.float(), shift.float()
    trust = [torch.ones_like(overlap.weight) for overlap in overlaps]
    for _ in range(_ROUNDS):
        scale, shift = _solved_faces(overlaps, trust, count, held, shifts)
        off = [overlap.off(scale, shift) for overlap in overlaps]
        typical = torch.cat(off).median().clamp_min(1e-9)
        trust = [1 / (1 + (apart / (2 * typical)).square()) for apart in off]
    return scale.float(), shift.float()


def _solved_faces(
    overlaps: Sequence[_Overlap],
    trust: Sequence[Tensor],
    count: int,
    held: float,
    shifts: bool,
) -> tuple[Tensor, Tensor]:
    """argmin of the sum of w (a_i s_i + b_i t_i - a_j s_j - b_j t_j)^2 with mean(s) = 1."""
    normal = torch.zeros(2 * count, 2 * count, dtype=torch.float64)
    for overlap, share in zip(overlaps, trust, strict=True):
        i, j = overlap.first, overlap.second
        where = torch.tensor([i, count + i, j, count + j])
        block = (overlap.terms * (overlap.weight * share)) @ overlap.terms.T
        normal[where[:, None], where] += block
    pull = held * normal.diagonal().mean()
    normal += pull * torch.eye(2 * count)
    right = torch.zeros(2 * count, dtype=torch.float64)
    right[:count] = pull
    used = 2 * count if shifts else count
    # The mean of the scales is held with a multiplier (Lagrange).
    system = torch.zeros(used + 1, used + 1, dtype=torch.float64)
    system[:used, :used] = normal[:used, :used]
    system[used, :count] = system[:count, used] = 1.0 / count
    found = torch.linalg.solve(system, torch.cat([right[:used], torch.ones(1).double()]))
    shift = found[count:used] if shifts else torch.zeros(count).double()
    return found[:count], shift
