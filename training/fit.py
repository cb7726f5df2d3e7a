"""Finds the sideways and vertical shift that best explains a frame by the picture it came from."""

import math

import torch
import torch.nn.functional as F


def psnr(error: torch.Tensor) -> float:
    """Decibels for errors of values in 0..1."""
    return 10 * math.log10(1 / max(float((error**2).mean()), 1e-9))


def moved(picture: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The picture [3, h, w] seen from (x, y) [n] pixels further right and down, [n, 3, h, w], and where it is known."""
    count, (_, height, width) = len(x), picture.shape
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0] = theta[:, 1, 1] = 1
    theta[:, 0, 2], theta[:, 1, 2] = x * 2 / width, y * 2 / height
    grid = F.affine_grid(theta, (count, 3, height, width), align_corners=False)
    known = (grid.abs() <= 1).all(-1)[:, None].float()
    view = F.grid_sample(picture.expand(count, -1, -1, -1), grid, mode="bicubic", padding_mode="border", align_corners=False)
    return view, known


def fit_shift(picture: torch.Tensor, frame: torch.Tensor) -> tuple[float, float, float]:
    """Shift right and down in pixels, and the PSNR of the frame against the picture moved by it, where that is known.

    Both are [3, h, w] in 0..1. Searched coarse to fine, to a twentieth of a pixel.
    """

    def score(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        found = []
        for some_x, some_y in zip(x.split(16), y.split(16)):
            view, known = moved(picture, some_x, some_y)
            found.append((((view - frame) ** 2) * known).sum((1, 2, 3)) / (3 * known.sum((1, 2, 3))))
        return torch.cat(found)

    best = (0.0, 0.0)
    for reach_x, reach_y, step in ((40.0, 4.0, 2.0), (2.0, 2.0, 0.5), (0.5, 0.5, 0.125), (0.125, 0.125, 0.05)):
        x = torch.arange(-reach_x, reach_x + step / 2, step) + best[0]
        y = torch.arange(-reach_y, reach_y + step / 2, step) + best[1]
        x, y = (grid.flatten() for grid in torch.meshgrid(x, y, indexing="ij"))
        errors = score(x, y)
        index = int(errors.argmin())
        best = (float(x[index]), float(y[index]))
    error = float(score(torch.tensor([best[0]]), torch.tensor([best[1]]))[0])
    return best[0], best[1], 10 * math.log10(1 / max(error, 1e-9))
