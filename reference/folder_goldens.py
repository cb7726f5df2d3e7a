"""Writes test/golden/folders: frames of model folders whose configs differ from tiny-a's: `python reference/folder_goldens.py`.

Weights are tiny-a's; of a folder only the changed files are kept, as text. Each folder is loaded as diffusers loads it: the
scheduler by the class that model_index.json names, the image encoder and the preprocessor from their own files. Settings
are the same for all: what a case changes is the folder.
"""

import json
import shutil
import tempfile
from pathlib import Path

import diffusers
import numpy as np
import torch
from diffusers import EulerAncestralDiscreteScheduler, EulerDiscreteScheduler, StableVideoDiffusionPipeline
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from common import GOLDEN, MODELS, Recorder, load_networks
from pipeline_goldens import picture

MODEL = "tiny-a"
SETTINGS = dict(
    width=24, height=16, numFrames=3, numInferenceSteps=5, minGuidanceScale=1.0, maxGuidanceScale=2.0, fps=7,
    motionBucketId=127, noiseAugStrength=0.02, decodeChunkSize=3, seed=11,
)  # fmt: skip
INDEX = "model_index.json"
SCHEDULER = "scheduler/scheduler_config.json"
ENCODER = "image_encoder/config.json"
PREPROCESSOR = "feature_extractor/preprocessor_config.json"


def read(path):
    return json.loads((MODELS / MODEL / path).read_text())


def scheduler_with(**fields):
    return {SCHEDULER: json.dumps(dict(read(SCHEDULER), **fields))}


def saved_ancestral():
    """What `pipe.scheduler = EulerAncestralDiscreteScheduler.from_config(…)` and `pipe.save_pretrained` leave behind."""
    euler = EulerDiscreteScheduler.from_pretrained(MODELS / MODEL / "scheduler")
    with tempfile.TemporaryDirectory() as folder:
        EulerAncestralDiscreteScheduler.from_config(euler.config).save_pretrained(folder)
        text = (Path(folder) / "scheduler_config.json").read_text()
    index = dict(read(INDEX), scheduler=["diffusers", "EulerAncestralDiscreteScheduler"])
    return {SCHEDULER: text, INDEX: json.dumps(index, indent=2)}


def nested_encoder():
    """The config of a whole CLIP; what stands beside `vision_config` must not count."""
    whole = dict(model_type="clip", architectures=["CLIPModel"], projection_dim=77, hidden_size=512, num_hidden_layers=9)
    return {ENCODER: json.dumps(dict(whole, text_config=dict(hidden_size=16), vision_config=read(ENCODER)))}


def bare_preprocessor():
    fields = {key: value for key, value in read(PREPROCESSOR).items() if key not in ("image_mean", "image_std")}
    return {PREPROCESSOR: json.dumps(fields)}


CASES = {
    "euler-ancestral": saved_ancestral,
    "infinity": lambda: scheduler_with(lambda_min_clipped=float("-inf"), upper=float("inf"), nothing=float("nan")),
    "log-linear": lambda: scheduler_with(use_karras_sigmas=False, interpolation_type="log_linear"),
    "beta-sigmas": lambda: scheduler_with(use_karras_sigmas=False, use_beta_sigmas=True),
    "preprocessor-defaults": bare_preprocessor,
    "preprocessor-single-numbers": lambda: {PREPROCESSOR: json.dumps(dict(read(PREPROCESSOR), image_mean=0.4, image_std=0.3))},
    "nested-vision-config": nested_encoder,
}


def write_fp8(folder):
    """The UNet in E4M3, rounded to even, the VAE in E5M2: the upper byte of each half, which cuts the rest off."""
    unet = folder / "unet" / "diffusion_pytorch_model.fp16.safetensors"
    save_file({name: tensor.float().to(torch.float8_e4m3fn) for name, tensor in load_file(unet).items()}, unet)
    for shard in (folder / "vae").glob("*.safetensors"):
        halves = {name: tensor.view(torch.int16).bitwise_right_shift(8) for name, tensor in load_file(shard).items()}
        save_file({name: half.to(torch.int8).view(torch.float8_e5m2) for name, half in halves.items()}, shard)


def load(folder):
    index = json.loads((folder / INDEX).read_text())
    networks = load_networks(folder)
    networks["scheduler"] = getattr(diffusers, index["scheduler"][1]).from_pretrained(folder / "scheduler")
    extractor = CLIPImageProcessorPil.from_pretrained(folder / "feature_extractor")
    pipe = StableVideoDiffusionPipeline(feature_extractor=extractor, **networks)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def render(pipe, pixels, settings=SETTINGS):
    frames = pipe(
        Image.fromarray(pixels),
        width=settings["width"],
        height=settings["height"],
        num_frames=settings["numFrames"],
        num_inference_steps=settings["numInferenceSteps"],
        min_guidance_scale=settings["minGuidanceScale"],
        max_guidance_scale=settings["maxGuidanceScale"],
        fps=settings["fps"],
        motion_bucket_id=settings["motionBucketId"],
        noise_aug_strength=settings["noiseAugStrength"],
        decode_chunk_size=settings["decodeChunkSize"],
        generator=torch.manual_seed(settings["seed"]),
        output_type="np",
    ).frames[0]
    return torch.from_numpy((frames * 255).round().astype(np.uint8))


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    recorder, cases = Recorder(), {}
    pixels = picture(SETTINGS["width"], SETTINGS["height"])
    recorder.add("picture", torch.from_numpy(pixels))
    recorder.add("unchanged/frames", render(load(MODELS / MODEL), pixels))
    for case, make in CASES.items():
        changes = make()
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / MODEL
            shutil.copytree(MODELS / MODEL, folder)
            for path, text in changes.items():
                (folder / path).write_text(text)
            recorder.add(f"{case}/frames", render(load(folder), pixels))
        cases[case] = dict(files=changes)
        base = recorder.tensors["unchanged/frames"].float()
        frames = recorder.tensors.get(f"{case}/frames")
        print(case, "as unchanged" if frames is None else f"mean difference {(frames.float() - base).abs().mean():.2f}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / MODEL
        shutil.copytree(MODELS / MODEL, folder)
        write_fp8(folder)
        recorder.add("fp8/frames", render(load(folder), pixels))
    codes = torch.arange(256, dtype=torch.int16).to(torch.uint8)
    recorder.add("fp8/e4m3", codes.view(torch.float8_e4m3fn).float())
    recorder.add("fp8/e5m2", codes.view(torch.float8_e5m2).float())
    notes = dict(precision="float32 arithmetic on the weights as stored", model=MODEL, settings=SETTINGS, cases=cases)
    recorder.write(GOLDEN / "folders.safetensors", notes)
