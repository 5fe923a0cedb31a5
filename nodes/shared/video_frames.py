"""ComfyUI's VIDEO as the frames our nodes work on: a tensor, or images read one at a time."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..depthkit.batch.videos import Clip, frame_count
from ..depthkit.errors import InvalidInput
from .host import current

__all__ = ["VideoFrames", "frames_of", "is_video"]


def is_video(value: Any) -> bool:
    """Whether it is a VIDEO of ComfyUI, or a list of them."""
    if isinstance(value, list):
        return any(is_video(one) for one in value)  # pyright: ignore[reportUnknownVariableType]
    return callable(getattr(value, "get_components", None))


def frames_of(value: Any, name: str, *, streamed: bool) -> Any:
    """The frames of a VIDEO, alone or in a list: (B, H, W, C), 0..1; everything else as it is.

    streamed: as `VideoFrames` where it is a whole file; ComfyUI decodes what was cut or made in the
    workflow. name: of the input. Raises InvalidInput on a video without frames, FormatError on a
    damaged file.
    """
    if isinstance(value, list):
        return [
            frames_of(one, name, streamed=streamed)
            for one in value  # pyright: ignore[reportUnknownVariableType]
        ]
    if not is_video(value):
        return value
    path = current().video_file(value) if streamed else None
    found = value.get_components().images if path is None else VideoFrames(path)
    if not len(found):
        raise InvalidInput(f"The video at the input '{name}' has no frames.")
    return found


class VideoFrames:
    """The images of a video file, (B, H, W, 3) as far as a node asks: read when they are used.

    Going forward decodes every frame once; going back begins anew. Only the last frame is kept.
    """

    ndim = 4

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()
        self._count = frame_count(path, exact=True)
        self._clip, self._at, self._last = Clip(path), -1, torch.empty(0)
        size = self._frame(0).shape if self._count else (0, 0, 3)
        self.shape = torch.Size((self._count, *size))

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, which: int | slice | Sequence[int] | tuple[Any, ...]) -> Tensor:
        """As of a tensor, along the first dimension by number, slice or list."""
        if isinstance(which, int):
            return self._frame(which % self._count)
        if isinstance(which, tuple):
            return self[which[0]][(slice(None), *which[1:])]
        numbers = range(self._count)[which] if isinstance(which, slice) else which
        out = torch.empty(len(numbers), *self.shape[1:])
        for place, number in enumerate(numbers):
            out[place] = self._frame(number % self._count)
        return out

    def _frame(self, index: int) -> Tensor:
        with self._lock:
            if index == self._at:
                return self._last
            if index < self._clip.position:
                self._clip = Clip(self._path)
            self._at, self._last = index, self._clip.frame(index)[0]
            if index == self._count - 1:
                self._clip = Clip(self._path)  # closes the file; the new one is not opened yet
            return self._last
