"""The weights of the UNet: a camera that pans, or moves in on the middle of an edge.

Both moves are linear in the picture: each frame's latent is a matrix times the latents at a place and the next ones, and the
matrix depends on the distance alone (linear_move.py). So the moves are written into the network's top level by hand:

1. `conv_in` carries the picture, the noise and the picture one place further right.
2. The first residual block makes that three places, makes all of the picture as strong as the noise level asks for (where
   the clip is known, the v-prediction is (noisy - (sigma^2 + 1) clean) / (sigma sqrt(sigma^2 + 1))), and reads the bucket.
3. On the way up, the first residual block lays out the latents at 0 to 5 places further right; the lower levels tell it how
   far the edges are (ruler.py).
4. The first transformer multiplies the bucket with the frame's number, and that with the distance to the edges. Its last
   feed-forward multiplies the latents with ramps of the distance: the picture moves by up to five places to the right.
5. The second residual block and transformer do the same upwards and downwards, by up to two places.
6. The third ones do what is left of the way to the right, and lay out the noise.
7. The output subtracts the moved picture from the noise.

Of two stages of a pan at most one moves by a fraction of a place: the other one rests or goes as far as it can.
"""

from collections.abc import Callable

import torch
from diffusers import UNetSpatioTemporalConditionModel
from torch import nn
from torch.nn import functional as F

from .linear_move import SHARPNESS, expressed, turned, upwards
from .motion import TRAVEL, ZOOM, ZOOM_BUCKET, shrink, travel
from .ruler import UNIT, write_ruler
from .tokens import LEVEL, Tokens
from .vae_model import CARRIER, LATENT_CHANNELS, SCALING_FACTOR
from .wiring import GROUPS, LINE, Slot, add, blank, carriers, hand_over, open_block, open_norm, reading

SMALL = 0.06  # carried values are this much smaller than the latents, so that a picture's contrast hardly moves the norms
TOKEN = 0.25  # the same in a transformer's tokens
AMOUNT = 0.1  # what the whole way of a pan or a zoom is carried as
FAR, NEAR = 5, 2  # places that the first transformer and the others can move by
CHANNELS = range(LATENT_CHANNELS)
FIRST, SECOND, THIRD = (range(k * LATENT_CHANNELS, (k + 1) * LATENT_CHANNELS) for k in range(3))  # groups
PAN, CLOSE = GROUPS - 2, GROUPS - 1  # the groups of the amounts
# Features of the embedding: the amounts, then ramps over ln sigma that begin at these levels.
LEVELS = torch.arange(-2.4, 6.0, 0.4)
STEEPNESS = 6.0
BUCKET_FEATURES = 2
SURE = 0.2  # the noise level below which the strengths no longer grow
OFFSET = 8.0  # added to the amounts, so that the SiLU after them is a line


def _write_embeddings(unet: UNetSpatioTemporalConditionModel) -> None:
    level = torch.linspace(-4, 6.6, 2048)
    hidden = F.silu(unet.time_embedding.linear_1(unet.time_proj(0.25 * level)))
    for feature, begin in enumerate(LEVELS, BUCKET_FEATURES):
        unet.time_embedding.linear_2.weight[feature], unet.time_embedding.linear_2.bias[feature] = reading(hidden, STEEPNESS * (level - begin))
    layer = unet.add_embedding.linear_1
    part = layer.in_features // 3
    layer.weight[:, :part] = layer.weight[:, 2 * part :] = 0  # neither the frame rate nor the noise says anything
    layer.weight.mul_(6).copy_(layer.weight.half())
    bucket = torch.cat([torch.arange(0, 320, 0.5), torch.arange(ZOOM_BUCKET, ZOOM_BUCKET + 320, 0.5)])
    ids = torch.stack([torch.full_like(bucket, 6), bucket, torch.full_like(bucket, 0.02)], 1)
    hidden = F.silu(layer(unet.add_time_proj(ids.flatten()).view(len(ids), -1)))
    for feature, target in enumerate((travel(bucket) / TRAVEL, shrink(bucket) / ZOOM)):
        weight, bias = reading(hidden, target)
        unet.add_embedding.linear_2.weight[feature], unet.add_embedding.linear_2.bias[feature] = weight, bias + OFFSET


