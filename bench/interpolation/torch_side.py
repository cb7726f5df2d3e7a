"""Prints the seconds that RIFE's PyTorch module takes for a frame: torch_side.py WIDTH HEIGHT THREADS."""

import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "reference"))
from ifnet import IFNet  # noqa: E402

width, height, threads = (int(word) for word in sys.argv[1:])
torch.set_num_threads(threads)
net = IFNet().eval()
net.load_state_dict({k: v.float() for k, v in load_file(ROOT / "models/rife/flownet.safetensors").items()})
pictures = [torch.rand(1, 3, -(-height // 64) * 64, -(-width // 64) * 64) for _ in range(2)]
seconds = []
with torch.inference_mode():
    for _ in range(4):
        start = time.perf_counter()
        net(*pictures, 0.5)
        seconds.append(time.perf_counter() - start)
print(min(seconds[1:]))
