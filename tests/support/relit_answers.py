"""Answers of the stand-in that keep the structure: the control image, lit anew.

The four sample scenes come with their exact depth. A control image is told by its looks to be
one of them, its surface normals are lit by a coloured lamp inside the scene and a second light from
the side, and haze hides what is far. Colours and places follow from prompt and seed. A detector's
answer is the depth as a grey image. Every answer says
on its face that it is the stand-in's, so that no screenshot can pass it off as the service's.
"""

from __future__ import annotations

import colorsys
import functools
import hashlib
import io
from typing import Any

import torch
from genvr_depth.nodes.depthkit.depth_map import DepthMap
from genvr_depth.nodes.depthkit.images import luminance, resize
from genvr_depth.nodes.depthkit.ranges import control_image
from genvr_depth.nodes.depthkit.scenes import SCENE_NAMES, load_scene
from genvr_depth.nodes.depthkit.views.geometry import normals, unproject
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

__all__ = ["STAMP", "relight"]

STAMP = "test stand-in, not the service"
SIGNATURE = (24, 24)


def relight(body: dict[str, Any], control: bytes) -> bytes:
    """The answer to one request: `control` (JPEG or PNG bytes) in another light, same format asked
    for."""
    with Image.open(io.BytesIO(control)) as opened:
        photo = _tensor(opened.convert("RGB"))
    depth = _depth_of(photo)
    if body["subcategory"] == "controlnet_preprocessors":
        picture = control_image(depth)[0, ..., :3]
    else:
        words = f"light {body['subcategory']} {body.get('prompt')} {body.get('seed')}"
        picture = _lit(photo, depth, hashlib.sha256(words.encode()).digest())
    stamped = _stamped(picture)
    buffer = io.BytesIO()
    wanted = "JPEG" if body.get("output_format", "jpg") == "jpg" else "PNG"
    stamped.save(buffer, wanted, **({"quality": 95} if wanted == "JPEG" else {}))
    return buffer.getvalue()


def _tensor(picture: Image.Image) -> Tensor:
    """(1, H, W, 3) float32 in 0..1."""
    raw = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
    return raw.reshape(1, picture.height, picture.width, 3).float() / 255


def _depth_of(photo: Tensor) -> DepthMap:
    """The exact depth of the sample scene that looks like the photo, at the photo's size."""

    small = resize(photo, *SIGNATURE)
    unlike = {name: (signature(name) - small).abs().mean().item() for name in SCENE_NAMES}
    return load_scene(min(SCENE_NAMES, key=unlike.__getitem__)).depth.resized(*photo.shape[1:3])


@functools.cache
def signature(name: str) -> Tensor:
    """A sample scene so small that it can be told from the others at a glance."""
    return resize(load_scene(name).image, *SIGNATURE)


def _colour(share: int, saturation: float, value: float) -> Tensor:
    return torch.tensor(colorsys.hsv_to_rgb(share / 256, saturation, value))


def _lit(photo: Tensor, depth: DepthMap, dice: bytes) -> Tensor:
    """(H, W, 3) in 0..1; `dice` decides the hues, the lamp's place and the haze."""
    points, facing = unproject(depth)[0], normals(depth)[0]
    reach = torch.quantile(depth.values[depth.valid][::7], 0.6).item()
    lamp = torch.tensor([(dice[0] / 128 - 1) * 0.5 * reach, -0.25 * reach, 0.6 * reach])
    towards = lamp - points
    distance = towards.norm(dim=-1, keepdim=True).clamp_min(1e-3)
    strength = 1.0 / (0.3 + (distance / reach).square())
    key = strength * ((towards / distance * facing).sum(-1, keepdim=True) * 0.7 + 0.3).clamp_min(0)
    side = torch.tensor([-0.8 if dice[1] & 1 else 0.8, -0.5, -0.35])
    fill = (facing @ side).clamp_min(0)[..., None]
    warm, cold = _colour(dice[2], 0.45, 1.0), _colour(dice[2] + 96 + dice[3] // 4, 0.6, 1.0)
    grey = luminance(photo)[0, ..., None]
    surface = 0.3 * photo[0] + 0.7 * grey
    lit = surface.pow(1.5) * (0.75 * key * warm + 0.7 * fill * cold + 0.12 * cold)
    clear = torch.exp(-depth.values[0, ..., None] / reach * (0.1 + dice[4] / 600))
    haze = _colour(dice[2] + 96 + dice[3] // 4, 0.35, 0.35 + dice[5] / 512)
    rows = torch.linspace(0.55, 1.15, photo.shape[1])[:, None, None]
    hazed = torch.where(depth.valid[0, ..., None], lit * clear + haze * (1 - clear), haze * rows)
    return (1 - torch.exp(-2.2 * hazed)).clamp(0, 1)


def _stamped(picture: Tensor) -> Image.Image:
    image = Image.fromarray((picture * 255).round().byte().numpy())
    pen, size = ImageDraw.Draw(image), max(9, image.height // 20)
    font = ImageFont.load_default(size)
    place = (size // 2, image.height - size // 2)
    pen.text(
        place, STAMP, "white", font, "lb", stroke_width=max(1, size // 10), stroke_fill="black"
    )
    return image
