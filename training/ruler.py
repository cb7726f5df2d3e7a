"""How far it is to the right, the lower and the upper edge, which a zoom has to know.

A convolution sees zeros beyond an edge. So of values that every convolution of the lowest level moves by one place, away
from the edge that they measure from, and makes larger by one, each says how far its edge is, as far as convolutions were
passed; and that is far enough, for a place of the lowest level is four latent pixels wide. On the way up, the mean of a
place and its neighbour towards the edge is exact for both halves of the place.
"""

from diffusers import UNetSpatioTemporalConditionModel
from torch import nn

from .wiring import Slot, add, carriers, open_block

UNIT = 1 / 256  # what a place counts as
EDGES = ((1, 0), (0, 1), (0, -1))  # places to the right and down, towards the right, the lower and the upper edge
CARRIERS = 4  # groups with constants: an even number, for where two of them share one group of a norm


def _further(block: nn.Module, is_first: bool) -> None:
    """All distances see two places further."""
    spatial = open_block(block)
    for group, (right, down) in enumerate(EDGES):
        if not is_first:
            add(spatial.conv1, Slot(group), group, right=right, down=down)
            add(spatial.conv1, Slot(len(EDGES) + group), group)
            add(spatial.conv2, Slot(group), len(EDGES) + group, -1.0)
        add(spatial.conv2, Slot(group), group, right=right, down=down)
        for layer in (spatial.conv1, spatial.conv2):
            for row, sign in Slot(group).rows():
                layer.bias[row] += sign * UNIT
    if spatial.conv_shortcut is not None:
        for channel in range(3 * CARRIERS):
            spatial.conv_shortcut.weight[channel, channel] = 1


def write_ruler(unet: UNetSpatioTemporalConditionModel) -> None:
    """The distances arrive at the top level in the first channels, in latent pixels times UNIT."""
    down, (lowest, middle, _) = unet.down_blocks[2], unet.up_blocks
    blocks = (*down.resnets, *unet.mid_block.resnets, *lowest.resnets)
    for index, block in enumerate(blocks):
        _further(block, is_first=index == 0)
    blocks[0].spatial_res_block.conv2.bias[: 3 * CARRIERS] += carriers(CARRIERS)
    for group, (right, below) in enumerate(EDGES):
        for place in ((1, 1), (1 + below, 1 + right)):
            lowest.upsamplers[0].conv.weight[group, 3 * group + 1, *place] = 0.5
            lowest.upsamplers[0].conv.weight[group, 3 * group + 2, *place] = -0.5
            middle.upsamplers[0].conv.weight[group, group, *place] = 1
        for block in middle.resnets:
            block.spatial_res_block.conv_shortcut.weight[group, group] = 1
