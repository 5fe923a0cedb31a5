"""Weights in a quarter of their float32 size: int8 with one scale for each output channel.

A tensor that is stored as int8 has a partner of its name and `SCALE`, float16 (outputs,): the
weight is their product. All others are stored as float16. Symmetric, per-channel post-training
quantisation as in Krishnamoorthi 2018; biases, norms, depthwise filters and what reads the image
or writes the depth are few, and errors there are seen, so they stay float16.

The steps are chosen so that few of the whole numbers are large: gzip saves another quarter.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import torch
from torch import Tensor

__all__ = [
    "SCALE",
    "DamagedWeights",
    "MixedWeights",
    "packed",
    "read_tensors",
    "unpacked",
    "write_tensors",
]

SCALE = ".scale"
_LEVELS = 127  # int8 is used from -_LEVELS to _LEVELS
_STEP = 0.075  # of a channel's root mean square
_FEWEST = 32  # weights of one output: a depthwise filter has 9 or 25
_GZIP = b"\x1f\x8b"
_WHOLE = ("stem.", "encoder.stem.", "head.")


class MixedWeights(Exception):
    """Packed tensors whose scales do not belong to them."""


class DamagedWeights(Exception):
    """A file that is no safetensors file, or whose compression is broken."""


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, compressed by gzip or not. Raises DamagedWeights."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        stored = path.read_bytes()
        return load(gzip.decompress(stored) if stored.startswith(_GZIP) else stored)
    except (SafetensorError, OSError, EOFError, zlib.error) as fault:
        raise DamagedWeights(str(fault)) from fault


def write_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """A safetensors file, compressed where the name ends in .gz; equal tensors give equal bytes."""
    from safetensors.torch import save

    stored = save(tensors, metadata)
    path.write_bytes(gzip.compress(stored, mtime=0) if path.suffix == ".gz" else stored)


def _scale(rows: Tensor, step: float) -> Tensor:
    """(outputs, 1): the steps of rows (outputs, N), as float16 holds them.

    A share of the root mean square, so that every channel has the same signal-to-noise ratio and
    the whole numbers, few of them large, compress well; larger where the largest would not fit.
    """
    spread = rows.square().mean(1, keepdim=True).sqrt() * step
    return torch.maximum(spread, rows.abs().amax(1, keepdim=True) / _LEVELS).clamp_min(1e-7).half()


def packed(state: dict[str, Tensor], step: float = _STEP) -> dict[str, Tensor]:
    """A float state as it is stored; counters and other whole numbers as they are.

    step: between neighbouring values, as a share of the root mean square of the weights of one
    output; larger ones make a file that compresses better and is less exact.
    """
    out: dict[str, Tensor] = {}
    for name, value in state.items():
        if not value.is_floating_point():
            out[name] = value
        elif value.ndim < 2 or value[0].numel() < _FEWEST or name.startswith(_WHOLE):
            out[name] = value.half()
        else:
            rows = value.flatten(1).float()
            scale = _scale(rows, step)
            whole = (rows / scale.float()).round().clamp(-_LEVELS, _LEVELS)
            out[name] = whole.to(torch.int8).reshape(value.shape)
            out[name + SCALE] = scale[:, 0]
    return {name: value.contiguous() for name, value in out.items()}


def unpacked(stored: dict[str, Tensor]) -> dict[str, Tensor]:
    """What `packed` stored, as float32; a state of plain floats (older files) likewise.

    Raises MixedWeights where an int8 tensor has no scales, too many, or of the wrong kind, or
    where scales have no tensor.
    """
    whole = {name for name, value in stored.items() if value.dtype == torch.int8}
    scales = {name for name in stored if name.endswith(SCALE)}
    if scales != {name + SCALE for name in whole}:
        raise MixedWeights("some tensors lack their scales, or scales their tensor")
    state: dict[str, Tensor] = {}
    for name in stored.keys() - scales:
        value = stored[name]
        if name in whole:
            scale = stored[name + SCALE]
            if not scale.is_floating_point() or scale.shape != value.shape[:1]:
                raise MixedWeights(f"the scales of {name} are not one for each output")
            value = value.float() * scale.float().reshape(-1, *[1] * (value.ndim - 1))
        state[name] = value.float() if value.is_floating_point() else value
    return state
