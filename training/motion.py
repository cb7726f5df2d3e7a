"""The move that the model learns: the camera pans evenly to one side, which side is decided by the noise."""

import torch
import torch.nn.functional as F

from .vae_model import DOWN

FRAMES = 14
TRAVEL = 4.0  # latent pixels from the first frame to the last at motion bucket 255


def travel(bucket: torch.Tensor) -> torch.Tensor:
    """Distance in latent pixels between the first and the last frame."""
    return TRAVEL * bucket / 255


def side(noise: torch.Tensor) -> torch.Tensor:
    """-1 or 1 for each clip of noise [b, frames, channels, h, w]: the sign of a checkerboard sum over the first channel.

    Pictures have next to nothing of that pattern, so it can be read at every noise level at which the move is not yet
    visible, and the sampler keeps it from step to step.
    """
    h, w = noise.shape[-2:]
    board = 1.0 - 2.0 * ((torch.arange(h)[:, None] + torch.arange(w)[None]) % 2)
    total = (noise[:, :, 0] * board).sum((1, 2, 3))
    return torch.where(total >= 0, 1.0, -1.0)


def pan(pixels: torch.Tensor, direction: torch.Tensor, bucket: torch.Tensor, width: int) -> torch.Tensor:
    """Clips [b, frames, 3, h, width] in pixels out of wide windows [b, 3, h, wide].

    The first frame of a clip that goes right is at the window's left end, and the other way round.
    """
    count, _, height, wide = pixels.shape
    progress = torch.arange(FRAMES) / (FRAMES - 1)
    moved = travel(bucket)[:, None] * DOWN * progress  # [b, frames], pixels
    left = torch.where(direction[:, None] > 0, moved, wide - width - moved)
    theta = torch.zeros(count * FRAMES, 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = width / wide, 1
    theta[:, 0, 2] = (left.flatten() + width / 2) * 2 / wide - 1
    source = pixels.repeat_interleave(FRAMES, 0)
    grid = F.affine_grid(theta, (count * FRAMES, 3, height, width), align_corners=False)
    clip = F.grid_sample(source, grid, mode="bicubic", padding_mode="border", align_corners=False)
    return clip.view(count, FRAMES, 3, height, width)
