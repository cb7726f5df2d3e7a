"""A shift as a linear map of latents, fitted by least squares: what camera.py writes into the UNet.

A shift by s latent pixels makes each latent a matrix times the latents at its place and the next ones, and the matrix
depends on s alone. It is fitted as a sum of ramps over s. Only shifts to the right are fitted: a shift downwards is the same
with rows and columns of each block's cosines exchanged.
"""

import torch
from torch.nn import functional as F

from .motion import view
from .vae_model import DOWN, FREQUENCIES, LATENT_CHANNELS, bands

SHARPNESS = 10.0  # of the ramps
STEP = 0.25  # between their beginnings, in latent pixels
BEYOND = 3.0  # latent pixels above the reach of a stage that it may be asked for; it then goes as far as it can


def knots(reach: int) -> torch.Tensor:
    """Where the ramps of a stage begin, in latent pixels. The last ones level it out at its reach."""
    return torch.arange(0, reach + STEP, STEP)


def ramps(distance: torch.Tensor, reach: int) -> torch.Tensor:
    """[...] latent pixels to [..., knots]."""
    return F.gelu(SHARPNESS * (distance[..., None] - knots(reach))) / SHARPNESS


def fit_move(pictures: torch.Tensor, reach: int) -> torch.Tensor:
    """What each ramp makes of the latents at 0, 1, ... `reach` places further right, to be added to the latent: [knots, 10, 10 (reach + 1)].

    Least squares over pictures in pixels, [n, 3, h, w].
    """
    width = pictures.shape[-1] // DOWN - reach - 2
    distances = torch.cat([torch.arange(0, reach, 0.11), torch.tensor([0.0] * 4 + [reach] * 2), torch.linspace(reach, reach + BEYOND, 6)])
    scales = ramps(distances, reach).double()
    size = scales.shape[1] * LATENT_CHANNELS * (reach + 1)
    products, answers = torch.zeros(size, size).double(), torch.zeros(size, LATENT_CHANNELS).double()
    for picture in pictures.split(1):
        here = bands(picture)[0]
        inputs = torch.cat([here[..., k : k + width] for k in range(reach + 1)]).flatten(1).double()
        both = inputs @ inputs.T
        left = distances.clamp(max=reach) * DOWN
        moved = bands(view(picture.expand(len(left), -1, -1, -1), left, torch.zeros(len(left))))[..., :width].flatten(2).double()
        products += torch.kron(scales.T @ scales, both)
        for scale, answer in zip(scales, moved):
            answers += torch.kron(scale[:, None], inputs @ (answer - inputs[:LATENT_CHANNELS]).T)
    products += torch.eye(size) * products.diagonal().mean() * 1e-6
    return torch.linalg.solve(products, answers).view(len(scales.T), -1, LATENT_CHANNELS).mT.float()


def turned(move: torch.Tensor) -> torch.Tensor:
    """The same move downwards."""
    order = [FREQUENCIES.index((across, down)) for down, across in FREQUENCIES] + [LATENT_CHANNELS - 2, LATENT_CHANNELS - 1]
    parts = move.unflatten(2, (-1, LATENT_CHANNELS))
    return parts[:, order][..., order].flatten(2)


def upwards(move: torch.Tensor) -> torch.Tensor:
    """The same move upwards: as downwards, with each block upside down."""
    sign = torch.tensor([(-1.0) ** down for down, _ in FREQUENCIES] + [1.0, 1.0])
    parts = turned(move).unflatten(2, (-1, LATENT_CHANNELS))
    return (parts * sign * sign[:, None, None]).flatten(2)


def expressed(move: torch.Tensor, taps: list[list[float]]) -> torch.Tensor:
    """The same move read from other taps: row k says how the latent k places further is mixed of those."""
    return torch.kron(torch.tensor(taps).T.contiguous(), torch.eye(LATENT_CHANNELS)).matmul(move.mT).mT
