"""RIFE's network as a PyTorch module: what Kinora's graph of it is held against.

Written anew after IFNet_HDv3.py of RIFE 4.x (https://github.com/hzwer/Practical-RIFE, MIT, Copyright (c) 2021 hzwer),
with its names of modules and parameters, for inference alone: no teacher, no time map, one image pair.
"""

import torch
import torch.nn.functional as F
from torch import nn

BLOCK_CHANNELS = (192, 128, 96, 64, 32)
# Every block but the first sees both warped pictures (6), both warped features (8), the time (1), the mask (1), what the
# block before passed on (8) and the flow (4).
FIRST_INPUTS, LATER_INPUTS = 15, 28


def warp(picture, flow):
    """`picture` [n, c, h, w] as seen at each pixel plus `flow` [n, 2, h, w] (x, y in pixels); its edge goes on outside."""
    height, width = flow.shape[2:]
    xs = torch.linspace(-1, 1, width).view(1, 1, width).expand(-1, height, -1)
    ys = torch.linspace(-1, 1, height).view(1, height, 1).expand(-1, -1, width)
    x = xs + flow[:, 0] / ((width - 1) / 2)
    y = ys + flow[:, 1] / ((height - 1) / 2)
    grid = torch.stack([x, y], dim=-1)
    return F.grid_sample(picture, grid, mode="bilinear", padding_mode="border", align_corners=True)


def conv(inputs, outputs):
    """3x3, half the size, with the activation that follows all of them."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, 2, 1), nn.LeakyReLU(0.2))


class Head(nn.Module):
    """Four features for each pixel of one picture."""

    def __init__(self):
        super().__init__()
        self.cnn0 = nn.Conv2d(3, 16, 3, 2, 1)
        self.cnn1 = nn.Conv2d(16, 16, 3, 1, 1)
        self.cnn2 = nn.Conv2d(16, 16, 3, 1, 1)
        self.cnn3 = nn.ConvTranspose2d(16, 4, 4, 2, 1)

    def forward(self, x):
        for layer in (self.cnn0, self.cnn1, self.cnn2):
            x = F.leaky_relu(layer(x), 0.2)
        return self.cnn3(x)


class ResConv(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, 1, 1)
        self.beta = nn.Parameter(torch.ones(1, channels, 1, 1))

    def forward(self, x):
        return F.leaky_relu(self.conv(x) * self.beta + x, 0.2)


class IFBlock(nn.Module):
    """Looks at a 1/scale of the pixels: gives what to add to the flow, the mask, and eight features for the next block."""

    def __init__(self, inputs, channels):
        super().__init__()
        self.conv0 = nn.Sequential(conv(inputs, channels // 2), conv(channels // 2, channels))
        self.convblock = nn.Sequential(*(ResConv(channels) for _ in range(8)))
        self.lastconv = nn.Sequential(nn.ConvTranspose2d(channels, 4 * 13, 4, 2, 1), nn.PixelShuffle(2))

    def forward(self, x, flow, scale):
        def resize(values, factor):
            return F.interpolate(values, scale_factor=factor, mode="bilinear", align_corners=False)

        x = resize(x, 1 / scale)
        if flow is not None:
            x = torch.cat([x, resize(flow, 1 / scale) / scale], dim=1)
        out = resize(self.lastconv(self.convblock(self.conv0(x))), scale)
        return out[:, :4] * scale, out[:, 4:5], out[:, 5:]


class IFNet(nn.Module):
    """A picture between two, [n, 3, h, w] in [0, 1]. `scale` above 1 looks for motion at more pixels than there are."""

    def __init__(self):
        super().__init__()
        for index, channels in enumerate(BLOCK_CHANNELS):
            setattr(self, f"block{index}", IFBlock(FIRST_INPUTS if index == 0 else LATER_INPUTS, channels))
        self.encode = Head()

    def forward(self, img0, img1, timestep, scale=1.0):
        time = torch.full_like(img0[:, :1], timestep)
        feature0, feature1 = self.encode(img0), self.encode(img1)
        flow, mask, feat = self.block0(torch.cat([img0, img1, feature0, feature1, time], 1), None, 16 / scale)
        for index, factor in enumerate((8, 4, 2, 1), start=1):
            warped = [
                warp(values, part)
                for values, part in (
                    (img0, flow[:, :2]),
                    (img1, flow[:, 2:]),
                    (feature0, flow[:, :2]),
                    (feature1, flow[:, 2:]),
                )
            ]
            block = getattr(self, f"block{index}")
            added, mask, feat = block(torch.cat([*warped, time, mask, feat], 1), flow, factor / scale)
            flow = flow + added
        share = torch.sigmoid(mask)
        return warp(img0, flow[:, :2]) * share + warp(img1, flow[:, 2:]) * (1 - share)
