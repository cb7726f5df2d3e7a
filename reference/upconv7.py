"""waifu2x's `UpConv7` (nunif, waifu2x/models/upconv_7.py), without its cut of what the edges made, and the cleaning of its colours."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class UpConv7(nn.Module):
    """[n, 3, h + 14, w + 14] in 0…1 -> [n, 3, 2h, 2w], not clipped: seven pixels around what is wanted go in."""

    widths = (3, 16, 32, 64, 128, 128, 256)

    def __init__(self):
        super().__init__()
        layers = []
        for inner, outer in zip(self.widths, self.widths[1:]):
            layers += [nn.Conv2d(inner, outer, 3), nn.LeakyReLU(0.1)]
        self.net = nn.Sequential(*layers, nn.ConvTranspose2d(self.widths[-1], 3, 4, stride=2, padding=3))

    def forward(self, x):
        return self.net(x)


class GuidedColours(nn.Module):
    """[n, 3, h + 4, w + 4] in 0…1 -> [n, 3, h, w]: colours smoothed with the brightness as guide (He et al. 2010).

    Written window by window, as the paper derives it: the least-squares line through the nine pixels of each window, and the mean
    of the nine lines that a pixel is part of.
    """

    def __init__(self, side=3, flatness=50 / 255**2):
        super().__init__()
        self.side, self.flatness = side, flatness

    def windows(self, x):
        """[n, c, h, w] -> [n, c, side * side, h - side + 1, w - side + 1]."""
        n, c, h, w = x.shape
        return F.unfold(x, self.side).reshape(n, c, self.side**2, h - self.side + 1, w - self.side + 1)

    def forward(self, x):
        grey = (x * torch.tensor([0.299, 0.587, 0.114]).reshape(1, 3, 1, 1)).sum(1, keepdim=True)
        p, guide = self.windows(x - grey), self.windows(grey)
        centred = guide - guide.mean(2, keepdim=True)
        slope = (centred * p).mean(2) / (centred.square().mean(2) + self.flatness)
        offset = p.mean(2) - slope * guide.mean(2)
        edge = self.side - 1
        inner = grey[..., edge:-edge, edge:-edge]
        return self.windows(slope).mean(2) * inner + self.windows(offset).mean(2) + inner


class Enlarger(nn.Module):
    """[n, 3, h + 16, w + 16] in 0…1 -> [n, 3, 2h, 2w]: what Kinora runs."""

    def __init__(self, network):
        super().__init__()
        self.network, self.colours = network, GuidedColours()

    def forward(self, x):
        return self.colours(self.network(x))
