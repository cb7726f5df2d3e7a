"""The small temporal-decoder VAE: an encoder that is written down, not trained, and a decoder that learns.

The encoder keeps, of each 4x4 pixels, the eight lowest coefficients of the cosine transform of the brightness and the mean
of two colour differences: ten channels. It is linear, so nothing has to be learnt for it, and the UNet can be trained at
the same time as the decoder, on moved pixels.

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
DOWN = 4
CARRIER = 4.0  # the constant a of the groups that carry a value
LUMA = (0.299, 0.587, 0.114)
TO_YCC = torch.tensor([LUMA, (-0.1687, -0.3313, 0.5), (0.5, -0.4187, -0.0813)])
# Vertical and horizontal frequency of the brightness's coefficients. Ten channels rebuild held-out photos, by least
# squares, to 32.4 dB; six (the first four) to 29.6, twelve to 33.7.
FREQUENCIES = ((0, 0), (0, 1), (1, 0), (1, 1), (0, 2), (2, 0), (1, 2), (2, 1))
LATENT_CHANNELS = len(FREQUENCIES) + 2
# Multiplies the coefficients, then blue and red: brightness comes to deviation 1, the rest to the square root of its share,
# so that neither the fine texture nor the flat picture is all that the UNet's loss sees.
GAINS = torch.tensor([0.4, 1.1, 1.1, 1.8, 1.8, 1.8, 2.4, 2.4, 0.7, 0.7])
# Multiplies the squared error of each channel so that their mean is the squared error in pixels, but for a factor.
PIXEL_WEIGHTS = GAINS**-2 / (GAINS**-2).mean()
HAAR = torch.tensor([[[1.0, 1], [1, 1]], [[1, 1], [-1, -1]], [[1, -1], [1, -1]], [[1, -1], [-1, 1]]]) / 4
CONFIG = {
    "in_channels": 3,
    "out_channels": 3,
    "down_block_types": ["DownEncoderBlock2D"] * 3,
    "block_out_channels": [96, 64, 96],
    "layers_per_block": 1,
    "latent_channels": LATENT_CHANNELS,
    "sample_size": 192,
    "scaling_factor": SCALING_FACTOR,
    # As SVD: in half precision its first frame would be off by a grey level more.
    "force_upcast": True,
}


def _coefficients() -> torch.Tensor:
    """The orthonormal cosine transform's kernels [8, 4, 4], then the mean's for a colour difference: [9, 4, 4]."""
    place = math.pi * (2 * torch.arange(4.0) + 1) / 8
    waves = torch.stack([torch.cos(place * k) * (0.5 if k == 0 else 0.5**0.5) for k in range(4)])
    return torch.stack([torch.outer(waves[y], waves[x]) for y, x in (*FREQUENCIES, (0, 0))])


KERNELS = _coefficients()


def bands(pixels: torch.Tensor) -> torch.Tensor:
    """What the encoder computes, times the scaling factor: pixels [..., 3, h, w] to [..., 10, h/4, w/4]."""
    lead = pixels.shape[:-3]
    x = torch.einsum("oc,bchw->bohw", TO_YCC, pixels.reshape(-1, *pixels.shape[-3:]))
    luma = F.conv2d(x[:, :1], KERNELS[:-1, None], stride=DOWN)
    colour = F.avg_pool2d(x[:, 1:], DOWN) * DOWN
    z = torch.cat([luma, colour], 1) * GAINS.view(-1, 1, 1)
    return z.view(*lead, *z.shape[1:])


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


def reveal(norm: nn.GroupNorm, groups: int) -> None:
    """A norm after which, and a SiLU, the last two channels of each of the first groups differ by the v that it carries."""
    deviation = math.sqrt((1.5 * CARRIER**2 + 2 * 0.05) / 3)
    norm.weight[: 3 * groups] = deviation
    norm.bias[: 3 * groups] = torch.tensor([-CARRIER, CARRIER / 2, CARRIER / 2]).repeat(groups)


def release(norm: nn.GroupNorm, out: nn.Conv2d, gains: list[float]) -> None:
    """GroupNorm, SiLU and a convolution that give back the v of each group, times its gain."""
    reveal(norm, len(gains))
    silence(out, len(gains))
    for group, gain in enumerate(gains):
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
    halves = first.downsamplers[0].conv  # the four differences of 2x2 brightnesses, then two colour means
    halves.weight[:4, 0, :2, :2] = HAAR
    for k in (1, 2):
        halves.weight[3 + k, k, :2, :2] = 0.25
    for k in range(6):
        second.resnets[0].conv_shortcut.weight[k, k] = 1
    quarters = second.downsamplers[0].conv
    patches = KERNELS.view(-1, 2, 2, 2, 2).permute(0, 1, 3, 2, 4)  # [9, y, x of the half, 2, 2]
    luma = len(FREQUENCIES)
    quarters.weight[:luma, :4, :2, :2] = torch.einsum("kyxij,bij->kbyx", patches[:luma], HAAR * 4)
    quarters.weight[luma, 4, :2, :2] = quarters.weight[luma + 1, 5, :2, :2] = 1.0
    channels = range(LATENT_CHANNELS)
    spread = (GAINS / 6).tolist()  # so that the carried values stay small against the carrier
    carry(third.resnets[0].conv_shortcut, {k: [spread[k] * (k == j) for j in channels] for k in channels})
    release(encoder.conv_norm_out, encoder.conv_out, [6 / SCALING_FACTOR] * LATENT_CHANNELS)
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
        for k, source in enumerate((0, LATENT_CHANNELS - 2, LATENT_CHANNELS - 1)):
            decoder.conv_in.weight[colour, source, 1, 1] = SCALING_FACTOR * to_rgb[colour, k] / GAINS[source] / DOWN
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
    """Bands [b, 10, h, w] to features [b, 64, 2h, 2w], of which the first three start as the half-size picture."""
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
    """Bands [b, 10, h, w] to pixels [b, 3, 4h, 4w]; skips the temporal branches, which are exact identities."""
    decoder = vae.decoder
    x = decoder.up_blocks[1].upsamplers[0](decode_half(vae, z))
    for resnet in decoder.up_blocks[2].resnets:
        x = resnet.spatial_res_block(x, None)
    return decoder.conv_out(decoder.conv_act(decoder.conv_norm_out(x)))
