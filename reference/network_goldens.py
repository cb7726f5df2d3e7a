"""Writes test/golden/networks: whole networks and named blocks inside them, in float32, on the tiny checkpoints.

`python reference/network_goldens.py`
"""

import torch

from common import GOLDEN, MODELS, Recorder, load_networks

LAYOUTS = dict(
    names="<case>/<module>/in/<argument> and <case>/<module>/out[/i]; <module> is the name in named_modules(), which is "
    "the prefix of its weights; the whole network's call is <case>/in/<argument> and <case>/out",
    unet="sample [b, f, c, h, w]; down, mid, up, resnets, transformers and attentions' inputs [b*f, c, h, w], frames "
    "innermost; temporal_res_block and its time_mixer [b, c, f, h, w], its temb [b, f, t]; transformer_blocks "
    "[b*f, h*w, c]; temporal_transformer_blocks take and give [b*f, h*w, c], with num_frames among the scalars, and "
    "their inner norm, attn and ff see [b*h*w, f, c]; encoder_hidden_states is [b*f, 1, d], for temporal blocks "
    "[b*h*w, 1, d]; temb [b*f, t]",
    vae="encode: x [b, 3, h, w] -> moments [b, 8, h/s, w/s] -> mode [b, 4, h/s, w/s]; decode: z [b*f, 4, h, w] (already "
    "divided by scaling_factor) -> [b*f, 3, s*h, s*w]; temporal_res_block, time_mixer and time_conv_out [b, c, f, h, w]",
    image_encoder="pixel_values [b, 3, size, size] (not stored: coarse, each value repeated to a square of size / 28 pixels) -> image_embeds [b, d]; layers [b, tokens, c]",
    omitted="image_only_indicator (always zeros) and attention masks (always none)",
)


def recorded(recorder, case, network, names, call):
    """Runs `call` while the named blocks of the network are watched."""
    for name in names:
        recorder.watch(case, network.get_submodule(name), name)
    return call()


def unet_cases(recorder, unet, seed, blocks, block_shape):
    generator = torch.Generator("cpu").manual_seed(seed)
    frames, width = unet.config.num_frames, unet.config.cross_attention_dim
    width = width if isinstance(width, int) else width[0]

    def run(case, batch, height, columns, timestep, ids, names=()):
        arguments = dict(
            sample=torch.randn(batch, frames, 8, height, columns, generator=generator),
            timestep=torch.tensor(timestep),
            encoder_hidden_states=torch.randn(batch, 1, width, generator=generator),
            added_time_ids=torch.tensor(ids),
        )
        for name, value in arguments.items():
            recorder.add(f"{case}/in/{name}", value)
        out = recorded(recorder, case, unet, names, lambda: unet(**arguments).sample)
        recorder.add(f"{case}/out", out)

    # The blocks see the smallest pictures, so that the file stays small.
    run("blocks", *block_shape, [0.9, -0.4][: block_shape[0]], [[6.0, 127, 0.02], [11.0, 30, 0.3]][: block_shape[0]], blocks)
    run("batch-1", 1, 8, 16, [1.6377], [[6.0, 127.0, 0.02]])
    # diffusers gives the ancestral-discrete sampler whole steps up to 961.
    run("batch-2", 2, 8, 12, [961.0, -1.55], [[6.0, 127.0, 0.02], [23.0, 200.0, 0.0]])
    # Not a multiple of the downsampling: the way up repeats the sizes of the way down.
    run("odd", 1, 7, 10, [0.25], [[4.0, 1.0, 1.0]])


def vae_cases(recorder, vae, seed, blocks, frames, encode_size, decode_size):
    generator = torch.Generator("cpu").manual_seed(seed)
    x = torch.rand(1, 3, *encode_size, generator=generator) * 2 - 1
    recorder.add("encode/in/x", x)
    encoder_blocks = [name for name in blocks if not name.startswith("decoder")]
    mode = recorded(recorder, "encode", vae, encoder_blocks, lambda: vae.encode(x).latent_dist.mode())
    recorder.add("encode/out", mode)
    z = torch.randn(frames, 4, *decode_size, generator=generator) / vae.config.scaling_factor
    recorder.add("decode/in/z", z)
    recorder.add("decode/in/num_frames", frames)
    decoder_blocks = [name for name in blocks if name.startswith("decoder")]
    out = recorded(recorder, "decode", vae, decoder_blocks, lambda: vae.decode(z, frames).sample)
    recorder.add("decode/out", out)
    # One frame alone: the temporal convolutions see only their padding beside it.
    z = z[:1] * 0.5
    recorder.add("decode-1/in/z", z)
    recorder.add("decode-1/in/num_frames", 1)
    recorder.add("decode-1/out", vae.decode(z, 1).sample)


