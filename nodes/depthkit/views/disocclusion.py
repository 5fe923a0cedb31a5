"""What a photo shows, and what must lie behind it, as two layers for a camera that moves.

The front is the photo with its outlines cut out: pixels on an outline become partly transparent,
so that they carry no background along. The back is the photo again with the background continued
behind everything near an outline, and beyond the frame. Both are made once per photo, so that
what is invented stands still in space while the camera moves.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..depth_map import Pinhole
from ..kernels import box_mean, local_max
from ..maps.fill import push_pull

__all__ = ["Layer", "Layers", "layers"]

# One more pixel of an outline is soft for each so many pixels of width: lens and sharpening.
_SOFT_EDGE = 2048
# Colours closer than this tell nothing about how much of a pixel belongs to the foreground.
_CONTRAST = 0.05
# On a soft outline a pixel differs from both neighbours by this share of the whole step.
_RAMP = 0.1
# The least opacity of a pixel that the depth map itself gives to the foreground.
_INSIDE = 0.6
# More contrast than this is not texture but another thing.
_DETAIL = 0.12
# Texture goes on behind an outline for one part in so many of the width, fading.
_FADE = 32


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """color: (H, W, 4) float32, premultiplied colour and opacity, or (H, W, 3) where it is opaque.
    inverse: (H, W) 1 / distance, 0 at infinity. tolerance: (H, W), how far 1 / distance of a
    neighbour on the same surface can lie. camera: of this layer, which may reach beyond the photo.
    """

    color: Tensor
    inverse: Tensor
    tolerance: Tensor
    camera: Pinhole


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """front, back: see the module. inverse: (H, W) 1 / distance of what the photo shows."""

    front: Layer
    back: Layer
    inverse: Tensor


def layers(
    image: Tensor, inverse: Tensor, camera: Pinhole, jump: float, reach: int, margin: int
) -> Layers:
    """Both layers of a photo.

    image: (H, W, 3); inverse: (H, W) 1 / distance. jump: the smallest step of it that is an
    outline. reach: how many pixels behind an outline the background goes on; margin: beyond the
    frame.
    """
    soft = 1 + image.shape[1] // _SOFT_EDGE
    shown = _snapped_outlines(inverse, jump)
    crisp = _widened(shown, jump, soft)
    behind = _Behind.of(crisp, jump, reach)
    hidden, far = _continued(image, crisp, behind, jump)
    opacity = _opacity(image, hidden, behind, soft)
    # What is hardly covered shows the background itself.
    widened = crisp != shown
    hidden = torch.lerp(hidden, image, torch.where(widened, 1 - opacity, 0.0)[..., None])
    far = torch.where(widened, shown, far)
    front = _matted(image, hidden, opacity)
    # Once more: what lay behind an arm may itself stand in front of something.
    again = _Behind.of(far, jump, reach).outside(behind.peeled)
    hidden, far = _continued(hidden, far, again, jump)
    return Layers(
        Layer(front, crisp, _tolerance(crisp, jump), camera),
        _padded(hidden, far, _tolerance(far, jump), camera, margin),
        shown,
    )


def _snapped_outlines(inverse: Tensor, jump: float) -> Tensor:
    """Pixels halfway up a soft outline go to its nearer or its farther side."""
    radius = 2 + inverse.shape[1] // _SOFT_EDGE
    for _ in range(2):
        stack = inverse[None]
        high, low = local_max(stack, radius), -local_max(-stack, radius)
        span = high - low
        # On a slope the span is everywhere the same; at an outline it stands out.
        steep = (span > 1.5 * jump) & (span > 2 * box_mean(span, 6 * radius))
        between = steep & (high - stack > jump / 2) & (stack - low > jump / 2)
        between &= (_both_sides(inverse, 0) > _RAMP * span) | (
            _both_sides(inverse, 1) > _RAMP * span
        )
        side = torch.where(high - stack < stack - low, high, low)
        inverse = torch.where(between, side, stack)[0]
    return inverse


def _both_sides(inverse: Tensor, dim: int) -> Tensor:
    """(1, H, W): the smaller of the steps to the two neighbours along `dim`, 0 at the border."""
    step = F.pad(_steps(inverse, dim).abs(), (1, 1, 0, 0) if dim == 1 else (0, 0, 1, 1))
    count = inverse.shape[dim]
    return torch.minimum(step.narrow(dim, 0, count), step.narrow(dim, 1, count))[None]


def _widened(inverse: Tensor, jump: float, radius: int) -> Tensor:
    """Near things wider by the pixels that carry a share of their colour."""
    wide = local_max(inverse[None], radius)[0]
    return torch.where(wide - inverse > jump, wide, inverse)


def _steps(inverse: Tensor, dim: int) -> Tensor:
    """Differences to the next pixel along `dim`: one less along it."""
    return inverse.narrow(dim, 1, inverse.shape[dim] - 1) - inverse.narrow(
        dim, 0, inverse.shape[dim] - 1
    )


def _steep_steps(inverse: Tensor, jump: float, dim: int) -> Tensor:
    """Bool of the shape of `_steps`: steps larger than the slope around them explains."""
    step = _steps(inverse, dim).abs()
    pad = (1, 1, 0, 0) if dim == 1 else (0, 0, 1, 1)
    around = F.pad(step, pad)
    count = step.shape[dim]
    slope = torch.minimum(around.narrow(dim, 0, count), around.narrow(dim, 2, count))
    return step - 1.5 * slope > jump


def _tolerance(inverse: Tensor, jump: float) -> Tensor:
    """Half a jump, and twice the steepest slope that is no jump."""
    slope = torch.zeros_like(inverse)
    for dim in (0, 1):
        step = _steps(inverse, dim).abs().masked_fill_(_steep_steps(inverse, jump, dim), 0)
        for start in (0, 1):
            part = slope.narrow(dim, start, step.shape[dim])
            part.copy_(torch.maximum(part, step))
    return slope.mul_(2).add_(jump / 2)


@dataclass(frozen=True, slots=True, eq=False)
class _Behind:
    """Where the near side of an outline is, and which background belongs there.

    far_at: (H, W) int64, the pixel of the background beside the nearest outline. distance: (H, W)
    pixels to it. near: bool, the near side within three reaches; peeled: within one.
    """

    far_at: Tensor
    distance: Tensor
    near: Tensor
    peeled: Tensor

    @classmethod
    def of(cls, inverse: Tensor, jump: float, reach: int) -> _Behind:
        far_side = _far_side(inverse, jump)
        far_at, distance = _nearest_of(far_side)
        flat = inverse.flatten()
        front = local_max(inverse[None], 1)[0].flatten()
        # Nearer than the background by half of what the outline itself is, or it is another thing.
        half = ((front - flat)[far_at] / 2).clamp_min(jump)
        near = (inverse - flat[far_at] > half) & (distance <= 3 * reach)
        return cls(far_at, distance, near, near & (distance <= reach))

    def outside(self, mask: Tensor) -> _Behind:
        """The same without the pixels of a mask."""
        return _Behind(self.far_at, self.distance, self.near & ~mask, self.peeled & ~mask)


def _far_side(inverse: Tensor, jump: float) -> Tensor:
    """(H, W) bool: the pixels on the farther side of an outline."""
    found = torch.zeros_like(inverse, dtype=torch.bool)
    for dim in (0, 1):
        step, jumps = _steps(inverse, dim), _steep_steps(inverse, jump, dim)
        count = step.shape[dim]
        found.narrow(dim, 0, count).logical_or_(jumps & (step > 0))
        found.narrow(dim, 1, count).logical_or_(jumps & (step < 0))
    return found


def _nearest_of(mask: Tensor) -> tuple[Tensor, Tensor]:
    """(H, W): flat index of the nearest pixel of a mask, and the pixels to it; itself and infinity
    where the mask is empty."""
    from scipy import ndimage

    if not mask.any():
        itself = torch.arange(mask.numel()).view_as(mask)
        return itself, torch.full(mask.shape, torch.inf)
    # The type stubs of SciPy miss that two arrays come back.
    found = ndimage.distance_transform_edt((~mask).numpy(), return_indices=True)
    distance, (row, column) = found  # type: ignore[misc]
    at = torch.from_numpy(row).long() * mask.shape[1] + torch.from_numpy(column)
    return at, torch.from_numpy(distance).float()


def _continued(
    image: Tensor, inverse: Tensor, behind: _Behind, jump: float
) -> tuple[Tensor, Tensor]:
    """Colours (H, W, 3) and 1 / distance (H, W) of the background, also where it is hidden.

    A smooth continuation, and on it the texture that the background shows as far from the outline
    on its own side.
    """
    if not behind.peeled.any():
        return image, inverse
    mirrored, usable = _mirrored(inverse, behind, jump)
    known = (~behind.near).float()
    color = torch.empty_like(image)
    # One plane at a time: a photo of 4K has no room for more.
    for channel in range(3):
        plane = image[..., channel]
        texture = plane - _blurred(plane, known)
        detail = texture.flatten()[mirrored].clamp_(-_DETAIL, _DETAIL).mul_(usable)
        smooth = _smooth(plane, known).add_(detail).clamp_(0, 1)
        color[..., channel] = torch.where(behind.peeled, smooth, plane)
    # Never in front of what hides it.
    depth = torch.minimum(_smooth(inverse, known), inverse - jump / 2).clamp_min(0)
    return color, torch.where(behind.peeled, depth, inverse)


def _smooth(plane: Tensor, known: Tensor) -> Tensor:
    """(H, W): a smooth continuation of the known pixels."""
    return push_pull(plane[None, None], known[None, None])[0, 0]


def _mirrored(inverse: Tensor, behind: _Behind, jump: float) -> tuple[Tensor, Tensor]:
    """(H, W) int64: the pixel as far on the other side of the outline; how sure it is
    background (0..1)."""
    height, width = inverse.shape
    rows = torch.arange(height)[:, None]
    columns = torch.arange(width)
    row = (2 * (behind.far_at // width) - rows).clamp(0, height - 1)
    column = (2 * (behind.far_at % width) - columns).clamp(0, width - 1)
    mirrored = row * width + column
    flat = inverse.flatten()
    level = flat[behind.far_at]
    usable = ~behind.near.flatten()[mirrored] & ((flat[mirrored] - level).abs() < 2 * jump)
    sure = box_mean(usable[None].float(), 3)[0].mul_(2).sub_(1).clamp_(0, 1)
    return mirrored, sure * (1 - behind.distance * _FADE / width).clamp(0, 1)


def _blurred(plane: Tensor, known: Tensor, radius: int = 6) -> Tensor:
    """(H, W), each pixel the mean of the known ones around it."""
    share = box_mean(known[None], radius).clamp_min(1e-3)
    return (box_mean((plane * known)[None], radius) / share)[0]


def _opacity(image: Tensor, hidden: Tensor, behind: _Behind, soft: int) -> Tensor:
    """(H, W): how much of a pixel is the foreground's; below 1 on outlines only."""
    opacity = torch.ones(image.shape[:2])
    ring = behind.peeled & (behind.distance <= soft + 1.5)
    core = behind.near & (behind.distance > soft + 2.5)
    if not ring.any() or not core.any():
        return opacity
    inner_at, distance = _nearest_of(core)
    inner, outer = image.reshape(-1, 3)[inner_at[ring]], hidden[ring]
    span = inner - outer
    length = span.square().sum(-1)
    share = ((image[ring] - outer) * span).sum(-1) / length.clamp_min(1e-6)
    told = (distance[ring] <= 3 * soft + 3) & (length > _CONTRAST)
    # Without colours that tell, the depth map does; inside its outline a pixel is the foreground's
    # however much it looks like what is behind.
    inside = (behind.distance[ring] > soft).float()
    share = torch.where(told, share.clamp(0, 1), inside)
    opacity[ring] = share.maximum(_INSIDE * inside)
    around = box_mean((opacity * ring)[None], 1) / box_mean(ring[None].float(), 1)
    opacity[ring] = around[0][ring].maximum(_least_opacity(image[ring], outer))
    return opacity


