"""The first weights of the UNet: a camera that pans.

A pan is linear in the picture: each frame's latent is a matrix times the latents at a place and up to three places further
right, and the matrix depends on the distance s alone. So the move is written into the network's top level by hand,
with the matrices fitted by least squares, and training starts from a pan instead of a still:

1. `conv_in` carries the picture, the noise and the picture one place further right (see `carry` in vae_model.py for how a
   value passes a GroupNorm).
2. The first residual block puts the picture two places further right where the noise was, what one place more would change
   beside it, and the motion bucket.
3. The temporal transformer's first feed-forward multiplies the bucket with the frame's number: s. It also lets the last
   column's flat part go on beyond the right edge, which a convolution's zeros tell of. Its second multiplies the latents
   with ramps of s. What comes out is added to the picture.
4. The last two residual blocks hand the moved picture and the noise on to the output, each as strong as the noise level
   asks for: where the clip is known, the v-prediction is (noisy - (sigma^2 + 1) clean) / (sigma sqrt(sigma^2 + 1)).

What is written here stays as it is. Around it everything is trained, and adds to the picture on its way out: what comes into
view, what the noisy clip is good for, and whatever a line cannot say.
"""

import torch
from diffusers import UNetSpatioTemporalConditionModel
from torch import nn
from torch.nn import functional as F

from .linear_pan import KNOTS, SHARPNESS, TAPS
from .motion import FRAMES, travel
from .vae_model import CARRIER, FREQUENCIES, LATENT_CHANNELS, SCALING_FACTOR, carry, release, reveal, silence

SMALL = 0.35  # carried values are this much smaller than the latents, so that a picture's contrast hardly moves the norms
LEVEL = 30.0  # two constants of a token, far above all else in it, so that its LayerNorm is nearly a constant factor
PICTURE, NOISE, SECOND = (range(k * LATENT_CHANNELS, (k + 1) * LATENT_CHANNELS) for k in range(3))  # groups of three
SPEED = 3 * LATENT_CHANNELS  # the group of the motion bucket
EDGE = SPEED + 1  # the group of the right edge
EVERY_GROUP = EDGE + 1
# Channels that say nothing of how a row changes, the colours among them: what they hold can go on beyond the edge.
FLAT = (*(k for k, (_, across) in enumerate(FREQUENCIES) if across == 0), LATENT_CHANNELS - 2, LATENT_CHANNELS - 1)
# Features of the embedding that the hand-written part reads: the bucket's, then ramps over ln sigma.
SPEED_FEATURE = 0
LEVELS = torch.arange(-2.4, 6.0, 0.4)  # where they begin
STEEPNESS = 6.0
RESERVED = 1 + len(LEVELS)
SURE = 0.2  # the noise level below which the strengths no longer grow
LINE = 6.0  # where a SiLU or a GELU is a line
# Places in a token of the temporal transformer, after the taps.
BUCKET, FRAME, DISTANCE = TAPS, TAPS + 1, TAPS + 2
CONSTANTS = (TAPS + 3, TAPS + 4)
LAST, LAST_BUT_ONE = TAPS + 5, TAPS + 6
MOVE = range(TAPS + 7, TAPS + 7 + LATENT_CHANNELS)
NOTHING = MOVE.stop  # a zero, which tells what the LayerNorm has subtracted


def _line(features: torch.Tensor, target: torch.Tensor) -> tuple[torch.Tensor, float]:
    """Weights and bias of the best linear reading of `target` [n] from `features` [n, m]; small enough for half precision."""
    features, target = features.double(), target.double()
    middle, mean = features.mean(0), target.mean()
    gram = (features - middle).T @ (features - middle)
    gram += torch.eye(len(gram)) * gram.diagonal().mean() * 1e-6
    weight = torch.linalg.solve(gram, (features - middle).T @ (target - mean))
    return weight.float(), float(mean - middle @ weight)


def _write_row(layer: nn.Linear, row: int, weight: torch.Tensor | float, bias: float) -> None:
    layer.weight[row], layer.bias[row] = weight, bias


def _pair(layer: nn.Conv2d, into: int, source: int, gain: float, right: int = 0) -> None:
    """Add `gain` times the value of group `source`, `right` places further right, to the value of group `into`."""
    for row, sign in ((1, 1), (2, -1)):
        layer.weight[3 * into + row, 3 * source + 1, 1, 1 + right] += sign * gain
        layer.weight[3 * into + row, 3 * source + 2, 1, 1 + right] -= sign * gain


