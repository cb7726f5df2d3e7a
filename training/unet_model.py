"""The small spatio-temporal UNet. Its weights are written, see camera.py."""

import torch
from diffusers import UNetSpatioTemporalConditionModel

from .camera import write_camera
from .motion import FRAMES
from .run import channels_last
from .vae_model import LATENT_CHANNELS

EMBEDDING = 64
CONFIG = {
    "sample_size": 48,
    "in_channels": 2 * LATENT_CHANNELS,
    "out_channels": LATENT_CHANNELS,
    "down_block_types": ["DownBlockSpatioTemporal"] * 3,
    "up_block_types": ["UpBlockSpatioTemporal", "UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"],
    "block_out_channels": [96, 96, 96],
    "addition_time_embed_dim": 32,
    "projection_class_embeddings_input_dim": 96,
    "layers_per_block": [2, 1, 3],
    "cross_attention_dim": EMBEDDING,
    "transformer_layers_per_block": 1,
    "num_attention_heads": [1, 1, 1],
    "num_frames": FRAMES,
}


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
def make_unet(far: torch.Tensor, near: torch.Tensor) -> UNetSpatioTemporalConditionModel:
    """A UNet that makes the moves of `linear_move.fit_move`, for its first transformer and for its second."""
    unet = UNetSpatioTemporalConditionModel(**CONFIG)
    write_camera(unet, far, near)
    channels_last(unet)
    quick_on_processors(unet)
    return unet
