"""Momentum with orthogonalised updates for weight matrices (Jordan et al. 2024)."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from genvr_depth.nodes.depthkit.estimators.builtin import BuiltinDepth
from torch import Tensor

__all__ = ["Muon", "split_parameters"]

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # quintic Newton-Schulz iteration of the cited work


def _orthogonal(matrix: Tensor, dtype: torch.dtype, steps: int = 5) -> Tensor:
    """Newton-Schulz iteration towards the nearest matrix with orthogonal rows (or columns)."""
    a, b, c = _COEFFICIENTS
    wide = matrix.shape[0] <= matrix.shape[1]
    x = matrix if wide else matrix.T
    x = (x / (x.norm() + 1e-7)).to(dtype)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x if wide else x.T).to(matrix.dtype)


class Muon(torch.optim.Optimizer):
    """For parameters of two or more dimensions, seen as (outputs, everything else)."""

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 0.02,
        momentum: float = 0.95,
        decay: float = 0.02,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.dtype = dtype
        ordered = sorted(params, key=lambda p: -p.numel())
        super().__init__(ordered, {"lr": lr, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                update = _orthogonal(self._direction(p, group["momentum"]), self.dtype)
                scale = max(1.0, len(p) / (p.numel() / len(p))) ** 0.5
                p.mul_(1 - group["lr"] * group["decay"])
                p.add_(update.reshape(p.shape), alpha=-group["lr"] * scale)

    def _direction(self, p: Tensor, momentum: float) -> Tensor:
        """Nesterov momentum of the gradient as a matrix."""
        assert p.grad is not None
        state = self.state[p]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(p)
        memory = state["momentum"].lerp_(p.grad, 1 - momentum)
        return p.grad.lerp(memory, momentum).reshape(len(p), -1)


def split_parameters(model: BuiltinDepth) -> dict[str, tuple[list[Tensor], list[Tensor]]]:
    """Parts that learn at different rates, each as (inner matrices, everything else).

    "encoder": both encoders; "new": what joins the pretrained one; "decoder": the rest.
    """
    encoder = {id(p) for module in model.encoders() for p in module.parameters()}
    parts: dict[str, tuple[list[Tensor], list[Tensor]]] = {}
    for name, p in model.named_parameters():
        part = "encoder" if id(p) in encoder else "new" if "join" in name else "decoder"
        inner, rest = parts.setdefault(part, ([], []))
        (rest if p.ndim < 2 or name.startswith("head") else inner).append(p)
    return parts
