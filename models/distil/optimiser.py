"""Optimiser: Muon for matrices, Adam for all other weights, with a learning-rate schedule over the budget.

Muon (Jordan et al. 2024) replaces the momentum of a weight matrix by the nearest orthogonal matrix, found with a few
Newton-Schulz steps in bf16. Matrices of one shape are orthogonalised together.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import torch
from torch import Tensor, nn

from .config import TrainConfig

__all__ = ["Muon", "Optimiser", "orthogonal", "rate_at"]


def rate_at(progress: float, train: TrainConfig) -> float:
    """Share of the full learning rate at ``progress`` (0 to 1): up over ``warmup``, flat, down to 0 over ``decay``."""
    up = progress / train.warmup if train.warmup > 0 else 1.0
    down = (1.0 - progress) / train.decay if train.decay > 0 else 1.0
    return max(0.0, min(1.0, up, down))


def orthogonal(stack: Tensor, steps: int = 5) -> Tensor:
    """Make every matrix of a stack nearly orthogonal (quintic Newton-Schulz iteration)."""
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = stack.shape[-2] > stack.shape[-1]
    x = stack.bfloat16()
    x = x.transpose(-1, -2).contiguous() if tall else x
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        square = torch.bmm(x, x.transpose(-1, -2))
        x = a * x + torch.bmm(torch.baddbmm(square, square, square, beta=b, alpha=c), x)
    return cast(Tensor, x.transpose(-1, -2) if tall else x)


class Muon(torch.optim.Optimizer):
    """Momentum, orthogonalised. A weight listed with ``parts`` above 1 is that many matrices stacked by rows."""

    def __init__(self, weights: Iterable[tuple[Tensor, int]], rate: float, momentum: float = 0.95) -> None:
        groups = [{"params": [weight], "parts": parts} for weight, parts in weights]
        super().__init__(groups, {"lr": rate, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Update every weight that has a gradient."""
        shapes: dict[tuple[int, int], list[tuple[Tensor, Tensor, float]]] = {}
        for group in self.param_groups:
            weight = group["params"][0]
            if weight.grad is None:
                continue
            state = self.state[weight]
            if not state:
                state["momentum"] = torch.zeros_like(weight)
            state["momentum"].lerp_(weight.grad, 1 - group["momentum"])
            update = weight.grad.lerp(state["momentum"], group["momentum"])
            for piece, change in zip(weight.chunk(group["parts"]), update.chunk(group["parts"]), strict=True):
                rows, columns = piece.shape
                shapes.setdefault((rows, columns), []).append((piece, change, group["lr"]))
        for (rows, columns), items in shapes.items():
            changes = orthogonal(torch.stack([change for _, change, _ in items]))
            scale = max(1.0, rows / columns) ** 0.5
            for (piece, _, rate), change in zip(items, changes, strict=True):
                piece.add_(change.to(piece.dtype), alpha=-rate * scale)


class Optimiser:
    """Muon and Adam, stepped together."""

    def __init__(self, model: nn.Module, train: TrainConfig) -> None:
        self._train = train
        matrices, vectors = [], []
        for name, weight in model.named_parameters():
            if weight.dim() == 2 and "embedding" not in name:
                parts = 3 if "query_key_value" in name else 2 if "key_value" in name else 1
                matrices.append((weight, parts))
            else:
                vectors.append(weight)
        self._muon = Muon(matrices, train.matrix_rate)
        self._adam = torch.optim.Adam(vectors, train.vector_rate, betas=(0.9, 0.98), eps=1e-9, fused=True)

    def step(self, progress: float) -> None:
        """Take one step at the rate that the schedule has for ``progress``, and clear the gradients."""
        share = rate_at(progress, self._train)
        for optimiser, rate in ((self._muon, self._train.matrix_rate), (self._adam, self._train.vector_rate)):
            for group in optimiser.param_groups:
                group["lr"] = rate * share
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)

    def state_dict(self) -> dict[str, Any]:
        return {"muon": self._muon.state_dict(), "adam": self._adam.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._muon.load_state_dict(state["muon"])
        self._adam.load_state_dict(state["adam"])
