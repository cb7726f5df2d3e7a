"""Writes test/golden/upscale: what the shipped enlarging networks make of small pictures: `python reference/upscale_goldens.py`."""

import torch
from safetensors.torch import load_file

from common import GOLDEN, ROOT, Recorder
from upconv7 import Enlarger, UpConv7

# Rows by columns of the picture, before the eight pixels around it.
SIZES = [(1, 1), (9, 16), (17, 10)]

if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    generator = torch.Generator().manual_seed(7)
    recorder = Recorder()
    for name in ("photo", "drawing"):
        module = UpConv7()
        module.load_state_dict({key: value.float() for key, value in load_file(ROOT / f"models/upscale/{name}.safetensors").items()})
        for height, width in SIZES:
            # Whole grey levels, as frames have; smooth parts and noise.
            ramp = torch.linspace(0, 1, width + 16).expand(1, 3, height + 16, -1)
            noise = torch.rand(1, 3, height + 16, width + 16, generator=generator)
            pixels = ((0.7 * ramp + 0.3 * noise) * 255).round() / 255
            enlarger = Enlarger(module)
            recorder.watch(f"{name} {height}x{width}", enlarger, "enlarger")
            enlarger(pixels)
    notes = dict(precision="float32 arithmetic on the weights as stored", model="models/upscale", sizes=SIZES)
    recorder.write(GOLDEN / "upscale.safetensors", notes)
