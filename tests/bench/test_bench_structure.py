"""Structure Score with the original known: does a viewer's order come out?

Every style change of a photo is held against pasted objects and against large geometric changes
(area under the ROC curve). By the estimates alone, without the photo's edges: sample scenes .769
and .974, the photographs of `../shared/data` .779 and .970. Thresholds were set on the scenes.
"""

from __future__ import annotations

import io
import math
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from genvr_depth.nodes.depthkit.estimators import builtin_estimator
from genvr_depth.nodes.depthkit.measure.image_scores import score_images, yardstick
from genvr_depth.nodes.depthkit.scenes import SCENE_NAMES, load_scene
from genvr_depth.nodes.depthkit.views.render import METRES, from_image
from PIL import Image, ImageFilter, ImageOps

pytestmark = pytest.mark.bench

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
PHOTOGRAPHS = (
    "middlebury_cones/im2.png",
    "arkit/image.jpg",
    "validation/motorcycle/left.png",
    "validation/nyu_sofa/rgb.png",
    "validation/kitti_100/rgb.png",
    "validation/chair/rgb.jpg",
)


def tensor(image):
    return torch.from_numpy(np.asarray(image.convert("RGB"), dtype=np.float32) / 255)[None]


def by_pillow(change):
    """A change of a Pillow image as one of a tensor."""
    return lambda t: tensor(change(Image.fromarray((t[0].clamp(0, 1) * 255).byte().numpy())))


def hue(image):
    planes = np.array(image.convert("HSV"))
    planes[..., 0] += 90
    return Image.fromarray(planes, "HSV")


def pencil(image):
    grey = image.convert("L")
    soft = np.asarray(grey.filter(ImageFilter.GaussianBlur(8)), float)
    return Image.fromarray(
        np.clip(255 * np.asarray(grey, float) / np.maximum(soft, 1), 0, 255).astype("uint8")
    )


def jpeg(image):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=10)
    return Image.open(buffer)


def moved(dx=0.0, zoom=1.0, degrees=0.0):
    cos, sin = (f(math.radians(degrees)) / zoom for f in (math.cos, math.sin))

    def change(t):
        height, width = t.shape[1:3]
        theta = torch.tensor(
            [[cos, -sin * height / width, -2 * dx], [sin * width / height, cos, 0]]
        )
        grid = F.affine_grid(theta[None], (1, 3, height, width), align_corners=False)
        planes = F.grid_sample(
            t.movedim(-1, 1), grid, padding_mode="reflection", align_corners=False
        )
        return planes.movedim(1, -1)

    return change


def noisy(t):
    return t + 0.1 * torch.randn(t.shape, generator=torch.Generator().manual_seed(0))


STYLES = {
    "relit from one side": lambda t: t * torch.linspace(0.4, 1.4, t.shape[2])[:, None],
    "hue": by_pillow(hue),
    "grey": by_pillow(lambda i: i.convert("L")),
    "posterised": by_pillow(lambda i: ImageOps.posterize(i, 2)),
    "night": lambda t: t**1.8 * torch.tensor([0.35, 0.4, 0.6]),
    "pencil": by_pillow(pencil),
    "edges": by_pillow(lambda i: ImageOps.invert(i.convert("L").filter(ImageFilter.FIND_EDGES))),
    "inverted": lambda t: 1 - t,
    "oil": by_pillow(lambda i: i.filter(ImageFilter.ModeFilter(9))),
    "noise": noisy,
    "JPEG 10": by_pillow(jpeg),
}
LARGE = {
    "mirror": lambda t: t.flip(2),
    "flip": lambda t: t.flip(1),
    "rotated 10": moved(degrees=10),
    "zoom 20 %": moved(zoom=1.2),
    "shift 10 %": moved(dx=0.1),
}


def pasted(photo, other, size, x, y):
    """An oval of another photo laid into this one."""
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


PASTED = ((0.25, 0.5, 0.7), (0.25, 0.2, 0.6), (0.5, 0.6, 0.6))


def photos(where):
    if where == "scenes":
        images = [load_scene(name).image for name in SCENE_NAMES]
        return [
            F.interpolate(i.movedim(-1, 1), scale_factor=0.5, mode="area").movedim(1, -1)
            for i in images
        ]
    if not SHARED.is_dir():
        pytest.skip("the photographs of ../shared/data are not here")
    opened = [Image.open(SHARED / name).convert("RGB") for name in PHOTOGRAPHS]
    for image in opened:
        image.thumbnail((512, 512))
    return [tensor(image) for image in opened]


def area(high, low):
    wins = sum((a > b) + 0.5 * (a == b) for a in high for b in low)
    return wins / (len(high) * len(low))


@pytest.mark.parametrize("where", ["scenes", "photographs"])
def test_styles_outrank_changes_of_content_and_of_place(where, capsys):
    model, given = builtin_estimator(), photos(where)
    scores = {"style": [], "content": [], "large": []}
    for number, photo in enumerate(given):
        other = given[(number + 1) % len(given)]
        # Any control will do: flat metres, as from no estimator at all.
        control = from_image(torch.ones(1, *photo.shape[1:3], 1), METRES)
        target = yardstick(control, photo, model)
        altered = {
            "style": [change(photo) for change in STYLES.values()],
            "large": [change(photo) for change in LARGE.values()],
            "content": [pasted(photo, other, *place) for place in PASTED],
        }
        for group, images in altered.items():
            for image in images:
                clean = image.clamp(0, 1).float().contiguous()
                scores[group].append(score_images(target, clean, model, photo)[0].report.score)
        assert score_images(target, photo, model, photo)[0].report.score > 99.9
    content, large = (area(scores["style"], scores[group]) for group in ("content", "large"))
    with capsys.disabled():
        means = ", ".join(f"{group} {sum(s) / len(s):.0f}" for group, s in scores.items())
        sys.stdout.write(
            f"\n{where}: AUC against content {content:.3f}, large moves {large:.3f} ({means})"
        )
    assert content >= 0.9
    assert large >= 0.97
