"""Writes test/golden/pipeline: whole runs of diffusers' StableVideoDiffusionPipeline in float32 on the tiny checkpoints.

`python reference/pipeline_goldens.py`
"""

import inspect

import numpy as np
import torch
from diffusers import EulerAncestralDiscreteScheduler, StableVideoDiffusionPipeline
from PIL import Image
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from common import GOLDEN, MODELS, ROOT, Recorder, load_networks

# Align Your Steps for SVD (Sabour et al. 2024), ten steps and the end.
AYS = [700.0, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.0]

# Names as in Kinora's ImageToVideoSettings.
CASES = {
    "euler": dict(
        model="tiny-a", width=32, height=24, numFrames=3, numInferenceSteps=6, minGuidanceScale=1.0,
        maxGuidanceScale=3.0, fps=7, motionBucketId=127, noiseAugStrength=0.02, decodeChunkSize=2, seed=7,
        sampler="euler", schedule="karras",
    ),
    "ancestral-discrete": dict(
        model="tiny-b", width=32, height=48, numFrames=5, numInferenceSteps=5, minGuidanceScale=1.5,
        maxGuidanceScale=2.5, fps=12, motionBucketId=40, noiseAugStrength=0.1, decodeChunkSize=5, seed=4294967295,
        sampler="euler-ancestral-discrete", schedule="karras",
    ),
    "no-guidance": dict(
        model="tiny-b", width=64, height=16, numFrames=4, numInferenceSteps=4, minGuidanceScale=1.0,
        maxGuidanceScale=1.0, fps=24, motionBucketId=200, noiseAugStrength=0.0, decodeChunkSize=3, seed=123456789,
        sampler="euler", schedule="karras",
    ),
    "ays": dict(
        model="tiny-a", width=16, height=24, numFrames=2, numInferenceSteps=10, minGuidanceScale=2.0,
        maxGuidanceScale=1.2, fps=3, motionBucketId=255, noiseAugStrength=0.4, decodeChunkSize=1, seed=0,
        sampler="euler", schedule="ays",
    ),
    # The notebook's recipe: nothing but the steps, the size and the scheduler is said, the rest is diffusers' own.
    # 16×16 pixels stand for its 512×512: sixty steps are slow enough.
    "notebook": dict(
        model="tiny-a", width=16, height=16, numFrames=3, numInferenceSteps=60, minGuidanceScale=1.0,
        maxGuidanceScale=3.0, fps=7, motionBucketId=127, noiseAugStrength=0.02, decodeChunkSize=3, seed=42,
        sampler="euler-ancestral-discrete", schedule="model",
    ),
}  # fmt: skip


