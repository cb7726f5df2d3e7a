"""Writes test/golden/parameters.json: the tensors of Stable Video Diffusion XT as diffusers and transformers build it.

Nothing is downloaded and no weight is made: the networks are built on torch's meta device from the published configs.
Run: python reference/write_parameters.py
"""

import hashlib
import json
from pathlib import Path

import diffusers
import torch
import transformers
from diffusers import AutoencoderKLTemporalDecoder, UNetSpatioTemporalConditionModel
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

OUTPUT = Path(__file__).parent.parent / "test" / "golden" / "parameters.json"


def networks() -> dict[str, torch.nn.Module]:
    clip = CLIPVisionConfig(
        hidden_act="gelu",
        hidden_size=1280,
        image_size=224,
        intermediate_size=5120,
        num_attention_heads=16,
        num_hidden_layers=32,
        patch_size=14,
        projection_dim=1024,
    )
    with torch.device("meta"):
        return dict(
            unet=UNetSpatioTemporalConditionModel(),
            vae=AutoencoderKLTemporalDecoder(
                block_out_channels=(128, 256, 512, 512), down_block_types=("DownEncoderBlock2D",) * 4, layers_per_block=2
            ),
            image_encoder=CLIPVisionModelWithProjection(clip),
        )


def describe(network: torch.nn.Module) -> dict:
    shapes = {name: list(tensor.shape) for name, tensor in network.named_parameters()}
    lines = "".join(f"{name} {','.join(map(str, shape))}\n" for name, shape in sorted(shapes.items()))
    return dict(
        tensors=len(shapes),
        parameters=sum(tensor.numel() for tensor in network.parameters()),
        # Of a line per tensor, sorted by name: `name size,size`.
        sha256=hashlib.sha256(lines.encode()).hexdigest(),
    )


def main() -> None:
    golden = {
        "command": "python reference/write_parameters.py",
        "versions": dict(torch=torch.__version__, diffusers=diffusers.__version__, transformers=transformers.__version__),
        "networks": {name: describe(network) for name, network in networks().items()},
    }
    OUTPUT.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
