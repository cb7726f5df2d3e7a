"""The transformers of the UNet written by hand: what a token holds, products of its values, and ramps."""

import torch
from torch import nn
from torch.nn import functional as F

from .linear_move import SHARPNESS, knots
from .motion import FRAMES
from .wiring import DEVIATION, GROUPS, LINE, Slot, carriers, reading

LEVEL = 60.0  # two constants of a token, far above all else in it, so that its LayerNorm is nearly a constant factor


class Tokens:
    """One transformer. Names of values are given places in its tokens in the order in which they are asked for."""

    def __init__(self, transformer: nn.Module):
        self.transformer = transformer
        self.places: dict[str, int] = {}
        width = transformer.inner_dim
        self.norm = (2 * LEVEL**2 / width) ** 0.5  # what a LayerNorm divides by
        transformer.proj_in.bias[self.place("up")] = LEVEL
        transformer.proj_in.bias[self.place("down")] = -LEVEL
        self.place("nothing")
        spatial, temporal = transformer.transformer_blocks[0], transformer.temporal_transformer_blocks[0]
        self.stages = {"spatial": spatial.ff, "first": temporal.ff_in, "second": temporal.ff}
        self.used = dict.fromkeys(self.stages, 0)
        # What the temporal half adds is blended with the spatial half.
        self.share = float(1 - torch.sigmoid(transformer.time_mixer.mix_factor))

    def place(self, name: str) -> int:
        """The place of a value."""
        if name not in self.places:
            self.places[name] = len(self.places)
        if len(self.places) > self.transformer.inner_dim:
            raise ValueError("the token is full")
        return self.places[name]

    def read(self, name: str, slot: Slot, scale: float) -> None:
        """A value of the token is what a slot holds, times `scale`."""
        rows = slot.rows()
        for row, sign in rows:
            self.transformer.proj_in.weight[self.place(name), row] = sign * scale * DEVIATION / len(rows)

    def write(self, name: str, slot: Slot, scale: float, temporal: bool = False) -> None:
        """Add a value of the token, times `scale`, to a slot."""
        for row, sign in slot.rows():
            self.transformer.proj_out.weight[row, self.place(name)] += sign * scale / (self.share if temporal else 1)

    def read_frame(self, name: str) -> None:
        """A value of the temporal half is the frame's number, 0 to 1."""
        transformer = self.transformer
        hidden = F.silu(transformer.time_pos_embed.linear_1(transformer.time_proj(torch.arange(FRAMES))))
        weight, bias = reading(hidden, torch.arange(FRAMES) / (FRAMES - 1))
        transformer.time_pos_embed.linear_2.weight[self.place(name)] = weight
        transformer.time_pos_embed.linear_2.bias[self.place(name)] = bias

    def unit(self, stage: str, value: dict[str, float], gate: tuple[dict[str, float], float], into: dict[str, float]) -> None:
        """Add `value` times the GELU of `gate`, both mixes of the token's values, to others."""
        feed_forward, index = self.stages[stage], self.used[stage]
        self.used[stage] += 1
        inner = feed_forward.net[2].in_features
        layer = feed_forward.net[0].proj
        for row, mix in ((index, value), (inner + index, gate[0])):
            for name, gain in mix.items():
                layer.weight[row, self.place(name)] = gain * self.norm
            layer.weight[row, self.place("nothing")] = -sum(mix.values()) * self.norm  # the LayerNorm's mean
        layer.bias[inner + index] = gate[1]
        for name, gain in into.items():
            feed_forward.net[2].weight[self.place(name), index] = gain

    def product(self, stage: str, one: str, other: str, into: str) -> None:
        """`into` becomes the product of two values, of which the other is at most about 1."""
        self.unit(stage, {one: 1.0}, ({other: 1.0}, LINE), {into: 1.0})
        self.unit(stage, {one: 1.0}, ({}, LINE), {into: -1.0})

    def shift(self, stage: str, move: torch.Tensor, taps: list[str], distance: dict[str, float], into: list[str]) -> None:
        """A move of linear_move.py, [knots, values, taps], by a distance in latent pixels, which is a mix of values."""
        for knot, matrix in zip(knots(int(round((len(move) - 1) / 4))), move):
            gate = ({name: SHARPNESS * gain for name, gain in distance.items()}, -SHARPNESS * float(knot))
            for name, row in zip(into, matrix):
                self.unit(stage, dict(zip(taps, row.tolist())), gate, {name: 1 / SHARPNESS})
