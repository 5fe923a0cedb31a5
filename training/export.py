"""Averaged weights of a run -> the file of the pack: python -m training.export --state STATE

Weights of an earlier state can be blended in (a straight line between two states of one training
history generalises better than either end); batch statistics are then measured anew on shards.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from genvr_depth.nodes.depthkit.estimators.builtin import BuiltinDepth
from safetensors.torch import save_file
from torch import Tensor, nn

from .data import Batches
from .evaluate import WEIGHTS

__all__ = ["averaged", "blended", "main"]


def averaged(state: Path) -> dict[str, Tensor]:
    """The averaged weights in a training state."""
    return torch.load(state, map_location="cpu")["average"]


def blended(
    late: dict[str, Tensor], early: dict[str, Tensor], share: float, batches: Batches, count: int
) -> dict[str, Tensor]:
    """(1 - share) * late + share * early, with batch statistics of `count` fresh batches."""
    mixed = {k: v.lerp(early[k], share) if v.is_floating_point() else v for k, v in late.items()}
    model = BuiltinDepth()
    model.load_state_dict(mixed)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None
    model.train()
    with torch.no_grad():
        for _ in range(count):
            model(batches.draw(176)[0])
    return model.state_dict()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="write the averaged weights as fp16 safetensors")
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--blend", type=Path, help="an earlier state to blend in")
    parser.add_argument("--share", type=float, default=0.2, help="of the earlier state")
    parser.add_argument("--data", type=Path, help="shards for the batch statistics of a blend")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args(arguments)
    torch.manual_seed(0)
    state = averaged(options.state)
    if options.blend:
        if options.data is None:
            parser.error("--blend needs --data")
        early = averaged(options.blend)
        state = blended(state, early, options.share, Batches([options.data], 16, 0), 16)
    half = {
        name: (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in state.items()
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    save_file(half, options.out, metadata={"model": "genvr-depth built-in", "licence": "MIT"})
    options.out.chmod(0o644)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