def clip_cases(recorder, clip, seed, blocks):
    generator = torch.Generator("cpu").manual_seed(seed)
    size = clip.config.image_size
    # Kept small: pixel (y, x) of the input is coarse[y // step, x // step], step = size / 28.
    coarse = torch.randn(1, 3, 28, 28, generator=generator)
    recorder.add("image/in/coarse", coarse)
    x = torch.nn.functional.interpolate(coarse, size=(size, size), mode="nearest")
    out = recorded(recorder, "image", clip, blocks, lambda: clip(pixel_values=x))
    recorder.add("image/last_hidden_state", out.last_hidden_state)
    recorder.add("image/out", out.image_embeds)


def small_input_cases(recorder, network, seed, blocks):
    """Blocks alone on inputs with a spread of about an epsilon's root, where a wrong epsilon shows at once.

    `blocks` maps a module's name to its arguments' shapes. Step embeddings and contexts, which the network repeats for
    each frame or pixel, are given as (shape of one per clip, how often each is repeated).
    """
    generator = torch.Generator("cpu").manual_seed(seed)

    def value(argument, shape):
        if shape is None or isinstance(shape, int):
            return shape
        if argument == "image_only_indicator":
            return torch.zeros(shape)
        if argument == "res_hidden_states_tuple":
            return tuple(value("skip", part) for part in shape)
        if argument in ("temb", "encoder_hidden_states"):
            once, times = shape
            return torch.randn(once, generator=generator).repeat_interleave(times, dim=0)
        return torch.randn(shape, generator=generator) * 3e-3

    for name, shapes in blocks.items():
        arguments = {argument: value(argument, shape) for argument, shape in shapes.items()}
        module = network.get_submodule(name)
        recorded(recorder, "small-input", network, [name], lambda: module(**arguments))


def attention_blocks(prefix):
    """A transformer with everything in it, outermost first."""
    spatial, temporal = f"{prefix}.transformer_blocks.0", f"{prefix}.temporal_transformer_blocks.0"
    return [
        prefix,
        spatial,
        f"{spatial}.attn1",
        f"{spatial}.attn2",
        f"{spatial}.ff",
        f"{spatial}.ff.net.0",
        temporal,
        f"{temporal}.ff_in",
        f"{temporal}.attn1",
        f"{temporal}.attn2",
        f"{temporal}.ff",
        f"{prefix}.time_pos_embed",
        f"{prefix}.time_mixer",
    ]


def resnet_blocks(prefix):
    return [prefix, f"{prefix}.spatial_res_block", f"{prefix}.temporal_res_block", f"{prefix}.time_mixer"]


UNET_EMBEDDINGS = ["time_proj", "time_embedding", "add_time_proj", "add_embedding", "conv_in"]

CASES = {
    "tiny-a": dict(
        unet=(
            11,
            UNET_EMBEDDINGS
            + ["down_blocks.0", "down_blocks.0.downsamplers.0", "down_blocks.1", "mid_block", "up_blocks.0"]
            + ["up_blocks.0.upsamplers.0", "up_blocks.1"]
            + resnet_blocks("down_blocks.0.resnets.0")
            + attention_blocks("down_blocks.0.attentions.0")
            + ["mid_block.attentions.0", "mid_block.attentions.0.transformer_blocks.0.attn1"]
            + resnet_blocks("up_blocks.0.resnets.0"),
            (2, 6, 4),
        ),
        vae=(
            12,
            ["encoder", "encoder.down_blocks.0", "encoder.down_blocks.0.resnets.0"]
            + ["encoder.down_blocks.0.downsamplers.0", "encoder.mid_block", "encoder.mid_block.attentions.0"]
            + ["decoder.mid_block", "decoder.mid_block.attentions.0", "decoder.up_blocks.0"]
            + ["decoder.up_blocks.0.upsamplers.0", "decoder.up_blocks.1", "decoder.time_conv_out"]
            + resnet_blocks("decoder.mid_block.resnets.0"),
            3,
            (20, 12),
            (4, 6),
        ),
        image_encoder=(
            13,
            ["vision_model.embeddings", "vision_model.encoder.layers.0"]
            + ["vision_model.encoder.layers.0.self_attn", "vision_model.encoder.layers.0.mlp"],
        ),
    ),
    "tiny-b": dict(
        unet=(
            21,
            UNET_EMBEDDINGS
            + ["down_blocks.0", "down_blocks.0.downsamplers.0", "down_blocks.1", "down_blocks.2", "mid_block"]
            + ["up_blocks.0", "up_blocks.1", "up_blocks.1.upsamplers.0", "up_blocks.2"]
            + resnet_blocks("down_blocks.1.resnets.0")
            + attention_blocks("down_blocks.1.attentions.0")
            + ["mid_block.attentions.0"]
            + resnet_blocks("up_blocks.2.resnets.0"),
            (1, 8, 12),
        ),
        vae=(
            22,
            ["encoder", "encoder.down_blocks.1", "encoder.down_blocks.1.resnets.0"]
            + ["encoder.down_blocks.1.downsamplers.0", "encoder.mid_block", "encoder.mid_block.attentions.0"]
            + ["decoder.mid_block", "decoder.up_blocks.0", "decoder.up_blocks.0.upsamplers.0", "decoder.up_blocks.2"]
            + ["decoder.time_conv_out"]
            + resnet_blocks("decoder.up_blocks.2.resnets.0"),
            3,
            (16, 24),
            (2, 3),
        ),
        image_encoder=(
            23,
            ["vision_model.embeddings", "vision_model.encoder.layers.1"]
            + ["vision_model.encoder.layers.1.self_attn", "vision_model.encoder.layers.1.mlp"],
        ),
    ),
}


