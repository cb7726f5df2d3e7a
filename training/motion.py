"""The move that the model learns: the camera pans evenly to the right."""

import torch
import torch.nn.functional as F

from .vae_model import DOWN

FRAMES = 14
TRAVEL = 3.0  # latent pixels from the first frame to the last at motion bucket 255


def travel(bucket: torch.Tensor) -> torch.Tensor:
    """Distance in latent pixels between the first and the last frame."""
    return TRAVEL * bucket / 255


def pan(pixels: torch.Tensor, bucket: torch.Tensor, width: int) -> torch.Tensor:
    """Clips [b, frames, 3, h, width] in pixels out of wide windows [b, 3, h, wide]: the camera goes evenly to the right,
    from the window's left end."""
    count, _, height, wide = pixels.shape
    progress = torch.arange(FRAMES) / (FRAMES - 1)
    left = travel(bucket)[:, None] * DOWN * progress  # [b, frames], pixels
    theta = torch.zeros(count * FRAMES, 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = width / wide, 1
    theta[:, 0, 2] = (left.flatten() + width / 2) * 2 / wide - 1
    source = pixels.repeat_interleave(FRAMES, 0)
    grid = F.affine_grid(theta, (count * FRAMES, 3, height, width), align_corners=False)
    clip = F.grid_sample(source, grid, mode="bicubic", padding_mode="border", align_corners=False)
    return clip.view(count, FRAMES, 3, height, width)


def known(bucket: torch.Tensor, width: int) -> torch.Tensor:
    """Which columns of each frame the picture itself shows, [b, frames, width] of latent pixels; in the others is what was
    beyond its right edge."""
    progress = torch.arange(FRAMES) / (FRAMES - 1)
    return torch.arange(width) + 1 + (travel(bucket)[:, None] * progress)[..., None] <= width
