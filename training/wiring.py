"""How values are written into the layers of the UNet by hand: which channels hold them, and how layers read and write them.

Channels come in threes, one group of a GroupNorm each: (a, -a/2 + v, -a/2 - v). The pair's difference carries v exactly, see
vae_model.py. Besides, something can be added to all three alike: it passes a norm but for its mean over the frame, so that
is for values whose mean is nearly zero.
"""

from dataclasses import dataclass

import torch
from diffusers import UNetSpatioTemporalConditionModel
from torch import nn

from .vae_model import CARRIER

GROUPS = 32
DEVIATION = CARRIER * 0.5**0.5  # of a group
LINE = 6.0  # from where on a SiLU or a GELU is a line


@dataclass(frozen=True)
class Slot:
    """Where a value lies: a group of three channels, and whether its pair holds it or all three alike."""

    group: int
    alike: bool = False

    def rows(self) -> tuple[tuple[int, float], ...]:
        """Channels, and the sign of the value in each."""
        first = 3 * self.group
        return tuple((first + k, 1.0) for k in range(3)) if self.alike else ((first + 1, 1.0), (first + 2, -1.0))


def carriers(groups: int) -> torch.Tensor:
    """The constants of that many groups."""
    return torch.tensor([CARRIER, -CARRIER / 2, -CARRIER / 2]).repeat(groups)


def add(layer: nn.Conv2d, into: Slot, source: int, gain: float = 1.0, right: int = 0, down: int = 0) -> None:
    """Add to `into` what the pair of group `source` says after a SiLU, from that many places further right and down."""
    for row, sign in into.rows():
        layer.weight[row, 3 * source + 1, 1 + down, 1 + right] += sign * gain
        layer.weight[row, 3 * source + 2, 1 + down, 1 + right] -= sign * gain


def hand_over(shortcut: nn.Conv2d, into: Slot, source: int, gain: float = 1.0, offset: int = 0) -> None:
    """Add to `into` what the pair of group `source` holds, in channels that begin at `offset`; nothing lies in between."""
    for row, sign in into.rows():
        shortcut.weight[row, offset + 3 * source + 1] += sign * gain / 2
        shortcut.weight[row, offset + 3 * source + 2] -= sign * gain / 2


def open_norm(norm: nn.GroupNorm) -> None:
    """A norm after which, and a SiLU, the pair of each group differs by the value that it carries."""
    norm.weight[:] = DEVIATION
    norm.bias[:] = -carriers(norm.num_channels // 3)


def open_block(block: nn.Module) -> nn.Module:
    """A residual block through whose norms the pairs can be read. Returns its spatial part; the temporal one does nothing."""
    spatial = block.spatial_res_block
    open_norm(spatial.norm1)
    open_norm(spatial.norm2)
    spatial.conv1.bias[:] = carriers(spatial.conv1.out_channels // 3)
    return spatial


def reading(features: torch.Tensor, target: torch.Tensor) -> tuple[torch.Tensor, float]:
    """Weights and bias of the best linear reading of `target` [n] from `features` [n, m]; small enough for half precision."""
    features, target = features.double(), target.double()
    middle, mean = features.mean(0), target.mean()
    gram = (features - middle).T @ (features - middle)
    gram += torch.eye(len(gram)) * gram.diagonal().mean() * 1e-6
    weight = torch.linalg.solve(gram, (features - middle).T @ (target - mean))
    return weight.float(), float(mean - middle @ weight)


def blank(unet: UNetSpatioTemporalConditionModel) -> None:
    """Take everything out of a UNet but for the first layers of its embeddings, which stay random; norms only normalise."""
    for name, parameter in unet.named_parameters():
        if not name.endswith(("embedding.linear_1.weight", "embedding.linear_1.bias", "embed.linear_1.weight", "embed.linear_1.bias")):
            parameter.fill_(1.0 if "norm" in name and name.endswith("weight") else 0.0)
        else:
            parameter.copy_(parameter.half())  # what is read from them is fitted, and they are stored so
