"""Depth brought to the size of its photo, with the edges where the photo has them.

Smooth parts are resampled bicubically. Around a depth discontinuity each pixel instead takes a
mean of the four coarse pixels around it, weighted by how alike their colour is (joint bilateral
upsampling, Kopf et al. 2007), and is held inside the range of those four, so that no halo can
form. Only the few pixels at discontinuities pay for the second step. A guided filter (He
and Sun 2015) is smoother but prints the texture of the photo into the depth: measured on the
bundled scenes it ends farther from the truth than plain bicubic, this does not.

A map with soft outlines is no map of four sharp pixels. If it was only enlarged it is taken back
to the grid it was measured on; where it is soft there too, as what a network answers,
`snap` moves its outlines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from ..depth_map import DepthMap, Size
from ..errors import InvalidInput, Stopped
from ..images import SAME_SHAPE, Images, at_frame
from ..kernels import resample
from ..progress import Progress
from .fill import push_pull
from .joint_bilateral import Axis, Sharpener, corners
from .sharpness import edge_width, hidden_grid
from .snap import snap

__all__ = ["Softness", "refine", "softness"]

# A discontinuity: the second difference as a share of the map's range, from not at all to fully.
_JUMP = (0.025, 0.06)
# Bands of so few coarse rows that they stay in the cache while they are clamped and masked.
_COARSE_ROWS = 8
# Outlines that rise over more pixels are soft. An exact map has 1.4, one shrunk with antialiasing
# up to 2, what the networks answer 3 and more on their own grid.
_SOFT = 2.5
# A grid that is hardly coarser than the map is not worth going back to.
_COARSER = 1.25
# Back-projections that undo the interpolation.
_ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Softness:
    """What is to be done about soft outlines. grid: (height, width) to go back to, or None; width:
    pixels over which the outlines rise, 0 where they are sharp, or are on that grid."""

    grid: Size | None = None
    width: float = 0.0


def refine(
    depth: DepthMap,
    guide: Images,
    *,
    strength: float = 1.0,
    sensitivity: float = 0.05,
    soft: Softness | None = None,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> DepthMap:
    """The map at the guide's size (never smaller than the map itself), edges snapped to the guide.

    guide: (B or 1, H, W, 3) float32 0..1 of the same view. strength: 0 plain resampling .. 1 full
    snapping. sensitivity: colour difference (0..1) that counts as an edge; smaller follows fainter
    edges. soft: what `softness` says of the clip this map is a part of, None to look here. Invalid
    pixels give nothing to their neighbours and stay invalid. Raises InvalidInput if the batches or
    the shapes do not belong together.
    """
    _check_guide(depth, guide, strength, sensitivity)
    height, width = guide.shape[1:3]
    if height < depth.height or width < depth.width:
        height, width = depth.height, depth.width
    soft = soft or softness(depth)
    frames = []
    for index in range(depth.batch):
        if should_stop is not None and should_stop():
            raise Stopped
        image = _at_size(at_frame(guide, index), height, width)
        values, valid = depth.values[index], depth.valid[index]
        if soft.width:
            plane, mask = _snapped_to_image(
                depth.frame(index), image, soft.width, strength, sensitivity
            )
        else:
            if soft.grid is not None:
                values, valid = _reduced(values, valid, soft.grid)
            plane, mask = _refine_one(values, valid, image, strength, sensitivity)
        frames.append((plane, mask))
        if on_progress is not None:
            on_progress(index + 1, depth.batch)
    camera = depth.camera
    if camera is not None:
        camera = camera.scaled(width / depth.width, height / depth.height)
    values, valid = (_stacked(planes) for planes in zip(*frames, strict=True))
    return replace(depth, values=values, valid=valid, camera=camera)


def _at_size(image: Tensor, height: int, width: int) -> Tensor:
    """(H, W, 3) -> (height, width, 3)."""
    if image.shape[:2] == (height, width):
        return image
    planes = resample(image.movedim(-1, 0)[None], height, width, antialias=False)
    return planes[0].movedim(0, -1).contiguous()


def _stacked(planes: Sequence[Tensor]) -> Tensor:
    """(B, H, W); a single large frame is not copied."""
    return planes[0][None] if len(planes) == 1 else torch.stack(list(planes))


def _check_guide(depth: DepthMap, guide: Images, strength: float, sensitivity: float) -> None:
    if guide.shape[0] not in (1, depth.batch):
        raise InvalidInput(
            f"The depth has {depth.batch} frames and the guide image {guide.shape[0]}; connect "
            "the images the depth was made from, or a single one."
        )
    ratio = (guide.shape[2] / guide.shape[1]) / (depth.width / depth.height)
    slack = SAME_SHAPE + 1 / min(depth.height, depth.width)
    if not 1 / slack <= ratio <= slack:
        raise InvalidInput(
            f"The guide is {guide.shape[2]}x{guide.shape[1]} and the depth {depth.width}x"
            f"{depth.height}: they do not show the same frame. Connect the image the depth was "
            "made from, uncropped."
        )
    if not 0 <= strength <= 1 or not 0 < sensitivity <= 1:
        raise InvalidInput("strength must be 0 to 1 and sensitivity above 0, up to 1.")


def softness(depth: DepthMap) -> Softness:
    """How soft the outlines are: one answer for a clip, so that it does not flicker, that of the
    first frame with outlines."""
    for index in sorted({0, depth.batch // 2, depth.batch - 1}):
        values, valid = depth.values[index], depth.valid[index]
        width = edge_width(values, valid)
        if width <= _SOFT:
            if width:
                return Softness()
            continue
        grid = depth.measured or hidden_grid(_without_holes(values, valid), width)
        if grid and _COARSER * grid[0] <= depth.height:
            coarse, known = _reduced(values, valid, grid)
            if edge_width(coarse, known) <= _SOFT:
                return Softness(grid)
        return Softness(width=width)
    return Softness()


def _without_holes(values: Tensor, valid: Tensor) -> Tensor:
    """Smoothly over what is not valid: the rim of a hole is no outline."""
    if bool(valid.all()):
        return values
    return push_pull(values[None, None], valid[None, None].float())[0, 0]


def _reduced(values: Tensor, valid: Tensor, grid: Size) -> tuple[Tensor, Tensor]:
    """The values on a coarser grid from which linear interpolation made these."""
    plane = _without_holes(values, valid)[None, None]
    size = values.shape
    # Where the grids' centres do not meet, a centre is read between two pixels, a little too soft:
    # what enlarging it again misses is added (iterative back-projection).
    seen = coarse = resample(plane, *grid, antialias=False)
    for _ in range(_ROUNDS):
        again = resample(resample(coarse, *size, antialias=False), *grid, antialias=False)
        coarse = coarse + seen - again
    coarse = coarse.clamp_(*torch.aminmax(plane))
    if bool(valid.all()):
        return coarse[0, 0], torch.ones(grid, dtype=torch.bool)
    mask = resample(valid[None, None].float(), *grid, antialias=False)[0, 0] > 0.5
    return coarse[0, 0] * mask, mask


def _snapped_to_image(
    depth: DepthMap, image: Tensor, width_px: float, strength: float, sensitivity: float
) -> tuple[Tensor, Tensor]:
    """depth: one frame; image: (H, W, 3) -> (H, W) float32, (H, W) bool."""
    values, valid = depth.values[0], depth.valid[0]
    size = (image.shape[0], image.shape[1])
    whole = bool(valid.all())
    plane, _ = _resampled(_without_holes(values, valid), None, size)
    mask = torch.ones(size, dtype=torch.bool)
    if not whole:
        mask = F.interpolate(valid[None, None].float(), size, mode="nearest-exact")[0, 0] > 0
    wide = width_px * size[1] / values.shape[1]
    near_is_large = depth.near_is_large
    sharp = snap(plane, mask, image.contiguous(), wide, sensitivity, near_is_large=near_is_large)
    plane = sharp if strength == 1 else plane.lerp(sharp, strength)
    return plane * mask, mask


def _refine_one(
    values: Tensor, valid: Tensor, image: Tensor, strength: float, sensitivity: float
) -> tuple[Tensor, Tensor]:
    """values, valid: (h, w); image: (H, W, 3) -> (H, W) float32, (H, W) bool."""
    whole = bool(valid.all())
    filled = values if whole else _grown(values, valid)
    out, mask = _resampled(filled, None if whole else valid, (image.shape[0], image.shape[1]))
    edge = _edges(filled, valid) * strength
    if bool((edge > 0).any()):
        sharp = Sharpener.of(filled, valid, image.contiguous(), edge, sensitivity)
        sharp.write(out, None if whole else mask)
    return out, mask


def _grown(values: Tensor, valid: Tensor) -> Tensor:
    """Invalid pixels take the mean of the valid ones within two pixels, then the mean of all."""
    known, weight = values * valid, valid.float()
    total, share = _box(known), _box(weight)
    mean = known.sum() / weight.sum().clamp_min(1)
    near = torch.where(share > 0, total / share.clamp_min(1), mean)
    return torch.where(valid, values, near)


def _box(plane: Tensor) -> Tensor:
    """(h, w) sums over 5 x 5 pixels, zero beyond the border."""
    height, width = plane.shape
    padded = F.pad(plane, (2, 2, 2, 2))
    rows = sum((padded[step : step + height] for step in range(5)), start=torch.zeros(()))
    return sum((rows[:, step : step + width] for step in range(5)), start=torch.zeros(()))


def _edges(plane: Tensor, valid: Tensor) -> Tensor:
    """(h + 1, w + 1) 0..1: how surely a discontinuity lies between each four coarse pixels.

    Second differences, so that a slanted plane (a floor) is no edge however steep.
    """
    bend = torch.zeros_like(plane)
    bend[:, 1:-1] = (plane[:, 2:] + plane[:, :-2] - 2 * plane[:, 1:-1]).abs()
    down = (plane[2:] + plane[:-2] - 2 * plane[1:-1]).abs()
    bend[1:-1] = torch.maximum(bend[1:-1], down)
    top = plane.masked_fill(~valid, -torch.inf).max()
    span = (top - plane.masked_fill(~valid, torch.inf).min()).clamp_min(1e-12)
    share = ((bend / span - _JUMP[0]) / (_JUMP[1] - _JUMP[0])).clamp_(0, 1)
    share, known = F.pad(share, (1, 1, 1, 1)), F.pad(valid, (1, 1, 1, 1))
    return corners(share, torch.maximum) * corners(known, torch.logical_or)


def _resampled(plane: Tensor, valid: Tensor | None, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Bicubic (h, w) -> (H, W) within the plane's own range, and the mask; 0 where invalid.

    A band of rows at a time: clamping and masking then find it in the cache.
    """
    height, width = size
    # Plain numbers: against tensors the clamp below is several times slower.
    low, high = plane.min().item(), plane.max().item()
    wide = F.interpolate(
        plane[None, None], (plane.shape[0], width), mode="bicubic", antialias=True
    )[0, 0]
    out = torch.empty(size)
    mask = torch.ones(size, dtype=torch.bool)
    known = mask
    if valid is not None:
        known = valid.T.contiguous().index_select(0, Axis.of(plane.shape[1], width).cell)
        known = known.T.contiguous()
    rows = Axis.of(plane.shape[0], height).cell
    for band, taps, weight in _bands(plane.shape[0], height):
        part = torch.mm(weight, wide[taps], out=out[band]).clamp_(low, high)
        if valid is not None and not bool(valid[taps].all()):
            torch.index_select(known, 0, rows[band], out=mask[band])
            # Twice as fast as filling under the mask, and the same: all values are finite.
            part.mul_(mask[band].view(torch.uint8))
    return out, mask


def _bands(coarse: int, fine: int) -> Iterator[tuple[slice, slice, Tensor]]:
    """Bands of fine rows, the coarse rows that make them, and the weights (band, taps).

    Cubic convolution with a = -0.5 (Keys 1981); taps beyond the border do not count.
    """
    at = (torch.arange(fine, dtype=torch.float64) + 0.5) * coarse / fine - 0.5
    tap = at.floor().long()[:, None] + torch.arange(-1, 3)
    away = (at[:, None] - tap).abs()
    inner = (1.5 * away - 2.5) * away * away + 1
    outer = ((2.5 - 0.5 * away) * away - 4) * away + 2
    weight = torch.where(away <= 1, inner, outer) * ((tap >= 0) & (tap < coarse))
    weight = (weight / weight.sum(1, keepdim=True)).float()
    tap.clamp_(0, coarse - 1)
    step = max(1, _COARSE_ROWS * fine // coarse)
    for start in range(0, fine, step):
        band = slice(start, min(start + step, fine))
        low, high = int(tap[start, 0]), int(tap[band.stop - 1, 3]) + 1
        dense = torch.zeros(band.stop - start, high - low)
        yield band, slice(low, high), dense.scatter_add_(1, tap[band] - low, weight[band])
