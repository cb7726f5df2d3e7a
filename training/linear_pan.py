"""The pan as a linear map of latents, fitted by least squares: what camera.py writes into the UNet."""

import torch
from torch.nn import functional as F

from .motion import FRAMES, TRAVEL, pan, travel
from .vae_model import DOWN, LATENT_CHANNELS, bands

TAPS = 4 * LATENT_CHANNELS  # the latents here and at one and two places further right, and the next place less that one
KNOTS = torch.arange(0, TRAVEL, 0.25)  # where the ramps begin, in latent pixels
SHARPNESS = 10.0  # of the ramps


def ramps(distance: torch.Tensor) -> torch.Tensor:
    """[...] latent pixels to [..., knots]."""
    return F.gelu(SHARPNESS * (distance[..., None] - KNOTS)) / SHARPNESS


def _taps(latents: torch.Tensor, width: int) -> torch.Tensor:
    """[n, 10, h, at least width + 3] to [n, taps, h, width]."""
    here, second, third, fourth = (latents[..., k : k + width] for k in range(4))
    return torch.cat([here, second, third, fourth - third], 1)


def fit_move(wide: torch.Tensor) -> torch.Tensor:
    """The move as [knots, 10, taps]: what each ramp of s makes of the taps, to be added to the latents.

    Least squares over windows in pixels, [n, 3, h, at least 7 latent pixels wide].
    """
    width = wide.shape[-1] // DOWN - 4
    bucket = torch.linspace(1, 255, len(wide))
    clips = bands(pan(wide, bucket, width * DOWN))  # [n, frames, 10, h, width]
    scales = ramps(travel(bucket)[:, None] * torch.arange(FRAMES) / (FRAMES - 1))  # [n, frames, knots]
    size = len(KNOTS) * TAPS
    products, answers = torch.zeros(size, size), torch.zeros(size, LATENT_CHANNELS)
    for picture, clip, scale in zip(_taps(bands(wide), width), clips, scales):
        inputs = picture.flatten(1)
        both, each = inputs @ inputs.T, clip.flatten(2)
        for frame in range(FRAMES):
            answer = inputs @ (each[frame] - inputs[:LATENT_CHANNELS]).T
            products += torch.kron(torch.outer(scale[frame], scale[frame]), both)
            answers += torch.kron(scale[frame][:, None], answer)
    products += torch.eye(size) * products.diagonal().mean() * 1e-5
    return torch.linalg.solve(products, answers).view(len(KNOTS), TAPS, LATENT_CHANNELS).mT
