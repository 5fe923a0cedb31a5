"""Draws path-traced training views: one shard of one kind of place.

`PYTHONPATH=. python training/scenes/traced.py --out ../train --shards 900:908 --kind room`

Needs the `bpy` wheel (4.5), numpy and OpenEXR. A place is built once, its things are joined into
one mesh, and the camera alone moves between its views; shard n is seeded with n. The files are
those of `training.generate`, without a second light. None of the sample scenes is among them.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import bpy
import numpy as np
import studio
from traced_mesh import join_place, simplify_materials
from traced_rooms import room
from traced_streets import street
from traced_tables import table

from training.develop import develop, inverse, usable

SIZES = ((240, 180), (240, 180), (180, 240))
VIEWS_PER_PLACE = 10
SHARD = 40
SAMPLES = 5
KINDS: dict[str, Callable[[Random], list[studio.View]]] = {
    "room": room,
    "street": street,
    "table": table,
}


def _set_up() -> None:
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.resolution_percentage = 100
    scene.render.threads_mode, scene.render.threads = "FIXED", 1
    scene.render.use_persistent_data = True
    cycles = scene.cycles
    cycles.samples, cycles.use_adaptive_sampling = SAMPLES, False
    cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
    cycles.denoising_prefilter = "NONE"
    cycles.max_bounces, cycles.diffuse_bounces = 3, 2
    cycles.glossy_bounces, cycles.transmission_bounces = 1, 3
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.sample_clamp_indirect = 6.0
    bpy.context.view_layer.use_pass_z = True
    settings = scene.render.image_settings
    settings.file_format, settings.color_depth = "OPEN_EXR_MULTILAYER", "32"
    settings.exr_codec = "NONE"


def _render(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Linear (H, W, 3) radiance and (H, W) planar depth in metres, 0 where there is nothing."""
    import OpenEXR

    bpy.context.scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    with OpenEXR.File(str(path), separate_channels=True) as file:
        channels = {key: pixels for part in file.parts for key, pixels in part.channels.items()}

    def pixels(end: str) -> np.ndarray:
        return np.asarray(channels[next(key for key in channels if key.endswith(end))].pixels)

    depth = pixels("Depth.Z")
    radiance = np.stack([pixels(f"Combined.{c}") for c in "RGB"], -1)
    return radiance, np.where((depth > 0) & (depth < 2000), depth, 0.0)


def views(kind: str, seed: int, size: tuple[int, int]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Up to VIEWS_PER_PLACE views of one place: (H, W, 3) uint8 and (H, W) float16 in 1/m."""
    rng = Random(f"genvr-depth-traced-{kind}-{seed}")
    studio.empty()
    cameras = KINDS[kind](rng)
    simplify_materials()
    join_place()
    _set_up()
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = size
    cameras[0].place()
    holder = scene.camera
    drawn: list[tuple[np.ndarray, np.ndarray]] = []
    with tempfile.TemporaryDirectory() as scratch:
        for view in cameras:
            holder.data.lens, holder.data.shift_y = view.lens, view.rise
            holder.data.sensor_fit = "HORIZONTAL"
            holder.location = view.eye
            holder.rotation_euler = (
                math.radians(90 + view.pitch),
                0,
                math.radians(-view.yaw),
            )
            radiance, depth = _render(Path(scratch) / "view.exr")
            if usable(depth):
                drawn.append((develop(rng, radiance), inverse(depth)))
            if len(drawn) == VIEWS_PER_PLACE:
                break
    return drawn


def write_shard(out: Path, number: int, kind: str) -> int:
    """Draws shard `number` unless it is there; returns the number of views drawn."""
    target = out / f"{number:04d}-rgb.npy"
    if target.exists():
        return 0
    drawn: list[tuple[np.ndarray, np.ndarray]] = []
    seed = number * 1000
    while len(drawn) < SHARD:
        drawn += views(kind, seed, SIZES[number % len(SIZES)])
        seed += 1
    images, disparity = (np.stack(part) for part in zip(*drawn[:SHARD], strict=True))
    np.save(out / f"{number:04d}-disparity.npy", disparity)
    temporary = out / f"{number:04d}-part.npy"
    np.save(temporary, images)
    temporary.rename(target)
    return SHARD


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description="draw training views with the path tracer")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--shards", required=True, help=f"first:last, {SHARD} views each")
    parser.add_argument("--kind", choices=tuple(KINDS), action="append")
    options = parser.parse_args(arguments)
    first, last = (int(part) for part in options.shards.split(":"))
    options.out.mkdir(parents=True, exist_ok=True)
    kinds = options.kind or list(KINDS)
    for number in range(first, last):
        start = time.monotonic()
        kind = kinds[number % len(kinds)]
        if drawn := write_shard(options.out, number, kind):
            took = (time.monotonic() - start) / drawn
            sys.stderr.write(f"shard {number} ({kind}): {took:.2f} s a view\n")


if __name__ == "__main__":
    main(sys.argv[1:])
