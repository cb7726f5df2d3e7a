"""Writes the goldens of single-file checkpoints: `python reference/single_file_goldens.py [FOLDER]`.

    test/golden/single-file       frames that diffusers makes of tiny random checkpoints in generative-models' layout
    test/golden/svd-xt-names.txt.gz   every tensor of svd_xt.safetensors, and which tensor of diffusers' it is

Which tensor is which is not read from names: both implementations are run, and the modules that have parameters are paired
in the order in which they are called. That the pairing is right shows in the outputs: generative-models' networks (sgm.py)
and diffusers' give the same ones. Only OpenCLIP's fused projections are paired by hand, and checked in the same way.

No weights are kept: a checkpoint is drawn by the rule in `draw`, and the test draws it again. With FOLDER the checkpoints are
written there as well.
"""

import gzip
import json
import sys
from pathlib import Path

import numpy as np
import torch
from diffusers import (
    AutoencoderKLTemporalDecoder,
    EulerDiscreteScheduler,
    StableVideoDiffusionPipeline,
    UNetSpatioTemporalConditionModel,
)
from PIL import Image
from safetensors.torch import save_file
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from common import GOLDEN, Recorder
from make_checkpoints import SCHEDULER
from pipeline_goldens import picture
from sgm import SvdCheckpoint

PREFIXES = dict(
    unet="model.diffusion_model.",
    encoder="conditioner.embedders.3.encoder.",
    decoder="first_stage_model.",
    clip="conditioner.embedders.0.open_clip.model.visual.",
)
TINY = dict(
    unet=dict(
        model_channels=64, channel_mult=(1, 1), num_res_blocks=1, attention_resolutions=(1,), context_dim=32, adm_in_channels=192
    ),
    autoencoder=dict(ch=32, ch_mult=(1, 1), num_res_blocks=2),
    clip=dict(width=160, layers=2, patch_size=32, output_dim=32, text_width=16, vocabulary=64),
)
# The shapes of a UNet do not tell how many frames it was trained for.
SETTINGS = dict(
    width=32, height=24, numFrames=3, numInferenceSteps=4, minGuidanceScale=1.0, maxGuidanceScale=2.0, fps=7,
    motionBucketId=127, noiseAugStrength=0.02, decodeChunkSize=3, seed=17, sampler="euler", schedule="karras",
)  # fmt: skip


# --- generative-models' configs in diffusers' words


def diffusers_unet(config):
    channels = [config["model_channels"] * mult for mult in config["channel_mult"]]
    has_attention = [2**level in config["attention_resolutions"] for level in range(len(channels))]
    down = tuple("CrossAttnDownBlockSpatioTemporal" if it else "DownBlockSpatioTemporal" for it in has_attention)
    up = tuple("CrossAttnUpBlockSpatioTemporal" if it else "UpBlockSpatioTemporal" for it in reversed(has_attention))
    return UNetSpatioTemporalConditionModel(
        block_out_channels=channels,
        down_block_types=down,
        up_block_types=up,
        layers_per_block=config["num_res_blocks"],
        num_attention_heads=tuple(width // 64 for width in channels),
        cross_attention_dim=config["context_dim"],
        addition_time_embed_dim=config["adm_in_channels"] // 3,
        projection_class_embeddings_input_dim=config["adm_in_channels"],
        num_frames=25,
        sample_size=96,
    )


def diffusers_vae(config):
    channels = tuple(config["ch"] * mult for mult in config["ch_mult"])
    return AutoencoderKLTemporalDecoder(
        block_out_channels=channels,
        down_block_types=("DownEncoderBlock2D",) * len(channels),
        layers_per_block=config["num_res_blocks"],
    )


def transformers_clip(config):
    return CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=config["width"],
            intermediate_size=config["width"] * 4,
            projection_dim=config["output_dim"],
            num_hidden_layers=config["layers"],
            num_attention_heads=config["width"] // 80,
            patch_size=config["patch_size"],
            image_size=224,
            hidden_act="gelu",
        )
    )


# --- pairing by the order of calls


