"""Stable Video Diffusion as Stability's generative-models defines it, for checkpoints in that layout.

The modules have the names, shapes and arithmetic of the classes that svd_xt.yaml names: `VideoUNet` (OPENAIUNETWRAPPER keeps
it as `model.diffusion_model`), `AutoencodingEngine` with `Encoder` and `VideoDecoder` (`first_stage_model`),
`AutoencoderKLModeOnly` (`conditioner.embedders.3.encoder`) and OpenCLIP's model without its text transformer
(`conditioner.embedders.0.open_clip.model`). Only what these checkpoints use is here. State dicts of `SvdCheckpoint` have the
names of the published files.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn


def timestep_embedding(timesteps, dim, max_period=10000):
    half = dim // 2
    freqs = torch.exp(-math.log(max_period) * torch.arange(half, dtype=torch.float32, device=timesteps.device) / half)
    args = timesteps[:, None].float() * freqs[None]
    return torch.cat([torch.cos(args), torch.sin(args)], dim=-1)


def mlp(inner, hidden, outer):
    return nn.Sequential(nn.Linear(inner, hidden), nn.SiLU(), nn.Linear(hidden, outer))


# --- attention.py and video_attention.py


class GEGLU(nn.Module):
    def __init__(self, dim, inner):
        super().__init__()
        self.proj = nn.Linear(dim, inner * 2)

    def forward(self, x):
        x, gate = self.proj(x).chunk(2, dim=-1)
        return x * F.gelu(gate)


class FeedForward(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.net = nn.Sequential(GEGLU(dim, dim * 4), nn.Dropout(0.0), nn.Linear(dim * 4, dim))

    def forward(self, x):
        return self.net(x)


class CrossAttention(nn.Module):
    def __init__(self, dim, heads, context_dim=None):
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(dim, dim, bias=False)
        self.to_k = nn.Linear(context_dim or dim, dim, bias=False)
        self.to_v = nn.Linear(context_dim or dim, dim, bias=False)
        self.to_out = nn.Sequential(nn.Linear(dim, dim), nn.Dropout(0.0))

    def forward(self, x, context=None):
        context = x if context is None else context

        def split(y):
            return y.unflatten(-1, (self.heads, -1)).transpose(1, 2)

        out = F.scaled_dot_product_attention(split(self.to_q(x)), split(self.to_k(context)), split(self.to_v(context)))
        return self.to_out(out.transpose(1, 2).flatten(-2))


class BasicTransformerBlock(nn.Module):
    def __init__(self, dim, heads, context_dim):
        super().__init__()
        self.attn1 = CrossAttention(dim, heads)
        self.ff = FeedForward(dim)
        self.attn2 = CrossAttention(dim, heads, context_dim)
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(dim), nn.LayerNorm(dim), nn.LayerNorm(dim)

    def forward(self, x, context):
        x = self.attn1(self.norm1(x)) + x
        x = self.attn2(self.norm2(x), context) + x
        return self.ff(self.norm3(x)) + x


class VideoTransformerBlock(nn.Module):
    def __init__(self, dim, heads, context_dim):
        super().__init__()
        self.norm_in = nn.LayerNorm(dim)
        self.ff_in = FeedForward(dim)
        self.attn1 = CrossAttention(dim, heads)
        self.ff = FeedForward(dim)
        self.norm2 = nn.LayerNorm(dim)
        self.attn2 = CrossAttention(dim, heads, context_dim)
        self.norm1, self.norm3 = nn.LayerNorm(dim), nn.LayerNorm(dim)

    def forward(self, x, context, frames):
        batch, tokens, channels = x.shape  # (b t) s c -> (b s) t c
        x = x.reshape(-1, frames, tokens, channels).transpose(1, 2).reshape(-1, frames, channels)
        x = self.ff_in(self.norm_in(x)) + x
        x = self.attn1(self.norm1(x)) + x
        x = self.attn2(self.norm2(x), context) + x
        x = self.ff(self.norm3(x)) + x
        return x.reshape(-1, tokens, frames, channels).transpose(1, 2).reshape(batch, tokens, channels)


class AlphaBlender(nn.Module):
    """`learned_with_images`, where no frame is a picture alone."""

    def __init__(self):
        super().__init__()
        self.mix_factor = nn.Parameter(torch.tensor([0.5]))

    def forward(self, spatial, temporal):
        alpha = torch.sigmoid(self.mix_factor)
        return alpha * spatial + (1 - alpha) * temporal


class SpatialVideoTransformer(nn.Module):
    def __init__(self, channels, heads, depth, context_dim):
        super().__init__()
        self.norm = nn.GroupNorm(32, channels, eps=1e-6)
        self.proj_in = nn.Linear(channels, channels)
        self.transformer_blocks = nn.ModuleList(BasicTransformerBlock(channels, heads, context_dim) for _ in range(depth))
        self.proj_out = nn.Linear(channels, channels)
        self.time_stack = nn.ModuleList(VideoTransformerBlock(channels, heads, context_dim) for _ in range(depth))
        self.time_pos_embed = mlp(channels, channels * 4, channels)
        self.time_mixer = AlphaBlender()

    def forward(self, x, context, frames):
        rows, channels, height, width = x.shape
        time_context = context[::frames].repeat_interleave(height * width, dim=0)
        hidden = self.proj_in(self.norm(x).flatten(2).transpose(1, 2))
        numbers = torch.arange(frames, device=x.device).repeat(rows // frames)
        positions = self.time_pos_embed(timestep_embedding(numbers, channels))[:, None, :]
        for block, mix_block in zip(self.transformer_blocks, self.time_stack):
            hidden = block(hidden, context)
            hidden = self.time_mixer(hidden, mix_block(hidden + positions, time_context, frames))
        return self.proj_out(hidden).transpose(1, 2).unflatten(2, (height, width)) + x


# --- openaimodel.py and video_model.py


class ResBlock(nn.Module):
    def __init__(self, channels, emb_channels, out_channels, dims=2):
        super().__init__()
        conv, size, padding = (nn.Conv2d, 3, 1) if dims == 2 else (nn.Conv3d, (3, 1, 1), (1, 0, 0))
        self.in_layers = nn.Sequential(
            nn.GroupNorm(32, channels), nn.SiLU(), conv(channels, out_channels, size, padding=padding)
        )
        # The decoder's blocks skip the time embedding.
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(emb_channels, out_channels)) if emb_channels else None
        self.out_layers = nn.Sequential(
            nn.GroupNorm(32, out_channels),
            nn.SiLU(),
            nn.Dropout(0.0),
            conv(out_channels, out_channels, size, padding=padding),
        )
        self.skip_connection = conv(channels, out_channels, 1) if channels != out_channels else nn.Identity()

    def forward(self, x, emb=None):
        hidden = self.in_layers(x)
        if self.emb_layers is not None:
            shift = self.emb_layers(emb)  # [b, c], or [b, t, c] for clips
            shift = shift.transpose(1, 2)[..., None, None] if x.ndim == 5 else shift[..., None, None]
            hidden = hidden + shift
        hidden = self.out_layers(hidden)
        return self.skip_connection(x) + hidden


def to_clips(x, frames):
    return x.unflatten(0, (-1, frames)).transpose(1, 2)  # (b t) c h w -> b c t h w


def from_clips(x):
    return x.transpose(1, 2).flatten(0, 1)


class VideoResBlock(ResBlock):
    def __init__(self, channels, emb_channels, out_channels):
        super().__init__(channels, emb_channels, out_channels)
        self.time_stack = ResBlock(out_channels, emb_channels, out_channels, dims=3)
        self.time_mixer = AlphaBlender()

    def forward(self, x, emb, frames):
        spatial = to_clips(super().forward(x, emb), frames)
        temporal = self.time_stack(spatial, emb.unflatten(0, (-1, frames)))
        return from_clips(self.time_mixer(spatial, temporal))


class Downsample(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.op = nn.Conv2d(channels, channels, 3, stride=2, padding=1)

    def forward(self, x):
        return self.op(x)


class Upsample(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        return self.conv(F.interpolate(x, scale_factor=2, mode="nearest"))


class Sequential(nn.Sequential):
    """`TimestepEmbedSequential`."""

    def forward(self, x, emb, context, frames):
        for layer in self:
            if isinstance(layer, VideoResBlock):
                x = layer(x, emb, frames)
            elif isinstance(layer, SpatialVideoTransformer):
                x = layer(x, context, frames)
            else:
                x = layer(x)
        return x


class VideoUNet(nn.Module):
    def __init__(
        self,
        in_channels=8,
        out_channels=4,
        model_channels=320,
        channel_mult=(1, 2, 4, 4),
        num_res_blocks=2,
        attention_resolutions=(4, 2, 1),
        num_head_channels=64,
        transformer_depth=1,
        context_dim=1024,
        adm_in_channels=768,
    ):
        super().__init__()
        self.model_channels = model_channels
        emb_channels = model_channels * 4
        self.time_embed = mlp(model_channels, emb_channels, emb_channels)
        self.label_emb = nn.Sequential(mlp(adm_in_channels, emb_channels, emb_channels))

        def attention(channels):
            return SpatialVideoTransformer(channels, channels // num_head_channels, transformer_depth, context_dim)

        self.input_blocks = nn.ModuleList([Sequential(nn.Conv2d(in_channels, model_channels, 3, padding=1))])
        kept, channels, scale = [model_channels], model_channels, 1
        for level, mult in enumerate(channel_mult):
            for _ in range(num_res_blocks):
                layers = [VideoResBlock(channels, emb_channels, mult * model_channels)]
                channels = mult * model_channels
                if scale in attention_resolutions:
                    layers.append(attention(channels))
                self.input_blocks.append(Sequential(*layers))
                kept.append(channels)
            if level != len(channel_mult) - 1:
                scale *= 2
                self.input_blocks.append(Sequential(Downsample(channels)))
                kept.append(channels)
        self.middle_block = Sequential(
            VideoResBlock(channels, emb_channels, channels),
            attention(channels),
            VideoResBlock(channels, emb_channels, channels),
        )
        self.output_blocks = nn.ModuleList()
        for level, mult in reversed(list(enumerate(channel_mult))):
            for index in range(num_res_blocks + 1):
                layers = [VideoResBlock(channels + kept.pop(), emb_channels, mult * model_channels)]
                channels = mult * model_channels
                if scale in attention_resolutions:
                    layers.append(attention(channels))
                if level and index == num_res_blocks:
                    scale //= 2
                    layers.append(Upsample(channels))
                self.output_blocks.append(Sequential(*layers))
        self.out = nn.Sequential(
            nn.GroupNorm(32, channels), nn.SiLU(), nn.Conv2d(model_channels, out_channels, 3, padding=1)
        )

    def forward(self, x, timesteps, context, y, frames):
        """x [(b t), c, h, w], timesteps [(b t)], context [(b t), 1, d], y [(b t), adm]."""
        emb = self.time_embed(timestep_embedding(timesteps, self.model_channels)) + self.label_emb(y)
        kept = []
        for module in self.input_blocks:
            x = module(x, emb, context, frames)
            kept.append(x)
        x = self.middle_block(x, emb, context, frames)
        for module in self.output_blocks:
            x = module(torch.cat([x, kept.pop()], dim=1), emb, context, frames)
        return self.out(x)


# --- diffusionmodules/model.py and autoencoding/temporal_ae.py


class ResnetBlock(nn.Module):
    def __init__(self, channels, out_channels):
        super().__init__()
        self.norm1 = nn.GroupNorm(32, channels, eps=1e-6)
        self.conv1 = nn.Conv2d(channels, out_channels, 3, padding=1)
        self.norm2 = nn.GroupNorm(32, out_channels, eps=1e-6)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        if channels != out_channels:
            self.nin_shortcut = nn.Conv2d(channels, out_channels, 1)

    def forward(self, x, frames=None):
        hidden = self.conv1(F.silu(self.norm1(x)))
        hidden = self.conv2(F.silu(self.norm2(hidden)))
        return (self.nin_shortcut(x) if hasattr(self, "nin_shortcut") else x) + hidden


class DecoderVideoResBlock(ResnetBlock):
    """temporal_ae.py's `VideoResBlock`."""

    def __init__(self, channels, out_channels):
        super().__init__(channels, out_channels)
        self.time_stack = ResBlock(out_channels, 0, out_channels, dims=3)
        self.mix_factor = nn.Parameter(torch.tensor([0.0]))

    def forward(self, x, frames):
        spatial = to_clips(super().forward(x), frames)
        alpha = torch.sigmoid(self.mix_factor)
        return from_clips(alpha * self.time_stack(spatial) + (1 - alpha) * spatial)


class AttnBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm = nn.GroupNorm(32, channels, eps=1e-6)
        self.q, self.k, self.v = (nn.Conv2d(channels, channels, 1) for _ in range(3))
        self.proj_out = nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        normed = self.norm(x)
        q, k, v = (layer(normed).flatten(2).transpose(1, 2)[:, None] for layer in (self.q, self.k, self.v))
        out = F.scaled_dot_product_attention(q, k, v)[:, 0]
        return x + self.proj_out(out.transpose(1, 2).unflatten(2, x.shape[2:]))


class EncoderDownsample(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2)

    def forward(self, x):
        return self.conv(F.pad(x, (0, 1, 0, 1)))


class Middle(nn.Module):
    def __init__(self, block, channels):
        super().__init__()
        self.block_1 = block(channels, channels)
        self.attn_1 = AttnBlock(channels)
        self.block_2 = block(channels, channels)

    def forward(self, x, frames=None):
        return self.block_2(self.attn_1(self.block_1(x, frames)), frames)


class Level(nn.Module):
    def __init__(self, blocks):
        super().__init__()
        self.block = nn.ModuleList(blocks)


class Encoder(nn.Module):
    def __init__(self, ch=128, ch_mult=(1, 2, 4, 4), num_res_blocks=2, in_channels=3, z_channels=4):
        super().__init__()
        self.conv_in = nn.Conv2d(in_channels, ch, 3, padding=1)
        self.down = nn.ModuleList()
        channels = ch
        for index, mult in enumerate(ch_mult):
            blocks = []
            for _ in range(num_res_blocks):
                blocks.append(ResnetBlock(channels, ch * mult))
                channels = ch * mult
            level = Level(blocks)
            if index != len(ch_mult) - 1:
                level.downsample = EncoderDownsample(channels)
            self.down.append(level)
        self.mid = Middle(ResnetBlock, channels)
        self.norm_out = nn.GroupNorm(32, channels, eps=1e-6)
        self.conv_out = nn.Conv2d(channels, 2 * z_channels, 3, padding=1)

    def forward(self, x):
        x = self.conv_in(x)
        for level in self.down:
            for block in level.block:
                x = block(x)
            if hasattr(level, "downsample"):
                x = level.downsample(x)
        return self.conv_out(F.silu(self.norm_out(self.mid(x))))