def _matted(image: Tensor, hidden: Tensor, opacity: Tensor) -> Tensor:
    """(H, W, 4): the foreground's share of the colour, and that share.

    Over the background as it stands in the photo this gives the photo back exactly.
    """
    share = opacity[..., None]
    return torch.cat((image - (1 - share) * hidden, share), -1)


def _least_opacity(color: Tensor, background: Tensor) -> Tensor:
    """(N,): below it no foreground colour in 0..1 gives `color` over `background` (N, 3)."""
    room = torch.where(color < background, background, 1 - background)
    return ((color - background).abs() / room.clamp_min(1e-6)).amax(-1).clamp(0, 1)


def _padded(
    color: Tensor, inverse: Tensor, tolerance: Tensor, camera: Pinhole, margin: int
) -> Layer:
    """The layer with the scene mirrored beyond the frame, as far as the last pixel's distance."""
    pad = min(margin, *(side - 1 for side in inverse.shape))
    if pad <= 0:
        return Layer(color, inverse, tolerance, camera)
    sides = (pad, pad, pad, pad)
    wide = F.pad(color.permute(2, 0, 1)[None], sides, mode="reflect")[0].permute(1, 2, 0)
    far = F.pad(inverse[None, None], sides, mode="replicate")[0, 0]
    loose = F.pad(tolerance[None, None], sides, mode="replicate")[0, 0]
    return Layer(
        wide.contiguous(), far.contiguous(), loose.contiguous(), camera.shifted(-pad, -pad)
    )