def called_parameters(network, run):
    """Names of parameters in the order in which the modules that own them are called; mix factors by themselves."""
    weights, factors, handles = [], [], []

    def hook_for(name, module):
        def hook(_module, _args):
            own = {key: f"{name}.{key}".lstrip(".") for key in module._parameters if module._parameters[key] is not None}
            if "mix_factor" in own:
                factors.append(own.pop("mix_factor"))
            weights.extend(own.values())

        return hook

    for name, module in network.named_modules():
        if module._parameters:
            handles.append(module.register_forward_pre_hook(hook_for(name, module)))
    with next(network.parameters()).device:
        run()
    for handle in handles:
        handle.remove()
    return weights + factors


def pair(theirs, run_theirs, ours, run_ours):
    """name in generative-models → name in diffusers, for every parameter that both runs call."""
    left, right = called_parameters(theirs, run_theirs), called_parameters(ours, run_ours)
    assert len(left) == len(right) == len(set(left)) == len(set(right)), (len(left), len(right))
    shapes = {name: list(p.shape) for name, p in theirs.named_parameters()}
    for name, key in zip(left, right):
        # A convolution of one pixel is a linear layer in diffusers.
        shape = list(dict(ours.named_parameters())[key].shape)
        assert shapes[name] == shape or shapes[name] == [*shape, 1, 1], (name, key)
    return dict(zip(left, right))


def pair_clip(config):
    """The parameters of OpenCLIP's vision transformer, by hand: [name, key, rows of the name's tensor, transposed]."""
    width = config["width"]
    body = "vision_model."
    pairs = [
        ("conv1.weight", body + "embeddings.patch_embedding.weight"),
        ("class_embedding", body + "embeddings.class_embedding"),
        ("positional_embedding", body + "embeddings.position_embedding.weight"),
    ]
    for end in ("weight", "bias"):
        pairs += [(f"ln_pre.{end}", f"{body}pre_layrnorm.{end}"), (f"ln_post.{end}", f"{body}post_layernorm.{end}")]
    pairs = [(*names, None) for names in pairs] + [("proj", "visual_projection.weight", "transposed")]
    for layer in range(config["layers"]):
        ours, theirs = f"{body}encoder.layers.{layer}.", f"transformer.resblocks.{layer}."
        for end in ("weight", "bias"):
            for name, key in [("ln_1", "layer_norm1"), ("ln_2", "layer_norm2"), ("mlp.c_fc", "mlp.fc1"),
                              ("mlp.c_proj", "mlp.fc2"), ("attn.out_proj", "self_attn.out_proj")]:  # fmt: skip
                pairs.append((f"{theirs}{name}.{end}", f"{ours}{key}.{end}", None))
            for third, key in enumerate(("q_proj", "k_proj", "v_proj")):
                rows = [third * width, (third + 1) * width]
                pairs.append((f"{theirs}attn.in_proj_{end}", f"{ours}self_attn.{key}.{end}", rows))
    return pairs


def placements(checkpoint, configs, networks):
    """[name, network, key, rows or "transposed" or None] for every tensor that diffusers has."""
    unet, vae, _clip = networks
    device = next(unet.parameters()).device
    config = configs["unet"]
    frames, ids = 2, torch.zeros(1, 3, device=device)

    def zeros(*shape):
        return torch.zeros(shape, device=device)

    pairs = {}
    pairs["unet"] = pair(
        checkpoint.unet,
        lambda: checkpoint.unet(
            zeros(frames, 8, 8, 8), zeros(frames), zeros(frames, 1, config["context_dim"]), zeros(frames, config["adm_in_channels"]), frames
        ),
        unet,
        lambda: unet(zeros(1, frames, 8, 8, 8), zeros(1), zeros(1, 1, config["context_dim"]), ids),
    )
    pixels = zeros(1, 3, 64, 64)
    pairs["encoder"] = pair(
        checkpoint.image_autoencoder, lambda: checkpoint.image_autoencoder.encode(pixels), vae, lambda: vae.encode(pixels)
    )
    latents = zeros(frames, 4, 8, 8)
    decoder = pair(checkpoint.decoder, lambda: checkpoint.decoder(latents, frames), vae, lambda: vae.decode(latents, frames))
    pairs["decoder"] = {f"decoder.{name}": key for name, key in decoder.items()}
    result = []
    for part, network in [("unet", "unet"), ("encoder", "vae"), ("decoder", "vae")]:
        result += [(PREFIXES[part] + name, network, key, None) for name, key in pairs[part].items()]
    result += [(PREFIXES["clip"] + name, "image_encoder", key, view) for name, key, view in pair_clip(configs["clip"])]
    return result


