"""`genvr-depth convert` of clips: numbered files, folders and videos, into files or one video."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import FormatError, InvalidInput
from .convert_reading import load_options, load_source, photos_for
from .progress_display import progress_bar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from ..depth_map import DepthMap
    from ..formats import Coding, SaveOptions, VideoFormat
    from ..formats.format_table import DepthFormat

__all__ = ["convert_clip", "is_clip"]

_VIDEO_BY_EXTENSION = {".mkv": "ffv1", ".mp4": "h264"}


def is_clip(source: Path, target: Path) -> bool:
    """Whether IN is converted as one clip: numbered files, a video, or a folder of which OUT makes
    one; a folder into a folder is file by file."""
    from ..formats import is_pattern
    from ..formats.depth_video import VIDEOS

    numbered = any(is_pattern(one.name) and not one.is_file() for one in (source, target))
    return numbered or source.suffix.lower() in VIDEOS or target.suffix.lower() in {*VIDEOS}


def convert_clip(
    args: argparse.Namespace, options: SaveOptions, by_extension: dict[str, str]
) -> None:
    """One coding for all frames, so that they stay comparable. Raises what reading and writing
    do."""
    from ..formats import FORMATS, VIDEO_FORMATS, choose_coding

    source, target = args.input, args.output
    table = {**by_extension, **_VIDEO_BY_EXTENSION}
    name = args.format or table.get(target.suffix.lower(), "")
    row = VIDEO_FORMATS.get(name) or FORMATS.get(name)
    if row is None:
        raise InvalidInput(
            "A clip becomes a video (OUT.mkv, OUT.mp4) or numbered depth files (OUT.####.exr, or a "
            f"folder with --format); use one of {', '.join((*FORMATS, *VIDEO_FORMATS))}."
        )
    depth, coding = choose_coding(load_source(args, source), options)
    photos = photos_for(args, source) if row.needs_image else None
    photo = _photo_of(photos, depth.batch)
    if name in VIDEO_FORMATS:
        _one_video(args, VIDEO_FORMATS[name], depth, coding, photo)
    else:
        _numbered_files(args, FORMATS[name], depth, coding, photo, options)


def _photo_of(photos: Tensor | None, count: int) -> Callable[[int], NDArray[np.float32] | None]:
    from ..images import at_frame, check_frames, rgb

    if photos is None:
        return lambda index: None
    check_frames(photos, count)
    return lambda index: rgb(at_frame(photos, index))[0].numpy()


def _one_video(
    args: argparse.Namespace,
    row: VideoFormat,
    depth: DepthMap,
    coding: Coding,
    photo: Callable[[int], NDArray[np.float32] | None],
) -> None:
    from ..formats.video_files import write_video

    target: Path = args.output
    if target.is_dir():
        raise InvalidInput(f"{target} is a folder; name the video, such as {target / 'depth.mkv'}.")
    _check_free(args, [target])
    with progress_bar("writing") as progress:
        temporary = write_video(
            target.parent, row, depth, coding, photo,
            frame_rate=args.frame_rate, texts={}, on_progress=progress,
        )  # fmt: skip
    os.replace(temporary, target)
    sys.stdout.write(f"{target}\n")


def _numbered_files(
    args: argparse.Namespace,
    row: DepthFormat,
    depth: DepthMap,
    coding: Coding,
    photo: Callable[[int], NDArray[np.float32] | None],
    options: SaveOptions,
) -> None:
    from ..formats import embed, encode_frame, record_of, write_atomic

    numbers = _frame_numbers(args, depth.batch)
    paths = [_frame_target(args.output, args.input, row.extension, number) for number in numbers]
    _check_free(args, paths)
    needed = args.sidecar or not embed.fits(row.texts, {})
    with progress_bar("writing") as progress:
        for index, path in enumerate(paths):
            frame = depth.frame(index)
            write_atomic(path, encode_frame(frame, coding, photo(index), row.name, options))
            if needed:
                record = record_of(frame, coding, row.bits).to_json()
                beside = path.with_name(path.name + ".json")
                write_atomic(beside, embed.sidecar({}, record).encode())
            progress(index + 1, len(paths))
    sys.stdout.write(f"{paths[0]} to {paths[-1].name}\n")


def _frame_numbers(args: argparse.Namespace, count: int) -> list[int]:
    """Those of the source's names, else of its frames from 1."""
    from ..formats.load_files import READABLE
    from ..formats.sequences import find_sequence

    if args.input.is_file():
        first = args.first_frame or 1
        return [first + index * args.every for index in range(count)]
    chosen = find_sequence(args.input, READABLE)
    by_path = {path: number for number, path in chosen.files.items()}
    return [by_path[path] for path in chosen.chosen(load_options(args))]


def _frame_target(target: Path, source: Path, extension: str, number: int) -> Path:
    from ..formats import is_pattern
    from ..formats.sequences import numbered

    if is_pattern(target.name):
        return target.with_name(numbered(target.name, number))
    stem = source.stem.split("#")[0].split("%")[0].rstrip("._-") or "depth"
    return target / f"{stem}.{number:04}.{extension}"


def _check_free(args: argparse.Namespace, paths: list[Path]) -> None:
    taken = [path for path in paths if path.exists()]
    if taken and not args.force:
        raise FormatError(f"{taken[0]} exists already; choose another name or add --force.")
