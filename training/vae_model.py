"""The small temporal-decoder VAE: an encoder that is written down, not trained, and a decoder that learns.

The encoder keeps brightness at half resolution and colour at a quarter: six channels per 4x4 pixels, the four Haar bands
of the half-resolution brightness and two colour differences. It is linear, so a moved picture gives moved bands, nothing
has to be learnt for it, and the UNet can be trained at the same time as the decoder.

diffusers' networks end in a GroupNorm of 32 groups. With three channels per group (96 of them) a group (a, -a/2 + v,
-a/2 - v) carries the mean and the contrast of v through it, and silu(v) - silu(-v) = v through the activation. With one or
two channels per group neither passes.
"""

import math

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKLTemporalDecoder
from torch import nn

from .run import channels_last

SCALING_FACTOR = 0.18215
LATENT_CHANNELS = 6
DOWN = 4
CARRIER = 4.0  # the constant a of the groups that carry a value
LUMA = (0.299, 0.587, 0.114)
TO_YCC = torch.tensor([LUMA, (-0.1687, -0.3313, 0.5), (0.5, -0.4187, -0.0813)])
# Multiplies [average, vertical, horizontal and diagonal difference, blue, red]: brightness comes to deviation 1, the rest
# to less, so that fine texture does not outweigh the picture in the UNet's loss.
GAINS = torch.tensor([2.0, 5.0, 5.0, 6.0, 4.0, 4.0])
CONFIG = {
    "in_channels": 3,
    "out_channels": 3,
    "down_block_types": ["DownEncoderBlock2D"] * 3,
    "block_out_channels": [96, 64, 96],
    "layers_per_block": 1,
    "latent_channels": LATENT_CHANNELS,
    "sample_size": 192,
    "scaling_factor": SCALING_FACTOR,
    "force_upcast": False,
}
HAAR = torch.tensor([[[1.0, 1], [1, 1]], [[1, 1], [-1, -1]], [[1, -1], [1, -1]], [[1, -1], [-1, 1]]]) / 4


def bands(pixels: torch.Tensor) -> torch.Tensor:
    """What the encoder computes, times the scaling factor: pixels [..., 3, h, w] to [..., 6, h/4, w/4]."""
    lead = pixels.shape[:-3]
    x = torch.einsum("oc,bchw->bohw", TO_YCC, pixels.reshape(-1, *pixels.shape[-3:]))
    x = F.avg_pool2d(x, 2)
    luma = F.conv2d(x[:, :1], HAAR[:, None], stride=2)
    z = torch.cat([luma, F.avg_pool2d(x[:, 1:], 2)], 1) * GAINS.view(-1, 1, 1)
    return z.view(*lead, *z.shape[1:])


def pixels_of(z: torch.Tensor) -> torch.Tensor:
    """A rough inverse of `bands` without the decoder, for looking: [b, 6, h, w] to [b, 3, 2h, 2w]."""
    z = z / GAINS.view(-1, 1, 1)
    luma = F.conv_transpose2d(z[:, :4], HAAR[:, None] * 4, stride=2)
    colour = F.interpolate(z[:, 4:], scale_factor=2, mode="bilinear")
    return torch.einsum("oc,bchw->bohw", TO_YCC.inverse(), torch.cat([luma, colour], 1))


def silence(layer: nn.Module, rows: int) -> None:
    """Nothing is written to the first channels of a layer's output."""
    layer.weight[:rows] = 0
    if layer.bias is not None:
        layer.bias[:rows] = 0


def carry(layer: nn.Conv2d, sources: dict[int, list[float]]) -> None:
    """A layer whose channels 3 g .. 3 g + 2 become the group (a, -a/2 + v, -a/2 - v), v a mix of its inputs."""
    middle = layer.kernel_size[0] // 2
    for group, mix in sources.items():
        rows = slice(3 * group, 3 * group + 3)
        layer.weight[rows] = 0
        layer.bias[3 * group] = CARRIER
        layer.bias[3 * group + 1 : 3 * group + 3] = -CARRIER / 2
        for source, gain in enumerate(mix):
            layer.weight[3 * group + 1, source, middle, middle] = gain
            layer.weight[3 * group + 2, source, middle, middle] = -gain


def release(norm: nn.GroupNorm, out: nn.Conv2d, gains: list[float]) -> None:
    """GroupNorm, SiLU and a convolution that give back the v of each group, times its gain."""
    deviation = math.sqrt((1.5 * CARRIER**2 + 2 * 0.05) / 3)
    silence(out, len(gains))
    for group, gain in enumerate(gains):
        norm.weight[3 * group : 3 * group + 3] = deviation
        norm.bias[3 * group] = -CARRIER
        norm.bias[3 * group + 1 : 3 * group + 3] = CARRIER / 2
        out.weight[group, 3 * group + 1, 1, 1] = gain
        out.weight[group, 3 * group + 2, 1, 1] = -gain