# Two clips of three frames, as in the case `blocks` of tiny-a.
CONTEXT = ((2, 1, 24), 3)
FRAMES = dict(temb=((2, 128), 3), image_only_indicator=(2, 3))

SMALL_INPUTS = {
    "tiny-a": dict(
        unet={
            "down_blocks.0": dict(hidden_states=(6, 32, 6, 4), encoder_hidden_states=CONTEXT, **FRAMES),
            "down_blocks.1": dict(hidden_states=(6, 32, 3, 4), **FRAMES),
            "mid_block": dict(hidden_states=(6, 64, 3, 4), encoder_hidden_states=CONTEXT, **FRAMES),
            "up_blocks.0": dict(
                hidden_states=(6, 64, 3, 2), res_hidden_states_tuple=[(6, 32, 3, 2), (6, 64, 3, 2)], **FRAMES
            ),
            "up_blocks.1": dict(
                hidden_states=(6, 64, 3, 4),
                res_hidden_states_tuple=[(6, 32, 3, 4), (6, 32, 3, 4)],
                encoder_hidden_states=CONTEXT,
                **FRAMES,
            ),
            "mid_block.attentions.0": dict(
                hidden_states=(6, 64, 3, 4),
                encoder_hidden_states=CONTEXT,
                image_only_indicator=(2, 3),
                return_dict=False,
            ),
            "mid_block.attentions.0.transformer_blocks.0": dict(
                hidden_states=(6, 12, 64), encoder_hidden_states=CONTEXT
            ),
            "mid_block.attentions.0.temporal_transformer_blocks.0": dict(
                hidden_states=(6, 12, 64), num_frames=3, encoder_hidden_states=((2, 1, 24), 12)
            ),
        },
        vae={
            "encoder.down_blocks.0": dict(hidden_states=(1, 32, 6, 4)),
            "encoder.mid_block": dict(hidden_states=(1, 32, 3, 4)),
            "encoder.mid_block.attentions.0": dict(hidden_states=(1, 32, 3, 4)),
            "decoder.mid_block": dict(hidden_states=(3, 32, 3, 4), image_only_indicator=(1, 3)),
            "decoder.mid_block.attentions.0": dict(hidden_states=(3, 32, 3, 4)),
            "decoder.mid_block.resnets.0.temporal_res_block": dict(input_tensor=(1, 32, 3, 3, 4), temb=None),
            "decoder.up_blocks.0": dict(hidden_states=(3, 32, 3, 4), image_only_indicator=(1, 3)),
        },
        image_encoder={
            "vision_model.encoder.layers.0": dict(hidden_states=(1, 257, 32), attention_mask=None),
        },
    ),
}

RUNS = dict(unet=unet_cases, vae=vae_cases, image_encoder=clip_cases)

if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    for model, cases in CASES.items():
        networks = load_networks(MODELS / model)
        for network, arguments in cases.items():
            recorder = Recorder()
            RUNS[network](recorder, networks[network], *arguments)
            small = SMALL_INPUTS.get(model, {}).get(network, {})
            small_input_cases(recorder, networks[network], arguments[0] + 100, small)
            notes = dict(
                checkpoint=f"test/golden/models/{model}/{network}",
                precision="float32 arithmetic on the weights as stored",
                layouts={key: LAYOUTS[key] for key in ("names", network, "omitted")},
            )
            recorder.write(GOLDEN / "networks" / f"{model}.{network}.safetensors", notes)