def shown(name, network, key, view):
    part = "" if view is None else view if view == "transposed" else f"{view[0]}:{view[1]}"
    return f"{name} {network} {key} {part}".rstrip()


def load_into(networks, state, placed):
    """Copies the checkpoint's tensors into diffusers' networks; every parameter must get one."""
    states = dict(unet={}, vae={}, image_encoder={})
    for name, network, key, view in placed:
        tensor = state[name]
        tensor = tensor.T if view == "transposed" else tensor if view is None else tensor[view[0] : view[1]]
        states[network][key] = tensor
    for network, values in zip(networks, states.values()):
        shapes = {key: p.shape for key, p in network.named_parameters()}
        assert set(shapes) == set(values), set(shapes) ^ set(values)
        network.load_state_dict({key: value.reshape(shapes[key]).contiguous() for key, value in values.items()}, strict=False)
        network.eval()


# --- drawing


def draw(shapes, seed, scales):
    """By name in order, each tensor one call of randn, scaled to keep values near 1; the test has the same rule."""
    generator = torch.Generator("cpu").manual_seed(seed)
    state = {}
    for name in sorted(shapes):
        values = torch.randn(shapes[name], generator=generator)
        if values.ndim > 1:
            values = values * (values.shape[0] / values.numel()) ** 0.5
        elif name.endswith("weight"):
            values = 1 + 0.2 * values
        else:
            values = 0.3 * values
        state[name] = values * scales.get(name, 1.0)
    return state


