"""Writes test/golden/variations: networks of configs unlike Stable Video Diffusion's, which diffusers takes all the same.

No checkpoint is kept: weights and inputs are drawn from torch's generator by the rule in `draw`, and the test draws them
again. Only configs and outputs are stored.
Run: python reference/write_variations.py
"""

import json

import torch
from diffusers import AutoencoderKLTemporalDecoder, UNetSpatioTemporalConditionModel
from safetensors.torch import save_file
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from common import GOLDEN

CROSS_DOWN, DOWN = "CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"
CROSS_UP, UP = "CrossAttnUpBlockSpatioTemporal", "UpBlockSpatioTemporal"
ENCODER, ATTENTION_ENCODER = "DownEncoderBlock2D", "AttnDownEncoderBlock2D"

UNETS = {
    "one level": dict(
        block_out_channels=[64],
        down_block_types=[CROSS_DOWN],
        up_block_types=[CROSS_UP],
        layers_per_block=1,
        num_attention_heads=4,
        cross_attention_dim=16,
        num_frames=4,
        transformer_layers_per_block=2,
        addition_time_embed_dim=32,
        projection_class_embeddings_input_dim=96,
    ),
    "transformer layers per resnet": dict(
        block_out_channels=[32, 64, 32],
        down_block_types=[CROSS_DOWN, DOWN, CROSS_DOWN],
        up_block_types=[CROSS_UP, UP, CROSS_UP],
        layers_per_block=[1, 2, 1],
        num_attention_heads=[8, 4, 2],
        cross_attention_dim=40,
        num_frames=2,
        transformer_layers_per_block=[[1, 2], [1, 1, 1], [2, 1]],
        addition_time_embed_dim=32,
        projection_class_embeddings_input_dim=96,
    ),
    "one frame, five ids, channels falling": dict(
        block_out_channels=[64, 32],
        down_block_types=[DOWN, CROSS_DOWN],
        up_block_types=[UP, CROSS_UP],
        layers_per_block=1,
        num_attention_heads=[2, 1],
        cross_attention_dim=8,
        num_frames=1,
        in_channels=6,
        out_channels=3,
        addition_time_embed_dim=10,
        projection_class_embeddings_input_dim=50,
    ),
}
VAES = {
    "attention in the encoder": dict(
        block_out_channels=[32, 32, 64],
        down_block_types=[ENCODER, ATTENTION_ENCODER, ATTENTION_ENCODER],
        layers_per_block=1,
        latent_channels=3,
    ),
    "one level, three layers": dict(
        block_out_channels=[64], down_block_types=[ENCODER], layers_per_block=3, in_channels=1, out_channels=2
    ),
}
ACTIVATIONS = "gelu gelu_python quick_gelu gelu_new gelu_pytorch_tanh gelu_fast relu silu swish tanh sigmoid".split()
CLIPS = {
    activation: dict(
        hidden_size=24,
        intermediate_size=40,
        projection_dim=12,
        num_hidden_layers=2,
        num_attention_heads=3,
        image_size=30,  # patches of 7 leave a rest
        patch_size=7,
        hidden_act=activation,
        layer_norm_eps=1e-3,
    )
    for activation in ACTIVATIONS
}


def draw(network, seed):
    """Parameters by name in order, each one call of randn, scaled to keep values near 1; then the inputs."""
    generator = torch.Generator("cpu").manual_seed(seed)
    for name, parameter in sorted(network.named_parameters()):
        values = torch.randn(parameter.shape, generator=generator)
        if parameter.ndim > 1:
            values = values * (parameter.shape[0] / parameter.numel()) ** 0.5
        elif "norm" in name and name.endswith("weight"):
            values = 1 + 0.2 * values
        else:
            values = 0.3 * values
        parameter.copy_(values)
    network.eval()
    return lambda *shape: torch.randn(shape, generator=generator)


def run_unet(config, seed):
    network = UNetSpatioTemporalConditionModel(**config)
    randn = draw(network, seed)
    ids = config["projection_class_embeddings_input_dim"] // config["addition_time_embed_dim"]
    sample = randn(2, config["num_frames"], network.config.in_channels, 6, 8)
    timestep, context, time_ids = randn(2), randn(2, 1, config["cross_attention_dim"]), randn(2, ids)
    return dict(out=network(sample, timestep, context, time_ids).sample)


def run_vae(config, seed):
    network = AutoencoderKLTemporalDecoder(**config)
    randn = draw(network, seed)
    scale = 2 ** (len(config["block_out_channels"]) - 1)
    mode = network.encode(randn(1, network.config.in_channels, 5 * scale, 4 * scale)).latent_dist.mode()
    sample = network.decode(randn(2, network.config.latent_channels, 5, 4), 2).sample
    return dict(mode=mode, sample=sample)


def run_clip(config, seed):
    network = CLIPVisionModelWithProjection(CLIPVisionConfig(**config))
    randn = draw(network, seed)
    return dict(image_embeds=network(pixel_values=randn(2, 3, config["image_size"], config["image_size"])).image_embeds)


def main():
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    cases, tensors = [], {}
    for network, run, configs in [("unet", run_unet, UNETS), ("vae", run_vae, VAES), ("image_encoder", run_clip, CLIPS)]:
        for name, config in configs.items():
            seed = len(cases)
            cases.append(dict(network=network, name=name, seed=seed, config=config))
            for output, values in run(config, seed).items():
                tensors[f"{seed}/{output}"] = values.contiguous()
    path = GOLDEN / "variations.safetensors"
    save_file(tensors, path)
    path.chmod(0o644)
    manifest = dict(
        command="python reference/write_variations.py",
        versions=dict(torch=torch.__version__),
        modules={},
        scalars={},
        aliases={},
        variations=cases,
    )
    path.with_suffix(".json").write_text(json.dumps(manifest, indent=1) + "\n")


if __name__ == "__main__":
    main()
