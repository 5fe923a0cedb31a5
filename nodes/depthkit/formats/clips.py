"""Several frames as one map: which of them are wanted, and joining them without a second copy."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import torch

from ..depth_map import DepthMap
from ..errors import FormatError
from .options import LoadOptions

__all__ = ["GrowingBatch", "ahead", "joined", "wanted_numbers"]

# 2^31 pixels: 8 GB of values and 2 GB of mask, a thousand frames of 1080p.
_MAX_CLIP_PIXELS = 1 << 31
_MOST_AHEAD = 4


def wanted_numbers(lowest: int, highest: int, options: LoadOptions) -> range:
    """Frame numbers between the options' first and last one, of those from lowest to highest.

    Raises FormatError where that is none of them.
    """
    first = options.first_frame or lowest
    last = options.last_frame or highest
    if not lowest <= first <= last <= highest:
        raise FormatError(
            f"Frames {first} to {last} are wanted, and there are {lowest} to {highest}. Set "
            "first_frame and last_frame between them; 0 is the first and the last there is."
        )
    return range(first, last + 1, max(1, options.step))


def ahead(reads: Sequence[Callable[[], DepthMap]]) -> Iterator[DepthMap]:
    """The frames in order, the next ones read on other cores while one is used.

    At most one for each of four cores is held, whatever the length of the clip.
    """
    workers = min(_MOST_AHEAD, os.cpu_count() or 1, len(reads))
    with ThreadPoolExecutor(workers, thread_name_prefix="frames") as pool:
        waiting: deque[Future[DepthMap]] = deque()
        try:
            for read in reads:
                waiting.append(pool.submit(read))
                if len(waiting) >= workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


class GrowingBatch:
    """Frames put into their places in one tensor; they are never held twice.

    expected: how many will come. More may, at the cost of a copy; memory of those that do not come
    is not touched.
    """

    def __init__(self, expected: int) -> None:
        self._expected, self._count = max(1, expected), 0
        self._whole: torch.Tensor | None = None

    def add(self, frame: torch.Tensor) -> None:
        """One more frame, of the shape of those before. Raises FormatError on too many pixels."""
        if self._whole is None:
            self._whole = self._room(self._expected, frame)
        elif self._count == len(self._whole):
            most = max(self._count + 1, _MAX_CLIP_PIXELS // (frame.shape[0] * frame.shape[1]))
            longer = self._room(min(self._count + self._count // 2 + 1, most), frame)
            longer[: self._count] = self._whole
            self._whole = longer
        self._whole[self._count] = frame
        self._count += 1

    def _room(self, count: int, frame: torch.Tensor) -> torch.Tensor:
        height, width = frame.shape[:2]
        if count * height * width > _MAX_CLIP_PIXELS:
            raise FormatError(
                f"{count} frames of {width} x {height} are too many for one clip; load a part of "
                "them with first_frame, last_frame or step."
            )
        return torch.empty((count, *frame.shape), dtype=frame.dtype)

    def batch(self) -> torch.Tensor:
        """(N, ...) of the frames. Raises FormatError where there is none."""
        if self._whole is None:
            raise FormatError("There is no frame to read.")
        return self._whole[: self._count]


def joined(frames: Iterable[DepthMap], count: int) -> DepthMap:
    """One map of all frames, `count` as far as it is known; each is read when its place is filled.

    Camera, source and measured resolution are those of the first one. Raises FormatError where the
    frames differ in size or kind.
    """
    if count == 1:
        return replace(next(iter(frames)), photo=None)
    values, valid = GrowingBatch(count), GrowingBatch(count)
    first: DepthMap | None = None
    for index, frame in enumerate(frames):
        first = first or frame
        if (frame.height, frame.width, frame.kind) != (first.height, first.width, first.kind):
            raise FormatError(
                f"{frame.source or f'Frame {index + 1}'} is {frame.width} x {frame.height} "
                f"{frame.kind}, the frames before it {first.width} x {first.height} {first.kind}; "
                "a clip has one size and one meaning."
            )
        values.add(frame.values[0])
        valid.add(frame.valid[0])
    if first is None:
        raise FormatError("There is no frame to read.")
    return replace(first, values=values.batch(), valid=valid.batch(), photo=None)
