"""waifu2x's `UpConv7` (nunif, waifu2x/models/upconv_7.py), without its cut of what the edges made: scale 2, offset 14."""

import torch.nn as nn


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
