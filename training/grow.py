"""Weights to begin with: of another run, or of a smaller network that grew."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

__all__ = ["starting_weights"]

# The last layer of a residual or attention branch: at zero, the new block passes its input on.
_SILENT = ("second.1.weight", "out.weight", "out.bias", "feed.2.weight", "feed.2.bias")


def starting_weights(path: Path, model: nn.Module) -> dict[str, Tensor]:
    """A state for `model` from a run's `state.pt` (its averaged weights) or a safetensors file.

    Blocks that the smaller network lacks start as the identity: the grown network predicts what
    the smaller one did (after Net2Net, Chen et al. 2016).
    """
    if path.suffix == ".safetensors":
        found = {k: v.float() if v.is_floating_point() else v for k, v in load_file(path).items()}
    else:
        found = torch.load(path, map_location="cpu")["average"]
    state = {name: value.clone() for name, value in model.state_dict().items()}
    for name in state.keys() - found.keys():
        if name.endswith(_SILENT):
            state[name].zero_()
    return state | found
