"""Averaged weights of a run -> the file of the pack: python -m training.export --state STATE

Several states of one training history can be blended, each with its share (the mean of such states
generalises better than each of them). Their batch statistics are the mean of the states', or with
--data measured anew on shards.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import torch
from genvr_depth.nodes.depthkit.estimators.builtin import BuiltinDepth
from genvr_depth.nodes.depthkit.estimators.packed_weights import packed, write_tensors
from torch import Tensor, nn

from .data import Batches
from .evaluate import WEIGHTS

__all__ = ["averaged", "main", "mean", "side_by_side", "with_own_statistics"]

_STATISTICS_BATCHES, _STATISTICS_SIDE = 24, 190.0


def averaged(state: Path) -> dict[str, Tensor]:
    """The averaged weights in a training state."""
    return torch.load(state, map_location="cpu")["average"]


def mean(states: list[dict[str, Tensor]], shares: list[float]) -> dict[str, Tensor]:
    """The weighted mean of all floating-point tensors; the rest from the first state."""
    whole = sum(shares)
    return {
        name: sum(s[name] * (share / whole) for s, share in zip(states, shares, strict=True))
        if value.is_floating_point()
        else value
        for name, value in states[0].items()
    }  # type: ignore[return-value]


def side_by_side(first: dict[str, Tensor], second: dict[str, Tensor]) -> dict[str, Tensor]:
    """The mean of two states whose joins are half as wide as the network's, the joins kept apart.

    Each join of the result computes the mean of what the two joins computed; all else is the mean
    of the weights.
    """
    state = mean([first, second], [1.0, 1.0])
    for name in (n for n in first if "join" in n):
        pair = first[name], second[name]
        if name.endswith("out.weight"):
            state[name] = torch.cat(pair, dim=1) / 2
        elif ".reduce." in name and first[name].ndim:
            state[name] = torch.cat(pair)
    return state


def with_own_statistics(weights: dict[str, Tensor], batches: Batches) -> dict[str, Tensor]:
    """The same weights with batch statistics measured on fresh batches."""
    model = BuiltinDepth()
    model.load_state_dict(weights)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None
    model.train()
    with torch.no_grad():
        for _ in range(_STATISTICS_BATCHES):
            model(batches.draw(_STATISTICS_SIDE)[0])
    return model.state_dict()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description="write the averaged weights as the file of the pack"
    )
    parser.add_argument("--state", type=Path, nargs="+", required=True)
    parser.add_argument("--shares", type=float, nargs="+", help="of the states; equal by default")
    parser.add_argument("--data", type=Path, help="shards to measure batch statistics on")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args(arguments)
    shares = options.shares or [1.0] * len(options.state)
    if len(shares) != len(options.state):
        parser.error("--shares wants one number for each --state")
    torch.manual_seed(0)
    random.seed(0)
    state = mean([averaged(path) for path in options.state], shares)
    if options.data is not None:
        state = with_own_statistics(state, Batches([options.data], 16, 0))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_tensors(options.out, packed(state), {"model": "genvr-depth built-in", "licence": "MIT"})
    options.out.chmod(0o644)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
