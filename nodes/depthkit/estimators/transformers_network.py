"""A network of the transformers library, from a folder and nothing else: no network, no pickles.

The only module that imports transformers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..errors import ModelError
from .chunks import out_of_memory

__all__ = ["load_network"]

# Parameters that no forward pass uses: the first fusion layer has nothing to add to. Older files,
# Intel/dpt-large among them, do not have them.
_NEVER_RUN = ("fusion_stage.layers.0.residual_layer1.", ".pooler.")


def load_network(folder: Path, architecture: str, dtype: torch.dtype) -> nn.Module:
    """The network in a folder, complete and ready to predict; ModelError where it is not."""
    automatic, dtype_keyword, damage = _library()
    _check_known(architecture, folder)
    try:
        network, loaded = automatic.from_pretrained(
            folder,
            local_files_only=True,
            use_safetensors=True,
            output_loading_info=True,
            **{dtype_keyword: dtype},
        )
    except damage as error:
        if isinstance(error, RuntimeError) and out_of_memory(error):
            raise ModelError(
                f"There is not enough memory to load the model in {folder}. Close other programs, "
                "or choose a smaller model."
            ) from error
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ModelError(
            f"The model in {folder} cannot be loaded: {reason} A file is probably damaged or cut "
            "short; delete the folder and download the model again."
        ) from error
    missing = [key for key in loaded["missing_keys"] if not any(u in key for u in _NEVER_RUN)]
    if missing:
        # transformers would go on with random numbers in their place.
        raise ModelError(
            f"The weights in {folder} lack {len(missing)} tensors (for instance "
            f"{min(missing)}); they belong to another architecture than its "
            "config.json. Download both files from the same model."
        )
    return network.eval().requires_grad_(False)


def _check_known(architecture: str, folder: Path) -> None:
    """ModelError where the installed transformers is older than the architecture."""
    from transformers import CONFIG_MAPPING, __version__

    if architecture not in CONFIG_MAPPING:
        raise ModelError(
            f"The installed transformers {__version__} does not know the model type "
            f"{architecture!r} of {folder.name}. Update transformers, or choose another model."
        )


def _library() -> tuple[Any, str, tuple[type[BaseException], ...]]:
    """The loader, its keyword for the number type, and what it raises on damaged files."""
    try:
        from huggingface_hub import errors as hub_errors
        from safetensors import SafetensorError
        from transformers import AutoModelForDepthEstimation, __version__
    except (ImportError, RuntimeError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ModelError(
            f"The transformers library cannot be imported ({reason})."
            " Repair it, usually by installing the torchvision that belongs to your torch; the "
            "built-in model works without it."
        ) from error
    faults = (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError)
    # Newer releases check every entry of config.json and say so with an error of their own.
    strict = getattr(hub_errors, "StrictDataclassError", None)
    faults = faults if strict is None else (*faults, strict)
    return AutoModelForDepthEstimation, _dtype_keyword(__version__), faults


def _dtype_keyword(version: str) -> str:
    """Releases before 4.56 hand an unknown `dtype` on to the network, which refuses it."""
    release = tuple(int(part) for part in version.split(".")[:2])
    return "dtype" if release >= (4, 56) else "torch_dtype"