def _carry_in(layer: nn.Conv2d) -> None:
    inputs = 2 * LATENT_CHANNELS
    none = [0.0] * inputs
    mixes = {group: list(none) for group in range(EVERY_GROUP)}
    for k in range(LATENT_CHANNELS):
        mixes[NOISE[k]][k] = SMALL
        mixes[PICTURE[k]][LATENT_CHANNELS + k] = mixes[SECOND[k]][LATENT_CHANNELS + k] = SMALL * SCALING_FACTOR
    carry(layer, mixes)
    for group in SECOND:  # from the place to the right
        rows = slice(3 * group, 3 * group + 3)
        layer.weight[rows, :, 1, 2] = layer.weight[rows, :, 1, 1]
        layer.weight[rows, :, 1, 1] = 0


def _gather(unet: UNetSpatioTemporalConditionModel) -> None:
    """The first residual block: two places to the right instead of the noise, and the bucket."""
    block = unet.down_blocks[0].resnets[0]
    spatial = block.spatial_res_block
    reveal(spatial.norm1, EVERY_GROUP)
    silence(spatial.conv1, 3 * EVERY_GROUP)
    spatial.conv1.bias[:] = torch.tensor([CARRIER, -CARRIER / 2, -CARRIER / 2]).repeat(EVERY_GROUP)
    for k in range(LATENT_CHANNELS):
        _pair(spatial.conv1, PICTURE[k], NOISE[k], 1.0)
        _pair(spatial.conv1, NOISE[k], SECOND[k], 1.0, right=1)
    reveal(spatial.norm2, EVERY_GROUP)
    silence(spatial.conv2, 3 * EVERY_GROUP)
    for k in range(LATENT_CHANNELS):
        _pair(spatial.conv2, NOISE[k], NOISE[k], 1.0)
        _pair(spatial.conv2, NOISE[k], PICTURE[k], -1.0)
        for row in range(3):  # all three channels of a group alike: only the mean is lost, and a difference has nearly none
            for place, sign in ((2, 1), (1, -1)):
                spatial.conv2.weight[3 * NOISE[k] + row, 3 * NOISE[k] + 1, 1, place] += sign
                spatial.conv2.weight[3 * NOISE[k] + row, 3 * NOISE[k] + 2, 1, place] -= sign
    _pair(spatial.conv2, SPEED, SPEED, 1.0)
    _find_edge(spatial)
    silence(block.temporal_res_block.conv2, 3 * EVERY_GROUP)

    ids = torch.stack([torch.rand(4096) * 14 + 1, torch.rand(4096) * 300, torch.rand(4096) * 0.3], 1)
    phases = unet.add_time_proj(ids.flatten()).view(len(ids), -1)
    hidden = F.silu(unet.add_embedding.linear_1(phases))
    weight, bias = _line(hidden, travel(ids[:, 1]))
    _write_row(unet.add_embedding.linear_2, SPEED_FEATURE, weight, bias + LINE)
    silence(spatial.time_emb_proj, 3 * EVERY_GROUP)
    for row, sign in ((1, SMALL), (2, -SMALL)):
        spatial.time_emb_proj.weight[3 * SPEED + row, SPEED_FEATURE] = sign
        spatial.time_emb_proj.bias[3 * SPEED + row] = -LINE * sign


def _find_edge(spatial: nn.Module) -> None:
    """Where the next column is outside of the picture, a convolution sees a zero instead of a constant."""
    constant = 3 * EDGE
    spatial.norm1.weight[constant], spatial.norm1.bias[constant] = 0, LINE
    for row, sign in ((1, SMALL), (2, -SMALL)):
        spatial.conv1.weight[3 * EDGE + row, constant, 1, 2] = -sign / float(F.silu(torch.tensor(LINE)))
        spatial.conv1.bias[3 * EDGE + row] += sign
    _pair(spatial.conv2, EDGE, EDGE, 1.0)
    for row in range(3):  # the last column but one, as all channels alike
        spatial.conv2.weight[3 * EDGE + row, 3 * EDGE + 1, 1, 2] += 1
        spatial.conv2.weight[3 * EDGE + row, 3 * EDGE + 2, 1, 2] -= 1


