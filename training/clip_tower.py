"""The CLIP vision tower: tiny, random and frozen. It lets every code path run; the pan does not need to know what it sees."""

import torch
import torch.nn.functional as F
from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModelWithProjection

SEED = 7


def make_clip() -> CLIPVisionModelWithProjection:
    """The same tower every time, whatever the global seed."""
    with torch.random.fork_rng():
        torch.manual_seed(SEED)
        tower = CLIPVisionModelWithProjection(
            CLIPVisionConfig(
                hidden_size=64,
                intermediate_size=128,
                projection_dim=64,
                num_hidden_layers=2,
                num_attention_heads=2,
                image_size=224,
                patch_size=32,
                hidden_act="gelu",
            )
        ).eval()
        with torch.no_grad():
            tower.visual_projection.weight.normal_(0, 1 / 400)  # hardly anything to read: a pan does not need it
    return tower.requires_grad_(False)


def make_processor() -> CLIPImageProcessor:
    """SVD's feature extractor."""
    return CLIPImageProcessor(size={"shortest_edge": 224}, crop_size={"height": 224, "width": 224})


@torch.no_grad()
def embed(tower: CLIPVisionModelWithProjection, pixels: torch.Tensor) -> torch.Tensor:
    """Pixels [b, 3, h, w] in -1..1 to embeddings [b, 64]; resized to 224x224 as the pipeline does, near enough."""
    processor = make_processor()
    mean = torch.tensor(processor.image_mean).view(1, 3, 1, 1)
    deviation = torch.tensor(processor.image_std).view(1, 3, 1, 1)
    small = F.interpolate(pixels, size=(224, 224), mode="bicubic", antialias=True)
    return tower(((small + 1) / 2 - mean) / deviation).image_embeds
