"""Devices by name, for whoever has no host that chooses one."""

from __future__ import annotations

import torch

from ..errors import InvalidInput

__all__ = ["find_device"]


def find_device(name: str = "auto") -> torch.device:
    """The device called `name`; "auto" is CUDA, else MPS, else the CPU.

    Raises InvalidInput where this computer, or its build of torch, has no such device.
    """
    if name == "auto":
        there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
        name = next((kind for kind, found in there.items() if found), "cpu")
    try:
        device = torch.device(name)
        # A name promises nothing: a missing device shows when something is put on it.
        torch.ones(1, device=device).item()
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition(". ")[0].partition("\n")[0].rstrip(".")
        raise InvalidInput(
            f"The device {name!r} cannot be used here ({reason}); use auto, cpu, cuda or mps."
        ) from error
    return device