class AE3DConv(nn.Conv2d):
    def __init__(self, channels, out_channels):
        super().__init__(channels, out_channels, 3, padding=1)
        self.time_mix_conv = nn.Conv3d(out_channels, out_channels, (3, 1, 1), padding=(1, 0, 0))

    def forward(self, x, frames):
        return from_clips(self.time_mix_conv(to_clips(super().forward(x), frames)))


class Decoder(nn.Module):
    """`Decoder`, or with `video` `VideoDecoder` in its mode "conv-only"."""

    def __init__(self, ch=128, ch_mult=(1, 2, 4, 4), num_res_blocks=2, out_ch=3, z_channels=4, video=False):
        super().__init__()
        block = DecoderVideoResBlock if video else ResnetBlock
        channels = ch * ch_mult[-1]
        self.conv_in = nn.Conv2d(z_channels, channels, 3, padding=1)
        self.mid = Middle(block, channels)
        levels = []
        for index, mult in reversed(list(enumerate(ch_mult))):
            blocks = []
            for _ in range(num_res_blocks + 1):
                blocks.append(block(channels, ch * mult))
                channels = ch * mult
            level = Level(blocks)
            if index != 0:
                level.upsample = Upsample(channels)
            levels.insert(0, level)
        self.up = nn.ModuleList(levels)
        self.norm_out = nn.GroupNorm(32, channels, eps=1e-6)
        self.conv_out = AE3DConv(channels, out_ch) if video else nn.Conv2d(channels, out_ch, 3, padding=1)

    def forward(self, z, frames):
        x = self.mid(self.conv_in(z), frames)
        for level in reversed(self.up):
            for block in level.block:
                x = block(x, frames)
            if hasattr(level, "upsample"):
                x = level.upsample(x)
        return self.conv_out(F.silu(self.norm_out(x)), frames)


