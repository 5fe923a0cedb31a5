"""What cameras, lenses and file formats do to images: whole batches, sRGB 0..1."""

from __future__ import annotations

import io
import math
import random

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

__all__ = ["disturbed", "photograph"]

_SILENT = 0.1  # share of channels


def _per_image(batch: int, low: float, high: float) -> Tensor:
    return torch.empty(batch, 1, 1, 1).uniform_(low, high)


def _chosen(batch: int, share: float) -> Tensor:
    """(B, 1, 1, 1) of 0 and 1."""
    return (torch.rand(batch, 1, 1, 1) < share).float()


def _blur(x: Tensor, sigma: float) -> Tensor:
    """Gaussian; a sum of shifted views, which is several times faster here than a convolution."""
    radius = max(1, round(2 * sigma))
    line = torch.exp(-0.5 * (torch.arange(-radius, radius + 1) / sigma) ** 2)
    line = (line / line.sum()).tolist()
    for axis, size in ((2, x.shape[2]), (3, x.shape[3])):
        pads = (0, 0, radius, radius) if axis == 2 else (radius, radius, 0, 0)
        padded = F.pad(x, pads, mode="reflect")
        x = padded.narrow(axis, 0, size) * line[0]
        for shift, weight in enumerate(line[1:], 1):
            x.add_(padded.narrow(axis, shift, size), alpha=weight)
    return x


def _smooth_field(batch: int, size: torch.Size, cells: int) -> Tensor:
    """Slow random variation, about -1..1."""
    coarse = torch.randn(batch, 1, cells, cells)
    return F.interpolate(coarse, size=tuple(size[-2:]), mode="bicubic", align_corners=False) * 0.5


def _shadowed(x: Tensor, share: float) -> Tensor:
    """Patches of weaker, tinted light with soft or hard rims, as cast from outside the image."""
    b = len(x)
    field = _smooth_field(b, x.shape, random.choice([3, 4, 6])) - _per_image(b, -0.3, 0.3)
    shade = torch.sigmoid(field / torch.exp(_per_image(b, -4.5, -1.5)))
    tint = torch.exp(-_per_image(b, 0.2, 1.8) + torch.randn(b, 3, 1, 1) * 0.15)
    return x * (1 + shade * _chosen(b, share) * (tint - 1))


def _sunlit(x: Tensor, share: float) -> Tensor:
    """Strips and panes of hard, warm light, as the sun casts them through a window.

    Parallelograms of any direction and size, up to three in a row beside each other.
    """
    b, _, height, width = x.shape
    down = torch.linspace(-1, 1, height)[None, None, :, None]
    across = torch.linspace(-1, 1, width)[None, None, None, :]
    angle = _per_image(b, 0, math.pi)
    lean = angle + _per_image(b, 0.6, 2.5)
    lit = torch.ones(b, 1, height, width)
    sharp = torch.exp(_per_image(b, 2.5, 5.0))
    for turn, widest in ((angle, 0.35), (lean, 0.9)):
        place = across * turn.cos() + down * turn.sin() - _per_image(b, -0.7, 0.7)
        reach = torch.exp(_per_image(b, math.log(0.07), math.log(widest)))
        period = reach * _per_image(b, 2.3, 3.5)
        repeated = torch.remainder(place + period / 2, period) - period / 2
        few = (place.abs() < 1.5 * period) & (_chosen(b, 0.5) > 0)
        place = torch.where(few, repeated, place)
        lit = lit * torch.sigmoid((reach - place.abs()) * sharp)
    gain = _per_image(b, 0.5, 4.0) * torch.exp(torch.randn(b, 3, 1, 1) * 0.1)
    return x * (1 + lit * _chosen(b, share) * gain)


