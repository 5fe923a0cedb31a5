"""What may happen to a photo: other styles, pasted things, small and large moves of the frame.

Each takes (1, H, W, 3) in 0..1 and gives the same shape.
"""

from __future__ import annotations

import io
import math

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageFilter, ImageOps

__all__ = ["LARGE", "PASTED", "SMALL", "STYLES", "moved", "pasted", "tensor"]


def tensor(image):
    return torch.from_numpy(np.asarray(image.convert("RGB"), dtype=np.float32) / 255)[None]


def _by_pillow(change):
    """A change of a Pillow image as one of a tensor."""
    return lambda t: tensor(change(Image.fromarray((t[0].clamp(0, 1) * 255).byte().numpy())))


def _hue(image):
    planes = np.array(image.convert("HSV"))
    planes[..., 0] += 90
    return Image.fromarray(planes, "HSV")


def _pencil(image):
    grey = image.convert("L")
    soft = np.asarray(grey.filter(ImageFilter.GaussianBlur(8)), float)
    return Image.fromarray(
        np.clip(255 * np.asarray(grey, float) / np.maximum(soft, 1), 0, 255).astype("uint8")
    )


def _jpeg(image):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=10)
    return Image.open(buffer)


def _noisy(t):
    return t + 0.1 * torch.randn(t.shape, generator=torch.Generator().manual_seed(0))


def moved(across=0.0, down=0.0, zoom=1.0, degrees=0.0):
    """The content moves right, down, is enlarged about the centre, turns anticlockwise."""
    cos, sin = (f(math.radians(degrees)) / zoom for f in (math.cos, math.sin))

    def change(t):
        height, width = t.shape[1:3]
        theta = torch.tensor(
            [
                [cos, -sin * height / width, -2 * across],
                [sin * width / height, cos, -2 * down],
            ]
        )
        grid = F.affine_grid(theta[None], (1, 3, height, width), align_corners=False)
        planes = F.grid_sample(
            t.movedim(-1, 1), grid, padding_mode="reflection", align_corners=False
        )
        return planes.movedim(1, -1)

    return change


def pasted(photo, other, size, x, y):
    """An oval of another photo laid into this one, `size` of its sides."""
    height, width = photo.shape[1:3]
    h, w = int(size * height), int(size * width)
    top, left = int(y * (height - h)), int(x * (width - w))
    patch = F.interpolate(other.movedim(-1, 1), (h, w), mode="area").movedim(1, -1)
    down, across = torch.meshgrid(torch.linspace(-1, 1, h), torch.linspace(-1, 1, w), indexing="ij")
    oval = (down**2 + across**2 < 1)[None, ..., None]
    out = photo.clone()
    part = (slice(None), slice(top, top + h), slice(left, left + w))
    out[part] = torch.where(oval, patch, out[part])
    return out


STYLES = {
    "relit from one side": lambda t: t * torch.linspace(0.4, 1.4, t.shape[2])[:, None],
    "hue": _by_pillow(_hue),
    "grey": _by_pillow(lambda i: i.convert("L")),
    "posterised": _by_pillow(lambda i: ImageOps.posterize(i, 2)),
    "night": lambda t: t**1.8 * torch.tensor([0.35, 0.4, 0.6]),
    "pencil": _by_pillow(_pencil),
    "edges": _by_pillow(lambda i: ImageOps.invert(i.convert("L").filter(ImageFilter.FIND_EDGES))),
    "inverted": lambda t: 1 - t,
    "oil": _by_pillow(lambda i: i.filter(ImageFilter.ModeFilter(9))),
    "noise": _noisy,
    "JPEG 10": _by_pillow(_jpeg),
}
LARGE = {
    "mirror": lambda t: t.flip(2),
    "flip": lambda t: t.flip(1),
    "rotated 10": moved(degrees=10),
    "zoom 20 %": moved(zoom=1.2),
    "shift 10 %": moved(across=0.1),
}
# Name, change, and what the report is to say of it.
SMALL = {
    "2 % right": (moved(across=0.02), "moved 2 % to the right"),
    "2 % left": (moved(across=-0.02), "moved 2 % to the left"),
    "2 % up": (moved(down=-0.02), "moved 2 % up"),
    "5 % closer": (moved(zoom=1.05), "enlarged by 5 %"),
    "5 % farther": (moved(zoom=0.95), "shrunk by 5 %"),
    "3 degrees": (moved(degrees=3), "turned 3 degrees anticlockwise"),
    "-3 degrees": (moved(degrees=-3), "turned 3 degrees clockwise"),
}
# Size, across, down; the last is large.
PASTED = (
    (0.25, 0.5, 0.7),
    (0.25, 0.2, 0.6),
    (0.25, 0.8, 0.4),
    (0.3, 0.4, 0.5),
    (0.4, 0.7, 0.6),
    (0.5, 0.6, 0.6),
)