class AutoencodingEngine(nn.Module):
    def __init__(self, **config):
        super().__init__()
        self.encoder = Encoder(**config)
        self.decoder = Decoder(**config, video=True)


class AutoencoderKLModeOnly(nn.Module):
    def __init__(self, z_channels=4, **config):
        super().__init__()
        self.encoder = Encoder(z_channels=z_channels, **config)
        self.decoder = Decoder(z_channels=z_channels, **config)
        self.quant_conv = nn.Conv2d(2 * z_channels, 2 * z_channels, 1)
        self.post_quant_conv = nn.Conv2d(z_channels, z_channels, 1)

    def encode(self, x):
        return self.quant_conv(self.encoder(x)).chunk(2, dim=1)[0]  # the mode


# --- open_clip


class ResidualAttentionBlock(nn.Module):
    def __init__(self, width, heads, mlp_width):
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential()
        self.mlp.add_module("c_fc", nn.Linear(width, mlp_width))
        self.mlp.add_module("gelu", nn.GELU())
        self.mlp.add_module("c_proj", nn.Linear(mlp_width, width))

    def forward(self, x):
        normed = self.ln_1(x)
        x = x + self.attn(normed, normed, normed, need_weights=False)[0]
        return x + self.mlp(self.ln_2(x))


class Resblocks(nn.Module):
    def __init__(self, blocks):
        super().__init__()
        self.resblocks = nn.ModuleList(blocks)


