"""One network, or a whole clip, on diffusers eager (PyTorch's CPU kernels), in float32; a network with `bfloat16` in that.

`python bench/side/diffusers_side.py '{"modelDir": …, "network": … | "pipeline", "inputs": FILE, "runs": N, "threads": N}'`
prints one line of JSON; `outputs` names a file for what was computed.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from networks import NETWORKS, seconds_since_start, timed_runs


def run_network(task, inputs):
    module = NETWORKS[task["network"]](task["modelDir"])
    if task.get("bfloat16"):
        module = module.to(torch.bfloat16)
        inputs = {name: value.to(torch.bfloat16) for name, value in inputs.items()}
    ready = seconds_since_start()
    made, seconds = timed_runs(lambda: module(**inputs), task["runs"])
    return {"out": made} if made is not None else {}, {"readySeconds": ready, "seconds": seconds}


def run_pipeline(task, inputs):
    from diffusers import StableVideoDiffusionPipeline
    from PIL import Image
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    folder = Path(task["modelDir"])
    processor = CLIPImageProcessorPil.from_pretrained(folder / "feature_extractor")
    pipe = StableVideoDiffusionPipeline.from_pretrained(folder, feature_extractor=processor, torch_dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    times = {"readySeconds": seconds_since_start()}
    picture = inputs["picture"].numpy().astype(np.uint8)
    steps = []

    def after_step(_pipe, _step, _timestep, values):
        steps.append(time.perf_counter())
        return values

    started = time.perf_counter()
    latents = pipe(
        Image.fromarray(picture),
        height=picture.shape[0],
        width=picture.shape[1],
        num_frames=task["frames"],
        num_inference_steps=task["steps"],
        generator=torch.manual_seed(task["seed"]),
        callback_on_step_end=after_step,
        output_type="latent",
    ).frames
    denoised = time.perf_counter()
    # The pipeline's own decoding, before frames are rounded to 8 bits: [1, c, f, h, w].
    samples = pipe.decode_latents(latents, task["frames"], task["decodeChunk"])
    done = time.perf_counter()
    times |= {"firstStepSeconds": steps[0] - started, "denoiseSeconds": denoised - started}
    times |= {"decodeSeconds": done - denoised, "seconds": [done - started]}
    return {"latents": latents[0], "out": samples[0].transpose(0, 1)}, times


def main():
    task = json.loads(sys.argv[1])
    torch.set_num_threads(task["threads"])
    inputs = load_file(task["inputs"])
    with torch.no_grad():
        made, times = (run_pipeline if task["network"] == "pipeline" else run_network)(task, inputs)
    if task.get("outputs"):
        save_file({name: value.float().contiguous() for name, value in made.items()}, task["outputs"])
    print(json.dumps(times))


if __name__ == "__main__":
    main()
