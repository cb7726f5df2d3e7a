"""Writes test/golden/two-pictures: clips from a first to a last picture (ViBiDSampler, Yang et al. 2024, arXiv 2410.05651) by
diffusers' modules in float32 on the tiny checkpoints.

`python reference/two_pictures_goldens.py`
"""

import numpy as np
import torch
from PIL import Image

from common import GOLDEN, MODELS, Recorder
from pipeline_goldens import AYS, make_pipeline, picture

# Names as in Kinora's ImageToVideoSettings; `end` says which picture the clip ends with.
CASES = {
    "guidance": dict(
        end="other", model="tiny-a", width=24, height=16, numFrames=3, numInferenceSteps=4, minGuidanceScale=1.0,
        maxGuidanceScale=3.0, fps=7, motionBucketId=127, noiseAugStrength=0.02, decodeChunkSize=2, seed=7,
        sampler="euler", schedule="karras",
    ),
    "no-guidance": dict(
        end="other", model="tiny-b", width=32, height=48, numFrames=5, numInferenceSteps=4, minGuidanceScale=1.0,
        maxGuidanceScale=1.0, fps=12, motionBucketId=40, noiseAugStrength=0.1, decodeChunkSize=5, seed=4294967295,
        sampler="euler", schedule="karras",
    ),
    "seamless": dict(
        end="same", model="tiny-b", width=64, height=16, numFrames=4, numInferenceSteps=4, minGuidanceScale=1.5,
        maxGuidanceScale=2.5, fps=24, motionBucketId=200, noiseAugStrength=0.02, decodeChunkSize=3, seed=123456789,
        sampler="euler", schedule="karras",
    ),
    "ays": dict(
        end="other", model="tiny-a", width=16, height=24, numFrames=2, numInferenceSteps=10, minGuidanceScale=2.0,
        maxGuidanceScale=1.2, fps=3, motionBucketId=255, noiseAugStrength=0.4, decodeChunkSize=1, seed=0,
        sampler="euler", schedule="ays",
    ),
}  # fmt: skip


def other_picture(width, height):
    """Rings and stripes, made from integers alone."""
    y, x = np.mgrid[0:height, 0:width]
    red = ((x - width // 2) ** 2 + (y - height // 3) ** 2) // 5 % 256
    green = (x * 3 + y * 5) % 256
    blue = 255 - y * 255 // (height - 1)
    return np.stack([red, green, blue], axis=-1).astype(np.uint8)


def condition_of(pipe, pixels, settings, generator):
    """CLIP's embedding, the latents of the picture with noise, and those without, scaled."""
    image = Image.fromarray(pixels)
    embeds = pipe._encode_image(image, "cpu", 1, False)
    sample = pipe.video_processor.preprocess(image, height=settings["height"], width=settings["width"])
    noise = torch.randn(sample.shape, generator=generator)
    noisy = pipe._encode_vae_image(sample + settings["noiseAugStrength"] * noise, "cpu", 1, False)
    clean = pipe._encode_vae_image(sample, "cpu", 1, False) * pipe.vae.config.scaling_factor
    return dict(embeds=embeds, latents=noisy, clean=clean)


def run_case(pipe, case, settings, pictures, recorder):
    generator = torch.manual_seed(settings["seed"])
    frames = settings["numFrames"]
    start, end = [condition_of(pipe, pixels, settings, generator) for pixels in pictures]
    scheduler = pipe.scheduler
    if settings["schedule"] == "ays":
        scheduler.set_timesteps(sigmas=AYS)
    else:
        scheduler.set_timesteps(settings["numInferenceSteps"])
    sigmas, timesteps = scheduler.sigmas, scheduler.timesteps
    shape = (1, frames, *start["latents"].shape[1:])
    x = torch.randn(shape, generator=generator) * scheduler.init_noise_sigma
    scales = torch.linspace(settings["minGuidanceScale"], settings["maxGuidanceScale"], frames).view(1, -1, 1, 1, 1)
    ids = torch.tensor([[settings["fps"] - 1, settings["motionBucketId"], settings["noiseAugStrength"]]] * 2)

    def half(x, step, condition, last):
        """One half of a step: guided, its last frame replaced, and noised again along the unconditional estimate."""
        sigma, following = sigmas[step], sigmas[step + 1]
        latents = condition["latents"].unsqueeze(1).repeat(1, frames, 1, 1, 1)
        scaled = x / (sigma**2 + 1) ** 0.5
        sample = torch.cat([torch.cat([scaled, picture], dim=2) for picture in (torch.zeros_like(latents), latents)])
        embeds = torch.cat([torch.zeros_like(condition["embeds"]), condition["embeds"]])
        output = pipe.unet(sample, timesteps[step], encoder_hidden_states=embeds, added_time_ids=ids).sample
        assert scheduler.config.prediction_type == "v_prediction"
        clean = output * (-sigma / (sigma**2 + 1) ** 0.5) + torch.cat([x, x]) / (sigma**2 + 1)
        unconditional, conditional = clean.chunk(2)
        guided = unconditional + scales * (conditional - unconditional)
        guided[:, -1] = last
        return guided + following * (x - unconditional) / sigma

    steps = len(timesteps)
    for step in range(steps):
        x = half(x, step, start, end["clean"])
        again = (sigmas[step] ** 2 - sigmas[step + 1] ** 2) ** 0.5
        x = x + again * torch.randn(shape, generator=generator)
        x = half(x.flip(1), step, end, start["clean"]).flip(1)
        if step in (0, steps - 1):
            recorder.add(f"{case}/latents/{step}", x)
    decoded = pipe.decode_latents(x, frames, settings["decodeChunkSize"])
    out = pipe.video_processor.postprocess_video(video=decoded, output_type="np")[0]
    out = torch.from_numpy((out * 255).round().astype(np.uint8))
    for name, pixels in zip(("start", "end"), pictures):
        recorder.add(f"{case}/{name}", torch.from_numpy(pixels))
    recorder.add(f"{case}/clean/start", start["clean"])
    recorder.add(f"{case}/clean/end", end["clean"])
    recorder.add(f"{case}/frames", out)
    edge = ((out == 0) | (out == 255)).float().mean().item()
    print(f"{case}: frames {list(out.shape)}, mean {out.float().mean():.1f}, std {out.float().std():.1f}, {edge:.1%} at 0 or 255")


NOTES = dict(
    precision="float32 arithmetic on the weights as stored",
    layouts=dict(
        start="uint8 [h, w, 3], the first picture, already of the model's size", end="the last one, alike",
        clean="<case>/clean/start and /end: [1, 4, h/s, w/s], the encoder's mode without noise, scaled",
        latents="<case>/latents/<step>: [1, f, 4, h/s, w/s] after that step, first and last",
        frames="uint8 [f, h, w, 3]: round(255 * clamp(x / 2 + 0.5, 0, 1))",
    ),
)  # fmt: skip

if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    recorder = Recorder()
    for case, settings in CASES.items():
        pipe = make_pipeline(MODELS / settings["model"], settings["sampler"])
        first = picture(settings["width"], settings["height"])
        last = first if settings["end"] == "same" else other_picture(settings["width"], settings["height"])
        run_case(pipe, case, settings, (first, last), recorder)
    recorder.write(GOLDEN / "two-pictures.safetensors", dict(NOTES, cases=CASES))
