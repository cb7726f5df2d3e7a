"""SVD's networks as diffusers and transformers run them, each as a module of plain tensors in Kinora's layout.

Frames of a clip lie one after another: [frames, channels, height, width].
"""

import os
import sys
import time
from pathlib import Path

import torch
from diffusers import AutoencoderKLTemporalDecoder, UNetSpatioTemporalConditionModel
from transformers import CLIPVisionModelWithProjection


class Unet(torch.nn.Module):
    """Inputs sample [batch·frames, 8, h, w], timestep [batch], encoder_hidden_states, added_time_ids; output alike."""

    def __init__(self, folder):
        super().__init__()
        self.network = UNetSpatioTemporalConditionModel.from_pretrained(Path(folder) / "unet").eval()

    def forward(self, sample, timestep, encoder_hidden_states, added_time_ids):
        batch = encoder_hidden_states.shape[0]
        clips = sample.reshape(batch, -1, *sample.shape[1:])
        made = self.network(clips, timestep[0], encoder_hidden_states, added_time_ids, return_dict=False)[0]
        return made.flatten(0, 1)


class VaeDecoder(torch.nn.Module):
    def __init__(self, folder):
        super().__init__()
        self.network = AutoencoderKLTemporalDecoder.from_pretrained(Path(folder) / "vae").eval()

    def forward(self, z):
        return self.network.decode(z, num_frames=z.shape[0], return_dict=False)[0]


class VaeEncoder(torch.nn.Module):
    def __init__(self, folder):
        super().__init__()
        self.network = AutoencoderKLTemporalDecoder.from_pretrained(Path(folder) / "vae").eval()

    def forward(self, sample):
        return self.network.encode(sample).latent_dist.mode()


class ImageEncoder(torch.nn.Module):
    def __init__(self, folder):
        super().__init__()
        self.network = CLIPVisionModelWithProjection.from_pretrained(Path(folder) / "image_encoder", dtype=torch.float32).eval()

    def forward(self, pixel_values):
        return self.network(pixel_values).image_embeds


NETWORKS = {"unet": Unet, "vae-decoder": VaeDecoder, "vae-encoder": VaeEncoder, "image-encoder": ImageEncoder}


def seconds_since_start():
    """Seconds since this process was started (Linux)."""
    fields = Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()
    started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return float(Path("/proc/uptime").read_text().split()[0]) - started


def timed_runs(call, runs):
    """The last output, and the seconds of every run."""
    seconds, made = [], None
    for _ in range(runs):
        started = time.perf_counter()
        made = call()
        seconds.append(time.perf_counter() - started)
    return made, seconds


def say(*words):
    print(*words, file=sys.stderr, flush=True)
