"""Work on a batch piece by piece, so that memory stays bounded and Stop is heard.

A piece that does not fit is halved and tried again; the smaller size is kept for the rest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import torch
from torch import nn

from ..errors import InvalidInput, Stopped

__all__ = ["at_once", "in_chunks", "listening", "out_of_memory"]

# Asking the host costs microseconds, but a network has hundreds of blocks per pass.
_ASK_EVERY_S = 0.1
# Eight square images at the size of the most common models.
_INNER_PIXELS = 8 * 518 * 518
# The images themselves wait in the main memory as float32, beside a map of the same size; about
# 40 bytes a pixel.
_IMAGE_PIXELS = 12_000_000


def at_once(device: torch.device, inner: tuple[int, int], image: tuple[int, int]) -> int:
    """How many images of (height, width) `image`, worked at `inner`, make one piece: a CPU
    gains nothing from several, a GPU is kept busy as long as both memories stay bounded."""
    if device.type == "cpu":
        return 1
    by_inner, by_image = _INNER_PIXELS // math.prod(inner), _IMAGE_PIXELS // math.prod(image)
    return max(1, min(by_inner, by_image))


def in_chunks(
    total: int,
    work: Callable[[int, int], int],
    *,
    on_progress: Callable[[int], None],
    should_stop: Callable[[], bool],
) -> None:
    """Call `work(start, end)` until `total` is reached.

    work returns how many items it would take next time (it learns the device from its own result,
    so the first piece is a single one). Raises Stopped, or InvalidInput where even one item does
    not fit into memory.
    """
    done, size, limit = 0, 1, total
    while done < total:
        if should_stop():
            raise Stopped
        end = min(done + size, total)
        try:
            wanted = work(done, end)
        except RuntimeError as error:
            if not out_of_memory(error):
                raise
            size = limit = _halved(end - done, error)
        else:
            done, size = end, max(1, min(limit, wanted))
            on_progress(done)
            continue
        _give_back()


def _give_back() -> None:
    """Only once the error is gone: its traceback holds on to what the piece had computed."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _halved(size: int, error: RuntimeError) -> int:
    if size > 1:
        return size // 2
    raise InvalidInput(
        "There is not enough memory to estimate even one image at this resolution. Choose a "
        "lower resolution or a smaller model, or free memory (Unload models)."
    ) from error


def out_of_memory(error: RuntimeError) -> bool:
    """Whether torch ran out of memory: CUDA has a class for it, other devices only a sentence."""
    text = str(error).lower()
    return isinstance(error, torch.cuda.OutOfMemoryError) or any(
        phrase in text for phrase in ("out of memory", "not enough memory", "can't allocate memory")
    )


@contextmanager
def listening(
    network: nn.Module | None, should_stop: Callable[[], bool]
) -> Generator[None, None, None]:
    """Hear Stop inside a forward pass too: a large model on a CPU needs many seconds for one."""
    last = monotonic()

    def ask(*_: Any) -> None:
        nonlocal last
        now = monotonic()
        if now - last >= _ASK_EVERY_S:
            last = now
            if should_stop():
                raise Stopped

    modules = [] if network is None else [m for m in network.modules() if not _is_leaf(m)]
    handles = [module.register_forward_pre_hook(ask) for module in modules]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _is_leaf(module: nn.Module) -> bool:
    return next(module.children(), None) is None
