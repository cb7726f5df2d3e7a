"""Writes test/golden/pipeline/demo: the shipped model on the rocket picture, by diffusers in float32.

`python reference/demo_goldens.py`
"""

import numpy as np
import torch
from PIL import Image

from common import GOLDEN, ROOT, Recorder
from pipeline_goldens import NOTES, make_pipeline, run_case

SETTINGS = dict(
    model="models/demo", width=64, height=48, numFrames=4, numInferenceSteps=3, minGuidanceScale=1.0,
    maxGuidanceScale=1.0, fps=7, motionBucketId=127, noiseAugStrength=0.02, decodeChunkSize=4, seed=7,
    sampler="euler", schedule="karras",
)  # fmt: skip

if __name__ == "__main__":
    torch.set_num_threads(2)
    torch.set_grad_enabled(False)
    photo = Image.open(ROOT / "assets" / "rocket.jpg").convert("RGB")
    width, height = SETTINGS["width"], SETTINGS["height"]
    seen = photo.width * height // width
    top = (photo.height - seen) // 2
    picture = photo.crop((0, top, photo.width, top + seen)).resize((width, height), Image.Resampling.LANCZOS)
    recorder = Recorder()
    run_case(make_pipeline(ROOT / SETTINGS["model"], "euler"), "demo", SETTINGS, np.asarray(picture).copy(), recorder)
    recorder.tensors = {name: recorder.tensors[name] for name in ("demo/picture", "demo/frames")}
    notes = dict(NOTES, cases={"demo": SETTINGS})
    recorder.write(GOLDEN / "pipeline" / "demo.safetensors", notes)