def _depend(block: nn.Module, groups: range, strength: Callable[[torch.Tensor], torch.Tensor]) -> float:
    """The pairs of these groups, between the block's convolutions, become as strong as the noise level asks for. Returns a
    factor that is still missing.

    A carried value is divided by its constant in a GroupNorm. So a constant that depends on the noise level is a factor.
    """
    level = torch.linspace(-4, 6.5, 2048).double()
    wanted = strength(level.exp().clamp(min=SURE))
    constant = CARRIER * wanted.max() / wanted.clamp(min=wanted.max() / 500)
    features = torch.cat([F.silu(STEEPNESS * (level[:, None] - LEVELS)), torch.ones(len(level), 1).double()], 1)
    found = torch.linalg.lstsq(features / constant[:, None], torch.ones(len(level), 1).double()).solution[:, 0]
    for group in groups:
        for row, part in ((0, 1.0), (1, -0.5), (2, -0.5)):
            block.time_emb_proj.weight[3 * group + row, BUCKET_FEATURES : BUCKET_FEATURES + len(LEVELS)] = part * found[:-1]
            block.conv1.bias[3 * group + row] = part * found[-1]
    return float(wanted.max())


def _picture_strength(sigma: torch.Tensor) -> torch.Tensor:
    return (sigma**2 + 1).sqrt() / sigma


def _carry_in(layer: nn.Conv2d) -> None:
    layer.bias[:] = carriers(GROUPS)
    for k in CHANNELS:
        for group, source, gain, right in (
            (FIRST[k], LATENT_CHANNELS + k, SCALING_FACTOR, 0),
            (SECOND[k], k, 1.0, 0),
            (THIRD[k], LATENT_CHANNELS + k, SCALING_FACTOR, 1),
        ):
            for row, sign in Slot(group).rows():
                layer.weight[row, source, 1, 1 + right] = sign * SMALL * gain


def _prepare(block: nn.Module) -> None:
    """The first residual block: the picture at 0 and, instead of 1, 3 places further right, as strong as asked for."""
    spatial = open_block(block)
    more = _depend(spatial, FIRST, lambda sigma: _picture_strength(sigma) - 1)
    whole = _depend(spatial, SECOND, _picture_strength)
    for k in CHANNELS:
        add(spatial.conv1, Slot(FIRST[k]), FIRST[k])
        add(spatial.conv2, Slot(FIRST[k]), FIRST[k], more)
        add(spatial.conv1, Slot(SECOND[k]), THIRD[k], right=1)
        add(spatial.conv2, Slot(THIRD[k]), SECOND[k], whole, right=1)
        add(spatial.conv1, Slot(THIRD[k]), THIRD[k])
        add(spatial.conv2, Slot(THIRD[k]), THIRD[k], -1.0)
    rest = float(F.silu(torch.tensor(OFFSET)))
    for feature, group in enumerate((PAN, CLOSE)):
        for row, sign in Slot(group).rows():
            spatial.time_emb_proj.weight[row, feature] = sign * AMOUNT
            spatial.time_emb_proj.bias[row] = -sign * AMOUNT * rest
        add(spatial.conv2, Slot(group), group)


AMOUNT_SLOTS = {"pan": Slot(20), "close": Slot(21)}
# The distance to the right edge, and by how much the one to the lower edge is more than the mean of both: the ruler's channels
# and what they count as.
EDGE_SLOTS = {"right": (Slot(22), {0: 1.0}), "below": (Slot(23), {1: 0.5, 2: -0.5})}


def _between(place: int, k: int) -> Slot:
    """Where what the latent at 1 to 4 places has above the line between those at 0 and 5 lies; it has hardly a mean."""
    if place < 4:
        return Slot((FIRST, SECOND, THIRD)[place - 1][k], alike=True)
    return Slot(24 + k) if k < 8 else Slot(22 + k, alike=True)


