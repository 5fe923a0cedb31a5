"""Images for the README, the help pages and the registry, made from the bundled scenes.

`python -m training.scenes.showcase` from the repository's root writes web/icon.png,
web/banner.jpg and web/docs/img/*.webp; needs the pack's own requirements and no Blender.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from genvr_depth.nodes.depthkit.ranges import control_image
from genvr_depth.nodes.depthkit.scenes import SCENE_NAMES, load_scene
from genvr_depth.nodes.depthkit.views.colour_map import colorize
from PIL import Image, ImageDraw

ROOT = Path(__file__).parents[2]
GAP = 6


def as_image(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray((pixels * 255).round().astype(np.uint8))


def panels(name: str) -> tuple[Image.Image, Image.Image, Image.Image]:
    """The scene's image, its depth in colours (near = bright) and its control image."""
    scene = load_scene(name)
    control = control_image(scene.depth)
    colored = colorize(control[..., 0], "inferno", scene.depth.valid)
    return tuple(as_image(p[0].numpy()) for p in (scene.image, colored, control))


def side_by_side(images: tuple[Image.Image, ...], height: int) -> Image.Image:
    """The images in a row on white, all `height` pixels high."""
    sized = [p.resize((round(p.width * height / p.height), height), 3) for p in images]
    row = Image.new("RGB", (sum(p.width + GAP for p in sized) - GAP, height), "white")
    left = 0
    for image in sized:
        row.paste(image, (left, 0))
        left += image.width + GAP
    return row


def slashed(
    first: Image.Image,
    second: Image.Image,
    window: tuple[int, int, int, int],
    size: tuple[int, int],
) -> Image.Image:
    """A slanted cut through the same window of two images: `first` at its left."""
    scale, (wide, high) = 4, size
    left, right = (p.crop(window).resize(size, 1) for p in (first, second))
    slant, middle, line = 0.16 * high, wide / 2, max(3.0, high / 120)
    mask = Image.new("L", (wide * scale, high * scale), 0)
    edge = [(middle + slant / 2, 0), (wide, 0), (wide, high), (middle - slant / 2, high)]
    ImageDraw.Draw(mask).polygon([(x * scale, y * scale) for x, y in edge], fill=255)
    joined = Image.composite(right, left, mask.resize(size, 1))
    ends = [(middle + slant / 2, -1), (middle - slant / 2, high + 1)]
    bar = Image.new("L", mask.size, 0)
    ImageDraw.Draw(bar).line(
        [(x * scale, y * scale) for x, y in ends], fill=255, width=round(line * scale)
    )
    joined.paste("white", (0, 0), bar.resize(size, 1))
    return joined


def save(image: Image.Image, path: Path, limit: int) -> None:
    """Write the JPEG or WebP with the best quality whose file stays under `limit` bytes."""
    for quality in range(92, 40, -3):
        image.save(path, quality=quality, optimize=True, progressive=True)
        if path.stat().st_size <= limit:
            return
    raise ValueError(f"{path.name} does not fit into {limit} bytes")


def main() -> None:
    folder = ROOT / "web" / "docs" / "img"
    folder.mkdir(parents=True, exist_ok=True)
    for name in SCENE_NAMES:
        image, colored, _ = panels(name)
        save(side_by_side((image, colored), 400), folder / f"{name}.webp", 26_000)
    image, colored, _ = panels("street")
    save(
        slashed(image, colored, (0, 250, 1024, 689), (1260, 540)),
        ROOT / "web/banner.jpg",
        140_000,
    )
    image, colored, _ = panels("figure_in_hall")
    icon = slashed(image, colored, (196, 440, 716, 960), (400, 400))
    icon.quantize(256).save(ROOT / "web/icon.png", optimize=True)


if __name__ == "__main__":
    main()
