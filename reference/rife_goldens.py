"""Writes test/golden/networks/rife: RIFE's frames in between, as PyTorch makes them of the shipped weights.

The pictures are drawn by the test as well (`test/support/moving-pictures.ts`), so only what comes out is stored.
"""

import json
import platform
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

from ifnet import IFNet

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "test" / "golden" / "networks" / "rife.safetensors"

# width, height, time, scale. Sizes that are no multiple are padded with their own edge, and the padding is cut off.
CASES = {
    "square": (64, 64, 0.5, 1.0),
    "wide": (192, 64, 0.25, 1.0),
    "padded": (100, 70, 0.5, 1.0),
    "padded-late": (90, 130, 0.8, 1.0),
    "scale-2": (72, 40, 0.5, 2.0),
    "scale-4": (48, 40, 0.4, 4.0),
    "scale-half": (130, 96, 0.5, 0.5),
}


def picture(width, height, moved):
    """Waves of several lengths in three colours, `moved` pixels to the right and half as far down."""
    x = (torch.arange(width, dtype=torch.float64) - moved).view(1, 1, width)
    y = (torch.arange(height, dtype=torch.float64) - moved / 2).view(1, height, 1)
    c = torch.arange(3, dtype=torch.float64).view(3, 1, 1)
    waves = torch.sin(x * 0.31 + y * 0.17 + c) + torch.sin(x * 0.07 - y * 0.23 + 2 * c) + torch.sin(x * y * 0.003 + c)
    # As the renderer has them: whole grey levels.
    return (torch.floor((waves / 6 + 0.5) * 255 + 0.5) / 255).float()[None]


net = IFNet()
weights = load_file(ROOT / "models" / "rife" / "flownet.safetensors")
net.load_state_dict({name: value.float() for name, value in weights.items()})
net.eval()
tensors = {}
with torch.inference_mode():
    for name, (width, height, time, scale) in CASES.items():
        step = int(64 / scale)
        around = (0, -width % step, 0, -height % step)
        pictures = [F.pad(picture(width, height, moved), around, mode="replicate") for moved in (0, 6)]
        merged = net(*pictures, time, scale)
        tensors[f"{name}/merged"] = merged[:, :, :height, :width].contiguous()
save_file(tensors, TARGET)
TARGET.chmod(0o644)
manifest = dict(
    command="python reference/rife_goldens.py",
    versions=dict(python=platform.python_version(), torch=torch.__version__),
    modules={},
    scalars={},
    aliases={},
    cases={name: dict(zip(("width", "height", "timestep", "scale"), case)) for name, case in CASES.items()},
)
TARGET.with_suffix(".json").write_text(json.dumps(manifest, indent=2) + "\n")