def _cast(x: Tensor, disparity: Tensor, share: float) -> Tensor:
    """Strips and panes of light, shade or paint that lie on the surfaces, as a projector's would.

    Points seen through a lens of 45 to 90 degrees are projected along a random direction; a pattern
    of bars, half of the time crossed by others, is looked up there. On a floor such a strip narrows
    towards its vanishing point: bright boards between a rug and a shadow look like a post to a
    network that never saw one.
    """
    b, _, height, width = x.shape
    known = disparity[disparity > 0]
    far = 0.2 * (known.median() if known.numel() else torch.ones(()))
    distance = 1 / disparity.clamp_min(far)
    reach = torch.tan(torch.empty(b, 1, 1).uniform_(0.4, 0.8))
    down = torch.linspace(-1, 1, height)[:, None] * reach * (height / width)
    across = torch.linspace(-1, 1, width)[None, :] * reach
    points = torch.stack([across * distance, down * distance, distance], dim=1)
    rows = torch.randint(height // 4, height, (b,))
    columns = torch.randint(0, width, (b,))
    centre = points[torch.arange(b), :, rows, columns][..., None, None]
    axes = torch.linalg.qr(torch.randn(b, 3, 3)).Q[:, :2]
    turn = torch.randn(b) * 0.4
    along = torch.stack([turn.cos(), torch.randn(b) * 0.1, turn.sin()], dim=1)
    away = _chosen(b, 0.65)[..., 0] > 0  # bars that lead away from the camera
    axes = torch.where(away, torch.stack([along, axes[:, 1]], dim=1), axes)
    flat = torch.einsum("bij,bjhw->bihw", axes, points - centre) / centre[:, 2:]
    sharp = torch.exp(_per_image(b, 3.0, 5.5))
    lit = torch.ones(b, 1, height, width)
    for axis, crossed in ((0, 1.0), (1, 0.5)):
        place = flat[:, axis : axis + 1]
        half = torch.exp(_per_image(b, math.log(0.02), math.log(0.4)))
        period = half * _per_image(b, 2.5, 6.0)
        repeated = torch.remainder(place + period / 2, period) - period / 2
        place = torch.where(_chosen(b, 0.4) > 0, repeated, place)
        bar = torch.sigmoid((half - place.abs()) * sharp / half.clamp_min(0.1))
        lit = lit * torch.where(_chosen(b, crossed) > 0, bar, torch.ones(()))
    tint = torch.exp(torch.randn(b, 3, 1, 1) * 0.15)
    bright = 1 + _per_image(b, 0.4, 4.0) * tint
    dark = torch.exp(-_per_image(b, 0.3, 1.8)) * tint
    factor = torch.where(_chosen(b, 0.65) > 0, bright, dark)
    return x * (1 + lit * _chosen(b, share) * (factor - 1))


def _light(x: Tensor, disparity: Tensor) -> Tensor:
    """Exposure, colour cast and mixing, uneven light and shadows, in linear light."""
    b = len(x)
    x = x.clamp_min(0).pow(2.2)
    x = x * torch.exp(_per_image(b, -0.7, 0.5) - _per_image(b, 0.0, 1.3) * _chosen(b, 0.2))
    x = x * torch.exp(torch.randn(b, 3, 1, 1) * 0.1)
    field = _smooth_field(b, x.shape, random.choice([2, 3, 5]))
    x = x * torch.exp(field * _per_image(b, 0.0, 0.6) * _chosen(b, 0.3))
    x = _sunlit(_shadowed(x, 0.3), 0.2)
    x = _cast(_cast(x, disparity, 0.5), disparity, 0.3)
    mix = torch.eye(3) + torch.randn(b, 3, 3) * 0.07
    mixed = torch.einsum("bij,bjhw->bihw", mix, x)
    x = torch.where(_chosen(b, 0.4) > 0, mixed, x)
    return x.clamp(0, 4)


def _tone(x: Tensor) -> Tensor:
    """Back to sRGB: film shoulder, gamma, contrast curve, saturation, black level."""
    b = len(x)
    shoulder = _per_image(b, 0, 1)
    x = (1 - shoulder) * x.clamp_max(1) + shoulder * (x / (0.6 + x)).mul(1.35)
    x = x.clamp(1e-5, 1).pow(1 / _per_image(b, 1.9, 2.6))
    curve = x * x * (3 - 2 * x)
    x = x + _per_image(b, -0.3, 0.9) * (curve - x)
    grey = x.mean(1, keepdim=True)
    saturation = _per_image(b, 0.6, 1.5) * (1 - _chosen(b, 0.03))
    x = grey + saturation * (x - grey)
    return x * (1 - _per_image(b, 0.0, 0.1)) + _per_image(b, 0.0, 0.07)


def _lens(x: Tensor, disparity: Tensor) -> Tensor:
    """Defocus by distance from a focal plane, slight softness, bloom of highlights."""
    b, sigma = len(x), random.uniform(0.5, 2.2)
    soft = _blur(x, sigma)
    span = (disparity.amax((1, 2)) - disparity.amin((1, 2)))[:, None, None, None].clamp_min(1e-4)
    place = torch.stack([d.flatten()[random.randrange(d.numel())] for d in disparity])
    away = (disparity[:, None] - place[:, None, None, None]).abs() / span
    defocus = (away * _per_image(b, 1.0, 4.0)).clamp(0, 1) * _chosen(b, 0.12)
    whole = _per_image(b, 0.2, 1.0) * _chosen(b, 0.15)
    x = x + torch.maximum(defocus, whole) * (soft - x)
    return x + _chosen(b, 0.3) * _per_image(b, 0, 0.6) * F.relu(soft - 0.75)


def _sensor(x: Tensor) -> Tensor:
    """White and coarse noise, stronger in the dark; vignette; sharpening."""
    b, _, height, width = x.shape
    strength = _per_image(b, 0, 1) ** 3 * 0.05
    noise = torch.randn_like(x)
    if random.random() < 0.5:
        noise = noise.mean(1, keepdim=True) * 1.3
    if random.random() < 0.4:
        noise = F.interpolate(noise[:, :, ::2, ::2], size=(height, width), mode="bilinear") * 1.2
    x = x + noise * strength * (1.2 - x.clamp(0, 1))
    if random.random() < 0.3:
        x = x + _per_image(b, 0, 1.2) * (x - _blur(x, 1.0))
    y = torch.linspace(-1, 1, height)[:, None]
    radius = (y**2 + torch.linspace(-1, 1, width) ** 2)[None, None]
    return x * (1 - _chosen(b, 0.3) * _per_image(b, 0, 0.25) * radius)


def _restyled(x: Tensor, share: float) -> Tensor:
    """Textures changed, shapes kept: a random small filter per image, partly mixed in.

    After random convolutions (Xu et al. 2021), with the mean and contrast of the image restored.
    """
    chosen = torch.rand(len(x)) < share
    if not chosen.any():
        return x
    whole, x = x, x[chosen]
    b, _, height, width = x.shape
    side = random.choice([1, 3, 3, 5])
    weights = torch.randn(b * 3, 3, side, side) / (3 * side * side) ** 0.5
    padded = F.pad(x - x.mean((2, 3), keepdim=True), (side // 2,) * 4, mode="reflect")
    changed = F.conv2d(padded.reshape(1, b * 3, *padded.shape[2:]), weights, groups=b)
    changed = changed.reshape(b, 3, height, width)
    contrast = x.std((1, 2, 3), keepdim=True) / changed.std((1, 2, 3), keepdim=True).clamp_min(1e-4)
    changed = (changed * contrast + x.mean((2, 3), keepdim=True)).clamp(0, 1)
    whole[chosen] = x.lerp(changed, _per_image(b, 0.2, 0.9))
    return whole


def _compressed(x: Tensor, share: float) -> Tensor:
    for i in range(len(x)):
        if random.random() < share:
            image = (x[i].permute(1, 2, 0).numpy() * 255).astype(np.uint8)
            memory = io.BytesIO()
            Image.fromarray(image).save(memory, "JPEG", quality=random.randint(10, 92))
            data = np.array(Image.open(memory), dtype=np.float32) / 255
            x[i] = torch.from_numpy(data).permute(2, 0, 1)
    return x


def disturbed(x: Tensor, share: float) -> Tensor:
    """Features (B, C, H, W) of a pretrained encoder with the style of others: a share of images.

    Mean and contrast of each channel are mixed with those of another image (MixStyle, Zhou et al.
    2021) and shaken, and a tenth of the channels is silent: what is learned on top must not rely on
    how drawn images differ from photographs.
    """
    b, c = x.shape[:2]
    mean, spread = x.mean((2, 3), keepdim=True), x.std((2, 3), keepdim=True) + 1e-4
    order = torch.randperm(b)
    mix = torch.distributions.Beta(0.3, 0.3).sample((b, 1, 1, 1))
    new_mean = torch.lerp(mean, mean[order], mix) + 0.2 * spread * torch.randn(b, c, 1, 1)
    new_spread = torch.lerp(spread, spread[order], mix) * torch.exp(0.2 * torch.randn(b, c, 1, 1))
    kept = (torch.rand(b, c, 1, 1) > _SILENT).float() / (1 - _SILENT)
    changed = ((x - mean) / spread * new_spread + new_mean) * kept
    return torch.where(_chosen(b, share) > 0, changed, x)


def photograph(x: Tensor, disparity: Tensor) -> Tensor:
    """(B, 3, H, W) sRGB 0..1, (B, H, W) disparity -> the images as a camera stores them."""
    x = _tone(_light(x, disparity))
    x = _restyled(_lens(x, disparity), 0.25)
    x = _sensor(x).clamp(0, 1)
    return _compressed(x, 0.2)
