"""Writes the tiny random checkpoints of test/golden/models: `python reference/make_checkpoints.py`.

Each is a whole StableVideoDiffusionPipeline folder in diffusers' layout. Every parameter is random, also those
that default initialisation leaves at 0 or 1 (biases, norms, mix factors): a graph that forgets one must fail.
"""

import json
import shutil

import torch
from diffusers import (
    AutoencoderKLTemporalDecoder,
    EulerDiscreteScheduler,
    StableVideoDiffusionPipeline,
    UNetSpatioTemporalConditionModel,
)
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from common import MODELS

# The scheduler_config.json of SVD XT 1.1, field by field.
SCHEDULER = dict(
    beta_end=0.012,
    beta_schedule="scaled_linear",
    beta_start=0.00085,
    interpolation_type="linear",
    num_train_timesteps=1000,
    prediction_type="v_prediction",
    sigma_max=700.0,
    sigma_min=0.002,
    steps_offset=1,
    timestep_spacing="leading",
    timestep_type="continuous",
    use_karras_sigmas=True,
)

CONFIGS = {
    # Group normalisation has 32 groups: with 32 channels each channel is its own group, and whatever a step embedding or
    # a bias adds to a whole channel is taken away again. So each network needs a level of 64 channels to feel them.
    #
    # Two levels in SVD's order (attention first, plain last), with a number of heads for each.
    # CLIP is float32, the UNet and the VAE float16, the VAE in shards.
    "tiny-a": dict(
        seed=1001,
        files=dict(unet=dict(variant="fp16"), vae=dict(max_shard_size="350KB")),
        unet=dict(
            block_out_channels=(32, 64),
            down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
            up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
            layers_per_block=1,
            transformer_layers_per_block=1,
            num_attention_heads=(4, 2),
            cross_attention_dim=24,
            addition_time_embed_dim=32,
            projection_class_embeddings_input_dim=96,
            num_frames=3,
            sample_size=32,
        ),
        vae=dict(block_out_channels=(32, 32), layers_per_block=2, latent_channels=4, sample_size=64, force_upcast=True),
        clip=dict(
            hidden_size=32,
            intermediate_size=64,
            projection_dim=24,
            num_hidden_layers=2,
            num_attention_heads=2,
            image_size=224,
            patch_size=14,
            hidden_act="gelu",
        ),
    ),
    # Three levels, plain blocks first and last, uneven layers and transformer depths, one number of heads, all float16.
    "tiny-b": dict(
        seed=2002,
        files=dict(unet=dict(variant="fp16"), vae=dict(variant="fp16"), image_encoder=dict(variant="fp16")),
        unet=dict(
            block_out_channels=(64, 32, 32),
            down_block_types=("DownBlockSpatioTemporal", "CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
            up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal", "UpBlockSpatioTemporal"),
            layers_per_block=(1, 1, 2),
            transformer_layers_per_block=(1, 1, 2),
            num_attention_heads=4,
            cross_attention_dim=(32, 32, 32),
            addition_time_embed_dim=16,
            projection_class_embeddings_input_dim=48,
            num_frames=5,
            sample_size=16,
        ),
        vae=dict(
            block_out_channels=(64, 32, 32), layers_per_block=1, latent_channels=4, sample_size=64, force_upcast=False
        ),
        clip=dict(
            hidden_size=40,
            intermediate_size=56,
            projection_dim=32,
            num_hidden_layers=3,
            num_attention_heads=4,
            image_size=224,
            patch_size=16,
            hidden_act="quick_gelu",
        ),
    ),
}


def randomise(module, generator):
    """Every parameter from its own place in one seeded stream, scaled so that activations keep a spread near 1."""

    def normal(parameter, std, mean=0.0):
        parameter.copy_(torch.randn(parameter.shape, generator=generator) * std + mean)

    for name, parameter in module.named_parameters():
        leaf = name.rsplit(".", 1)[-1]
        if leaf == "mix_factor":
            normal(parameter, 1.0)
        elif "norm" in name and leaf == "weight":
            normal(parameter, 0.2, 1.0)
        elif leaf == "bias":
            normal(parameter, 0.2)
        elif leaf in ("class_embedding",) or "position_embedding" in name:
            normal(parameter, 0.5)
        else:
            # Queries and keys are larger, so that attention is far from uniform.
            gain = 1.6 if any(part in name for part in ("to_q", "to_k.", "q_proj", "k_proj")) else 0.9
            fan_in = parameter[0].numel()
            normal(parameter, gain / fan_in**0.5)


def scale_output(layer, output, std, mean=0.0):
    """Scales a last layer so that the network's output has this spread: frames must not saturate."""
    factor = std / output.std()
    layer.weight.mul_(factor)
    layer.bias.mul_(factor).add_(mean - output.mean() * factor)


@torch.no_grad()
def make(name, config):
    generator = torch.Generator("cpu").manual_seed(config["seed"])
    unet = UNetSpatioTemporalConditionModel(in_channels=8, out_channels=4, **config["unet"]).eval()
    down = ("DownEncoderBlock2D",) * len(config["vae"]["block_out_channels"])
    vae = AutoencoderKLTemporalDecoder(down_block_types=down, **config["vae"]).eval()
    clip = CLIPVisionModelWithProjection(CLIPVisionConfig(**config["clip"])).eval()
    for network in (unet, vae, clip):
        randomise(network, generator)

    frames = config["unet"]["num_frames"]
    width = config["clip"]["projection_dim"]
    ids = torch.tensor([[6.0, 127.0, 0.02]])
    sample = torch.randn(1, frames, 8, 16, 24, generator=generator)
    scale_output(unet.conv_out, unet(sample, 1.0, torch.randn(1, 1, width, generator=generator), ids).sample, 1.0)
    latents = torch.randn(frames, 4, 16, 24, generator=generator) / vae.config.scaling_factor
    scale_output(vae.decoder.time_conv_out, vae.decode(latents, frames).sample, 0.3)
    picture = torch.rand(1, 3, 64, 96, generator=generator) * 2 - 1
    scale_output(vae.quant_conv, vae.encode(picture).latent_dist.mode(), 1.0)

    folder = MODELS / name
    shutil.rmtree(folder, ignore_errors=True)
    pipe = StableVideoDiffusionPipeline(
        vae=vae,
        image_encoder=clip,
        unet=unet,
        scheduler=EulerDiscreteScheduler(**SCHEDULER),
        feature_extractor=CLIPImageProcessorPil(),
    )
    pipe.save_pretrained(folder)
    for network, options in config["files"].items():
        shutil.rmtree(folder / network)
        module = getattr(pipe, network)
        module.half().save_pretrained(folder / network, **options)
    # SVD's own index names the processor by its old class.
    index = json.loads((folder / "model_index.json").read_text())
    index["feature_extractor"] = ["transformers", "CLIPImageProcessor"]
    (folder / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name, config in CONFIGS.items():
        make(name, config)
    for file in MODELS.rglob("*.safetensors"):
        file.chmod(0o644)
    total = sum(file.stat().st_size for file in MODELS.rglob("*") if file.is_file())
    print(f"{total / 1e6:.2f} MB in {MODELS}")
