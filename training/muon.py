"""Muon for the hidden weights, Adam for the rest: about twice as quick as Adam alone on these small networks."""

import math

import torch


def _orthogonal(matrices: torch.Tensor, steps: int = 5) -> torch.Tensor:
    """Newton-Schulz iteration of each matrix [n, rows, columns] towards the nearest orthogonal one (quintic, coefficients
    of Jordan et al. 2024)."""
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = 3.4445 * x + torch.baddbmm(-4.7750 * gram, gram, gram, alpha=2.0315) @ x
    return x.mT if tall else x


class Muon:
    """One optimiser over named parameters. Names that contain an entry of `adam_names` go to Adam."""

    def __init__(self, named, rate: float, adam_rate: float, adam_names: tuple[str, ...], momentum: float = 0.95):
        self.hidden, rest = [], []
        for name, parameter in named:
            if not parameter.requires_grad:
                continue
            wide = parameter.ndim >= 2 and min(parameter.shape[0], parameter[0].numel()) >= 16
            (self.hidden if wide and not any(key in name for key in adam_names) else rest).append(parameter)
        self.rate, self.adam_rate, self.momentum = rate, adam_rate, momentum
        self.moments = [torch.zeros(p.shape) for p in self.hidden]
        self.adam = torch.optim.AdamW(rest, lr=adam_rate, betas=(0.9, 0.98), weight_decay=0.0, fused=True)
        self.parameters = self.hidden + rest

    @torch.no_grad()
    def step(self, scale: float, clip: float = 1.0) -> float:
        """Apply the gradients with the learning rates times `scale`; returns the gradient's norm before clipping."""
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, clip)
        alike: dict[torch.Size, list] = {}
        for parameter, moment in zip(self.hidden, self.moments):
            if parameter.grad is None:
                continue
            moment.lerp_(parameter.grad, 1 - self.momentum)
            update = parameter.grad.lerp(moment, self.momentum).flatten(1)
            alike.setdefault(update.shape, []).append((parameter, update))
        for shape, members in alike.items():
            steps = _orthogonal(torch.stack([update for _, update in members]))
            for (parameter, _), step in zip(members, steps):
                parameter.add_(step.reshape(parameter.shape), alpha=-0.2 * math.sqrt(max(shape)) * self.rate * scale)
        for group in self.adam.param_groups:
            group["lr"] = self.adam_rate * scale
        self.adam.step()
        for parameter in self.parameters:
            parameter.grad = None
        return float(norm)

    def state_dict(self) -> dict:
        """Everything needed to go on where the run stopped."""
        return {"moments": self.moments, "adam": self.adam.state_dict()}

    def load_state_dict(self, state: dict) -> None:
        """Put a saved state back."""
        for moment, saved in zip(self.moments, state["moments"]):
            moment.copy_(saved)
        self.adam.load_state_dict(state["adam"])
