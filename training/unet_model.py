"""The small spatio-temporal UNet, started as a network that shows the still picture.

The picture's latent is led through the first weights to the output (see vae_model.py for how a value passes a GroupNorm),
so training starts from an exact still clip and has only the move to learn.
"""

import torch
from diffusers import UNetSpatioTemporalConditionModel

from .motion import FRAMES
from .run import channels_last
from .vae_model import LATENT_CHANNELS, SCALING_FACTOR, carry, release, silence

EMBEDDING = 64
CONFIG = {
    "sample_size": 48,
    "in_channels": 2 * LATENT_CHANNELS,
    "out_channels": LATENT_CHANNELS,
    "down_block_types": ["DownBlockSpatioTemporal", "CrossAttnDownBlockSpatioTemporal", "CrossAttnDownBlockSpatioTemporal"],
    "up_block_types": ["CrossAttnUpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal", "UpBlockSpatioTemporal"],
    "block_out_channels": [96, 64, 96],
    "addition_time_embed_dim": 32,
    "projection_class_embeddings_input_dim": 96,
    "layers_per_block": 1,
    "cross_attention_dim": EMBEDDING,
    "transformer_layers_per_block": 1,
    "num_attention_heads": [2, 2, 3],
    "num_frames": FRAMES,
}
PICTURE = range(LATENT_CHANNELS)  # groups of conv_in that carry the picture's latent
NOISE = range(LATENT_CHANNELS, 2 * LATENT_CHANNELS)  # and those that carry the noisy clip


def _show_the_still(unet: UNetSpatioTemporalConditionModel) -> None:
    inputs = 2 * LATENT_CHANNELS
    mixes = {}
    for k in range(LATENT_CHANNELS):
        mixes[PICTURE[k]] = [SCALING_FACTOR * (j == LATENT_CHANNELS + k) for j in range(inputs)]
        mixes[NOISE[k]] = [float(j == k) for j in range(inputs)]
    carry(unet.conv_in, mixes)
    kept = 3 * inputs
    first = unet.down_blocks[0].resnets[0]
    last = unet.up_blocks[-1].resnets[-1]
    for block in (first, last):
        silence(block.spatial_res_block.conv2, kept)
        silence(block.temporal_res_block.conv2, kept)
    # The second input of the last block is conv_in's own output.
    skip = last.spatial_res_block.conv_shortcut
    silence(skip, kept)
    offset = skip.weight.shape[1] - kept - (unet.config["block_out_channels"][0] - kept)
    for row in range(kept):
        skip.weight[row, offset + row] = 1
    release(unet.conv_norm_out, unet.conv_out, [-1.0] * LATENT_CHANNELS)
    unet.conv_out.weight[:, kept:] = 0


def _temporal_convolution(self: torch.nn.Conv3d, x: torch.Tensor) -> torch.Tensor:
    """A (3, 1, 1) convolution of [b, c, f, h, w] as a (3, 1) one of [b, c, f, h w], which processors do much quicker."""
    flat = torch.nn.functional.conv2d(x.flatten(3), self.weight.flatten(3), self.bias, padding=(1, 0))
    return flat.view(*flat.shape[:3], *x.shape[3:])


def quick_on_processors(unet: UNetSpatioTemporalConditionModel) -> None:
    """Compute the temporal convolutions as 2-D ones; the weights and the results are the same."""
    for layer in unet.modules():
        if isinstance(layer, torch.nn.Conv3d):
            layer.forward = _temporal_convolution.__get__(layer)


@torch.no_grad()
def make_unet() -> UNetSpatioTemporalConditionModel:
    """A new UNet; seeded by torch's global generator."""
    unet = UNetSpatioTemporalConditionModel(**CONFIG)
    for name, parameter in unet.named_parameters():
        if name.endswith("conv2.weight") or "proj_out.weight" in name:
            parameter.mul_(0.2)
    _show_the_still(unet)
    channels_last(unet)
    quick_on_processors(unet)
    return unet