def _lay_out_far(block: nn.Module) -> None:
    """The latents at 0 and 5 places, what those between them have above a line, the amounts, and how far the edges are."""
    spatial = open_block(block)
    shortcut, below = spatial.conv_shortcut, spatial.conv_shortcut.in_channels - spatial.conv_shortcut.out_channels
    shortcut.bias[:] = carriers(GROUPS)
    first = below // 3
    for k in CHANNELS:
        add(spatial.conv1, Slot(FIRST[k]), first + FIRST[k], right=1)  # 1
        add(spatial.conv1, Slot(SECOND[k]), first + THIRD[k], right=1)  # 4
        hand_over(shortcut, Slot(FIRST[k]), FIRST[k], offset=below)
        add(spatial.conv2, Slot(SECOND[k]), SECOND[k], right=1)
        add(spatial.conv2, _between(1, k), FIRST[k])
        add(spatial.conv2, _between(2, k), FIRST[k], right=1)
        hand_over(shortcut, _between(3, k), THIRD[k], offset=below)
        add(spatial.conv2, _between(4, k), SECOND[k])
        for place in range(1, FAR):
            hand_over(shortcut, _between(place, k), FIRST[k], place / FAR - 1, offset=below)
            add(spatial.conv2, _between(place, k), SECOND[k], -place / FAR, right=1)
    for group, slot in zip((PAN, CLOSE), AMOUNT_SLOTS.values()):
        hand_over(shortcut, slot, group, offset=below)
    for slot, mix in EDGE_SLOTS.values():
        for row, sign in slot.rows():
            for channel, gain in mix.items():
                shortcut.weight[row, channel] = sign * gain


def _names(*stems: str) -> list[str]:
    return [f"{stem} {k}" for stem in stems for k in CHANNELS]


def _move_far(transformer: nn.Module, move: torch.Tensor) -> None:
    """The first transformer: by up to five places to the right. Hands the second one its distances, in latent pixels."""
    tokens = Tokens(transformer)
    scale = TOKEN / SMALL
    for k in CHANNELS:
        tokens.read(f"0 {k}", Slot(FIRST[k]), scale)
        tokens.read(f"{FAR} {k}", Slot(SECOND[k]), scale)
        for place in range(1, FAR):
            tokens.read(f"{place} {k}", _between(place, k), scale)
    for name, slot in AMOUNT_SLOTS.items():
        tokens.read(name, slot, 1 / AMOUNT)
    for name, (slot, _) in EDGE_SLOTS.items():
        tokens.read(name, slot, 1 / UNIT / 64)
    tokens.read_frame("frame")
    for edge in EDGE_SLOTS:
        tokens.product("spatial", "close", edge, f"close {edge}")
        tokens.product("first", f"close {edge}", "frame", f"way {edge}")
    tokens.unit("spatial", {"close": 1.0}, ({}, LINE), {"close right": -0.5 / 64 / LINE})  # from the middle of a place
    tokens.product("first", "pan", "frame", "way")
    zoom = 64 * ZOOM
    line = [[1 - place / FAR, *(float(place == other) for other in range(1, FAR)), place / FAR] for place in range(FAR + 1)]
    taps = _names(*(str(place) for place in range(FAR + 1)))
    tokens.shift("second", expressed(move, line), taps, {"way": TRAVEL, "way right": zoom}, _names("move"))
    whole = {"way": TRAVEL * SHARPNESS, "way right": zoom * SHARPNESS}
    tokens.unit("second", {"up": 1 / LEVEL}, (whole, -SHARPNESS * FAR), {"rest": 1 / SHARPNESS})
    for k in CHANNELS:
        tokens.write(f"move {k}", Slot(FIRST[k]), 1 / scale, temporal=True)
        tokens.write(f"1 {k}", _between(1, k), -1 / scale)
        tokens.write(f"4 {k}", _between(4, k), -1 / scale)
    tokens.write("rest", Slot(PAN), AMOUNT, temporal=True)
    tokens.write("way below", Slot(CLOSE), AMOUNT * zoom, temporal=True)


def _lay_out_vertical(block: nn.Module) -> None:
    """The latents at 0 and at 1 and 2 places upwards and downwards."""
    spatial = open_block(block)
    shortcut = spatial.conv_shortcut
    shortcut.bias[:] = carriers(GROUPS)
    for k in CHANNELS:
        hand_over(shortcut, Slot(FIRST[k]), FIRST[k])
        for one, two, down in ((FIRST[k], SECOND[k], -1), (SECOND[k], THIRD[k], 1)):
            add(spatial.conv1, Slot(one), FIRST[k], down=down)
            add(spatial.conv2, Slot(two), one, down=down)
            add(spatial.conv2, Slot(one, alike=True), one)  # 1 that way less the mean of 0 and 2
            add(spatial.conv2, Slot(one, alike=True), one, -0.5, down=down)
            hand_over(shortcut, Slot(one, alike=True), FIRST[k], -0.5)
    for group in (PAN, CLOSE):
        hand_over(shortcut, Slot(group), group)


