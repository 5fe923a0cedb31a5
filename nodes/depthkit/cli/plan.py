"""`genvr-depth plan`: what the local generators would wire for a family, without ComfyUI."""

from __future__ import annotations

import argparse
import sys

from ..local import (
    CONTROL_KINDS,
    FAMILIES,
    GENERIC,
    SIZES,
    Connected,
    ControlFacts,
    Extent,
    Family,
    PatchFacts,
    Settings,
    VaeFacts,
    describe,
    files_of,
    make_plan,
)
from ..local.video import (
    VIDEO_FAMILIES,
    ClipConnected,
    ClipSettings,
    VideoFamily,
    describe_clip,
    make_video_plan,
)

__all__ = ["add_arguments", "run"]

_DEFAULTS = Settings()
_FAMILIES = {family.key: family for family in (*FAMILIES, GENERIC)}
# What users call a model whose family has another key -> (family, its kind of control net).
_ALIASES = {"sd35": ("sd3", "sd35")}
_VIDEO = {family.key: family for family in VIDEO_FAMILIES}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The choices of the node, under the same names."""
    add = parser.add_argument
    add("family", choices=[*_FAMILIES, *_ALIASES, *_VIDEO], help="model family")
    add(
        "--control", choices=[*CONTROL_KINDS, "none"], help="kind of control net (default: its own)"
    )
    add("--union", action="store_true", help="the control net is a union of several types")
    add("--patch", action="store_true", help="a model patch instead of a control net")
    add(
        "--depth",
        type=_size_argument,
        default="1024x1024",
        metavar="WxH",
        help="size of the depth map",
    )
    add("--frames", type=_count, default=1, help="images in the depth map")
    add("--reference", action="store_true", help="a reference image is connected")
    add("--mask", action="store_true", help="a mask (with a clip: and its source) is connected")
    add("--color-map", action="store_true", help="a map of regions is connected (MOSS-Image)")
    clip = parser.add_argument_group("families of video models")
    clip.add_argument("--length", type=_count, help="frames of the clip (default: of the depth)")
    clip.add_argument("--frame-rate", type=float, help="of the clip (default: the family's own)")
    clip.add_argument("--depth-rate", type=float, help="of the depth (default: that of the clip)")
    clip.add_argument("--first", action="store_true", help="the first frame is connected")
    clip.add_argument("--last", action="store_true", help="the last frame is connected")
    clip.add_argument("--experts", type=int, choices=(1, 2), help="models sampled in turn")
    clip.add_argument("--shift", type=float, help="timestep shift (default: the family's own)")
    add("--no-clip", action="store_true", help="ready conditioning instead of a text encoder")
    add("--files", action="store_true", help="also list model files, with their licences")
    for name, kind in (("steps", int), ("guidance", float), ("strength", float), ("end", float)):
        add(f"--{name}", type=kind, help="default: the family's own")
    add("--megapixels", type=float, help="with --size megapixels; default: the family's own")
    for name in ("sampler", "scheduler"):
        add(f"--{name}", help="default: the family's own")
    add("--size", choices=SIZES, default=_DEFAULTS.size)
    for name in ("prompt", "negative-prompt"):
        add(f"--{name}", default="")
    for name in ("seed", "count"):
        add(f"--{name}", type=int, default=getattr(_DEFAULTS, name.replace("-", "_")))
    for name in ("start", "denoise", "second-pass", "second-denoise"):
        add(f"--{name}", type=float, default=getattr(_DEFAULTS, name.replace("-", "_")))


def run(args: argparse.Namespace) -> int:
    """Print the plan; PlanError goes to the caller."""
    if args.family in _VIDEO:
        return _run_video(_VIDEO[args.family], args)
    key, own_control = _ALIASES.get(args.family, (args.family, None))
    family = _FAMILIES[key]
    width, height = args.depth
    depth = Extent(width, height, args.frames)
    connected = Connected(
        model=family.typical,
        vae=VaeFacts(family.latent_channels, family.latent_dimensions),
        depth=depth,
        control=_typical_control(family, args, own_control),
        patch=_patch(family, args),
        clip=not args.no_clip,
        positive=args.no_clip,
        reference=depth if args.reference else None,
        mask=depth if args.mask else None,
        color_map=depth if args.color_map else None,
    )
    plan = make_plan(connected, Settings.of(vars(args)))
    sys.stdout.write(describe(plan, connected) + "\n")
    if args.files:
        _write_files(family.key)
    return 0


def _run_video(family: VideoFamily, args: argparse.Namespace) -> int:
    width, height = args.depth
    depth = Extent(width, height, args.frames)
    still = Extent(width, height)
    experts = args.experts or family.experts[0]
    connected = ClipConnected(
        model=family.typical,
        vae=VaeFacts(family.latent_channels, 3),
        depth=depth,
        low_noise=family.typical if experts > 1 else None,
        patch=PatchFacts(family.patch, f"{family.patch} patch") if family.patch else None,
        clip=not args.no_clip,
        positive=args.no_clip,
        first=still if args.first else None,
        last=still if args.last else None,
        reference=still if args.reference else None,
        source=depth if args.mask else None,
        mask=depth if args.mask else None,
    )
    names = [name for name in ClipSettings.__dataclass_fields__ if hasattr(args, name)]
    chosen = {name: getattr(args, name) for name in names}
    chosen["end"] = 1.0 if args.end is None else args.end
    plan = make_video_plan(connected, ClipSettings(**chosen))
    sys.stdout.write(describe_clip(plan, connected) + "\n")
    if args.files:
        _write_files(family.key)
    return 0


def _write_files(key: str) -> None:
    for file in files_of(key):
        sys.stdout.write(f"File:     models/{file.folder}/{file.name} ({file.licence})\n")
        sys.stdout.write(f"          {file.url}\n")


def _size_argument(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size; write it as 1024x768")
    return int(width), int(height)


def _count(text: str) -> int:
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of images")
    return int(text)


def _typical_control(
    family: Family, args: argparse.Namespace, own: str | None
) -> ControlFacts | None:
    """The kind that was asked for, else `own`, else the family's most common one."""
    if args.control == "none" or args.patch:
        return None
    usual = next((kind for kind in CONTROL_KINDS if kind in family.controls), None)
    kind = args.control or own or usual
    home = next((row for row in FAMILIES if kind in row.controls), family)
    maker = family if kind in family.controls else home
    return None if kind is None else maker.typical_control(kind, union=args.union)


def _patch(family: Family, args: argparse.Namespace) -> PatchFacts | None:
    own = next(iter(family.patches), "unknown")
    wanted = args.patch or (family.patches and not family.controls and args.control is None)
    return PatchFacts(own, f"{own} patch") if wanted else None