class VisionTransformer(nn.Module):
    def __init__(self, width=1280, layers=32, head_width=80, patch_size=14, image_size=224, mlp_ratio=4.0, output_dim=1024):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, patch_size, stride=patch_size, bias=False)
        self.class_embedding = nn.Parameter(torch.zeros(width))
        self.positional_embedding = nn.Parameter(torch.zeros((image_size // patch_size) ** 2 + 1, width))
        self.ln_pre = nn.LayerNorm(width)
        heads, mlp_width = width // head_width, int(width * mlp_ratio)
        self.transformer = Resblocks(ResidualAttentionBlock(width, heads, mlp_width) for _ in range(layers))
        self.ln_post = nn.LayerNorm(width)
        self.proj = nn.Parameter(torch.zeros(width, output_dim))

    def forward(self, x):
        x = self.conv1(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_embedding.expand(x.shape[0], 1, -1), x], dim=1) + self.positional_embedding
        x = self.ln_pre(x)
        for block in self.transformer.resblocks:
            x = block(x)
        return self.ln_post(x[:, 0]) @ self.proj


class OpenClip(nn.Module):
    """What is left of OpenCLIP's model when `FrozenOpenCLIPImageEmbedder` has deleted its text transformer."""

    def __init__(self, text_width=1024, vocabulary=49408, context_length=77, output_dim=1024, **vision):
        super().__init__()
        self.visual = VisionTransformer(output_dim=output_dim, **vision)
        self.token_embedding = nn.Embedding(vocabulary, text_width)
        self.positional_embedding = nn.Parameter(torch.zeros(context_length, text_width))
        self.ln_final = nn.LayerNorm(text_width)
        self.text_projection = nn.Parameter(torch.zeros(text_width, output_dim))
        self.logit_scale = nn.Parameter(torch.zeros([]))


# --- the whole


class Holder(nn.Module):
    """A module that only holds others under the names that it is given."""

    def __init__(self, **modules):
        super().__init__()
        for name, module in modules.items():
            self.add_module(name, module)


class SvdCheckpoint(nn.Module):
    """`DiffusionEngine`, as far as svd_xt.yaml gives its parts parameters. Its embedders 1, 2 and 4 have none."""

    def __init__(self, unet=None, autoencoder=None, clip=None):
        super().__init__()
        self.model = Holder(diffusion_model=VideoUNet(**(unet or {})))
        self.first_stage_model = AutoencodingEngine(**(autoencoder or {}))
        image_embedder = Holder(open_clip=Holder(model=OpenClip(**(clip or {}))))
        frame_embedder = Holder(encoder=AutoencoderKLModeOnly(**(autoencoder or {})))
        embedders = nn.ModuleList([image_embedder, Holder(), Holder(), frame_embedder, Holder()])
        self.conditioner = Holder(embedders=embedders)

    @property
    def unet(self):
        return self.model.diffusion_model

    @property
    def decoder(self):
        return self.first_stage_model.decoder

    @property
    def image_autoencoder(self):
        return self.conditioner.embedders[3].encoder

    @property
    def visual(self):
        return self.conditioner.embedders[0].open_clip.model.visual
