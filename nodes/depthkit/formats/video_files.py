"""A clip as one video file: depth alone, or its photo beside or above it."""

from __future__ import annotations

import io
import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..depth_map import DepthMap
from ..errors import FormatError, FormatUnavailable, InvalidInput, Stopped
from ..progress import Progress, no_progress
from .depth_files import file_errors
from .options import LAYOUTS, WHOLE
from .quantise import Coding, record_of
from .record import RECORD_KEY
from .side_by_side import DEEP, LAYOUT_KEY, LOSSY, grey_codes, joined_image

__all__ = ["VIDEO_FORMATS", "VideoFormat", "write_video"]

_RIGHT, _BELOW = LAYOUTS[1], LAYOUTS[3]


@dataclass(frozen=True, slots=True)
class VideoFormat:
    """One row. name: what the user chooses; layout: one of LAYOUTS; lossless: 16 bits in FFV1,
    else 8 bits in H.264, near values within about 1 % of the window."""

    name: str
    extension: str
    layout: str
    lossless: bool

    @property
    def needs_image(self) -> bool:
        return self.layout != WHOLE


VIDEO_FORMATS: dict[str, VideoFormat] = {
    row.name: row
    for row in (
        VideoFormat("ffv1", "mkv", WHOLE, True),
        VideoFormat("ffv1-side-by-side", "mkv", _RIGHT, True),
        VideoFormat("ffv1-over-under", "mkv", _BELOW, True),
        VideoFormat("h264", "mp4", WHOLE, False),
        VideoFormat("h264-side-by-side", "mp4", _RIGHT, False),
        VideoFormat("h264-over-under", "mp4", _BELOW, False),
    )
}
_CONTAINERS = {"mkv": "matroska", "mp4": "mp4"}
# Of the images given to the encoder: lossless, and dimensions (grey has two).
_PIXELS = {
    (True, 2): "gray16le",
    (True, 3): "rgb48le",
    (False, 2): "gray",
    (False, 3): "rgb24",
}


def write_video(
    folder: Path,
    row: VideoFormat,
    depth: DepthMap,
    coding: Coding,
    photos: Callable[[int], NDArray[np.float32] | None],
    *,
    frame_rate: float,
    texts: Mapping[str, str],
    on_progress: Progress = no_progress,
    should_stop: Callable[[], bool] = lambda: False,
) -> Path:
    """The whole clip under a name of its own in the folder; the caller places it. Nothing stays
    after Stop or an error.

    photos: (H, W, 3) 0..1 of a frame, asked for when it is written. Raises InvalidInput on a size
    that H.264 cannot hold, MissingInformation without the photo of a layout, FormatUnavailable
    without PyAV or the codec, FormatError where the disk refuses, Stopped.
    """
    if not row.lossless and (depth.width % 2 or depth.height % 2):
        raise InvalidInput(
            f"H.264 holds even sizes only, this depth is {depth.width} x {depth.height}. Choose an "
            "ffv1 format, or resize by one pixel."
        )
    record = record_of(depth.frame(0), coding, 16)
    marks = {**texts, RECORD_KEY: record.to_json(), LAYOUT_KEY: row.layout}
    scale = DEEP if row.lossless else LOSSY

    def images() -> Iterable[NDArray[Any]]:
        for index in range(depth.batch):
            if should_stop():
                raise Stopped
            codes = grey_codes(depth.frame(index), record, scale)
            yield joined_image(codes, photos(index), row.layout, scale)
            on_progress(index + 1, depth.batch)

    with file_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f".{secrets.token_hex(8)}.part"
        try:
            with open(temporary, "xb") as file:
                _write_container(file, row, images(), frame_rate, marks)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return temporary


def _write_container(
    file: io.BufferedWriter,
    row: VideoFormat,
    images: Iterable[NDArray[Any]],
    frame_rate: float,
    marks: Mapping[str, str],
) -> None:
    try:
        import av
    except ImportError as error:
        raise FormatUnavailable(
            "Videos need the package av, which ComfyUI brings along: pip install av."
        ) from error
    from av.error import FFmpegError

    rate = Fraction(round(frame_rate * 1000), 1000).limit_denominator(1001)
    options = {} if row.lossless else {"movflags": "use_metadata_tags"}
    try:
        with av.open(file, "w", format=_CONTAINERS[row.extension], options=options) as container:
            for key, text in marks.items():
                container.metadata[key] = text
            track: Any = None
            for image in images:
                track = track or _encoder_track(container, row, image, rate)
                pixels = _PIXELS[row.lossless, image.ndim]
                container.mux(track.encode(av.VideoFrame.from_ndarray(image, pixels)))
            container.mux(track.encode(None))
    except FFmpegError as error:
        raise FormatError(f"The video cannot be written: {error}.") from error


def _encoder_track(container: Any, row: VideoFormat, image: NDArray[Any], rate: Fraction) -> Any:
    import av

    codec = "ffv1" if row.lossless else "libx264"
    if codec not in av.codecs_available:
        raise FormatUnavailable(f"This installation of PyAV has no {codec}; choose another format.")
    track = container.add_stream(codec, rate=rate, options={} if row.lossless else {"crf": "12"})
    track.height, track.width = image.shape[:2]
    deep = "gray16le" if image.ndim == 2 else "gbrp16le"
    track.pix_fmt = deep if row.lossless else "yuv420p"
    return track
