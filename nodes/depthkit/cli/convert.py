"""`genvr-depth convert IN OUT`: any depth file to any other, by the extension of OUT."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DepthError, FormatError, InvalidInput
from .convert_clip import convert_clip, is_clip
from .convert_reading import add_reading_options, load_source, photos_for
from .inputs import read_image

if TYPE_CHECKING:
    from torch import Tensor

    from ..depth_map import DepthMap
    from ..formats.options import SaveOptions

__all__ = ["add_arguments", "run"]

# What an extension means when --format does not say.
_BY_EXTENSION = {
    ".png": "png16",
    ".exr": "exr",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".npz": "npz",
    ".npy": "npy",
    ".pfm": "pfm",
    ".jpg": "depth-photo",
    ".jpeg": "depth-photo",
    ".ply": "ply",
    ".glb": "glb",
    ".obj": "obj",
}
_IMAGE_BY_EXTENSION = {
    ".jpg": "jpg",
    ".jpeg": "jpg",
    ".png": "png",
    ".webp": "webp",
    ".avif": "avif",
    ".tif": "tiff",
    ".tiff": "tiff",
}
_IN_HELP = "a depth file, a folder of them, or a clip: depth.####.exr, a video"
_OUT_HELP = "a file, a folder, or a clip: depth.####.png, depth.mkv, depth.mp4"
_PREVIEW = "preview"
_NORMALS = "normals"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "input",
        type=Path,
        metavar="IN",
        help=_IN_HELP,
    )
    parser.add_argument(
        "output",
        type=Path,
        metavar="OUT",
        help=_OUT_HELP,
    )
    parser.add_argument("--format", help="where the extension of OUT leaves a choice, and folders")
    parser.add_argument("--force", action="store_true", help="replace an existing OUT")
    parser.add_argument(
        "--as-image",
        action="store_true",
        help="convert IN as an ordinary image, not as depth, into another image format",
    )
    add_reading_options(parser.add_argument_group("reading"))
    _writing(parser.add_argument_group("writing"))


def _writing(group: argparse._ArgumentGroup) -> None:  # pyright: ignore[reportPrivateUsage]
    group.add_argument("--values", choices=("raw", "metric", "disparity"), default="raw")
    group.add_argument("--window-near", type=float, help="nearest value of the window")
    group.add_argument("--window-far", type=float, help="farthest value of the window")
    group.add_argument("--compression", choices=("zip", "zips", "piz", "none"), default="zip")
    group.add_argument("--exr-channel", choices=("Z", "Y", "RGB"), default="Z")
    group.add_argument("--quality", type=int, default=95)
    group.add_argument("--subsampling", choices=("4:4:4", "4:2:2", "4:2:0"), default="4:4:4")
    group.add_argument("--image", type=Path, help="the photograph: depth photos, colours, texture")
    group.add_argument("--colormap", default="turbo", help="of --format preview")
    group.add_argument("--style", choices=("OpenGL", "DirectX"), default="OpenGL")
    group.add_argument(
        "--cut", type=float, default=0.1, help="3D: leave out jumps above this share"
    )
    group.add_argument("--step", type=int, default=1, help="3D: take every n-th pixel")
    group.add_argument("--point-normals", action="store_true", help="ply: store normals")
    group.add_argument("--frame-rate", type=float, default=24.0, help="of a video")
    group.add_argument("--sidecar", action="store_true", help="write OUT.json with the record")


def run(args: argparse.Namespace) -> int:
    """One file, or every readable file of a folder; the exit code is 1 if one of them failed."""
    from ..batch.input_files import IMAGE_TYPES, there_is
    from ..formats.load_files import READABLE

    if not args.as_image and is_clip(args.input, args.output):
        convert_clip(args, _save_options(args), _BY_EXTENSION)
        return 0
    if not there_is(args.input).is_dir():
        _convert(args, args.input, args.output)
        return 0
    if not args.format:
        raise InvalidInput("For a folder, --format says what its files become.")
    known = IMAGE_TYPES if args.as_image else READABLE
    files = sorted(p for p in args.input.iterdir() if p.suffix.lower() in known)
    failed = 0
    for path in files:
        try:
            _convert(args, path, args.output / f"{path.stem}.{_target_extension(args)}")
        except DepthError as error:
            failed += 1
            sys.stderr.write(f"{path.name}: {error}\n")
    return 1 if failed or not files else 0


def _convert(args: argparse.Namespace, source: Path, target: Path) -> None:
    from ..formats.depth_files import write_atomic

    if target.exists() and not args.force:
        raise FormatError(f"{target} exists already; choose another name or add --force.")
    data, beside = _image(args, source, target) if args.as_image else _depth(args, source, target)
    write_atomic(target, data)
    if beside:
        write_atomic(target.with_name(target.name + ".json"), beside.encode())
    sys.stdout.write(f"{target}\n")


def _target_extension(args: argparse.Namespace) -> str:
    from ..formats import FORMATS, IMAGES
    from ..formats.mesh_write import MESH_FORMATS

    tables = (IMAGES,) if args.as_image else (FORMATS, MESH_FORMATS)
    rows = (table[args.format] for table in tables if args.format in table)
    return next((row.extension for row in rows), "png")


def _format_name(args: argparse.Namespace, target: Path, table: dict[str, str]) -> str:
    name = args.format or table.get(target.suffix.lower())
    if name is None:
        raise InvalidInput(
            f"The extension {target.suffix or '(none)'} names no format; use one of "
            f"{' '.join(table)} or say --format."
        )
    return name


def _image(args: argparse.Namespace, source: Path, target: Path) -> tuple[bytes, str]:
    from ..formats import ImageOptions, encode_image

    name = _format_name(args, target, _IMAGE_BY_EXTENSION)
    options = ImageOptions(args.quality, args.subsampling)
    return encode_image(read_image(source)[0], name, options), ""


def _depth(args: argparse.Namespace, source: Path, target: Path) -> tuple[bytes, str]:
    from ..formats import FORMATS
    from ..formats.mesh_write import MESH_FORMATS

    name = _format_name(args, target, _BY_EXTENSION)
    depth = load_source(args, source)
    special: dict[str, Callable[[argparse.Namespace, DepthMap], bytes]] = {
        _PREVIEW: _preview_png,
        _NORMALS: _normals,
    }
    if name in special:
        return special[name](args, depth), ""
    shown = name in FORMATS and FORMATS[name].needs_image
    photo = photos_for(args, source) if args.image or shown else None
    if name in MESH_FORMATS:
        return _solid(args, depth, photo, name), ""
    return _encoded_map(args, depth, photo, name)


def _save_options(args: argparse.Namespace) -> SaveOptions:
    from ..formats.options import SaveOptions

    return SaveOptions(
        args.values,
        args.window_near,
        args.window_far,
        args.compression,
        args.exr_channel,
        args.quality,
    )


def _encoded_map(
    args: argparse.Namespace, depth: DepthMap, photo: Tensor | None, name: str
) -> tuple[bytes, str]:
    from ..formats import FORMATS, choose_coding, embed, encode_frame
    from ..formats.format_table import format_named
    from ..formats.quantise import record_of
    from ..images import rgb

    row = format_named(name)
    options = _save_options(args)
    chosen, coding = choose_coding(depth, options)
    array = None if photo is None else rgb(photo)[0].numpy()
    data = encode_frame(chosen, coding, array, name, options)
    needed = args.sidecar or not embed.fits(FORMATS[name].texts, {})
    record = record_of(chosen, coding, row.bits).to_json()
    return data, embed.sidecar({}, record) if needed else ""


def _solid(args: argparse.Namespace, depth: DepthMap, photo: Tensor | None, name: str) -> bytes:
    from ..formats.mesh_write import MeshOptions, encode_mesh
    from ..images import rgb
    from ..views.geometry import with_space

    space = with_space(depth, args.field_of_view, args.near, args.far)
    colours = None if photo is None else rgb(photo)[0]
    options = MeshOptions(args.cut, args.step, args.point_normals)
    return encode_mesh(space, colours, name, options)


def _preview_png(args: argparse.Namespace, depth: DepthMap) -> bytes:
    from ..conversions import to_disparity
    from ..formats import encode_image
    from ..ranges import Window, normalise
    from ..views.colour_map import colorize

    shares = normalise(to_disparity(depth), Window())
    return encode_image(colorize(shares, args.colormap, depth.valid)[0], "png")


def _normals(args: argparse.Namespace, depth: DepthMap) -> bytes:
    from ..formats import encode_image
    from ..views.geometry import normal_image, normals

    return encode_image(normal_image(normals(depth, args.field_of_view), args.style)[0], "png")
