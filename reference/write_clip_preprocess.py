"""Writes test/golden/clip-preprocess.safetensors: what diffusers hands to the CLIP image encoder.

Run: python reference/write_clip_preprocess.py
"""

from pathlib import Path

import numpy as np
import PIL.Image
import torch
from diffusers.pipelines.stable_video_diffusion.pipeline_stable_video_diffusion import _resize_with_antialiasing
from diffusers.video_processor import VideoProcessor
from safetensors.torch import save_file
from transformers import CLIPImageProcessor

from pictures import noise

# height, width: smaller, larger, equal, one axis of each kind, blur kernels of 3 to 17 taps.
SIZES = [(64, 96), (224, 224), (256, 192), (320, 225), (512, 512), (576, 1024), (1024, 576), (1100, 40), (7, 2)]
# Noise of reference/pictures.py and the box that PIL's crop takes out of it, if any: a photo of 24 megapixels, crops and
# pads of it and of others, and sides of one pixel.
NOISE = [
    (6000, 4000, None),
    (1, 1, None),
    (1, 500, None),
    (500, 1, None),
    (3, 2, None),
    (900, 600, (150, 0, 750, 600)),
    (900, 600, (0, -150, 900, 750)),
    (40, 300, (-130, 0, 170, 300)),
    (1, 2000, (-1777, 0, 1778, 2000)),
]
# Only some outputs are kept, so that the file stays small: every ninth row and column, and the edges.
KEPT = sorted({*range(0, 224, 9), 1, 2, 222, 223})


def picture(height: int, width: int) -> np.ndarray:
    """Smooth shapes, hard edges and noise from a small integer generator that the test repeats."""
    state = np.uint32(height * 4096 + width)
    noise = np.empty(height * width * 3, np.uint32)
    for index in range(noise.size):
        state = np.uint32((int(state) * 1664525 + 1013904223) & 0xFFFFFFFF)
        noise[index] = state >> np.uint32(24)
    noise = noise.reshape(height, width, 3)
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    ramp = (x * 3 + y * 2 + c * 80) % 256
    checks = ((x // 16 + y // 16) % 2) * 255
    return np.where(x * 3 < width, noise, np.where(y * 2 < height, ramp, checks)).astype(np.uint8)


def pad_single(input, padding, mode="constant", value=None):
    """torch cannot mirror a side of one pixel; the blur along it does nothing, so that any padding will do."""
    if mode != "reflect":
        return torch_pad(input, padding, mode=mode, value=value)
    for side, ends in ((-1, padding[:2]), (-2, padding[2:])):
        if input.shape[side] == 1:
            input = input.repeat_interleave(1 + sum(ends), dim=side)
        else:
            both = (*ends, 0, 0) if side == -1 else (0, 0, *ends)
            input = torch_pad(input, both, mode=mode)
    return input


torch_pad = torch.nn.functional.pad


def preprocess(image: PIL.Image.Image) -> torch.Tensor:
    """The lines of `StableVideoDiffusionPipeline._encode_image` before the encoder."""
    processor = VideoProcessor(do_resize=True, vae_scale_factor=8)
    tensor = processor.numpy_to_pt(processor.pil_to_numpy(image))
    tensor = (_resize_with_antialiasing(tensor * 2.0 - 1.0, (224, 224)) + 1.0) / 2.0
    switches = dict(do_normalize=True, do_center_crop=False, do_resize=False, do_rescale=False)
    return CLIPImageProcessor()(images=tensor, **switches, return_tensors="pt").pixel_values


def main() -> None:
    tensors = {}
    for height, width in SIZES:
        pixels = preprocess(PIL.Image.fromarray(picture(height, width)))
        assert pixels.shape == (1, 3, 224, 224)
        tensors[f"{height}x{width}"] = pixels[0][:, KEPT][:, :, KEPT].contiguous()
    torch.nn.functional.pad = pad_single
    for width, height, box in NOISE:
        image = PIL.Image.fromarray(noise(width, height))
        pixels = preprocess(image if box is None else image.crop(box))
        name = ",".join(str(number) for number in (width, height, *(box or ())))
        tensors[f"noise {name}"] = pixels[0][:, KEPT][:, :, KEPT].contiguous()
    metadata = {"command": "python reference/write_clip_preprocess.py", "torch": torch.__version__}
    output = Path(__file__).parent.parent / "test" / "golden" / "clip-preprocess.safetensors"
    save_file({**tensors, "kept": torch.tensor(KEPT, dtype=torch.float32)}, output, metadata)


if __name__ == "__main__":
    main()