def check_equal(checkpoint, networks, config):
    """generative-models' networks and diffusers' must do the same: otherwise the pairing is wrong."""
    unet, vae, clip = networks
    generator = torch.Generator("cpu").manual_seed(1)
    frames = 3

    def randn(*shape):
        return torch.randn(shape, generator=generator)

    def close(name, theirs, ours, tolerance):
        error = ((theirs - ours).abs().max() / ours.std()).item()
        print(f"  {name}: largest difference {error:.1e} of the standard deviation {ours.std():.3f}")
        assert error < tolerance, name

    sample, context, step, ids = randn(frames, 8, 6, 8), randn(1, 1, config["context_dim"]), randn(1), torch.tensor([[6.0, 127.0, 0.02]])
    from sgm import timestep_embedding

    y = timestep_embedding(ids[0], config["adm_in_channels"] // 3).reshape(1, -1).expand(frames, -1)
    theirs = checkpoint.unet(sample, step.expand(frames), context.expand(frames, -1, -1), y, frames)
    # diffusers has another epsilon (1e-6 for 1e-5) in some of the UNet's blocks.
    close("unet", theirs, unet(sample[None], step, context, ids).sample[0], 1e-3)
    pixels, latents = randn(1, 3, 32, 48), randn(frames, 4, 6, 8)
    if checkpoint.conditioner.embedders[3] is not None:
        close("vae encoder", checkpoint.image_autoencoder.encode(pixels), vae.encode(pixels).latent_dist.mode(), 1e-4)
    close("vae decoder", checkpoint.decoder(latents, frames), vae.decode(latents, frames).sample, 1e-4)
    pixels = randn(2, 3, 224, 224)
    close("clip", checkpoint.visual(pixels), clip(pixel_values=pixels).image_embeds, 1e-4)


def render(networks, pixels):
    unet, vae, clip = networks
    scheduler = EulerDiscreteScheduler(**SCHEDULER)
    pipe = StableVideoDiffusionPipeline(
        vae=vae, image_encoder=clip, unet=unet, scheduler=scheduler, feature_extractor=CLIPImageProcessorPil()
    )
    pipe.set_progress_bar_config(disable=True)
    frames = pipe(
        Image.fromarray(pixels),
        width=SETTINGS["width"],
        height=SETTINGS["height"],
        num_frames=SETTINGS["numFrames"],
        num_inference_steps=SETTINGS["numInferenceSteps"],
        min_guidance_scale=SETTINGS["minGuidanceScale"],
        max_guidance_scale=SETTINGS["maxGuidanceScale"],
        fps=SETTINGS["fps"],
        motion_bucket_id=SETTINGS["motionBucketId"],
        noise_aug_strength=SETTINGS["noiseAugStrength"],
        decode_chunk_size=SETTINGS["decodeChunkSize"],
        generator=torch.manual_seed(SETTINGS["seed"]),
        output_type="np",
    ).frames[0]
    return torch.from_numpy((frames * 255).round().astype(np.uint8))


def make_networks(configs):
    return diffusers_unet(configs["unet"]), diffusers_vae(configs["autoencoder"]), transformers_clip(configs["clip"])


def scales_for(checkpoint, config):
    """Factors that bring what the networks give to a useful spread, so that frames do not saturate."""
    generator = torch.Generator("cpu").manual_seed(2)

    def factor(output, std):
        return float(f"{std / output.std().item():.3g}")

    sample = torch.randn(3, 8, 6, 8, generator=generator)
    context = torch.randn(3, 1, config["context_dim"], generator=generator)
    unet = factor(checkpoint.unet(sample, torch.ones(3), context, torch.randn(3, config["adm_in_channels"], generator=generator), 3), 1.0)
    latents = torch.randn(3, 4, 6, 8, generator=generator) / 0.18215
    decoder = factor(checkpoint.decoder(latents, 3), 0.3)
    pixels = torch.rand(1, 3, 32, 48, generator=generator) * 2 - 1
    encoder = factor(checkpoint.image_autoencoder.encode(pixels), 1.0)
    plain = factor(checkpoint.first_stage_model.encoder(pixels)[:, :4], 1.0)
    scaled = {
        "model.diffusion_model.out.2": unet,
        "first_stage_model.decoder.conv_out.time_mix_conv": decoder,
        "conditioner.embedders.3.encoder.quant_conv": encoder,
        "first_stage_model.encoder.conv_out": plain,
    }
    return {f"{name}.{end}": factor for name, factor in scaled.items() for end in ("weight", "bias")}


def comfy_shapes(shapes, clip):
    """What ComfyUI saves: the first stage's own encoder, no embedder for frames, and transformers' names for CLIP."""
    kept = {name: shape for name, shape in shapes.items() if not name.startswith("conditioner.")}
    return kept | {PREFIXES["clip"] + name: list(p.shape) for name, p in clip.named_parameters()}


def comfy_placements(placed, shapes):
    """The same with the first stage's encoder, whose output is the moments: no quant_conv follows it."""
    result = []
    for name, network, key, view in placed:
        if name.startswith(PREFIXES["encoder"] + "encoder."):
            name = name.replace(PREFIXES["encoder"], PREFIXES["decoder"])
        elif name.startswith("conditioner."):
            continue
        result.append((name, network, key, view))
    return result + [(name, "image_encoder", name[len(PREFIXES["clip"]) :], None) for name in shapes if name.startswith(PREFIXES["clip"])]


def write_tiny(folder):
    recorder, cases = Recorder(), {}
    pixels = picture(SETTINGS["width"], SETTINGS["height"])
    recorder.add("picture", torch.from_numpy(pixels))
    checkpoint, networks = SvdCheckpoint(**TINY), make_networks(TINY)
    shapes = {name: list(tensor.shape) for name, tensor in checkpoint.state_dict().items()}
    placed = placements(checkpoint, TINY, networks)

    checkpoint.load_state_dict(draw(shapes, 31, {}))
    scales = scales_for(checkpoint, TINY["unet"])
    print("sgm:")
    state = draw(shapes, 31, scales)
    checkpoint.load_state_dict(state)
    load_into(networks, state, placed)
    check_equal(checkpoint, networks, TINY["unet"])
    recorder.add("sgm/frames", render(networks, pixels))
    configs = {
        network: {key: value for key, value in dict(model.config if network != "image_encoder" else model.config.to_dict()).items()
                  if not key.startswith("_") and value is not None}
        for network, model in zip(("unet", "vae", "image_encoder"), networks)
    }  # fmt: skip
    # For the test to lay the same tensors into a model folder.
    cases["sgm"] = dict(seed=31, scales=scales, shapes=shapes, configs=configs, placed=[shown(*place) for place in placed])
    if folder is not None:
        save_file(state, folder / "sgm.safetensors")

    print("comfy:")
    shapes = comfy_shapes(shapes, networks[2])
    state = draw(shapes, 32, scales)
    identity = dict(weight=torch.eye(8).reshape(8, 8, 1, 1), bias=torch.zeros(8))
    extra = [(f"quant_conv.{end}", "vae", f"quant_conv.{end}", None) for end in identity]
    complete = state | {f"quant_conv.{end}": value for end, value in identity.items()}
    load_into(networks, complete, comfy_placements(placed, shapes) + extra)
    recorder.add("comfy/frames", render(networks, pixels))
    cases["comfy"] = dict(seed=32, scales={name: factor for name, factor in scales.items() if name in shapes}, shapes=shapes)
    if folder is not None:
        save_file(state, folder / "comfy.safetensors")
    for case in cases:
        frames = recorder.tensors[f"{case}/frames"].float()
        print(f"  frames of {case}: mean {frames.mean():.1f}, std {frames.std():.1f}, {((frames == 0) | (frames == 255)).float().mean():.1%} at 0 or 255")
    for case in cases.values():
        case["shapes"] = {name: ",".join(map(str, shape)) for name, shape in case["shapes"].items()}
    notes = dict(precision="float32", settings=SETTINGS, cases=cases)
    recorder.write(GOLDEN / "single-file.safetensors", notes)


def write_names():
    """A line per tensor of the published file: name, shape, and network, key and view of what it is in diffusers."""
    configs = dict(
        unet=dict(
            model_channels=320, channel_mult=(1, 2, 4, 4), num_res_blocks=2, attention_resolutions=(4, 2, 1),
            context_dim=1024, adm_in_channels=768,
        ),
        autoencoder=dict(ch=128, ch_mult=(1, 2, 4, 4), num_res_blocks=2),
        clip=dict(width=1280, layers=32, patch_size=14, output_dim=1024),
    )  # fmt: skip
    with torch.device("meta"):
        checkpoint, networks = SvdCheckpoint(**configs), make_networks(configs)
    for network in networks:
        network.to("meta")  # diffusers makes some parameters on the CPU all the same
    placed = placements(checkpoint, configs, networks)
    targets = {}
    for name, network, key, view in placed:
        targets.setdefault(name, []).append(shown(name, network, key, view).split(" ", 1)[1])
    for network, folder in zip(networks, ("unet", "vae", "image_encoder")):
        assert {key for _, of, key, _ in placed if of == folder} == {key for key, _ in network.named_parameters()}
    state = checkpoint.state_dict()
    lines = [f"{name}\t{','.join(map(str, state[name].shape))}\t{'|'.join(targets.get(name, ['-']))}\n" for name in sorted(state)]
    path = GOLDEN / "svd-xt-names.txt.gz"
    path.write_bytes(gzip.compress("".join(lines).encode(), mtime=0))
    path.chmod(0o644)
    unplaced = sorted({name.rsplit(".", 1)[0] for name in state if name not in targets})
    print(f"{path.name}: {len(lines)} tensors, {sum(t.numel() for t in state.values()):,} values, {path.stat().st_size / 1e3:.0f} kB")
    print(f"  {sum(name not in targets for name in state)} that diffusers has no place for, in {len(unplaced)} modules")


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    write_names()
    write_tiny(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
