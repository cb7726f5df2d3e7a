"""Writes test/golden/knobs: frames of tiny-a with seeds, motion and frame counts beyond the usual: `python reference/knob_goldens.py`."""

import torch

from common import GOLDEN, MODELS, Recorder
from folder_goldens import MODEL, SETTINGS, load, render
from pipeline_goldens import picture

# Seeds are text: JSON's numbers end at 2^53 for many readers.
CASES = {
    "seed -1": dict(seed="-1"),
    "seed of ComfyUI": dict(seed="156680208700286"),
    "largest seed": dict(seed=str(2**64 - 1)),
    "smallest seed": dict(seed=str(-(2**63))),
    "seed of 33 bits": dict(seed=str(2**32 + 5)),
    "motion 1023": dict(motionBucketId=1023),
    "motion 0": dict(motionBucketId=0),
    # tiny-a was made for 3.
    "seven frames": dict(numFrames=7, decodeChunkSize=7),
}

if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    recorder = Recorder()
    pixels = picture(SETTINGS["width"], SETTINGS["height"])
    recorder.add("picture", torch.from_numpy(pixels))
    pipe = load(MODELS / MODEL)
    for case, changes in CASES.items():
        settings = dict(SETTINGS, **changes)
        recorder.add(f"{case}/frames", render(pipe, pixels, dict(settings, seed=int(settings["seed"]))))
    notes = dict(precision="float32 arithmetic on the weights as stored", model=MODEL, settings=SETTINGS, cases=CASES)
    recorder.write(GOLDEN / "knobs.safetensors", notes)
