"""Momentum with orthogonalised updates for weight matrices (Jordan et al. 2024)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

__all__ = ["Muon", "split_parameters"]

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # quintic Newton-Schulz iteration of the cited work


def _orthogonal(matrix: Tensor, steps: int = 5) -> Tensor:
    a, b, c = _COEFFICIENTS
    wide = matrix.shape[0] <= matrix.shape[1]
    x = matrix if wide else matrix.T
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x if wide else x.T


class Muon(torch.optim.Optimizer):
    """For parameters of two or more dimensions, seen as (outputs, everything else).

    Each worker orthogonalises every n-th matrix; `share` adds their flat vectors.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 0.02,
        momentum: float = 0.95,
        decay: float = 0.02,
        rank: int = 0,
        workers: int = 1,
        share: Callable[[Tensor], None] = lambda flat: None,
    ) -> None:
        ordered = sorted(params, key=lambda p: -p.numel())
        super().__init__(ordered, {"lr": lr, "momentum": momentum, "decay": decay})
        self.rank, self.workers, self.share = rank, workers, share

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        for group in self.param_groups:
            pieces = []
            for index, p in enumerate(group["params"]):
                update = self._direction(p, group["momentum"])
                mine = index % self.workers == self.rank
                pieces.append(_orthogonal(update).flatten() if mine else torch.zeros(p.numel()))
            flat = torch.cat(pieces)
            self.share(flat)
            for p, piece in zip(group["params"], flat.split([len(x) for x in pieces]), strict=True):
                scale = max(1.0, len(p) / (p.numel() / len(p))) ** 0.5
                p.mul_(1 - group["lr"] * group["decay"])
                p.add_(piece.view(p.shape), alpha=-group["lr"] * scale)

    def _direction(self, p: Tensor, momentum: float) -> Tensor:
        """Nesterov momentum of the gradient as a matrix."""
        assert p.grad is not None
        state = self.state[p]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(p)
        memory = state["momentum"].lerp_(p.grad, 1 - momentum)
        return p.grad.lerp(memory, momentum).reshape(len(p), -1)


def split_parameters(model: nn.Module) -> tuple[list[Tensor], list[Tensor]]:
    """(inner matrices, everything else: stem, head, norms, biases)."""
    inner, rest = [], []
    for name, p in model.named_parameters():
        outer = name.startswith(("stem", "head"))
        (rest if p.ndim < 2 or outer else inner).append(p)
    return inner, rest
