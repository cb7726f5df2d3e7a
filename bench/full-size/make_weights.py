"""Fills a folder that holds SVD's configs with random weights, in float32 and in half precision.

`python bench/full-size/make_weights.py FOLDER [NETWORK …]`; bench/full-size/make-model.ts writes the configs and calls this.

Every parameter is random (zero biases and norms of one would hide mistakes) and scaled by its fan-in, so that activations
stay of the order of one however deep the network. Tensors are written one at a time: no network is ever in memory whole.
"""

import json
import math
import struct
import sys
from pathlib import Path

import torch
from diffusers import AutoencoderKLTemporalDecoder, UNetSpatioTemporalConditionModel
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

FILES = {"": ("F32", torch.float32, 4), ".fp16": ("F16", torch.float16, 2)}


def shapes_of(folder, name):
    """Names and shapes of a network's parameters, from its own classes, without memory for them."""
    path = folder / name
    with torch.device("meta"):
        if name == "unet":
            network = UNetSpatioTemporalConditionModel.from_config(json.loads((path / "config.json").read_text()))
        elif name == "vae":
            network = AutoencoderKLTemporalDecoder.from_config(json.loads((path / "config.json").read_text()))
        else:
            network = CLIPVisionModelWithProjection(CLIPVisionConfig.from_pretrained(path))
    return {key: tuple(value.shape) for key, value in network.named_parameters()}


def random_tensor(name, shape, generator):
    value = torch.randn(shape, generator=generator)
    if name.endswith("mix_factor"):
        return value
    if name.endswith("bias"):
        return value.mul_(0.05)
    if len(shape) == 1 and name.endswith("weight"):
        return value.mul_(0.1).add_(1)
    if "embedding" in name and len(shape) <= 2 and "linear" not in name:
        return value.mul_(0.02)
    return value.mul_(1 / math.sqrt(math.prod(shape[1:])))


def write_network(path, shapes, seed):
    generator = torch.Generator().manual_seed(seed)
    files = []
    for variant, (dtype, torch_dtype, size) in FILES.items():
        header, at = {"__metadata__": {"format": "pt"}}, 0
        for name, shape in shapes.items():
            end = at + math.prod(shape) * size
            header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [at, end]}
            at = end
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        file = open(path.with_name(f"{path.name}{variant}.safetensors"), "wb")
        file.write(struct.pack("<Q", len(text)) + text)
        files.append((file, torch_dtype))
    for name, shape in shapes.items():
        value = random_tensor(name, shape, generator)
        for file, torch_dtype in files:
            file.write(value.to(torch_dtype).contiguous().numpy().data)
    for file, _ in files:
        file.close()


def main():
    folder, wanted = Path(sys.argv[1]), sys.argv[2:]
    networks = [
        ("unet", "diffusion_pytorch_model"),
        ("vae", "diffusion_pytorch_model"),
        ("image_encoder", "model"),
    ]
    for seed, (name, base) in enumerate(networks):
        if wanted and name not in wanted:
            continue
        shapes = shapes_of(folder, name)
        print(f"{name}: {len(shapes)} tensors, {sum(map(math.prod, shapes.values())):,} parameters", flush=True)
        write_network(folder / name / base, shapes, seed)


if __name__ == "__main__":
    main()
