"""Averaged weights of a run -> the file of the pack: python -m training.export --state STATE"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from safetensors.torch import save_file

from .evaluate import WEIGHTS

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="write the averaged weights as fp16 safetensors")
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args(arguments)
    state = torch.load(options.state, map_location="cpu")["average"]
    half = {
        name: (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in state.items()
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    save_file(half, options.out, metadata={"model": "genvr-depth built-in", "licence": "MIT"})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
