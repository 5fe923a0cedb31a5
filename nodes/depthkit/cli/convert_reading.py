"""What `genvr-depth convert` reads: the options, the depth, and the photo beside it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DepthError, FormatError, InvalidInput, MissingInformation
from .inputs import read_image

if TYPE_CHECKING:
    from torch import Tensor

    from ..depth_map import DepthMap
    from ..formats.options import LoadOptions

__all__ = ["add_reading_options", "load_options", "load_source", "photos_for"]

# In the order of formats.options.LAYOUTS; importing it would cost every command its start.
LAYOUTS = ("whole", "depth right", "depth left", "depth below", "depth above")
# In the order of formats.options.MEANINGS.
_MEANINGS = (
    *("file", "metres", "inverse", "near-disparity", "near-distance", "far-distance", "ray"),
    *("carla", "red-high", "blue-high", "packed-float"),
)


def add_reading_options(group: argparse._ArgumentGroup) -> None:  # pyright: ignore[reportPrivateUsage]
    group.add_argument("--meaning", choices=_MEANINGS, default="file", help="what the numbers mean")
    group.add_argument("--near", type=float, help="metres of the nearest code or point")
    group.add_argument("--far", type=float, help="metres of the farthest code or point")
    group.add_argument("--unit-scale", type=float, default=1.0, help="0.001 reads millimetres")
    group.add_argument("--keep-zero", action="store_true", help="a stored 0 is a value")
    group.add_argument(
        "--no-data", default="auto", help="the number that means no value, auto or none"
    )
    group.add_argument(
        "--pfm-scale", choices=("ignore", "multiply"), default="ignore", help="of a PFM header"
    )
    group.add_argument("--channel", default="", help="EXR layer, NPZ array or TIFF page")
    group.add_argument("--field-of-view", type=float, default=0.0, help="horizontal, in degrees")
    group.add_argument("--size", help="WIDTHxHEIGHT to draw a 3D file of others at")
    group.add_argument(
        "--layout",
        choices=LAYOUTS,
        default="whole",
        help="where the depth is in an image or video that shows its photo, too",
    )
    group.add_argument("--first-frame", type=int, default=0, help="of a clip, as in its names")
    group.add_argument("--last-frame", type=int, default=0)
    group.add_argument("--every", type=int, default=1, help="take every n-th frame of a clip")


def load_options(args: argparse.Namespace) -> LoadOptions:
    """What the reading options say. Raises InvalidInput."""
    from ..formats.options import MEANINGS, LoadOptions

    size = None
    if args.size:
        width, _, height = args.size.partition("x")
        if not (width.isdigit() and height.isdigit()):
            raise InvalidInput(f"--size {args.size} is no size; write it like 1920x1080.")
        size = (int(width), int(height))
    return LoadOptions(
        meaning=MEANINGS[_MEANINGS.index(args.meaning)],
        near=args.near,
        far=args.far,
        unit_scale=args.unit_scale,
        zero_is_invalid=not args.keep_zero,
        channel=args.channel,
        fov_deg=args.field_of_view,
        size=size,
        no_data=args.no_data,
        pfm_scale=args.pfm_scale,
        layout=args.layout,
        first_frame=args.first_frame,
        last_frame=args.last_frame,
        step=args.every,
    )


def load_source(args: argparse.Namespace, source: Path) -> DepthMap:
    """The depth of IN, one frame or a clip; raises what `load_depth` does, with what to do."""
    from ..formats.load_files import load_depth

    options = load_options(args)
    try:
        return load_depth(source, options)
    except (FormatError, MissingInformation) as error:
        if not _is_image(source):
            raise
        raise type(error)(
            f"{error} If this is an ordinary photo, `genvr-depth estimate` makes depth from it; "
            "--as-image converts it as an image."
        ) from error


def _is_image(path: Path) -> bool:
    try:
        read_image(path)
    except DepthError:
        return False
    return True


def photos_for(args: argparse.Namespace, source: Path) -> Tensor | None:
    """(N, H, W, C) of --image, an image or a clip, else of the photo in IN; None without."""
    import torch

    from ..batch.videos import Clip, frame_count
    from ..formats.depth_video import VIDEOS
    from ..formats.load_files import load_photo

    if args.image is None:
        return load_photo(source, load_options(args))
    if args.image.suffix.lower() not in VIDEOS:
        return read_image(args.image)
    count, clip = frame_count(args.image, exact=True), Clip(args.image)
    return torch.cat([clip.frame(index) for index in range(count)])
