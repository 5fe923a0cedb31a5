"""The depth model of a node that has none connected, under the host's memory management."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import torch

from .host import Host, Task, current
from .on_demand import estimators

__all__ = ["NO_MODEL", "Offer", "installed_offer", "kept_builtin", "managed", "model_or_builtin"]

NO_MODEL = "No model connected: the built-in depth model is used."


def model_or_builtin(model: estimators.Estimator | None, task: Task) -> estimators.Estimator:
    """The connected model; without one the built-in model, and a line that says so."""
    if model is not None:
        return model
    task.say(NO_MODEL)
    return kept_builtin(type(current()), torch.float32)


class Offer(NamedTuple):
    """A better model that lies on this machine. model: its name in Load Depth Model."""

    model: str
    sentence: str


def installed_offer() -> Offer | None:
    """The best installed model, for a node that has none connected; None where there is none.

    Looks at the disk: call it when a node runs, not when nodes are listed.
    """
    name = estimators.best_installed(current().model_folders())
    if name is None:
        return None
    return Offer(name, f"{name} is installed and better: connect Load Depth Model to use it.")


@lru_cache(maxsize=3)
def kept_builtin(_host: type[Host], dtype: torch.dtype) -> estimators.Estimator:
    """The built-in model of this host, read from disk once for each type."""
    return estimators.builtin_estimator(place=managed, dtype=dtype)


def managed(network: torch.nn.Module) -> estimators.Placement:
    """Where a network computes: the host's own memory management decides at each use."""
    return current().manage(network).load
