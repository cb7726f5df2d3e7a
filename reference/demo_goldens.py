"""Writes test/golden/pipeline/demo: the shipped model on the rocket picture, by diffusers in float32.

`python reference/demo_goldens.py`
"""

import numpy as np
import torch
from PIL import Image

from common import GOLDEN, ROOT, Recorder
from pipeline_goldens import NOTES, make_pipeline, run_case

SETTINGS = dict(
    model="models/demo", width=128, height=80, numFrames=14, numInferenceSteps=4, minGuidanceScale=1.0,
    maxGuidanceScale=1.0, fps=7, motionBucketId=127, noiseAugStrength=0.02, decodeChunkSize=14, seed=7,
    sampler="euler", schedule="karras",
)  # fmt: skip

# Half the width and six frames of fourteen keep the file small.
KEPT = [0, 1, 4, 7, 10, 13]

if __name__ == "__main__":
    torch.set_num_threads(2)
    torch.set_grad_enabled(False)
    photo = Image.open(ROOT / "assets" / "rocket.jpg").convert("RGB")
    height = photo.width * 80 // 128
    top = (photo.height - height) // 2
    picture = photo.crop((0, top, photo.width, top + height)).resize((128, 80), Image.Resampling.LANCZOS)
    recorder = Recorder()
    run_case(make_pipeline(ROOT / SETTINGS["model"], "euler"), "demo", SETTINGS, np.asarray(picture).copy(), recorder)
    frames = recorder.tensors["demo/frames"]
    recorder.tensors = {"demo/picture": recorder.tensors["demo/picture"], "demo/frames": frames[KEPT].clone()}
    notes = dict(NOTES, cases={"demo": dict(SETTINGS, keptFrames=KEPT)})
    recorder.write(GOLDEN / "pipeline" / "demo.safetensors", notes)
