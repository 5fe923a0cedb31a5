"""Render the sample scenes.

`python training/scenes/render.py --out nodes/depthkit/scenes [--scene NAME] [--preview]`

Needs the `bpy` wheel (4.5), numpy, Pillow and OpenEXR. Each scene gives an image, and the planar
depth at the pixel centres: a second pass of one sample with a filter of a hundredth of a pixel.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType

import bpy
import numpy as np
import studio
from depth_file import check_floor, write_depth
from materials import linear
from PIL import Image

SCENES = {
    "furnished_room": "room",
    "street": "street",
    "product_table": "table",
    "figure_in_hall": "hall",
}

VARIANTS = ("base", "relit", "moved", "panorama")
# Around a camera things are nearer than before it: the least distance as a share of the view's.
AROUND_NEAR = 0.05


def set_up(view: studio.View, scale: float, around: bool) -> None:
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    width, height = (1024, 512) if around else (view.width, view.height)
    scene.render.resolution_x, scene.render.resolution_y = (
        round(width * scale),
        round(height * scale),
    )
    scene.render.resolution_percentage = 100
    scene.cycles.max_bounces, scene.cycles.diffuse_bounces = 8, 4
    scene.cycles.glossy_bounces, scene.cycles.transmission_bounces = 3, 8
    scene.cycles.caustics_reflective = scene.cycles.caustics_refractive = False
    scene.cycles.sample_clamp_indirect = 8.0
    scene.cycles.blur_glossy = 0.5
    if around:
        view.place_around()
    else:
        view.place()


def render_image(look: studio.Look, samples: int, path: Path) -> Image.Image:
    scene = bpy.context.scene
    scene.cycles.samples, scene.cycles.use_adaptive_sampling = samples, True
    scene.cycles.adaptive_threshold, scene.cycles.adaptive_min_samples = 0.04, 12
    scene.cycles.use_denoising, scene.cycles.denoiser = True, "OPENIMAGEDENOISE"
    scene.cycles.filter_width = 1.3
    scene.view_settings.view_transform, scene.view_settings.look = "AgX", look.contrast
    scene.view_settings.exposure = look.exposure
    if look.haze:
        add_haze(look)
    scene.render.image_settings.file_format, scene.render.image_settings.color_depth = "PNG", "8"
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    scene.use_nodes = False
    return Image.open(path).convert("RGB")


def add_haze(look: studio.Look) -> None:
    """Mix the haze's colour in with distance: 1 - exp(-haze * depth), the air of an outdoor
    image.
    """
    scene = bpy.context.scene
    bpy.context.view_layer.use_pass_z = True
    scene.use_nodes = True
    tree = scene.node_tree
    tree.nodes.clear()
    layers = tree.nodes.new("CompositorNodeRLayers")
    clear = tree.nodes.new("CompositorNodeMath")
    clear.operation = "POWER"
    clear.inputs[0].default_value = float(np.exp(-look.haze))
    near = tree.nodes.new("CompositorNodeMath")
    near.operation = "MINIMUM"
    near.inputs[1].default_value = 160.0
    mix = tree.nodes.new("CompositorNodeMixRGB")
    mix.inputs[1].default_value = linear(look.haze_color)
    out = tree.nodes.new("CompositorNodeComposite")
    tree.links.new(layers.outputs["Depth"], near.inputs[0])
    tree.links.new(near.outputs[0], clear.inputs[1])
    tree.links.new(clear.outputs[0], mix.inputs[0])
    tree.links.new(layers.outputs["Image"], mix.inputs[2])
    tree.links.new(mix.outputs[0], out.inputs[0])


def render_depth(far: float, folder: Path) -> np.ndarray:
    """(H, W) float32 planar depth in metres at the pixel centres; 0 where there is no surface
    before `far`.
    """
    scene = bpy.context.scene
    scene.cycles.samples, scene.cycles.use_adaptive_sampling, scene.cycles.use_denoising = (
        1,
        False,
        False,
    )
    scene.cycles.pixel_filter_type, scene.cycles.filter_width = "GAUSSIAN", 0.01
    scene.cycles.max_bounces = 0
    scene.camera.data.dof.use_dof = False
    bpy.context.view_layer.use_pass_z = True
    scene.render.image_settings.file_format = "OPEN_EXR_MULTILAYER"
    scene.render.image_settings.color_depth, scene.render.image_settings.exr_codec = "32", "ZIP"
    scene.render.filepath = str(folder / "depth.exr")
    bpy.ops.render.render(write_still=True)
    depth = _exr_depth(folder / "depth.exr")
    return np.where((depth > 0) & (depth < far), depth, 0.0).astype(np.float32)


def _exr_depth(path: Path) -> np.ndarray:
    import OpenEXR

    with OpenEXR.File(str(path), separate_channels=True) as file:
        channels = {key: pixels for part in file.parts for key, pixels in part.channels.items()}
    key = next(key for key in channels if "Depth" in key)
    return np.asarray(channels[key].pixels)


def record(name: str, module: ModuleType, view: studio.View) -> dict[str, object]:
    cx, cy = view.center
    return {
        "name": name,
        "title": module.TITLE,
        "caption": module.CAPTION,
        "licence": "MIT",
        "width": view.width,
        "height": view.height,
        "near": view.near,
        "far": view.far,
        "fx": view.focal,
        "fy": view.focal,
        "cx": cx,
        "cy": cy,
        "horizon": view.horizon,
    }


def render_scene(
    name: str,
    out: Path,
    samples: int,
    scale: float,
    variant: str,
    depth: bool,
    step: list[float] | None = None,
) -> dict[str, object]:
    module = importlib.import_module(SCENES[name])
    studio.empty()
    around = variant == "panorama"
    view, look = module.build("base" if around else variant)
    if step:
        view = view.stepped(*step)
    set_up(view, scale, around)
    stem = name if variant == "base" else f"{name}.{variant}"
    stem = f"{name}.stepped" if step else stem
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if samples:
            image = render_image(look, samples, folder / "image.png")
            image.save(out / f"{stem}.jpg", quality=90, subsampling=0, optimize=True)
        if depth:
            values = render_depth(view.far, folder)
            if not around:
                check_floor(values, view, scale, module.FLOOR)
            near = view.near * (AROUND_NEAR if around else 1)
            write_depth(out / f"{stem}.depth.png", values, near, view.far)
    return record(name, module, view)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--scene", choices=tuple(SCENES), action="append")
    parser.add_argument("--variant", default="base", choices=VARIANTS)
    parser.add_argument(
        "--samples", type=int, default=128, help="at most; 0 renders the depth only"
    )
    parser.add_argument("--side", type=int, default=1024, help="long side in pixels")
    parser.add_argument(
        "--step",
        type=float,
        nargs=5,
        metavar=("RIGHT", "UP", "FORWARD", "PAN", "TILT"),
        help="move the camera: metres, then degrees; writes NAME.stepped",
    )
    parser.add_argument("--preview", action="store_true", help="256 px, 12 samples, no depth")
    options = parser.parse_args(arguments)
    side, samples = (256, 12) if options.preview else (options.side, options.samples)
    options.out.mkdir(parents=True, exist_ok=True)
    listing = options.out / "scenes.json"
    known = json.loads(listing.read_text()) if listing.exists() else []
    for name in options.scene or SCENES:
        started = time.monotonic()
        made = render_scene(
            name,
            options.out,
            samples,
            side / 1024,
            options.variant,
            not options.preview,
            options.step,
        )
        sys.stderr.write(f"{name}: {time.monotonic() - started:.0f} s\n")
        known = [entry for entry in known if entry["name"] != name] + [made]
    if options.variant == "base" and not options.preview and not options.step:
        known.sort(key=lambda entry: list(SCENES).index(entry["name"]))
        listing.write_text(json.dumps(known, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
