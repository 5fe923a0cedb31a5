"""Depth from a video file: grey of 8 bits or more, alone or beside its photo."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..depth_map import DepthMap
from ..errors import FormatError, MissingInformation
from .clips import GrowingBatch, joined
from .grey import depth_of
from .options import AS_FILE_SAYS, LAYOUTS, WHOLE, LoadOptions, check_size
from .record import RECORD_KEY, Record
from .side_by_side import DEEP, LAYOUT_KEY, LOSSY, from_grey_codes, halves

__all__ = ["VIDEOS", "load_video", "video_photos"]

# A file may say anything; more than these are no clip that fits into memory.
_MOST_EXPECTED = 4096
_COLOURS = ("gbr", "rgb", "bgr")
VIDEOS = frozenset({".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v"})


def load_video(path: Path, options: LoadOptions) -> DepthMap:
    """The wanted frames as one map. A video of Save Depth says what its greys mean; of another,
    MissingInformation is raised where the meaning is not chosen."""
    if options.meaning == AS_FILE_SAYS:
        return _recorded_clip(path, options)
    own = replace(options, common=True)
    frames = (
        depth_of(_part(pixels, own, depth=True), None, f"video (frame {number})", own)
        for number, pixels in _wanted_frames(path, own, deep=True)
    )
    return joined(frames, _expected_frames(path, own))


def _recorded_clip(path: Path, options: LoadOptions) -> DepthMap:
    marks = _noted_marks(path)
    if RECORD_KEY not in marks:
        raise MissingInformation(
            "This video does not say what its greys mean. Set 'meaning': what white means, mostly "
            "'white is near (disparity)'."
        )
    record = Record.from_json(marks[RECORD_KEY])
    own = replace(options, layout=_noted_layout(marks, options))
    frames = (
        from_grey_codes(
            _part(pixels, own, depth=True)[..., 0],
            record,
            DEEP if pixels.dtype == np.uint16 else LOSSY,
        )
        for _, pixels in _wanted_frames(path, own, deep=True)
    )
    return joined(frames, _expected_frames(path, own))


def _noted_marks(path: Path) -> dict[str, str]:
    """What Save Depth noted in the file; Matroska writes names in capitals."""
    import av
    from av.error import FFmpegError

    try:
        with av.open(str(path), metadata_errors="replace") as container:
            return {key.lower(): text for key, text in container.metadata.items()}
    except FFmpegError as error:
        raise FormatError(f"{path.name} cannot be read as a video: {error}.") from error


def _noted_layout(marks: Mapping[str, str], options: LoadOptions) -> str:
    """The chosen one, else the one that the file notes."""
    if options.layout != WHOLE:
        return options.layout
    noted = marks.get(LAYOUT_KEY, WHOLE)
    return noted if noted in LAYOUTS else WHOLE


def video_photos(path: Path, options: LoadOptions) -> torch.Tensor | None:
    """(N, H, W, 3) float32 0..1 of the photo halves; None where the frames are depth alone."""
    marks = _noted_marks(path) if options.layout == WHOLE else {}
    own = replace(options, layout=_noted_layout(marks, options))
    if own.layout == WHOLE:
        return None
    photos = GrowingBatch(_expected_frames(path, own))
    for _, pixels in _wanted_frames(path, own, deep=False):
        photos.add(torch.from_numpy(_part(pixels, own, depth=False) / np.float32(255)))
    return photos.batch()


def _expected_frames(path: Path, options: LoadOptions) -> int:
    """How many of the wanted frames the file says it has, at least two: it may be wrong."""
    import av

    first = options.first_frame or 1
    with av.open(str(path), metadata_errors="replace") as container:
        stream = container.streams.video[0] if container.streams.video else None
        said = stream.frames if stream else 0
        if stream and not said and container.duration and stream.average_rate:
            said = round(container.duration / av.time_base * float(stream.average_rate))
    last = min(options.last_frame or said, max(said, first), first + _MOST_EXPECTED)
    return max(2, (last - first) // options.step + 1)


def _part(pixels: NDArray[Any], options: LoadOptions, *, depth: bool) -> NDArray[Any]:
    if options.layout == WHOLE:
        return pixels
    return np.ascontiguousarray(halves(pixels, options.layout)[depth])


def _wanted_frames(
    path: Path, options: LoadOptions, *, deep: bool
) -> Iterator[tuple[int, NDArray[Any]]]:
    """(number from 1, (H, W, C)) of the wanted frames; deep: more than 8 bits where there are."""
    import av
    from av.error import FFmpegError

    first, last = options.first_frame or 1, options.last_frame
    number = 0
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            for frame in container.decode(video=0):
                number += 1
                if last and number > last:
                    break
                if number < first or (number - first) % options.step:
                    continue
                check_size(frame.width, frame.height)
                yield number, _upright_pixels(frame, deep=deep)
    except (FFmpegError, IndexError) as error:
        raise FormatError(f"{path.name} cannot be read as a video: {error}.") from error
    if number < max(first, last):
        raise FormatError(f"{path.name} has {number} frames; set first_frame, last_frame to fit.")


def _upright_pixels(frame: Any, *, deep: bool) -> NDArray[Any]:
    bits = max(component.bits for component in frame.format.components)
    # Grey made of three deep colours would be a rounded mixture; their own planes are equal.
    wide = "gbrp16le" if frame.format.name.startswith(_COLOURS) else "gray16le"
    pixels = frame.to_ndarray(format=wide if deep and bits > 8 else "rgb24")
    return np.atleast_3d(np.rot90(pixels, round(frame.rotation / 90)))