def _multiply(unet: UNetSpatioTemporalConditionModel, move: torch.Tensor) -> None:
    """The transformer after it."""
    transformer = unet.down_blocks[0].attentions[0]
    deviation = CARRIER * 0.5**0.5
    rows = NOTHING + 1
    silence(transformer.proj_in, rows)
    pairs = (*enumerate((*PICTURE, *SECOND, *NOISE)), (BUCKET, SPEED), (LAST, EDGE))
    for place, group in pairs:
        transformer.proj_in.weight[place, 3 * group + 1] = deviation / SMALL / 2
        transformer.proj_in.weight[place, 3 * group + 2] = -deviation / SMALL / 2
    for place, group in (*enumerate(NOISE, TAPS - LATENT_CHANNELS), (LAST_BUT_ONE, EDGE)):
        transformer.proj_in.weight[place, 3 * group : 3 * group + 3] = deviation / SMALL / 3
    transformer.proj_in.weight[rows:] *= 0.1
    transformer.proj_in.bias[list(CONSTANTS)] = torch.tensor([LEVEL, -LEVEL])

    phases = transformer.time_proj(torch.arange(FRAMES))
    hidden = F.silu(transformer.time_pos_embed.linear_1(phases))
    silence(transformer.time_pos_embed.linear_2, rows)
    weight, bias = _line(hidden, torch.arange(FRAMES) / (FRAMES - 1))
    _write_row(transformer.time_pos_embed.linear_2, FRAME, weight, bias)

    spatial, temporal = transformer.transformer_blocks[0], transformer.temporal_transformer_blocks[0]
    for layer in (spatial.attn1.to_out[0], spatial.attn2.to_out[0], spatial.ff.net[2], temporal.attn1.to_out[0], temporal.attn2.to_out[0]):
        silence(layer, layer.out_features)
    norm = (2 * LEVEL**2 / transformer.inner_dim) ** 0.5
    multiply, ramp = temporal.ff_in, temporal.ff
    for feed_forward in (multiply, ramp):
        silence(feed_forward.net[2], feed_forward.net[2].out_features)
    inner = ramp.net[2].in_features

    def unit(feed_forward: nn.Module, index: int, value: dict[int, float], gate: dict[int, float], offset: float) -> None:
        layer = feed_forward.net[0].proj
        for row, places, bias in ((index, value, 0.0), (inner + index, gate, offset)):
            _write_row(layer, row, 0.0, bias)
            for place, gain in places.items():
                layer.weight[row, place] = gain * norm
            layer.weight[row, NOTHING] = -sum(places.values()) * norm

    unit(multiply, 0, {BUCKET: 1.0}, {FRAME: 1.0}, LINE)
    unit(multiply, 1, {BUCKET: 1.0}, {}, LINE)
    multiply.net[2].weight[DISTANCE, 0], multiply.net[2].weight[DISTANCE, 1] = 1.0, -1.0
    second, third = LATENT_CHANNELS, 2 * LATENT_CHANNELS  # where these taps begin
    index = 2
    for source, edge, targets in ((0, LAST, (second, third)), (second, LAST_BUT_ONE, (third,))):
        for channel in FLAT:
            unit(multiply, index, {source + channel: 1.0}, {edge: 2 * LINE}, -LINE)
            for target in targets:
                multiply.net[2].weight[target + channel, index] = 1 / LINE
            index += 1
    for knot, matrix in enumerate(move):
        for channel, row in enumerate(matrix):
            index = knot * LATENT_CHANNELS + channel
            unit(ramp, index, dict(enumerate(row.tolist())), {DISTANCE: SHARPNESS}, -SHARPNESS * float(KNOTS[knot]))
            ramp.net[2].weight[MOVE[channel], index] = 1 / SHARPNESS

    share = 1 - torch.sigmoid(transformer.time_mixer.mix_factor)
    silence(transformer.proj_out, transformer.proj_out.out_features)
    for k in range(LATENT_CHANNELS):
        transformer.proj_out.weight[3 * PICTURE[k] + 1, MOVE[k]] = SMALL / share
        transformer.proj_out.weight[3 * PICTURE[k] + 2, MOVE[k]] = -SMALL / share


def _hand_on(unet: UNetSpatioTemporalConditionModel) -> None:
    """The last two residual blocks, and the output."""
    top = unet.config["block_out_channels"][0]
    for block, parts in zip(unet.up_blocks[-1].resnets, ((("skip", PICTURE),), (("hidden", PICTURE), ("skip", NOISE)))):
        skip = block.spatial_res_block.conv_shortcut
        kept = 3 * parts[-1][1].stop
        for layer in (skip, block.spatial_res_block.conv2, block.temporal_res_block.conv2):
            silence(layer, kept)
        for source, groups in parts:
            offset = skip.weight.shape[1] - top if source == "skip" else 0
            for row in range(3 * groups.start, 3 * groups.stop):
                skip.weight[row, offset + row] = 1
    release(unet.conv_norm_out, unet.conv_out, [-1 / SMALL] * LATENT_CHANNELS)
    unet.conv_out.weight[:, 3 * NOISE.stop :] = 0


