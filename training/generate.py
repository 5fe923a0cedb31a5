"""Draws training views: python -m training.generate --out FOLDER --shards 0:60

A shard is three arrays of one size, `NNNN-rgb.npy` (N, H, W, 3) uint8 sRGB and
`NNNN-disparity.npy` (N, H, W) float16 in 1/metres (0 = sky); shard n always holds the same views.
`NNNN-relit.npy` shows the views of `-rgb` once more, in another light and partly repainted, some
without a few of their things; `NNNN-relit-disparity.npy` belongs to it.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

import numpy as np

from .develop import develop, inverse, usable
from .raster.outdoors import landscape, street
from .raster.places import avenue, hall, strips
from .raster.relight import relit
from .raster.renderer import Renderer
from .raster.rooms import corridor, room
from .raster.scene import Camera, Scene
from .raster.subjects import close_up, group, night_street, vehicle
from .raster.tabletop import table_top

__all__ = ["build_scene", "main", "views"]

SIZES = ((240, 180), (208, 208), (180, 240), (232, 192))
KINDS = (
    (room, 0.26),
    (strips, 0.08),
    (table_top, 0.18),
    (corridor, 0.03),
    (hall, 0.05),
    (street, 0.07),
    (avenue, 0.07),
    (landscape, 0.10),
    (group, 0.06),
    (close_up, 0.05),
    (vehicle, 0.03),
    (night_street, 0.02),
)
VIEWS_PER_SCENE = 4
SHARD = 500


def build_scene(rng: random.Random, only: str = "") -> Scene:
    """One random scene with camera candidates; only: the name of one of the `KINDS`."""
    scene = Scene(rng)
    makers, weights = zip(*(k for k in KINDS if only in ("", k[0].__name__)), strict=True)
    rng.choices(makers, weights)[0](scene, rng)
    return scene


def views(
    renderer: Renderer, seed: int, size: tuple[int, int], only: str = ""
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Up to VIEWS_PER_SCENE views of one scene: (H, W, 3) uint8 and (H, W) float16, relit again."""
    rng = random.Random(f"genvr-depth-{seed}")
    scene = build_scene(rng, only)
    renderer.load(scene)
    seen: list[tuple[Camera, np.ndarray, np.ndarray]] = []
    for camera in scene.cameras:
        distance = renderer.distances(camera, size)
        if not usable(distance):
            continue
        image = develop(rng, renderer.shoot(camera, size))
        seen.append((camera, image, inverse(distance)))
        if len(seen) == VIEWS_PER_SCENE:
            break
    rng = random.Random(f"genvr-depth-light-{seed}")
    renderer.load(relit(scene, rng))
    out: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
    for camera, image, depth in seen:
        other = inverse(renderer.distances(camera, size))
        out.append((image, depth, develop(rng, renderer.shoot(camera, size)), other))
    return out


def write_shard(renderer: Renderer, out: Path, number: int, only: str = "") -> int:
    """Draws shard `number` unless it is there; returns the number of views drawn."""
    target = out / f"{number:04d}-rgb.npy"
    if target.exists():
        return 0
    size = SIZES[number % len(SIZES)]
    drawn: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
    seed = number * 100_000
    while len(drawn) < SHARD:
        drawn += views(renderer, seed, size, only)
        seed += 1
    images, *rest = (np.stack(part) for part in zip(*drawn[:SHARD], strict=True))
    for name, part in zip(("disparity", "relit", "relit-disparity"), rest, strict=True):
        np.save(out / f"{number:04d}-{name}.npy", part)
    temporary = out / f"{number:04d}-part.npy"
    np.save(temporary, images)
    temporary.rename(target)
    return SHARD


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="draw training views with the rasteriser")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--shards", default="0:40", help="first:last, 500 views each")
    parser.add_argument(
        "--only", default="", choices=[maker.__name__ for maker, _ in KINDS], help="one kind"
    )
    options = parser.parse_args(arguments)
    first, last = (int(part) for part in options.shards.split(":"))
    options.out.mkdir(parents=True, exist_ok=True)
    renderer = Renderer()
    for number in range(first, last):
        start = time.monotonic()
        drawn = write_shard(renderer, options.out, number, options.only)
        if drawn:
            rate = drawn / (time.monotonic() - start)
            sys.stdout.write(f"shard {number}: {drawn} views, {rate:.1f} a second\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
