"""SVD's networks as diffusers and transformers run them eagerly: what they compute, and how long it takes.

`python reference/time_networks.py PLAN`, where PLAN is a JSON file {"model": FOLDER, "device": "cuda" | "cpu",
"dtype": "float16" | "float32", "calls": [{"name", "network", "inputs", "outputs"?, "calls"}]}. Inputs and outputs are
.safetensors files with Kinora's names and layouts: frames one after another, [frames, channels, height, width]. The first call
of each is not counted. Prints one line of JSON for each: {"name", "seconds", "peakBytes"} or {"name", "error"}.
bench/gpu/sections/diffusers.ts calls this.
"""

import json
import sys
import time
from pathlib import Path

import torch
from diffusers import AutoencoderKLTemporalDecoder, UNetSpatioTemporalConditionModel
from safetensors.torch import load_file, save_file
from transformers import CLIPVisionModelWithProjection


def load(folder, network, dtype):
    """A network as a function of the inputs' tensors."""
    if network == "unet":
        unet = UNetSpatioTemporalConditionModel.from_pretrained(folder / "unet", variant="fp16", torch_dtype=dtype)

        def call(sample, timestep, encoder_hidden_states, added_time_ids):
            clips = sample.reshape(encoder_hidden_states.shape[0], -1, *sample.shape[1:])
            made = unet(clips, timestep[0], encoder_hidden_states, added_time_ids, return_dict=False)[0]
            return made.flatten(0, 1)

        return unet, call
    if network == "image-encoder":
        encoder = CLIPVisionModelWithProjection.from_pretrained(folder / "image_encoder", variant="fp16", dtype=dtype)
        return encoder, lambda pixel_values: encoder(pixel_values).image_embeds
    vae = AutoencoderKLTemporalDecoder.from_pretrained(folder / "vae", variant="fp16", torch_dtype=dtype)
    if network == "vae-decoder":
        return vae, lambda z: vae.decode(z, num_frames=z.shape[0], return_dict=False)[0]
    # As StableVideoDiffusionPipeline does where the VAE says force_upcast.
    vae = vae.float()
    return vae, lambda sample: vae.encode(sample.float()).latent_dist.mode()


def run(call, inputs, times, device):
    seconds = []
    for _ in range(times + 1):
        started = time.perf_counter()
        made = call(**inputs)
        if device == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    return made, seconds[1:]


def main():
    plan = json.loads(Path(sys.argv[1]).read_text())
    device, dtype = plan["device"], getattr(torch, plan["dtype"])
    loaded = None
    for task in plan["calls"]:
        answer = {"name": task["name"]}
        try:
            if loaded is None or loaded[0] != task["network"]:
                loaded = None
                module, call = load(Path(plan["model"]), task["network"], dtype)
                module.eval().to(device)
                loaded = (task["network"], call)
            # Timesteps stay in float32, as the pipeline gives them.
            inputs = {
                name: value.to(device, torch.float32 if name == "timestep" else dtype)
                for name, value in load_file(task["inputs"]).items()
            }
            if device == "cuda":
                torch.cuda.empty_cache()
                torch.cuda.reset_peak_memory_stats()
            with torch.no_grad():
                made, seconds = run(loaded[1], inputs, task["calls"], device)
            if task.get("outputs"):
                Path(task["outputs"]).parent.mkdir(parents=True, exist_ok=True)
                save_file({"out": made.float().flatten().contiguous().cpu()}, task["outputs"])
            answer["seconds"] = seconds
            if device == "cuda":
                answer["peakBytes"] = torch.cuda.max_memory_allocated()
            del made, inputs
        except Exception as error:  # one call that fails, for want of memory say, must not take the others along
            answer["error"] = f"{type(error).__name__}: {error}"[:500]
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