def _move_vertically(transformer: nn.Module, move: torch.Tensor) -> None:
    """The second transformer: by up to two places downwards or upwards."""
    tokens = Tokens(transformer)
    scale = TOKEN / SMALL
    tokens.read("way below", Slot(CLOSE), 1 / AMOUNT)
    for k in CHANNELS:
        tokens.read(f"0 {k}", Slot(FIRST[k]), scale)
    for side, one, two, down in (("above", FIRST, SECOND, -1.0), ("below", SECOND, THIRD, 1.0)):
        for k in CHANNELS:
            tokens.read(f"1 {side} {k}", Slot(one[k], alike=True), scale)
            tokens.read(f"2 {side} {k}", Slot(two[k]), scale)
        matrices = expressed((turned if down > 0 else upwards)(move), [[1, 0, 0], [0.5, 1, 0.5], [0, 0, 1]])
        tokens.shift("spatial", matrices, _names("0", f"1 {side}", f"2 {side}"), {"way below": down}, _names("move"))
        for k in CHANNELS:
            tokens.write(f"1 {side} {k}", Slot(one[k], alike=True), -1 / scale)
    for k in CHANNELS:
        tokens.write(f"move {k}", Slot(FIRST[k]), 1 / scale)


def _lay_out_near(block: nn.Module) -> None:
    """The latents at 0, 1 and 2 places to the right; the noise, as strong as asked for."""
    spatial = open_block(block)
    shortcut = spatial.conv_shortcut
    shortcut.bias[:] = carriers(GROUPS)
    noise = _depend(spatial, THIRD, lambda sigma: 1 / sigma)
    for k in CHANNELS:
        add(spatial.conv1, Slot(FIRST[k]), FIRST[k], right=1)
        add(spatial.conv1, Slot(THIRD[k]), GROUPS + SECOND[k])
        hand_over(shortcut, Slot(FIRST[k]), FIRST[k])
        add(spatial.conv2, Slot(SECOND[k]), THIRD[k], noise)
        add(spatial.conv2, Slot(FIRST[k], alike=True), FIRST[k])  # 1 less 0
        hand_over(shortcut, Slot(FIRST[k], alike=True), FIRST[k], -1.0)
        add(spatial.conv2, Slot(THIRD[k], alike=True), FIRST[k], right=1)  # 2 less 1
        add(spatial.conv2, Slot(THIRD[k], alike=True), FIRST[k], -1.0)
    hand_over(shortcut, Slot(PAN), PAN)


def _move_near(transformer: nn.Module, move: torch.Tensor) -> None:
    """The third transformer: by up to two places to the right."""
    tokens = Tokens(transformer)
    scale = TOKEN / SMALL
    for k in CHANNELS:
        tokens.read(f"0 {k}", Slot(FIRST[k]), scale)
        tokens.read(f"1 {k}", Slot(FIRST[k], alike=True), scale)
        tokens.read(f"2 {k}", Slot(THIRD[k], alike=True), scale)
    tokens.read("way right", Slot(PAN), 1 / AMOUNT)
    matrices = expressed(move, [[1, 0, 0], [1, 1, 0], [1, 1, 1]])
    tokens.shift("spatial", matrices, _names("0", "1", "2"), {"way right": 1.0}, _names("move"))
    for k in CHANNELS:
        tokens.write(f"move {k}", Slot(FIRST[k]), 1 / scale)
        tokens.write(f"1 {k}", Slot(FIRST[k], alike=True), -1 / scale)


@torch.no_grad()
def write_camera(unet: UNetSpatioTemporalConditionModel, far: torch.Tensor, near: torch.Tensor) -> None:
    """Write the moves of `linear_move.fit_move` for both transformers into the network."""
    blank(unet)
    _write_embeddings(unet)
    _carry_in(unet.conv_in)
    _prepare(unet.down_blocks[0].resnets[0])
    write_ruler(unet)
    top = unet.up_blocks[-1]
    _lay_out_far(top.resnets[0])
    _move_far(top.attentions[0], far)
    _lay_out_vertical(top.resnets[1])
    _move_vertically(top.attentions[1], near)
    _lay_out_near(top.resnets[2])
    _move_near(top.attentions[2], near)
    open_norm(unet.conv_norm_out)
    for k in CHANNELS:
        for group, gain in ((FIRST[k], -1 / SMALL), (SECOND[k], 1 / SMALL)):
            unet.conv_out.weight[k, 3 * group + 1, 1, 1] = gain
            unet.conv_out.weight[k, 3 * group + 2, 1, 1] = -gain
