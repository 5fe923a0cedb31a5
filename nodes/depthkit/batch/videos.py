"""Frames of a video file, in order and upright; the one place that imports av."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import FormatError

__all__ = ["Clip", "frame_count"]

_PLAIN = frozenset({"yuvj420p", "yuvj422p", "yuvj444p", "rgb24", "rgba", "pal8"})


def frame_count(path: Path, *, exact: bool = False) -> int:
    """Frames of the first video track: what the header says, else counted. Raises FormatError.

    exact: count them always; a header may know of frames that no player shows.
    """
    import av
    from av.error import FFmpegError

    try:
        with av.open(str(path), metadata_errors="replace") as container:
            count = container.streams.video[0].frames
    except (FFmpegError, IndexError) as error:
        raise _video_fault(path, error) from error
    return sum(1 for _ in _decoded(path)) if exact or not count else count


class Clip:
    """One open video. Going forward decodes every frame once; `position` is the next one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.position = 0
        self._frames = _decoded(path)

    def frame(self, index: int) -> Tensor:
        """Image number `index` >= `position`, turned as a player shows it.

        (1, H, W, 3) float32 0..1. Raises FormatError where the video is damaged or ends earlier.
        """
        while True:
            found = next(self._frames, None)
            if found is None:
                raise FormatError(
                    f"{self.path.name} ends after {self.position} frames, earlier than its header "
                    "says; what came before is done."
                )
            self.position += 1
            if self.position > index:
                return _upright_frame(found)


def _upright_frame(frame: Any) -> Tensor:
    """Phones film sideways and note by how much to turn."""
    # As ComfyUI decodes; in 8 bits, FFmpeg would not interpolate halved colour.
    plain = frame.format.name in _PLAIN
    pixels = frame.to_ndarray(format="rgb24" if plain else "gbrp16le")
    turned = np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90)))
    top = np.iinfo(turned.dtype.name).max
    return torch.from_numpy(turned.astype(np.float32))[None] / top


def _decoded(path: Path) -> Iterator[object]:
    import av
    from av.error import FFmpegError

    try:
        with av.open(str(path), metadata_errors="replace") as container:
            yield from container.decode(video=0)
    except (FFmpegError, IndexError) as error:
        raise _video_fault(path, error) from error


def _video_fault(path: Path, error: Exception) -> FormatError:
    return FormatError(f"{path.name} cannot be read as a video: {error}.")
