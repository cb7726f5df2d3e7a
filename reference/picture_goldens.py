"""Writes test/golden/pictures: diffusers' frames for pictures that are not of the clip's size, and for files of many kinds.

Run: python reference/picture_goldens.py
"""

import numpy as np
import torch
from PIL import Image

import pipeline_goldens
from animate_lcm import AnimateLcm
from common import GOLDEN, MODELS, Recorder
from pictures import drawing
from pipeline_goldens import make_pipeline
from write_clip_preprocess import pad_single
from write_schedulers import align_your_steps

FOLDER = GOLDEN / "pictures"

# Small and short: what is shown is the way of the picture into the networks.
SETTINGS = dict(
    width=24, height=16, numFrames=2, numInferenceSteps=2, minGuidanceScale=1.0, maxGuidanceScale=3.0, fps=7,
    motionBucketId=127, noiseAugStrength=0.02, decodeChunkSize=2, seed=11, sampler="euler", schedule="model",
)  # fmt: skip

# Drawn by the rule of `drawing`: width, height, how it takes the clip's shape.
DRAWN = {
    "larger": (480, 320, "stretch"),
    "smaller": (20, 14, "stretch"),
    "of the clip's size": (24, 16, "stretch"),
    "wider": (300, 40, "stretch"),
    "taller": (40, 300, "stretch"),
    "odd": (77, 53, "stretch"),
    "two pixels": (2, 1, "stretch"),
    "one pixel": (1, 1, "stretch"),
    "one row": (200, 1, "stretch"),
    "wider, cropped": (300, 77, "crop"),
    "taller, cropped": (53, 200, "crop"),
    "wider, padded": (301, 100, "pad"),
    "taller, padded": (53, 200, "pad"),
    "one column, padded": (1, 200, "pad"),
}

# The notebook's is in pipeline_goldens.py.
PRESETS = {
    "quality": dict(numInferenceSteps=25, schedule="karras"),
    "fast": dict(numInferenceSteps=10, schedule="ays"),
    "draft": dict(numInferenceSteps=6, schedule="ays"),
    "animate-lcm": dict(numInferenceSteps=4, maxGuidanceScale=1.0, sampler="animate-lcm", schedule="model"),
}


class LcmScheduler(AnimateLcm):
    """The sampler of animate_lcm.py behind the interface that the pipeline expects."""

    order, config = 1, {}

    def __init__(self):
        super().__init__(1)

    def set_timesteps(self, steps, device=None):
        super().__init__(steps)

    def scale_model_input(self, sample, timestep):
        return super().scale_model_input(sample, timestep).to(sample.dtype)

    def step(self, output, timestep, sample):
        return super().step(output, timestep, sample, torch.default_generator)


def centre_box(fit, size, clip):
    """Of the original, in whole pixels: the centre that has the clip's shape, or the canvas of that shape around it."""
    (width, height), (to_width, to_height) = size, clip
    by_width = max(1, int(np.floor(width * to_height / to_width + 0.5)))
    by_height = max(1, int(np.floor(height * to_width / to_height + 0.5)))
    is_wide = width * to_height > height * to_width
    if fit == "crop":
        inner = (by_height, height) if is_wide else (width, by_width)
        left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    else:
        inner = (width, by_width) if is_wide else (by_height, height)
        left, top = -((inner[0] - width) // 2), -((inner[1] - height) // 2)
    return (left, top, left + inner[0], top + inner[1])


def write_files():
    """Files of kinds that PIL opens in other modes than RGB; what diffusers is given is the second of each pair."""
    FOLDER.mkdir(exist_ok=True)
    rgb = Image.fromarray(drawing(90, 70))
    ramp = np.tile(np.arange(90, dtype=np.uint32) * 255 // 89, (70, 1)).astype(np.uint8)
    alpha = Image.fromarray(np.dstack([drawing(90, 70), ramp]))
    on_white = Image.new("RGBA", alpha.size, "white")
    on_white.alpha_composite(alpha)
    files = {
        "grey.png": (rgb.convert("L"), None),
        "grey-alpha.png": (Image.merge("LA", [rgb.convert("L"), Image.fromarray(255 * (ramp > 128).astype(np.uint8))]), None),
        "alpha.png": (alpha, on_white.convert("RGB")),
        "palette.png": (rgb.quantize(64, dither=Image.Dither.NONE), None),
        "palette.gif": (rgb.quantize(200, dither=Image.Dither.NONE), None),
        "one-bit.png": (rgb.convert("1"), None),
        "photo.jpg": (rgb, "decoded"),
        "turned.jpg": (rgb, "decoded"),
        "lossless.webp": (rgb, None),
    }
    given = {}
    for name, (image, seen) in files.items():
        options = dict(quality=90, exif=b"") if name.endswith("jpg") else dict(lossless=True) if name.endswith("webp") else {}
        if name == "turned.jpg":
            exif = Image.Exif()
            exif[0x0112] = 6
            options["exif"] = exif
        image.save(FOLDER / name, **options)
        if name == "grey-alpha.png":
            white = Image.new("RGBA", image.size, "white")
            white.alpha_composite(image.convert("RGBA"))
            seen = white.convert("RGB")
        given[name] = seen if isinstance(seen, Image.Image) else load_image(FOLDER / name)
    return given


def load_image(path):
    """diffusers.utils.load_image."""
    from diffusers.utils import load_image

    return load_image(str(path))


def run(image, settings):
    pipe = make_pipeline(MODELS / "tiny-a", settings["sampler"])
    if settings["sampler"] == "animate-lcm":
        pipe.scheduler = LcmScheduler()
    sigmas = align_your_steps(settings["numInferenceSteps"]) if settings["schedule"] == "ays" else None
    frames = pipe(
        image,
        width=settings["width"],
        height=settings["height"],
        num_frames=settings["numFrames"],
        num_inference_steps=None if sigmas else settings["numInferenceSteps"],
        sigmas=sigmas,
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


def main():
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    torch.nn.functional.pad = pad_single
    recorder = Recorder()
    cases = {}

    def record(name, image, changes=None, **how):
        settings = dict(SETTINGS, **(changes or {}))
        recorder.add(name, run(image, settings))
        cases[name] = dict(how, settings=settings)
        frames = recorder.tensors.get(name, torch.zeros(1))
        print(f"{name}: mean {frames.float().mean():.1f}, std {frames.float().std():.1f}")

    for name, (width, height, fit) in DRAWN.items():
        image = Image.fromarray(drawing(width, height))
        if fit != "stretch":
            image = image.crop(centre_box(fit, image.size, (SETTINGS["width"], SETTINGS["height"])))
        record(name, image, drawn=[width, height], fit=fit)
    for name, image in write_files().items():
        record(name, image, file=name, fit="stretch")
    # A picture has become the networks' inputs before the first step: one for each preset, larger and smaller in turns.
    for at, (preset, changes) in enumerate(PRESETS.items()):
        name = ("larger", "smaller")[at % 2]
        width, height, fit = DRAWN[name]
        record(f"{preset}, {name}", Image.fromarray(drawing(width, height)), changes, drawn=[width, height], fit=fit, preset=preset)
    notes = dict(precision=pipeline_goldens.NOTES["precision"], model="tiny-a", cases=cases)
    recorder.write(FOLDER / "frames.safetensors", notes)


if __name__ == "__main__":
    main()