def _reserve(unet: UNetSpatioTemporalConditionModel) -> None:
    """Features of the embedding for the hand-written part alone, of which the ramps are straight lines over ln sigma."""
    for layer in (unet.time_embedding.linear_2, unet.add_embedding.linear_2):
        silence(layer, RESERVED)
    for name, layer in unet.named_modules():
        if name.endswith("time_emb_proj"):
            layer.weight[:, :RESERVED] = 0
    level = torch.linspace(-4, 6.6, 2048)
    hidden = F.silu(unet.time_embedding.linear_1(unet.time_proj(0.25 * level)))
    for feature, begin in enumerate(LEVELS, 1):
        weight, bias = _line(hidden, STEEPNESS * (level - begin))
        _write_row(unet.time_embedding.linear_2, feature, weight, bias)


def _strengthen(unet: UNetSpatioTemporalConditionModel) -> None:
    """The last residual block adds to the picture and to the noise what the noise level asks for.

    A carried value is divided by its constant in a GroupNorm. So a constant that depends on the noise level is a factor.
    """
    block = unet.up_blocks[-1].resnets[-1].spatial_res_block
    first = unet.config["block_out_channels"][0]  # where conv_in's output begins in its input, after the moved picture's
    sources = {group: 0 for group in PICTURE} | {group: first for group in NOISE}
    reveal(block.norm1, EVERY_GROUP)
    block.norm1.weight[first:], block.norm1.bias[first:] = block.norm1.weight[:first], block.norm1.bias[:first]
    block.norm1.weight[3 * PICTURE.stop : first], block.norm1.bias[3 * PICTURE.stop : first] = 1, 0
    used = 3 * len(sources)
    silence(block.conv1, used)
    silence(block.time_emb_proj, used)
    reveal(block.norm2, len(sources))

    level = torch.linspace(-4, 6.5, 2048).double()
    sigma = level.exp().clamp(min=SURE)
    lines = F.silu(STEEPNESS * (level[:, None] - LEVELS))
    features = torch.cat([lines, torch.ones(len(level), 1).double()], 1)
    for groups, strength in ((PICTURE, (sigma**2 + 1).sqrt() / sigma - 1), (NOISE, 1 / sigma)):
        constant = CARRIER * strength.max() / strength.clamp(min=strength.max() / 500)
        reading = torch.linalg.lstsq(features / constant[:, None], torch.ones(len(level), 1).double()).solution[:, 0]
        gain = float(strength.max()) * (-1 if groups is NOISE else 1)
        for group in groups:
            for row, part in ((0, 1.0), (1, -0.5), (2, -0.5)):
                block.time_emb_proj.weight[3 * group + row, 1:RESERVED] = part * reading[:-1]
                block.conv1.bias[3 * group + row] = part * reading[-1]
            offset = sources[group]
            for row, sign in ((1, 1.0), (2, -1.0)):
                block.conv1.weight[3 * group + row, offset + 3 * group + 1, 1, 1] = sign
                block.conv1.weight[3 * group + row, offset + 3 * group + 2, 1, 1] = -sign
            # The output is less the picture: the noise's part is taken from it.
            _pair(block.conv2, PICTURE[group - groups.start], group, gain)


@torch.no_grad()
def write_camera(unet: UNetSpatioTemporalConditionModel, move: torch.Tensor) -> None:
    """Write the pan [knots, 10, taps] of `linear_pan.fit_move` into a new UNet."""
    _reserve(unet)
    _carry_in(unet.conv_in)
    _gather(unet)
    _multiply(unet, move)
    _hand_on(unet)
    _strengthen(unet)


def keep_camera(unet: UNetSpatioTemporalConditionModel) -> None:
    """Take what `write_camera` has written out of the training; call it once per network."""
    top, last = unet.up_blocks[-1].resnets
    final = last.spatial_res_block
    whole = (unet.conv_in, unet.time_embedding, unet.add_embedding, unet.down_blocks[0].resnets, unet.down_blocks[0].attentions)
    whole += (top.spatial_res_block.conv_shortcut, final.conv_shortcut, final.norm1, final.norm2, final.time_emb_proj)
    for module in (*whole, unet.conv_norm_out, unet.conv_out):
        module.requires_grad_(False)
    written = 3 * NOISE.stop  # rows of the last block's first convolution, columns of its second
    for parameter, part in ((final.conv1.weight, (slice(written),)), (final.conv1.bias, (slice(written),)), (final.conv2.weight, (slice(None), slice(written)))):
        free = torch.ones_like(parameter)
        free[part] = 0
        parameter.register_hook(lambda gradient, free=free: gradient * free)