@torch.no_grad()
def _write_encoder(vae: AutoencoderKLTemporalDecoder) -> None:
    encoder = vae.encoder
    for parameter in (*encoder.parameters(), *vae.quant_conv.parameters()):
        parameter.zero_()
    for norm in (m for m in encoder.modules() if isinstance(m, nn.GroupNorm)):
        norm.weight.fill_(1)
    encoder.conv_in.weight[:3, :, 1, 1] = TO_YCC
    first, second, third = encoder.down_blocks
    for k in range(3):
        first.downsamplers[0].conv.weight[k, k, :2, :2] = 0.25
        second.resnets[0].conv_shortcut.weight[k, k] = 1
    half = second.downsamplers[0].conv
    half.weight[:4, 0, :2, :2] = HAAR
    half.weight[4, 1, :2, :2] = half.weight[5, 2, :2, :2] = 0.25
    spread = (GAINS / 6).tolist()  # so that the carried values stay small against the carrier
    carry(third.resnets[0].conv_shortcut, {k: [spread[k] * (k == j) for j in range(6)] for k in range(6)})
    release(encoder.conv_norm_out, encoder.conv_out, [6 / SCALING_FACTOR] * 6)
    encoder.conv_out.bias[LATENT_CHANNELS:] = -12
    for k in range(2 * LATENT_CHANNELS):
        vae.quant_conv.weight[k, k] = 1


@torch.no_grad()
def _start_decoder_as_upsampler(vae: AutoencoderKLTemporalDecoder) -> None:
    decoder = vae.decoder
    for name, parameter in decoder.named_parameters():
        if name.endswith(("conv2.weight", "to_out.0.weight")):
            parameter.mul_(0.3)
        if "temporal_res_block.conv2" in name:
            parameter.zero_()  # the temporal branches are, and stay, exact identities
    tent = torch.tensor([1.0, 2.0, 1.0])
    tent = torch.outer(tent, tent) / 16
    decoder.conv_in.weight.mul_(SCALING_FACTOR)
    silence(decoder.conv_in, 3)
    to_rgb = TO_YCC.inverse()
    for colour in range(3):
        for k, source in enumerate((0, 4, 5)):
            decoder.conv_in.weight[colour, source, 1, 1] = SCALING_FACTOR * to_rgb[colour, k] / GAINS[source]
    for block in decoder.mid_block.resnets:
        silence(block.spatial_res_block.conv2, 3)
    silence(decoder.mid_block.attentions[0].to_out[0], 3)
    for level, block in enumerate(decoder.up_blocks):
        for resnet in block.resnets:
            silence(resnet.spatial_res_block.conv2, 9 if level == 2 else 3)
        shortcut = block.resnets[0].spatial_res_block.conv_shortcut
        if level == 2:
            carry(shortcut, {k: [float(k == j) for j in range(3)] for k in range(3)})
        elif shortcut is not None:
            silence(shortcut, 3)
            for k in range(3):
                shortcut.weight[k, k] = 1
        if level < 2:
            silence(block.upsamplers[0].conv, 3)
            for k in range(3):
                block.upsamplers[0].conv.weight[k, k] = tent
    release(decoder.conv_norm_out, decoder.conv_out, [1.0] * 3)
    decoder.time_conv_out.weight.zero_()
    decoder.time_conv_out.bias.zero_()
    for k in range(3):
        decoder.time_conv_out.weight[k, k, 1] = 1


def make_vae() -> AutoencoderKLTemporalDecoder:
    """A new VAE. Only the decoder's spatial parameters require gradients."""
    vae = AutoencoderKLTemporalDecoder(**CONFIG)
    _write_encoder(vae)
    _start_decoder_as_upsampler(vae)
    for name, parameter in vae.named_parameters():
        parameter.requires_grad_(name.startswith("decoder") and "temporal" not in name and "time_" not in name)
    channels_last(vae)
    return vae


def decode_half(vae: AutoencoderKLTemporalDecoder, z: torch.Tensor) -> torch.Tensor:
    """Bands [b, 6, h, w] to features [b, 64, 2h, 2w], of which the first three start as the half-size picture."""
    decoder = vae.decoder
    x = decoder.conv_in(z / SCALING_FACTOR)
    x = decoder.mid_block.resnets[0].spatial_res_block(x, None)
    for attention, resnet in zip(decoder.mid_block.attentions, decoder.mid_block.resnets[1:]):
        x = resnet.spatial_res_block(attention(x), None)
    for level in (0, 1):
        for resnet in decoder.up_blocks[level].resnets:
            x = resnet.spatial_res_block(x, None)
        if level == 0:
            x = decoder.up_blocks[0].upsamplers[0](x)
    return x


def decode_stills(vae: AutoencoderKLTemporalDecoder, z: torch.Tensor) -> torch.Tensor:
    """Bands [b, 6, h, w] to pixels [b, 3, 4h, 4w]; skips the temporal branches, which are exact identities."""
    decoder = vae.decoder
    x = decoder.up_blocks[1].upsamplers[0](decode_half(vae, z))
    for resnet in decoder.up_blocks[2].resnets:
        x = resnet.spatial_res_block(x, None)
    return decoder.conv_out(decoder.conv_act(decoder.conv_norm_out(x)))