def picture(width, height):
    """A drawing of waves and blocks in every grey, made from integers alone."""
    y, x = np.mgrid[0:height, 0:width]
    red = (x * 255 // (width - 1) + (y // 7 % 2) * 40) % 256
    green = (y * 255 // (height - 1)) ^ ((x // 5 % 2) * 64)
    blue = (x * x + y * y) // 9 % 256
    return np.stack([red, green, blue], axis=-1).astype(np.uint8)


def run_case(pipe, case, settings, pixels, recorder):
    """Runs the pipeline, recording what it computes on the way by watching the functions it calls."""

    def keep(name, value):
        recorder.add(f"{case}/{name}", value)

    def watched(function, name, pick=lambda value: value):
        def call(*args, **kwargs):
            value = function(*args, **kwargs)
            keep(name, pick(value))
            return value

        return call

    # The conditional half; the unconditional half is zeros.
    pipe._encode_image = watched(pipe._encode_image, "image_embeddings", lambda value: value[-1:])
    pipe._encode_vae_image = watched(pipe._encode_vae_image, "image_latents", lambda value: value[-1:])
    pipe.prepare_latents = watched(pipe.prepare_latents, "initial_latents")

    def after_step(_, step, timestep, values):
        if step == 0 or step == settings["numInferenceSteps"] - 1:
            keep(f"latents/{step}", values["latents"])
        return values

    def first_call(_, args, output):
        keep("unet/0/in/sample", args[0])
        keep("unet/0/out", output[0])
        handle.remove()

    handle = pipe.unet.register_forward_hook(first_call)
    keep("picture", torch.from_numpy(pixels))
    frames = pipe(
        Image.fromarray(pixels),
        width=settings["width"],
        height=settings["height"],
        num_frames=settings["numFrames"],
        num_inference_steps=None if settings["schedule"] == "ays" else settings["numInferenceSteps"],
        sigmas=AYS if settings["schedule"] == "ays" else None,
        min_guidance_scale=settings["minGuidanceScale"],
        max_guidance_scale=settings["maxGuidanceScale"],
        fps=settings["fps"],
        motion_bucket_id=settings["motionBucketId"],
        noise_aug_strength=settings["noiseAugStrength"],
        decode_chunk_size=settings["decodeChunkSize"],
        # As the documentation's examples have it: this seeds and returns torch's global generator, from which the
        # ancestral sampler draws as well, so that one stream gives all noise.
        generator=torch.manual_seed(settings["seed"]),
        callback_on_step_end=after_step,
        output_type="np",
    ).frames[0]
    keep("sigmas", pipe.scheduler.sigmas.float())
    keep("timesteps", pipe.scheduler.timesteps.float())
    frames = torch.from_numpy((frames * 255).round().astype(np.uint8))
    keep("frames", frames)
    edge = ((frames == 0) | (frames == 255)).float().mean().item()
    print(f"{case}: frames {list(frames.shape)}, mean {frames.float().mean():.1f}, std {frames.float().std():.1f}, "
          f"{edge:.1%} at 0 or 255")  # fmt: skip


def check_notebook(settings):
    """The notebook leaves these arguments out: what the case says of them must be what diffusers takes."""
    arguments = inspect.signature(StableVideoDiffusionPipeline.__call__).parameters
    for setting, argument in dict(minGuidanceScale="min_guidance_scale", maxGuidanceScale="max_guidance_scale", fps="fps",
                                  motionBucketId="motion_bucket_id", noiseAugStrength="noise_aug_strength").items():  # fmt: skip
        assert settings[setting] == arguments[argument].default, argument


def make_pipeline(folder, sampler):
    networks = load_networks(folder)
    pipe = StableVideoDiffusionPipeline(feature_extractor=CLIPImageProcessorPil.from_pretrained(folder / "feature_extractor"), **networks)
    if sampler == "euler-ancestral-discrete":
        pipe.scheduler = EulerAncestralDiscreteScheduler.from_config(pipe.scheduler.config)
    pipe.set_progress_bar_config(disable=True)
    return pipe


NOTES = dict(
    precision="float32 arithmetic on the weights as stored",
    layouts=dict(
        picture="uint8 [h, w, 3], already of the model's size: no resize happens",
        image_embeddings="[1, 1, d], conditional half",
        image_latents="[1, 4, h/s, w/s], conditional half, of the noise-augmented picture, not scaled",
        initial_latents="[1, f, 4, h/s, w/s], times init_noise_sigma",
        latents="<case>/latents/<step>: [1, f, 4, h/s, w/s] after that step, first and last",
        unet="<case>/unet/0: the first call's sample [b, f, 8, h/s, w/s] and output; b = 2 (unconditional, conditional) with guidance",
        frames="uint8 [f, h, w, 3]: round(255 * clamp(x / 2 + 0.5, 0, 1))",
    ),
)

if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    check_notebook(CASES["notebook"])
    for case, settings in CASES.items():
        recorder = Recorder()
        pipe = make_pipeline(MODELS / settings["model"], settings["sampler"])
        run_case(pipe, case, settings, picture(settings["width"], settings["height"]), recorder)
        recorder.write(GOLDEN / "pipeline" / f"{case}.safetensors", dict(NOTES, cases={case: settings}))
