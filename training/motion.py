"""The moves of the model: a pan to the right, and a zoom towards the middle of the right edge. Both are even in time.

The motion bucket says which, and how far: up to 255 it pans, from ZOOM_BUCKET on it zooms as far as the bucket less
ZOOM_BUCKET asks for.
"""

import math

import torch
import torch.nn.functional as F

from .vae_model import DOWN

FRAMES = 14
TRAVEL = 7.0  # latent pixels from the first frame to the last at motion bucket 255
ZOOM = 0.1  # share of the picture's width and height that is out of sight in the last frame at ZOOM_BUCKET + 255
ZOOM_BUCKET = 512
CURVE = math.log(1 / 7) / math.log(1 - 127 / 255)


def strength(bucket: torch.Tensor) -> torch.Tensor:
    """How far of the whole way a bucket of 0 to 255 goes, 0..1: quick to grow below the normal 127, then ever less.

    At 127 it is six sevenths: a pan then ends after a whole number of latent pixels, and its last frame, at which a clip that
    plays there and back turns, is as sharp as the first.
    """
    return 1 - (1 - bucket.clamp(0, 255) / 255) ** CURVE


def travel(bucket: torch.Tensor) -> torch.Tensor:
    """Distance in latent pixels between the first and the last frame of a pan."""
    return TRAVEL * strength(bucket) * (bucket < ZOOM_BUCKET)


def shrink(bucket: torch.Tensor) -> torch.Tensor:
    """By which share the camera's view shrinks until the last frame of a zoom."""
    return ZOOM * strength(bucket - ZOOM_BUCKET) * (bucket >= ZOOM_BUCKET)


def view(pixels: torch.Tensor, left: torch.Tensor, shrunk: torch.Tensor) -> torch.Tensor:
    """What the camera sees of pictures [n, 3, h, w] from `left` [n] pixels further right, and shrunk [n] towards the
    middle of the right edge. Beyond the right edge the picture is mirrored."""
    count, _, height, width = pixels.shape
    x, y = torch.arange(width) + 0.5, torch.arange(height) + 0.5
    x = width - (width - x) * (1 - shrunk[:, None]) + left[:, None]
    y = height / 2 - (height / 2 - y) * (1 - shrunk[:, None])
    grid = torch.stack(
        [(x * 2 / width - 1)[:, None].expand(-1, height, -1), (y * 2 / height - 1)[:, :, None].expand(-1, -1, width)], -1
    )
    return F.grid_sample(pixels, grid, mode="bicubic", padding_mode="reflection", align_corners=False)


def clip_of(pixels: torch.Tensor, bucket: torch.Tensor) -> torch.Tensor:
    """Clips [b, frames, 3, h, w] of pictures [b, 3, h, w] as they are meant."""
    progress = torch.arange(FRAMES) / (FRAMES - 1)
    left, shrunk = ((far(bucket)[:, None] * progress).flatten() for far in (travel, shrink))
    # A zoom is made sideways and downwards one after the other, each evenly.
    return view(pixels.repeat_interleave(FRAMES, 0), left * DOWN, shrunk).unflatten(0, (-1, FRAMES))
